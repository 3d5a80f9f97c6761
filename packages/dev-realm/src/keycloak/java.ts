import { join } from 'node:path'

/** `JAVA_HOME`'s, else the one on the PATH. */
export function findJava(): string {
  const home = process.env.JAVA_HOME
  return home ? join(home, 'bin', 'java') : 'java'
}

/** The feature number in the output of `java -version`; undefined when there is none. */
export function parseJavaVersion(output: string): number | undefined {
  const version = /version "(\d+)/.exec(output)?.[1]
  return version === undefined ? undefined : Number(version)
}
