// What an administrator of the server does, on a connection of its own for each question.
import pg from 'pg'

export type AskServer = (text: string, values?: readonly unknown[]) => Promise<ReadonlyArray<Record<string, unknown>>>

export function createPostgresConsole(url: string): AskServer {
  return async (text, values = []) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query(text, [...values])).rows
    } finally {
      await client.end()
    }
  }
}
