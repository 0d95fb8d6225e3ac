/**
 * A Philips Efficia CM on its serial port (Efficia CM Series Data Export Guide, chapter 3): says nothing until it is asked with
 * QRY^R02 and STA, then sends what its screen shows as ORF^R04, invalid values empty and marked X. It takes its time, forgets a
 * question now and then, and refuses one that it does not understand.
 */

import type { Moment, Sign } from '../patients/patient.ts'
import type { SimulatedDevice } from './device.ts'
import { dtm, escaped } from './hl7.ts'
import type { SentValue } from './wire.ts'

export type EfficiaOptions = {
  readonly name: string
  readonly patient: { readonly mrn: string; readonly family: string; readonly given: string } | null
  readonly bed: string
  /** From the question to the answer. */
  readonly thinksMs: number
  /** Every so many questions is lost on the way; null: none. */
  readonly loses: number | null
  /** Told of what goes out as a number. */
  readonly sent?: (values: readonly SentValue[]) => void
}

type Row = { readonly code: string; readonly label: string; readonly unit: string; readonly metric: string; readonly decimals: number; readonly sign: Sign; readonly at: number | null; readonly method: string }

const BPM = '0004-0aa0^bpm^MDIL'
const RPM = '0004-0ae0^rpm^MDIL'
const MMHG = '0004-0f20^mmHg^MDIL'
const PERCENT = '0004-0220^%^MDIL'

const HEARD_BYTES_MAX = 8_192

export function createEfficia({ name, patient, bed, thinksMs, loses, sent }: EfficiaOptions): SimulatedDevice {
  let heard = ''
  let moment: Moment | null = null
  let questions = 0
  let messages = 0
  /** Answers that it thinks about; messages are processed one by one. */
  const waiting: { readonly dueMs: number; readonly question: readonly (readonly string[])[] }[] = []

  function answer(question: readonly (readonly string[])[], atMs: number): Uint8Array {
    messages++
    const controlId = `${name.slice(0, 10).padEnd(10, '0')}${messages.toString(16).toUpperCase().padStart(10, '0')}`
    const id = question.find(([segment]) => segment === 'MSH')?.[9] ?? ''
    const qrd = question.find(([segment]) => segment === 'QRD')
    const header = (type: string): string => `MSH|^~\\&|^EfficiaCM||||${dtm(atMs, null, '')}||${type}|${controlId}|P|2.4`
    if (qrd === undefined || qrd[9] !== 'STA' || (qrd[4] ?? '') === '' || moment === null) {
      return framed([header('ACK^^ACK_ALL'), `MSA|AE|${id}|${moment === null ? 'No patient record' : 'Invalid query'}`])
    }
    const rows = rowsOf(moment, atMs)
    sent?.(rows.flatMap(({ metric, sign, decimals }) => (sign.kind === 'value' ? [{ metric, value: Number(sign.value.toFixed(decimals)) }] : [])))
    return framed([
      `${header('ORF^R04')}|||||||||2.16.840.1.113883.9.2.1`, `MSA|AA|${id}`, qrd.join('|'),
      `PID|||${patient === null ? 'ID Unknown' : escaped(patient.mrn)}||${patient === null ? '' : `${escaped(patient.family)}^${escaped(patient.given)}`}`,
      `PV1|||^^${escaped(bed)}`, `ORC|NW|||||||||||||||||${escaped(name)}`, `OBR||||MONITOR|||${dtm(atMs, null, '')}`,
      ...rows.map(observation),
    ])
  }

  return {
    hear(bytes, atMs) {
      heard += Buffer.from(bytes).toString('latin1')
      for (;;) {
        const end = heard.indexOf('\u001c')
        if (end < 0) break
        const question = heard.slice(heard.lastIndexOf('\u000b', end) + 1, end).split('\r').filter((line) => line !== '').map((line) => line.split('|'))
        heard = heard.slice(end + 1)
        if (!(question[0]?.[8] ?? '').startsWith('QRY^R02')) continue
        questions++
        if (loses === null || questions % loses !== 0) waiting.push({ dueMs: atMs + thinksMs, question })
      }
      if (heard.length > HEARD_BYTES_MAX) heard = ''
      return []
    },
    tick(now, atMs) {
      moment = now
      const [first] = waiting
      if (first === undefined || atMs < first.dueMs) return []
      waiting.shift()
      return [answer(first.question, atMs)]
    },
  }
}

const framed = (segments: readonly string[]): Uint8Array => new Uint8Array(Buffer.from(`\u000b${segments.join('\r')}\r\u001c\r`, 'latin1'))

function rowsOf({ second, signs }: Moment, atMs: number): readonly Row[] {
  const row = (code: string, metric: string, sign: Sign, over: Partial<Row> = {}): Row => ({ code, label: '', unit: BPM, metric, decimals: 0, sign, at: null, method: '', ...over })
  const { cuff } = signs
  const cuffAt = cuff === null ? null : atMs - (second - cuff.second) * 1_000
  const pressure = (code: string, metric: string, label: string, sign: Sign | undefined): Row =>
    row(code, metric, sign ?? { kind: 'none', why: 'failed' }, { label, unit: MMHG, at: cuffAt })
  return [
    row('0002-4182', 'MDC_ECG_HEART_RATE', signs.heartRate, { label: 'HR' }),
    row('0002-4bb8', 'MDC_PULS_OXIM_SAT_O2', signs.saturation, { label: 'SpO2', unit: PERCENT }),
    row('0002-480a', 'MDC_PULS_RATE', signs.pulse, { label: 'Pulse', method: '0002-4bb8^SpO2^MDIL' }),
    row('0002-5000', 'MDC_RESP_RATE', signs.breaths, { label: 'Resp', unit: RPM }),
    pressure('0002-4a05', 'MDC_PRESS_BLD_NONINV_SYS', 'NBPs', cuff?.systolic),
    pressure('0002-4a06', 'MDC_PRESS_BLD_NONINV_DIA', 'NBPd', cuff?.diastolic),
    pressure('0002-4a07', 'MDC_PRESS_BLD_NONINV_MEAN', 'NBPm', cuff?.mean),
  ]
}

function observation({ code, label, unit, sign, decimals, at, method }: Row): string {
  const value = sign.kind === 'value' ? sign.value.toFixed(decimals) : ''
  // A pane without a measurement is empty; one with a question mark is invalid too.
  const status = sign.kind === 'none' && at === null ? 'X' : 'F'
  return `OBX||NM|${code}^${label}^MDIL||${value}|${unit}|||||${status}|||${at === null ? '' : dtm(at, null, '')}|||${method}`.replace(/\|+$/, '')
}
