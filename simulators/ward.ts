/** Ward-in-a-box: patients and monitors, driven by the one clock that the whole demo shares. */

import { join } from 'node:path'
import { simulatorLimits } from '../src/limits.ts'
import type { Clock } from '../src/seams.ts'
import { type Bedside, createBedside } from './monitors/bedside.ts'
import { mllpWire } from './monitors/mllp.ts'
import { mqttWire } from './monitors/mqtt.ts'
import { serialWire } from './monitors/serial.ts'
import type { Settled, Wire } from './monitors/wire.ts'
import { parseScenario, SCENARIOS } from './patients/scenarios.ts'
import type { BedPlan, WardPlan } from './monitors/plan.ts'

export { type BedPlan, type ParsedPlan, parseWardPlan, type WardPlan } from './monitors/plan.ts'

/** One measured value that a gateway has positively acknowledged: it must never be lost after this, nor doubled. */
export type IssuedValue = { readonly device: string; readonly metric: string; readonly value: number; readonly messageId: string }

export type WardOptions = {
  readonly clock: Clock
  readonly stop: AbortSignal
  /** One sentence for the person who watches. */
  readonly note: (line: string) => void
  /** Serial lines have no acknowledgements, so their values never come here. */
  readonly issued?: (record: IssuedValue) => void
}

/**
 * Runs until stopped. A gateway that is away, slow or wrong is waited for; only a bug in the simulator itself rejects.
 * Ward time advances in whole seconds from the start, so the clock's speed changes when a value is sent, never the value.
 */
export async function runWard(plan: WardPlan, { clock, stop, note, issued }: WardOptions): Promise<void> {
  const failed = new AbortController()
  const end = AbortSignal.any([stop, failed.signal])
  const startedAt = Math.floor(clock.wall() / 1_000) * 1_000
  const stations = plan.beds.map((bed) => stationOf(plan.seed, bed, { startedAt, note, issued }))
  const parts = [live(stations, { clock, stop: end, note, startedAt }), ...stations.map(({ wire }) => wire.run(end))]
  // Whatever fails takes the ward down with it, and all of it is waited for: a half-dead ward would look like a finding.
  const ended = await Promise.allSettled(parts.map((part) => part.catch((reason: unknown) => {
    failed.abort()
    throw reason
  })))
  for (const part of ended) if (part.status === 'rejected') throw part.reason
}

type Station = {
  readonly plan: BedPlan
  readonly bedside: Bedside
  readonly wire: Wire
  /** What is said when the scenario begins, and at which second; null for a stable patient. */
  readonly onset: { readonly second: number; readonly title: string } | null
  /** Messages that a full memory dropped since the last that it took. */
  lost: number
}

type Context = { readonly startedAt: number; readonly note: (line: string) => void; readonly issued: WardOptions['issued'] }

function stationOf(seed: number, plan: BedPlan, { startedAt, note, issued }: Context): Station {
  const settled: Settled = (message, how) => {
    if (how === 'acknowledged') for (const { metric, value } of message.values) issued?.({ device: plan.device, metric, value, messageId: message.id })
  }
  const scenario = parseScenario(plan.scenario)
  const onset = scenario === null || scenario.name === 'stable' ? null : { second: scenario.delayS, title: SCENARIOS[scenario.name].title }
  return { plan, bedside: createBedside(seed, plan, startedAt), wire: wireOf(plan, { note, settled }), onset, lost: 0 }
}

function wireOf({ bed, device, transport }: BedPlan, events: { readonly note: (line: string) => void; readonly settled: Settled }): Wire {
  const name = `${bed} (${device})`
  switch (transport.kind) {
    case 'hl7':
      return mllpWire({ host: transport.host, port: transport.port, name }, events)
    case 'mqtt':
      return mqttWire({ url: transport.url, username: transport.username, password: transport.password, device, name }, events)
    case 'serial':
      return serialWire({ link: transport.link, tcpPort: transport.tcpPort ?? null, name }, events)
  }
}

/** Beyond this the machine slept: the monitors set their clocks, as they do over a network. */
const CLOCK_APART_MS = 5_000

async function live(stations: readonly Station[], { clock, stop, note, startedAt }: Pick<WardOptions, 'clock' | 'stop' | 'note'> & { readonly startedAt: number }): Promise<void> {
  const monoAtStart = clock.mono()
  let origin = startedAt
  let second = 0
  while (!stop.aborted) {
    const due = Math.floor((clock.mono() - monoAtStart) / 1_000)
    let budget = simulatorLimits.catchUpTicksMax
    while (second <= due && budget-- > 0) {
      for (const station of stations) tick(station, origin + second * 1_000, note)
      second++
    }
    if (Math.abs(clock.wall() - (origin + due * 1_000)) > CLOCK_APART_MS && second > due) {
      origin = Math.floor((clock.wall() - due * 1_000) / 1_000) * 1_000
      note('The clock of this machine was set: the monitors follow.')
    }
    await clock.sleep(Math.max(1, monoAtStart + second * 1_000 - clock.mono()), stop)
  }
}

function tick(station: Station, wallMs: number, note: (line: string) => void): void {
  const { plan, bedside, wire, onset } = station
  const { moment, plug, message } = bedside.next(wallMs)
  if (onset?.second === moment.second) note(`${plan.bed}: now begins: ${onset.title}`)
  wire.plug(plug)
  if (message === null) return
  if (!wire.offer(message)) station.lost++
  else if (station.lost > 0) {
    // A serial line keeps nothing, so losing there is no news.
    if (plan.transport.kind !== 'serial') note(`${plan.bed} (${plan.device}): its memory was full, ${station.lost} messages were lost`)
    station.lost = 0
  }
}

export type DemoAddresses = {
  readonly seed: number
  readonly hl7: { readonly host: string; readonly port: number }
  readonly mqtt: { readonly url: string; readonly passwordOf: (device: string) => string }
  /** Folder in which the serial ports have their stable names: one link a device. */
  readonly serialFolder: string
  /** The loopback TCP port that takes the place of a device's serial line where `hasPty()` says no; a free one if left out. */
  readonly tcpPortOf?: (device: string) => number
}

type DemoBed = { readonly kind: 'hl7-accept' | 'hl7-application' | 'mqtt' | 'radical-7' | 'rad-8'; readonly scenario: string; readonly name: string }

/** Five HL7 monitors, four MQTT modules, three oximeters on serial lines. Bed 2 gets worse within a minute. */
const DEMO_BEDS: readonly DemoBed[] = [
  { kind: 'hl7-accept', scenario: 'stable', name: 'Alma Birch' },
  { kind: 'hl7-accept', scenario: 'desaturation', name: 'Bruno Cedar' },
  { kind: 'hl7-application', scenario: 'sepsis', name: 'Clara Elm' },
  { kind: 'hl7-accept', scenario: 'leads-off@150', name: 'Dario Fir' },
  { kind: 'hl7-application', scenario: 'monitor-rebooted@900', name: 'Edda Hazel' },
  { kind: 'mqtt', scenario: 'stable', name: 'Felix Juniper' },
  { kind: 'mqtt', scenario: 'opioid@600', name: 'Greta Larch' },
  { kind: 'mqtt', scenario: 'stable', name: 'Hugo Maple' },
  { kind: 'mqtt', scenario: 'cable-pulled', name: 'Irma Oak' },
  { kind: 'radical-7', scenario: 'stable', name: 'Jonas Pine' },
  { kind: 'rad-8', scenario: 'probe-off@210', name: 'Karla Rowan' },
  { kind: 'radical-7', scenario: 'stable', name: 'Leo Willow' },
]

/** Device of a demo bed: `monitor-1` … `monitor-12`, at `bed-1` … `bed-12`. */
export function demoWard({ seed, hl7, mqtt, serialFolder, tcpPortOf }: DemoAddresses): WardPlan {
  const beds = DEMO_BEDS.map(({ kind, scenario, name }, index): BedPlan => {
    const device = `monitor-${index + 1}`
    const bed = { bed: `bed-${index + 1}`, device, scenario, patient: { mrn: `DEMO-${String(index + 1).padStart(4, '0')}`, name } }
    switch (kind) {
      case 'hl7-accept':
        return { ...bed, transport: { kind: 'hl7', ...hl7, style: 'accept' } }
      case 'hl7-application':
        return { ...bed, transport: { kind: 'hl7', ...hl7, style: 'application' } }
      case 'mqtt':
        return { ...bed, transport: { kind: 'mqtt', url: mqtt.url, username: device, password: mqtt.passwordOf(device) } }
      case 'radical-7':
      case 'rad-8':
        return { ...bed, transport: { kind: 'serial', link: join(serialFolder, device), model: kind, ...(tcpPortOf ? { tcpPort: tcpPortOf(device) } : {}) } }
    }
  })
  return { seed, beds }
}
