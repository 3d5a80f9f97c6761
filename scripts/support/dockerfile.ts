// A Dockerfile as data, as far as ours needs it: no line continuations, no heredocs, no ARG.

export interface DockerStage {
  readonly base: string
  readonly name: string | null
  readonly steps: readonly DockerStep[]
}

export type DockerStep =
  | { readonly kind: 'copy'; readonly from: string | null; readonly source: string; readonly place: string }
  | { readonly kind: 'run'; readonly command: string }
  | { readonly kind: 'workdir'; readonly place: string }
  | { readonly kind: 'env'; readonly name: string; readonly value: string }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'entrypoint'; readonly words: readonly string[] }

/** Throws for whatever it does not understand, so that nothing is left out unnoticed. */
export function parseDockerfile(text: string): readonly DockerStage[] {
  const stages: { base: string; name: string | null; steps: DockerStep[] }[] = []
  for (const line of text.split('\n').filter((each) => each.trim() !== '' && !each.startsWith('#'))) {
    const [, base, name] = /^FROM (\S+)(?: AS (\S+))?$/.exec(line) ?? []
    if (base === undefined) stages.at(-1)?.steps.push(parseStep(line))
    else stages.push({ base, name: name ?? null, steps: [] })
  }
  return stages
}

function parseStep(line: string): DockerStep {
  const [word = '', ...rest] = line.split(' ')
  const tail = rest.join(' ')
  if (word === 'RUN') return { kind: 'run', command: tail }
  if (word === 'WORKDIR') return { kind: 'workdir', place: tail }
  if (word === 'USER') return { kind: 'user', user: tail }
  if (word === 'ENTRYPOINT') return { kind: 'entrypoint', words: JSON.parse(tail) }
  const [, name, value] = word === 'ENV' ? (/^(\w+)=(\S+)$/.exec(tail) ?? []) : []
  if (name !== undefined && value !== undefined) return { kind: 'env', name, value }
  const [, from, source, place] = word === 'COPY' ? (/^(?:--from=(\S+) )?(\S+) (\S+)$/.exec(tail) ?? []) : []
  if (source !== undefined && place !== undefined) return { kind: 'copy', from: from ?? null, source, place }
  throw new Error(`Dockerfile: this line is not understood here: ${line}`)
}
