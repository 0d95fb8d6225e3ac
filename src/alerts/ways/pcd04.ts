/**
 * A notice as ORU^R40 of IHE PCD-04 (Alert Communication Management, Report Alert), HL7 v2.6. Vigil is the alert reporter;
 * the seven facets stand in the order of the profile. Sources: IHE Devices SDPi supplement, appendix B, ACM gateway
 * (rows, codes, phases, OBR-3 and OBR-29), and PCD-04 messages that Masimo and Mindray published (OBX-8). Pure.
 */

import { MDC_UNITS } from '../../codec/units.ts'
import type { Alert, AlertType, Priority } from '../../domain/alert.ts'
import { METRICS, type Metric } from '../../domain/metrics.ts'
import type { WallMs } from '../../domain/time.ts'
import type { Notice } from './way.ts'
import { asciiOf, MARKS } from './words.ts'

export type Pcd04Facts = {
  readonly gatewayId: string
  /** PV1-3, point of care. */
  readonly ward: string
  /** MSH-5 and MSH-6: how the alarm manager calls itself; may be empty. */
  readonly receivingApplication: string
  readonly receivingFacility: string
  readonly patientData: boolean
  /** PID-3; null when it is not known. */
  readonly mrn: string | null
}

const PRIORITIES: Readonly<Record<Priority, string>> = { high: 'PH', medium: 'PM', low: 'PL' }
const TYPES: Readonly<Record<AlertType, string>> = { physiological: 'SP', technical: 'ST', advisory: 'SA' }
const PROFILE = 'IHE_PCD_ACM_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.4.1^ISO'
const ALARM = '196616^MDC_EVT_ALARM^MDC'
const TEXT_CHARS_MAX = 199

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\E\\', '|': '\\F\\', '^': '\\S\\', '&': '\\T\\', '~': '\\R\\', '\r': ' ', '\n': ' ' }
/** HL7 v2.6, 2.7: separators within text are escaped. */
const escaped = (text: string): string => text.replaceAll(/[\\|^&~\r\n]/gu, (found) => ESCAPES[found] ?? ' ')

/** HL7 DTM in UTC: `20260115020000.000+0000`. */
export const dtmOf = (at: WallMs): string => `${new Date(at).toISOString().replaceAll(/[-:TZ]/gu, '')}+0000`

/** What crossed which limit, where our own limits say so. */
type Crossing = { readonly name: string; readonly value: string; readonly side: 'low' | 'high'; readonly limit: string }
const CROSSED = /^(\S[^:;]*?) (-?[\d.]+)(?: [^\s\d][^\s]*)?(?: \([^)]*\))* (below|above) (-?[\d.]+)/u

function crossingOf({ condition, text }: Alert): Crossing | null {
  if (!condition.startsWith('threshold/')) return null
  const [, name, value, side, limit] = CROSSED.exec(text) ?? []
  if (name === undefined || value === undefined || limit === undefined) return null
  return { name, value, side: side === 'below' ? 'low' : 'high', limit }
}

/** As bedside monitors write it: `**SpO2 84<90`; where no limit was crossed, the marks and the text. Of a notice that may say nothing of a patient, its own text. */
export function acmText(notice: Notice, patientData: boolean): string {
  const marks = MARKS[notice.alert.priority]
  const crossing = patientData ? crossingOf(notice.alert) : null
  const text = crossing === null ? (patientData ? notice.alert.text : notice.text) : `${crossing.name} ${crossing.value}${crossing.side === 'low' ? '<' : '>'}${crossing.limit}`
  return asciiOf(marks + text, TEXT_CHARS_MAX)
}

export function pcd04Message(notice: Notice, facts: Pcd04Facts): string {
  const { id, alert, phase, place, at } = notice
  const { gatewayId, ward, receivingApplication, receivingFacility, patientData, mrn } = facts
  const reporter = `VIGIL^${escaped(gatewayId)}^L`
  const order = (identifier: string, separator = '^'): string => [escaped(identifier), 'VIGIL', escaped(gatewayId), 'L'].join(separator)
  // OBR-29 of all but the first names the first, as the filler's number: second component, its parts as subcomponents.
  const parent = phase === 'start' ? '' : `^${order(alert.id, '&')}`
  return `${[
    ['MSH|^~\\&', reporter, escaped(ward), escaped(receivingApplication), escaped(receivingFacility), dtmOf(at), '', 'ORU^R40^ORU_R40', escaped(id), 'P', '2.6', '', '', 'AL', 'NE', '', 'UNICODE UTF-8', '', '', PROFILE].join('|'),
    ...(patientData && mrn !== null ? [`PID|||${escaped(mrn)}^^^^PI`] : []),
    ...(place === null ? [] : [`PV1||I|${escaped(ward)}^^${escaped(place)}`]),
    ['OBR', '1', order(id), order(id), ALARM, '', '', dtmOf(at), ...Array.from({ length: 21 }, () => ''), parent].join('|'),
    ...facetsOf(notice, patientData),
  ].join('\r')}\r`
}

function facetsOf(notice: Notice, patientData: boolean): readonly string[] {
  const { alert, phase, at } = notice
  const crossing = patientData ? crossingOf(alert) : null
  const metric = patientData ? metricOf(alert) : undefined
  const row = (facet: number, type: string, what: string, value: string): string => `OBX|${facet}|${type}|${what}|1.1.1.${metric?.mdc ?? 0}.${facet}|${value}`
  const plain = (facet: number, code: number, name: string, value: string): string => `${row(facet, 'ST', `${code}^${name}^MDC`, value)}||||||R`
  const text = escaped(acmText(notice, patientData))
  const changedAt = phase === 'continue' ? at : alert.changedAt
  const marks = `${crossing === null ? 'A' : crossing.side === 'low' ? 'L' : 'H'}~${PRIORITIES[alert.priority]}~${TYPES[alert.type]}`
  const event = alert.type === 'physiological' ? row(1, 'ST', eventOf(crossing), text) : row(1, 'CWE', ALARM, `${technicalOf(alert)}^^^^^^${text}`)
  return [
    `${event}|||${marks}|||R|||${dtmOf(changedAt)}`,
    sourceOf({ alert, metric, crossing, row }),
    plain(3, 68_481, 'MDC_ATTR_EVENT_PHASE', phase),
    plain(4, 68_482, 'MDC_ATTR_ALARM_STATE', alert.state),
    plain(5, 68_483, 'MDC_ATTR_ALARM_INACTIVATION_STATE', inactivationOf(alert)),
    plain(6, 68_484, 'MDC_ATTR_ALARM_PRIORITY', PRIORITIES[alert.priority]),
    plain(7, 68_485, 'MDC_ATTR_ALERT_TYPE', TYPES[alert.type]),
  ]
}

const eventOf = (crossing: Crossing | null): string =>
  crossing === null ? ALARM : crossing.side === 'low' ? '196674^MDC_EVT_LO_VAL_LT_LIM^MDC' : '196648^MDC_EVT_HI^MDC'

/** A code is claimed only where the text says as much. */
const technicalOf = ({ text }: Alert): string =>
  text.includes('lead off') ? '196882^MDC_EVT_LEADS_OFF^MDC' : text.includes('probe off') ? '196680^MDC_EVT_LEAD_OFF^MDC' : ALARM

/** What the alert rests on first; of several labels alike, the first in the table. */
function metricOf({ because }: Alert): Metric | undefined {
  const [first] = because.inputs
  return METRICS.find(({ label }) => label === first?.name)
}

type Source = { readonly alert: Alert; readonly metric: Metric | undefined; readonly crossing: Crossing | null; readonly row: (facet: number, type: string, what: string, value: string) => string }

/** The value that crossed its limit, with the range that was left (HL7 v2.6, 7.4.2.7); of anything else, what it is about. */
function sourceOf({ alert, metric, crossing, row }: Source): string {
  const value = alert.because.inputs[0]?.value
  if (metric !== undefined && crossing !== null && typeof value === 'number' && alert.type === 'physiological') {
    const range = crossing.side === 'low' ? `>${crossing.limit}` : `<${crossing.limit}`
    return `${row(2, 'NM', `${metric.mdc}^${metric.id}^MDC`, String(value))}|${unitOf(metric)}|${range}||||R`
  }
  const source = metric === undefined ? '69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC' : `${metric.mdc}^${metric.id}^MDC`
  return `${row(2, 'CWE', '68480^MDC_ATTR_ALERT_SOURCE^MDC', source)}||||||R`
}

function unitOf({ unit, variable }: Metric): string {
  const found = MDC_UNITS.find(({ id, unit: { ucum } }) => ucum === unit && (variable?.name !== 'rr' || id === 'MDC_DIM_RESP_PER_MIN'))
  return found === undefined ? `${escaped(unit)}^${escaped(unit)}^UCUM` : `${found.mdc}^${found.id}^MDC`
}

function inactivationOf({ acknowledged, audioPaused }: Alert): string {
  const states = [...(audioPaused === null ? [] : ['audio-paused']), ...(acknowledged === null ? [] : ['alert-acknowledged'])]
  return states.length === 0 ? 'enabled' : states.join('~')
}
