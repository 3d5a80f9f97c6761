/// <reference path="./next-navigation.d.ts" />
// What becomes of somebody who may not be here. Nothing in here is caught on its way: Next goes by what is thrown.
import { redirect } from 'next/navigation'
import { cache } from 'react'
import { doormanError } from './errors.ts'
import { isNavigation } from './fetch-metadata.ts'
import { signInUrl } from './urls.ts'

/** Set by `proxy`, which overwrites what a client sent: the path and query of the page that was asked for. */
export const PATH_HEADER = 'x-doorman-path'

/** React remembers what this gives while it renders, and nowhere else: not in actions, and not in route handlers. */
const remember = cache(() => ({}))

/** A page or an action goes to the login; a fetch of a route handler is answered 401. */
export function turnAway(headers: Headers, returnTo: string | undefined): never {
  if (!isRendering() && !headers.has('next-action') && !isNavigation(headers)) throw doormanError('login_required')
  redirect(signInUrl({ returnTo: returnTo ?? headers.get(PATH_HEADER) ?? '/' }))
}

function isRendering(): boolean {
  const first = remember()
  return first === remember()
}
