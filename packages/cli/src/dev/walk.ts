// The journey of a person through the demo, made by the command itself, with what crossed each wire.
import { type Browser, type BrowserAnswer, createBrowser } from '@doorman/dev-realm/browser'

export interface WalkPerson {
  readonly username: string
  readonly password: string
}

export interface WalkOptions {
  readonly publicUrl: string
  readonly person: WalkPerson
  readonly administrator: WalkPerson
  readonly print: (line: string) => void
}

/** True when every step went as it should. */
export async function walk(options: WalkOptions): Promise<boolean> {
  const { print } = options
  let failures = 0
  const check = (isGood: boolean, what: string) => {
    if (!isGood) failures += 1
    print(`   ${isGood ? '✔' : '✘ NOT SO:'} ${what}`)
  }
  const visit = (browser: Browser): Visit => ({ browser, url: (path) => `${options.publicUrl}${path}`, print, check })

  print('1  A stranger comes to the door')
  const first = visit(createBrowser())
  await callAsStranger(first)
  print(`2  ${options.person.username} logs in`)
  await logIn(first, options.person)
  print('3  and calls services')
  await callAsPerson(first)
  print('4  and logs out')
  await logOut(first)
  print(`5  ${options.administrator.username}, an administrator, logs in and reads the report`)
  const second = visit(createBrowser())
  await logIn(second, options.administrator)
  const report = await fetchShown(second, '/api/admin/report')
  check(report.status === 200, 'the report is served to an administrator')
  print(
    failures === 0 ? 'The walk went well.' : `The walk failed at ${failures} ${failures === 1 ? 'point' : 'points'}.`,
  )
  return failures === 0
}

interface Visit {
  readonly browser: Browser
  readonly url: (path: string) => string
  readonly print: (line: string) => void
  readonly check: (isGood: boolean, what: string) => void
}

async function callAsStranger(visit: Visit): Promise<void> {
  const page = await visit.browser.navigate(visit.url('/'))
  visit.print(wire('browser → doorman', page))
  visit.check(page.status === 200, 'the front page is open to anybody')
  visit.check((await fetchShown(visit, '/public/hello')).status === 200, 'a public route answers')
  visit.check((await fetchShown(visit, '/api/me')).status === 401, 'a private one asks for a login, without a redirect')
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
  visit.print(`   doorman → account   Authorization: ${received?.authorization}, Cookie: ${received?.cookie}`)
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

async function fetchShown(visit: Visit, path: string): Promise<BrowserAnswer> {
  const answer = await visit.browser.fetch(visit.url(path))
  visit.print(wire('page    → doorman', answer))
  return answer
}

function whoAnswers(visit: Visit, answer: BrowserAnswer): string {
  return answer.url.startsWith(visit.url('/')) ? 'doorman' : 'realm'
}

// The query of a URL may hold a code or a state: only its path is shown.
function wire(way: string, answer: BrowserAnswer): string {
  const location = answer.headers.get('location')
  const target =
    location === null ? '' : ` → ${new URL(location, answer.url).origin}${new URL(location, answer.url).pathname}`
  const cookies = answer.cookiesSet.length === 0 ? '' : ` (cookies set or cleared: ${answer.cookiesSet.join(', ')})`
  return `   ${way}   ${answer.method} ${new URL(answer.url).pathname}: ${answer.status}${target}${cookies}`
}

function parse(answer: BrowserAnswer): Readonly<Record<string, unknown>> {
  return JSON.parse(answer.body) as Readonly<Record<string, unknown>>
}
