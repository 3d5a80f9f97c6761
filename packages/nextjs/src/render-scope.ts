// What Next knows of the render that is going on. With Cache Components it renders most pages twice for one request, the
// second time for the browser's memory: there a look at the clock is an error, and a call of a service would be a second
// one. Next has public names for neither; where the place of these has moved, everything waits for the request.
import { connection } from 'next/server.js'
import { requireOfApplication } from './application-require.ts'

interface ScopeStorage {
  getStore(): { readonly type?: string } | undefined
  exit<Result>(work: () => Result): Result
}

const PLACE = 'next/dist/server/app-render/work-unit-async-storage.external.js'
const CACHES: readonly (string | undefined)[] = ['private-cache', 'cache', 'unstable-cache']

let storage: ScopeStorage | null | undefined

function findStorage(): ScopeStorage | null {
  try {
    return requireOfApplication()(PLACE).workUnitAsyncStorage ?? null
  } catch {
    return null
  }
}

function scopes(): ScopeStorage | null {
  storage ??= findStorage()
  return storage
}

/** For what is a fact of the request, as cookies are, though finding it takes a clock. */
export async function outsideOfRender<Result>(work: () => Promise<Result>): Promise<Result> {
  const known = scopes()
  if (known !== null) return known.exit(work)
  await connection()
  return work()
}

/** Waits in every render but the one that answers the request. Inside of `use cache: private` there is no other. */
export async function untilRequested(): Promise<void> {
  if (!CACHES.includes(scopes()?.getStore()?.type)) await connection()
}
