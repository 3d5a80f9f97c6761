// Addresses of stores: `session.store`.
import { isLoopbackHost } from '../kernel/loopback.ts'
import type { PostgresStoreConfig, RedisStoreConfig, StoreConfig, StoreNode } from './gateway-config.ts'

const REDIS = /^(rediss?)(?:\+(cluster|sentinel))?:\/\/(?:([^/@]*)@)?([^/@?#]+)(?:\/([^?#]*))?$/
const REDIS_PORT = 6379
const SENTINEL_PORT = 26_379
const POSTGRES_PORT = 5432

export function parseStore(value: string): StoreConfig | undefined {
  if (value === 'memory') return { kind: 'memory' }
  const path = /^sqlite:(.+)$/.exec(value)?.[1]
  if (path !== undefined) return { kind: 'sqlite', path }
  return value.startsWith('redis') ? parseRedis(value) : parsePostgres(value)
}

/** What follows the hosts is the database, or for Sentinel the master's name and then the database. */
function parseRedis(value: string): RedisStoreConfig | undefined {
  const [, scheme, kind = 'single', credentials = '', hosts = '', rest = ''] = REDIS.exec(value) ?? []
  if (scheme === undefined) return undefined
  const topology = kind as RedisStoreConfig['topology']
  const nodes = parseNodes(hosts, topology === 'sentinel' ? SENTINEL_PORT : REDIS_PORT)
  const [first = '', ...more] = rest.split('/')
  const [master, database = ''] = topology === 'sentinel' ? [first, more[0]] : [null, first]
  const isPlausible = topology === 'single' ? nodes?.length === 1 && more.length === 0 : more.length < 2
  if (nodes === undefined || !isPlausible || master === '' || !/^\d{0,5}$/.test(database)) return undefined
  if (topology === 'cluster' && rest !== '') return undefined
  const [user, password] = parseCredentials(credentials)
  return {
    kind: 'redis',
    topology,
    nodes,
    master,
    isTls: scheme === 'rediss',
    user,
    password,
    database: Number(database),
  }
}

function parseNodes(hosts: string, defaultPort: number): readonly StoreNode[] | undefined {
  const nodes = hosts.split(',').map((host) => parseNode(host, defaultPort))
  return nodes.every((node) => node !== undefined) ? nodes : undefined
}

function parseNode(text: string, defaultPort: number): StoreNode | undefined {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const host = bracketed ?? plain
  const number = port === undefined ? defaultPort : Number(port)
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number }
}

function parseCredentials(text: string): readonly [user: string | null, password: string | null] {
  if (text === '') return [null, null]
  const [user = '', ...password] = text.split(':')
  return [user === '' ? null : decode(user), password.length === 0 ? null : decode(password.join(':'))]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** TLS off loopback unless `sslmode=disable` is written out. */
function parsePostgres(value: string): PostgresStoreConfig | undefined {
  if (!/^postgres(?:ql)?:\/\//.test(value) || !URL.canParse(value)) return undefined
  const { hostname, port, username, password, pathname, searchParams, hash } = new URL(value)
  const database = decode(pathname.slice(1))
  const sslmode = searchParams.get('sslmode')
  const isKnown = [...searchParams.keys()].every((name) => name === 'sslmode') && hash === ''
  const isMode = sslmode === null || sslmode === 'disable' || sslmode === 'verify-full'
  const host = hostname.replace(/^\[|\]$/g, '')
  if (host === '' || database === '' || database.includes('/') || username === '' || !isKnown || !isMode)
    return undefined
  return {
    kind: 'postgres',
    host,
    port: port === '' ? POSTGRES_PORT : Number(port),
    user: decode(username),
    password: password === '' ? null : decode(password),
    database,
    isTls: sslmode === null ? !isLoopbackHost(host) : sslmode === 'verify-full',
  }
}
