// The Python of the tests, with what the FastAPI example and its tests need.
import { fileURLToPath } from 'node:url'
import { findPython, prepareEnvironment } from '../../packages/cli/src/dev/python.ts'

const REQUIREMENTS = fileURLToPath(new URL('../../examples/fastapi-service/requirements-test.txt', import.meta.url))
const INSTALL_TIMEOUT_MILLISECONDS = 300_000

/** Where its command is. Rejects where there is no Python, or pip cannot have what it needs. */
export async function usePython(): Promise<string> {
  const python = await findPython()
  if (python.kind === 'missing') throw new Error(`No Python for these tests: ${python.because}`)
  return prepareEnvironment(python, REQUIREMENTS, {
    onStart: () => console.error(`… making a Python environment for ${REQUIREMENTS}`),
    signal: AbortSignal.timeout(INSTALL_TIMEOUT_MILLISECONDS),
  })
}

/** Why there are no tests in Python here; undefined when there can be. */
export async function describeMissingPython(): Promise<string | undefined> {
  return usePython().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
}
