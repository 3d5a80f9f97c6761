// What is not as the file wants it, by name.
import { differs } from './fields.ts'
import type { Change, RealmPlan } from './plan.ts'

const WORDS: Readonly<Record<Change['action'], string>> = {
  create: 'missing',
  adopt: 'not taken over yet',
  update: 'changed',
  delete: 'no longer in the file',
}

/** Such as `client mlflow: changed (redirectUris, attributes.access.token.lifespan)`. */
export function describeDrift({ changes, foreign }: RealmPlan): readonly string[] {
  return [
    ...changes.map(({ kind, name, action, fields }) => {
      const paths = action === 'update' ? fields.filter(differs).map(({ path }) => path) : []
      return `${kind} ${name}: ${WORDS[action]}${paths.length === 0 ? '' : ` (${paths.join(', ')})`}`
    }),
    ...foreign.map(({ kind, clientId, because }) => `${kind} ${clientId}: left alone, ${because}`),
  ]
}
