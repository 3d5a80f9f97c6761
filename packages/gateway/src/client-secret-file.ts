// A client's secret in a file that is replaced while we run: by a rotation, or by Kubernetes when its Secret changes. At
// the realm both secrets may be good for a while, the file may come before the realm's change or after it, and either way
// nobody's refresh may fail: what the realm refuses is followed by what the file says by then, and by what it said before.
import { readFileSync } from 'node:fs'

/** How long what was read is believed; a refusal asks again at once. */
const BELIEVED_MILLISECONDS = 1000

/** The secrets to try, best first. `first` is what the file held when the configuration was read. */
export function createClientSecretFile(path: string, first: string): () => Iterable<string> {
  let [newest, previous] = [first, first]
  let readAt = performance.now()

  function reread(): void {
    readAt = performance.now()
    const found = readSecret(path)
    if (found === undefined || found === newest) return
    previous = newest
    newest = found
  }

  return function* inTurn() {
    if (performance.now() - readAt > BELIEVED_MILLISECONDS) reread()
    const refused = newest
    yield refused
    reread()
    if (newest !== refused) yield newest
    if (previous !== refused && previous !== newest) yield previous
  }
}

/** Undefined for an empty file, too: a writer may be at it. */
function readSecret(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '') || undefined
  } catch {
    return undefined
  }
}
