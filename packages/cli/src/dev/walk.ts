// The journey of a person through the demo, made by the command itself, with what crossed each wire.
import { createBrowser } from '@doorman/dev-realm/browser'
import type { WalkPerson } from './demo-realm.ts'
import { fetchShown, parse, type Visit, WAY_WIDTH, whoAnswers, wire } from './visit.ts'
import { callWithToken, type ScriptWalk } from './walk-script.ts'
import { type ServicesWalk, switchTenants, walkThroughServices } from './walk-services.ts'

export interface WalkOptions extends ServicesWalk, ScriptWalk {
  readonly person: WalkPerson
  readonly personOfTwo: WalkPerson
  readonly administrator: WalkPerson
  readonly print: (line: string) => void
}

/** True when every step went as it should. */
export async function walk(options: WalkOptions): Promise<boolean> {
  const { print, person, personOfTwo, administrator } = options
  let failures = 0
  let steps = 0
  const check = (isGood: boolean, what: string) => {
    if (!isGood) failures += 1
    print(`   ${isGood ? '✔' : '✘ NOT SO:'} ${what}`)
  }
  const begin = (what: string) => {
    steps += 1
    print(`\n${steps}  ${what}`)
  }
  const url = (path: string) => `${options.issuers.publicUrl}${path}`
  const visit = (): Visit => ({ browser: createBrowser(), url, print, check })
  const hasExpress = options.states.get('express')?.kind === 'running'

  begin('A stranger comes to the door')
  const first = visit()
  await callAsStranger(first)
  begin(`${person.username} logs in`)
  await logIn(first, person)
  begin('and calls services')
  await callAsPerson(first)
  begin('Every service says what it has proven to have received')
  await walkThroughServices(first, options)
  begin(`${person.username} logs out`)
  await logOut(first)
  if (hasExpress) {
    begin(`${personOfTwo.username}, who has two tenants, logs in and goes from one to the other`)
    const second = visit()
    await logIn(second, personOfTwo)
    await switchTenants(second)
  }
  begin(`${administrator.username}, an administrator, logs in and reads the report`)
  const third = visit()
  await logIn(third, administrator)
  const report = await fetchShown(third, '/api/admin/report')
  check(report.status === 200, 'the report is served to an administrator')
  begin('A script comes with a bearer token of its own')
  await callWithToken(visit(), options)
  print('')
  print(
    failures === 0 ? 'The walk went well.' : `The walk failed at ${failures} ${failures === 1 ? 'point' : 'points'}.`,
  )
  return failures === 0
}

async function callAsStranger(visit: Visit): Promise<void> {
  const page = await visit.browser.navigate(visit.url('/'))
  visit.print(wire('browser → doorman', page))
  visit.check(page.status === 200, 'the front page is open to anybody')
  visit.check((await fetchShown(visit, '/public/hello')).status === 200, 'a public route answers')
  visit.check((await fetchShown(visit, '/api/me')).status === 401, 'a private one asks for a login, without a redirect')
  const served = []
  for (let calls = 0; calls < 3; calls += 1) served.push(await fetchShown(visit, '/public/limited'))
  const tooMany = await fetchShown(visit, '/public/limited')
  visit.check(
    served.every(({ status }) => status === 200) && tooMany.status === 429,
    'a route for three calls a minute refuses the fourth',
  )
  const seconds = Number(tooMany.headers.get('retry-after'))
  visit.check(seconds > 0, `and says when to come back: in ${seconds} s`)
}

async function logIn(visit: Visit, person: WalkPerson): Promise<void> {
  const answers = await visit.browser.logIn(visit.url('/auth/login?return_to=/'), person)
  for (const answer of answers) visit.print(wire(`browser → ${whoAnswers(visit, answer)}`, answer))
  visit.check(answers.at(-1)?.url === visit.url('/'), 'the browser is back where it wanted to go')
  const user = await fetchShown(visit, '/auth/user')
  const { name } = parse(user)
  visit.check(user.status === 200, `the doorman knows who this is: ${String(name)}`)
  visit.check(
    answers.every((answer) => !/eyJ[\w-]+\.eyJ/.test(answer.body)),
    'no page carried a token',
  )
}

async function callAsPerson(visit: Visit): Promise<void> {
  const me = await fetchShown(visit, '/api/me')
  const received = parse(me).received as Readonly<Record<string, string>> | undefined
  visit.print(
    `   ${'doorman → account'.padEnd(WAY_WIDTH)}   Authorization: ${received?.authorization}, Cookie: ${received?.cookie}`,
  )
  visit.check(me.status === 200 && received?.authorization !== 'none', 'the service received an access token')
  visit.check(received?.cookie === 'none', "and not the browser's cookie")
  visit.check((await fetchShown(visit, '/api/admin/report')).status === 403, 'the route for administrators says no')
}

async function logOut(visit: Visit): Promise<void> {
  const user = parse(await visit.browser.fetch(visit.url('/auth/user')))
  const answers = await visit.browser.follow(visit.url(String(user.logout_url).replace(/^https?:\/\/[^/]+/, '')))
  for (const answer of answers) visit.print(wire(`browser → ${whoAnswers(visit, answer)}`, answer))
  visit.check((await fetchShown(visit, '/auth/user')).status === 401, 'nobody is logged in any more')
  const again = await visit.browser.follow(visit.url('/auth/login?return_to=/'))
  const isAsked = again.at(-1)?.url.startsWith(visit.url('/')) === false
  visit.check(isAsked, 'the realm asks who it is: its session has ended too')
}
