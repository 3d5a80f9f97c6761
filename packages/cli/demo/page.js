// What this page knows: who is logged in (/auth/user) and what services answer. It never sees a token.
import { askServices, forgetAnswers, loadServices, showPerson } from './services.js'

const POLL_MILLISECONDS = 15_000
const SILENCE = 'Doorman does not answer'

const element = (id) => document.getElementById(id)
const buttons = [...document.querySelectorAll('[data-call]')]

/** What /auth/user said, with the instants of its two ends; null when nobody is logged in. */
let session = null

function fill(list, rows) {
  list.replaceChildren(
    ...rows.flatMap(([name, value]) => {
      const term = document.createElement('dt')
      const description = document.createElement('dd')
      term.textContent = name
      description.textContent = String(value)
      return [term, description]
    }),
  )
}

/** `slide=false` asks without counting as use of the session. */
async function readSession(path) {
  const answer = await fetch(path)
  const user = await answer.json()
  if (answer.status === 401) return null
  if (!answer.ok) throw new Error(user.title)
  const at = (seconds) => Date.now() + seconds * 1000
  return { user, endsAt: at(user.expires_in), tokenEndsAt: at(user.access_token_expires_in) }
}

async function look(path = '/auth/user?slide=false') {
  try {
    const before = session
    session = await readSession(path)
    if (before?.user.id !== session?.user.id) {
      if (before !== null) showWay(false)
      forgetAnswers()
      showPerson(session?.user ?? null)
    }
    showUser()
    showBrowser()
    showClock()
  } catch {
    element('person').textContent = SILENCE
  }
}

function showUser() {
  const user = session?.user
  element('log-in').hidden = user !== undefined
  element('log-out').hidden = user === undefined
  element('person').textContent = user === undefined ? 'Nobody is logged in' : `Hello, ${user.name ?? user.id}`
  if (user === undefined) return fill(element('user'), [['nobody', 'Log in to see your name here.']])
  element('log-out').href = user.logout_url
  fill(element('user'), [
    ['name', user.name ?? '–'],
    ['e-mail', user.email ?? '–'],
    ['roles', user.roles.join(', ') || '–'],
    ['id', user.id],
  ])
}

function showBrowser() {
  const readable = document.cookie.split('; ').map((cookie) => cookie.split('=')[0])
  fill(element('holds-list'), [
    ['session cookie', session === null ? 'none' : 'one, HttpOnly: this page cannot read it'],
    ['other cookies', readable.filter((name) => name !== '').join(', ') || 'none this page can read'],
    ['storage', `${localStorage.length + sessionStorage.length} entries`],
    ['tokens', 'none: they stay with Doorman'],
  ])
}

function showClock() {
  element('seconds').textContent = session === null ? '–' : minutesUntil(session.endsAt)
  element('clock-text').textContent =
    session === null
      ? 'No session.'
      : `until this session ends if nobody uses it. The access token behind it ends in ${minutesUntil(session.tokenEndsAt)}; Doorman renews it when a call needs it.`
}

function minutesUntil(instant) {
  const seconds = Math.max(0, Math.round((instant - Date.now()) / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

async function call(button) {
  for (const each of buttons) each.setAttribute('aria-current', String(each === button))
  element('way').setAttribute('aria-busy', 'true')
  try {
    const answer = await fetch(button.dataset.call)
    const body = await answer.json()
    await look()
    showCall(button.dataset, answer, body)
  } catch {
    element('person').textContent = SILENCE
  }
  element('way').setAttribute('aria-busy', 'false')
}

function showCall({ call: path, for: whom }, { ok, status }, body) {
  showWay(true)
  element('sent').textContent = `GET ${path}`
  element('sent-with').textContent = session === null ? 'without a session' : 'with the session cookie, without a token'
  element('verdict').className = `fact ${ok ? 'good' : 'bad'}`
  element('verdict').textContent = ok ? `✓ ${status} · let through` : `✕ ${status} · ${body.title}`
  element('rule').textContent = `This route is for ${whom}.`
  element('service').textContent = ok ? `Service “${body.service}” received` : 'The service received'
  element('credential').textContent = ok ? nameCredential(body.received) : 'nothing'
  element('greeting').textContent = ok ? `and answered “${body.greeting}”` : ''
  fill(element('received'), Object.entries(ok ? body.received : {}))
}

function nameCredential({ authorization }) {
  return authorization === 'none' ? 'the call, no token' : 'the call with an access token'
}

/** What one person was answered is not for whoever comes next. */
function showWay(isShown) {
  element('way').hidden = !isShown
  element('hint').hidden = isShown
  if (!isShown) for (const button of buttons) button.removeAttribute('aria-current')
}

for (const button of buttons) button.addEventListener('click', () => call(button))
askServices(() => look())
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') look()
})
setInterval(showClock, 1000)
setInterval(look, POLL_MILLISECONDS)
await loadServices()
await look('/auth/user')
