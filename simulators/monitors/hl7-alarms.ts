/**
 * The monitor's own alarms as ORU^R40 (IHE PCD-04, ACM; IHE SDPi appendix B, alert mapping): one message for each thing that
 * happens to an alarm. Somebody at the bedside pauses the sound of each for a while.
 */

import type { Moment, Sign, Signs } from '../patients/patient.ts'
import { CODES, type Code } from './codes.ts'
import { type Hl7Sender, dtm, escaped, eui64 } from './hl7.ts'
import type { Outgoing } from './wire.ts'

/** `first`: messages that follow up name the first event in OBR-29, as the profile says. `own`: they name nothing, as some monitors do. */
export type AlarmHabit = 'first' | 'own'
export type AlarmPriority = 'PH' | 'PM' | 'PL'
export type SimulatedAlarm = { readonly id: string; readonly text: string; readonly priority: AlarmPriority; readonly isPaused: boolean }

export interface AlarmReporter {
  /** The messages that this moment brings, and at most one of each alarm. */
  report(moment: Moment, at: number): readonly Outgoing[]
  /** What sounds, or would but for a pause. */
  active(): readonly SimulatedAlarm[]
}

type Condition = {
  readonly event: string
  readonly source: Code
  readonly type: 'SP' | 'ST'
  readonly sign: (signs: Signs) => Sign
  /** Null: there is no alarm. */
  readonly priority: (sign: Sign) => AlarmPriority | null
  readonly text: (sign: Sign) => string
}

const above = (sign: Sign, limit: number): boolean => sign.kind === 'value' && sign.value > limit
const below = (sign: Sign, limit: number): boolean => sign.kind === 'value' && sign.value < limit
const shown = (sign: Sign): string => (sign.kind === 'value' ? String(sign.value) : '-?-')

const CONDITIONS: readonly Condition[] = [
  {
    event: '196674^MDC_EVT_LO_VAL_LT_LIM^MDC', source: CODES.saturation, type: 'SP', sign: ({ saturation }) => saturation,
    priority: (sign) => (below(sign, 80) ? 'PH' : below(sign, 90) ? 'PM' : null), text: (sign) => `SpO2 ${shown(sign)} < 90`,
  },
  {
    event: '196648^MDC_EVT_HI^MDC', source: CODES.heartRate, type: 'SP', sign: ({ heartRate }) => heartRate,
    priority: (sign) => (above(sign, 150) ? 'PH' : above(sign, 120) ? 'PM' : null), text: (sign) => `HR ${shown(sign)} > 120`,
  },
  {
    event: '196882^MDC_EVT_LEADS_OFF^MDC', source: CODES.heartRate, type: 'ST', sign: ({ heartRate }) => heartRate,
    priority: (sign) => (sign.kind === 'none' && sign.why === 'lead-off' ? 'PM' : null), text: () => 'ECG Leads Off',
  },
  {
    event: '196680^MDC_EVT_LEAD_OFF^MDC', source: CODES.saturation, type: 'ST', sign: ({ saturation }) => saturation,
    priority: (sign) => (sign.kind === 'none' && sign.why === 'probe-off' ? 'PL' : null), text: () => 'SpO2 Sensor Off',
  },
]

const PAUSED_AFTER_S = 20
const PAUSED_FOR_S = 60
const RANK: readonly (AlarmPriority | null)[] = [null, 'PL', 'PM', 'PH']

type Open = { readonly id: string; readonly since: number; priority: AlarmPriority; text: string; isPaused: boolean }
type Told = { readonly condition: Condition; readonly phase: string; readonly open: Open; readonly sign: Sign; readonly at: number }

export function hl7AlarmReporter(sender: Hl7Sender, habit: AlarmHabit): AlarmReporter {
  const open = new Map<Condition, Open>()
  let messages = 0

  function step(condition: Condition, { signs, second }: Moment): Omit<Told, 'at'> | null {
    const sign = condition.sign(signs)
    const priority = condition.priority(sign)
    const known = open.get(condition)
    if (priority === null) {
      if (known === undefined) return null
      open.delete(condition)
      return { condition, phase: 'end', open: known, sign }
    }
    const text = condition.text(sign)
    if (known === undefined) {
      const begun: Open = { id: `a${messages + 1}`, since: second, priority, text, isPaused: false }
      open.set(condition, begun)
      return { condition, phase: 'start', open: begun, sign }
    }
    const pausedFor = second - known.since - PAUSED_AFTER_S
    const isPaused = pausedFor >= 0 && pausedFor < PAUSED_FOR_S
    const change = RANK.indexOf(priority) - RANK.indexOf(known.priority)
    if (change === 0 && isPaused === known.isPaused) return null
    Object.assign(known, { priority, text, isPaused })
    return { condition, phase: change > 0 ? 'escalate' : change < 0 ? 'deescalate' : 'update', open: known, sign }
  }

  return {
    active: () => [...open.values()].map(({ id, text, priority, isPaused }) => ({ id, text, priority, isPaused })),
    report(moment, at) {
      return CONDITIONS.flatMap((condition) => {
        const told = step(condition, moment)
        if (told === null) return []
        const event = told.phase === 'start' ? told.open.id : `a${messages + 1}`
        messages++
        const text = messageOf({ ...told, at }, { sender, habit, event, controlId: String(messages) })
        return [{ id: `acm-${messages}`, bytes: new TextEncoder().encode(text), values: [] }]
      })
    },
  }
}

type Message = { readonly sender: Hl7Sender; readonly habit: AlarmHabit; readonly event: string; readonly controlId: string }

function messageOf({ condition, phase, open, sign, at }: Told, { sender, habit, event, controlId }: Message): string {
  const { device, patient, location } = sender
  const eui = eui64(device)
  const time = dtm(at, 0, '.000')
  const order = `${event}^${escaped(device)}^${eui}^EUI-64`
  const parent = habit === 'first' && phase !== 'start' ? `^${open.id}&${escaped(device)}&${eui}&EUI-64` : ''
  const { event: code, source, type } = condition
  const marks = `A~${open.priority}~${type}`
  const row = (facet: number, kind: string, what: string, value: string, unit = ''): string =>
    `OBX|${facet}|${kind}|${what}|1.1.1.${source.code}.${facet}|${value}|${unit}`
  const eventRow = type === 'SP' ? row(1, 'ST', code, escaped(open.text)) : row(1, 'CWE', '196616^MDC_EVT_ALARM^MDC', `${code}^^^^^^${escaped(open.text)}`)
  const profile = 'IHE_PCD_ACM_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.4.1^ISO'
  return `${[
    `MSH|^~\\&|${escaped(device)}^${eui}^EUI-64|VIGIL_SIM|||${time}||ORU^R40^ORU_R40|acm-${controlId}|P|2.6|||AL|NE||UNICODE UTF-8|||${profile}`,
    ...(patient ? [`PID|||${escaped(patient.mrn)}^^^Vigil Demo^PI`] : []),
    location ? `PV1||I|${escaped(location.unit)}^^${escaped(location.bed)}` : 'PV1||I',
    ['OBR', '1', order, order, '196616^MDC_EVT_ALARM^MDC', '', '', time, ...Array.from({ length: 21 }, () => ''), parent].join('|'),
    `${eventRow}||${marks}|||R|||${time}`,
    sign.kind === 'value' && type === 'SP'
      ? `${row(2, 'NM', `${source.code}^${source.reference}^MDC`, sign.value.toFixed(source.decimals), source.unit.mdc)}|||||R`
      : row(2, 'CWE', '68480^MDC_ATTR_ALERT_SOURCE^MDC', `${source.code}^${source.reference}^MDC`),
    row(3, 'ST', '68481^MDC_ATTR_EVENT_PHASE^MDC', phase),
    row(4, 'ST', '68482^MDC_ATTR_ALARM_STATE^MDC', phase === 'end' ? 'inactive' : 'active'),
    row(5, 'ST', '68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC', open.isPaused && phase !== 'end' ? 'audio-paused' : 'enabled'),
    row(6, 'ST', '68484^MDC_ATTR_ALARM_PRIORITY^MDC', open.priority),
    row(7, 'ST', '68485^MDC_ATTR_ALERT_TYPE^MDC', type),
  ].join('\r')}\r`
}
