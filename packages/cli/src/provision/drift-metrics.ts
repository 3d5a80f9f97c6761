// What "doorman drift --watch" counts, for Prometheus. Labels are local names of realms.
import { Counter, Gauge, Registry } from 'prom-client'
import type { CheckedRealm } from './plan-ground.ts'

export interface DriftMetrics {
  readonly contentType: string
  record(realms: readonly CheckedRealm[]): void
  /** The file itself was wrong: no realm was compared. */
  fail(): void
  /** The text format of Prometheus, version 0.0.4. */
  render(): Promise<string>
}

export function createDriftMetrics(): DriftMetrics {
  const registry = new Registry()
  const meters = createMeters(registry)
  return {
    contentType: registry.contentType,
    record(realms) {
      for (const realm of realms) {
        const labels = { realm: realm.name }
        meters.failures.inc(labels, realm.kind === 'failed' ? 1 : 0)
        if (realm.kind === 'failed') continue
        const { changes, foreign, unseen } = realm.plan
        meters.changes.set(labels, changes.length + foreign.length)
        meters.unseen.set(labels, unseen.length)
        meters.lastSuccess.set(labels, Date.now() / 1000)
      }
    },
    fail: () => meters.badFiles.inc(),
    render: () => registry.metrics(),
  }
}

function createMeters(registry: Registry) {
  const registers = [registry]
  const labelNames = ['realm'] as const
  return {
    changes: new Gauge({
      name: 'doorman_drift_changes',
      help: 'Things of the realm that are not as the file wants them, at the last comparison.',
      labelNames,
      registers,
    }),
    unseen: new Gauge({
      name: 'doorman_drift_unseen_parts',
      help: 'Parts of the realm that the credential could not see at the last comparison.',
      labelNames,
      registers,
    }),
    lastSuccess: new Gauge({
      name: 'doorman_drift_last_success_timestamp_seconds',
      help: 'When the realm was compared last.',
      labelNames,
      registers,
    }),
    failures: new Counter({
      name: 'doorman_drift_failures_total',
      help: 'Comparisons that failed.',
      labelNames,
      registers,
    }),
    badFiles: new Counter({
      name: 'doorman_drift_wrong_files_total',
      help: 'Comparisons that were not made, because the file was wrong.',
      registers,
    }),
  }
}
