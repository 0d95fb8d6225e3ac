/**
 * The conversation: the computer asks once, the monitor sends for as long as it likes. So what stopped coming is asked for
 * again: after a restart of the monitor, a cable that was out, a line that was blocked (then waveforms end after two seconds).
 */

import { type MonoMs, type Session, type SessionOutput, driverLimits, monoMs } from '#driver'
import { ALARM_LEVEL, type DriReader } from './reader.ts'
import { type TrendSeconds, alarmRequest, displayedRequest, stopRequest, stopWavesRequest, trendRequest, waveRequest } from './requests.ts'

export type Plan = {
  readonly intervalSeconds: number
  readonly trendSeconds: TrendSeconds | null
  /** Types of the waveforms that are wanted. */
  readonly waves: readonly number[]
}

/** What is still to be asked for, in this order. */
const ASKS = ['stop', 'displayed', 'trend', 'stop-waves', 'waves', 'alarms'] as const
type Ask = (typeof ASKS)[number]

/** Between two requests: the monitor reads them at its leisure. */
const PACE_MS = 200
/** Displayed values that stay away for so many intervals are asked for again. */
const MISSED_INTERVALS = 3
const WAVES_MISSED_MS = 10_000

export class Dialogue implements Session {
  readonly #reader: DriReader
  readonly #plan: Plan
  readonly #due = new Set<Ask>()
  #begun = false
  #sendAt = 0
  #displayedBy = 0
  #wavesBy = 0
  /** Doubles for as long as none come: a monitor may not have them. */
  #wavesPatienceMs = WAVES_MISSED_MS
  #alarmsAt = 0

  constructor(reader: DriReader, plan: Plan) {
    this.#reader = reader
    this.#plan = plan
  }

  receive(bytes: Uint8Array, now: MonoMs): SessionOutput {
    const { displayed, waves } = this.#reader.seen
    const frames = this.#reader.push(bytes)
    if (this.#reader.seen.displayed > displayed) this.#displayedBy = now + this.#displayedMs
    if (this.#reader.seen.waves > waves) {
      this.#wavesPatienceMs = WAVES_MISSED_MS
      this.#wavesBy = now + WAVES_MISSED_MS
    }
    return { frames, ...this.#speak(now) }
  }

  wake(now: MonoMs): SessionOutput {
    return { frames: [], ...this.#speak(now) }
  }

  end(): SessionOutput {
    this.#begun = false
    this.#due.clear()
    return { frames: this.#reader.end(), send: [], wakeAt: null }
  }

  atRest(): boolean {
    return this.#reader.isAtRest
  }

  get #displayedMs(): number {
    return this.#plan.intervalSeconds * 1_000 * MISSED_INTERVALS
  }

  /** At most one request at a time, and when the next may be due. */
  #speak(now: MonoMs): Omit<SessionOutput, 'frames'> {
    if (!this.#begun) this.#begin(now)
    if (now >= this.#displayedBy) {
      this.#ask('displayed', ...(this.#plan.trendSeconds === null ? [] : (['trend'] as const)))
      this.#displayedBy = now + this.#displayedMs
    }
    if (this.#plan.waves.length > 0 && now >= this.#wavesBy) {
      this.#ask('waves')
      this.#wavesPatienceMs = Math.min(this.#wavesPatienceMs * 2, driverLimits.driWaveRetryMsMax)
      this.#wavesBy = now + this.#wavesPatienceMs
    }
    if (this.#reader.level >= ALARM_LEVEL && now >= this.#alarmsAt) {
      this.#ask('alarms')
      this.#alarmsAt = now + this.#plan.intervalSeconds * 1_000
    }
    const ask = now >= this.#sendAt ? ASKS.find((candidate) => this.#due.has(candidate)) : undefined
    if (ask === undefined) return { send: [], wakeAt: this.#wakeAt() }
    this.#due.delete(ask)
    this.#sendAt = now + PACE_MS
    return { send: [this.#requestFor(ask)], wakeAt: this.#wakeAt() }
  }

  /** What somebody asked for before us ends first. */
  #begin(now: MonoMs): void {
    this.#begun = true
    this.#sendAt = now
    this.#displayedBy = now + this.#displayedMs
    this.#wavesPatienceMs = WAVES_MISSED_MS
    this.#wavesBy = now + WAVES_MISSED_MS
    this.#alarmsAt = now
    this.#ask('stop', 'displayed', 'stop-waves')
    if (this.#plan.trendSeconds !== null) this.#ask('trend')
    if (this.#plan.waves.length > 0) this.#ask('waves')
  }

  #ask(...asks: readonly Ask[]): void {
    for (const ask of asks) this.#due.add(ask)
  }

  #wakeAt(): MonoMs {
    const { waves } = this.#plan
    const at = [this.#displayedBy]
    if (this.#due.size > 0) at.push(this.#sendAt)
    if (waves.length > 0) at.push(this.#wavesBy)
    if (this.#reader.level >= ALARM_LEVEL) at.push(this.#alarmsAt)
    return monoMs(Math.min(...at))
  }

  #requestFor(ask: Ask): Uint8Array {
    const { intervalSeconds, trendSeconds, waves } = this.#plan
    switch (ask) {
      case 'stop':
        return stopRequest()
      case 'displayed':
        return displayedRequest(intervalSeconds)
      case 'trend':
        return trendRequest(trendSeconds ?? 60)
      case 'stop-waves':
        return stopWavesRequest()
      case 'waves':
        return waveRequest(waves)
      case 'alarms':
        return alarmRequest()
    }
  }
}
