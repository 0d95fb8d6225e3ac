/**
 * The sentinel bed: a ward of one bed beside the ward, in the same process, on the same thread, with the same driver, rules, life
 * cycle, store, and screens. Its alert is real on all of that way, and nothing of it is among the ward's beds, alerts or rows:
 * who counts, reports, sends, escalates or calls never meets it. Of it the store keeps one row, written anew with each alert.
 */

import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { AlertView, SentinelView } from './api/wire.ts'
import { parseSite } from './config/load.ts'
import type { Site } from './config/schema.ts'
import { type Alert, type AlertEvent, foldAlert, isOpen } from './domain/alert.ts'
import { type AlertId, alertId, bedId, deviceId, stayId } from './domain/ids.ts'
import { sentinelLimits } from './limits.ts'
import { type Loopback, loopback } from './links/loopback.ts'
import { SENTINEL, SENTINEL_SPO2, SentinelSource } from './ops/sentinel-source.ts'
import { SENTINEL_CONDITION, Sentinel } from './ops/sentinel.ts'
import { Pump } from './pump/pump.ts'
import type { BedRules } from './pump/watch.ts'
import { bedRules } from './rules/bed.ts'
import { traceOf } from './security/trace.ts'
import type { Clock, Driver, OpenLine, Store, Tick } from './seams.ts'

const CONDITION = 'threshold/spo2-low'
const BED = bedId(SENTINEL)

const SITE = `
gateway: { id: ${SENTINEL}, ward: ${SENTINEL}, data: /nowhere }
beds: [{ id: ${SENTINEL}, label: ${SENTINEL} }]
links: [{ kind: mllp-listen, id: ${SENTINEL}, port: 0 }]
devices: [{ id: ${SENTINEL}, driver: hl7, bed: ${SENTINEL} }]
`

export type SentinelParts = {
  /** Real time: a demo that runs faster has no faster screens. */
  readonly clock: Clock
  readonly driverOf: (id: string) => Driver
  /** That of the ward. */
  readonly store: Store
  /** Carries what its monitor says to the line that is opened. */
  readonly wire: (open: OpenLine) => { say(bytes: Uint8Array): void }
  /** Screens that are open and have shown something before. */
  readonly screens: () => number
  /** Its alert changed: on the way that all alerts go, up to who listens there. */
  readonly publish: (alert: AlertView) => void
  /** Raises a technical alert of the gateway, or with null ends it. */
  readonly report: Pump<unknown>['gatewayCondition']
  readonly log: Logger
  /** As Vigil ships them; others in tests. */
  readonly rules?: BedRules<unknown>
}

export type SentinelWard = {
  /** Time passes. Never throws: what is wrong with the sentinel must not hurt the ward. */
  tick(): void
  /** Somebody who listens where the screens do has heard of its alert. */
  heard(alert: AlertView): void
  /** A screen shows these. */
  displayed(alerts: readonly AlertId[]): void
  /** Its alert, while it is open. */
  alert(): AlertView | null
  view(): SentinelView
  /** What is held is committed. */
  close(): Promise<void>
}

/** Begins once the ward has begun, for it can wait, and runs over a socket of its own until stopped; `began` gets it. */
export async function runSentinel(parts: Omit<SentinelParts, 'driverOf' | 'wire'>, began: (sentinel: SentinelWard) => void, stop: AbortSignal): Promise<void> {
  const { clock, log } = parts
  await clock.sleep(sentinelLimits.startMs, stop)
  if (stop.aborted) return
  const { default: hl7 } = await import('../drivers/hl7/driver.ts')
  const stopped: Promise<void>[] = []
  function wire(open: OpenLine): Loopback {
    const line = loopback({ id: SENTINEL, device: deviceId(SENTINEL), clock, log }, open, stop)
    stopped.push(line.stopped)
    return line
  }
  const sentinel = startSentinel({ ...parts, driverOf: () => hl7, wire })
  began(sentinel)
  await Promise.all(stopped)
  await sentinel.close()
}

export function startSentinel(parts: SentinelParts): SentinelWard {
  const { clock, screens, report, log } = parts
  const sentinel = new Sentinel(clock.mono())
  const source = new SentinelSource()
  let open: Alert | null = null
  let isBroken = false
  let isWellTold = false

  const pump = new Pump({
    site: siteOf(),
    driverOf: parts.driverOf,
    rules: listening(parts.rules ?? bedRules, () => sentinel.passed('rules', clock.mono())),
    clock,
    speed: 1,
    store: { commit: (tick) => commit(tick), close: () => Promise.resolve() },
    restored: { stays: [], alertEvents: [], recent: [], messages: [] },
    mint: { alert: () => alertId(`${SENTINEL}-${randomUUID()}`), stay: () => stayId(SENTINEL) },
    publish,
    saved(events) {
      if (events.some((event) => event.kind === 'phase' && event.phase === 'start' && event.alertId === open?.id)) sentinel.passed('store', clock.mono())
    },
    log,
  })
  const wire = parts.wire((peer, write, hangUp) => {
    const line = pump.openFor('hl7')({ ...peer, device: deviceId(SENTINEL) }, write, hangUp)
    return {
      ...line,
      receive(bytes, settled) {
        sentinel.passed('link', clock.mono())
        const before = believed()
        const frames = line.receive(bytes, settled)
        if (believed() > before && isLow()) sentinel.passed('driver', clock.mono())
        return frames
      },
    }
  })

  /** Nothing of it goes into the log: that it came to the disk is one row, of the last time. */
  async function commit({ events }: Tick): ReturnType<Store['commit']> {
    if (!events.some(({ kind }) => kind === 'alert')) return { kind: 'durable', lastSeq: 0 }
    const at = clock.wall()
    return parts.store.commit({ snapshots: [], events: [], stays: [], quarantined: [], messages: [], standing: [{ key: SENTINEL, at, value: { at } }] })
  }

  const believed = (): number => pump.devices.get(deviceId(SENTINEL))?.counts.good ?? 0
  const isLow = (): boolean => [...(pump.beds.get(BED)?.latest.values() ?? [])].some(({ observation: { measurement } }) => measurement.kind === 'measured' && measurement.value === SENTINEL_SPO2.low)

  /** What its pump says of itself, as the disk, the ward's own pump says too. */
  function publish(events: readonly AlertEvent[]): void {
    for (const event of events) {
      const isIts = event.kind === 'phase' ? event.bed === BED && event.condition === CONDITION : event.alertId === open?.id
      if (!isIts) continue
      const alert = foldAlert(open?.id === event.alertId ? open : null, event)
      open = isOpen(alert) ? alert : null
      parts.publish(viewOf(alert))
      pump.committer.soon()
    }
  }

  function step(): void {
    const now = { at: clock.mono(), wall: clock.wall() }
    const saying = source.next(now)
    // High and unseen, it would stay until somebody came.
    if (open?.state === 'latched') pump.acknowledge(open.id, SENTINEL)
    if (saying?.begins === true) sentinel.begin(now.at)
    if (saying !== null) wire.say(saying.bytes)
    pump.tick()
    if (!sentinel.judge(now.at, screens())) return
    const said = sentinel.said(now.at)
    // What a life before told may still stand.
    if (said !== null || !isWellTold) report(SENTINEL_CONDITION, said)
    isWellTold = said === null
  }

  return {
    tick() {
      try {
        step()
      } catch (error) {
        if (!isBroken) log.error(traceOf(error), 'The sentinel failed inside.')
        isBroken = true
      }
    },
    heard(alert) {
      if (alert.id === open?.id) sentinel.passed('alert', clock.mono())
    },
    displayed(alerts) {
      if (open !== null && alerts.includes(open.id)) sentinel.passed('screen', clock.mono())
    },
    alert: () => (open === null ? null : viewOf(open)),
    view() {
      const { state } = sentinel
      const okAgoMs = sentinel.okAgoMs(clock.mono())
      return { ...state, okAgoSeconds: okAgoMs === null ? null : Math.floor(okAgoMs / 1_000) }
    },
    close: () => pump.close(),
  }
}

const viewOf = (alert: Alert): AlertView => ({ ...alert, saved: true, bedLabel: null })

/** The same rules; `spoke` hears when they say that the sentinel desaturates. */
function listening<State>(rules: BedRules<State>, spoke: () => void): BedRules<State> {
  return {
    ...rules,
    step(state, input) {
      const verdict = rules.step(state, input)
      if (verdict.signals.some(({ kind, condition }) => kind === 'present' && condition === CONDITION)) spoke()
      return verdict
    },
  }
}

/** @throws Error when our own site is wrong: a bug. */
function siteOf(): Site {
  const parsed = parseSite(SITE, SENTINEL)
  if (parsed.kind === 'wrong') throw new Error(parsed.problems.join(' '))
  return parsed.site
}
