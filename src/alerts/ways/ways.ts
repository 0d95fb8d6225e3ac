/**
 * The ways out: who is told of an alert beside our own screens. `publish` only notes and wakes; each way works through what
 * it owes by itself, and one that fails is an alert. Receipts of all of them make the chain of each alert: raised, sent,
 * delivered, displayed, accepted.
 */

import type { Logger } from 'pino'
import { type Alert, type AlertEvent, foldAlert, isOpen, type Priority } from '../../domain/alert.ts'
import type { AlertId } from '../../domain/ids.ts'
import type { Clock, Notifier } from '../../seams.ts'
import { conditionOf, WAY_FAILING } from './condition.ts'
import { Deliveries } from './deliveries.ts'
import { Outbox, type OutboxSetting } from './outbox.ts'
import { Supervised, type WayState } from './supervised.ts'
import type { Delivery, Way } from './way.ts'

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
}

export type Ways = Notifier & {
  /** Alerts that a screen of ours shows, and whose it is. */
  displayed(alerts: readonly AlertId[], by: string): void
  /** Calls one address about an open alert, for whoever escalates. False when there is no such way, alert or room. */
  call(way: string, address: string, alert: AlertId): boolean
  deliveries(alert: AlertId): readonly Delivery[]
  states(): readonly WayState[]
  /** Resolves when all ways have stopped. */
  readonly stopped: Promise<void>
}

/** Who calls by number: the alert that each address was called about last. */
const LAST_CALLED_MAX = 1_000

type Running = { readonly supervised: Supervised; readonly outbox: Outbox }

export function startWays(parts: WaysParts, stop: AbortSignal): Ways {
  const { clock } = parts
  const deliveries = new Deliveries(parts.delivered)
  const alerts = new Map<AlertId, Alert>([...parts.open()].map((alert) => [alert.id, alert]))
  const running: readonly Running[] = parts.ways.map((setting) => runningOf(setting, parts, deliveries))
  for (const { condition } of alerts.values()) {
    // A way that failed before the restart and is configured no more will never say that it works again.
    if (condition.startsWith(WAY_FAILING) && !parts.ways.some(({ way }) => conditionOf(way.id) === condition)) parts.report(condition, null)
  }
  for (const alert of alerts.values()) {
    for (const { outbox, supervised } of running) {
      const told = parts.restored?.filter(({ alertId, way, step }) => alertId === alert.id && way === supervised.id && step === 'sent') ?? []
      for (const { address } of told) outbox.restore(alert, address)
      outbox.note(alert, clock.mono())
    }
  }
  const receipt = (alertId: AlertId, step: Delivery['step'], of: Pick<Delivery, 'way' | 'by'>): void =>
    deliveries.add({ alertId, at: clock.wall(), step, address: '', note: null, ...of })

  function take(event: AlertEvent): void {
    const known = alerts.get(event.alertId)
    // Nothing is known of it: an alert that ended, or never began, while we did not look.
    if (known === undefined && event.kind !== 'phase') return
    const alert = foldAlert(known ?? null, event)
    if (isOpen(alert)) alerts.set(alert.id, alert)
    else alerts.delete(alert.id)
    if (known === undefined) receipt(alert.id, 'raised', { way: 'vigil', by: null })
    if (event.kind === 'acknowledged') receipt(alert.id, 'accepted', { way: 'screen', by: event.by })
    const roused = event.kind === 'acknowledgement-removed' || (event.kind === 'phase' && event.phase === 'escalate')
    for (const { outbox } of running) outbox.note(alert, clock.mono(), { roused, isReset: event.kind === 'phase' && event.phase === 'reset' })
  }

  return {
    publish(events) {
      for (const event of events) take(event)
      if (events.length > 0) for (const { supervised } of running) supervised.wake()
    },
    displayed(ids, by) {
      for (const id of ids) if (alerts.has(id)) receipt(id, 'displayed', { way: 'screen', by })
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
    stopped: Promise.all(running.map(({ supervised }) => supervised.run(stop))).then(() => undefined),
  }
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
      deliveries.add({ ...delivery, way: way.id, at: clock.wall() })
    },
    lastCalled: (address) => called.get(address) ?? null,
  })
  return { supervised, outbox }
}
