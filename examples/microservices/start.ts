// The three services, each in its own language. One whose language is not on this machine is named and left out; with
// CI=true none may be. `doorman dev` says by the environment where everything is.
import { spawnSync } from 'node:child_process'
import concurrently from 'concurrently'

const { CI, PYTHON } = process.env
const MAKE_PYTHON = 'python3 -m venv .venv && .venv/bin/pip install --quiet --requirement stock/requirements.txt'
const UVICORN = '-m uvicorn service:app --app-dir stock --log-level warning --port $PORT'

/** `tool` ends with 0 where the language is there. */
const SERVICES = [
  { name: 'orders', tool: 'node --version', command: 'node --conditions=@doorman/source orders/service.ts' },
  {
    name: 'stock',
    tool: PYTHON === undefined ? 'python3 -c "import ensurepip, venv"' : `"${PYTHON}" --version`,
    command: PYTHON === undefined ? `${MAKE_PYTHON} && .venv/bin/python ${UVICORN}` : `"${PYTHON}" ${UVICORN}`,
  },
  {
    name: 'shipping',
    tool: 'cd shipping && go list -m',
    command: 'go build -C shipping -buildvcs=false -o ../dist/shipping && exec dist/shipping',
  },
]

const isThere = (tool: string) => spawnSync(tool, { shell: true, stdio: 'ignore' }).status === 0
const missing = SERVICES.filter(({ tool }) => !isThere(tool))
for (const { name, tool } of missing) console.log(`${name} is left out: \`${tool}\` does not work here`)
if (CI === 'true' && missing.length > 0) process.exit(1)

const { result } = concurrently(
  SERVICES.filter((service) => !missing.includes(service)).map(({ name, command }) => ({
    name,
    command,
    env: { PORT: process.env[`DOORMAN_PORT_${name.toUpperCase()}`], PYTHONDONTWRITEBYTECODE: '1' },
  })),
  { killOthersOn: ['failure', 'success'], prefixColors: 'auto' },
)
await result.catch(() => {
  process.exitCode = 1
})
