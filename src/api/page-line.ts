/** The line to one open page: what waits for it, and when it is given up. */

import type { BedId } from '../domain/ids.ts'
import { apiLimits } from '../limits.ts'
import type { Session } from '../security/sessions.ts'
import type { WavesView } from './wire.ts'

/** The socket, as far as a line needs it. */
export type Wire = {
  /** What was sent and has not left this computer, in bytes. */
  readonly waitingBytes: () => number
  /** One text message, as UTF-8. */
  readonly send: (message: Uint8Array) => void
  readonly ping: () => void
  readonly close: (code: number, reason: string) => void
  /** At once, without a word. */
  readonly cut: () => void
}

/** Codes of the WebSocket closing handshake, 4000 and up being ours (RFC 6455, 7.4). */
export const CLOSED = { goingAway: 1001, tooMuch: 1008, sessionOver: 4401, replaced: 4409 } as const

export class PageLine {
  readonly session: Session
  /** It has shown an alert to somebody who watches. */
  isScreen = false
  readonly #wire: Wire
  readonly #pending = new Set<BedId>()
  /** A first snapshot may be larger than all that may wait later; it is not held against the page. */
  #allowanceBytes = 0
  #closingSince: number | 'just now' | null = null
  #heardAt: number
  #messages = 0
  #hasBabbled = false
  #waves: (() => WavesView | null) | null = null

  constructor(wire: Wire, session: Session, now: number) {
    this.#wire = wire
    this.session = session
    this.#heardAt = now
  }

  get isClosing(): boolean {
    return this.#closingSince !== null
  }

  get waitingBytes(): number {
    return this.#wire.waitingBytes()
  }

  get isSlow(): boolean {
    return this.waitingBytes > apiLimits.socketSlowBytes
  }

  sendSnapshot(message: Uint8Array): void {
    this.#wire.send(message)
    this.#allowanceBytes = this.waitingBytes
  }

  /** Sends, or says that too much waits already: then the page must be cut, for a message left out would be a lie. */
  send(message: Uint8Array): 'sent' | 'overflow' {
    if (this.isClosing) return 'sent'
    if (this.waitingBytes + message.length > apiLimits.socketBacklogBytesMax + this.#allowanceBytes) return 'overflow'
    this.#wire.send(message)
    return 'sent'
  }

  /** A slow page gets the newest of each bed when it has caught up. Returns what to send now. */
  bedsDue(changed: ReadonlySet<BedId>): 'all' | 'nothing' | readonly BedId[] {
    if (!this.isSlow && this.#pending.size === 0) return changed.size > 0 ? 'all' : 'nothing'
    for (const id of changed) this.#pending.add(id)
    if (this.isSlow) return 'nothing'
    const beds = [...this.#pending]
    this.#pending.clear()
    return beds
  }

  /** The page looks at waveforms, at others than before, or at none. */
  watch(waves: (() => WavesView | null) | null): void {
    this.#waves = waves
  }

  /** What is new of the waveforms that the page looks at. A page that lags misses some: they are the first to go. */
  wavesDue(): WavesView | null {
    return this.#waves === null || this.isClosing || this.waitingBytes > apiLimits.socketWavesBytes ? null : this.#waves()
  }

  /** Counts a message from the page; false when it sends more than a page of ours ever does. */
  heard(): boolean {
    this.#messages += 1
    return this.#messages <= apiLimits.socketMessagesPerSecondMax
  }

  ponged(now: number): void {
    this.#heardAt = now
  }

  /** True the first time: worth one line in the log, not one a message. */
  firstBabble(): boolean {
    const isFirst = !this.#hasBabbled
    this.#hasBabbled = true
    return isFirst
  }

  eachSecond(): void {
    this.#messages = 0
  }

  ping(): void {
    if (!this.isClosing) this.#wire.ping()
  }

  close(code: number, reason: string): void {
    if (this.isClosing) return
    this.#closingSince = 'just now'
    this.#wire.close(code, reason)
  }

  cut(): void {
    this.#closingSince ??= 'just now'
    this.#wire.cut()
  }

  /** Gives up on a page that was told to go and did not, or that answers no ping. */
  supervise(now: number): void {
    if (this.waitingBytes === 0) this.#allowanceBytes = 0
    if (this.#closingSince === 'just now') this.#closingSince = now
    const isOverdue = this.#closingSince !== null && now - this.#closingSince >= apiLimits.socketCloseMs
    if (isOverdue || now - this.#heardAt >= apiLimits.socketPongWaitMs) this.cut()
  }
}
