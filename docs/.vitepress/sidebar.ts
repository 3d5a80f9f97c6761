// Every page of the site, by what somebody wants of it.
import type { DefaultTheme } from 'vitepress'

function pages(prefix: string, names: Readonly<Record<string, string>>): DefaultTheme.SidebarItem[] {
  return Object.entries(names).map(([name, text]) => ({ text, link: `${prefix}${name}` }))
}

const MIGRATIONS = {
  'auth-js': 'Auth.js',
  'oauth2-proxy': 'oauth2-proxy',
  'fastapi-bff': 'A FastAPI backend for frontend',
  'fastapi-gateway': 'A FastAPI gateway',
}

export const SIDEBAR: DefaultTheme.SidebarItem[] = [
  {
    text: 'Begin',
    items: pages('/docs/', { start: 'Start in five minutes', concepts: 'Concepts', guides: 'Guides by framework' }),
  },
  {
    text: 'Guides',
    items: [
      ...pages('/docs/', {
        nextjs: 'Next.js',
        embedded: 'Inside any server',
        browser: 'Single-page apps',
        guards: 'Services: the guard',
        provisioning: 'Keycloak clients',
        secrets: 'Secrets',
        kubernetes: 'Kubernetes',
      }),
      { text: 'Moving', link: '/docs/migrate/README', items: pages('/docs/migrate/', MIGRATIONS) },
      {
        text: 'Examples',
        collapsed: true,
        items: pages('/examples/', {
          'agent-chat/README': 'Chat of a tenant, Next.js',
          'two-clients/README': 'Two clients, Next.js and Python',
          'spa/README': 'Single-page app, Vite',
          'microservices/README': 'Three services, three languages',
          'express-service/README': 'Service in Express',
          'fastify-service/README': 'Service in Fastify',
          'hono-service/README': 'Service in Hono',
          'fastapi-service/README': 'Service in FastAPI',
        }),
      },
    ],
  },
  {
    text: 'Reference',
    items: pages('/docs/', {
      configuration: 'Configuration',
      endpoints: 'Endpoints',
      cli: 'Command line',
      credentials: 'Credentials',
      access: 'Access',
      sessions: 'Sessions',
      errors: 'Errors',
      'api/README': 'Packages',
      'storage-format': 'Storage format',
      architecture: 'Architecture',
    }),
  },
  {
    text: 'Operations',
    items: pages('/docs/', {
      troubleshooting: 'Troubleshooting',
      doctor: 'Doctor',
      runbook: 'Runbook',
    }),
  },
  {
    text: 'Trust',
    items: pages('/', {
      SECURITY: 'Security',
      'docs/benchmarks': 'Benchmarks',
      'conformance/README': 'Conformance',
      'notes/chaos/README': 'Sessions under faults',
      'notes/keycloak/README': 'What Keycloak does',
      'notes/kubernetes/README': 'What Kubernetes does',
      'notes/peers/README': 'What other software does',
      CHANGELOG: 'Changes',
      CONTRIBUTING: 'Contributing',
    }),
  },
]
