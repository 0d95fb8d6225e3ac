import { replaceModule } from './hook.ts'

replaceModule('src/store/meta.ts', 'no-epoch-meta.ts')
replaceModule('src/sync/sinks/https-batch.ts', 'no-claim.ts')
