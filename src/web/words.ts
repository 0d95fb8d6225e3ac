/** Codes of the wire in the words of the ward. */

import type { AlertView, DeviceView, GatewayView, PendingView, Role, ScoreView, SentinelStage, SentinelView, ValueView, WayView } from '../api/wire.ts'
import { webLimits } from '../limits.ts'
import { gravestOf, isSounding, type Row, voicesOf } from '../domain/alert-row.ts'
import { bedText } from '../domain/bed-state.ts'
import { agoText, clockText, momentText } from './age.ts'
import type { Reception } from './connection.ts'

export { bedText }

const UNITS: Readonly<Record<string, string>> = {
  'mm[Hg]': 'mmHg', 'cm[H2O]': 'cmH₂O', 'Cel': '°C', '{index}': '', '{beats}': 'beats', '1': '', '[pH]': '',
}

/** UCUM as people write it. */
export const unitText = (ucum: string): string => UNITS[ucum] ?? ucum

const ABSENT: Readonly<Record<string, string>> = {
  'lead-off': 'lead off',
  'probe-off': 'probe off',
  'not-measured': 'not measured',
  'out-of-range': 'out of range',
  'device-invalid': 'invalid',
  'implausible': 'implausible',
}

/** Why there is no value. A reason that this page does not know is shown as it came. */
export const absentText = (reason: string): string => ABSENT[reason] ?? reason

/** The number alone, with the metric's decimals; `—` when there is none. */
export const numberText = (value: ValueView): string => (value.value.kind === 'measured' ? value.value.value.toFixed(value.decimals) : '—')

const INPUTS: Readonly<Record<string, string>> = {
  hr: 'HR', pulse: 'pulse', spo2: 'SpO₂', rr: 'RR', sbp: 'systolic BP', dbp: 'diastolic BP', map: 'mean BP', temperature: 'temperature',
  etco2: 'EtCO₂', fio2: 'FiO₂', consciousness: 'consciousness', oxygen: 'air or oxygen', onOxygen: 'air or oxygen', wbc: 'white cells',
  gcs: 'GCS', lactate: 'lactate', paco2: 'PaCO₂', bands: 'band cells', infectionSuspected: 'infection suspected', spo2Scale: 'SpO₂ scale',
}

/** What a rule calls an input, in words; metric ids take the label of the bed's own value where it has one. */
export function inputText(name: string, values: readonly ValueView[]): string {
  return INPUTS[name] ?? values.find((value) => value.metric === name || value.key === name)?.label ?? name
}

const SHORT: Readonly<Record<string, string>> = {
  consciousness: 'ACVPU', oxygen: 'O₂', onOxygen: 'O₂', temperature: 'temp', sbp: 'BP', pulse: 'HR', hr: 'HR', rr: 'RR', spo2: 'SpO₂',
}

/** What a score lacks, in the few letters that fit on a tile. */
const missingText = (name: string): string => SHORT[name] ?? name

/** What a score lacks: by name when that is little, else how much of the seven parameters. Empty when it lacks nothing. */
export function missingWords(missing: readonly string[]): string {
  if (missing.length === 0) return ''
  return missing.length <= 2 ? `needs ${missing.map(missingText).join(', ')}` : `${missing.length} of 7 missing`
}

/** `6`, or `5 to 8` while something is missing. */
export const scoreText = (score: Omit<ScoreView, 'at'> & { readonly at?: number }): string => (score.complete || score.min === score.max ? String(score.total) : `${score.min} to ${score.max}`)

/** `*` marks, so that a priority is told without colour (as monitors write it). */
export const priorityMark = (priority: AlertView['priority']): string => (priority === 'high' ? '***' : priority === 'medium' ? '**' : '*')

/** `Monitor silenced at the bedside 02:13`: the monitor's own alarm was, and this row is quiet here meanwhile. */
export function bedsideText({ how, at, isOver }: NonNullable<AlertView['bedside']>, now: number): string {
  const said = `Monitor ${how === 'alert-acknowledged' ? 'acknowledged' : 'silenced'} at the bedside ${momentText(at, now)}`
  return isOver === true ? `${said}, long ago: it sounds here again` : said
}

/** What a latched row, or one that was graver and went unseen, says of itself; empty for all others. */
export function unseenText(row: Row<AlertView>): string {
  const wasHigh = gravestOf(row).priority !== 'high' && voicesOf(row).some(({ unseenHigh }) => unseenHigh === true) ? 'It was of high priority, and nobody has acknowledged that. ' : ''
  const isOver = voicesOf(row).every(({ state }) => state === 'latched') ? 'The condition is over. It stays here until somebody acknowledges it.' : ''
  return `${wasHigh}${isOver}`.trim()
}

/** `Sound paused by anna until 02:15:30`; empty where nobody has, or where it sounds all the same. */
export function soundPausedText(row: Row<AlertView>): string {
  const [last] = voicesOf(row).flatMap(({ audioPaused }) => audioPaused ?? []).toSorted((one, other) => other.until - one.until)
  return last === undefined || isSounding(row) ? '' : `Sound paused by ${last.by} until ${clockText(last.until)}`
}

/** What a row carries: the first few in their words, and how many more; a hub names its beds itself. */
export function carriedText(carried: readonly Pick<AlertView, 'text'>[]): string {
  const more = carried.length - webLimits.carriedNamedMax
  return [...carried.slice(0, webLimits.carriedNamedMax).map(({ text }) => text), ...(more > 0 ? [`and ${more} more`] : [])].join(' · ')
}

/** `SpO₂ 84 % below 90, alert in 9 s`. While nothing is heard no alert is promised: it would not come. */
export const pendingText = ({ text, dueAt }: PendingView, { reception, server }: { readonly reception: Reception; readonly server: number | null }): string =>
  server === null || reception !== 'receiving' ? text : `${text}, alert in ${Math.max(0, Math.ceil((dueAt - server) / 1_000))} s`

export const priorityText = (priority: AlertView['priority']): string => (priority === 'high' ? 'High' : priority === 'medium' ? 'Medium' : 'Low')

/** Whom or what an alert is about. */
export function subjectText(alert: AlertView): string {
  if (alert.bedLabel !== null) return bedText(alert.bedLabel)
  return alert.device === null ? 'Gateway' : `Monitor ${alert.device}`
}

/** `4 × 12 min`: channels, and what is kept of them. */
export const wavesText = ({ channels, seconds }: DeviceView['waves']): string =>
  channels === 0 ? 'none' : `${channels} × ${seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`}`

/** `24 min ahead; gains 9 s a day; set back by 1 h, 3 min ago`. */
export function deviceClockText(clock: NonNullable<DeviceView['clock']> | null, now: number | null): string {
  if (clock === null) return 'not known'
  const { offsetMs, boundMs, driftMsPerHour, lastStep } = clock
  const offset = Math.abs(offsetMs) <= boundMs ? 'right' : `${lengthText(offsetMs)} ${offsetMs < 0 ? 'behind' : 'ahead'}`
  const drift = driftMsPerHour === null || Math.abs(driftMsPerHour) < 100 ? [] : [`${driftMsPerHour < 0 ? 'loses' : 'gains'} ${Math.round((Math.abs(driftMsPerHour) * 24) / 1_000)} s a day`]
  const step = lastStep === null ? [] : [`set ${lastStep.byMs < 0 ? 'back' : 'forward'} by ${lengthText(lastStep.byMs)}${now === null ? '' : `, ${agoText(now - lastStep.at)}`}`]
  return [offset, ...drift, ...step].join('; ')
}

/** The two greatest units. */
function lengthText(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1_000)
  const units = [[Math.floor(seconds / 3_600), 'h'], [Math.floor(seconds / 60) % 60, 'min'], [seconds % 60, 's']] as const
  return units.filter(([count]) => count > 0).slice(0, 2).map(([count, unit]) => `${count} ${unit}`).join(' ') || '0 s'
}

export function linkText(link: DeviceView['link']): string {
  switch (link) {
    case 'live':
      return 'live'
    case 'silent':
      return 'silent'
    case 'down':
      return 'not connected'
    case 'never':
      return 'never heard'
  }
}

export const roleText = (role: Role): string => (role === 'admin' ? 'administrator' : role === 'biomed' ? 'biomedical' : role === 'station' ? 'screen of the ward' : 'nurse')

/** Only nurses act on alerts and stays, and whoever says at a screen of the ward that she is one; the gateway refuses everybody else. */
export const mayAct = (role: Role | undefined): boolean => role === 'nurse' || role === 'station'

/** Who stands at the bed says who lies there; an administrator reads along. */
export const mayIdentify = (role: Role | undefined): boolean => role === 'nurse' || role === 'biomed' || role === 'station'

/** Whoever mends things, sees the devices. */
export const mayOpenDevices = (role: Role): boolean => role === 'biomed' || role === 'admin'

/** `DEMO — simulated patients, not for clinical use`, with how fast its time runs. */
export const demoText = (speed: number): string =>
  `DEMO — simulated patients, not for clinical use${speed === 1 ? '' : ` — time runs ${speed} times as fast`}`

/** Troubles of the gateway that a nurse should know of, in a sentence each. Empty when all is well. */
export function troubles(gateway: GatewayView): readonly string[] {
  const { store, sync } = gateway
  return [
    ...(store.kind === 'failing' ? [`Values are not being saved (${store.why}). Alerts still work.`] : []),
    ...(sync.sinks ?? [{ ...sync, id: '' }]).flatMap(({ id, kind, lagRows, why }) => {
      const because = why === '' ? '' : ` (${why})`
      if (kind === 'behind') return [`${id === '' ? 'Central' : id} is ${lagRows} rows behind${because}. Nothing is lost.`]
      return kind === 'paused' ? [`Sending to ${id === '' ? 'central' : id} is paused${because}. Nothing is lost.`] : []
    }),
  ]
}

const STAGE_WORDS: Readonly<Record<SentinelStage, string>> = { link: 'no bytes', driver: 'driver', rules: 'rules', alert: 'alerts', store: 'store', screen: 'screen' }

/** null: not known now. */
export function sentinelText(sentinel: SentinelView | null): string {
  if (sentinel === null) return 'Sentinel not known'
  switch (sentinel.kind) {
    case 'starting':
      return 'Sentinel starting'
    case 'ok':
      return `Sentinel ok ${sentinel.okAgoSeconds ?? 0} s ago`
    case 'failing':
      return `Sentinel fails: ${STAGE_WORDS[sentinel.stage]}`
  }
}

export function wayText(state: WayView['state'] | 'unknown'): string {
  switch (state) {
    case 'works':
      return 'works'
    case 'troubled':
      return 'trouble, trying again'
    case 'failing':
      return 'fails'
    case 'unknown':
      return 'not known'
  }
}
