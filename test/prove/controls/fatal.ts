import { replaceModule } from './hook.ts'

replaceModule('drivers/hl7/driver.ts', 'fatal-driver.ts')
