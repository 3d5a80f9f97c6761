// Bundlers take this one name for another module in server components; `next/navigation.js` is the browser's alone. The
// compiler, which goes by Node's rules, knows only the latter.
declare module 'next/navigation' {
  export { redirect, useRouter } from 'next/navigation.js'
}
