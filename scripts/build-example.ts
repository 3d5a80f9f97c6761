// `npm start` of an example of Next.js runs this before, in the example's folder: from `npm ci` on, what is missing is built.
import { buildNext } from './support/next-application.ts'

await buildNext(process.cwd(), (what) => console.log(`… building ${what}`))
