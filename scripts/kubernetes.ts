// What `npm run kubernetes:prepare` runs: builds the Kubernetes API server of the tests, once per machine.
import {
  KUBERNETES_VERSION,
  prepareKubernetes,
} from '../packages/provision/test/support/servers/kubernetes-binaries.ts'

try {
  await prepareKubernetes((line) => console.error(line))
  console.log(`A Kubernetes ${KUBERNETES_VERSION} API server is here. \`npm run test:k8s\` uses it.`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
