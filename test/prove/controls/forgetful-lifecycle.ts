/** For a control: what was open before a start is forgotten, and minted anew. */

import { createLifecycle as createReal } from '../../../src/alerts/lifecycle.ts'

export * from '../../../src/alerts/lifecycle.ts'

export const createLifecycle = (...[mint, , settings]: Parameters<typeof createReal>): ReturnType<typeof createReal> => createReal(mint, [], settings)
