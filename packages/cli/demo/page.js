// The page knows three things: who is logged in (/auth/user), what services answer, and no token at all.
const element = (id) => document.getElementById(id)

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

let endsAt = 0

function showClock() {
  const seconds = Math.max(0, Math.round((endsAt - Date.now()) / 1000))
  element('seconds').textContent =
    endsAt === 0 ? '–' : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  element('clock-text').textContent = endsAt === 0 ? 'No session.' : 'until this session ends if nobody uses it.'
}

function showBrowser() {
  const readable = document.cookie === '' ? 'none that this page can read' : document.cookie
  fill(element('holds-list'), [
    ['cookies', readable],
    ['local storage', `${localStorage.length} entries`],
    ['session storage', `${sessionStorage.length} entries`],
    ['tokens', 'none: they stay with the doorman'],
  ])
}

async function showUser(path = '/auth/user') {
  const answer = await fetch(path)
  const user = answer.ok ? await answer.json() : null
  element('log-in').hidden = user !== null
  element('log-out').hidden = user === null
  element('person').textContent = user === null ? 'Nobody is logged in' : `Hello, ${user.name ?? user.id}`
  endsAt = user === null ? 0 : Date.now() + user.expires_in * 1000
  if (user === null) return fill(element('user'), [['nobody', 'Log in to see your name here.']])
  element('log-out').href = user.logout_url
  fill(element('user'), [
    ['name', user.name ?? '–'],
    ['e-mail', user.email ?? '–'],
    ['roles', (user.roles ?? []).join(', ') || '–'],
    ['id', user.id],
  ])
}

async function call(path) {
  const answer = await fetch(path)
  const body = await answer.json()
  const verdict = element('verdict')
  element('answer').hidden = false
  verdict.className = `verdict ${answer.ok ? 'good' : 'bad'}`
  verdict.textContent = `${answer.status} · ${answer.ok ? `${body.service}: ${body.greeting}` : body.title}`
  fill(
    element('received'),
    Object.entries(answer.ok ? body.received : { asked: path, 'the service received': 'nothing: the doorman refused' }),
  )
  showClock()
  await showUser()
}

for (const button of document.querySelectorAll('[data-call]')) {
  button.addEventListener('click', () => call(button.dataset.call))
}
// A page from the back-forward cache is older than the session: look again, and show nothing of the person before.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})
setInterval(showClock, 1000)
setInterval(() => showUser('/auth/user?slide=false'), 15_000)
showBrowser()
await showUser()
showClock()
