import type { UserConfig } from 'vitepress'

export type VitePlugin = NonNullable<NonNullable<UserConfig['vite']>['plugins']>[number]
