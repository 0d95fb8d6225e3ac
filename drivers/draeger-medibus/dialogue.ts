/**
 * The conversation: each side may ask, and answers within ten seconds; who has nothing to say for two says that. Three seconds
 * of silence, or an answer that never came, and all begins anew. One question at a time.
 */

import { type Frame, type MonoMs, type Session, type SessionOutput, driverLimits, monoMs } from '#driver'
import { CODES } from './codes.ts'
import { answer, command } from './framing.ts'
import type { Heard, MedibusReader } from './reader.ts'
import { CURVES, enabling, streamsText } from './realtime.ts'

export type Plan = { readonly intervalMs: number; /** Names of curves. */ readonly waves: readonly string[] }

/** Sent where nothing else was for so long. */
const IDLE_MS = 2_000
const SLOW_MS = 10_000
const DATE_MS = 60_000
/** A device that asked for silence and forgot to end it. */
const SUSPENDED_MS = 10_000
/** Curves that stay away are asked for again after this, and ever later. */
const CURVES_MISSED_MS = 10_000

/** Number, name, revision and version of the protocol, as a device has them (4.03, 3.2.5). */
const IDENTITY = "0161'Vigil'01.00:03.00"

/** Questions that are asked again and again, and those asked once. */
type Ask = { readonly code: number; readonly everyMs: number | null; dueAt: number; refusals: number }

export class Dialogue implements Session {
  readonly #reader: MedibusReader
  readonly #plan: Plan
  readonly #asks: readonly Ask[]
  #begun = false
  /** Whether the other side has agreed to talk. */
  #isUp = false
  #asked: { readonly code: number; readonly at: number } | null = null
  #sentAt = 0
  #heardAt = 0
  #suspendedUntil = 0
  /** As the streams 1, 2 and so on. */
  #curves: readonly number[] = []
  #samples = 0
  #curvesBy = Infinity
  #curvesPatienceMs = CURVES_MISSED_MS
  #send: Uint8Array[] = []

  constructor(reader: MedibusReader, plan: Plan) {
    this.#reader = reader
    this.#plan = plan
    const ask = (code: number, everyMs: number | null): Ask => ({ code, everyMs, dueAt: Infinity, refusals: 0 })
    const { intervalMs } = plan
    this.#asks = [
      ask(CODES.identify, null), ask(CODES.scales, null), ask(CODES.curves, null),
      ask(CODES.data, intervalMs), ask(CODES.alarms, intervalMs), ask(CODES.alarms2, intervalMs),
      ask(CODES.texts, SLOW_MS), ask(CODES.settings, SLOW_MS), ask(CODES.date, DATE_MS),
    ]
  }

  receive(bytes: Uint8Array, now: MonoMs): SessionOutput {
    this.#begin(now)
    if (bytes.length > 0) this.#heardAt = now
    const { frames, heard } = this.#reader.push(bytes)
    for (const each of heard) this.#take(each, now)
    if (this.#reader.samples !== this.#samples) {
      this.#samples = this.#reader.samples
      this.#curvesPatienceMs = CURVES_MISSED_MS
      this.#curvesBy = now + CURVES_MISSED_MS
    }
    return this.#speak(frames, now)
  }

  wake(now: MonoMs): SessionOutput {
    this.#begin(now)
    return this.#speak([], now)
  }

  end(): SessionOutput {
    this.#begun = false
    return { frames: this.#reader.end(), send: [], wakeAt: null }
  }

  atRest(): boolean {
    return this.#reader.isAtRest
  }

  #begin(now: MonoMs): void {
    if (this.#begun) return
    this.#begun = true
    this.#send = []
    this.#suspendedUntil = 0
    for (const ask of this.#asks) ask.refusals = 0
    this.#samples = this.#reader.samples
    this.#call(now)
  }

  /** Whatever was under way is forgotten by both. */
  #call(now: MonoMs): void {
    this.#isUp = false
    this.#heardAt = now
    this.#ask(CODES.begin, '', now)
  }

  #ask(code: number, data: string, now: MonoMs): void {
    this.#asked = { code, at: now }
    this.#sentAt = now
    this.#send.push(command(code, data))
  }

  #say(bytes: Uint8Array, now: MonoMs): void {
    this.#sentAt = now
    this.#send.push(bytes)
  }

  #take(heard: Heard, now: MonoMs): void {
    switch (heard.kind) {
      case 'suspend':
        this.#suspendedUntil = now + SUSPENDED_MS
        return
      case 'resume':
        this.#suspendedUntil = 0
        return
      case 'damaged command':
        return this.#say(answer(CODES.corrupt), now)
      case 'command':
        return this.#obey(heard.code, now)
      case 'answer':
        return this.#answered(heard.code, now)
    }
  }

  /** The device asks. What it asks for and we do not have is answered with nothing. */
  #obey(code: number, now: MonoMs): void {
    this.#say(answer(code, code === CODES.identify ? IDENTITY : ''), now)
    // It has started, and knows of nothing that was asked before.
    if (code === CODES.begin) this.#up(now)
    else if (code === CODES.timeChanged) this.#due(CODES.date, now)
    else if (code === CODES.scalesChanged) this.#due(CODES.scales, this.#plan.waves.length > 0 ? now : Infinity)
  }

  #answered(code: number, now: MonoMs): void {
    const asked = this.#asked
    if (code === CODES.corrupt) {
      this.#asked = null
      if (asked !== null) this.#refused(asked.code, now)
      return
    }
    // Late ones are read like all others; what is waited for now is another.
    if (asked?.code !== code) return
    this.#asked = null
    const ask = this.#asks.find((each) => each.code === code)
    if (ask !== undefined) ask.refusals = 0
    if (code === CODES.begin) this.#up(now)
    else if (code === CODES.scales) this.#choose(now)
    else if (code === CODES.curves) {
      this.#say(enabling(this.#curves.length), now)
      this.#curvesBy = now + this.#curvesPatienceMs
    }
  }

  #up(now: MonoMs): void {
    this.#isUp = true
    this.#asked = null
    this.#curvesBy = Infinity
    for (const ask of this.#asks) {
      const isWanted = ask.code !== CODES.curves && (ask.code !== CODES.scales || this.#plan.waves.length > 0)
      ask.dueAt = isWanted ? Math.max(now, ask.refusals > 1 ? ask.dueAt : now) : Infinity
    }
  }

  #due(code: number, at: number): void {
    for (const ask of this.#asks) if (ask.code === code) ask.dueAt = at
  }

  /** Of each curve that is wanted the first that the device has. */
  #choose(now: MonoMs): void {
    const offered = [...CURVES].filter(([code]) => this.#reader.curves.has(code))
    this.#curves = this.#plan.waves.flatMap((wanted) => offered.filter(([, { name }]) => name === wanted).slice(0, 1).map(([code]) => code))
    this.#due(CODES.curves, this.#curves.length > 0 ? now : Infinity)
  }

  /** The first time it may have been the line's fault. */
  #refused(code: number, now: MonoMs): void {
    const ask = this.#asks.find((each) => each.code === code)
    if (ask === undefined) return
    ask.refusals++
    ask.dueAt = now + restMs(ask.refusals)
  }

  /** What a device never answers must not end the conversation again and again. */
  #unanswered(code: number, now: MonoMs): void {
    const ask = this.#asks.find((each) => each.code === code)
    if (ask === undefined || code === CODES.data) return
    ask.refusals = Math.max(2, ask.refusals + 1)
    ask.dueAt = now + restMs(ask.refusals)
  }

  #speak(frames: readonly Frame[], now: MonoMs): SessionOutput {
    if (now - this.#heardAt >= driverLimits.medibusSilenceMs) this.#call(now)
    else if (this.#asked !== null && now - this.#asked.at >= driverLimits.medibusAnswerMs) {
      this.#unanswered(this.#asked.code, now)
      this.#call(now)
    }
    if (now >= this.#curvesBy) {
      this.#curvesPatienceMs = Math.min(this.#curvesPatienceMs * 2, driverLimits.medibusRefusedMs)
      this.#curvesBy = Infinity
      this.#due(CODES.scales, now)
    }
    if (this.#asked === null && now >= this.#suspendedUntil) this.#next(now)
    const send = this.#send
    this.#send = []
    return { frames, send, wakeAt: this.#wakeAt() }
  }

  #next(now: MonoMs): void {
    const due = this.#isUp ? this.#asks.filter(({ dueAt }) => dueAt <= now) : []
    const ask = due.find(({ dueAt }) => due.every((each) => each.dueAt >= dueAt))
    if (ask !== undefined) {
      ask.dueAt = ask.everyMs === null ? Infinity : now + ask.everyMs
      const data = ask.code === CODES.curves ? streamsText(this.#curves) : ''
      if (ask.code === CODES.curves) this.#reader.streams(data)
      this.#ask(ask.code, data, now)
    } else if (now - this.#sentAt >= IDLE_MS) {
      if (this.#isUp) this.#ask(CODES.nothing, '', now)
      else this.#call(now)
    }
  }

  #wakeAt(): MonoMs {
    const at = [this.#heardAt + driverLimits.medibusSilenceMs, this.#curvesBy]
    if (this.#asked !== null) at.push(this.#asked.at + driverLimits.medibusAnswerMs)
    else {
      const dueAt = this.#isUp ? this.#asks.reduce((first, ask) => Math.min(first, ask.dueAt), Infinity) : Infinity
      at.push(Math.max(this.#suspendedUntil, Math.min(dueAt, this.#sentAt + IDLE_MS)))
    }
    return monoMs(Math.min(...at))
  }
}

/** After one refusal a question is asked again at once, then ever later. */
const restMs = (refusals: number): number => (refusals < 2 ? 0 : Math.min(REST_STEPS_MAX, refusals - 1) * driverLimits.medibusRefusedMs)
const REST_STEPS_MAX = 12
