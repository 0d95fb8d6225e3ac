/**
 * TAP, the Telocator Alphanumeric Protocol (formerly IXO or PET), version 1.8 of February 1997, automatic mode: one call a
 * session. Sections 3.0 (sequence), 5.0 and 6.0 (checksum), 7.0 (T1, T3, N1 to N3). Pure.
 *
 * A call counts as taken when its block was acknowledged and the terminal said goodbye without a complaint: at the end it
 * may still say, with RS, that something of the session was wrong.
 */

import { type MonoMs, monoMs } from '../../domain/time.ts'
import { wayLimits } from '../../limits.ts'
import { ACK, bytesOf, CR, EOT, ESC, ETX, NAK, type PagerCall, type PagerOutput, type PagerSession, type PagerWord, RS, STX } from './pager.ts'

export type TapSetting = {
  /** Up to six characters behind PG1; empty for none. */
  readonly password: string
}

/** Sum of the seven-bit values from STX to ETX, as three characters `0` to `?` of four bits each (5.0). */
export function tapChecksum(block: Iterable<number>): string {
  let sum = 0
  for (const byte of block) sum += byte & 0x7f
  return String.fromCharCode(0x30 + ((sum >> 8) & 0xf), 0x30 + ((sum >> 4) & 0xf), 0x30 + (sum & 0xf))
}

/** STX pager CR text CR ETX checksum CR: at most 256 characters, so that one block is enough; a longer text is cut. */
export function tapBlock({ address, text }: Pick<PagerCall, 'address' | 'text'>): Uint8Array {
  const room = wayLimits.tapBlockBytesMax - address.length - FRAME_BYTES
  const block = bytesOf(STX, address, CR, text.slice(0, Math.max(0, room)), CR, ETX)
  return bytesOf(...block, tapChecksum(block), CR)
}
/** STX, CR, CR, ETX, three of checksum, CR. */
const FRAME_BYTES = 8

/** `knocking`: CR until the terminal says ID=. `login`, `ready`: PG1 until the terminal says go ahead. `sent`: the block. `leaving`: EOT until goodbye. */
type State = 'idle' | 'knocking' | 'login' | 'ready' | 'sent' | 'leaving'

/** A response code on a line of its own text (appendix A), for people. */
const CODE = /(?:^|\r|\n)(\d{3})(?=\D)[^\r\n]{0,60}/g

export function tapSession(setting: TapSetting): PagerSession {
  return new Tap(setting)
}

class Tap implements PagerSession {
  readonly #setting: TapSetting
  #state: State = 'idle'
  #until: MonoMs | null = null
  #call: PagerCall | null = null
  #isTaken = false
  /** Log-ins that may still be answered: such an ACK must not pass for that of the block. */
  #lateAcks = 0
  #tries = 0
  /** What the terminal said since our last word, bounded. */
  #heard = ''
  #send: Uint8Array[] = []
  #words: PagerWord[] = []

  constructor(setting: TapSetting) {
    this.#setting = setting
  }

  call(call: PagerCall, now: MonoMs): PagerOutput {
    this.#call = call
    this.#isTaken = false
    // Where a session is under way to see whether the terminal is there, it carries the call if it is not leaving.
    if (this.#state === 'idle') this.#enter('knocking', now)
    return this.#out()
  }

  receive(bytes: Uint8Array, now: MonoMs): PagerOutput {
    for (const byte of bytes) this.#take(String.fromCharCode(byte & 0x7f), now)
    return this.#out()
  }

  wake(now: MonoMs): PagerOutput {
    if (this.#until === null || now >= this.#until) this.#late(now)
    return this.#out()
  }

  #out(): PagerOutput {
    const out = { send: this.#send, words: this.#words, wakeAt: this.#until }
    this.#send = []
    this.#words = []
    return out
  }

  #enter(state: State, now: MonoMs): void {
    this.#state = state
    this.#tries = 0
    this.#say(now)
  }

  /** Says what belongs to the state, and starts its time. */
  #say(now: MonoMs): void {
    this.#tries++
    if (this.#state !== 'ready') this.#heard = ''
    const bytes = this.#bytes()
    if (bytes !== null) this.#send.push(bytes)
    const ms = this.#state === 'idle' ? wayLimits.tapLookMs : this.#state === 'knocking' ? wayLimits.tapKnockMs : wayLimits.tapAnswerMs
    this.#until = monoMs(now + ms)
  }

  #bytes(): Uint8Array | null {
    switch (this.#state) {
      case 'idle':
      case 'ready':
        return null
      case 'knocking':
        return bytesOf(CR)
      case 'login':
        return bytesOf(ESC, 'PG1', this.#setting.password, CR)
      case 'sent':
        return this.#call === null ? null : tapBlock(this.#call)
      case 'leaving':
        return bytesOf(EOT, CR)
    }
  }

  #late(now: MonoMs): void {
    switch (this.#state) {
      case 'idle':
        // Nothing to say for a while: is the terminal still there?
        this.#enter('knocking', now)
        return
      case 'leaving':
        // It has the call, and went without goodbye.
        this.#end(now)
        return
      case 'ready':
        this.#trouble('the paging terminal did not say "go ahead"', now)
        return
      case 'knocking':
        this.#again('the paging terminal does not answer', now)
        return
      case 'login':
        this.#again('the paging terminal does not answer the log-in', now)
        return
      case 'sent':
        this.#again('the paging terminal does not answer the message', now)
    }
  }

  #again(why: string, now: MonoMs): void {
    if (this.#tries >= wayLimits.tapTriesMax) this.#trouble(why, now)
    else {
      if (this.#state === 'sent') this.#lateAcks = 0
      this.#say(now)
    }
  }

  /** The session is over, and the call was not taken. */
  #trouble(why: string, now: MonoMs): void {
    const code = this.#code()
    const words = code === null ? why : `${why} (${code})`
    if (this.#state !== 'knocking') this.#send.push(bytesOf(EOT, CR))
    this.#words.push({ kind: 'down', why: words })
    if (this.#call !== null) this.#words.push({ kind: 'failed', why: words, isRefused: false })
    this.#call = null
    this.#rest(now)
  }

  #rest(now: MonoMs): void {
    this.#state = 'idle'
    this.#heard = ''
    this.#until = monoMs(now + (this.#call === null ? wayLimits.tapLookMs : wayLimits.tapKnockMs))
  }

  /** Goodbye, after a block that was taken, or after a look whether the terminal is there. */
  #end(now: MonoMs): void {
    this.#words.push({ kind: 'up' })
    if (this.#isTaken) {
      this.#words.push({ kind: 'taken', note: this.#code() })
      this.#call = null
      this.#isTaken = false
    }
    this.#rest(now)
  }

  #refuse(why: string): void {
    this.#words.push({ kind: 'failed', why, isRefused: true })
    this.#call = null
    this.#isTaken = false
  }

  #code(): string | null {
    return [...this.#heard.matchAll(CODE)].at(-1)?.[0].trim().replaceAll(/[^\x20-\x7e]/g, '') ?? null
  }

  #take(character: string, now: MonoMs): void {
    this.#heard = (this.#heard + character).slice(-wayLimits.tapHeardCharsMax)
    const heard = this.#heard
    const isBye = heard.endsWith(String.fromCharCode(ESC, EOT))
    switch (this.#state) {
      case 'idle':
        return
      case 'knocking':
        if (heard.endsWith('ID=')) this.#enter('login', now)
        return
      case 'login':
      case 'ready':
        if (isBye) this.#trouble('the paging terminal refuses the log-in', now)
        else if (heard.endsWith(`${String.fromCharCode(ESC)}[p`)) this.#enter(this.#call === null ? 'leaving' : 'sent', now)
        else if (character === String.fromCharCode(NAK) && this.#state === 'login') this.#again('the paging terminal refuses the log-in', now)
        else if (character === String.fromCharCode(ACK) && this.#state === 'login') {
          this.#lateAcks = this.#tries - 1
          this.#enter('ready', now)
        }
        return
      case 'sent':
        this.#answered(character, isBye, now)
        return
      case 'leaving':
        // 3.0, at the end: RS says that something of the session was wrong, and the session had one call.
        if (character === String.fromCharCode(RS) && this.#isTaken) this.#refuse(`the paging terminal rejects the session${this.#because()}`)
        if (isBye) this.#end(now)
    }
  }

  #answered(character: string, isBye: boolean, now: MonoMs): void {
    if (isBye) this.#trouble('the paging terminal ended the session', now)
    else if (character === String.fromCharCode(ACK) && this.#lateAcks > 0) this.#lateAcks--
    else if (character === String.fromCharCode(ACK)) {
      this.#isTaken = true
      const heard = this.#heard
      this.#enter('leaving', now)
      this.#heard = heard
    } else if (character === String.fromCharCode(NAK)) this.#again('the paging terminal finds the message damaged', now)
    else if (character === String.fromCharCode(RS)) {
      this.#refuse(`the paging terminal rejects the call${this.#because()}`)
      this.#enter('leaving', now)
    }
  }

  #because(): string {
    const code = this.#code()
    return code === null ? '' : ` (${code})`
  }
}
