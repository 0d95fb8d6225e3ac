/** A pump with a fake clock, a fake disk and a driver of one line a frame, for tests of what lies between. */

import { pino } from 'pino'
import { parseSite } from '../../src/config/load.ts'
import type { AlertEvent } from '../../src/domain/alert.ts'
import { alertId, stayId } from '../../src/domain/ids.ts'
import { metricOfId } from '../../src/domain/metrics.ts'
import { type AbsentReason, type AlarmInactivation, type DeviceAlarm, type MedicationGiven, type PatientFact, type Reading, type Waveform, absent, measured } from '../../src/domain/reading.ts'
import { wallMs } from '../../src/domain/time.ts'
import { Pump, type Restored } from '../../src/pump/pump.ts'
import type { BedRules } from '../../src/pump/watch.ts'
import type { CommitResult, Driver, Frame, Outcome, Session, SessionOutput, Signal, Store, Tick } from '../../src/seams.ts'
import { type FakeClock, fakeClock } from '../fakes/clock.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export type Message = {
  readonly id?: string
  readonly hr?: number | 'absent'
  readonly mrn?: string
  readonly name?: string
  readonly channel?: string
  readonly faults?: readonly { readonly why: string; readonly at: string }[]
  readonly alarms?: readonly Partial<DeviceAlarm>[]
  /** How the monitor keeps its alarms as a whole. */
  readonly quiet?: readonly AlarmInactivation[]
  /** When the device says it sent this. */
  readonly sentAt?: number
  readonly given?: readonly Partial<MedicationGiven>[]
  /** More values, or why there are none, by the reference id of the metric. */
  readonly values?: Readonly<Record<string, number | AbsentReason>>
  /** Samples of one ECG channel at 100 a second. */
  readonly wave?: { readonly channel: string; readonly samples: readonly number[] }
  readonly throws?: boolean
  readonly bad?: boolean
  readonly unbelievable?: boolean
  /** What the hospital's registry says. */
  readonly facts?: readonly PatientFact[]
  /** With `sentAt`: how old the heart rate is; and another value of the same message. */
  readonly ageMs?: number
  readonly also?: { readonly metric: string; readonly value: number; readonly ageMs: number }
  /** The device names its patient with nothing in it. */
  readonly nameless?: boolean
  /** The protocol has no answers of its own. */
  readonly noReply?: boolean
  /** Which device says this, on a line of several. */
  readonly sender?: string
  /** The monitor shows a patient who is none. */
  readonly demo?: boolean
}

/** Frames are JSON, one each call; answers are the outcome's kind. */
export const lineDriver: Driver = {
  id: 'line',
  title: 'one JSON message a frame',
  transport: 'tcp',
  integrity: 'transport',
  settings: [],
  open(): Session {
    const nothing: SessionOutput = { frames: [], send: [], wakeAt: null }
    return {
      receive(bytes) {
        const message: Message = JSON.parse(decoder.decode(bytes))
        if (message.throws === true) throw new Error('a bug in the driver')
        return { frames: [frameOf(message, bytes)], send: [], wakeAt: null }
      },
      wake: () => nothing,
      end: () => nothing,
    }
  },
}

function frameOf(message: Message, bytes: Uint8Array): Frame {
  const reply = message.noReply === true ? null : (outcome: Outcome): Uint8Array => encoder.encode(outcome.kind)
  const base = { offset: 0, length: bytes.length, bytes, reply }
  if (message.bad === true) return { ...base, kind: 'bad', why: 'checksum' }
  if (message.unbelievable === true) return { ...base, kind: 'quarantined', why: 'not for us', sender: { name: null, location: null } }
  const metric = metricOfId('MDC_ECG_HEART_RATE')
  if (!metric) throw new Error('no such metric')
  const measurement = message.hr === 'absent' ? absent('lead-off') : message.hr === undefined ? null : measured(message.hr)
  return {
    ...base,
    kind: 'good',
    sender: { name: message.sender ?? null, location: null },
    messageId: message.id ?? null,
    sentAt: message.sentAt === undefined ? null : wallMs(message.sentAt),
    readings: [
      ...(measurement ? [{ metric, measurement, channel: message.channel ?? '', deviceAt: deviceTime(message, message.ageMs), flags: message.demo === true ? ['demo' as const] : [] }] : []),
      ...(message.also ? [readingOf(message, message.also)] : []),
      ...Object.entries(message.values ?? {}).map(([id, value]) => saidOf(id, value)),
    ],
    waveforms: message.wave ? [waveOf(message.wave)] : [],
    alarms: (message.alarms ?? []).map((alarm) => ({ ...ALARM, ...alarm })),
    ...(message.given ? { given: message.given.map((given) => ({ ...GIVEN, ...given })) } : {}),
    ...(message.quiet === undefined ? {} : { quiet: message.quiet }),
    faults: message.faults ?? [],
    identity: message.nameless !== true && message.mrn === undefined && message.name === undefined ? null : { mrn: message.mrn ?? null, name: message.name ?? null },
    ...(message.facts ? { facts: message.facts } : {}),
  }
}

const deviceTime = ({ sentAt }: Message, ageMs: number | undefined) => (sentAt === undefined || ageMs === undefined ? null : wallMs(sentAt - ageMs))

function readingOf(message: Message, { metric: id, value, ageMs }: NonNullable<Message['also']>): Reading {
  const metric = metricOfId(id)
  if (!metric) throw new Error('no such metric')
  return { metric, measurement: measured(value), channel: '', deviceAt: deviceTime(message, ageMs), flags: [] }
}

function saidOf(id: string, value: number | AbsentReason): Reading {
  const metric = metricOfId(id)
  if (!metric) throw new Error('no such metric')
  return { metric, measurement: typeof value === 'number' ? measured(value) : absent(value), channel: '', deviceAt: null, flags: [] }
}

const ALARM: DeviceAlarm = {
  id: 'a1', code: 'MDC_EVT_LO', text: 'SpO2 low', source: 'MDC_PULS_OXIM_SAT_O2', priority: 'high', type: 'physiological', phase: 'start', state: 'active', inactivation: [], flags: [], deviceAt: null,
}

export const GIVEN: MedicationGiven = {
  id: '77/1', code: 'C01CA03', system: 'ATC', name: 'Norepinephrine', dose: { amount: 0.1, unit: 'ug/kg/min' }, route: 'IV', from: null, until: null,
  status: 'complete', action: 'added', flags: [],
}

const waveOf = ({ channel, samples }: NonNullable<Message['wave']>): Waveform => ({
  metric: 'MDC_ECG_LEAD_II', channel, rateHz: 100, scale: 0.01, offset: 0, unit: 'mV', samples: Int16Array.from(samples), deviceAt: null,
})

/** Says "high" for HR above 100, once a snapshot; throws at 666. */
export const highRules: BedRules<number> = {
  start: () => 0,
  adopt: (state) => state,
  step(state, input) {
    if (input.kind !== 'snapshot') return { state, signals: [] }
    const signals = input.snapshot.observations.flatMap(({ measurement }): Signal[] => {
      if (measurement.kind === 'absent') return [{ kind: 'lost', condition: 'hr-high' }]
      if (measurement.value === 666) throw new Error('a bug in a rule')
      if (measurement.value <= 100) return [{ kind: 'cleared', condition: 'hr-high' }]
      const because = { rule: 'test', version: '1', inputs: [], limit: null, missing: [] }
      return [{ kind: 'present', condition: 'hr-high', priority: 'medium', type: 'physiological', text: `HR ${measurement.value}`, because }]
    })
    return { state: state + 1, signals }
  },
}

const SITE = `
gateway: { id: gw, ward: Ward, data: /nowhere }
beds: [{ id: bed-1, label: '1' }, { id: bed-2, label: '2' }]
links: [{ kind: mllp-listen, id: in, port: 0 }]
devices:
  - { id: mon-1, driver: line, bed: bed-1 }
  - { id: mon-2, driver: line, bed: bed-2 }
  - { id: oximeter-1, driver: line, bed: bed-1 }
  - { id: loose, driver: line }
  - { id: registry, driver: line, silenceSeconds: 0 }
  - { id: spot, driver: line, roaming: true }
`

export const NOTHING_RESTORED: Restored = { stays: [], alertEvents: [], recent: [], messages: [] }

/** `disk` answers each tick; by default everything is durable at once. */
export function ward(of: { readonly restored?: Restored; readonly disk?: (tick: Tick) => Promise<CommitResult>; readonly clock?: FakeClock; /** Ids that a life before gave. */ readonly minted?: number; readonly rules?: BedRules<number>; readonly mode?: 'commissioning'; /** In place of the ward of two beds. */ readonly site?: string } = {}) {
  const loaded = parseSite(of.site ?? SITE, 'test.yaml')
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  const clock = of.clock ?? fakeClock()
  const ticks: Tick[] = []
  const published: AlertEvent[] = []
  let minted = of.minted ?? 0
  let seq = 0
  const store: Store = {
    async commit(tick) {
      const result = await (of.disk?.(tick) ?? Promise.resolve({ kind: 'durable' as const, lastSeq: ++seq }))
      if (result.kind === 'durable') ticks.push(tick)
      return result
    },
    close: () => Promise.resolve(),
  }
  const pump = new Pump({
    site: of.mode === undefined ? loaded.site : { ...loaded.site, gateway: { ...loaded.site.gateway, mode: of.mode } },
    driverOf: () => lineDriver,
    rules: of.rules ?? highRules,
    clock,
    speed: 1,
    store,
    restored: of.restored ?? NOTHING_RESTORED,
    mint: { alert: () => alertId(`alert-${++minted}`), stay: () => stayId(`stay-${++minted}`) },
    publish: (events) => void published.push(...events),
    saved: () => undefined,
    log: pino({ level: 'silent' }),
  })
  /** Opens a line as a device and returns how to speak on it. */
  const connect = (device: string) => {
    const answers: string[] = []
    const peer = pump.devices.all().find(({ id }) => id === device)
    const line = pump.openFor('line')({ address: `test:${device}`, device: peer?.id ?? null }, (bytes) => void answers.push(decoder.decode(bytes)))
    const say = (message: Message): void => void line.receive(encoder.encode(JSON.stringify(message)))
    return { line, say, answers }
  }
  const stored = () => ticks.flatMap((tick) => tick.snapshots)
  return { pump, clock, ticks, published, connect, stored }
}

export const at = wallMs
