/** Strips as rows: what was written, checked against its CRC before it is shown. */

import type { Database } from 'better-sqlite3'
import { storeLimits } from '../limits.ts'
import { bytesCrc } from './crc.ts'
import { readerQueries } from './queries.ts'
import type { Damage } from './rows.ts'
import { unpackSamples } from './strip-samples.ts'

/** A strip with its samples as they lie in the row. */
export type PackedStrip = {
  readonly alertId: string
  readonly at: number
  readonly device: string
  readonly metric: string
  readonly channel: string
  readonly rateHz: number
  readonly scale: number
  readonly offset: number
  readonly unit: string
  readonly from: number
  readonly samples: Uint8Array
}

export type StripRow = PackedStrip & { readonly id: number; readonly crc: number }

/** A strip as history hands it over. */
export type KeptStrip = Omit<PackedStrip, 'samples'> & { readonly samples: Int32Array<ArrayBuffer> }

export type KeptStrips = {
  /** In the order in which they were kept. */
  readonly strips: readonly KeptStrip[]
  readonly damaged: readonly Damage[]
  /** There are more than one answer holds: the oldest are missing. */
  readonly isCut: boolean
}

export const stripCrc = ({ alertId, at, device, metric, channel, rateHz, scale, offset, unit, from, samples }: PackedStrip): number =>
  bytesCrc(samples, alertId, at, device, metric, channel, rateHz, scale, offset, unit, from)

/** Null: its bytes are not those that were written. */
function stripOf(row: StripRow): KeptStrip | null {
  const { id: _id, crc, samples, ...strip } = row
  return crc === stripCrc(row) ? { ...strip, samples: unpackSamples(samples) } : null
}

/** All that was kept of one alert, the newest first to be let in. */
export function readStrips(db: Database, alertId: string): KeptStrips {
  const strips: KeptStrip[] = []
  const damaged: Damage[] = []
  let samples = 0
  for (const row of db.prepare<[{ alertId: string; rowsMax: number }], StripRow>(readerQueries.STRIPS_OF_ALERT).iterate({ alertId, rowsMax: storeLimits.stripRowsPerAnswerMax + 1 })) {
    const strip = stripOf(row)
    samples += strip?.samples.length ?? 0
    if (strips.length + damaged.length >= storeLimits.stripRowsPerAnswerMax || samples > storeLimits.stripSamplesPerAnswerMax) return { strips: strips.toReversed(), damaged, isCut: true }
    if (strip) strips.push(strip)
    else damaged.push({ table: 'strip', row: row.id, why: 'its bytes are not those that were written' })
  }
  return { strips: strips.toReversed(), damaged, isCut: false }
}
