import type { ClientFacts, OwnToken, SeenClient } from '../client-facts.ts'
import { type Finding, ok, skipped, unneeded, wrong } from '../finding.ts'
import { mappedAudiences } from '../mapped-audiences.ts'

const LIGHTWEIGHT = 'client.use.lightweight.access.token.enabled'

/** For whom its access tokens are: by one of its own, else by its mappers. */
export async function checkAudience(facts: ClientFacts): Promise<Finding> {
  const { audiences } = facts.client
  if (audiences.length === 0) return unneeded('the file asks for no audience')
  const own = await facts.token()
  if (own.kind === 'token') return judgeToken(facts, own)
  const mapped = await mappedAudiences(facts)
  if (mapped === undefined) return skipped('it has no token of its own, and its mappers are not seen')
  const missing = audiences.filter((audience) => !mapped.includes(audience))
  if (missing.length > 0) return missingAudience(facts, missing, { mapped })
  return ok(`by its mappers: ${audiences.join(', ')}`)
}

async function judgeToken(facts: ClientFacts, { token, claims }: OwnToken & { readonly kind: 'token' }) {
  const { audiences, clientId } = facts.client
  if (claims === undefined) return skipped('its tokens are no JWT')
  const missing = audiences.filter((audience) => !claims.audiences.includes(audience))
  if (missing.length > 0) return missingAudience(facts, missing, { aud: claims.audiences })
  if (!audiences.includes(clientId)) return ok(audiences.join(', '))
  const answer = await facts.send({ token }, '/introspect')
  if (answer.kind === 'answered' && answer.body.active === true)
    return ok(`${audiences.join(', ')}; introspection works`)
  const cause = `Keycloak calls a token that ${clientId} was given a moment ago inactive`
  const remedy = `introspection answers those alone that are in aud: add an audience mapper for ${clientId}`
  return wrong('token-inactive', cause, remedy, { clientId, aud: claims.audiences })
}

async function missingAudience(
  facts: ClientFacts,
  missing: readonly string[],
  seenIn: Readonly<Record<string, readonly string[]>>,
): Promise<Finding> {
  const { clientId } = facts.client
  const evidence = { clientId, missing, ...seenIn }
  const seen = await facts.look()
  if (seen.kind === 'seen' && isLightweight(seen.client)) {
    const cause = `tokens of ${clientId} are lightweight: they have neither aud nor roles`
    return wrong('audience-missing', cause, 'switch off "Always use lightweight access token"', {
      ...evidence,
      field: `attributes.${LIGHTWEIGHT}`,
    })
  }
  const mapped = (await mappedAudiences(facts)) ?? []
  const own = missing.filter((audience) => mapped.includes(audience))
  if (own.length > 0) {
    const cause = `tokens of ${clientId} are not for ${own.join(', ')} although a mapper is there: such a client is disabled or gone`
    return wrong('audience-missing', cause, 'make or enable that client, or run doorman apply', evidence)
  }
  const cause = `tokens of ${clientId} are not for ${missing.join(', ')}: services refuse them, and introspection says active: false`
  const remedy = `add an audience mapper for ${missing.join(', ')} to ${clientId} ("Client scopes", its dedicated scope), or run doorman apply`
  return wrong('audience-missing', cause, remedy, evidence)
}

function isLightweight({ attributes }: SeenClient): boolean {
  return attributes[LIGHTWEIGHT] === 'true'
}
