/** One set of rules over the snapshots of a ward that are over: the same bed rules and life cycle as live, time from the log alone. */

import { createLifecycle } from '../alerts/lifecycle.ts'
import type { AlertEvent, AlertSubject } from '../domain/alert.ts'
import { alertId, type StayId } from '../domain/ids.ts'
import type { Snapshot } from '../domain/observation.ts'
import { type MonoMs, monoMs, type WallMs, wallMs } from '../domain/time.ts'
import { type BedState, bedRulesOf } from '../rules/bed.ts'
import type { RuleSettings } from '../rules/watcher.ts'
import type { RuleInput, StayContext, StayRecord } from '../seams.ts'

const TICK_MS = 1_000
/** The gateway was off, or every monitor: rules see so much of the silence, then the clock goes on to the next row. */
const SILENCE_MS_MAX = 600_000

/** What was said of a stay whose record is gone. */
const UNSAID: StayContext = { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false }

type Running = { readonly stay: StayId; readonly subject: AlertSubject; readonly closedAt: WallMs | null; state: BedState }

export class RuleRun {
  readonly #rules
  readonly #stays: ReadonlyMap<StayId, StayRecord>
  readonly #running = new Map<StayId, Running>()
  readonly #lifecycle
  readonly #emit: (event: AlertEvent) => void
  #nextTickAt: number | null = null

  /** `emit`: every event, in order. Ids are counted, so that two runs say the same. */
  constructor(settings: RuleSettings, stays: ReadonlyMap<StayId, StayRecord>, emit: (event: AlertEvent) => void) {
    let minted = 0
    this.#rules = bedRulesOf(settings)
    this.#lifecycle = createLifecycle(() => alertId(`alert-${++minted}`))
    this.#stays = stays
    this.#emit = emit
  }

  snapshot(stay: StayId, snapshot: Snapshot): void {
    this.#tickTo(snapshot.receivedAt)
    const running = this.#running.get(stay) ?? this.#begin(stay, snapshot)
    // A log has one clock: the wall clock at which rows were received.
    this.#step(running, { kind: 'snapshot', snapshot: { ...snapshot, at: monoMs(snapshot.receivedAt) } }, snapshot.receivedAt)
  }

  /** All alerts that are still open stay so: nobody knows when they would have ended. */
  end(at: WallMs): void {
    this.#tickTo(at)
  }

  #begin(stay: StayId, { bed }: Snapshot): Running {
    const record = this.#stays.get(stay)
    const subject = { bed: record?.bed ?? bed, stay, device: null }
    const running = { stay, subject, closedAt: record?.closedAt ?? null, state: this.#rules.start(record?.context ?? UNSAID) }
    this.#running.set(stay, running)
    return running
  }

  #tickTo(at: WallMs): void {
    this.#nextTickAt ??= Math.ceil(at / TICK_MS) * TICK_MS
    const silentFrom = this.#nextTickAt
    for (; this.#nextTickAt <= at; this.#nextTickAt += TICK_MS) {
      if (this.#nextTickAt - silentFrom > SILENCE_MS_MAX) {
        this.#nextTickAt = Math.ceil(at / TICK_MS) * TICK_MS
        return
      }
      this.#tick(wallMs(this.#nextTickAt), monoMs(this.#nextTickAt))
    }
  }

  #tick(wall: WallMs, at: MonoMs): void {
    for (const running of this.#running.values()) {
      if (running.closedAt !== null && running.closedAt <= wall) {
        this.#running.delete(running.stay)
        for (const event of this.#lifecycle.endOf({ stay: running.stay }, wall)) this.#emit(event)
      } else this.#step(running, { kind: 'tick', at, wall }, wall)
    }
  }

  #step(running: Running, input: RuleInput, wall: WallMs): void {
    const { state, signals } = this.#rules.step(running.state, input)
    running.state = state
    if (signals.length === 0) return
    for (const event of this.#lifecycle.signals(running.subject, signals, wall)) this.#emit(event)
  }
}
