/**
 * Records as an S/5 monitor composes them (Datex-Ohmeda Record Interface): packed, little-endian, a header of 40 bytes and up
 * to eight parts. Written from the layout's tables, apart from the gateway's driver on purpose.
 */

/** A number at a place: `[offset, width in bytes, value]`. */
export type Field = readonly [at: number, width: 1 | 2 | 4, value: number]

export function packed(length: number, fields: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(length)
  for (const [at, width, value] of fields) {
    for (let index = 0; index < width; index++) bytes[at + index] = Math.floor(value / 256 ** index) & 0xff
  }
  return bytes
}

export type Part = { readonly type: number; readonly bytes: Uint8Array }

/** `time`: seconds as the monitor's clock shows them. `garbage`: what stands behind the end of the list in real records. */
export type Header = {
  readonly number?: number
  readonly level: number
  readonly plug?: number
  readonly time: number
  readonly type: number
  readonly garbage?: number
}

export function recordOf({ number = 0, level, plug = 0, time, type, garbage = 0 }: Header, parts: readonly Part[]): Uint8Array {
  const length = parts.reduce((sum, { bytes }) => sum + bytes.length, 40)
  const fields: Field[] = [[0, 2, length], [2, 1, number], [3, 1, level], [4, 2, plug], [6, 4, time], [14, 2, type]]
  let offset = 0
  for (let index = 0; index < 8; index++) {
    const part = parts[index]
    const at = 16 + index * 3
    if (part === undefined) fields.push([at, 2, index === parts.length ? 0 : garbage], [at + 2, 1, index === parts.length ? 0xff : garbage])
    else {
      fields.push([at, 2, offset], [at + 2, 1, part.type])
      offset += part.bytes.length
    }
  }
  const record = packed(length, fields)
  let at = 40
  for (const { bytes } of parts) {
    record.set(bytes, at)
    at += bytes.length
  }
  return record
}

/** Flag, record and checksum with escapes, flag. */
export function framed(record: Uint8Array): Uint8Array {
  const sum = record.reduce((total, byte) => (total + byte) % 256, 0)
  const wire = [0x7e]
  for (const byte of [...record, sum]) {
    if (byte === 0x7e) wire.push(0x7d, 0x5e)
    else if (byte === 0x7d) wire.push(0x7d, 0x5d)
    else wire.push(byte)
  }
  return Uint8Array.from([...wire, 0x7e])
}

export const INVALID = -32_767
export const NOT_UPDATED = -32_766

/** A group of values: status, label, numbers. */
export type Group = { readonly status: number; readonly label: number; readonly values: readonly number[] }

const VALUES = 278
/** The basic class: where each group begins, and how many numbers it has. */
const LAYOUT = {
  ecg: [4, 5], p1: [20, 4], p2: [34, 4], p3: [48, 4], p4: [62, 4], nibp: [76, 4], t1: [90, 1], t2: [98, 1], t3: [106, 1], t4: [114, 1],
  spo2: [122, 4], co2: [136, 4], o2: [150, 2], n2o: [160, 2], aa: [170, 3], flow: [182, 8], co: [204, 4], nmt: [218, 3],
  svo2: [236, 1], p5: [244, 4], p6: [258, 4],
} as const satisfies Record<string, readonly [number, number]>
const ECG_EXTRA = 230
export type GroupName = keyof typeof LAYOUT
const isGroupName = (name: string): name is GroupName => Object.hasOwn(LAYOUT, name)

/** A subrecord of the basic class: groups that are not given have no module, and every number of theirs is invalid. */
export function basicPart(type: 1 | 2 | 3, time: number, groups: Partial<Record<GroupName, Group>>, { marker = 0, ecgRate = INVALID } = {}): Part {
  const fields: Field[] = [[0, 4, time], [274, 1, marker], [276, 2, 0]]
  for (const name of Object.keys(LAYOUT).filter(isGroupName)) {
    const [at, numbers] = LAYOUT[name]
    const { status = 0, label = 0, values = [] } = groups[name] ?? {}
    fields.push([at, 4, status], [at + 4, 2, label])
    for (let index = 0; index < numbers; index++) fields.push([at + 6 + index * 2, 2, values[index] ?? INVALID])
  }
  fields.push([ECG_EXTRA, 2, ecgRate], [ECG_EXTRA + 2, 2, INVALID], [ECG_EXTRA + 4, 2, INVALID])
  return { type, bytes: packed(VALUES, fields) }
}

/** Extended classes 1 to 3, of which this monitor measures nothing. */
export function extendedPart(type: 1 | 2 | 3, time: number, level: number): Part {
  const numbers = Array.from({ length: 135 }, (_, index): Field => [4 + index * 2, 2, INVALID])
  return { type, bytes: packed(VALUES, [[0, 4, time], ...numbers, [276, 2, level * 256]]) }
}

/** `cuffAt`: seconds on the monitor's clock, 0 for none. */
export const auxiliaryPart = (cuffAt: number): Part => ({ type: 4, bytes: packed(114, [[0, 4, cuffAt]]) })

export const wavePart = (type: number, samples: readonly number[], status = 0): Part => ({
  type,
  bytes: packed(6 + samples.length * 2, [[0, 2, samples.length], [2, 2, status], ...samples.map((sample, index): Field => [6 + index * 2, 2, sample])]),
})

/** `colour`: 0 none, 1 white, 2 yellow, 3 red. `text` in the monitor's language, latin-1. */
export type ShownAlarm = { readonly text: string; readonly colour: 0 | 1 | 2 | 3 }

export function alarmPart(alarms: readonly ShownAlarm[], silence = 0): Part {
  const fields: Field[] = [[2, 2, 1], [8, 2, silence]]
  alarms.slice(0, 5).forEach(({ text, colour }, index) => {
    const at = 10 + index * 98
    Array.from(text.slice(0, 79)).forEach((letter, place) => fields.push([at + place, 1, letter.charCodeAt(0)]))
    fields.push([at + 82, 2, colour])
  })
  return { type: 1, bytes: packed(510, fields) }
}
