import { replaceModule } from './hook.ts'

replaceModule('src/ops/watchdog.ts', 'no-watchdog.ts')
