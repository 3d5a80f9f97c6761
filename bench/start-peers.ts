// Others, where their programs are installed: nginx, which knows nobody, and oauth2-proxy, which keeps the session in the
// cookie.
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CandidateStart } from './candidates.ts'
import { startProgram } from './foreign-process.ts'
import { logIn } from './realm.ts'

export const startNginx: CandidateStart = async ({ listen, upstreamOrigin, folder }) => {
  const prefix = join(folder, 'nginx')
  mkdirSync(prefix)
  writeFileSync(join(prefix, 'nginx.conf'), nginxConfig(listen, new URL(upstreamOrigin).host, prefix))
  const server = await startProgram('nginx', ['-p', prefix, '-c', 'nginx.conf'], listen, join(folder, 'nginx.log'))
  return {
    candidates: [{ name: 'nginx, no session', server, path: '/public/hello', headers: {} }],
    stop: server.stop,
  }
}

function nginxConfig(listen: string, upstream: string, prefix: string): string {
  const bodies = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${prefix}/${kind};`)
    .join('\n')
  return `daemon off;
master_process off;
pid ${prefix}/pid;
error_log stderr;
events { worker_connections 1024; }
http {
  ${bodies}
  access_log ${prefix}/access.log;
  keepalive_requests 10000000;
  upstream service { server ${upstream}; keepalive 128; keepalive_requests 10000000; }
  server {
    listen ${listen};
    location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`
}

export const startOauth2Proxy: CandidateStart = async ({ listen, upstreamOrigin, realm, folder }) => {
  const options = {
    'http-address': listen,
    upstream: `${upstreamOrigin}/`,
    provider: 'oidc',
    'oidc-issuer-url': realm.issuer,
    'client-id': realm.clientId,
    'client-secret': realm.secret,
    'redirect-url': `http://${listen}/oauth2/callback`,
    'code-challenge-method': 'S256',
    scope: 'openid profile email',
    'email-domain': '*',
    'cookie-secret': randomBytes(16).toString('hex'),
    'cookie-secure': 'false',
    'skip-provider-button': 'true',
    'pass-authorization-header': 'true',
  }
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const server = await startProgram('oauth2-proxy', args, listen, join(folder, 'oauth2-proxy.log'))
  const page = `${server.origin}/private/hello`
  const cookie = await logIn(page, page)
  return {
    candidates: [{ name: 'oauth2-proxy, cookie session', server, path: '/private/hello', headers: { cookie } }],
    stop: server.stop,
  }
}
