/**
 * HL7 v2.6 ORU^R01 as IHE PCD-01 has it (IHE DEV TF-2, appendix B: MSH, PID, PV1, OBR, OBX), in two dialects that real
 * monitors speak. Invalid metrics are either left out, as the profile says, or sent empty with OBX-11 X, as many do.
 */

import { hashOf } from '../patients/random.ts'
import type { Moment, Sign, Signs } from '../patients/patient.ts'
import { CODES, CONTAINERS, type Code } from './codes.ts'
import type { Composer } from './composer.ts'
import type { Outgoing, SentValue } from './wire.ts'

/**
 * `accept`: asks for accept acknowledgements (MSH-15 AL), sends absent values as empty rows, repeats the last cuff value in
 * every message with its own older OBX-14 and without a zone. `application`: asks for application acknowledgements (MSH-16
 * AL), leaves absent values out, sends each cuff value once, has an arterial line, and its clock is one hour east of UTC.
 */
export type Hl7Style = 'accept' | 'application'

export type Hl7Sender = {
  /** MSH-3, first component. */
  readonly device: string
  readonly style: Hl7Style
  readonly patient: { readonly mrn: string; readonly name: string } | null
  /** PV1-3; null leaves it empty. */
  readonly location: { readonly unit: string; readonly bed: string } | null
}

type Place = { readonly container: 'ecg' | 'pressure' | 'oximeter' | 'thermometer'; readonly channel: number }

/** One OBX: what was measured where. `text` is OBX-5 as it goes on the wire; null for no valid value. */
export type Hl7Row = {
  readonly code: Code
  readonly place: Place
  readonly text: string | null
  /** When it was measured, where that is not the time of the message: a cuff. */
  readonly observedAt: number | null
}

export const PLACES = {
  ecg: { container: 'ecg', channel: 1 },
  chest: { container: 'ecg', channel: 2 },
  artery: { container: 'pressure', channel: 1 },
  cuff: { container: 'pressure', channel: 2 },
  oximeter: { container: 'oximeter', channel: 1 },
  thermometer: { container: 'thermometer', channel: 1 },
} as const satisfies Record<string, Place>

/** Numbers of the parts of the monitor in OBX-4, `1.v.c.n`. */
const BRANCH = { ecg: 5, pressure: 13, oximeter: 22, thermometer: 26 } as const
const CHANNEL_CODE = { ecg: null, pressure: CONTAINERS.pressureChannel, oximeter: CONTAINERS.oximeterChannel, thermometer: CONTAINERS.thermometerChannel } as const

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\E\\', '|': '\\F\\', '^': '\\S\\', '&': '\\T\\', '~': '\\R\\', '\r': ' ', '\n': ' ' }
/** HL7 v2.6 §2.7: delimiters inside text are escaped. */
export const escaped = (text: string): string => text.replace(/[\\|^&~\r\n]/g, (found) => ESCAPES[found] ?? '')

const digits = (value: number, width: number): string => String(value).padStart(width, '0')

const HOUR_MS = 3_600_000

/** HL7 DTM. `zone` in whole hours east of UTC, or null to leave it out (the time is then UTC). */
export function dtm(at: number, zone: number | null, fraction: string): string {
  const date = new Date(at + (zone ?? 0) * HOUR_MS)
  const day = `${digits(date.getUTCFullYear(), 4)}${digits(date.getUTCMonth() + 1, 2)}${digits(date.getUTCDate(), 2)}`
  const time = `${digits(date.getUTCHours(), 2)}${digits(date.getUTCMinutes(), 2)}${digits(date.getUTCSeconds(), 2)}`
  return `${day}${time}${fraction}${zone === null ? '' : `+${digits(zone, 2)}00`}`
}

const STYLES = {
  accept: { acknowledgements: 'AL|NE', profile: 'IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO', zone: 0, fraction: '.0000', aperiodic: '^APERIODIC' },
  application: { acknowledgements: 'NE|AL', profile: 'PCD_DEC_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO', zone: 1, fraction: '', aperiodic: 'AMEAS^auto-measurement^MDC' },
} as const

/** An invented, locally administered EUI-64 for a device name. */
export const eui64 = (device: string): string => `02A037FFFE${(hashOf(device) & 0xffffff).toString(16).toUpperCase().padStart(6, '0')}`

export type Hl7Message = { readonly sender: Hl7Sender; readonly controlId: string; readonly sentAt: number; readonly observedAt: number; readonly rows: readonly Hl7Row[] }

/** One whole message, MLLP frame not included. Segments end with CR. */
export function hl7Text({ sender, controlId, sentAt, observedAt, rows }: Hl7Message): string {
  const { device, style, patient, location } = sender
  const { acknowledgements, profile, zone, fraction } = STYLES[style]
  const eui = eui64(device)
  const order = `${escaped(controlId)}^${escaped(device)}^${eui}^EUI-64`
  const segments = [
    `MSH|^~\\&|${escaped(device)}^${eui}^EUI-64|VIGIL_SIM|||${dtm(sentAt, zone, fraction)}||ORU^R01^ORU_R01|${escaped(controlId)}|P|2.6|||${acknowledgements}||UNICODE UTF-8|||${profile}`,
    patient ? `PID|||${escaped(patient.mrn)}^^^Vigil Demo^PI||${personName(patient.name)}^^^^^L` : 'PID|||^^^Vigil Demo^PI||^^^^^^L',
    location ? `PV1||I|${escaped(location.unit)}^^${escaped(location.bed)}` : 'PV1||I',
    `OBR|1|${order}|${order}|182777000^monitoring of patient^SCT|||${dtm(observedAt, zone, fraction)}`,
    ...observations(sender, rows),
  ]
  return `${segments.join('\r')}\r`
}

/** Given names first, family name last, as people write it: XPN wants the family name first. */
function personName(name: string): string {
  const words = name.trim().split(/\s+/)
  const family = words.pop() ?? ''
  return `${escaped(family)}^${escaped(words.join(' '))}`
}

function observations({ device, style }: Hl7Sender, rows: readonly Hl7Row[]): readonly string[] {
  const lines: string[] = []
  const container = (code: string, place: string): void => void lines.push(`OBX|${lines.length + 1}||${code}|${place}|||||||X`)
  container(CONTAINERS.monitor, '1.0.0.0')
  let branch = ''
  let channel = ''
  let inChannel = 0
  for (const row of rows) {
    if (row.text === null && style === 'application') continue
    const part = row.place.container
    if (part !== branch) container(CONTAINERS[part], `1.${BRANCH[part]}.0.0`)
    branch = part
    const path = `1.${BRANCH[part]}.${row.place.channel}`
    const channelCode = CHANNEL_CODE[part]
    if (path !== channel && channelCode !== null) container(channelCode, `${path}.0`)
    inChannel = path === channel ? inChannel + 1 : 1
    channel = path
    lines.push(observation({ row, setId: lines.length + 1, path: `${path}.${style === 'accept' ? row.code.code : inChannel}`, device, style }))
  }
  return lines
}

type Observation = { readonly row: Hl7Row; readonly setId: number; readonly path: string; readonly device: string; readonly style: Hl7Style }

function observation({ row, setId, path, device, style }: Observation): string {
  const { zone, fraction, aperiodic } = STYLES[style]
  const { code, reference, unit } = row.code
  const head = `OBX|${setId}|NM|${code}^${reference}^MDC|${path}|${row.text ?? ''}|${unit.mdc}|||||${row.text === null ? 'X' : 'R'}`
  const time = row.observedAt === null ? '' : style === 'accept' ? dtm(row.observedAt, null, '') : dtm(row.observedAt, zone, fraction)
  const method = row.observedAt === null ? '' : aperiodic
  const equipment = style === 'application' ? `${eui64(device)}^VIGIL_SIM` : ''
  return `${head}|||${time}|||${method}|${equipment}`.replace(/\|+$/, '')
}

const UTF8 = new TextEncoder()

/** The message of one moment, ready for an MLLP frame. */
export function hl7Outgoing(message: Hl7Message): Outgoing {
  const values: SentValue[] = []
  for (const { code, text } of message.rows) if (text !== null) values.push({ metric: code.reference, value: Number(text) })
  return { id: message.controlId, bytes: UTF8.encode(hl7Text(message)), values }
}

export function hl7Composer(sender: Hl7Sender): Composer {
  let controlId = 0
  let cuffToldAt = -1
  return {
    compose(moment, at) {
      controlId++
      const { cuff } = moment.signs
      const tellCuff = cuff !== null && (sender.style === 'accept' || cuff.second !== cuffToldAt)
      if (cuff !== null) cuffToldAt = cuff.second
      const rows = [...periodicRows(moment.signs, sender.style), ...(tellCuff ? cuffRows(moment, at, sender.style) : [])]
      return hl7Outgoing({ sender, controlId: String(controlId), sentAt: at, observedAt: at, rows: rows.sort((one, other) => BRANCH[one.place.container] - BRANCH[other.place.container]) })
    },
    restart() {
      controlId = 0
      cuffToldAt = -1
    },
    replug() {
      // The network cable is back: the connection is new, the messages go on.
    },
  }
}

const textOf = (sign: Sign, code: Code): string | null => (sign.kind === 'value' ? sign.value.toFixed(code.decimals) : null)

function periodicRows(signs: Signs, style: Hl7Style): readonly Hl7Row[] {
  const row = (code: Code, place: Place, sign: Sign): Hl7Row => ({ code, place, text: textOf(sign, code), observedAt: null })
  const artery = [
    row(CODES.systolic, PLACES.artery, signs.systolic),
    row(CODES.diastolic, PLACES.artery, signs.diastolic),
    row(CODES.mean, PLACES.artery, signs.mean),
  ]
  return [
    row(CODES.heartRate, PLACES.ecg, signs.heartRate),
    row(CODES.breaths, PLACES.chest, signs.breaths),
    ...(style === 'application' ? artery : []),
    row(CODES.saturation, PLACES.oximeter, signs.saturation),
    row(CODES.pulse, PLACES.oximeter, signs.pulse),
    row(CODES.perfusion, PLACES.oximeter, signs.perfusion),
    row(CODES.temperature, PLACES.thermometer, signs.temperature),
  ]
}

function cuffRows({ second, signs }: Moment, at: number, style: Hl7Style): readonly Hl7Row[] {
  const { cuff } = signs
  if (cuff === null) return []
  const observedAt = at - (second - cuff.second) * 1_000
  const [systolic, diastolic, mean] =
    style === 'accept' ? [CODES.cuffSystolic, CODES.cuffDiastolic, CODES.cuffMean] : [CODES.nibpSystolic, CODES.nibpDiastolic, CODES.nibpMean]
  const row = (code: Code, sign: Sign): Hl7Row => ({ code, place: PLACES.cuff, text: textOf(sign, code), observedAt })
  return [row(systolic, cuff.systolic), row(diastolic, cuff.diastolic), row(mean, cuff.mean)]
}
