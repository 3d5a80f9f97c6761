// What travels to browsers is as small as it can be.
import { minify } from 'terser'

/** A module without comments and long names. */
export async function minifyModule(code: string): Promise<string> {
  const { code: minified = '' } = await minify(code, { module: true, compress: { passes: 2 } })
  return minified
}
