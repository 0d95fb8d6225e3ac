import { replaceModule } from './hook.ts'

replaceModule('src/ops/clock.ts', 'stepped-clock.ts')
