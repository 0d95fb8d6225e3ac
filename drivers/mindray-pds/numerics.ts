/** Numerics: 204 says what periodic parameters are, 205 whether they are valid, 503 what was measured once. */

import {
  type Fault, type Hl7Message, type Measurement, type Reading, type Segment, type Zone,
  absent, flagBit, flagsOf, hl7Time, measure, readNumber, shown, unitOfName,
} from '#driver'
import type { Parameter } from './parameters.ts'

/** What a message gave. */
export type Numbers = { readonly readings: readonly Reading[]; readonly faults: readonly Fault[]; readonly leftOut: readonly Fault[] }

const EPISODIC = flagBit('episodic')
const HISTORY = flagBit('history')
const DEMO = flagBit('demo')
const QUESTIONABLE = flagBit('questionable')
const ZONE_ASSUMED = flagBit('zone-assumed')

/** The attribute in a 205 that says of the id in OBX-4 whether it is valid. */
const VALIDITY = '2037'
const VALID = '3'
const INVALID = '2'

/** A row of a 204 while a 205 about it may follow, and what was made of it. */
type Told = { readonly parameter: Parameter; readonly written: Measurement; readonly flags: number; readonly reading: Reading }

export class Numerics {
  readonly #parameters: ReadonlyMap<string, Parameter>
  readonly #zone: Zone
  /** What the last 205 said of each id: as many as there are parameters. */
  readonly #validity = new Map<string, string>()
  /** The rows of the last 204, until something other than a 205 comes: a word on validity is never about an old value. */
  #told = new Map<string, Told>()
  /** Time and value of each id that a 503 brought last. */
  readonly #once = new Map<string, string>()

  constructor(parameters: ReadonlyMap<string, Parameter>, zone: Zone) {
    this.#parameters = parameters
    this.#zone = zone
  }

  /** A message that is no 205 came. */
  turn(): void {
    this.#told = new Map()
  }

  /** A 204. `flags`: those of the message, as bits. */
  periodic(message: Hl7Message, flags: number): Numbers {
    const readings: Reading[] = []
    const { faults, leftOut } = this.#each(message, (obx, parameter) => {
      const written = valueOf(obx, parameter)
      if (typeof written === 'string') return written
      const told = { parameter, written, flags: flags | demoOf(obx) }
      const reading = this.#judged(told)
      this.#told.set(parameter.id, { ...told, reading })
      readings.push(reading)
      return null
    })
    return { readings, faults, leftOut }
  }

  /** A 205 follows its 204: what it makes of a value that is other than what was said is said anew. */
  validity(message: Hl7Message): readonly Reading[] {
    const readings: Reading[] = []
    for (const obx of message.segments) {
      if (obx.id !== 'OBX' || obx.component(3, 1).trim() !== VALIDITY) continue
      const id = obx.component(4, 1).trim()
      if (!this.#parameters.has(id)) continue
      this.#validity.set(id, obx.component(5, 1).trim())
      const told = this.#told.get(id)
      if (told === undefined) continue
      const reading = this.#judged(told)
      if (isSame(reading, told.reading)) continue
      this.#told.set(id, { ...told, reading })
      readings.push(reading)
    }
    return readings
  }

  /**
   * A 503. `isOpening`: the monitor tells what it remembers from before; when it was measured is known on its own clock
   * alone. A value that was told before, with its time, is no new one.
   */
  aperiodic(message: Hl7Message, flags: number, isOpening: boolean): Numbers {
    const readings: Reading[] = []
    const { faults, leftOut } = this.#each(message, (obx, parameter) => {
      const time = hl7Time(obx.field(14), this.#zone)
      if (time.kind === 'broken') return 'OBX-14 is no HL7 time'
      const written = valueOf(obx, parameter)
      if (typeof written === 'string') return written
      const key = `${obx.field(14).trim()} ${obx.field(5).trim()}`
      if (this.#once.get(parameter.id) === key) return null
      this.#once.set(parameter.id, key)
      const neverMeasured = time.kind === 'none' && !obx.isEmpty(14)
      const marks = (time.kind === 'at' && !time.zoned ? ZONE_ASSUMED : 0) | (isOpening ? HISTORY : 0) | EPISODIC
      readings.push({
        metric: parameter.metric, channel: parameter.channel, measurement: neverMeasured ? absent('not-measured') : written,
        deviceAt: time.kind === 'at' ? time.at : null, flags: flagsOf(flags | marks | demoOf(obx)),
      })
      return null
    })
    return { readings, faults, leftOut }
  }

  /** `take` says what is wrong with a row of a parameter that we know, or null. */
  #each({ segments }: Hl7Message, take: (obx: Segment, parameter: Parameter) => string | null): Pick<Numbers, 'faults' | 'leftOut'> {
    const faults: Fault[] = []
    const leftOut: Fault[] = []
    let row = 0
    for (const obx of segments) {
      if (obx.id === '') faults.push({ why: 'a line that is no segment', at: `after OBX ${row}` })
      if (obx.id !== 'OBX') continue
      row++
      const id = obx.component(3, 1).trim()
      const at = `OBX ${row} (${shown(id)})`
      const parameter = this.#parameters.get(id)
      if (parameter === undefined) {
        leftOut.push({ why: 'a parameter of no metric', at })
        continue
      }
      const why = take(obx, parameter)
      if (why !== null) faults.push({ why, at })
    }
    return { faults, leftOut }
  }

  /** A number of which the monitor says that it is not valid is none; of what else it may say of it we know nothing. */
  #judged({ parameter: { id, metric, channel }, written, flags }: Omit<Told, 'reading'>): Reading {
    const validity = this.#validity.get(id) ?? VALID
    const measurement = written.kind === 'measured' && validity === INVALID ? absent('device-invalid') : written
    const doubt = written.kind === 'measured' && validity !== VALID && validity !== INVALID ? QUESTIONABLE : 0
    return { metric, measurement, channel, deviceAt: null, flags: flagsOf(flags | doubt) }
  }
}

/** Both were made of one row: its number is the same wherever it counts. */
const isSame = (one: Reading, other: Reading): boolean => one.measurement.kind === other.measurement.kind && one.flags === other.flags

const demoOf = (obx: Segment): number => (obx.field(8).toUpperCase().includes('DEMO') ? DEMO : 0)

/** A sentence where the row cannot be believed. */
function valueOf(obx: Segment, { metric, unit }: Parameter): Measurement | string {
  const status = obx.field(11).trim()
  if (status === 'X') return absent('device-invalid')
  if (status !== 'F' && status !== 'R' && status !== '') return `OBX-11 ${shown(status)} is not known`
  const written = readNumber(obx.field(5))
  if (written.kind === 'unreadable') return `OBX-5 is ${written.why}`
  if (written.kind === 'absent') return absent(written.reason)
  // Monitors leave OBX-6 empty; one that fills it is believed before the settings.
  const stated = obx.component(6, 1).trim()
  const own = stated === '' ? unit : unitOfName(stated)
  const measurement = own === undefined ? null : measure(written.value, own, metric)
  return measurement ?? `unit ${shown(stated)} does not fit ${metric.id} (${metric.unit})`
}
