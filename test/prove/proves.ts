/** Every prove, by the name that `npm run prove -- <name>` takes. */

import type { Prove } from './prove.ts'

export const PROVES: Readonly<Record<string, () => Promise<{ readonly prove: Prove }>>> = {
}
