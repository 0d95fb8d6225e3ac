import { replaceModule } from './hook.ts'

replaceModule('src/alerts/lifecycle.ts', 'forgetful-lifecycle.ts')
