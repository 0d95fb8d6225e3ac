/** ISO 8601 instants (RFC 3339): date, `T`, time, and an offset, which must be there. */

import { type WallMs, wallMs } from '../domain/time.ts'
import { offsetMinutesOf } from './zone.ts'

const ISO = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d{2}:?\d{2})$/

/** Null when the text is no instant: a time without an offset is none. */
export function isoTime(text: string): WallMs | null {
  const match = ISO.exec(text)
  if (match === null) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map((field) => Number(field ?? '0'))
  const offset = /^z$/i.test(match[8] ?? '') ? 0 : offsetMinutesOf(match[8] ?? '')
  if (offset === null || year < 1000 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return null
  const dayMs = Date.UTC(year, month - 1, day)
  if (new Date(dayMs).getUTCDate() !== day) return null
  const ms = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  return wallMs(dayMs + ((hour * 60 + minute - offset) * 60 + second) * 1_000 + ms)
}
