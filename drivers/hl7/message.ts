/** One message of observations: what it is about, its readings, waves and alert rows, and its faults. */

import type { Fault, Hl7Message, Reading, Segment, Waveform } from '#driver'
import { type Surroundings, readObservation } from './observation.ts'
import { type Reader, placeOf, surroundingsOf } from './reader.ts'
import { readWaves } from './waves.ts'

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
  readonly waveforms: Waveform[]
  /** Rows that say which alerts are active. */
  readonly alerts: Segment[]
  readonly faults: Fault[]
  readonly leftOut: Fault[]
}

export function readObservations(message: Hl7Message, reader: Reader): Observations {
  const gathered: Observations = { readings: [], waveforms: [], alerts: [], faults: [], leftOut: [] }
  let around = surroundingsOf(null, message, reader)
  let row = 0
  let hasWaves = false
  for (const segment of message.segments) {
    switch (segment.id) {
      case 'OBX':
        row++
        if (take(segment, row, around, gathered) === 'wave') hasWaves = true
        break
      case 'OBR':
        around = surroundingsOf(segment, message, reader)
        break
      case '':
        gathered.faults.push({ why: 'a line that is no segment', at: `after OBX ${row}` })
    }
  }
  if (hasWaves) readWaves(message, reader, gathered)
  return gathered
}

function take(obx: Segment, row: number, around: Surroundings, { readings, alerts, faults, leftOut }: Observations): 'wave' | null {
  const taken = readObservation(obx, around)
  if (taken === null) return null
  if ('metric' in taken) {
    readings.push(taken)
    if (taken.flags.length > 0 && obx.field(11).trim() === 'C') leftOut.push({ why: 'corrected', at: placeOf(obx, row, around.separators) })
    return null
  }
  switch (taken.kind) {
    case 'wave':
      return 'wave'
    case 'alert':
      alerts.push(obx)
      return null
    case 'fault':
    case 'left out':
      (taken.kind === 'fault' ? faults : leftOut).push({ why: taken.why, at: placeOf(obx, row, around.separators) })
      return null
  }
}
