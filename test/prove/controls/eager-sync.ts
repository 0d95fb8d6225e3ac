/** No promise taken away: sync rests for less than five seconds between batches, so that a trial of seconds has several. */

import { syncLimits } from '../../../src/limits.ts'

Object.assign(syncLimits, { lingerMs: 100, pollMs: 100 })
