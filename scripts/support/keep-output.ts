import type { ChildProcess } from 'node:child_process'

/** What it has said so far, on those of its outputs that are pipes. */
export function keepOutput({ stdout, stderr }: Pick<ChildProcess, 'stdout' | 'stderr'>): () => string {
  let said = ''
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
    })
  }
  return () => said
}
