/** One message: whose records they are, and what each of them says. */

import {
  type ActiveAlarm, type Fault, type Json, type PatientIdentity, type Reading, type WallMs, type Waveform, type Zone,
  driverLimits, hl7Time, isJsonObject, isJsonText, isoTime, parseJson, shown, wallMs,
} from '#driver'
import { alarmOfConnection, statusOf } from './status.ts'
import { type Times, pressuresOf, readingOf } from './values.ts'
import { readWave } from './waves.ts'

export type Told = {
  readonly monitor: string
  /** The newest time in it: records carry no time of sending. */
  readonly sentAt: WallMs | null
  readonly isZoned: boolean
  readonly readings: readonly Reading[]
  readonly waveforms: readonly Waveform[]
  /** What each kind of record in it that knows says of alarms; null: there is none. */
  readonly alarms: ReadonlyMap<string, ActiveAlarm | null>
  readonly faults: readonly Fault[]
  readonly leftOut: readonly Fault[]
  readonly identity: PatientIdentity | null
}

type Placed = { readonly record: Json; readonly at: string }

export type Whose = {
  readonly zone: Zone
  /** Whose records are believed; null: those of whom the conversation has brought so far. */
  readonly monitor: string | null
  readonly heard: string | null
}

/** The middleware posts one list for each monitor, in a list. */
const LISTS_IN_LISTS = 1

/** A sentence when the message as a whole cannot be believed. */
export function readMessage(text: string, whose: Whose): Told | string {
  const parsed = parseJson(text)
  if (parsed === undefined) return 'not valid JSON'
  const list: readonly unknown[] = Array.isArray(parsed) ? parsed.flat(LISTS_IN_LISTS) : [parsed]
  if (list.length > driverLimits.teleicuRecordsPerMessageMax) return `more than ${driverLimits.teleicuRecordsPerMessageMax} records`
  const records: Placed[] = []
  const faults: Fault[] = []
  list.forEach((record, index) => {
    if (isJsonObject(record)) records.push({ record, at: `records[${index}]` })
    else faults.push({ why: 'must be an object', at: `records[${index}]` })
  })
  if (!records.some(({ record }) => isJsonText(record['observation_id']))) return 'no record with an observation_id'
  const sorted = ownOf(records, whose)
  if (typeof sorted === 'string') return sorted
  const identity = identityOf(sorted.own)
  if (typeof identity === 'string') return identity
  const page = new Page(whose.zone)
  for (const placed of sorted.own) page.take(placed)
  return { ...page.told(), monitor: sorted.monitor, identity, faults: [...faults, ...page.faults], leftOut: [...sorted.others, ...page.leftOut] }
}

type Sorted = { readonly monitor: string; readonly own: readonly Placed[]; readonly others: readonly Fault[] }

/** Whose the records are is never guessed: values of two monitors in one bed would be values of two patients. */
function ownOf(records: readonly Placed[], { monitor: chosen, heard }: Whose): Sorted | string {
  const byMonitor = new Map<string, Placed[]>()
  for (const placed of records) {
    const monitor = placed.record['device_id']
    if (!isJsonText(monitor) || monitor === '') return `${placed.at}: device_id must say which monitor it is of`
    const those = byMonitor.get(monitor)
    if (those === undefined) byMonitor.set(monitor, [placed])
    else those.push(placed)
  }
  const [only = ''] = byMonitor.keys()
  if (chosen === null && byMonitor.size > 1) return 'records of several monitors in one message: name one with the setting "monitor"'
  if (chosen === null && heard !== null && only !== heard) return 'records of another monitor than before: name one with the setting "monitor"'
  const monitor = chosen ?? only
  const own = byMonitor.get(monitor)
  if (own === undefined) return 'no record of the monitor that the setting names'
  byMonitor.delete(monitor)
  const others = Array.from(byMonitor, ([name, { length }]) => ({ why: `${length} records of another monitor`, at: shown(name) }))
  return { monitor, own, others }
}

/** What all records say that say anything; a sentence when they name two patients. */
function identityOf(records: readonly Placed[]): PatientIdentity | string | null {
  const said = { mrn: new Set<string>(), name: new Set<string>() }
  for (const { record } of records) {
    for (const [key, words] of [['patient-id', said.mrn], ['patient-name', said.name]] as const) {
      const word = typeof record[key] === 'number' ? String(record[key]) : record[key]
      if (word === undefined || word === null) continue
      if (!isJsonText(word)) return `${key} must be a text`
      if (word.trim() !== '') words.add(word.trim())
    }
  }
  if (said.mrn.size > 1 || said.name.size > 1) return 'records of several patients in one message'
  const [mrn = null] = said.mrn
  const [name = null] = said.name
  return mrn === null && name === null ? null : { mrn, name }
}

/** A clock without its zone; zoned times are ISO 8601. */
const LOCAL_TIME = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})$/

function timesOf(text: unknown, zone: Zone): Times | null {
  if (typeof text !== 'string') return null
  const parts = LOCAL_TIME.exec(text)
  if (parts !== null) {
    const time = hl7Time(parts.slice(1).join(''), zone)
    return time.kind === 'at' ? { deviceAt: time.at, isZoned: false } : null
  }
  const at = isoTime(text.replace(' ', 'T'))
  return at === null ? null : { deviceAt: at, isZoned: true }
}

/** What the records of one message come to. */
class Page {
  readonly faults: Fault[] = []
  readonly leftOut: Fault[] = []
  readonly #zone: Zone
  readonly #readings: Reading[] = []
  readonly #waveforms: Waveform[] = []
  readonly #alarms = new Map<string, ActiveAlarm | null>()
  #newest: Times | null = null

  constructor(zone: Zone) {
    this.#zone = zone
  }

  take({ record, at }: Placed): void {
    const kind = record['observation_id']
    if (!isJsonText(kind)) return void this.faults.push({ why: 'must be a text', at: `${at}.observation_id` })
    const times = timesOf(record['date-time'], this.#zone)
    if (times === null) return void this.faults.push({ why: 'must be a time as in 2026-01-31 13:45:00', at: `${at}.date-time` })
    if (this.#newest === null || times.deviceAt > this.#newest.deviceAt) this.#newest = times
    switch (kind) {
      case 'waveform':
        return this.#wave(record, at)
      case 'device-connection':
        return this.#connection(record, at)
      default:
        return this.#numerics(kind, { record, at }, times)
    }
  }

  told(): Pick<Told, 'sentAt' | 'isZoned' | 'readings' | 'waveforms' | 'alarms'> {
    return {
      sentAt: this.#newest === null ? null : wallMs(this.#newest.deviceAt),
      isZoned: this.#newest?.isZoned ?? true,
      readings: this.#readings,
      waveforms: this.#waveforms,
      alarms: this.#alarms,
    }
  }

  #numerics(kind: string, { record, at }: Placed, times: Times): void {
    const status = statusOf(record['status'])
    const read = kind === 'blood-pressure' ? pressuresOf(record, { status, times, at }) : readingOf(kind, record, { status, times, at })
    if (read === 'left out') return void this.leftOut.push({ why: 'an observation that is not read', at: shown(kind) })
    if (status.kind === 'unknown') this.faults.push({ why: 'a status that is not known: its value is not believed', at: `${at}.status` })
    // A sensor that came off does not end an alarm: the monitor then sees nothing.
    if (status.kind === 'valid') this.#alarms.set(kind, status.alarm)
    for (const one of read) {
      if ('metric' in one) this.#readings.push(one)
      else this.faults.push(one)
    }
  }

  #connection(record: Json, at: string): void {
    const alarm = alarmOfConnection(record['status'])
    if (alarm === 'unknown') this.faults.push({ why: 'must be Connected or Disconnected', at: `${at}.status` })
    else this.#alarms.set('device-connection', alarm)
  }

  #wave(record: Json, at: string): void {
    const read = readWave(record, driverLimits.teleicuWaveformsPerMessageMax - this.#waveforms.length)
    switch (read.kind) {
      case 'wave':
        this.#waveforms.push(...read.waveforms)
        if (read.isCut) this.leftOut.push({ why: `more than ${driverLimits.teleicuWaveformsPerMessageMax} stretches between gaps`, at: `${at}.data` })
        return
      case 'left out':
        return void this.leftOut.push({ why: read.why, at: shown(read.name) })
      case 'wrong':
        return void this.faults.push({ why: read.why, at: `${at}.${read.key}` })
    }
  }
}
