import { ask, describeFailure } from '../call.ts'
import { type Finding, ok, skipped, unneeded, wrong } from '../finding.ts'
import type { DoctorService } from '../ground.ts'

/** What routes let nobody do without a login, done without the gateway and without a credential. */
export async function checkDirectCall({ name, calls, timeoutSeconds }: DoctorService): Promise<Finding> {
  if (calls.length === 0) return unneeded('no route of it that a GET could try asks for a login')
  const untold: string[] = []
  for (const { url, place } of calls) {
    const answer = await ask({ url, timeoutSeconds })
    if (answer.kind === 'failed') untold.push(`${url} ${describeFailure(answer)}`)
    else if (answer.status < 300) {
      const cause = `${name} answers ${url} with ${answer.status} to whoever can reach it: the gateway can be gone round`
      const remedy =
        'let it check its tokens with a guard (docs/guards.md), or let nobody but the gateway in: the NetworkPolicy in docs/doctor.md'
      return wrong('service-open', cause, remedy, { url, place, status: answer.status })
    } else if (answer.status !== 401 && answer.status !== 403) untold.push(`${url} is answered ${answer.status}`)
  }
  if (untold.length === calls.length) return skipped(`nothing can be told: ${untold.join('; ')}`)
  return ok('it refuses calls without a credential')
}
