/** A frame as an engineer may see it without seeing the patient: structure and measured values stay, words and numbers of people do not. */

/**
 * Fields that are shown, by their place after splitting at "|". Everything else is masked, for what lies in quarantine is broken
 * as a rule: a segment whose end was lost goes on with the next one, and that may be PID.
 * MSH: sender, receiver, time, type, control id, processing id, version. OBX: number, type, code, channel, unit.
 */
const SHOWN_FIELDS: Readonly<Record<string, ReadonlySet<number>>> = {
  MSH: new Set([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11]),
  OBX: new Set([0, 1, 2, 3, 4, 6]),
}
/** OBX-5 is shown where OBX-2 says that it is a number: text may say anything. */
const NUMBERS: ReadonlySet<string> = new Set(['NM', 'SN'])
const NUMBER = /^[<>=~^\d.+\-eE]*$/
const OBX_TYPE = 2
const OBX_VALUE = 5
/** Keys of our own JSON whose words and numbers name no person: a number elsewhere may be anybody's. */
const SHOWN_KEYS: ReadonlySet<string> = new Set(['id', 'at', 'mdc', 'value', 'unit', 'absent', 'channel'])

/** Letters become x and digits 9: how long something is and of what kind can still be seen. */
export const masked = (text: string): string => text.replace(/\p{L}/gu, 'x').replace(/\p{N}/gu, '9')

/** Lines for the screen; control characters are shown as pictures. */
export function redacted(bytes: Uint8Array): readonly string[] {
  const text = new TextDecoder('utf-8').decode(bytes)
  const body = text.replace(/^\v/, '')
  if (/^(FHS|BHS|MSH)/.test(body)) return linesOf(body).map((line) => visible(redactedSegment(line)))
  const json = redactedJson(body)
  return json === null ? linesOf(body).map((line) => visible(masked(line))) : [json]
}

/** As it came. */
export const unredacted = (bytes: Uint8Array): readonly string[] => linesOf(new TextDecoder('utf-8').decode(bytes)).map(visible)

const linesOf = (text: string): readonly string[] => text.split(/\r\n|\r|\n/).filter((line) => line !== '')

/** U+2400 on: pictures of the control characters, so that nothing in a frame moves the cursor of a terminal. */
const visible = (line: string): string =>
  line.replace(/\p{Cc}/gu, (char) => (char < ' ' ? String.fromCodePoint(0x2400 + (char.codePointAt(0) ?? 0)) : '\u2421'))

function redactedSegment(line: string): string {
  const name = line.slice(0, 3)
  const shown = line[3] === '|' ? SHOWN_FIELDS[name] : undefined
  if (!shown) return /^[A-Z][A-Z0-9]{2}/.test(line) ? name + masked(line.slice(3)) : masked(line)
  const fields = line.split('|')
  const isNumber = (place: number, field: string): boolean => name === 'OBX' && place === OBX_VALUE && NUMBERS.has(fields[OBX_TYPE] ?? '') && NUMBER.test(field)
  return fields.map((field, place) => (shown.has(place) || isNumber(place, field) ? field : masked(field))).join('|')
}

function redactedJson(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return null
    return JSON.stringify(redactedValue('', value))
  } catch {
    return null
  }
}

/** `key`: under which it stands, itself or the list that it is in; of a patient nothing is shown. */
function redactedValue(key: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => redactedValue(key, item))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactedValue(key === 'patient' ? key : name, inner)]))
  }
  if (typeof value !== 'string' && typeof value !== 'number') return value
  return SHOWN_KEYS.has(key) && (key !== 'value' || typeof value === 'number') ? value : masked(String(value))
}
