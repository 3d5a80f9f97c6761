// The sections of doorman.yaml that are not the gateway's: read by the same reader, with the same messages.
import {
  type Absence,
  type ConfigReading,
  type Finding,
  type FurtherSections,
  GATEWAY_SECRETS,
  type ReadOptions,
} from '@doorman/gateway'
import { clientsSection, findSectionContradictions, provisionSection } from '@doorman/provision/sections'

const schemas = { provision: provisionSection, clients: clientsSection }

export const SECTIONS: FurtherSections<typeof schemas> = {
  schemas,
  findContradictions: (written, realms) =>
    findSectionContradictions(written, realms).map((finding): Finding => ({ kind: 'contradiction', ...finding })),
}

type SectionOptions = ReadOptions<typeof schemas>

export type SectionReading = Extract<ConfigReading<typeof schemas>, { readonly kind: 'valid' }>

const PROVISION_SECRETS: readonly Absence[] = [
  {
    path: ['provision', 'realms', '*', 'credential', 'clientAuth'],
    instead: () => ({ secret: 'not-there-yet' }),
  },
]

/** For the gateway: what it runs on must be there. What only the provisioner has need not. */
export const FOR_GATEWAY: SectionOptions = {
  sections: SECTIONS,
  mayBeAbsent: [...PROVISION_SECRETS, { path: ['provision'] }, { path: ['clients'] }],
}

/** For the provisioner: it makes the secrets of the gateway, and cannot be asked for them first. */
export const FOR_PROVISION: SectionOptions = { sections: SECTIONS, mayBeAbsent: GATEWAY_SECRETS }

/** For whoever makes the provisioner's credential as well. */
export const FOR_BOOTSTRAP: SectionOptions = {
  sections: SECTIONS,
  mayBeAbsent: [...GATEWAY_SECRETS, ...PROVISION_SECRETS],
}
