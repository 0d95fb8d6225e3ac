/** Which driver some bytes speak to: all of them read, and the one that believes most has it. Nothing here knows a clock. */

import type { Reading } from '../domain/reading.ts'
import { monoMs } from '../domain/time.ts'
import type { Driver, DriverSettings, Frame, Session } from '../seams.ts'

/** What one good frame counts for: how unlikely it is that bytes of another protocol look like it. */
const WEIGHTS = { checksum: 4, transport: 2, none: 1 } as const
/** A good frame in which nothing is believed counts for so much of that. */
const EMPTY_FRAME = 0.25
/** Frames that are not believed, but fill so much of all bytes, are those of the protocol. */
const FILLING = 0.5
/** No number of frames makes quite sure. */
const DOUBT = 0.5
/** Above this nobody has to look further. */
export const SURE = 0.9

/** How far a driver believes what it has read. */
export class Belief {
  readonly frames = { good: 0, bad: 0, quarantined: 0, skipped: 0 }
  readonly #weight: number
  /** What shows that bytes are a frame, though it is not believed. */
  readonly #frames: 'checked' | 'text' | 'any'
  #for = 0
  #against = 0
  #goodBytes = 0
  #quarantinedBytes = 0
  #bytes = 0
  #values = 0
  #readings: readonly Reading[] = []

  constructor({ integrity, transport }: Pick<Driver, 'integrity' | 'transport'>) {
    this.#weight = WEIGHTS[integrity]
    // Any line of text may be a message that a broker brought, and any a line of a serial port.
    this.#frames = integrity === 'none' || transport === 'mqtt' ? 'any' : integrity === 'checksum' ? 'checked' : 'text'
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Readings, waveforms, alarms and identities that were believed. */
  get values(): number {
    return this.#values
  }

  take(byteCount: number, frames: readonly Frame[]): void {
    this.#bytes += byteCount
    for (const frame of frames) {
      this.frames[frame.kind]++
      switch (frame.kind) {
        case 'good':
          this.#goodBytes += frame.length
          this.#values += valuesOf(frame)
          if (frame.readings.length > 0) this.#readings = frame.readings
          this.#for += this.#weight * believedShareOf(frame)
          break
        case 'quarantined':
          if (this.#frames === 'checked' || (this.#frames === 'text' && isText(frame.bytes))) this.#quarantinedBytes += frame.length
          // Of a line without checksum nothing else tells of damage.
          if (this.#weight === WEIGHTS.none) this.#against++
          break
        case 'bad':
          this.#against++
          break
        case 'skipped':
          break
      }
    }
  }

  /** Those of the last frame that had any. */
  get readings(): readonly Reading[] {
    return this.#readings
  }

  /** Nothing was believed, and yet it is this protocol by its frames. */
  get isFramed(): boolean {
    return this.frames.good === 0 && this.#quarantinedBytes > this.#bytes * FILLING
  }

  /** 0: nothing was believed; towards 1: all was, often. Noise between frames takes up to half of it away. */
  get sureness(): number {
    if (this.#for === 0) return 0
    const share = this.#bytes === 0 ? 0 : this.#goodBytes / this.#bytes
    return (this.#for / (this.#for + this.#against + DOUBT)) * (0.5 + 0.5 * Math.min(1, share))
  }
}

/** Bytes that begin and end messages, tabs and line ends are among text; others are not, but for a few. */
const isText = (bytes: Uint8Array): boolean => bytes.filter((byte) => byte < 0x20 && !TEXT_CONTROLS.has(byte)).length <= bytes.length / 100
const TEXT_CONTROLS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0b, 0x0d, 0x1c])

type GoodFrame = Extract<Frame, { kind: 'good' }>

const valuesOf = ({ readings, waveforms, alarms, identity }: GoodFrame): number =>
  readings.length + waveforms.length + alarms.length + (identity === null ? 0 : 1)

/** Of what a good frame holds, what is believed. */
function believedShareOf(frame: GoodFrame): number {
  const values = valuesOf(frame)
  return Math.max(EMPTY_FRAME, values / Math.max(1, values + frame.faults.length + (frame.leftOut?.length ?? 0)))
}

/** A recording is read without answering; nothing in it waits. */
const NOW = monoMs(0)

/** Reads what was recorded. `isDatagram`: each piece of bytes is one message of the device. */
export interface RecordedSession {
  receive(bytes: Uint8Array): readonly Frame[]
  /** What is held is judged; what comes then begins anew. */
  end(): readonly Frame[]
}

/** @throws RangeError with a sentence for the engineer when a setting is wrong. */
export function openRecorded(driver: Driver, settings: DriverSettings, isDatagram: boolean): RecordedSession {
  // A driver with a framing of its own for a network parts the datagrams itself, and remembers from one to the next.
  const isLan = isDatagram && driver.settings.some(({ name, choices }) => name === 'framing' && choices?.includes('lan') === true)
  const chosen = isLan ? { framing: 'lan', ...settings } : settings
  const session: Session = driver.openCapture ? driver.openCapture(chosen) : driver.open(chosen)
  const end = (): readonly Frame[] => session.end(NOW).frames
  return {
    receive(bytes) {
      const { frames } = session.receive(bytes, NOW)
      return isDatagram && !isLan ? [...frames, ...end()] : frames
    },
    end,
  }
}

export type Guessed = { readonly driver: Driver; readonly belief: Belief; readonly sureness: number }

/** All drivers over the same bytes, with their settings as they are by default. */
export class Guess {
  readonly #readers: readonly { readonly driver: Driver; readonly belief: Belief; readonly session: RecordedSession }[]

  constructor(drivers: Iterable<Driver>, isDatagram: boolean) {
    this.#readers = Array.from(drivers, (driver) => ({ driver, belief: new Belief(driver), session: openRecorded(driver, {}, isDatagram) }))
  }

  receive(bytes: Uint8Array): void {
    for (const { belief, session } of this.#readers) belief.take(bytes.length, session.receive(bytes))
  }

  end(): void {
    for (const { belief, session } of this.#readers) belief.take(0, session.end())
  }

  /**
   * Who believes anything, the surest first. Drivers of one family find the same frames: who reads fewer values in them is less sure.
   * And what two believe as much is sure of neither.
   */
  ranked(): readonly Guessed[] {
    const most = Math.max(1, ...this.#readers.map(({ belief }) => belief.values))
    const believing = this.#readers
      .filter(({ belief }) => belief.sureness > 0)
      .map(({ driver, belief }) => ({ driver, belief, sureness: belief.sureness * ((1 + belief.values) / (1 + most)) }))
      .toSorted((a, b) => b.sureness - a.sureness)
    const [first, second] = believing
    if (first === undefined || second === undefined) return believing
    const doubt = first.sureness / (first.sureness + second.sureness ** 2)
    return believing.map((guessed) => ({ ...guessed, sureness: guessed.sureness * doubt }))
  }

  /** Whose frames they are, though nobody believes one. */
  framed(): readonly Driver[] {
    return this.#readers.filter(({ belief }) => belief.isFramed).map(({ driver }) => driver)
  }
}

/** `97 %`, and never 100. */
export const percent = (sureness: number): string => `${Math.min(99, Math.floor(sureness * 100))} %`
