// Plain JavaScript, because an older Node must be able to read it and say one line.
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 19)) {
  const bringsNode = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64')
  const remedy = bringsNode
    ? 'run `npm ci` (with optional dependencies: they bring Node 24) and start through npm'
    : 'install Node 22.19 or newer'
  console.error(`Node >= 22.19 is needed, found ${process.versions.node}: ${remedy}.`)
  process.exit(1)
}
