/** The shift of the ward, and whom the pump tells of what nobody answers. What people say of it is kept, and in the log. */

import { causeRowsOf, coveredOf } from '../alerts/causes.ts'
import { type Escalation, type EscalationTimes, NOTHING_UNANSWERED, escalate } from '../alerts/escalation.ts'
import type { Lifecycle } from '../alerts/lifecycle.ts'
import type { Site } from '../config/schema.ts'
import type { Alert, AlertEvent, EscalationLevel, Priority } from '../domain/alert.ts'
import { bedText } from '../domain/bed-state.ts'
import type { BedId } from '../domain/ids.ts'
import type { MonoMs } from '../domain/time.ts'
import { peopleLimits } from '../limits.ts'
import { type Shift, type ShiftRequest, changeShift } from '../people/shift.ts'
import { SHIFT_KEY, parseShift } from '../people/standing.ts'
import { type WhoHas, isOver, overdue, whoHas } from '../people/who-has.ts'
import type { Standing } from '../seams.ts'
import type { Bed } from './beds.ts'
import type { Committer } from './committer.ts'
import type { Now } from './watch.ts'

/** `version`: of the shift that is taken back. */
export type ShiftSaying = ShiftRequest | { readonly what: 'undo'; readonly version: number }
export type ShiftAnswer = { readonly kind: 'done'; readonly shift: Shift | null } | { readonly kind: 'refused'; readonly why: string }

export type WardPeopleParts = {
  readonly setting: Site['escalation']
  readonly beds: ReadonlyMap<BedId, Bed>
  readonly restored: readonly Standing[]
  readonly committer: Committer
  readonly lifecycle: Pick<Lifecycle, 'open' | 'escalate'>
  readonly emit: (events: readonly AlertEvent[]) => void
  /** A condition of the ward itself, as it stands; null: it is well. */
  readonly say: (condition: string, said: { readonly priority: Priority; readonly text: string } | null) => void
  /** Beds that look different. */
  readonly changed: Set<BedId>
}

/** Those for which nobody in their row speaks as loud: people are told of a cause, not of all that follows from it. */
function unspoken(open: readonly Alert[]): readonly Alert[] {
  const covered = coveredOf(causeRowsOf(open))
  return open.filter(({ id }) => !(covered.get(id) ?? []).some(({ state, acknowledged }) => state === 'active' && acknowledged === null))
}

export class WardPeople {
  #shift: Shift | null
  /** What the newest change made other than it was. */
  #undo: { readonly before: Shift | null; readonly version: number; readonly at: MonoMs } | null = null
  #escalation: Escalation = NOTHING_UNANSWERED
  /** Whether the shift was over when the beds were told last. */
  #wasOver = false
  readonly #parts: WardPeopleParts

  constructor(parts: WardPeopleParts) {
    this.#parts = parts
    this.#shift = parseShift(parts.restored.find(({ key }) => key === SHIFT_KEY)?.value, [...parts.beds.keys()])
  }

  get setting(): WardPeopleParts['setting'] {
    return this.#parts.setting
  }

  get shift(): Shift | null {
    return this.#shift
  }

  whoHas(bed: BedId | null, now: Now): WhoHas {
    return whoHas(this.#shift, bed, now.wall)
  }

  /** What can be taken back now: the newest change, for a while. */
  undoable(now: Now): { readonly version: number } | null {
    return this.#undo !== null && now.at - this.#undo.at < peopleLimits.undoMs ? { version: this.#undo.version } : null
  }

  change(request: ShiftSaying, by: string, now: Now): ShiftAnswer {
    const before = this.#shift
    if (request.what === 'undo') {
      const undo = this.undoable(now)
      if (this.#undo === null || undo === null || undo.version !== request.version) return { kind: 'refused', why: 'This cannot be taken back any more: something was changed since, or it is too long ago.' }
      // Counts on, so that no two states of a shift have one number.
      this.#shift = this.#undo.before && { ...this.#undo.before, version: request.version + 1 }
      this.#undo = null
    } else {
      const change = changeShift(before, request, { by, at: now.wall, beds: [...this.#parts.beds.keys()] })
      if (change.kind === 'refused') return change
      this.#shift = change.shift
      this.#undo = { before, version: change.shift.version, at: now.at }
    }
    this.#keep(now)
    this.#parts.committer.filling.events.push({ at: now.wall, kind: 'gateway', what: `shift ${JSON.stringify(request)} by ${by}`, subject: { bed: null, stay: null, device: null } })
    this.#parts.committer.soon()
    this.#tellBeds()
    return { kind: 'done', shift: this.#shift }
  }

  /** Once more, into a database that was begun anew. */
  retell(now: Now): void {
    if (this.#shift !== null) this.#keep(now)
  }

  /** Time passes: who is to be told, and who should be back. */
  tick(now: Now): void {
    const { setting: { buddySeconds, chargeSeconds, team }, lifecycle, emit, say } = this.#parts
    const times: EscalationTimes = { buddyMs: buddySeconds * 1_000, chargeMs: chargeSeconds * 1_000, teamMs: team ? team.seconds * 1_000 : null }
    const { state, due } = escalate(times, this.#escalation, { open: unspoken([...lifecycle.open.values()]), toWhom: (alert, level) => this.#toWhom(alert, level, now), now })
    this.#escalation = state
    for (const { alert, told } of due) emit(lifecycle.escalate(alert.id, told) ?? [])
    const late = overdue(this.#shift, now.wall)
    say('technical/break-over', late.length === 0 ? null : { priority: 'medium', text: late.map(({ name }) => this.#lateText(name, now)).join('; ') })
    const over = this.#shift !== null && isOver(this.#shift, now.wall)
    say('technical/shift-over', over ? { priority: 'low', text: 'The shift is over and nobody has begun the next: see the page "Shift"' } : null)
    if (over !== this.#wasOver) this.#tellBeds()
    this.#wasOver = over
  }

  #toWhom({ bed }: Alert, level: EscalationLevel, now: Now): string | null {
    const who = whoHas(this.#shift, bed, now.wall)
    switch (level) {
      case 'nurse':
        return who.holder
      case 'buddy':
        return who.buddy
      case 'charge':
        return who.charge
      case 'team':
        return this.#parts.setting.team?.name ?? null
    }
  }

  #lateText(name: string, now: Now): string {
    const own = [...this.#parts.beds.values()].filter(({ id }) => whoHas(this.#shift, id, now.wall).assigned === name)
    const [first] = own
    if (first === undefined) return `${name} is not back from the break`
    return `${name} is not back from the break: ${whoHas(this.#shift, first.id, now.wall).holder ?? 'nobody'} still has ${own.map(({ label }) => bedText(label)).join(', ')}`
  }

  #keep(now: Now): void {
    this.#parts.committer.filling.standing.push({ key: SHIFT_KEY, at: now.wall, value: this.#shift })
  }

  #tellBeds(): void {
    for (const bed of this.#parts.beds.keys()) this.#parts.changed.add(bed)
  }
}
