import { replaceModule } from './hook.ts'

replaceModule('src/store/store.ts', 'early-store.ts')
