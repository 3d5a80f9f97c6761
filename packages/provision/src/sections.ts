// `@doorman/provision/sections`: what reads the one file, without what talks to Keycloak and to clusters.
export { findSectionContradictions } from './wanted/contradictions.ts'
export type { RealmNames, SectionFinding } from './wanted/finding.ts'
export { clientsSection, type ParsedClients } from './wanted/schema-clients.ts'
export { type ParsedProvision, provisionSection } from './wanted/schema-provision.ts'
