// One card for each service of the demo: a button that asks it, and what it has proven to have received.
const STARTING_POLL_MILLISECONDS = 1000
const FACTS = [
  ['kind', 'token'],
  ['issuer', 'signed by'],
  ['audience', 'for'],
  ['subject', 'about'],
  ['clientId', 'client'],
  ['roles', 'roles'],
  ['tenant', 'tenant'],
  ['expiresIn', 'ends in'],
]

const element = (id) => document.getElementById(id)

let services = []
let person = null
let tenant = null

function make(name, text = '', attributes = {}) {
  const made = document.createElement(name)
  made.textContent = text
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

/** Asks again while one of them is still starting. */
export async function loadServices() {
  services = await (await fetch('/services.json')).json()
  for (const service of services) showCard(service)
  if (services.some(({ state }) => state?.kind === 'starting')) setTimeout(loadServices, STARTING_POLL_MILLISECONDS)
}

function showCard(service) {
  const list = element('service-list')
  const shown = list.querySelector(`[data-service="${service.name}"]`)
  if (shown?.dataset.state === service.state?.kind) return
  const card = buildCard(service)
  if (shown === null) {
    list.append(card)
    element('credential-rows').append(buildRow(service))
  } else {
    shown.replaceWith(card)
  }
}

function buildCard({ name, framework, credential, explanation, path, state }) {
  const kind = state?.kind ?? 'left-out'
  const card = make('li', '', { 'data-service': name, 'data-state': kind })
  const title = make('h3', `${name} `)
  title.append(make('small', framework))
  const about = make('p', '', { class: 'explanation' })
  about.append(make('code', credential), ` · ${explanation}`)
  card.append(title, about)
  if (kind === 'running') {
    const button = make('button', '', { type: 'button', 'data-ask': name })
    button.append(make('b', 'Ask'), make('code', `GET ${path}`))
    card.append(button)
  }
  card.append(make('p', describeState(state), { class: 'fact', role: 'status' }), make('dl'))
  return card
}

function describeState(state) {
  if (state?.kind === 'running') return ''
  return state?.kind === 'starting' ? 'starting …' : `Left out: ${state?.because ?? 'it is not there'}`
}

function buildRow({ name, credential }) {
  const row = make('tr', '', { 'data-row': name })
  const configured = make('td')
  configured.append(make('code', credential))
  row.append(make('th', name, { scope: 'row' }), configured, ...['', '', '', ''].map(() => make('td', '–')))
  return row
}

/** What one person was answered is not for whoever comes next. */
export function forgetAnswers() {
  tenant = null
  element('tenant-answer').textContent = ''
  for (const service of services) {
    if (service.state?.kind === 'running') showAnswer(service, { text: '', isGood: true, credential: null })
  }
}

/** Somebody with several tenants chooses one of them. */
export function showPerson(user) {
  person = user
  const tenants = [user?.organization ?? []].flat()
  element('tenants').hidden = tenants.length < 2
  const choices = tenants.length < 2 ? [] : [[null, 'none named'], ...tenants.map((name) => [name, name])]
  element('tenant-list').replaceChildren(...choices.map(([value, text]) => buildChoice(value, text)))
}

function buildChoice(value, text) {
  const label = make('label')
  const input = make('input', '', { type: 'radio', name: 'tenant', value: value ?? '' })
  input.checked = value === tenant
  input.addEventListener('change', () => {
    tenant = value
  })
  label.append(input, text)
  return label
}

async function call(path) {
  const answer = await fetch(path, { headers: tenant === null ? {} : { 'x-tenant': tenant } })
  return { answer, body: await answer.json() }
}

async function ask(service) {
  try {
    await askAndShow(service)
  } catch {
    showAnswer(service, { text: 'Doorman does not answer', isGood: false, credential: null })
  }
}

async function askAndShow(service) {
  const { answer, body } = await call(service.path)
  const credential = answer.ok ? body.credential : null
  const text = answer.ok
    ? `✓ ${answer.status} · ${body.note ?? name(credential)}`
    : `✕ ${answer.status} · ${body.title}`
  showAnswer(service, { text, isGood: answer.ok, credential })
}

function name({ kind }) {
  if (kind === 'none') return 'the call, no token'
  return kind === 'internal' ? 'a token of the gateway' : 'an access token of a realm'
}

function showAnswer({ name }, { text, isGood, credential }) {
  const card = element('service-list').querySelector(`[data-service="${name}"]`)
  const fact = card.querySelector('.fact')
  fact.className = `fact ${isGood ? 'good' : 'bad'}`
  fact.textContent = text
  const told = credential === null || credential.kind === 'none' ? {} : credential
  const rows = FACTS.filter(([key]) => told[key] !== undefined).map(([key, label]) => [label, describe(key, told[key])])
  card.querySelector('dl').replaceChildren(...rows.flatMap(([term, text]) => [make('dt', term), make('dd', text)]))
  const cells = document.querySelectorAll(`[data-row="${name}"] td`)
  for (const [index, key] of ['issuer', 'audience', 'subject', 'expiresIn'].entries()) {
    cells[index + 1].textContent = describe(key, told[key])
  }
}

function describe(key, value) {
  if (value === undefined || value === null) return '–'
  if (key === 'expiresIn') return `${value} s`
  if (key === 'subject') return value === person?.id ? 'you' : value
  return [value].flat().join(', ') || '–'
}

async function askForTenant() {
  const { answer, body } = await call('/api/express/tenant')
  const shown = element('tenant-answer')
  shown.className = `fact ${answer.ok ? 'good' : 'bad'}`
  shown.textContent = answer.ok
    ? `✓ ${answer.status} · ${body.tenant}, from its token alone`
    : `✕ ${answer.status} · ${body.title} ${[body.tenants ?? []].flat().join(' or ')}`
}

/** `onAnswer` is called after each answer: the session may have ended or been used. */
export function askServices(onAnswer) {
  element('service-list').addEventListener('click', async ({ target }) => {
    const asked = target.closest('[data-ask]')?.dataset.ask
    const service = services.find(({ name }) => name === asked)
    if (service === undefined) return
    await ask(service)
    onAnswer()
  })
  element('ask-all').addEventListener('click', async () => {
    await Promise.all(services.filter(({ state }) => state?.kind === 'running').map(ask))
    onAnswer()
  })
  element('ask-tenant').addEventListener('click', askForTenant)
}
