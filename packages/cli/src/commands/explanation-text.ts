// An explanation for people. Values come from tokens: nothing in them may move the cursor or change the direction of
// the text around it.
import type { CredentialFinding, Explanation, LimitFinding, RouteFinding, Verdict } from '@doorman/gateway'
import { formatTable } from '../table.ts'

export function formatExplanation(explanation: Explanation): readonly string[] {
  const { method, path, route, rules, credential, headers, notes, decision } = explanation
  const table = rules.map(({ rule, wants, saw, holds }) => [rule, show(wants), show(saw), holds ? 'yes' : 'NO'])
  const lines = [
    `${method} ${path}`,
    ...facts(explanation),
    ...(table.length === 0 ? [] : ['', ...formatTable(['rule', 'wants', 'saw', 'holds'], table)]),
    ...(credential === null || route.kind !== 'route' ? [] : ['', ...describeCredential(credential)]),
    ...(headers === null ? [] : ['', ...describeHeaders(headers)]),
    '',
    ...notes.map((note) => `note: ${note}`),
    describeVerdict(decision),
  ]
  return lines.map(clean)
}

function facts({ route, caller, tenant, limits }: Explanation): readonly string[] {
  const who =
    caller.kind === 'anonymous' ? 'nobody' : `${show(caller.subject)} of realm ${caller.realm}, by ${caller.kind}`
  const tenants = tenant.kind === 'ambiguous' ? `one of ${show(tenant.tenants)} must be named` : tenant.kind
  const rows = [
    ['route', describeRoute(route)],
    ['caller', who],
    ...(route.kind === 'route' ? [['tenant', tenant.kind === 'decided' ? show(tenant.tenant) : tenants]] : []),
    ...limits.map((limit) => ['limit', describeLimit(limit)]),
  ]
  return rows.map(([name = '', text = '']) => `${name.padEnd(10)}  ${text}`)
}

function describeRoute(route: RouteFinding): string {
  switch (route.kind) {
    case 'route':
      return `${route.path} (${route.methods?.join(' ') ?? 'all methods'}) to ${route.service}: ${route.upstream}`
    case 'endpoint':
      return 'an endpoint of the gateway itself'
    case 'none':
      return 'none'
    case 'method-not-allowed':
      return `${route.path} takes ${route.allow}`
    case 'ambiguous':
      return `${route.path ?? 'none'}, but a service may read the path as one of a stricter route`
    case 'malformed':
      return `no path: ${route.because}`
  }
}

function describeLimit({ requests, windowSeconds, burst, by, of }: LimitFinding): string {
  const saved = burst === 0 ? '' : `, and ${burst} saved up`
  return `${requests} in ${windowSeconds} s by ${by}${saved} (${of})`
}

function describeCredential({ kind, audience, realm, scopes, claims }: CredentialFinding): readonly string[] {
  const words = [
    kind === 'realm' ? 'a token' : kind,
    ...(audience === null ? [] : [`for ${audience}`]),
    ...(realm === null ? [] : [`from realm ${realm}`]),
    ...(scopes.length === 0 ? [] : [`with ${scopes.join(' ')}`]),
  ]
  const rows = Object.entries(claims ?? {}).map(([name, value]) => [name, show(value)])
  return [`credential  ${words.join(' ')}`, ...(rows.length === 0 ? [] : formatTable(['claim', 'value'], rows))]
}

function describeHeaders({ set, removed }: NonNullable<Explanation['headers']>): readonly string[] {
  const gone = removed.length === 0 ? [] : ['', `removed     ${removed.join(', ')}`]
  return [...formatTable(['header', 'value'], set), ...gone]
}

function describeVerdict(decision: Verdict): string {
  switch (decision.kind) {
    case 'allow':
      return 'allowed'
    case 'own':
      return 'answered by the gateway'
    case 'deny':
      return `denied: ${decision.status} ${decision.wire} (${decision.code}): ${decision.because}`
  }
}

function show(value: unknown): string {
  if (value === null) return '-'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
}
