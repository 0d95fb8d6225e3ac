/**
 * Strips: the waveforms around an alert of high priority. When it becomes high it is noted here; once what came after is in
 * the ring of samples too, the stretch is taken from there and stored with the alert. Nothing waits for a strip.
 */

import type { AlertEvent } from '../domain/alert.ts'
import type { AlertId, BedId, DeviceId } from '../domain/ids.ts'
import { type MonoMs, type WallMs, monoMs, wallMs } from '../domain/time.ts'
import { waveLimits } from '../limits.ts'
import type { Strip } from '../seams.ts'
import type { Now } from './watch.ts'
import type { Waves } from './waves.ts'

export type StripParts = {
  readonly waves: Pick<Waves, 'between'>
  readonly devicesAt: (bed: BedId) => readonly { readonly id: DeviceId }[]
  /** Since when the patient of this bed is there; null: nobody is. What came before is of somebody else. */
  readonly heldSince: (bed: BedId) => WallMs | null
  /** Something was not kept for want of room, and what. */
  readonly leftOut: (alert: AlertId, why: string) => void
}

/** `from` and `to`: gateway time. */
type Waiting = { readonly alertId: AlertId; readonly bed: BedId; readonly at: WallMs; readonly from: WallMs; readonly to: WallMs; readonly dueAt: MonoMs }

export class Strips {
  readonly #parts: StripParts
  /** In the order in which they are due. */
  readonly #waiting: Waiting[] = []
  /** How many strips each open alert had. */
  readonly #had = new Map<AlertId, number>()

  constructor(parts: StripParts) {
    this.#parts = parts
  }

  /** Looks for alerts that have just become high, and for those that are over. */
  note(events: readonly AlertEvent[], now: Now): void {
    for (const event of events) {
      if (event.kind !== 'phase') continue
      const becameHigh = event.priority === 'high' && (event.phase === 'start' || event.phase === 'escalate')
      if (becameHigh && event.bed !== null) this.#wait(event.alertId, event.bed, now)
      if (event.state === 'inactive') this.#had.delete(event.alertId)
    }
  }

  /** Those whose time has come, a bounded number: the rest is taken with the next tick. */
  due(now: Now): readonly Strip[] {
    const count = this.#waiting.findIndex(({ dueAt }) => dueAt > now.at)
    const due = this.#waiting.splice(0, Math.min(count === -1 ? this.#waiting.length : count, waveLimits.stripsPerTickMax))
    return due.flatMap((waiting) => this.#taken(waiting))
  }

  /** Another patient comes: what there is of the one before is taken now, and nothing that comes later. */
  endAt(bed: BedId, now: Now): readonly Strip[] {
    const ending = this.#waiting.filter((waiting) => waiting.bed === bed)
    for (const waiting of ending) this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
    return ending.flatMap((waiting) => this.#taken({ ...waiting, to: wallMs(Math.min(waiting.to, now.wall)) }))
  }

  /** The gateway stops: all that wait, with what there is. */
  rest(): readonly Strip[] {
    return this.#waiting.splice(0).flatMap((waiting) => this.#taken(waiting))
  }

  #wait(alertId: AlertId, bed: BedId, now: Now): void {
    // High, less, and high again within half a minute: it is one strip.
    if (this.#waiting.some((waiting) => waiting.alertId === alertId)) return
    const had = this.#had.get(alertId) ?? 0
    if (had >= waveLimits.stripsPerAlertMax) return
    if (this.#waiting.length >= waveLimits.stripsWaitingMax) {
      this.#parts.leftOut(alertId, `more than ${waveLimits.stripsWaitingMax} strips wait`)
      return
    }
    this.#had.set(alertId, had + 1)
    const since = this.#parts.heldSince(bed) ?? now.wall
    this.#waiting.push({
      alertId,
      bed,
      at: now.wall,
      // A clock that was set back may date the patient's arrival later than now.
      from: wallMs(Math.min(now.wall, Math.max(now.wall - waveLimits.stripBeforeMs, since))),
      to: wallMs(now.wall + waveLimits.stripAfterMs),
      // The last samples of the span may be on their way still.
      dueAt: monoMs(now.at + waveLimits.stripAfterMs + waveLimits.jitterMs),
    })
  }

  #taken({ alertId, bed, at, from, to }: Waiting): readonly Strip[] {
    const strips: Strip[] = []
    let samples = 0
    let leftOut = 0
    for (const { id: device } of this.#parts.devicesAt(bed)) {
      for (const stretch of this.#parts.waves.between(device, from, to)) {
        if (strips.length >= waveLimits.stripStretchesMax || samples + stretch.samples.length > waveLimits.stripSamplesMax) {
          leftOut++
          continue
        }
        samples += stretch.samples.length
        strips.push({ alertId, at, device, ...stretch })
      }
    }
    if (leftOut > 0) this.#parts.leftOut(alertId, `${leftOut} stretches of waveforms are more than a strip holds`)
    return strips
  }
}
