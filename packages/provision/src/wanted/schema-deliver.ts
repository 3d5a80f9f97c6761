// clients.NAME.deliver: where what a client needs is written, and under which names.
import { z } from 'zod'
import { filePath, matching, nonEmpty, parsed } from './schema-values.ts'
import { SHAPE_NAMES } from './shapes.ts'
import type { Workload } from './wanted.ts'

const KINDS: Readonly<Record<string, Workload['kind']>> = {
  deployment: 'Deployment',
  statefulset: 'StatefulSet',
  daemonset: 'DaemonSet',
}

const DNS_NAME = /^[a-z\d]([-a-z\d.]{0,251}[a-z\d])?$/

function parseWorkload(value: string): Workload | undefined {
  const [kind = '', name = '', ...rest] = value.split('/')
  const known = Object.hasOwn(KINDS, kind.toLowerCase()) ? KINDS[kind.toLowerCase()] : undefined
  return known !== undefined && rest.length === 0 && DNS_NAME.test(name) ? { kind: known, name } : undefined
}

const shape = z
  .enum(SHAPE_NAMES, `one of ${SHAPE_NAMES.join(', ')}`)
  .optional()
  .meta({
    description: 'The names and values that a consumer reads. `shape` or `keys` is required.',
  })

const keys = z
  .record(matching('a name of letters, digits, -, _ and .', /^[-.\w]{1,253}$/), z.string('a template'))
  .optional()
  .meta({
    description: 'Names and templates of values, such as `{{clientSecret}}`. Beside `shape` they add to it or replace.',
    'x-name': 'KEY',
  })

const kubernetes = z.strictObject({
  kubernetes: z
    .strictObject({
      namespaces: z
        .array(matching('the name of a namespace', /^[a-z\d]([-a-z\d]{0,61}[a-z\d])?$/))
        .min(1, 'at least one namespace')
        .meta({ description: 'The namespaces that get the Secret.' }),
      name: matching('the name of a Secret', DNS_NAME).meta({ description: 'The name of the Secret.' }),
      labels: z
        .record(nonEmpty('a label'), z.string('a text'))
        .default({})
        .meta({ description: 'Labels of the Secret.', 'x-name': 'LABEL' }),
      restart: z
        .array(parsed('a workload such as deployment/mlflow, statefulset/… or daemonset/…', parseWorkload))
        .default([])
        .meta({
          description: 'Workloads whose pods are replaced when the content has changed, such as `deployment/mlflow`.',
          'x-type': 'list of KIND/NAME',
        }),
    })
    .meta({ description: 'A Secret in a cluster.' }),
  shape,
  keys,
})

const envFile = z.strictObject({
  envFile: filePath.meta({ description: 'An `.env` file, written with mode 0600.' }),
  shape,
  keys,
})

const file = z.strictObject({
  file: filePath.meta({ description: 'Any file, written with mode 0600.' }),
  template: nonEmpty('a template').meta({ description: 'Its whole content, such as `{{clientSecret}}`.' }),
})

const command = z.strictObject({
  command: z
    .array(nonEmpty('a program or an argument'))
    .min(1, 'a program and its arguments')
    .meta({ description: 'A program and its arguments, without a shell. It reads lines `KEY=value` from its input.' }),
  shape,
  keys,
})

export const delivery = z.union(
  [kubernetes, envFile, file, command],
  'one of { kubernetes: … }, { envFile: PATH }, { file: PATH, template: … }, { command: [PROGRAM, …] }',
)

export type ParsedDelivery = z.output<typeof delivery>
