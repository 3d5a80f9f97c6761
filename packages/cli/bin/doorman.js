#!/usr/bin/env node
// Plain JavaScript that an old Node can read, too. With the sources beside it (a checkout) it runs Node again, so that
// they are used as they are; installed as a package it runs what was built.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
const source = new URL('../src/main.ts', import.meta.url)

if (major < 22 || (major === 22 && minor < 19)) {
  console.error(`doorman needs Node 22.19 or newer; this is Node ${process.versions.node}.`)
  process.exitCode = 1
} else if (existsSync(source)) {
  runSource(fileURLToPath(source))
} else {
  await import('../dist/main.js')
}

function runSource(file) {
  const options = ['--conditions=@doorman/source', '--disable-warning=ExperimentalWarning']
  const child = spawn(process.execPath, [...options, file, ...process.argv.slice(2)], { stdio: 'inherit' })
  const passOn = (signal) => {
    // A terminal sends Ctrl-C to both processes by itself.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, passOn)
  child.on('exit', (code, signal) => {
    for (const each of signals) process.off(each, passOn)
    if (signal === null) process.exitCode = code ?? 1
    else process.kill(process.pid, signal)
  })
}
