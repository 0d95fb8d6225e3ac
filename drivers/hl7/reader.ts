/** How the rows of one message are to be read: its times, its marks, its dialect, and what an OBR says of the rows behind it. */

import {
  type Hl7Message, type Hl7Time, type Segment, type Separators, type Zone, fixedZone, flagBit, hl7Offset, hl7Time, part, shown,
} from '#driver'
import { specimenOf } from './laboratory.ts'
import type { Surroundings } from './observation.ts'
import { type Profile, profileOf } from './profiles.ts'

/** How the times of a message are to be read, and whose dialect it is. */
export type Reader = {
  /** A timestamp of this message, in its zone. */
  readonly time: (text: string) => Hl7Time
  /** MSH-7. */
  readonly sent: Hl7Time
  readonly profile: () => Profile
  /** DEMO or TEST of the whole message, as flag bits. */
  readonly flags: number
}

const DEMO = flagBit('demo')
const TEST = flagBit('test')

/** HL7 table 0103, in MSH-11; null for a processing id that is none. */
export function processingFlags(header: Segment): number | null {
  switch (header.value(11).trim().toUpperCase()) {
    case '':
    case 'P':
      return 0
    case 'D':
      return DEMO
    case 'T':
      return TEST
    default:
      return null
  }
}

/** HL7 2.6, 2.15.9.7: an offset in MSH-7 holds for all times of the message that state none; else the site's zone does. */
function timeReader(header: Segment, zone: Zone): (text: string) => Hl7Time {
  const offset = hl7Offset(header.field(7))
  const stated = offset === null ? null : fixedZone(offset)
  // Most times of a message are the same text.
  let lastText = ''
  let last: Hl7Time = { kind: 'none' }
  return (text) => {
    if (text !== lastText) {
      const time = hl7Time(text, stated ?? zone)
      last = stated !== null && time.kind === 'at' ? { ...time, zoned: true } : time
      lastText = text
    }
    return last
  }
}

/** `profile`: null where each message tells. */
export function readerOf(message: Hl7Message, of: { readonly zone: Zone; readonly profile: Profile | null; readonly flags: number }): Reader {
  const { zone, profile, flags } = of
  const time = timeReader(message.header, zone)
  let known = profile
  return { time, sent: time(message.header.field(7)), flags, profile: () => (known ??= profileOf(message)) }
}

/** What an OBR says of the rows behind it. */
export function surroundingsOf(obr: Segment | null, { separators }: Hl7Message, { time, sent, profile, flags }: Reader): Surroundings {
  const group: Hl7Time = obr === null ? { kind: 'none' } : time(obr.field(7))
  const specimen = obr === null || obr.isEmpty(15) ? '' : specimenOf(obr.value(15))
  return { separators, flags, time, profile, specimen, isTimed: group.kind === 'at', defaultTime: group.kind === 'none' ? sent : group }
}

/** The row is counted: OBX-1 is empty on some monitors and repeated on others. */
export function placeOf(obx: Segment, row: number, separators: Separators): string {
  const code = part(obx.field(3), separators.component, 1)
  return `OBX ${row}${code === '' ? '' : ` (${shown(code)})`}`
}
