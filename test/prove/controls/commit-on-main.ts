import { replaceModule } from './hook.ts'

replaceModule('src/store/store.ts', 'main-store.ts')
replaceModule('src/ops/watchdog.ts', 'no-watchdog.ts')
