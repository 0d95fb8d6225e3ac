/**
 * The client's side of the dialogue: associate, answer the event with which a monitor begins, poll, keep alive, and begin
 * again when it falls silent. A pure state machine; what it says waits for its turn (at most four messages each 128 ms).
 */

import { type MonoMs, driverLimits, monoMs } from '#driver'
import { GROUP, OBJECT } from './codes.ts'
import type { Format } from './framing.ts'
import type { Message } from './messages.ts'
import { EXTENSION, RELEASE_REQUEST, RELEASE_RESPONSE, associationRequest, createdAnswer, extendedPoll, setWaves, singlePoll } from './requests.ts'
import { TICKS_PER_MS } from './values.ts'

type Phase =
  /** Nobody answers yet: called again at `callAt`; at once where that is null. */
  | { readonly kind: 'calling'; readonly callAt: MonoMs | null }
  /** Accepted; the monitor must say what it is before it can be polled. */
  | { readonly kind: 'accepted'; readonly giveUpAt: MonoMs; readonly extensions: number; readonly periodMs: number }
  | { readonly kind: 'polling' }

/** One thing that is asked for. */
type Asked = {
  readonly pollNumber: number
  readonly object: number
  readonly group: number
  readonly isExtended: boolean
  readonly everyMs: number
  /** Its results come by themselves, at least so often; asked for again when they do not. Null: nobody can tell. */
  readonly resultsWithinMs: number | null
  nextAt: MonoMs
  heardAt: MonoMs
  invoke: number
  refusals: number
}

/** How something is asked for. */
type Way = Pick<Asked, 'isExtended' | 'everyMs' | 'resultsWithinMs'>

/** An extended poll runs for so long, and is renewed before it ends. */
const EXTENDED_MS = 120_000
const RENEW_MS = 60_000
/** Who is the patient: also what keeps the association alive, for a monitor gives a silent client up after 10 s. */
const PATIENT_EVERY_MS = 4_000
/** Whether somebody has set the clock, or switched to demonstration. */
const SYSTEM_EVERY_MS = 30_000
const SINGLE_EVERY_MS = 1_000
const RESULTS_WITHIN_MS = 4_000
/** From "accepted" to the event with which a monitor begins. It says it three times within 10 s. */
const CREATED_WITHIN_MS = 10_000

const later = (at: MonoMs, ms: number): MonoMs => monoMs(at + ms)

export class Conversation {
  readonly #waves: readonly number[]
  #phase: Phase = { kind: 'calling', callAt: null }
  #asked: Asked[] = []
  #heardAt = monoMs(0)
  #invoke = 0
  readonly #outbox: Uint8Array[] = []
  /** When the last few messages went out. */
  readonly #sentAt: MonoMs[] = []
  #calls = 0

  /** `waves`: labels of the waves to ask for. */
  constructor(waves: readonly number[]) {
    this.#waves = waves
  }

  /** How often a monitor was called, which decides between two formats as long as nobody answers. */
  get calls(): number {
    return this.#calls
  }

  /** A message came. `objectAt` gives the bytes of a created object. Returns whether an association began with it. */
  hear(message: Message, objectAt: (at: number) => Uint8Array, now: MonoMs): boolean {
    // What only a client says is our own echo, and no sign of a monitor.
    if (message.kind !== 'request' && message.kind !== 'invoke') this.#heardAt = now
    switch (message.kind) {
      case 'accept':
        if (this.#phase.kind !== 'calling') return false
        this.#phase = {
          kind: 'accepted',
          giveUpAt: later(now, CREATED_WITHIN_MS),
          extensions: message.extensions,
          periodMs: message.periodTicks / TICKS_PER_MS,
        }
        return true
      case 'created':
        this.#created(createdAnswer(message.invoke, objectAt(message.object), message.eventTime), now)
        return false
      case 'refuse':
        this.#call(later(now, driverLimits.intellivueRefusedMs))
        return false
      case 'abort':
        this.#call(later(now, driverLimits.intellivueCallMs))
        return false
      case 'release':
        this.#call(later(now, driverLimits.intellivueCallMs))
        this.#say(RELEASE_RESPONSE)
        return false
      case 'poll-result':
        this.#result(message.pollNumber, now)
        return false
      case 'error':
        this.#refused(message.invoke, now)
        return false
      case 'request':
      case 'released':
      case 'result':
      case 'invoke':
      case 'broken':
        return false
    }
  }

  /** Does what is due. */
  wake(now: MonoMs, format: Format): void {
    const { intellivueSilenceMs: silenceMs, intellivueCallMs: callMs } = driverLimits
    if (this.#phase.kind === 'accepted' && now >= this.#phase.giveUpAt) this.#call(now)
    if (this.#phase.kind === 'polling' && now >= later(this.#heardAt, silenceMs)) this.#call(now)
    if (this.#phase.kind === 'calling' && (this.#phase.callAt === null || now >= this.#phase.callAt)) {
      this.#calls++
      this.#phase = { kind: 'calling', callAt: later(now, callMs) }
      // An association of ours that the monitor still believes in would keep it from accepting another.
      this.#say(RELEASE_REQUEST)
      this.#say(associationRequest(format))
    }
    if (this.#phase.kind === 'polling') for (const asked of this.#asked) if (now >= dueAt(asked)) this.#ask(asked, now)
  }

  /** What may go out now. */
  send(now: MonoMs): readonly Uint8Array[] {
    const { intellivueSendSlotMs: slotMs, intellivueSendsPerSlotMax: max } = driverLimits
    const sent: Uint8Array[] = []
    while (this.#outbox.length > 0) {
      const earliest = this.#sentAt[0]
      if (earliest !== undefined && this.#sentAt.length >= max) {
        if (now < later(earliest, slotMs)) break
        this.#sentAt.shift()
      }
      const next = this.#outbox.shift()
      if (next === undefined) break
      this.#sentAt.push(now)
      sent.push(next)
    }
    return sent
  }

  /** When there will be something to do. Asked after `wake`, in every phase of which there will be. */
  wakeAt(): MonoMs {
    const times: MonoMs[] = []
    const earliest = this.#sentAt[0]
    if (this.#outbox.length > 0 && earliest !== undefined) times.push(later(earliest, driverLimits.intellivueSendSlotMs))
    if (this.#phase.kind === 'calling' && this.#phase.callAt !== null) times.push(this.#phase.callAt)
    if (this.#phase.kind === 'accepted') times.push(this.#phase.giveUpAt)
    if (this.#phase.kind === 'polling') times.push(later(this.#heardAt, driverLimits.intellivueSilenceMs), ...this.#asked.map(dueAt))
    return monoMs(Math.min(...times))
  }

  #call(callAt: MonoMs): void {
    this.#outbox.length = 0
    this.#phase = { kind: 'calling', callAt }
  }

  /** A monitor repeats its event until it is answered, and then it may be polled. Of one that we did not call we know nothing. */
  #created(answer: Uint8Array, now: MonoMs): void {
    if (this.#phase.kind === 'calling') return
    this.#say(answer)
    if (this.#phase.kind === 'polling') return
    const { extensions, periodMs } = this.#phase
    this.#phase = { kind: 'polling' }
    this.#asked = this.#planOf(extensions, periodMs, now)
  }

  #planOf(extensions: number, periodMs: number, now: MonoMs): Asked[] {
    const plan: Asked[] = []
    const ask = (object: number, group: number, asked: Way): void => {
      plan.push({ pollNumber: plan.length + 1, object, group, ...asked, nextAt: now, heardAt: now, invoke: 0, refusals: 0 })
    }
    const watched = { isExtended: true, everyMs: RENEW_MS, resultsWithinMs: RESULTS_WITHIN_MS }
    const single = (everyMs: number): Way => ({ isExtended: false, everyMs: Math.max(everyMs, periodMs), resultsWithinMs: null })
    const isExtended = (extensions & EXTENSION.numerics) !== 0
    ask(OBJECT.numeric, GROUP.all, isExtended ? watched : single(SINGLE_EVERY_MS))
    ask(OBJECT.alarms, GROUP.alarms, isExtended ? watched : single(SINGLE_EVERY_MS))
    ask(OBJECT.patient, GROUP.patient, single(PATIENT_EVERY_MS))
    if ((extensions & EXTENSION.waves) !== 0 && this.#waves.length > 0) {
      this.#say(setWaves(this.#nextInvoke(), this.#waves))
      ask(OBJECT.wave, GROUP.all, { ...watched, resultsWithinMs: null })
    }
    if ((extensions & EXTENSION.enumerations) !== 0) ask(OBJECT.enumeration, GROUP.all, { ...watched, resultsWithinMs: null })
    ask(OBJECT.system, GROUP.all, single(SYSTEM_EVERY_MS))
    return plan
  }

  #ask(asked: Asked, now: MonoMs): void {
    asked.invoke = this.#nextInvoke()
    asked.nextAt = later(now, asked.everyMs)
    asked.heardAt = now
    const { invoke, pollNumber, object, group } = asked
    const poll = { invoke, pollNumber, object, group }
    this.#say(asked.isExtended ? extendedPoll(poll, EXTENDED_MS * TICKS_PER_MS) : singlePoll(poll))
  }

  #result(pollNumber: number, now: MonoMs): void {
    const asked = this.#asked.find((candidate) => candidate.pollNumber === pollNumber)
    if (asked === undefined) return
    asked.heardAt = now
    asked.refusals = 0
  }

  /** A poll of what a monitor does not have, or has no more: asked for seldom from now on. The association goes on. */
  #refused(invoke: number, now: MonoMs): void {
    const asked = this.#asked.find((candidate) => candidate.invoke === invoke)
    if (asked === undefined) return
    const delayMs = Math.min(driverLimits.intellivuePollRetryMs * 2 ** asked.refusals, driverLimits.intellivuePollRetryMsMax)
    asked.refusals++
    asked.nextAt = later(now, delayMs)
  }

  #nextInvoke(): number {
    this.#invoke = (this.#invoke % 0xffff) + 1
    return this.#invoke
  }

  /** What does not fit is dropped: it is asked for again when no answer comes. */
  #say(message: Uint8Array): void {
    if (this.#outbox.length < driverLimits.intellivueOutboxMax) this.#outbox.push(message)
  }
}

/** When to ask: at its time, or when results that should come by themselves do not. */
function dueAt({ nextAt, heardAt, resultsWithinMs, refusals }: Asked): MonoMs {
  return resultsWithinMs === null || refusals > 0 ? nextAt : monoMs(Math.min(nextAt, heardAt + resultsWithinMs))
}
