// How the command ends. docs/cli.md tells the same.
export const EXIT_CODE = {
  ok: 0,
  /** Something failed, or the command line was not understood. */
  failure: 1,
  /** `doorman explain`: the request would be refused. */
  denied: 2,
  /** `doorman plan` and `doorman drift`: something differs. `doorman secret deliver --dry-run`: it would be written. */
  changes: 2,
  /** The configuration is wrong (EX_CONFIG of sysexits). */
  configuration: 78,
} as const

export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE]
