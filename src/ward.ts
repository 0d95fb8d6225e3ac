/** The ward as the screens see it: what the API asks, answered from the pump and the history. */

import type { TestResult } from './alerts/ways/supervised.ts'
import type { Ways } from './alerts/ways/ways.ts'
import type { Done, Ward, WardChange } from './api/ward.ts'
import type { AlertView, BedView, DeliveryView, GatewayView, GivenView, HandoverView, RegistryLookup, ScoreView, StripView, TrendView } from './api/wire.ts'
import { type Alert, type AlertEvent, foldAlert, isOpen } from './domain/alert.ts'
import type { AlertId, BedId, StayId } from './domain/ids.ts'
import { AlertPlaces } from './pump/alert-places.ts'
import type { Bed } from './pump/beds.ts'
import type { AssociationAnswer, AssociationRequest } from './pump/ledger-hands.ts'
import { watchWaves } from './pump/live-waves.ts'
import { createWhose, standingOf } from './ward-whose.ts'
import type { Pump } from './pump/pump.ts'
import { bedNurse, shiftView } from './pump/people-view.ts'
import { type StayWardParts, stayWard } from './pump/stay-ward.ts'
import { alertView, bedView, byUrgency, deviceView } from './pump/view.ts'
import { DEFAULT_PROFILES } from './rules/profile.ts'

export type WardParts<State> = {
  readonly pump: Pump<State>
  readonly scoreOf: (state: State) => ScoreView | null
  /** PEWS, of a child. */
  readonly pewsOf?: (state: State) => ScoreView | null
  /** Where a set of vital signs begins. */
  readonly frozenOf?: StayWardParts<State>['frozenOf']
  readonly profiles?: StayWardParts<State>['profiles']
  readonly gateway: () => GatewayView
  readonly trend: (bed: BedId, hours: number) => Promise<TrendView>
  readonly handover: (hours: number) => Promise<HandoverView | null>
  readonly strip: (alert: AlertId) => Promise<StripView | null>
  readonly given: (stay: StayId) => Promise<GivenView | null>
  /** Not there: nothing is recorded of it. */
  readonly changeShift?: LiveWard['changeShift']
  readonly sayHouse?: LiveWard['sayHouse']
  /** Not there: nothing can be read of it. */
  readonly commissioning?: LiveWard['commissioning']
  readonly associate: (request: AssociationRequest, by: string) => AssociationAnswer
  /** null: the site names no registry. */
  readonly lookup: ((number: string, by: string) => Promise<RegistryLookup>) | null
  readonly displayed: (alerts: readonly AlertId[], by: string) => void
  readonly ways: Pick<Ways, 'states' | 'test'>
  /** The alert of the sentinel bed, while it is open. */
  readonly sentinel?: () => AlertView | null
  readonly deliveries: (alert: AlertId) => Promise<readonly DeliveryView[] | null>
}

export type LiveWard = Ward & {
  /** Alert events, the moment they happen. */
  published(events: readonly AlertEvent[]): void
  /** Alert events that are on disk now. */
  saved(events: readonly AlertEvent[]): void
  /** The alert of the sentinel bed changed: told on the way that all alerts go. */
  tellSentinel(alert: AlertView): void
  /** Beds that changed since the last call are told to whoever watches. */
  announceBeds(): void
}

/** Trying a way, as the screen hears of it. */
function doneOf(result: TestResult | null): Done {
  if (result === null) return { kind: 'unknown' }
  switch (result.kind) {
    case 'sent':
      return { kind: 'done' }
    case 'busy':
      return { kind: 'refused', why: 'Another test of this way is under way.' }
    case 'waiting':
      return { kind: 'refused', why: 'The test has not left yet: look again in a while.' }
    case 'trouble':
    case 'refused':
      return { kind: 'refused', why: `The test did not leave: ${result.why}` }
  }
}

export function createWard<State>(parts: WardParts<State>): LiveWard {
  const { pump } = parts
  const listeners = new Set<(change: WardChange) => void>()
  /** Changes of an alert that are shown and not yet stored: id → how many. */
  const unsaved = new Map<AlertId, number>()
  /** Open alerts as they were last told: what ends is folded from here, because the life cycle knows it no more. */
  const shown = new Map<AlertId, Alert>(pump.lifecycle.open)
  /** Alerts that ended, kept until their end is stored: the page is told of that too. */
  const ending = new Map<AlertId, Alert>()

  const places = new AlertPlaces(() => pump.lifecycle.open.values())

  const tell = (change: WardChange): void => {
    for (const listener of listeners) listener(change)
  }
  const labelOf = (alert: Alert): string | null => (alert.bed === null ? null : (pump.beds.get(alert.bed)?.label ?? null))
  const viewOf = (alert: Alert): AlertView => alertView(alert, { unsaved: new Set(unsaved.keys()), labelOf, place: isOpen(alert) ? places.of(alert) : null })
  const viewOfBed = (bed: Bed): BedView => {
    const state = bed.stay ? pump.watch.stateOf(bed.stay.id) : undefined
    return bedView(bed, { devices: pump.devices.at(bed.id), standing: standingOf(pump, bed), waves: pump.waves, news2: state === undefined ? null : parts.scoreOf(state), pews: state === undefined ? null : (parts.pewsOf?.(state) ?? null), nurse: bedNurse(pump.people.shift, bed.id, pump.now()), mark: pump.house.markOf(bed.id), pending: bed.stay ? pump.lifecycle.pendingOf(bed.stay.id) : [], now: pump.now() })
  }
  const standing = (id: AlertId): Alert | undefined => pump.lifecycle.open.get(id) ?? ending.get(id)
  const tellOf = (ids: Iterable<AlertId>): void => {
    const alerts = [...ids].flatMap((id) => standing(id) ?? []).map(viewOf)
    if (alerts.length > 0) tell({ beds: [], alerts })
  }

  const done = (known: boolean): Done => (known ? { kind: 'done' } : { kind: 'unknown' })

  return {
    gateway: parts.gateway,
    beds: () => [...pump.beds.values()].map(viewOfBed),
    bed(id) {
      const bed = pump.beds.get(id)
      return bed === undefined ? null : viewOfBed(bed)
    },
    devices: () => pump.devices.all().map((device) => deviceView(device, pump.waves, pump.now(), pump.clocks.view(device.id, pump.now()))),
    alerts: () => [...pump.lifecycle.open.values()].sort(byUrgency).map(viewOf),
    sentinel: () => parts.sentinel?.() ?? null,
    tellSentinel: (alert) => tell({ beds: [], alerts: [], sentinel: alert }),
    rulesTick: () => pump.ticked,
    watch(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    acknowledge: (alert, by) => done(pump.acknowledge(alert, by)),
    pauseAudio: (alert, by, ms) => done(pump.pauseAudio(alert, by, ms)),
    changeContext: (stay, change, by, saying) => done(pump.changeContext(stay, change, by, saying) !== null),
    ...stayWard({ pump, frozenOf: parts.frozenOf ?? (() => []), profiles: parts.profiles ?? { all: DEFAULT_PROFILES, acting: DEFAULT_PROFILES }, trend: parts.trend }),
    ...createWhose(parts),
    trend: parts.trend,
    handover: parts.handover,
    strip: parts.strip,
    deliveries: parts.deliveries,
    testWay: async (way, by) => doneOf(await parts.ways.test(way, by)),
    given: parts.given,
    watchWaves: (bed) => watchWaves(pump.liveWaves, bed),
    displayed: parts.displayed,
    shift: () => shiftView(pump.beds.values(), { shift: pump.people.shift, undo: pump.people.undoable(pump.now())?.version ?? null, setting: pump.people.setting, now: pump.now() }),
    changeShift: parts.changeShift ?? ((request, by) => pump.changeShift(request, by)),
    sayHouse: parts.sayHouse ?? ((request, by) => pump.sayHouse(request, by)),
    commissioning: parts.commissioning ?? (() => Promise.resolve(null)),
    published(events) {
      for (const event of events) {
        unsaved.set(event.alertId, (unsaved.get(event.alertId) ?? 0) + 1)
        const alert = foldAlert(shown.get(event.alertId) ?? null, event)
        if (isOpen(alert)) shown.set(alert.id, alert)
        else {
          shown.delete(alert.id)
          ending.set(alert.id, alert)
        }
      }
      tellOf(new Set([...events.map(({ alertId }) => alertId), ...places.changed(events)]))
    },
    saved(events) {
      for (const { alertId } of events) {
        const left = (unsaved.get(alertId) ?? 1) - 1
        if (left > 0) unsaved.set(alertId, left)
        else unsaved.delete(alertId)
      }
      const ids = new Set(events.map(({ alertId }) => alertId))
      tellOf(ids)
      for (const id of ids) if (!unsaved.has(id)) ending.delete(id)
    },
    announceBeds() {
      const beds = [...pump.changed]
      pump.changed.clear()
      if (beds.length > 0) tell({ beds, alerts: [] })
    },
  }
}
