/** Ward-in-a-box: patients and monitors, driven by the one clock that the whole demo shares. */

import { simulatorLimits } from '../src/limits.ts'
import type { Clock } from '../src/seams.ts'
import { type Bedside, createBedside } from './monitors/bedside.ts'
import { type Dialogue, dialogue } from './monitors/dialogue.ts'
import { createMindrayPds } from './monitors/mindray-pds.ts'
import { mllpWire } from './monitors/mllp.ts'
import { type DeviceParts, intellivueOf, personOf, serialModel } from './monitors/models.ts'
import { mqttWire } from './monitors/mqtt.ts'
import { PDS_ADDRESS, pdsWire } from './monitors/pds.ts'
import type { BedPlan, Transport, WardPlan } from './monitors/plan.ts'
import { createRegistryStation, type RegistryStation } from './monitors/registry.ts'
import { serialWire } from './monitors/serial.ts'
import { udpWire } from './monitors/udp.ts'
import type { Settled, Wire, WireEvents } from './monitors/wire.ts'
import { parseScenario, SCENARIOS } from './patients/scenarios.ts'

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
  const time = wardTime(clock)
  const stations = plan.beds.map((bed) => stationOf(plan.seed, bed, { time, note, issued }))
  const registry = plan.registry === undefined ? null : createRegistryStation(plan.registry, plan.beds, { note, settled: () => undefined })
  const parts = [live(stations, { clock, stop: end, note, time, registry }), ...[...stations, ...(registry ? [registry] : [])].map(({ wire }) => wire.run(end))]
  // Whatever fails takes the ward down with it, and all of it is waited for: a half-dead ward would look like a finding.
  const ended = await Promise.allSettled(parts.map((part) => part.catch((reason: unknown) => {
    failed.abort()
    throw reason
  })))
  for (const part of ended) if (part.status === 'rejected') throw part.reason
}

/** What the ward goes by: ms that began with the wall's whole second and never step, and what the monitors' clocks show. */
type WardTime = {
  readonly startedAt: number
  readonly now: () => number
  readonly shown: (nowMs: number) => number
  /** The clock of the machine was set: the monitors follow. */
  readonly follow: (byMs: number) => void
}

function wardTime(clock: Clock): WardTime {
  const startedAt = Math.floor(clock.wall() / 1_000) * 1_000
  const monoAtStart = clock.mono()
  let apartMs = 0
  return {
    startedAt,
    now: () => startedAt + clock.mono() - monoAtStart,
    shown: (nowMs) => nowMs + apartMs,
    follow: (byMs) => void (apartMs += byMs),
  }
}

type Station = {
  readonly plan: BedPlan
  readonly bedside: Bedside
  readonly wire: Wire | Dialogue
  /** What is said when the scenario begins, and at which second; null for a stable patient. */
  readonly onset: { readonly second: number; readonly title: string } | null
  /** Messages that a full memory dropped since the last that it took. */
  lost: number
}

type Context = { readonly time: WardTime; readonly note: (line: string) => void; readonly issued: WardOptions['issued'] }

function stationOf(seed: number, plan: BedPlan, { time, note, issued }: Context): Station {
  const settled: Settled = (message, how) => {
    if (how === 'acknowledged') for (const { metric, value } of message.values) issued?.({ device: plan.device, metric, value, messageId: message.id })
  }
  const scenario = parseScenario(plan.scenario)
  const onset = scenario === null || scenario.name === 'stable' ? null : { second: scenario.delayS, title: SCENARIOS[scenario.name].title }
  return { plan, bedside: createBedside(seed, plan, time.startedAt), wire: wireOf(plan, { note, settled, time }), onset, lost: 0 }
}

type WireContext = WireEvents & { readonly time: WardTime }

function wireOf({ bed, device, patient, transport }: BedPlan, context: WireContext): Wire | Dialogue {
  const name = `${bed} (${device})`
  const { time } = context
  const parts = { device, bed, patient, startedAt: time.startedAt, shown: time.shown }
  switch (transport.kind) {
    case 'hl7':
      return mllpWire({ host: transport.host, port: transport.port, name }, context)
    case 'mqtt':
      return mqttWire({ url: transport.url, username: transport.username, password: transport.password, device, name }, context)
    case 'serial': {
      const { speech } = serialModel(transport.model ?? 'radical-7')
      const line = { link: transport.link, tcpPort: transport.tcpPort ?? null, name }
      return speech.kind === 'talks' ? serialWire(line, context) : dialogue(speech.create(parts), time.now, (heard) => serialWire({ ...line, heard }, context))
    }
    case 'intellivue':
      return dialogue(intellivueOf(parts, 'lan'), time.now, (heard) => udpWire({ host: transport.host, port: transport.port, name, heard }, context))
    case 'pds':
      return pdsDialogue(transport, { ...parts, name }, context)
  }
}

/** Its clock is the one that it is called with. */
function pdsDialogue(
  { host, port, ownPort }: Extract<Transport, { kind: 'pds' }>,
  { device, patient, bed, name }: DeviceParts & { readonly bed: string; readonly name: string },
  { time, note }: WireContext,
): Dialogue {
  const monitor = createMindrayPds({ name: device, department: 'WARD', bed, address: PDS_ADDRESS, port: ownPort, patient: personOf(patient) })
  const called = (): void => monitor.restart()
  let announce = (_datagram: Uint8Array): void => undefined
  const talk = dialogue(monitor, () => time.shown(time.now()), (heard) => {
    const wire = pdsWire({ host, port, ownPort, name, heard, called }, { note })
    announce = wire.announce
    return wire
  })
  return {
    ...talk,
    beat: (atMs) => talk.beat(time.shown(atMs)),
    see(moment) {
      talk.see(moment)
      if (moment.insult.power === 'on') announce(monitor.announcement())
    },
  }
}

/** Beyond this the machine slept: the monitors set their clocks, as they do over a network. */
const CLOCK_APART_MS = 5_000

/** Devices that answer are looked after so often. */
const BEAT_MS = 100

type Life = Pick<WardOptions, 'clock' | 'stop' | 'note'> & { readonly time: WardTime; readonly registry: RegistryStation | null }

async function live(stations: readonly Station[], { clock, stop, note, time, registry }: Life): Promise<void> {
  const { startedAt, now, shown } = time
  const dialogues = stations.flatMap(({ wire }) => ('beat' in wire ? [wire] : []))
  let second = 0
  while (!stop.aborted) {
    const nowMs = now()
    const due = Math.floor((nowMs - startedAt) / 1_000)
    let budget = simulatorLimits.catchUpTicksMax
    while (second <= due && budget-- > 0) {
      for (const station of stations) tick(station, shown(startedAt + second * 1_000), note)
      registry?.tick(second, shown(startedAt + second * 1_000))
      second++
    }
    const apartMs = clock.wall() - shown(now())
    if (Math.abs(apartMs) > CLOCK_APART_MS && second > due) {
      time.follow(Math.floor(apartMs / 1_000) * 1_000)
      note('The clock of this machine was set: the monitors follow.')
    }
    for (const device of dialogues) device.beat(nowMs)
    const nextMs = startedAt + second * 1_000 - now()
    await clock.sleep(Math.max(1, dialogues.length > 0 ? Math.min(BEAT_MS, nextMs) : nextMs), stop)
  }
}

function tick(station: Station, wallMs: number, note: (line: string) => void): void {
  const { plan, bedside, wire, onset } = station
  const { moment, plug, message, alarms } = bedside.next(wallMs)
  if (onset?.second === moment.second) note(`${plan.bed}: now begins: ${onset.title}`)
  wire.plug(plug)
  if ('see' in wire) wire.see(moment)
  else for (const outgoing of [...(message === null ? [] : [message]), ...alarms]) send(station, wire.offer(outgoing), note)
}

function send(station: Station, isTaken: boolean, note: (line: string) => void): void {
  const { plan: { bed, device, transport } } = station
  if (!isTaken) station.lost++
  else if (station.lost > 0) {
    // A serial line keeps nothing, so losing there is no news.
    if (transport.kind !== 'serial') note(`${bed} (${device}): its memory was full, ${station.lost} messages were lost`)
    station.lost = 0
  }
}
