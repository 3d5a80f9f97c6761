import { askApi, doorman, fetchLastVerdicts, type Verdict, type Verdicts } from './doorman'

export default async function Page() {
  const session = await doorman.getSession()
  return (
    <main>
      <h1>The doorman and the guard</h1>
      <article id="doorman">
        <h2>The doorman checks your ID</h2>
        <p>client: doorman</p>
        <p id="person">{session === null ? 'Nobody is logged in' : session.name}</p>
        {session !== null && <p>roles: {session.roles.join(', ')}</p>}
        {session === null ? <a href={doorman.signInUrl()}>Log in</a> : <LogOut />}
      </article>
      <article id="guard">
        <h2>The guard only checks the card</h2>
        <p>client: guard</p>
        {session === null ? <LastCard /> : <Card />}
      </article>
      <article id="vault">
        <h2>The vault is for the role admin</h2>
        {session === null ? <p>No card, no vault</p> : <Vault />}
      </article>
    </main>
  )
}

function LogOut() {
  return (
    <form method="post" action={doorman.signOutUrl({ returnTo: '/' })}>
      <button type="submit">Log out</button>
    </form>
  )
}

async function Card() {
  const { status, body } = await askApi<Verdicts>('/card')
  return status === 200 ? <Ways title="The card you were given" verdicts={body} /> : <p className="bad">{status}</p>
}

/** The guard still has it, as a job that goes on after its request would. */
async function LastCard() {
  const verdicts = await fetchLastVerdicts()
  return verdicts === null ? <p>No card seen yet</p> : <Ways title="The card it saw last" verdicts={verdicts} />
}

function Ways({ title, verdicts }: { readonly title: string; readonly verdicts: Verdicts }) {
  return (
    <dl>
      <dt>{title}, by key set</dt>
      <Says id="by-key-set" verdict={verdicts.byKeySet} />
      <dt>{title}, by introspection</dt>
      <Says id="by-introspection" verdict={verdicts.byIntrospection} />
    </dl>
  )
}

function Says({ id, verdict }: { readonly id: string; readonly verdict: Verdict }) {
  return (
    <dd id={id} className={verdict.good ? 'good' : 'bad'}>
      {verdict.says}
    </dd>
  )
}

async function Vault() {
  const { status, body } = await askApi<{ readonly says?: string; readonly detail?: string }>('/vault')
  return <p className={status === 200 ? 'good' : 'bad'}>{`${status}: ${body.says ?? body.detail}`}</p>
}
