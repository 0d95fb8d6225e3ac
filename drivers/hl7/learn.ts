/**
 * What a sender's messages consist of, code by code: what a profile is made from. Texts of a message are never told; numbers
 * as a range, where they have a unit.
 */

import {
  type DriverSettings, type Hl7Message, MllpFramer, type Segment, type Zone, driverLimits, part, readHl7, readNumber, settingOf, shown, unitOfName, zoneSetting,
} from '#driver'
import { readObservation } from './observation.ts'
import { PROFILE_SETTING, type Profile, profileSetting } from './profiles.ts'
import { processingFlags, readerOf, surroundingsOf } from './reader.ts'

export type LearntCode = {
  /** OBX-3 as it came, and OBX-6; a dash in place of what may be anybody's words. */
  readonly code: string
  readonly unit: string
  /** Data types of OBX-2. */
  readonly types: readonly string[]
  /** Of OBX-4, the first few. */
  readonly channels: readonly string[]
  readonly count: number
  /** The metric that it was taken for; null when it never was. */
  readonly metric: string | null
  /** Why rows were not believed or left out, and how often. */
  readonly reasons: ReadonlyMap<string, number>
  /** Smallest and largest number that it had; null when it had none. */
  readonly range: readonly [number, number] | null
}

export type Learnt = {
  readonly messages: number
  /** By profile, how many messages were taken for it. */
  readonly profiles: ReadonlyMap<string, number>
  /** Message types, as in MSH-9. */
  readonly types: ReadonlyMap<string, number>
  readonly codes: readonly LearntCode[]
  /** Rows of codes beyond the limit. */
  readonly rowsBeyond: number
}

type Entry = {
  code: string
  unit: string
  types: Set<string>
  channels: Set<string>
  count: number
  metric: string | null
  reasons: Map<string, number>
  range: [number, number] | null
}

const WORDS_TOLD_MAX = 6
/** The name of an analyte, with its charge. */
const PLACE = /^[A-Za-z0-9.+()-]{1,24}$/
const TYPES_TOLD_MAX = 50

const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1)

export class Learner {
  readonly #zone: Zone
  readonly #profile: Profile | null
  readonly #framer = new MllpFramer({ frameBytesMax: driverLimits.hl7FrameBytesMax, keptBytesMax: 0, noiseSpanBytesMax: driverLimits.noiseSpanBytesMax })
  readonly #codes = new Map<string, Entry>()
  readonly #profiles = new Map<string, number>()
  readonly #types = new Map<string, number>()
  #messages = 0
  #rowsBeyond = 0

  /** @throws RangeError with a sentence for the engineer when a setting is wrong. */
  constructor(settings: DriverSettings) {
    this.#zone = zoneSetting(settings)
    this.#profile = profileSetting(settingOf(settings, PROFILE_SETTING))
  }

  push(bytes: Uint8Array): void {
    for (const frame of this.#framer.push(bytes)) if (frame.kind === 'message') this.#learn(frame.content)
  }

  end(): Learnt {
    for (const frame of this.#framer.end()) if (frame.kind === 'message') this.#learn(frame.content)
    const codes = [...this.#codes.values()].sort((one, other) => other.count - one.count)
    return {
      messages: this.#messages, profiles: this.#profiles, types: this.#types, rowsBeyond: this.#rowsBeyond,
      codes: codes.map((entry) => ({ ...entry, types: [...entry.types], channels: [...entry.channels] })),
    }
  }

  #learn(content: Uint8Array): void {
    const read = readHl7(content, { segmentsMax: driverLimits.hl7SegmentsPerMessageMax })
    if (read.kind === 'broken') return
    const { header } = read.message
    const type = shown(`${header.component(9, 1)}^${header.component(9, 2)}`)
    this.#messages++
    if (this.#types.has(type) || this.#types.size < TYPES_TOLD_MAX) count(this.#types, type)
    this.#learnRows(read.message)
  }

  #learnRows(message: Hl7Message): void {
    const reader = readerOf(message, { zone: this.#zone, profile: this.#profile, flags: processingFlags(message.header) ?? 0 })
    count(this.#profiles, reader.profile().id)
    let around = surroundingsOf(null, message, reader)
    for (const segment of message.segments) {
      if (segment.id === 'OBR') around = surroundingsOf(segment, message, reader)
      const entry = segment.id === 'OBX' ? this.#entryOf(segment, around.separators.component) : null
      if (entry === null) continue
      const taken = readObservation(segment, around)
      if (taken === null) count(entry.reasons, 'describes the device')
      else if (!('metric' in taken)) count(entry.reasons, taken.why)
      else {
        entry.metric ??= taken.metric.id
        if (taken.measurement.kind === 'absent') count(entry.reasons, `absent: ${taken.measurement.reason}`)
      }
    }
  }

  #entryOf(obx: Segment, separator: string): Entry | null {
    const word = (text: string): string => (text === '' || unitOfName(text) !== undefined ? text : shown(text))
    const words = (field: string): string =>
      [1, 2, 3, 4, 5, 6].map((n) => word(part(field, separator, n))).join('^').replace(/\^+$/, '')
    // Where the code says nothing, its place may.
    const place = PLACE.test(obx.field(4)) ? obx.field(4) : '–'
    const code = /^[01]?$/.test(obx.field(3)) ? `${obx.field(3)} in OBX-4 ${place}` : words(obx.field(3))
    const unit = words(obx.field(6))
    const key = `${code}\n${unit}`
    let entry = this.#codes.get(key)
    if (entry === undefined) {
      if (this.#codes.size >= driverLimits.hl7CodesLearntMax) {
        this.#rowsBeyond++
        return null
      }
      this.#codes.set(key, (entry = { code, unit, types: new Set(), channels: new Set(), count: 0, metric: null, reasons: new Map(), range: null }))
    }
    entry.count++
    if (entry.types.size < WORDS_TOLD_MAX) entry.types.add(shown(obx.field(2)))
    if (entry.channels.size < WORDS_TOLD_MAX && !obx.isEmpty(4)) entry.channels.add(shown(obx.field(4)))
    // A number without a unit may be anybody's record number.
    const written = readNumber(obx.value(5))
    if (written.kind === 'number' && unit !== '') {
      const [low, high] = entry.range ?? [written.value, written.value]
      entry.range = [Math.min(low, written.value), Math.max(high, written.value)]
    }
    return entry
  }
}
