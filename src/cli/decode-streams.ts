/** The streams of a recording, each read by the driver that it speaks to. */

import { type DriverSettings, type Driver, type Frame } from '../seams.ts'
import { toolLimits } from '../limits.ts'
import { Guess, type Guessed, type RecordedSession, SURE, openRecorded } from '../ops/guess.ts'
import type { Heard, Stream } from './decode-input.ts'

export type Choice =
  | { readonly kind: 'given'; readonly driver: Driver; readonly settings: DriverSettings }
  /** The driver that believes most, for each stream. */
  | { readonly kind: 'auto'; readonly drivers: readonly Driver[] }

export interface Told {
  /** A driver was found for a stream: the first of those that believe it. */
  found(stream: Stream, believing: readonly Guessed[]): void
  /** No driver believes what was heard; these find their frames in it. */
  unread(stream: Stream, bytes: number, framed: readonly Driver[]): void
  frames(stream: Stream, frames: readonly Frame[]): void
}

type State =
  /** What was heard is held until it is clear who speaks. */
  | { readonly kind: 'guessing'; readonly guess: Guess; readonly held: Heard[]; readonly heldBytes: number }
  | { readonly kind: 'reading'; readonly session: RecordedSession }

export class StreamDecoder {
  readonly #choice: Choice
  readonly #told: Told
  readonly #states = new Map<Stream, State>()
  #heldBytes = 0

  constructor(choice: Choice, told: Told) {
    this.#choice = choice
    this.#told = told
  }

  take(heard: Heard): void {
    if (heard.kind === 'break' && !this.#states.has(heard.stream)) return
    const state = this.#states.get(heard.stream) ?? this.#open(heard.stream)
    if (state.kind === 'reading') this.#read(state.session, heard)
    else this.#guess(state, heard)
  }

  /** The recording is over: what is still unclear is judged by what there is. */
  end(): void {
    for (const [stream, state] of this.#states) if (state.kind === 'guessing') this.#settle(stream, state)
  }

  #open(stream: Stream): State {
    const choice = this.#choice
    // One recording of one device is read as it was said. Of a network, what the driver finds nothing in is somebody else's.
    const state: State =
      choice.kind === 'given' && stream.name === ''
        ? { kind: 'reading', session: openRecorded(choice.driver, choice.settings, stream.isDatagram) }
        : this.#guessing(stream)
    this.#states.set(stream, state)
    return state
  }

  #guessing(stream: Stream): State & { kind: 'guessing' } {
    const drivers = this.#choice.kind === 'given' ? [this.#choice.driver] : this.#choice.drivers
    return { kind: 'guessing', guess: new Guess(drivers, stream.isDatagram), held: [], heldBytes: 0 }
  }

  #guess({ guess, held, heldBytes: before }: State & { kind: 'guessing' }, heard: Heard): void {
    held.push(heard)
    if (heard.kind === 'break') return guess.end()
    guess.receive(heard.bytes)
    const heldBytes = before + heard.bytes.length
    this.#heldBytes += heard.bytes.length
    const state: State = { kind: 'guessing', guess, held, heldBytes }
    this.#states.set(heard.stream, state)
    const isSure = (guess.ranked()[0]?.sureness ?? 0) >= SURE
    if (isSure || heldBytes >= toolLimits.headBytesMax || this.#heldBytes > toolLimits.headsBytesMax) this.#settle(heard.stream, state)
  }

  #settle(stream: Stream, { guess, held, heldBytes }: State & { kind: 'guessing' }): void {
    const believing = guess.ranked()
    const [first] = believing
    this.#heldBytes -= heldBytes
    if (first === undefined) {
      if (heldBytes > 0) this.#told.unread(stream, heldBytes, guess.framed())
      // Who speaks may begin later.
      this.#states.set(stream, this.#guessing(stream))
      return
    }
    const settings = this.#choice.kind === 'given' ? this.#choice.settings : {}
    const session = openRecorded(first.driver, settings, stream.isDatagram)
    this.#states.set(stream, { kind: 'reading', session })
    this.#told.found(stream, believing)
    for (const heard of held) this.#read(session, heard)
  }

  #read(session: RecordedSession, heard: Heard): void {
    this.#told.frames(heard.stream, heard.kind === 'bytes' ? session.receive(heard.bytes) : session.end())
  }
}
