/** One ORU^R01 into what a frame says: its readings, its faults, its patient and its place. */

import { type Fault, type Hl7Message, type Hl7Time, type PatientIdentity, type Reading, type Segment, type WallMs, type Zone, fixedZone, flagBit, hl7Offset, hl7Time, part, shown } from '#driver'
import { type Surroundings, readObservation } from './observation.ts'
import { identityOf } from './people.ts'

/** IHE PCIM: which patient is on which device. */
const ASSOCIATION = '69136'

/** Messages in the form of observations that say something else; null when it is observations. */
export function otherUse(message: Hl7Message): string | null {
  const associates = message.segments.some((segment) => segment.id === 'OBR' && segment.component(4, 1) === ASSOCIATION)
  return associates ? 'patient-device association is not supported' : null
}

export type Observations = {
  readonly readings: Reading[]
  readonly faults: Fault[]
  readonly leftOut: Fault[]
  /** MSH-7. */
  sentAt: WallMs | null
  identity: PatientIdentity | null
  /** The first PV1. */
  visit: Segment | null
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
  const gathered: Observations = { readings: [], faults: [], leftOut: [], sentAt: sent.kind === 'at' ? sent.at : null, identity: null, visit: null }
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
      case 'PID':
        gathered.identity ??= identityOf(segment)
        break
      case 'PV1':
        gathered.visit ??= segment
        break
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
