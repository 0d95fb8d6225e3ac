/** Attributes of an object: {count, length} and then {id, length, value} each. */

/** Ids of the attributes that are read. */
export const ATTRIBUTE = {
  patientAlarms: 0x0902, technicalAlarms: 0x0904, alarmCondition: 0x0916, label: 0x0924, metricSpecification: 0x093f,
  operatingMode: 0x0946, compoundValue: 0x094b, value: 0x0950, patientState: 0x0957, patientId: 0x095a, familyName: 0x095c, givenName: 0x095d,
  compoundWave: 0x0967, waveSpecification: 0x096d, wave: 0x096e, scale: 0x096f, absoluteTime: 0x0987, samplePeriod: 0x098d,
  relativeTime: 0x098f, timeStamp: 0x0990, unit: 0x0996, enumeration: 0x099e, fixedValues: 0x0a16,
} as const
type AttributeId = (typeof ATTRIBUTE)[keyof typeof ATTRIBUTE]

const FIRST_ID = 0x0900
const IDS = 0x0200

/** Where the attributes of one object lie. Made once and used for one object after the other, for there are many. */
export class Attributes {
  readonly #at = new Int32Array(IDS)
  readonly #bytes = new Uint16Array(IDS)

  /** Finds those of the list at `at`. Returns where the list ends; -1 when a length leads beyond its end or `end`. */
  find(view: DataView, at: number, end: number): number {
    this.#at.fill(-1)
    if (at + 4 > end) return -1
    const listEnd = at + 4 + view.getUint16(at + 2)
    if (listEnd > end) return -1
    let next = at + 4
    for (let left = view.getUint16(at); left > 0; left--) {
      if (next + 4 > listEnd) return -1
      const id = view.getUint16(next) - FIRST_ID
      const bytes = view.getUint16(next + 2)
      next += 4
      if (next + bytes > listEnd) return -1
      if (id >= 0 && id < IDS) {
        this.#at[id] = next
        this.#bytes[id] = bytes
      }
      next += bytes
    }
    return next === listEnd ? listEnd : -1
  }

  /** Where the value lies; -1 when there is none, or one shorter than `bytesMin`. */
  at(id: AttributeId, bytesMin: number): number {
    return this.bytes(id) >= bytesMin ? (this.#at[id - FIRST_ID] ?? -1) : -1
  }

  bytes(id: AttributeId): number {
    return (this.#at[id - FIRST_ID] ?? -1) < 0 ? 0 : (this.#bytes[id - FIRST_ID] ?? 0)
  }
}
