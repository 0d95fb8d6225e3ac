/**
 * The heart. decode → stamp → rules → publish → commit (fsync) → settle. Rules and publishing happen in the turn of the
 * event loop in which the bytes came; only the answer to the sender waits for the disk.
 */

import { crc32 } from 'node:zlib'
import type { Logger } from 'pino'
import { spokenWith } from '../alerts/causes.ts'
import { createLifecycle, type Lifecycle } from '../alerts/lifecycle.ts'
import { lifecycleSettings } from '../config/alerts.ts'
import type { Site } from '../config/schema.ts'
import { type Alert, type AlertEvent, type Priority, retold } from '../domain/alert.ts'
import { isObserver } from '../domain/confirmed.ts'
import type { AlertId, BedId, StayId } from '../domain/ids.ts'
import type { Fact } from '../domain/association.ts'
import { type Snapshot, observed } from '../domain/observation.ts'
import type { Reading } from '../domain/reading.ts'
import { type MonoMs, type WallMs, monoMs, wallMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import { traceOf } from '../security/trace.ts'
import type { Clock, CommitResult, Driver, Frame, MessageIdentity, OpenLine, Outcome, Peer, Standing, StayContext, StayRecord, Store, Strip } from '../seams.ts'
import { ALARMS_OFF_CONDITION } from '../rules/monitor-watch.ts'
import { SILENCE_CONDITION } from '../rules/silence.ts'
import { createBeds, remember } from './beds.ts'
import { Beside } from './beside.ts'
import { House } from './house.ts'
import { Hubs } from './hubs.ts'
import type { HouseAnswer, HouseRequest } from './house-requests.ts'
import { ClockDoctor } from './clock-doctor.ts'
import { Committer, type PendingTick, type Settled } from './committer.ts'
import { type Device, type Devices, createDevices, hostOf, takenOf } from './devices.ts'
import { PATIENT_CONFLICT, TWO_SENDERS } from './disputes.ts'
import { linkSettings, settingsOf } from './driver-settings.ts'
import { givenEvents } from './given.ts'
import type { AssociationAnswer, AssociationRequest, AssociationView } from './ledger-hands.ts'
import { associationEvents } from './ledger-events.ts'
import { openSession } from './line.ts'
import type { LiveWaveParts } from './live-waves.ts'
import { MessageMemory } from './messages.ts'
import { MONITOR_ALARM, signalsOf, standingAlarms } from './monitor-alarms.ts'
import { type ShiftAnswer, type ShiftSaying, WardPeople } from './people.ts'
import { Senders } from './senders.ts'
import { adoptMonitor, deviceTimeOf, gatewayStep, hearMonitor, reopenMonitor, tickMonitor } from './monitor-state.ts'
import { type ObservationAnswer, type ObservationRequest, type Saying, StayHands, setOf } from './stay-hands.ts'
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
  readonly #senders = new Senders()
  readonly #hubs: Hubs
  readonly #beside: Beside
  /** Where the clock that never steps stood on the wall when we began: rows of the past and ticks of now share one axis. */
  readonly #axis: number
  /** When the store last answered, or had nothing to answer. */
  #commits: { readonly answered: number; readonly at: MonoMs }
  #stopping = false
  #ticks = 0
  #lastTick: Now
  /** Our own clock was set, and that is still told. What a life before told is over with the first tick. */
  #clockStep: { readonly text: string; readonly until: MonoMs } | null = { text: '', until: monoMs(-Number.MAX_SAFE_INTEGER) }

  constructor(parts: PumpParts<State>) {
    const { site, clock, store, restored, mint, rules, log } = parts
    this.#parts = parts
    this.#axis = clock.wall() - clock.mono()
    this.#lastTick = this.now()
    this.#commits = { answered: 0, at: this.#lastTick.at }
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
    this.whose = new WardLedger({
      site,
      beds: this.beds,
      devices: this.devices,
      restored: { facts: restored.facts ?? [], stays: [...(restored.pastStays ?? []), ...restored.stays] },
      mint: mint.stay,
      committer: this.committer,
      watch: this.watch,
      lifecycle: this.lifecycle,
      look: (stay, snapshot) => this.#look(stay, snapshot),
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
    this.#refold(restored.recent)
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
      if (device) for (const { condition } of this.#monitorAlerts(device)) device.expiring.set(condition, monoMs(this.now().at + pumpLimits.conditionHoldMs))
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
        frame: (frame, settled, answered) => this.#frame(frame, { peer, driver: driver.id, answered }, settled),
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
    this.#judgeClock(now)
    this.#keep(this.strips.due(now))
    this.#judgeStore(now)
    this.#judgeSuspects(now)
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

  // ── frames ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #frame(frame: Frame, from: From, settled: (outcome: Outcome) => void): void {
    const { peer, driver } = from
    const sender = frame.kind === 'good' || frame.kind === 'quarantined' ? frame.sender : { name: null, location: null }
    const known = peer.device !== null || frame.kind === 'good'
    const device = known ? this.devices.resolve(peer, sender, driver) : null
    if (device) device.counts[frame.kind]++
    switch (frame.kind) {
      case 'skipped':
        return
      case 'bad':
      case 'quarantined':
        this.#refuse(device, from, frame, settled)
        return
      case 'good':
        if (device) this.#good(frame, device, from, settled)
        // Not "retry": through one broker come all devices, and a message that is sent again for ever holds up the ward.
        else this.#refuse(null, from, { why: 'too many unknown devices', bytes: frame.bytes }, settled)
    }
  }

  /** Kept in quarantine, then rejected. */
  #refuse(device: Device | null, { peer, answered }: From, { why, bytes }: { readonly why: string; readonly bytes: Uint8Array }, settled: (outcome: Outcome) => void): void {
    this.#quarantine(device, peer, why, bytes)
    this.committer.filling.waiters.push((result) => settled(result.kind === 'durable' ? { kind: 'rejected', why } : { kind: 'retry', why: result.why }))
    // Nobody waits for the garbage of a port at the wrong speed: a commit for each line of it would wear the disk.
    if (answered) this.committer.soon()
    else this.committer.later()
  }

  #good(frame: Frame & { kind: 'good' }, device: Device, { peer, answered }: From, settled: (outcome: Outcome) => void): void {
    const now = this.now()
    this.#heard(device, now)
    this.#hubs.heard(device, peer)
    const filling = this.committer.filling
    if (frame.messageId !== null) {
      const hash = frame.bytes.length * 2 ** 32 + crc32(frame.bytes)
      const verdict = this.#messages.take(device.id, frame.messageId, hash, filling)
      if (verdict.kind === 'repeat') {
        const repeated = (result: CommitResult): void => settled(result.kind === 'durable' ? { kind: 'repeated' } : { kind: 'retry', why: result.why })
        if (verdict.waiting) verdict.waiting.waiters.push(repeated)
        else settled({ kind: 'repeated' })
        return
      }
      filling.messages.push(verdict.identity)
      if (verdict.reused) this.#say(device, 'technical/control-id-reused', 'low', 'Message numbers began again: was the monitor restarted?', now)
    }
    const taken = takenOf(device, frame.readings)
    const readings = this.house.isTested(device.bed) ? taken.map(asTest) : taken
    const refused = frame.readings.length - readings.length
    const faults = [...frame.faults.map(({ why, at }) => `${at}: ${why}`), ...(refused > 0 ? [`${refused} values on channels beyond the limit`] : [])]
    if (faults.length > 0) this.#quarantine(device, peer, faults.join('; '), frame.bytes)
    const doubt = this.#senders.heard(device, readings, { host: hostOf(peer.address), others: device.bed !== null && this.devices.at(device.bed).length > 1, now: now.at })
    if (doubt !== null && device.bed !== null) this.whose.doubt(device.bed, doubt, now)
    else if (doubt !== null) this.#say(device, TWO_SENDERS, 'medium', doubt, now)
    this.#stamp(frame, readings, device, { ...now, answered })
    this.whose.registry(frame, device, now)
    const told = givenEvents(frame, device, { beds: this.beds.values(), at: now.wall })
    if (told.length > 0) (answered ? filling.answeredEvents : filling.events).push(...told)
    if (frame.alarms.length > 0) this.house.hearAlarms(device.bed, frame.alarms, now)
    if (frame.alarms.length > 0) this.#alarms(device, frame, now)
    this.#monitor(device, frame, now)
    for (const wave of frame.waveforms) {
      if (!this.waves.add(device.id, wave, now.wall)) this.#say(device, 'technical/waveform-refused', 'low', `${device.id} sends more waveforms than are kept, or at a rate that is none: ${wave.metric}`, now)
    }
    if (device.unknown) this.#say(device, 'technical/unknown-device', 'low', `Unknown device ${device.id} sends: bind it to a bed or disconnect it`, now)
    filling.waiters.push((result) => settled(result.kind === 'durable' ? { kind: 'stored' } : { kind: 'retry', why: result.why }))
    if (answered) this.committer.soon()
    else this.committer.later()
  }

  #stamp(frame: Frame & { kind: 'good' }, readings: readonly Reading[], device: Device, now: Now & { readonly answered: boolean }): void {
    const { answered } = now
    const { timing, jump, news } = this.clocks.hear(device, { said: deviceTimeOf(frame), isSending: frame.sentAt !== null, now })
    for (const { what, offsetMs } of news) this.#parts.log.warn({ device: device.id, what, offsetMs }, 'The clock of a device is not ours.')
    if (jump !== null) this.#say(device, 'technical/clock-step', 'low', jump, now)
    const { shares, conflict } = this.whose.divide(frame, device, observed(readings, { receivedAt: now.wall, sentAt: frame.sentAt }, timing), now)
    if (conflict !== null) this.#say(device, PATIENT_CONFLICT, 'high', `Two monitors name different patients in bed ${this.#labelOf(device)}: check ${device.id} and ${conflict}`, now)
    for (const { bed, stay, observations } of shares) {
      // Also where two monitors name different patients: somebody is measured there.
      if (bed && (stay === null || bed.stay?.id === stay.id)) this.house.hear(bed, observations, now)
      const of = { device: device.id, bed: bed?.id ?? null, stay: stay?.id ?? null, receivedAt: now.wall, at: now.at, sentAt: frame.sentAt, observations }
      const snapshot: Snapshot = this.#isUnchecked(device) ? { ...of, unchecked: true } : of
      this.committer.filling.snapshots.push({ snapshot, answered })
      // Of who lay there before: stored with what is his, and nothing to watch.
      if (!bed || !stay || bed.stay?.id !== stay.id) continue
      remember(bed, snapshot)
      this.changed.add(bed.id)
      this.watch.snapshot(stay, snapshot)
    }
  }

  #labelOf({ bed }: Device): string {
    return bed === null ? '' : (this.beds.get(bed)?.label ?? bed)
  }

  /** What rules see of a stay that they did not see when it came. */
  #look(stay: StayRecord, snapshot: Snapshot): void {
    const device = this.devices.get(snapshot.device)
    this.watch.snapshot(stay, device && this.#isUnchecked(device) ? { ...snapshot, unchecked: true } : snapshot)
  }

  /** What the monitor itself calls an alarm, published at once like ours. */
  #alarms(device: Device, { alarms, sentAt }: Frame & { kind: 'good' }, now: Now): void {
    for (const signal of signalsOf(alarms, { receivedAt: now.wall, sentAt })) {
      const { condition } = signal
      // Said again after our restart or the line's: it is not forgotten with what stood open before.
      device.expiring.delete(condition)
      if (signal.kind === 'cleared') device.alarms.delete(condition)
      else if (device.alarms.has(condition) || device.alarms.size < pumpLimits.monitorAlarmsMax * (signal.priority === 'high' ? 2 : 1)) device.alarms.set(condition, signal)
      else {
        this.#say(device, 'technical/too-many-alarms', 'medium', `${device.id} says more than ${pumpLimits.monitorAlarmsMax} alarms at once: look at the monitor`, now)
        continue
      }
      this.#emit(this.lifecycle.signals(subjectOf(device), [signal], now.wall))
    }
    // Highs that are over and that nobody has seen: of many, the newest stay.
    const latched = this.#monitorAlerts(device).filter(({ state }) => state === 'latched')
    for (const { id } of latched.slice(0, Math.max(0, latched.length - pumpLimits.monitorAlarmsMax))) this.#emit(this.lifecycle.endOf({ alert: id }, now.wall))
  }

  /** What the monitor says of itself: whether its alarms are on. */
  #monitor(device: Device, frame: Frame & { kind: 'good' }, now: Now): void {
    this.#beside.heard(device, frame, now)
    this.#emit(this.lifecycle.signals(subjectOf(device), hearMonitor(device, frame, now), now.wall))
  }

  /** Open alerts that are the monitor's own alarms, the oldest first. */
  #monitorAlerts(device: Device): readonly Alert[] {
    return [...this.lifecycle.open.values()].filter((alert) => alert.device === device.id && alert.condition.startsWith(MONITOR_ALARM))
  }

  /** Nothing on its line would notice a changed byte. */
  #isUnchecked({ driver }: Device): boolean {
    return this.#parts.driverOf(driver).integrity === 'none'
  }

  #quarantine(device: Device | null, peer: Peer, why: string, bytes: Uint8Array): void {
    const now = this.now()
    this.committer.filling.quarantined.push({
      at: now.wall,
      device: device?.id ?? null,
      peer: peer.address,
      why,
      bytes: bytes.slice(0, pumpLimits.quarantinedFrameBytesMax),
    })
    // The first of many: a port at a wrong speed makes a hundred a second.
    const isNews = device === null || !device.expiring.has(QUARANTINE_CONDITION)
    if (isNews) this.#parts.log.warn({ device: device?.id ?? null, peer: peer.address, bytes: bytes.length }, 'Frame quarantined.')
    if (device) this.#say(device, QUARANTINE_CONDITION, 'low', `${device.id} sends what cannot be believed: ${why.slice(0, 160)}`, now)
  }

  // ── devices ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #heard(device: Device, now: Now): void {
    device.lastFrameAt = now
    device.link = { kind: 'up' }
    const frame = { device: device.id, bed: device.bed, stay: null, receivedAt: now.wall, at: now.at, sentAt: null, observations: [] }
    this.watch.silence(device, { kind: 'snapshot', snapshot: frame }, now.wall)
  }

  #status(peer: Peer, state: 'up' | 'down', why: string): void {
    const device = peer.device === null || this.#stopping ? undefined : this.devices.get(peer.device)
    if (!device) return
    device.link = state === 'up' ? { kind: 'up' } : { kind: 'down', why }
    if (device.bed !== null) this.changed.add(device.bed)
    if (state === 'up' || !isExpected(device)) return
    // A connection that is known to be gone is silence that needs no waiting for; the next frame ends it.
    const text = `Connection to ${device.id} lost (${why}): look at the monitor`
    this.watch.technical({ device: null, subject: subjectOf(device) }, { condition: SILENCE_CONDITION, priority: 'medium', text }, this.now())
    this.#adoptSilence(device)
  }

  /** The silence rule of a device whose silence is already told: the next frame ends it. */
  #adoptSilence(device: Device): void {
    const open = [...this.lifecycle.open.values()].filter((alert) => alert.device === device.id)
    device.silence = device.silenceRule.adopt(device.silence, open)
  }

  #judgeSuspects(now: Now): void {
    const held = this.suspects.held(now.wall)
    const text = `Not read, because its data stopped the gateway or its driver: ${held.map(({ key }) => key).slice(0, 8).join(', ')}. Watch that bed at the monitor; "vigil quarantine release" lets it speak again`
    this.gatewayCondition('technical/session-held', held.length === 0 ? null : { priority: 'high', text })
  }

  /** Said for a minute: what was measured around it is timed by two clocks. */
  #judgeClock(now: Now): void {
    const text = gatewayStep(this.#lastTick, now)
    if (text !== null) this.#clockStep = { text, until: monoMs(now.at + pumpLimits.conditionHoldMs) }
    if (this.#clockStep === null) return
    const isOver = now.at >= this.#clockStep.until
    this.gatewayCondition('technical/clock-step', isOver ? null : { priority: 'low', text: this.#clockStep.text })
    if (isOver) this.#clockStep = null
  }

  #judgeStore(now: Now): void {
    const { state, progress } = this.committer
    if (!progress.isWaiting || progress.answered !== this.#commits.answered) this.#commits = { answered: progress.answered, at: now.at }
    const hangs = now.at - this.#commits.at >= pumpLimits.commitSilenceMs
    if (hangs && state.kind === 'ok') {
      this.gatewayCondition('technical/store-failing', { priority: 'high', text: 'Readings are not being saved (the disk does not answer). Alerts go on.' })
      return
    }
    const lost = state.kind === 'ok' ? '' : [
      state.lost.snapshots > 0 ? `; ${state.lost.snapshots} sets of readings lost` : '',
      state.lost.events > 0 ? `; ${state.lost.events} words on alerts lost` : '',
    ].join('')
    this.gatewayCondition('technical/store-failing', state.kind === 'ok' ? null : { priority: 'high', text: `Readings are not being saved (${state.why})${lost}. Alerts go on.` })
  }

  /** A condition that ends by itself when nothing renews it. */
  #say(device: Device, condition: string, priority: Priority, text: string, now: Now): void {
    this.watch.technical({ device, subject: subjectOf(device) }, { condition, priority, text }, now)
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

  #refold(recent: Iterable<Snapshot>): void {
    const now = this.now()
    this.#takeOver(now)
    for (const device of this.devices.all()) this.#adoptSilence(device)
    for (const bed of this.beds.values()) if (bed.stay) this.watch.begin(bed.stay)
    const tickedAt = new Map<StayId, number>()
    const heard = new Map<StayId, Snapshot>()
    this.watch.refold(() => {
      for (const snapshot of recent) {
        const bed = snapshot.bed === null ? undefined : this.beds.get(snapshot.bed)
        // Of the future: the clock was set back since, and when this was is not known.
        if (!bed?.stay || bed.stay.id !== snapshot.stay || snapshot.at > now.at) continue
        if (isObserver(snapshot.device)) {
          const confirmed = setOf(bed.stay.context, snapshot.receivedAt)
          if (confirmed) this.watch.observation(bed.stay, confirmed, { wall: snapshot.receivedAt, at: snapshot.at })
          continue
        }
        // Else, where two monitors name different patients, the first to speak after a restart would take the bed.
        if (bed.stay.identity) bed.assertedBy = { device: snapshot.device, at: snapshot.at }
        remember(bed, snapshot)
        this.#look(bed.stay, snapshot)
        heard.set(bed.stay.id, snapshot)
        if (snapshot.at - (tickedAt.get(bed.stay.id) ?? -Infinity) < pumpLimits.refoldTickMs) continue
        tickedAt.set(bed.stay.id, snapshot.at)
        this.watch.tick(bed.stay, { wall: snapshot.receivedAt, at: snapshot.at })
      }
      this.#reachOpen(heard, now)
    })
  }

  /** What began with time alone, after the last value of its stay, is reached again: else the values before it would end it. */
  #reachOpen(heard: ReadonlyMap<StayId, Snapshot>, now: Now): void {
    for (const { stay } of this.beds.values()) {
      const last = stay && heard.get(stay.id)
      if (!stay || !last) continue
      for (const startedAt of [...this.lifecycle.open.values()].filter((alert) => alert.stay === stay.id).map((alert) => alert.startedAt).toSorted((a, b) => a - b)) {
        // The tick of a second, and what two clocks are apart by.
        const afterMs = Math.min(startedAt + 1_000 - last.receivedAt, now.at - last.at)
        if (afterMs > 0) this.watch.tick(stay, { wall: wallMs(last.receivedAt + afterMs), at: monoMs(last.at + afterMs) })
      }
    }
  }

  /** Alerts of before: each is given to who can end it, and where there is nobody, it ends now. */
  #takeOver(now: Now): void {
    for (const { stay, device: id, bed, condition } of this.lifecycle.open.values()) {
      if (stay !== null && ![...this.beds.values()].some((candidate) => candidate.stay?.id === stay)) this.#emit(this.lifecycle.endOf({ stay }, now.wall))
      if (id === null) continue
      const device = this.devices.get(id)
      if (!device || device.bed !== bed) this.#emit(this.lifecycle.endOf({ device: id }, now.wall))
      else if (condition.startsWith(MONITOR_ALARM)) device.expiring.set(condition, monoMs(now.at + pumpLimits.alarmHoldMs))
      else if (condition !== SILENCE_CONDITION) device.expiring.set(condition, monoMs(now.at + pumpLimits.conditionHoldMs))
      else if (!isExpected(device)) this.watch.clear(subjectOf(device), condition, now)
      if (device && condition === ALARMS_OFF_CONDITION) adoptMonitor(device, [...this.lifecycle.open.values()].filter((alert) => alert.device === id), now)
    }
  }
}

/** A technician tests the monitor: nobody's vital signs, for whoever reads them. */
const asTest = (reading: Reading): Reading => (reading.flags.includes('test') ? reading : { ...reading, flags: [...reading.flags, 'test'] })

const QUARANTINE_CONDITION = 'technical/quarantine'

/** Where a frame came from, and whether its sender hears what became of it. */
type From = { readonly peer: Peer; readonly driver: string; readonly answered: boolean }

/** Strangers, and devices that come and go, may be silent. */
const isExpected = (device: Device): boolean => !device.unknown && device.silenceMs > 0
