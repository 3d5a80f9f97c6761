// Forged requests as a browser sends them, over the wire, to a route on which a session counts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildRaw, sendRaw } from '../support/raw-http.ts'
import { buildRequirement } from '../support/requirements.ts'
import { createTestProxy } from '../support/test-proxy.ts'
import { createTestUpstream } from '../support/test-upstream.ts'

const COOKIE = 'Cookie: doorman-80=a'
const FORGED: readonly [string, string, readonly string[], string][] = [
  ['a form without any proof (checklist 10)', 'POST', ['Content-Type: application/x-www-form-urlencoded'], 'a=1'],
  [
    'a form of another site (checklist 173)',
    'POST',
    ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Origin: https://evil.example'],
    'a=1',
  ],
  ['JSON dressed as text (checklist 183)', 'POST', ['Content-Type: text/plain'], '{"a":1}'],
  [
    'JSON dressed as text by another site (checklist 183)',
    'POST',
    ['Content-Type: text/plain', 'Origin: https://evil.example'],
    '{"a":1}',
  ],
  ['an empty POST without a type (CVE-2025-3891)', 'POST', [], ''],
  ['a sibling domain (checklist 13)', 'DELETE', ['Sec-Fetch-Site: same-site', 'Origin: https://blog.example'], ''],
  ['a sandboxed frame (checklist 177)', 'POST', ['Origin: null', 'X-Doorman: 1'], ''],
  ['our header beside foreign evidence (checklist 173)', 'PUT', ['Sec-Fetch-Site: cross-site', 'X-Doorman: 1'], ''],
  [
    'two Sec-Fetch-Site headers (checklist 182)',
    'POST',
    ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'],
    '',
  ],
  [
    'an image on another site (checklist 178)',
    'GET',
    ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image'],
    '',
  ],
]

for (const [name, method, lines, body] of FORGED) {
  test(`${name} is 403 and never reaches the upstream`, async (t) => {
    const upstream = await createTestUpstream()
    const proxy = await createTestProxy({
      upstream: upstream.origin,
      routes: [{ path: '/*', methods: null, require: buildRequirement() }],
    })
    t.after(async () => {
      await upstream.close()
      await proxy.close()
    })
    const length = method === 'GET' ? [] : [`Content-Length: ${body.length}`]
    const raw = buildRaw(`${method} /api`, [`Host: ${proxy.host}`, COOKIE, ...lines, ...length], body)
    const answer = await sendRaw(proxy.port, raw)
    assert.equal(answer.status, 403)
    assert.equal(JSON.parse(answer.body).code, 'csrf')
    assert.equal(upstream.received.length, 0)
  })
}
