import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopbackHost } from '../../src/kernel/loopback.ts'

for (const host of ['localhost', 'LOCALHOST', 'app.localhost', '127.0.0.1', '127.9.8.7', '::1', '[::1]']) {
  test(`${host} never leaves the machine`, () => assert(isLoopbackHost(host)))
}

for (const host of ['', '0.0.0.0', '::', '127.0.0.1.example.com', '127.evil', 'localhost.example.com', '1.127.0.0']) {
  test(`${host || 'no host'} is another machine`, () => assert(!isLoopbackHost(host)))
}
