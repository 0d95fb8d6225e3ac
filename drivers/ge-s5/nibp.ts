/**
 * The cuff. A monitor repeats its last measurement in every record for as long as it shows it, so that which of them is a
 * new one has to be found out: by the time of measurement where the monitor sends it (auxiliary part), else by the bits of
 * the group's label and by the numbers.
 */

import { type AbsentReason, absent } from '#driver'
import { row } from './labels.ts'
import type { Group, Reader } from './physiological.ts'
import { i16 } from './record.ts'
import { type Values, believed, isData, rounded } from './values.ts'

const METRICS = [row(150021), row(150022), row(150023), row(149546)] as const
const SCALES = [0.01, 0.01, 0.01, 1] as const

const MEASURING = 1 << 5
const OLDER_THAN_60_S = 1 << 8

/** The monitor calls a measurement old after this; what it shows may have been measured so long before it was first seen here. */
const NEW_FOR_S = 60

/** What was seen and passed on last. One for the values of the moment, one for each trend. */
export class NibpBook {
  shown = ''
  isMeasuring = false
  isOld = false
  /** The monitor's own time of the newest measurement, in seconds of its clock. */
  cuffAt: number | null = null
  /** Passed on without a time of its own: the numbers, and when (seconds of the record). */
  untimed: { readonly shown: string; readonly at: number } | null = null
}

/** Passes a measurement on once, and once that there is none any more. */
export function readCuff(group: Group, values: Values, reader: Reader): void {
  const { nibp: book, cuffAt } = reader
  const { active, label } = group
  const raws = METRICS.map((_metric, field) => i16(group.bytes, group.at + 6 + field * 2))
  const wasMeasuring = book.isMeasuring
  book.isMeasuring = active && (label & MEASURING) !== 0
  // What still stands there is the measurement before.
  if (book.isMeasuring) return
  const shown = active ? raws.join() : 'inactive'
  const isOld = active && (label & OLDER_THAN_60_S) !== 0 && raws.some(isData)
  const isOther = shown !== book.shown || wasMeasuring || (book.isOld && !isOld)
  Object.assign(book, { shown, isOld })
  const timed = active ? cuffAt : null
  if (timed !== null ? !isNewAt(book, timed) : isOld || !isOther) {
    if (isOld && isOther && timed === null) values.leave('nibp', 'older than 60 s, and its time is not known')
    return
  }
  book.untimed = timed === null ? { shown, at: reader.at } : null
  METRICS.forEach((metric, field) => {
    const raw = raws[field] ?? 0
    const measurement = active && isData(raw)
      ? believed(metric, rounded(raw * (SCALES[field] ?? 1), metric))
      : absent(reasonOf(values.reasonOf(metric, raw, { active }), active && wasMeasuring))
    values.add(metric, measurement, { flags: ['episodic'], at: timed === null ? values.at : reader.timeOf(timed) })
  })
}

/** Nothing after a measurement: it failed. Nothing at other times: the monitor took an old one off its screen. */
function reasonOf(reason: AbsentReason, failed: boolean): AbsentReason {
  if (reason === 'out-of-range') return reason
  return failed ? 'device-invalid' : 'not-measured'
}

/** A time that was not told before, of a measurement that was not passed on without its time just now. */
function isNewAt(book: NibpBook, cuffAt: number): boolean {
  if (book.cuffAt === cuffAt) return false
  const { untimed } = book
  book.cuffAt = cuffAt
  return !(untimed !== null && untimed.shown === book.shown && cuffAt <= untimed.at && untimed.at - cuffAt <= NEW_FOR_S)
}
