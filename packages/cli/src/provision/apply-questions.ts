// What stands between a plan and its being carried out.
import { confirm, isCancel } from '@clack/prompts'
import { type Change, type Plan, ProvisionError } from '@doorman/provision'
import { CommandError } from '../failure.ts'
import { printable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

/** Before the first realm is written to: the file cannot be carried out as a whole. */
export function refuseForeign({ realms }: Plan): void {
  const foreign = realms.flatMap(({ name, foreign }) => foreign.map(({ clientId }) => `${clientId} in ${name}`))
  if (foreign.length === 0) return
  const remedy = 'say adopt: true to take a client over, or choose another name; nothing was changed'
  throw new ProvisionError('ERR_CLIENT_FOREIGN', `somebody else made ${foreign.join(', ')}`, { remedy })
}

export function deletionsOf({ realms }: Plan): readonly (Change & { readonly realm: string })[] {
  return realms.flatMap(({ name, changes }) =>
    changes.filter(({ action }) => action === 'delete').map((change) => ({ ...change, realm: name })),
  )
}

export async function confirmDeletions(plan: Plan, isSure: boolean, terminal: Terminal): Promise<void> {
  const deletions = deletionsOf(plan)
  if (deletions.length === 0) return
  terminal.tell('To be deleted:')
  for (const { kind, name, realm } of deletions) terminal.tell(printable(`  ${kind} ${name} in ${realm}`))
  if (isSure) return
  if (!terminal.isInteractive) throw new CommandError('nobody can be asked here: add --yes; nothing was changed')
  const answer = await confirm({ message: `Delete ${deletions.length}?`, initialValue: false })
  if (isCancel(answer) || !answer) throw new CommandError('given up, nothing was changed')
}
