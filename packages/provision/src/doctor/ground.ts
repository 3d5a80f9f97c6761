// What is examined: consumers and what each of them needs, as data.
import type { AdminCredential, RealmAdmin } from '../keycloak/realm-admin.ts'

export interface DoctorGround {
  readonly realms: readonly DoctorRealm[]
  readonly services: readonly DoctorService[]
}

export interface DoctorRealm {
  /** The local name in the file. */
  readonly name: string
  /** As the file has it. */
  readonly issuer: string
  /** The issuer as it is reached from here. */
  readonly address: string
  /** CA bundles that are believed beside Node's own. */
  readonly authorities: readonly string[]
  /** What is wrong with one of those; null: nothing. */
  readonly authoritiesProblem: string | null
  /** Limit of each call. */
  readonly timeoutSeconds: number
  readonly clients: readonly DoctorClient[]
}

export interface DoctorClient {
  readonly clientId: string
  /** Where in the file it is asked for, such as `realms.main` or `clients.mlflow`. */
  readonly because: string
  readonly proof: ClientProof
  readonly login: DoctorLogin | null
  /** It asks for tokens of its own. */
  readonly hasServiceAccount: boolean
  /** What `aud` of its access tokens must hold. */
  readonly audiences: readonly string[]
  /** Roles of its service account; null: not looked at. */
  readonly roles: DoctorRoles | null
  readonly exchanges: readonly DoctorExchange[]
  readonly backchannelLogout: DoctorBackchannel | null
  readonly clockSkewSeconds: number
}

/** How a client proves who it is, as far as it is known here. */
export type ClientProof =
  | { readonly kind: 'credential'; readonly credential: ClientCredential; readonly from: string }
  | { readonly kind: 'public' }
  /** `isSecret`: a secret would prove it. */
  | { readonly kind: 'unknown'; readonly isSecret: boolean; readonly because: string }

export type ClientCredential = AdminCredential & { readonly kind: 'secret' | 'privateKey' }

export interface DoctorLogin {
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly scopes: readonly string[]
}

export interface DoctorRoles {
  readonly realmRoles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
}

export interface DoctorExchange {
  readonly audience: string
  readonly scopes: readonly string[]
  /** Where the file asks for it, such as `services.billing.credential`. */
  readonly because: string
}

export interface DoctorBackchannel {
  readonly url: string
  /** The gateway answers there, and we know how. */
  readonly isGateway: boolean
}

export interface DoctorService {
  readonly name: string
  /** Requests that routes let nobody make without a login; harmless ones. */
  readonly calls: readonly { readonly url: string; readonly place: string }[]
  readonly timeoutSeconds: number
}

export interface DoctorTools {
  readonly nowSeconds: () => number
  /** All addresses of a host; rejects as Node's own does. */
  readonly lookup: (host: string) => Promise<readonly string[]>
  /** Null: the file has no credential for that realm, by its local name. */
  readonly openAdmin: (realm: string) => RealmAdmin | null
}
