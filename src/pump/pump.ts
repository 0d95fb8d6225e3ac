/**
 * The heart. decode → stamp → rules → publish → commit (fsync) → settle. Rules and publishing happen in the turn of the
 * event loop in which the bytes came; only the answer to the sender waits for the disk.
 */

import type { Logger } from 'pino'
import { spokenWith } from '../alerts/causes.ts'
import { createLifecycle, type Lifecycle } from '../alerts/lifecycle.ts'
import { lifecycleSettings } from '../config/alerts.ts'
import type { Site } from '../config/schema.ts'
import { type AlertEvent, type Priority, retold } from '../domain/alert.ts'
import type { AlertId, BedId, StayId } from '../domain/ids.ts'
import type { Fact } from '../domain/association.ts'
import type { Snapshot } from '../domain/observation.ts'
import { type WallMs, monoMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import { traceOf } from '../security/trace.ts'
import type { Clock, Driver, MessageIdentity, OpenLine, Peer, Standing, StayContext, StayRecord, Store, Strip } from '../seams.ts'
import { SILENCE_CONDITION } from '../rules/silence.ts'
import { createBeds } from './beds.ts'
import { Beside } from './beside.ts'
import { House } from './house.ts'
import { Intake, QUARANTINE_CONDITION } from './intake.ts'
import { OwnState } from './own-state.ts'
import { refold } from './refold.ts'
import { Hubs } from './hubs.ts'
import type { HouseAnswer, HouseRequest } from './house-requests.ts'
import { ClockDoctor } from './clock-doctor.ts'
import { Committer, type PendingTick, type Settled } from './committer.ts'
import { type Devices, adoptSilence, createDevices, hostOf, isExpected } from './devices.ts'
import { linkSettings, settingsOf } from './driver-settings.ts'
import type { AssociationAnswer, AssociationRequest, AssociationView } from './ledger-hands.ts'
import { associationEvents } from './ledger-events.ts'
import { openSession } from './line.ts'
import type { LiveWaveParts } from './live-waves.ts'
import { MessageMemory } from './messages.ts'
import { standingAlarms } from './monitor-alarms.ts'
import { type ShiftAnswer, type ShiftSaying, WardPeople } from './people.ts'
import { reopenMonitor, tickMonitor } from './monitor-state.ts'
import { type ObservationAnswer, type ObservationRequest, type Saying, StayHands } from './stay-hands.ts'
import { Strips } from './strips.ts'
import { type Suspect, type SuspectParts, Suspects } from './suspects.ts'
import { WardLedger } from './ward-ledger.ts'
import { type BedRules, type Now, Watch, subjectOf } from './watch.ts'
import { WatchLedger } from './watch-ledger.ts'
import { Waves } from './waves.ts'

/** What the store knew at start. */
export type Restored = {
  readonly stays: readonly StayRecord[]
  readonly alertEvents: readonly AlertEvent[]
  /** Snapshots of the last minutes, oldest first. */
  readonly recent: Iterable<Snapshot>
  readonly messages: readonly MessageIdentity[]
  /** What was learned of who lies where, and the stays that ended since rows may be put right. */
  readonly facts?: readonly Fact[]
  readonly pastStays?: readonly StayRecord[]
  /** What stands of the house. */
  readonly standing?: readonly Standing[]
  /** When the gateway before us last wrote anything. */
  readonly aliveAt?: WallMs | null
}

export type PumpParts<State> = {
  readonly site: Site
  readonly driverOf: (id: string) => Driver
  readonly rules: BedRules<State>
  readonly clock: Clock
  /** Ward seconds per real second. */
  readonly speed: number
  readonly store: Store
  readonly restored: Restored
  /** What outlives a process that dies in the middle of reading. */
  readonly suspects?: { readonly known: readonly Suspect[]; readonly found: SuspectParts['found']; readonly changed: (all: readonly Suspect[]) => void }
  /** Writes down whose bytes are read now. */
  readonly inFlight?: { markOf(key: string): Uint8Array; begin(mark: Uint8Array): void }
  readonly mint: { readonly alert: () => AlertId; readonly stay: () => StayId }
  /** Alert events, the moment they happen, before they are stored. */
  readonly publish: (events: readonly AlertEvent[]) => void
  /** Alert events that are now on disk. */
  readonly saved: (events: readonly AlertEvent[], lastSeq: number) => void
  readonly log: Logger
}

export class Pump<State> {
  readonly beds: ReturnType<typeof createBeds>
  readonly devices: Devices
  readonly lifecycle: Lifecycle
  readonly committer: Committer
  readonly watch: Watch<State>
  readonly suspects: Suspects
  readonly watched: WatchLedger
  /** What people say of a stay. */
  readonly hands: StayHands<State>
  /** Whose values are these. */
  readonly whose: WardLedger<State>
  /** How each bed is, what each treatment is for, and how the ward is watched. */
  readonly house: House<State>
  /** Who has which bed, and who is told. */
  readonly people: WardPeople
  /** What is known of each device's clock. */
  readonly clocks: ClockDoctor
  readonly waves = new Waves()
  readonly strips: Strips
  /** What screens that look at a bed's waveforms are fed from. */
  readonly liveWaves: LiveWaveParts
  /** Beds that look different since the page was last told. */
  readonly changed = new Set<BedId>()
  readonly #parts: PumpParts<State>
  readonly #messages: MessageMemory<PendingTick>
  readonly #intake: Intake<State>
  readonly #own: OwnState
  readonly #hubs: Hubs
  readonly #beside: Beside
  /** Where the clock that never steps stood on the wall when we began: rows of the past and ticks of now share one axis. */
  readonly #axis: number
  #stopping = false
  #ticks = 0
  #lastTick: Now

  constructor(parts: PumpParts<State>) {
    const { site, clock, store, restored, mint, rules, log } = parts
    this.#parts = parts
    this.#axis = clock.wall() - clock.mono()
    this.#lastTick = this.now()
    this.#messages = new MessageMemory(restored.messages)
    const { suspects } = parts
    this.suspects = new Suspects({ known: suspects?.known ?? [], found: suspects?.found ?? null, now: this.#lastTick.wall, changed: (all) => suspects?.changed(all) })
    this.devices = createDevices(site.devices)
    this.beds = createBeds(site.beds, restored.stays, site.gateway.population)
    this.liveWaves = {
      waves: this.waves,
      devicesAt: (bed) => this.devices.at(bed),
      heldSince: (bed) => this.beds.get(bed)?.stay?.openedAt ?? null,
      now: () => this.now().wall,
    }
    this.strips = new Strips({
      ...this.liveWaves,
      waves: this.waves,
      leftOut: (alert, why) => log.warn({ alert, why }, 'Waveforms around an alert are not all kept.'),
    })
    this.committer = new Committer({ store, settled: (settled) => this.#settled(settled) })
    this.clocks = new ClockDoctor({ restored: restored.standing ?? [], write: (standing) => void this.committer.filling.standing.push(standing) })
    this.house = new House({
      beds: this.beds, devicesAt: (bed) => this.devices.at(bed), committer: this.committer, changed: this.changed, watch: () => this.watch,
      lifecycle: createLifecycle(mint.alert, restored.alertEvents, lifecycleSettings(site.alerts)), emit: (events) => this.#emit(events), put: (stay) => this.whose.associations.put(stay),
      restored: restored.standing ?? [], timeZone: site.gateway.timeZone, begins: site.gateway.mode ?? 'live',
    })
    this.lifecycle = this.house.lifecycle
    this.#hubs = new Hubs({
      restored: restored.standing ?? [], devices: () => this.devices.all(), beds: this.beds, lifecycle: this.lifecycle, emit: (events) => this.#emit(events),
      isWatched: (device) => isExpected(device) && !this.house.isSuspended(device.bed), write: (standing) => void this.committer.filling.standing.push(standing),
    }, this.#lastTick)
    this.#beside = new Beside({ how: site.alerts.besideMonitor, devices: this.devices, lifecycle: this.lifecycle })
    this.watch = new Watch({
      rules,
      lifecycle: this.lifecycle,
      beside: this.#beside,
      emit: (events) => this.#emit(events),
      isSuspended: (bed) => this.house.isSuspended(bed),
      faulted: (stay, error) => log.error({ stay, ...traceOf(error) }, 'A rule threw; its stay begins with fresh rule state.'),
    })
    const look = (stay: StayRecord, snapshot: Snapshot): void => this.#intake.look(stay, snapshot)
    this.whose = new WardLedger({
      site,
      beds: this.beds,
      devices: this.devices,
      restored: { facts: restored.facts ?? [], stays: [...(restored.pastStays ?? []), ...restored.stays] },
      mint: mint.stay,
      committer: this.committer,
      watch: this.watch,
      lifecycle: this.lifecycle,
      look,
      changed: this.changed,
      ends: (bed, now) => {
        this.#keep(this.strips.endAt(bed, now))
        // What was before is of somebody else: no strip and no screen gets it any more.
        for (const { id } of this.devices.at(bed)) this.waves.forget(id)
      },
    })
    this.hands = new StayHands({
      beds: this.beds, committer: this.committer, watch: this.watch, changed: this.changed,
      put: (stay) => this.whose.associations.put(stay),
    })
    this.people = new WardPeople({
      setting: site.escalation, beds: this.beds, restored: restored.standing ?? [], committer: this.committer, lifecycle: this.house.calling, changed: this.changed,
      emit: (events) => this.#emit(events),
      say: (condition, said) => this.gatewayCondition(condition, said),
    })
    this.watched = new WatchLedger({
      beds: this.beds,
      devicesAt: (bed) => this.devices.at(bed),
      armed: (stay, at) => this.watch.armed(stay, at),
      unwatched: (bed, rule, state, now) => this.house.unwatched(bed, rule, state, now),
      isUnbelieved: (device) => device.expiring.has(QUARANTINE_CONDITION) || this.suspects.isHeld(device.id, clock.wall()),
      write: (event) => void this.committer.filling.events.push(event),
    })
    this.watched.begin(restored.aliveAt ?? null, this.#lastTick)
    this.whose.begin(this.#lastTick)
    this.house.begin(this.#lastTick)
    const { beds, devices, house, whose, watch, lifecycle, clocks, waves, committer, changed } = this
    const emit = (events: readonly AlertEvent[]): void => this.#emit(events)
    this.#intake = new Intake({
      driverOf: parts.driverOf, log, now: () => this.now(), hubs: this.#hubs, messages: this.#messages, beside: this.#beside,
      beds, devices, house, whose, watch, lifecycle, clocks, waves, committer, changed, emit,
    })
    this.#own = new OwnState({ suspects: this.suspects, committer, say: (condition, said) => this.gatewayCondition(condition, said) }, this.#lastTick)
    refold({ beds, devices, lifecycle, watch, emit, look }, restored.recent, this.now())
  }

  now(): Now {
    return { wall: this.#parts.clock.wall(), at: monoMs(this.#axis + this.#parts.clock.mono()) }
  }

  /** How far the rules have come: what the page's heartbeat is fed by. */
  get ticked(): { readonly seq: number; readonly at: number } {
    return { seq: this.#ticks, at: this.#lastTick.wall }
  }

  /** The way in for a link whose frames speak `driver` unless the device says otherwise; `link`: whose settings count where no device is known. */
  openFor(driverId: string, link: string | null = null): OpenLine {
    this.suspects.linksOpen(this.now().wall)
    return (peer, write, hangUp) => {
      const device = peer.device === null ? undefined : this.devices.get(peer.device)
      const driver = this.#parts.driverOf(device?.driver ?? driverId)
      const setting = this.#parts.site.devices.find((candidate) => candidate.id === device?.id)
      const settings = settingsOf(this.#parts.site, driver, setting?.settings ?? linkSettings(this.#parts.site.links.find(({ id }) => id === link)))
      // A new conversation says again which alarms there are, and not which there are no more.
      if (device) for (const { condition } of this.#intake.alarmsOf(device)) device.expiring.set(condition, monoMs(this.now().at + pumpLimits.conditionHoldMs))
      if (device) reopenMonitor(device)
      const { clock, speed, log, inFlight } = this.#parts
      const key = peer.device ?? hostOf(peer.address)
      const mark = inFlight?.markOf(key)
      return openSession({
        driver,
        settings,
        peer,
        write,
        hangUp,
        mono: () => clock.mono(),
        timerMsUntil: (at) => (at - clock.mono()) / speed,
        frame: (frame, settled, answered) => this.#intake.take(frame, { peer, driver: driver.id, answered }, settled),
        status: (state, why) => this.#status(peer, state, why),
        reading: () => mark && inFlight?.begin(mark),
        wasRead: () => this.suspects.wasRead(key),
        isHeld: () => !this.suspects.isEmpty && this.suspects.isHeld(key, clock.wall()),
        faulted: (error) => {
          this.suspects.threw(key, clock.wall())
          log.error({ peer: peer.address, driver: driver.id, ...traceOf(error) }, 'A driver threw; its session begins afresh.')
        },
      })
    }
  }

  /** Time passes: rules of every stay, silence of every device, conditions that expire. */
  tick(): void {
    const now = this.now()
    this.whose.tick(now)
    this.house.tick(now)
    for (const bed of this.beds.values()) if (bed.stay) this.watch.tick(bed.stay, now)
    this.#hubs.tick(now)
    for (const device of this.devices.all()) if (isExpected(device) && !this.house.isSuspended(device.bed)) this.watch.silence(device, { kind: 'tick', ...now }, now.wall)
    // A driver says a change once; the life cycle takes so many words in a while.
    for (const device of this.devices.all()) if (device.alarms.size > 0) this.#emit(this.lifecycle.signals(subjectOf(device), standingAlarms(device), now.wall))
    for (const device of this.devices.all()) this.#emit(this.lifecycle.signals(subjectOf(device), tickMonitor(device, now), now.wall))
    this.watch.expire(this.devices.all(), now)
    this.watched.tick(now)
    this.people.tick(now)
    this.#remember()
    this.#keep(this.strips.due(now))
    this.#own.tick(now, this.#lastTick)
    this.#ticks++
    this.#lastTick = now
  }

  /** What the rules know of each stay over hours goes with the stay: a restart folds only the last minutes. */
  #remember(): void {
    for (const bed of this.beds.values()) {
      const stay = bed.stay && this.watch.withMemory(bed.stay)
      if (!stay) continue
      bed.stay = stay
      this.whose.associations.put(stay)
      this.committer.filling.stays.push(stay)
      this.committer.later()
    }
  }

  acknowledge(id: AlertId, by: string): boolean {
    return this.#byHand(this.#inRow(id, (each) => this.lifecycle.acknowledge(each, by, this.now().wall)))
  }

  pauseAudio(id: AlertId, by: string, ms: number): boolean {
    return this.#byHand(this.#inRow(id, (each) => this.lifecycle.pauseAudio(each, by, ms, this.now().wall)))
  }

  /** What a person says of who lies where; `by` is who says it. */
  associate(request: AssociationRequest, by: string): AssociationAnswer {
    const now = this.now()
    const answer = this.whose.associate(request, by, now)
    this.committer.filling.events.push(...associationEvents(answer, { request, by, beds: this.beds, fact: (id) => this.whose.associations.ledger.fact(id), at: now.wall }))
    return answer
  }

  /** What a person says of a bed, of the goal of a stay, or of how the ward is watched. */
  sayHouse(request: HouseRequest, by: string): HouseAnswer {
    return this.house.say(request, by, this.now())
  }

  /** What a person says of who has which bed. */
  changeShift(request: ShiftSaying, by: string): ShiftAnswer {
    return this.people.change(request, by, this.now())
  }

  /** Whose a bed is, why, and what does not fit together; null when there is no such bed. */
  association(bed: BedId): AssociationView | null {
    return this.whose.view(bed, this.now())
  }

  /** null when no such stay holds a bed. `saying`: why, and until when it holds. */
  changeContext(stay: StayId, change: Partial<StayContext>, by: string, saying?: Saying): StayRecord | null {
    return this.hands.changeContext(stay, change, { by, now: this.now(), saying })
  }

  /** A set of vital signs that a nurse has looked at, corrected and confirmed. */
  observe(stay: StayId, request: ObservationRequest, by: string): ObservationAnswer {
    this.house.attended(stay, this.now())
    return this.hands.observe(stay, request, by, this.now())
  }

  takeBack(stay: StayId, confirmedAt: number, by: string): ObservationAnswer {
    return this.hands.takeBack(stay, confirmedAt, by, this.now())
  }

  /** A condition of the gateway itself, as it stands now; null: it is well. */
  gatewayCondition(condition: string, said: { readonly priority: Priority; readonly text: string } | null): void {
    const subject = { bed: null, stay: null, device: null }
    if (said) this.watch.technical({ device: null, subject }, { condition, ...said }, this.now())
    else this.watch.clear(subject, condition, this.now())
  }

  /** The database was begun anew while we run: what is open and not told there is told again, for a later start to take up. */
  retell({ openAlertEvents, facts = [] }: { readonly openAlertEvents: readonly AlertEvent[]; readonly facts?: readonly Fact[] }): void {
    const { events, stays } = this.committer.filling
    this.whose.retell(facts)
    this.house.retell()
    this.people.retell(this.now())
    this.clocks.retell()
    this.#hubs.retell(this.now())
    for (const { stay } of this.beds.values()) if (stay) stays.push(stay)
    const starting = events.flatMap((stored) => (stored.kind === 'alert' && stored.event.kind === 'phase' ? [stored.event] : []))
    const told = new Set([...openAlertEvents, ...starting].map(({ alertId }) => alertId))
    const untold = [...this.lifecycle.open.values()].filter(({ id }) => !told.has(id))
    for (const event of untold.flatMap(retold)) events.push({ at: event.at, kind: 'alert', event })
    this.committer.soon()
  }

  /** We are going: links that close from now on are our doing, not trouble at a bed. */
  stopping(): void {
    this.#stopping = true
  }

  /** What is held is committed. */
  async close(): Promise<void> {
    this.#keep(this.strips.rest())
    await this.committer.drain()
  }

  /** One tap is for all that speak in the row of an alert; null: it is not open. */
  #inRow(id: AlertId, act: (each: AlertId) => readonly AlertEvent[] | null): readonly AlertEvent[] | null {
    return this.lifecycle.open.has(id) ? spokenWith(this.lifecycle.open.values(), id, this.now().wall).flatMap((each) => act(each) ?? []) : null
  }

  #byHand(events: readonly AlertEvent[] | null): boolean {
    if (!events) return false
    this.#emit(events)
    if (events.length > 0) this.committer.soon()
    return true
  }

  // ── devices ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #status(peer: Peer, state: 'up' | 'down', why: string): void {
    const device = peer.device === null || this.#stopping ? undefined : this.devices.get(peer.device)
    if (!device) return
    device.link = state === 'up' ? { kind: 'up' } : { kind: 'down', why }
    if (device.bed !== null) this.changed.add(device.bed)
    if (state === 'up' || !isExpected(device)) return
    // A connection that is known to be gone is silence that needs no waiting for; the next frame ends it.
    const text = `Connection to ${device.id} lost (${why}): look at the monitor`
    this.watch.technical({ device: null, subject: subjectOf(device) }, { condition: SILENCE_CONDITION, priority: 'medium', text }, this.now())
    adoptSilence(device, this.lifecycle.open.values())
  }

  // ── alerts and commits ─────────────────────────────────────────────────────────────────────────────────────────────

  #emit(events: readonly AlertEvent[]): void {
    if (events.length === 0) return
    this.#parts.publish(events)
    for (const event of events) this.committer.filling.events.push({ at: event.at, kind: 'alert', event })
    this.strips.note(events, this.now())
    this.committer.later()
  }

  #keep(strips: readonly Strip[]): void {
    if (strips.length === 0) return
    for (const strip of strips) this.committer.filling.strips.push(strip)
    this.committer.later()
  }

  #settled({ pending, tick, result }: Settled): void {
    if (result.kind === 'failed') {
      this.#messages.forget(pending.messages)
      this.#parts.log.error({ why: result.why }, 'Commit failed; senders are asked to send again.')
      return
    }
    this.#messages.settled(pending.messages)
    const events = tick.events.flatMap((stored) => (stored.kind === 'alert' ? [stored.event] : []))
    this.#parts.saved(events, result.lastSeq)
  }

}
