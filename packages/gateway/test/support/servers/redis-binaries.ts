// A Redis without an installation: DOORMAN_REDIS_SERVER, one on this machine, else Debian's packages, unpacked.
import { findOnPath, unpackedProgram } from './debian-packages.ts'

export interface RedisBinaries {
  readonly server: string
  /** What the process needs beside ours. */
  readonly env: Readonly<Record<string, string>>
}

const PACKAGES = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'liblua5.1-0']
let found: Promise<RedisBinaries | undefined> | undefined

/** Undefined where there is none and Debian's packages cannot be had. */
export function findRedis(): Promise<RedisBinaries | undefined> {
  found ??= find()
  return found
}

async function find(): Promise<RedisBinaries | undefined> {
  const installed = process.env.DOORMAN_REDIS_SERVER || findOnPath('redis-server')
  if (installed) return { server: installed, env: {} }
  const unpacked = await unpackedProgram(PACKAGES, 'bin/redis-server')
  return unpacked && { server: unpacked.file, env: unpacked.env }
}
