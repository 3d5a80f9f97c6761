import { readFileSync } from 'node:fs'

export interface Memory {
  readonly residentBytes: number
  /** Pages shared with other processes, as Node's own program is, count in part; null where the system does not tell. */
  readonly proportionalBytes: number | null
}

/** `processId` may be `self`. */
export function readMemory(processId: number | 'self', residentBytes: number): Memory {
  return { residentBytes, proportionalBytes: process.platform === 'linux' ? readProportional(processId) : null }
}

function readProportional(processId: number | 'self'): number | null {
  const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${processId}/smaps_rollup`, 'utf8'))?.[1]
  return kibibytes === undefined ? null : Number(kibibytes) * 1024
}
