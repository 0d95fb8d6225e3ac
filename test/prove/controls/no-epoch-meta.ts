/** For a control: the database goes on under its first epoch, whatever became of it. */

import { type Settled, type Settling, type beginEpoch as beginReal, metaOf, settleMeta as settleReal } from '../../../src/store/meta.ts'

export * from '../../../src/store/meta.ts'

export const settleMeta = (...[db, settling]: Parameters<typeof settleReal>): Settled =>
  settleReal(db, { ...settling, why: null, reachOf: () => 0, place: metaOf(db)?.place ?? settling.place } satisfies Settling)

export const beginEpoch = (...[db]: Parameters<typeof beginReal>): string => metaOf(db)?.epoch ?? ''
