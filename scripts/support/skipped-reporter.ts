// Names the tests that were skipped, one a line, so that the runner can refuse them in CI.
import type { TestEvent } from 'node:test/reporters'

// biome-ignore lint/style/noDefaultExport: node --test takes a reporter's default export
export default async function* skippedReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== 'test:pass' || !event.data.skip) continue
    yield `${event.data.name} (${event.data.file ?? 'unknown file'})\n`
  }
}
