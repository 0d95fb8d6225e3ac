/**
 * What one way has still to say: not a list of events but, for each open alert and address, what its receiver was told last
 * and how the alert stands now. So an outage leaves no backlog: afterwards what is open is said as it stands, what ended
 * meanwhile and was told is ended, and what began and ended unheard is history. Pure but for the `mint` of ids.
 */

import { type Alert, isOpen, type Priority, rankOf } from '../../domain/alert.ts'
import type { AlertId } from '../../domain/ids.ts'
import { type MonoMs, type WallMs, monoMs } from '../../domain/time.ts'
import { wayLimits } from '../../limits.ts'
import type { Notice, NoticePhase, Sends, Way } from './way.ts'
import { type Telling, textOf } from './words.ts'

export type OutboxSetting = {
  readonly says: Way['says']
  readonly sends: Sends
  /** Empty: the way has one receiver. */
  readonly addresses: readonly string[]
  /** Whether those who were called hear that it is over. */
  readonly endings: boolean
  readonly telling: Omit<Telling, 'place'>
  readonly placeOf: (alert: Alert) => string | null
  readonly mint: () => string
}

/** What a receiver knows of an alert. */
type Told = { readonly priority: Priority; readonly state: Alert['state']; readonly quiet: string; readonly text: string }

type Entry = {
  readonly key: string
  readonly address: string
  alert: Alert
  told: Told | null
  /** Of what was never told for sure: it is on its way now, or went and nobody answered. Then its end is to be said, too. */
  reached: 'no' | 'under-way' | 'perhaps'
  /** Since when there is something to say, on the clock that never steps. */
  dueSince: MonoMs | null
  /** How often it got worse while it stood; how often when last tried, and when last told. A person is called again each time. */
  roused: number
  rousedTried: number
  rousedTold: number
  /** Somebody named this address to be called about this alert. */
  isNamed: boolean
  /** It stands as told, and is to be said again. */
  again: boolean
  /** It ends with these words. */
  over: 'end' | 'reset' | null
  notBefore: MonoMs | null
  refusals: number
  /** The notice that was tried last, and what it was about. */
  tried: { readonly id: string; readonly of: string } | null
}

/** Acknowledged, audio paused: what HL7 calls the inactivation state. */
const quietOf = ({ acknowledged, audioPaused }: Alert): string => `${acknowledged === null ? '' : 'a'}${audioPaused === null ? '' : 'p'}`
const keyOf = (alert: AlertId, address: string): string => `${address}\u0000${alert}`

export class Outbox {
  readonly #setting: OutboxSetting
  readonly #entries = new Map<string, Entry>()
  /** Alerts that others of their row speak for. */
  readonly #covered = new Map<AlertId, readonly Alert[]>()
  /** Addresses that were called by name. */
  readonly #called = new Set<string>()
  /** Notices that found no room, since the start. */
  dropped = 0

  constructor(setting: OutboxSetting) {
    this.#setting = setting
  }

  /** How many notices wait, those that wait for a later try included. */
  get waiting(): number {
    let waiting = 0
    for (const entry of this.#entries.values()) if (entry.dueSince !== null) waiting++
    return waiting
  }

  /** Why anything was refused that is still to be said. */
  get refused(): number {
    let refused = 0
    for (const entry of this.#entries.values()) if (entry.refusals > 0 && entry.dueSince !== null) refused++
    return refused
  }

  /** An alert as it stands now. `roused`: it got worse, or began again. `isReset`: it was latched, and somebody came. */
  note(alert: Alert, now: MonoMs, { roused = false, isReset = false } = {}): void {
    const { addresses } = this.#setting
    for (const address of addresses.length === 0 ? [''] : addresses) this.#note(alert, address, now, { roused, isReset })
    for (const address of this.#called) if (!addresses.includes(address) && this.#entries.has(keyOf(alert.id, address))) this.#note(alert, address, now, { roused, isReset })
  }

  /** Others of its row speak for it; none: not any more. What was told of it already goes on being told. */
  cover(alert: AlertId, by: readonly Alert[], now: MonoMs): void {
    if (by.length > 0) this.#covered.set(alert, by)
    else this.#covered.delete(alert)
    for (const address of [...(this.#setting.addresses.length === 0 ? [''] : this.#setting.addresses), ...this.#called]) {
      const entry = this.#entries.get(keyOf(alert, address))
      if (entry !== undefined) this.#judge(entry, now)
    }
  }

  /** Calls one address about one alert, whatever the way sends of itself. False where there is no room. */
  call(alert: Alert, address: string, now: MonoMs): boolean {
    if (!this.#called.has(address) && this.#called.size >= wayLimits.calledAddressesMax) return false
    const entry = this.#entries.get(keyOf(alert.id, address)) ?? this.#add(alert, address)
    if (entry === null) return false
    entry.roused++
    entry.isNamed = true
    this.#called.add(address)
    this.#judge(entry, now)
    return true
  }

  /** What the receiver of an alert was told last before a restart: the alert as it stood then. `roused`: it got worse, or began again, since. */
  restore(told: Alert, address: string, roused: boolean): void {
    const entry = this.#entries.get(keyOf(told.id, address)) ?? this.#add(told, address)
    if (entry === null) return
    entry.told = this.#toldOf(told)
    entry.roused = roused ? 1 : 0
    entry.dueSince = null
  }

  /** The receiver may have forgotten: what is open and was told is said again. Of no meaning to those who are called. */
  resay(now: MonoMs): void {
    if (this.#setting.says === 'calls') return
    for (const entry of this.#entries.values()) {
      entry.again = entry.told !== null
      this.#judge(entry, now)
    }
  }

  /** The gravest of what is due, then the oldest; ends come last. Null when nothing is, or all of it waits for later. */
  next(now: { readonly at: MonoMs; readonly wall: WallMs }): Notice | null {
    let best: Entry | null = null
    for (const entry of this.#entries.values()) {
      if (entry.dueSince === null || (entry.notBefore !== null && entry.notBefore > now.at)) continue
      if (best === null || urgency(entry) > urgency(best) || (urgency(entry) === urgency(best) && entry.dueSince < (best.dueSince ?? entry.dueSince))) best = entry
    }
    return best === null ? null : this.#noticeOf(best, now.wall)
  }

  /** When something that waits may be tried again; null when nothing waits. */
  wakeAt(): MonoMs | null {
    let first: MonoMs | null = null
    for (const { dueSince, notBefore } of this.#entries.values()) if (dueSince !== null && notBefore !== null && (first === null || notBefore < first)) first = notBefore
    return first
  }

  /** The receiver has it. What changed while it was on its way is due at once. */
  sent({ alert, address, phase }: Notice, now: MonoMs): void {
    const entry = this.#entries.get(keyOf(alert.id, address))
    if (entry === undefined) return
    entry.told = this.#toldOf(alert)
    entry.again = false
    entry.refusals = 0
    entry.notBefore = null
    entry.tried = null
    entry.rousedTold = entry.rousedTried
    if (phase === 'end' || phase === 'reset') this.#entries.delete(entry.key)
    else this.#judge(entry, now)
  }

  /** The way did not work; `mayHaveCome`: the receiver may know of it all the same. */
  missed({ alert, address }: Pick<Notice, 'alert' | 'address'>, mayHaveCome: boolean, now: MonoMs): void {
    const entry = this.#entries.get(keyOf(alert.id, address))
    if (entry?.reached !== 'under-way') return
    entry.reached = mayHaveCome ? 'perhaps' : 'no'
    this.#judge(entry, now)
  }

  /** Taken by nobody: tried again, ever later. Returns false when it was given up. */
  refuse({ alert, address }: Pick<Notice, 'alert' | 'address'>, now: MonoMs): boolean {
    const entry = this.#entries.get(keyOf(alert.id, address))
    if (entry === undefined) return true
    this.missed({ alert, address }, false, now)
    entry.refusals++
    if (entry.refusals >= wayLimits.refusalsMax) {
      // Whoever keeps a list hears the next change of this alert; for those who are called the next call is a new one.
      entry.told = this.#toldOf(entry.alert)
      entry.rousedTold = entry.roused
      Object.assign(entry, { dueSince: null, again: false, refusals: 0, notBefore: null, tried: null })
      if (!isOpen(entry.alert)) this.#entries.delete(entry.key)
      return false
    }
    entry.notBefore = later(now, Math.min(wayLimits.retryMs * 2 ** entry.refusals, wayLimits.retryMsMax))
    return true
  }

  #note(alert: Alert, address: string, now: MonoMs, { roused, isReset }: { readonly roused: boolean; readonly isReset: boolean }): void {
    const known = this.#entries.get(keyOf(alert.id, address))
    if (known === undefined && (!isOpen(alert) || !this.#isMeant(alert))) return
    const entry = known ?? this.#add(alert, address)
    if (entry === null) return
    entry.alert = alert
    entry.over = isOpen(alert) ? null : isReset ? 'reset' : 'end'
    if (roused) entry.roused++
    this.#judge(entry, now)
  }

  #isMeant(alert: Alert): boolean {
    const { type, priority, bed } = alert
    const { types, priorities, beds, only } = this.#setting.sends
    return only?.(alert) !== false && types.includes(type) && priorities.includes(priority) && (beds === null || (bed !== null && beds.includes(bed)))
  }

  /** With one entry too many the least urgent goes, for something graver; else there is no room. */
  #add(alert: Alert, address: string): Entry | null {
    if (this.#entries.size >= wayLimits.entriesMax) {
      let least: Entry | null = null
      for (const entry of this.#entries.values()) if (least === null || rankOf(entry.alert.priority) < rankOf(least.alert.priority)) least = entry
      this.dropped++
      if (least === null || rankOf(least.alert.priority) >= rankOf(alert.priority)) return null
      this.#entries.delete(least.key)
    }
    const key = keyOf(alert.id, address)
    const entry: Entry = { key, address, alert, told: null, reached: 'no', dueSince: null, roused: 0, rousedTried: 0, rousedTold: 0, isNamed: false, again: false, over: null, notBefore: null, refusals: 0, tried: null }
    this.#entries.set(key, entry)
    return entry
  }

  /** Whether there is something to say, from the difference between what was told and what is. */
  #judge(entry: Entry, now: MonoMs): void {
    const isDue = this.#setting.says === 'all' ? this.#isNews(entry) : this.#isCall(entry)
    if (isDue) entry.dueSince ??= now
    else {
      entry.dueSince = null
      // What is over and is not to be told has nothing more to say.
      if (entry.over !== null) this.#entries.delete(entry.key)
    }
  }

  /** By one that this way sends. Whoever was named to be called about this very alert is called. */
  #isCovered({ alert, isNamed }: Entry): boolean {
    return !isNamed && (this.#covered.get(alert.id)?.some((by) => this.#isMeant(by)) ?? false)
  }

  #isNews(entry: Entry): boolean {
    const { alert, told, reached, again, over } = entry
    if (told === null) return over === null ? !this.#isCovered(entry) : reached !== 'no'
    if (over !== null || again) return true
    const now = this.#toldOf(alert)
    return now.priority !== told.priority || now.state !== told.state || now.quiet !== told.quiet || now.text !== told.text
  }

  /** A call is for somebody to come: not when somebody came, nor when it is over. */
  #isCall(entry: Entry): boolean {
    const { alert, told, reached, roused, rousedTold, over, isNamed } = entry
    if (over !== null) return this.#setting.endings && (told !== null || reached !== 'no')
    if (!isNamed && !this.#isMeant(alert)) return false
    if (alert.acknowledged !== null || alert.state !== 'active' || this.#isCovered(entry)) return false
    return told === null || roused > rousedTold || rankOf(alert.priority) > rankOf(told.priority)
  }

  #toldOf(alert: Alert): Told {
    const text = textOf(alert, { ...this.#setting.telling, place: this.#setting.placeOf(alert) })
    return { priority: alert.priority, state: alert.state, quiet: quietOf(alert), text }
  }

  #noticeOf(entry: Entry, wall: WallMs): Notice {
    const { alert, address } = entry
    entry.rousedTried = entry.roused
    if (entry.reached === 'no') entry.reached = 'under-way'
    const phase = phaseOf(entry, wall)
    const now = this.#toldOf(alert)
    const of = [phase, now.priority, now.state, now.quiet, now.text].join('\u0000')
    if (entry.tried?.of !== of) entry.tried = { id: phase === 'start' ? alert.id : this.#setting.mint(), of }
    return { id: entry.tried.id, alert, phase, address, place: this.#setting.placeOf(alert), text: now.text, at: wall }
  }
}

/**
 * IHE PCD-04: a change of priority alone is escalate or deescalate, of more an update. That a rise takes the
 * acknowledgement away is part of the rise. What began long ago and was never told is not told as new.
 */
function phaseOf({ alert, told, over, again, roused, rousedTold }: Entry, wall: WallMs): NoticePhase {
  if (over !== null) return over
  if (told === null) return Math.abs(wall - alert.startedAt) > wayLimits.newMsMax ? 'continue' : 'start'
  const rise = rankOf(alert.priority) - rankOf(told.priority)
  if (rise !== 0 && alert.state === told.state) return rise > 0 ? 'escalate' : 'deescalate'
  const isSame = rise === 0 && alert.state === told.state && quietOf(alert) === told.quiet
  return isSame && again && roused === rousedTold ? 'continue' : 'update'
}

const urgency = ({ alert, over }: Entry): number => (over === null ? rankOf(alert.priority) : -1)
const later = (now: MonoMs, ms: number): MonoMs => monoMs(now + ms)
