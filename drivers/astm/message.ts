/** A whole message (H to L) into what it says: whose blood, when, and each result. */

import { type Fault, type PatientIdentity, type Reading, type Sender, type WallMs, type Zone, driverLimits, flagBit, hl7Time } from '#driver'
import { type Fields, recordsOf } from './records.ts'
import { type Specimen, resultOf } from './results.ts'

export type Message = {
  readonly sender: Sender
  readonly messageId: string | null
  readonly sentAt: WallMs | null
  readonly readings: readonly Reading[]
  readonly faults: readonly Fault[]
  readonly leftOut: readonly Fault[]
  readonly identity: PatientIdentity | null
}

const NOBODY: Sender = { name: null, location: null }
/** H-12: training and debugging; and quality control, which measures a fluid from a bottle. */
const TEST_PROCESSING = ['T', 'D', 'Q']
/** L-3: the end is a usual one. */
const USUAL_ENDS = ['', 'N', 'F']

type Read = Message | { readonly skip: string } | { readonly refuse: string; readonly sender: Sender }

export function readMessage(bytes: Uint8Array, zone: Zone): Read {
  const records = recordsOf(bytes)
  if (typeof records === 'string') return { refuse: records, sender: NOBODY }
  const header = records[0]
  const end = records.at(-1)
  if (header === undefined || end === undefined) return { refuse: 'no record in it', sender: NOBODY }
  const sender: Sender = { name: header.components(5)[0]?.trim() || null, location: null }
  const results = records.filter(({ type }) => type === 'R')
  if (records.filter(({ type }) => type === 'H').length > 1) return { refuse: 'two messages in one', sender }
  if (results.length === 0) return { skip: records.some(({ type }) => type === 'Q') ? 'a query: there are no orders here' : 'a message without results' }
  if (records.length > driverLimits.astmRecordsPerMessageMax) return { refuse: `more than ${driverLimits.astmRecordsPerMessageMax} records`, sender }
  if (records.filter(({ type }) => type === 'P').length > 1) return { refuse: 'results of more than one patient', sender }
  if (!USUAL_ENDS.includes(end.field(3).trim())) return { refuse: 'ended by its sender before it was whole', sender }
  const sent = hl7Time(header.field(14), zone)
  const sentAt = sent.kind === 'at' ? sent.at : null
  const told = tell(records, { zone, marks: TEST_PROCESSING.includes(header.field(12).trim()) ? flagBit('test') : 0 })
  // Two that were sent in one second differ in their length, or at worst are both stored: the whole message decides on a repeat.
  const messageId = header.field(3).trim() || (sentAt === null ? null : `${sentAt}/${bytes.length}`)
  return { sender, messageId, sentAt, ...told }
}

type Told = Pick<Message, 'readings' | 'faults' | 'leftOut' | 'identity'>

function tell(records: readonly Fields[], { zone, marks }: { readonly zone: Zone; readonly marks: number }): Told {
  const readings: Reading[] = []
  const faults: Fault[] = []
  const leftOut: Fault[] = []
  let patient: Fields | null = null
  let order: Order = orderOf(records, 0, zone)
  const samples: string[] = []
  records.forEach((record, index) => {
    if (record.type === 'P') patient = record
    else if (record.type === 'O') {
      order = orderOf(records, index, zone)
      samples.push(...order.sampleIds)
    } else if (record.type === 'R') {
      const { at, zoned } = timeOf(record, zone) ?? order.time
      const flags = marks | (order.isControl ? flagBit('test') : 0) | (at === null || zoned ? 0 : flagBit('zone-assumed'))
      const result = resultOf(record, commentsBehind(records, index), { specimen: order.specimen, at, marks: flags })
      if (result.reading !== null) readings.push(result.reading)
      faults.push(...result.faults)
      leftOut.push(...result.leftOut)
    } else if (!KNOWN_TYPES.includes(record.type)) leftOut.push({ why: 'a record of another kind', at: /^[A-Z]$/.test(record.type) ? record.type : '–' })
  })
  const identity = patient === null ? null : identityOf(patient, samples)
  if (patient !== null && identity === null) leftOut.push({ why: 'a patient id that is none', at: 'P' })
  return { readings, faults, leftOut, identity }
}

const KNOWN_TYPES = ['H', 'C', 'L']

function commentsBehind(records: readonly Fields[], index: number): readonly Fields[] {
  let end = index + 1
  while (records[end]?.type === 'C') end++
  return records.slice(index + 1, end)
}

type Time = { readonly at: WallMs | null; readonly zoned: boolean }
type Order = {
  readonly specimen: Specimen
  readonly isControl: boolean
  readonly sampleIds: readonly string[]
  /** Of results that tell none themselves. */
  readonly time: Time
}

/**
 * What holds for the results from `index` on, where an order record stands unless the message has none. Analysers put the time
 * into the first result of a sample alone; where none has one, that at which the blood was drawn stands for it (O-8).
 */
function orderOf(records: readonly Fields[], index: number, zone: Zone): Order {
  let time: Time | null = null
  for (let at = index + 1; time === null && at < records.length && records[at]?.type !== 'O'; at++) {
    const record = records[at]
    if (record?.type === 'R') time = timeOf(record, zone)
  }
  const record = records[index]
  if (record?.type !== 'O') return { specimen: '', isControl: false, sampleIds: [], time: time ?? NO_TIME }
  return {
    specimen: specimenOf(record.components(16)[0] ?? ''),
    isControl: record.field(12).trim() === 'Q',
    sampleIds: [...record.components(3), ...record.components(4)].map((id) => id.trim()).filter((id) => id !== ''),
    time: time ?? timeIn(record, 8, zone) ?? NO_TIME,
  }
}

const NO_TIME: Time = { at: null, zoned: false }

/** When a result was measured: R-12, where it was begun, else R-13. */
const timeOf = (record: Fields, zone: Zone): Time | null => timeIn(record, 12, zone) ?? timeIn(record, 13, zone)

function timeIn(record: Fields, field: number, zone: Zone): Time | null {
  const time = hl7Time(record.field(field), zone)
  return time.kind === 'at' ? time : null
}

/** The first that fits: arterialised blood of a fingertip is capillary, mixed venous blood is not that of a vein. */
const SPECIMENS: readonly (readonly [RegExp, Specimen])[] = [
  [/cord|umbil|fet|foet/i, 'other'],
  [/capill/i, 'capillary'],
  [/mixed/i, 'mixed-venous'],
  [/^arter/i, 'arterial'],
  [/^ven/i, 'venous'],
  [/^(?:not specified)?$/i, ''],
]
const specimenOf = (text: string): Specimen => SPECIMENS.find(([pattern]) => pattern.test(text.trim()))?.[1] ?? 'other'

const PATIENT_ID = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,62})[A-Za-z0-9]$/

/**
 * P-4, where analysers put what was typed or scanned at them, else P-3. None where it cannot be one: blank, zeros, two that
 * differ, or the number of the sample scanned in its place. Without an id a name alone says too little.
 */
function identityOf(record: Fields, samples: readonly string[]): PatientIdentity | null {
  const ids = new Set([3, 4].map((number) => record.components(number)[0]?.trim() ?? '').filter((id) => id !== ''))
  const [mrn, other] = ids
  if (mrn === undefined || other !== undefined || !PATIENT_ID.test(mrn) || /^0+$/.test(mrn) || samples.includes(mrn)) return null
  const name = record.components(6).slice(0, 2).map((part) => part.trim()).filter((part) => part !== '').join(', ')
  return { mrn, name: name === '' ? null : name }
}
