import { replaceModule } from './hook.ts'

replaceModule('src/drivers.ts', 'poison-drivers.ts')
