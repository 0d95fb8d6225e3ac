/** For a control: central is never asked what it has. */

import { createHttpsBatch as createReal } from '../../../src/sync/sinks/https-batch.ts'

export * from '../../../src/sync/sinks/https-batch.ts'

export function createHttpsBatch(...[settings]: Parameters<typeof createReal>): ReturnType<typeof createReal> {
  const { instance: _instance, ...rest } = settings
  return createReal(rest)
}
