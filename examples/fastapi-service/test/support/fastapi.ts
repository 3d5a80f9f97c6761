// The service in Python, started on a free port.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { close, listen } from '../../../../packages/cli/src/dev/ports.ts'
import { type RunningService, startService } from '../../../../packages/cli/src/dev/running-service.ts'
import { usePython } from '../../../../scripts/support/test-python.ts'

export const FOLDER = fileURLToPath(new URL('../../', import.meta.url))
export const PYTHON = await usePython()

export async function pickPort(): Promise<number> {
  const probe = createServer()
  const port = await listen(probe, 0)
  await close(probe)
  return port
}

export async function startFastapi(env: Readonly<Record<string, string>>): Promise<RunningService> {
  const port = await pickPort()
  const command = {
    command: PYTHON,
    args: ['-m', 'uvicorn', 'service:app', '--port', String(port), '--log-level', 'warning'],
    folder: FOLDER,
    env: { PYTHONDONTWRITEBYTECODE: '1', ...env },
    url: `http://127.0.0.1:${port}`,
  }
  return startService(command, new AbortController().signal)
}
