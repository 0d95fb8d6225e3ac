/**
 * Writes the watch ledger: each change of what could be watched at a bed, and why the rest could not; and all of it once in
 * an hour, so that a look back need not go further. What a gateway that was away did not watch is written when it is back.
 */

import type { BedId, StayId } from '../domain/ids.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { type Unwatched, type WatchChange, type WatchState, weightier } from '../domain/watch.ts'
import { watchLimits } from '../limits.ts'
import { type Armed, unarmed, type Watched, WATCHED } from '../rules/armed.ts'
import type { StoredEvent } from '../seams.ts'
import type { Bed } from './beds.ts'
import type { Device } from './devices.ts'
import type { Now } from './watch.ts'

export type WatchLedgerParts = {
  readonly beds: ReadonlyMap<BedId, Bed>
  readonly devicesAt: (bed: BedId) => readonly Device[]
  /** What the rules of a stay say of themselves; null before they began. */
  readonly armed: (stay: StayId, at: MonoMs) => Armed | null
  /** Whether what this device says is in quarantine, or its conversation is held. */
  readonly isUnbelieved: (device: Device) => boolean
  /** Why a rule could not speak although it is in this state: what people said of the bed, the stay and the ward. */
  readonly unwatched?: (bed: Bed, rule: Watched, state: WatchState, now: Now) => WatchState
  readonly write: (event: StoredEvent) => void
}

type Told = { readonly stay: StayId | null; readonly armed: Armed; readonly allAt: MonoMs }

const eachOf = (armed: Armed, look: (rule: Watched, state: WatchState) => WatchState): Armed => ({
  'limits/spo2': look('limits/spo2', armed['limits/spo2']), 'limits/hr': look('limits/hr', armed['limits/hr']), 'limits/rr': look('limits/rr', armed['limits/rr']),
  'limits/pressure': look('limits/pressure', armed['limits/pressure']), 'limits/temperature': look('limits/temperature', armed['limits/temperature']),
  score: look('score', armed.score), sepsis: look('sepsis', armed.sepsis),
})

const DEMO_MARKS = ['demo', 'test'] as const

export class WatchLedger {
  readonly #parts: WatchLedgerParts
  readonly #told = new Map<BedId, Told>()
  #lookedAt: MonoMs | null = null

  constructor(parts: WatchLedgerParts) {
    this.#parts = parts
  }

  /** `aliveAt`: when the gateway before us last wrote anything; null where there was none. */
  begin(aliveAt: WallMs | null, now: Now): void {
    if (aliveAt === null || aliveAt >= now.wall) return
    for (const bed of this.#parts.beds.values()) this.#write(bed, { from: aliveAt, at: now.wall, states: unarmed('gateway-down'), rules: WATCHED })
  }

  tick(now: Now): void {
    if (this.#lookedAt !== null && now.at - this.#lookedAt < watchLimits.lookMs) return
    this.#lookedAt = now.at
    for (const bed of this.#parts.beds.values()) {
      const stay = bed.stay?.id ?? null
      const armed = this.#withHouse(bed, this.#armed(bed, now), now)
      const told = this.#told.get(bed.id)
      const isWhole = told === undefined || told.stay !== stay || now.at - told.allAt >= watchLimits.wholeMs
      const rules = isWhole ? WATCHED : WATCHED.filter((rule) => told.armed[rule] !== armed[rule])
      if (rules.length === 0) continue
      this.#told.set(bed.id, { stay, armed, allAt: isWhole ? now.at : told.allAt })
      this.#write(bed, { from: now.wall, at: now.wall, states: armed, rules })
    }
  }

  #armed(bed: Bed, now: Now): Armed {
    const armed = bed.stay === null ? null : this.#parts.armed(bed.stay.id, now.at)
    if (armed === null) return unarmed('empty')
    const why = this.#whyNothing(bed, now)
    if (why === null) return armed
    return eachOf(armed, (_rule, state) => (state === 'no-data' ? weightier(state, why) : state))
  }

  #withHouse(bed: Bed, armed: Armed, now: Now): Armed {
    const { unwatched } = this.#parts
    return unwatched ? eachOf(armed, (rule, state) => unwatched(bed, rule, state, now)) : armed
  }

  /** Why what a bed sends reaches no rule, where something is sent. */
  #whyNothing(bed: Bed, now: Now): Unwatched | null {
    if (this.#parts.devicesAt(bed.id).some(this.#parts.isUnbelieved)) return 'quarantine'
    const isDemo = [...bed.latest.values()].some(({ observation, measuredAt }) => now.at - measuredAt < watchLimits.demoMs && DEMO_MARKS.some((mark) => observation.flags.includes(mark)))
    return isDemo ? 'demo' : null
  }

  #write(bed: Bed, { from, at, states, rules }: { readonly from: WallMs; readonly at: WallMs; readonly states: Armed; readonly rules: readonly (keyof Armed)[] }): void {
    const stay = bed.stay?.id ?? null
    const changes = rules.map((rule): WatchChange => ({ bed: bed.id, stay, rule, from, state: states[rule] }))
    this.#parts.write({ at, kind: 'watch', changes, subject: { bed: bed.id, stay, device: null } })
  }
}
