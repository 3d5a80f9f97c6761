import { redirect } from 'next/navigation'
import { doorman } from '../../../doorman'

export const GET = doorman.route(() => redirect('/orders'))
