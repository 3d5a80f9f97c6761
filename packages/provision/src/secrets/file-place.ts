// Files: `.env` files, which are ours by their first line, and files of any form by one template.
import { isAbsolute, relative, resolve } from 'node:path'
import { ProvisionError } from '../errors.ts'
import type { WantedDelivery } from '../wanted/wanted.ts'
import type { DeliveryTools, Place } from './delivery.ts'
import { formatEnv, parseEnv, quotedKeys } from './env-text.ts'
import { foreignFileError, type HeldFile, readPrivateFile, writePrivateFile } from './private-file.ts'
import { isRandom, notesOf, renderShape, renderTemplate, type SecretValues } from './values.ts'

type Delivery<Kind> = Extract<WantedDelivery, { kind: Kind }>

interface Content {
  readonly text: string
  readonly notes: readonly string[]
}

export function createEnvFilePlace({ path, keys }: Delivery<'env-file'>, { folder, owner }: DeliveryTools): Place {
  const full = resolve(folder, path)
  const mark = `# Written by doorman (${owner}). Changes made here are lost.`

  function build(held: HeldFile, values: SecretValues): Content {
    const isOurs = held.kind === 'absent' || held.text.startsWith(`${mark}\n`)
    if (!isOurs) throw foreignFileError(path, 'was not written by us: it does not begin with our line')
    const rendered = renderShape(keys, values, held.kind === 'absent' ? {} : parseEnv(held.text))
    const quoted = quotedKeys(rendered).join(', ')
    const note = quoted === '' ? [] : [`in quotes, which docker run --env-file would keep: ${quoted}`]
    return { text: `${mark}\n${formatEnv(rendered)}`, notes: [...notesOf(keys, rendered), ...note] }
  }

  return createFilePlace(full, folder, Object.keys(keys), build)
}

export function createTemplateFilePlace({ path, template }: Delivery<'file'>, { folder }: DeliveryTools): Place {
  const full = resolve(folder, path)

  function build(held: HeldFile, values: SecretValues): Content {
    if (isRandom(template)) throw randomError(path)
    // Ours are readable by their owner alone. Others are somebody's configuration, named here by mistake.
    if (held.kind === 'present' && !held.isPrivate) {
      throw foreignFileError(path, 'was not written by us: its mode is not 0600')
    }
    return { text: renderTemplate(template, values, path), notes: [] }
  }

  return createFilePlace(full, folder, [], build)
}

function createFilePlace(
  path: string,
  folder: string,
  keys: readonly string[],
  build: (held: HeldFile, values: SecretValues) => Content,
): Place {
  const outcomeOf = (held: HeldFile, { text }: Content) => {
    if (held.kind === 'absent') return 'created'
    return held.text === text && held.isPrivate ? 'unchanged' : 'updated'
  }
  return {
    name: `file ${nameIn(folder, path)}`,
    keys,
    async compare(values) {
      const held = await readPrivateFile(path)
      return outcomeOf(held, build(held, values))
    },
    async write(values) {
      const held = await readPrivateFile(path)
      const content = build(held, values)
      const outcome = outcomeOf(held, content)
      if (outcome !== 'unchanged') await writePrivateFile(path, content.text)
      return { outcome, restarted: [], notes: content.notes }
    },
  }
}

/** As the file of the configuration would write it. */
function nameIn(folder: string, path: string): string {
  const name = relative(folder, path)
  return name.startsWith('..') || isAbsolute(name) ? path : name
}

function randomError(path: string): ProvisionError {
  const text = `${path}: {{random}} cannot be kept in a file of any form; use envFile or kubernetes`
  return new ProvisionError('ERR_DELIVERY_FAILED', text, { reason: 'random', path })
}
