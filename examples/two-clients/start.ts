// The front end, which `npm start` has built, and the API. `doorman dev` tells where they are, and the guard's secret.
import concurrently from 'concurrently'

const { PYTHON, DOORMAN_PORT_API, DOORMAN_ISSUER_MAIN, DOORMAN_DEV_SECRET_GUARD } = process.env
const MAKE_PYTHON = 'python3 -m venv .venv && .venv/bin/pip install --quiet --requirement api/requirements.txt'
const UVICORN = '-m uvicorn service:app --app-dir api --log-level warning --port $DOORMAN_PORT_API'

const { result } = concurrently(
  [
    {
      name: 'web',
      command: 'next start --port $DOORMAN_PORT_WEB --hostname 127.0.0.1',
      env: { API_URL: `http://localhost:${DOORMAN_PORT_API}` },
    },
    {
      name: 'api',
      command: PYTHON === undefined ? `${MAKE_PYTHON} && .venv/bin/python ${UVICORN}` : `"${PYTHON}" ${UVICORN}`,
      env: {
        REALM_ISSUER: DOORMAN_ISSUER_MAIN,
        GUARD_CLIENT_SECRET: DOORMAN_DEV_SECRET_GUARD,
        PYTHONDONTWRITEBYTECODE: '1',
      },
    },
  ],
  { killOthersOn: ['failure', 'success'], prefixColors: 'auto' },
)
await result.catch(() => {
  process.exitCode = 1
})
