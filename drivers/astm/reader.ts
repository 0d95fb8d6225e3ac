/** Frames into messages: framing and decoding as one function of the bytes, which the dialogue and recordings share. */

import { type Frame, GrowingBytes, type Outcome, type Reply, type Zone, driverLimits } from '#driver'
import { ACK, FrameSplitter, NAK, type Piece } from './framing.ts'
import { readMessage } from './message.ts'

const CR = Uint8Array.of(0x0d)
const LETTER_H = 0x48
const LETTER_L = 0x4c

const POSITIVE = Uint8Array.of(ACK)
const NEGATIVE = Uint8Array.of(NAK)

/**
 * A message that cannot be stored now is refused, and its last frame is sent again. What is kept in quarantine is
 * acknowledged: it is on the disk, and would be no better the next time.
 */
const replyTo = ({ kind }: Outcome): Uint8Array => (kind === 'retry' ? NEGATIVE : POSITIVE)

/** Takes each answer that is due at once. */
type Answer = (bytes: Uint8Array) => void

type Transfer = {
  expected: number
  /** The last frame that was taken; null before the first. */
  last: Uint8Array | null
  /** The message that ended with `last`. */
  done: { readonly text: Uint8Array; readonly bytes: Uint8Array } | null
}

export class AstmReader {
  readonly #splitter = new FrameSplitter()
  readonly #zone: Zone
  readonly #converses: boolean
  readonly #answer: Answer
  /** Of the message under way: its text, and its frames as they came, each once. */
  readonly #text = new GrowingBytes()
  readonly #frames = new GrowingBytes()
  /** Null between transmissions, and after a frame was missed. */
  #transfer: Transfer | null = null
  /** The newest frame of the message under way: told of when it is clear what became of it. */
  #held: { readonly offset: number; readonly length: number } | null = null
  /** Counts what makes an answer that is still due meaningless. */
  #turn = 0

  /** `answer`: null where a recording is read, in which nobody waits. */
  constructor(zone: Zone, answer: Answer | null) {
    this.#zone = zone
    this.#converses = answer !== null
    this.#answer = answer ?? ((): void => {})
  }

  get isAtRest(): boolean {
    return this.#splitter.isAtRest
  }

  get isReceiving(): boolean {
    return this.#transfer !== null
  }

  push(bytes: Uint8Array): readonly Frame[] {
    return this.#splitter.push(bytes).flatMap((piece) => this.#take(piece))
  }

  end(): readonly Frame[] {
    const last = this.#splitter.end().flatMap((piece) => this.#take(piece))
    return [...last, ...this.expire()]
  }

  /** The other end fell silent, or is gone: what there is of a message is kept as damaged. */
  expire(): readonly Frame[] {
    this.#transfer = null
    this.#turn++
    return this.#release('cut off within a message')
  }

  #take(piece: Piece): readonly Frame[] {
    const { offset, length } = piece
    const skipped = (why: string): Frame => ({ offset, length, kind: 'skipped', why })
    switch (piece.kind) {
      case 'noise':
        return [...this.#tellHeld(), skipped('bytes between frames')]
      case 'answer':
        return [...this.#tellHeld(), skipped('an answer of the receiver')]
      case 'enquiry': {
        const before = this.#release('begun anew within a message')
        this.#transfer = { expected: 1, last: null, done: null }
        this.#turn++
        this.#answer(POSITIVE)
        return [...before, skipped('the beginning of a transmission')]
      }
      case 'end': {
        const before = this.#release('ended within a message')
        this.#transfer = null
        this.#turn++
        return [...before, skipped('the end of a transmission')]
      }
      case 'bad': {
        const { bytes, why, isOver } = piece
        if (isOver && this.#transfer !== null) this.#answer(NEGATIVE)
        return [...this.#tellHeld(), { offset, length, kind: 'bad', bytes: kept(bytes), why, reply: isOver ? this.#refused() : null }]
      }
      case 'frame':
        return this.#frame(piece)
    }
  }

  #frame(piece: Piece & { readonly kind: 'frame' }): readonly Frame[] {
    const { offset, length, bytes, number, text } = piece
    const transfer = this.#transfer
    if (transfer !== null && transfer.last !== null && isSame(transfer.last, bytes)) return [...this.#tellHeld(), this.#again(piece, transfer)]
    const begins = number === 1 && text[0] === LETTER_H
    if (transfer !== null && transfer.expected === number) return this.#accept(piece, transfer)
    // A recording may begin anywhere, and some number each message from 1.
    if (begins) {
      const before = this.#release('begun anew within a message')
      return [...before, ...this.#accept(piece, (this.#transfer = { expected: 1, last: null, done: null }))]
    }
    if (transfer === null) return [{ offset, length, kind: 'skipped', why: 'a frame of a message whose beginning is not there' }]
    // What was missed is not known: the rest must not be put together with what went before.
    this.#transfer = null
    this.#turn++
    this.#answer(NEGATIVE)
    return [...this.#release('a frame of it is missing'), { offset, length, kind: 'bad', bytes: kept(bytes), why: 'out of sequence', reply: this.#refused() }]
  }

  /** Our answer was lost or late. */
  #again({ offset, length }: Piece, { done }: Transfer): Frame {
    if (done !== null) return this.#message({ offset, length }, done)
    this.#answer(POSITIVE)
    return { offset, length, kind: 'skipped', why: 'a frame sent again' }
  }

  #accept({ offset, length, bytes, number, text, isWhole }: Piece & { readonly kind: 'frame' }, transfer: Transfer): readonly Frame[] {
    if (this.#frames.length + bytes.length > driverLimits.astmMessageBytesMax) {
      this.#transfer = null
      this.#answer(NEGATIVE)
      const why = 'a message longer than any'
      return [...this.#release(why), { offset, length, kind: 'bad', bytes: kept(bytes), why, reply: this.#refused() }]
    }
    const before = this.#tellHeld()
    transfer.expected = (number + 1) % 8
    transfer.last = bytes
    transfer.done = null
    this.#frames.append(bytes)
    this.#text.append(text)
    if (isWhole && text.at(-1) !== CR[0]) this.#text.append(CR)
    if (isWhole && lastRecordType(this.#text.view()) === LETTER_L) {
      transfer.done = { text: this.#text.take(), bytes: this.#frames.take() }
      return [...before, this.#message({ offset, length }, transfer.done)]
    }
    // Nothing of a message can be stored before it is whole, and its sender goes on only when each frame is answered.
    this.#answer(POSITIVE)
    this.#held = { offset, length }
    return before
  }

  #message(place: { readonly offset: number; readonly length: number }, { text, bytes }: { readonly text: Uint8Array; readonly bytes: Uint8Array }): Frame {
    this.#turn++
    const message = readMessage(text, this.#zone)
    if ('skip' in message) {
      this.#answer(POSITIVE)
      return { ...place, kind: 'skipped', why: message.skip }
    }
    if ('refuse' in message) return { ...place, kind: 'quarantined', bytes, sender: message.sender, why: message.refuse, reply: this.#reply() }
    return { ...place, kind: 'good', bytes, ...message, waveforms: [], alarms: [], reply: this.#reply() }
  }

  /**
   * An analyser gives up after 15 s, ends the transmission and bids anew. An acknowledgement that comes only then would be
   * taken for that of another frame, which is not stored yet: so it is not said any more.
   */
  #reply(): Reply {
    if (!this.#converses) return replyTo
    const turn = this.#turn
    return (outcome) => (this.#turn === turn ? replyTo(outcome) : null)
  }

  /** A damaged frame whose sender waits is refused: in a conversation at once, for nothing of it is to be stored. */
  #refused(): Reply | null {
    return this.#converses ? null : () => NEGATIVE
  }

  #tellHeld(): readonly Frame[] {
    const held = this.#held
    this.#held = null
    return held === null ? [] : [{ ...held, kind: 'skipped', why: 'part of a message' }]
  }

  /** What there is of a message that will not be whole. Its sender has it still, and sends all of it again. */
  #release(why: string): readonly Frame[] {
    const place = this.#held
    this.#held = null
    const bytes = this.#frames.take()
    this.#text.take()
    if (bytes.length === 0) return []
    return place === null ? [] : [{ ...place, kind: 'bad', bytes: kept(bytes), why, reply: null }]
  }
}

const kept = (bytes: Uint8Array): Uint8Array => (bytes.length > driverLimits.badFrameBytesMax ? bytes.slice(0, driverLimits.badFrameBytesMax) : bytes)

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index])

/** The first letter of the last record of a text that ends with CR. */
function lastRecordType(text: Uint8Array): number | undefined {
  return text[text.lastIndexOf(0x0d, text.length - 2) + 1]
}
