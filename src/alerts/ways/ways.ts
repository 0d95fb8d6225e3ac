/**
 * The ways out: who is told of an alert beside our own screens. `publish` only notes and wakes; each way works through what
 * it owes by itself, and one that fails is an alert. Receipts of all of them make the chain of each alert: raised, sent,
 * delivered, displayed, accepted.
 */

import type { Logger } from 'pino'
import { type Alert, type AlertEvent, foldAlert, isOpen, type Priority } from '../../domain/alert.ts'
import { DELIVERY_STEPS, type Delivery, impliedBy, RAISED_WAY, SCREEN_WAY } from '../../domain/delivery.ts'
import type { AlertId } from '../../domain/ids.ts'
import { wayLimits } from '../../limits.ts'
import type { Clock, Notifier } from '../../seams.ts'
import { conditionOf, NO_SCREEN, WAY_FAILING } from './condition.ts'
import { Covered } from './covered.ts'
import { Deliveries } from './deliveries.ts'
import { Outbox, type OutboxSetting } from './outbox.ts'
import { Supervised, type TestResult, type WayState } from './supervised.ts'
import { Screens } from './screens.ts'
import { testNotices } from './test-notice.ts'
import type { Way } from './way.ts'

/** A way and what it sends. */
export type WaySetting = Pick<OutboxSetting, 'sends' | 'addresses' | 'endings'> & {
  readonly way: Way
  readonly patientData: boolean
  readonly failingAfterMs: number
}

export type WaysParts = {
  readonly ways: readonly WaySetting[]
  /** What the screens call the ward. */
  readonly ward: string
  /** Real time. */
  readonly clock: Clock
  readonly log: Logger
  readonly mint: () => string
  /** Alerts that are open now, as the life cycle has them. */
  readonly open: () => Iterable<Alert>
  readonly placeOf: (alert: Alert) => string | null
  /** Raises a technical alert of the gateway, or with null ends it. */
  readonly report: (condition: string, said: { readonly priority: Priority; readonly text: string } | null) => void
  /** Each receipt, once. */
  readonly delivered: (delivery: Delivery) => void
  /** Receipts from before a restart, of alerts that are open: whom they reached is not called again. */
  readonly restored?: readonly Delivery[]
  /** All events of those alerts, oldest first: how each stood when it was told. */
  readonly restoredEvents?: readonly AlertEvent[]
  /** How grave it is that no screen of ours shows an alert; null: nobody is told. */
  readonly noScreen: Priority | null
}

export type Ways = Notifier & {
  /** Alerts that a screen of ours shows, and whose it is. */
  displayed(alerts: readonly AlertId[], by: string): void
  /** Calls one address about an open alert, for whoever escalates. False when there is no such way, alert or room. */
  call(way: string, address: string, alert: AlertId): boolean
  deliveries(alert: AlertId): readonly Delivery[]
  states(): readonly WayState[]
  /** Tries a way: what is sent is marked as a test. Null: there is no such way. */
  test(way: string, by: string): Promise<TestResult | null>
  /** Resolves when all ways have stopped. */
  readonly stopped: Promise<void>
}

/** Who calls by number: the alert that each address was called about last. */
const LAST_CALLED_MAX = 1_000

type Running = { readonly supervised: Supervised; readonly outbox: Outbox; readonly way: Way; readonly addresses: readonly string[] }

export function startWays(parts: WaysParts, stop: AbortSignal): Ways {
  const { clock } = parts
  const deliveries = new Deliveries(parts.delivered)
  const alerts = new Map<AlertId, Alert>([...parts.open()].map((alert) => [alert.id, alert]))
  const running: readonly Running[] = parts.ways.map((setting) => runningOf(setting, parts, deliveries))
  for (const { condition } of alerts.values()) {
    // A way that failed before the restart and is configured no more will never say that it works again.
    if (condition.startsWith(WAY_FAILING) && !parts.ways.some(({ way }) => conditionOf(way.id) === condition)) parts.report(condition, null)
  }
  const screens = parts.noScreen === null ? null : new Screens({ priority: parts.noScreen, report: parts.report }, [...alerts.values()].some(({ condition }) => condition === NO_SCREEN))
  for (const alert of alerts.values()) {
    restore(alert, parts, deliveries)
    // Not in the log of before: it began while we were not there yet.
    deliveries.add({ alertId: alert.id, at: alert.startedAt, step: 'raised', way: RAISED_WAY, address: '', by: null, note: null })
    const isShown = deliveries.of(alert.id).some(({ way, step, at }) => way === SCREEN_WAY && step === 'displayed' && at >= alert.startedAt)
    screens?.note(alert, clock.mono(), !isShown)
    for (const { outbox, supervised } of running) {
      for (const told of lastTold(alert, parts, supervised.id)) outbox.restore(told.alert, told.address, told.isRoused)
      outbox.note(alert, clock.mono())
    }
  }
  for (const alert of endedMeanwhile(parts, alerts)) {
    for (const { outbox, supervised } of running) {
      for (const told of lastTold(alert, parts, supervised.id)) outbox.restore(told.alert, told.address, told.isRoused)
      outbox.note({ ...alert, state: 'inactive' }, clock.mono())
    }
  }
  const covered = new Covered(alerts)
  for (const { id, by } of covered.all()) for (const { outbox } of running) outbox.cover(id, by, clock.mono())
  const receipt = (alertId: AlertId, step: Delivery['step'], of: Pick<Delivery, 'way' | 'by'>): void =>
    deliveries.add({ alertId, at: clock.wall(), step, address: '', note: null, ...of })

  function take(event: AlertEvent): void {
    const known = alerts.get(event.alertId) ?? null
    const alert = folded(known, event)
    if (alert === null) return
    if (isOpen(alert)) alerts.set(alert.id, alert)
    else alerts.delete(alert.id)
    if (known === null) receipt(alert.id, 'raised', { way: RAISED_WAY, by: null })
    if (event.kind === 'acknowledged') receipt(alert.id, 'accepted', { way: SCREEN_WAY, by: event.by })
    const roused = isRousing(event, known)
    screens?.note(alert, clock.mono(), roused || known === null)
    for (const { outbox } of running) outbox.note(alert, clock.mono(), { roused, isReset: event.kind === 'phase' && event.phase === 'reset' })
  }

  return {
    publish(events) {
      for (const event of events) take(event)
      for (const { id, by } of covered.after(events)) for (const { outbox } of running) outbox.cover(id, by, clock.mono())
      if (events.length > 0) for (const { supervised } of running) supervised.wake()
    },
    displayed(ids, by) {
      for (const id of ids) {
        if (!alerts.has(id)) continue
        receipt(id, 'displayed', { way: SCREEN_WAY, by })
        screens?.displayed(id)
      }
    },
    call(way, address, id) {
      const found = running.find(({ supervised }) => supervised.id === way)
      const alert = alerts.get(id)
      if (found === undefined || alert === undefined) return false
      const isTaken = found.outbox.call(alert, address, clock.mono())
      found.supervised.wake()
      return isTaken
    },
    deliveries: (alert) => deliveries.of(alert),
    states: () => running.map(({ supervised }) => supervised.state()),
    async test(way, by) {
      const found = running.find(({ supervised }) => supervised.id === way)
      if (found === undefined) return null
      const notices = testNotices({ says: found.way.says, addresses: found.addresses, ward: parts.ward, by, at: clock.wall(), mint: parts.mint })
      const patience = clock.sleep(wayLimits.testMs, stop).then((): TestResult => ({ kind: 'waiting' }))
      return Promise.race([found.supervised.test(notices), patience])
    },
    stopped: Promise.all([...running.map(({ supervised }) => supervised.run(stop)), screens && judging(screens, clock, stop)]).then(() => undefined),
  }
}

const JUDGE_EVERY_MS = 1_000

async function judging(screens: Screens, clock: Clock, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    screens.judge(clock.mono())
    await clock.sleep(JUDGE_EVERY_MS, stop)
  }
}

/** It calls anew: its acknowledgement is gone, it got worse, or it was over and comes back. */
const isRousing = (event: AlertEvent, before: Alert | null): boolean =>
  event.kind === 'acknowledgement-removed' || (event.kind === 'phase' && (event.phase === 'escalate' || (event.state === 'active' && before?.state === 'latched')))

/** What is nothing without a beginning is passed by: its alert ended, or never began, while nobody looked. */
const folded = (before: Alert | null, event: AlertEvent): Alert | null => (before === null && event.kind !== 'phase' ? null : foldAlert(before, event))

/** The chain of an alert that is open at the start: what is not written, because the alert itself says it, goes where it belongs. */
function restore(alert: Alert, { restored = [], restoredEvents = [] }: WaysParts, deliveries: Deliveries): void {
  const implied = restoredEvents.flatMap((event) => impliedBy(event) ?? [])
  const its = [...implied, ...restored].filter(({ alertId }) => alertId === alert.id)
  for (const delivery of its.toSorted((a, b) => a.at - b.at || DELIVERY_STEPS.indexOf(a.step) - DELIVERY_STEPS.indexOf(b.step))) deliveries.restore(delivery)
}

/** What was open before the restart and is no more: it ended before we looked, as when a monitor was heard before us. */
function endedMeanwhile({ restoredEvents = [] }: WaysParts, open: ReadonlyMap<AlertId, Alert>): readonly Alert[] {
  const its = Map.groupBy(restoredEvents.filter(({ alertId }) => !open.has(alertId)), ({ alertId }) => alertId)
  return [...its.values()].flatMap((events) => events.reduce(folded, null) ?? [])
}

/** How an alert stood when each receiver of a way was told of it last. */
function lastTold(alert: Alert, { restored = [], restoredEvents = [] }: WaysParts, way: string): readonly { readonly address: string; readonly alert: Alert; readonly isRoused: boolean }[] {
  const told = new Map(restored.filter((delivery) => delivery.alertId === alert.id && delivery.way === way && delivery.step === 'sent').map(({ address, at }) => [address, at]))
  const events = restoredEvents.filter(({ alertId }) => alertId === alert.id)
  return [...told].map(([address, at]) => {
    const then = events.filter((event) => event.at <= at).reduce(folded, null)
    let before = then
    let isRoused = false
    for (const event of events.filter((later) => later.at > at)) {
      isRoused ||= isRousing(event, before)
      before = folded(before, event)
    }
    return { address, alert: then ?? alert, isRoused }
  })
}

function runningOf({ way, sends, addresses, endings, patientData, failingAfterMs }: WaySetting, parts: WaysParts, deliveries: Deliveries): Running {
  const { clock, log, ward, placeOf, mint } = parts
  const outbox = new Outbox({ says: way.says, sends, addresses, endings, telling: { ward, patientData }, placeOf, mint })
  const called = new Map<string, AlertId>()
  const supervised = new Supervised({
    way,
    outbox,
    clock,
    log,
    failingAfterMs,
    failing: (said) => parts.report(conditionOf(way.id), said),
    receipt: (delivery) => {
      if (delivery.step === 'sent') {
        called.delete(delivery.address)
        called.set(delivery.address, delivery.alertId)
        const [oldest] = called.keys()
        if (called.size > LAST_CALLED_MAX && oldest !== undefined) called.delete(oldest)
      }
      deliveries.add({ ...delivery, way: way.id, at: clock.wall() }, { isCall: delivery.step === 'sent' && way.says === 'calls' })
    },
    lastCalled: (address) => called.get(address) ?? null,
  })
  return { supervised, outbox, way, addresses }
}
