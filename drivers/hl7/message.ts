/** One ORU^R01: what it is about, its readings and its faults. */

import {
  type Fault, type Hl7Message, type Hl7Time, type Reading, type Segment, type WallMs, type Zone, fixedZone, flagBit, hl7Offset, hl7Time, part, shown,
} from '#driver'
import { type Surroundings, readObservation } from './observation.ts'

/** IHE PCIM: which patient is on which device. */
const ASSOCIATION = '69136'

/** What the segments of a message say of the message as a whole. */
export type Survey = {
  /** It has an MSA: it acknowledges or answers another message. */
  readonly answers: boolean
  /** Why its values could be anybody's, or are none; null when there is no such reason. */
  readonly objection: string | null
  readonly patient: Segment | null
  readonly visit: Segment | null
}

export function survey(message: Hl7Message): Survey {
  let answers = false
  let objection: string | null = null
  let patient: Segment | null = null
  let visit: Segment | null = null
  for (const segment of message.segments) {
    switch (segment.id) {
      case 'OBX':
        break
      case 'OBR':
        if (segment.component(4, 1) === ASSOCIATION) objection ??= 'patient-device association is not supported'
        break
      case 'PID':
        if (patient !== null && !isSame(patient, segment, [3, 5])) objection ??= 'several patients in one message'
        patient ??= segment
        break
      case 'PV1':
        if (visit !== null && !isSame(visit, segment, [3])) objection ??= 'several places in one message'
        visit ??= segment
        break
      case 'MSH':
        if (segment !== message.header) objection ??= 'two messages in one frame'
        break
      case 'MSA':
        answers = true
    }
  }
  return { answers, objection, patient, visit }
}

const isSame = (a: Segment, b: Segment, fields: readonly number[]): boolean => fields.every((n) => a.field(n) === b.field(n))

export type Observations = {
  readonly readings: Reading[]
  readonly faults: Fault[]
  readonly leftOut: Fault[]
  /** MSH-7. */
  readonly sentAt: WallMs | null
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

/** `flags`: those of the whole message. */
export function readObservations(message: Hl7Message, zone: Zone, flags: number): Observations {
  const { header, separators, segments } = message
  const time = timeReader(header, zone)
  const sent = time(header.field(7))
  const gathered: Observations = { readings: [], faults: [], leftOut: [], sentAt: sent.kind === 'at' ? sent.at : null }
  let around: Surroundings = { separators, flags, time, defaultTime: sent }
  let row = 0
  for (const segment of segments) {
    switch (segment.id) {
      case 'OBX':
        row++
        take(segment, row, around, gathered)
        break
      case 'OBR': {
        const group = time(segment.field(7))
        around = { separators, flags, time, defaultTime: group.kind === 'none' ? sent : group }
        break
      }
      case '':
        gathered.faults.push({ why: 'a line that is no segment', at: `after OBX ${row}` })
    }
  }
  return gathered
}

function take(obx: Segment, row: number, around: Surroundings, { readings, faults, leftOut }: Observations): void {
  const taken = readObservation(obx, around)
  if (taken === null) return
  if ('metric' in taken) readings.push(taken)
  else (taken.kind === 'fault' ? faults : leftOut).push({ why: taken.why, at: placeOf(obx, row, around) })
}

/** The row is counted: OBX-1 is empty on some monitors and repeated on others. */
function placeOf(obx: Segment, row: number, { separators }: Surroundings): string {
  const code = part(obx.field(3), separators.component, 1)
  return `OBX ${row}${code === '' ? '' : ` (${shown(code)})`}`
}
