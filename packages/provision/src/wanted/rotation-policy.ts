// The client policy by which a rotated secret stays valid beside the new one, for the clients of one owner alone: those of
// others in the realm keep rotating as before.
import { type Json, OWNER_ATTRIBUTE } from './wanted.ts'

type Part = Readonly<Record<string, Json | undefined>>

/** Servers that can let secrets overlap have it. */
export const ROTATION_EXECUTOR = 'secret-rotation'
/** Ten years: Keycloak must not rotate by itself when a client is written, because nobody would deliver that secret. */
const EXPIRATION_SECONDS = 10 * 365 * 24 * 60 * 60

/** Of the profile and of the policy. */
export function rotationName(owner: string): string {
  return `doorman-secret-rotation of ${owner}`
}

export function buildRotationProfile(owner: string, overlapSeconds: number): Part {
  const configuration = {
    'expiration-period': EXPIRATION_SECONDS,
    'rotated-expiration-period': overlapSeconds,
    'remaining-rotation-period': 0,
  }
  return { name: rotationName(owner), executors: [{ executor: ROTATION_EXECUTOR, configuration }] }
}

export function buildRotationPolicy(owner: string): Part {
  const attributes = JSON.stringify([{ key: OWNER_ATTRIBUTE, value: owner }])
  return {
    name: rotationName(owner),
    enabled: true,
    conditions: [
      { condition: 'client-access-type', configuration: { type: ['confidential'] } },
      { condition: 'client-attributes', configuration: { attributes } },
    ],
    profiles: [rotationName(owner)],
  }
}

/** What GET of profiles and policies answers, read: null unless our policy is there, enabled, with our profile. */
export function readOverlapSeconds(owner: string, profiles: Part, policies: Part): number | null {
  const policy = named(policies.policies, owner)
  if (policy?.enabled !== true || !Array.isArray(policy.profiles)) return null
  if (!policy.profiles.includes(rotationName(owner))) return null
  const executors = named(profiles.profiles, owner)?.executors
  const executor = partsOf(executors).find((part) => part.executor === ROTATION_EXECUTOR)
  const seconds = Number(toPart(executor?.configuration)['rotated-expiration-period'] ?? Number.NaN)
  return Number.isInteger(seconds) ? seconds : null
}

function named(list: Json | undefined, owner: string): Part | undefined {
  return partsOf(list).find(({ name }) => name === rotationName(owner))
}

function partsOf(value: Json | undefined): readonly Part[] {
  return Array.isArray(value) ? value.map(toPart) : []
}

function toPart(value: Json | undefined): Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Part) : {}
}
