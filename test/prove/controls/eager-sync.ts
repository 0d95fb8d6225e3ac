/**
 * No promise taken away: sync rests for less than five seconds between batches, and a batch holds as many rows as the trial
 * says, so that a trial of seconds has many batches, and cuts the same rows in another way after a restore.
 */

import { syncLimits } from '../../../src/limits.ts'
import { ROWS_PER_BATCH } from '../rows-per-batch.ts'

Object.assign(syncLimits, { lingerMs: 20, pollMs: 50, rowsPerBatchMax: Number(process.env[ROWS_PER_BATCH] ?? 1) })
