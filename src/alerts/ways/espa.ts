/**
 * ESPA 4.4.4 (European Selective Paging Manufacturers' Association, "Proposal for serial data interface for paging
 * equipment", November 1984), as G. L. Scott annotated it in 2003: sections 2.3, 3.1 to 3.3, 4.1 to 4.3. Vigil is the
 * control station, as computers are, or a station that the paging system polls. Pure.
 *
 * The times, the meanings of NAK prefixes but `1`, and of calls and priorities rest on other public code and on memory:
 * nothing but words for people depends on a prefix, and what a status means is the site's setting.
 */

import { type MonoMs, monoMs } from '../../domain/time.ts'
import { wayLimits } from '../../limits.ts'
import { ACK, bytesOf, ENQ, EOT, ETX, NAK, type PagerCall, type PagerOutput, type PagerSession, type PagerWord, RS, SOH, STX, US } from './pager.ts'

export type EspaSetting = {
  readonly role: 'control' | 'station'
  /** One character each, `0` to `9`; the proposal recommends 1 for the telephone or computer system, 2 for the paging system. */
  readonly ownAddress: string
  readonly pagingAddress: string
  /** Record 3, one digit; what it sounds like is set in the paging system. */
  readonly beep: Readonly<Record<PagerCall['urgency'], string>>
  /** Record 5. */
  readonly transmissions: number
  /** Whether the paging system is polled while there is nothing to say: what tells that it is there. */
  readonly polls: boolean
}

/** SOH header STX records ETX BCC; BCC is the XOR of all behind SOH, ETX included, in seven bits (4.1). */
export function espaBlock(header: string, records: readonly (readonly [type: string, data: string])[]): Uint8Array {
  const body: (number | string)[] = []
  records.forEach(([type, data], index) => body.push(...(index === 0 ? [] : [RS]), type, US, data))
  const checked = bytesOf(header, STX, ...body, ETX)
  return bytesOf(SOH, ...checked, bccOf(checked))
}

const bccOf = (checked: Iterable<number>): number => {
  let bcc = 0
  for (const byte of checked) bcc ^= byte
  return bcc & 0x7f
}

/** Header 1, call to pager. Records: 1 address, 2 text, 3 beep coding, 4 call type (3: no speech), 5 transmissions, 6 priority. */
export const espaCall = ({ address, text, urgency }: PagerCall, { beep, transmissions }: Pick<EspaSetting, 'beep' | 'transmissions'>): Uint8Array =>
  espaBlock('1', [['1', address], ['2', text], ['3', beep[urgency]], ['4', '3'], ['5', String(transmissions)], ['6', PRIORITIES[urgency]]])

const PRIORITIES: Readonly<Record<PagerCall['urgency'], string>> = { alarm: '1', high: '2', normal: '3' }
const PREFIXES: Readonly<Record<string, string>> = { '1': 'transmission error', '2': 'busy', '3': 'invalid message' }

/** A block that came, or null where its BCC is wrong. */
function readBlock(block: readonly number[]): { readonly header: string; readonly records: ReadonlyMap<string, string> } | null {
  const checked = block.slice(1, -1)
  if (bccOf(checked) !== block.at(-1)) return null
  const text = String.fromCharCode(...checked.slice(0, -1))
  const at = text.indexOf('\x02')
  if (at < 0) return null
  const records = text.slice(at + 1).split('\x1e').map((record) => [record.slice(0, record.indexOf('\x1f')), record.slice(record.indexOf('\x1f') + 1)] as const)
  return { header: text.slice(0, at).trim(), records: new Map(records) }
}

/**
 * `idle`: nothing is under way. `polling`: the paging system was asked for what it has. `selecting`, `sent`: our call.
 * `slave`: the paging system sends us a block. `passive`: others talk.
 */
type State = 'idle' | 'polling' | 'selecting' | 'sent' | 'slave' | 'passive'

export function espaSession(setting: EspaSetting): PagerSession {
  return new Espa(setting)
}

class Espa implements PagerSession {
  readonly #setting: EspaSetting
  #state: State = 'idle'
  /** When the state under way is given up; of `idle`, when the next poll is due, or when none has come for too long. */
  #until: MonoMs | null = null
  #call: PagerCall | null = null
  #attempts = 0
  /** Selections of this call, and answers to them that may still come: such an ACK must not pass for that of the block. */
  #selections = 0
  #lateAcks = 0
  #unanswered = 0
  /** The last printable character: an address before ENQ, a reason before NAK. */
  #prefix = ''
  /** A poll came, whose answer, a selection, follows. */
  #polled = false
  #block: number[] = []
  #badBlocks = 0
  #send: Uint8Array[] = []
  #words: PagerWord[] = []

  constructor(setting: EspaSetting) {
    this.#setting = setting
  }

  call(call: PagerCall, now: MonoMs): PagerOutput {
    this.#call = call
    this.#attempts = 0
    this.#selections = 0
    // A control station may speak whenever nobody else does; a station waits to be polled, and answers then.
    if (this.#setting.role === 'control' && this.#state === 'idle') this.#select(now)
    return this.#out(now)
  }

  receive(bytes: Uint8Array, now: MonoMs): PagerOutput {
    for (const byte of bytes) this.#take(byte & 0x7f, now)
    return this.#out(now)
  }

  wake(now: MonoMs): PagerOutput {
    if (this.#until !== null && now >= this.#until) this.#late(now)
    return this.#out(now)
  }

  #out(now: MonoMs): PagerOutput {
    if (this.#until === null) this.#idle(now)
    const out = { send: this.#send, words: this.#words, wakeAt: this.#until }
    this.#send = []
    this.#words = []
    return out
  }

  #enter(state: State, now: MonoMs, ms: number): void {
    this.#state = state
    this.#until = monoMs(now + ms)
    this.#prefix = ''
    this.#block = []
  }

  #idle(now: MonoMs): void {
    const { role, polls } = this.#setting
    const restMs = role === 'control' && polls ? wayLimits.espaPollMs : wayLimits.espaNotPolledMs
    this.#enter('idle', now, role === 'control' && this.#call !== null ? 0 : restMs)
    this.#polled = false
  }

  #late(now: MonoMs): void {
    const { role, pagingAddress, polls } = this.#setting
    switch (this.#state) {
      case 'idle':
        if (role === 'control') {
          if (this.#call !== null) this.#select(now)
          else if (!polls) this.#idle(now)
          else {
            // 3.1: a poll always follows EOT.
            this.#send.push(bytesOf(EOT, pagingAddress, ENQ))
            this.#enter('polling', now, wayLimits.espaAnswerMs)
          }
        } else {
          this.#words.push({ kind: 'down', why: 'the paging system does not poll us' })
          this.#fail('the paging system does not poll us', false)
          this.#idle(now)
        }
        return
      case 'polling':
        if (++this.#unanswered >= wayLimits.espaAttemptsMax) this.#words.push({ kind: 'down', why: 'the paging system does not answer' })
        this.#idle(now)
        return
      case 'selecting':
      case 'sent':
        this.#again('the paging system does not answer', now)
        return
      case 'slave':
      case 'passive':
        if (role === 'control') this.#send.push(bytesOf(EOT))
        this.#idle(now)
    }
  }

  /** 3.2; a control station that has something to send polls itself, and then selects, so that all stations see the same order. */
  #select(now: MonoMs): void {
    const { role, ownAddress, pagingAddress } = this.#setting
    this.#attempts++
    this.#selections++
    this.#send.push(role === 'control' ? bytesOf(EOT, ownAddress, ENQ, pagingAddress, ENQ) : bytesOf(pagingAddress, ENQ))
    this.#enter('selecting', now, wayLimits.espaAnswerMs)
  }

  #sendBlock(now: MonoMs): void {
    if (this.#call === null) return
    this.#send.push(espaCall(this.#call, this.#setting))
    this.#enter('sent', now, wayLimits.espaAnswerMs)
  }

  /** The same once more, up to the bound: a call that comes twice is better than none. */
  #again(why: string, now: MonoMs): void {
    if (this.#attempts >= wayLimits.espaAttemptsMax) {
      this.#send.push(bytesOf(EOT))
      this.#fail(why, false)
      this.#idle(now)
    } else if (this.#state === 'sent') {
      this.#attempts++
      this.#lateAcks = 0
      this.#sendBlock(now)
    } else this.#select(now)
  }

  #fail(why: string, isRefused: boolean): void {
    if (this.#call === null) return
    this.#call = null
    this.#words.push({ kind: 'failed', why, isRefused })
  }

  #up(): void {
    this.#unanswered = 0
    this.#words.push({ kind: 'up' })
  }

  #take(byte: number, now: MonoMs): void {
    if (this.#state === 'slave' && (this.#block.length > 0 || byte === SOH)) {
      this.#takeOfBlock(byte, now)
      return
    }
    switch (byte) {
      case EOT:
        this.#heardEot(now)
        break
      case ENQ:
        this.#heardEnq(this.#prefix, now)
        break
      case ACK:
        if (this.#state === 'selecting') {
          this.#attempts = 1
          this.#lateAcks = this.#selections - 1
          this.#sendBlock(now)
        } else if (this.#state === 'sent' && this.#lateAcks > 0) this.#lateAcks--
        else if (this.#state === 'sent') {
          // 3.3: the transaction ends, control returns to the control station.
          this.#send.push(bytesOf(EOT))
          this.#call = null
          this.#up()
          this.#words.push({ kind: 'taken', note: null })
          this.#idle(now)
        }
        break
      case NAK:
        this.#heardNak(this.#prefix, now)
        break
    }
    this.#prefix = byte >= 0x21 && byte < 0x7f ? String.fromCharCode(byte) : ''
  }

  #heardEot(now: MonoMs): void {
    if (this.#state === 'selecting') {
      this.#endedWhileSelecting(now)
      return
    }
    // Whoever ends our transaction has taken nothing.
    if (this.#state === 'sent') {
      this.#fail('the paging system ended the transaction', false)
      this.#up()
    } else if (this.#state === 'polling') this.#up()
    const wasQuiet = this.#state === 'idle'
    // An EOT between two polls does not make the control station forget when its next is due.
    if (wasQuiet && this.#setting.role === 'control') return
    const due = this.#until
    this.#idle(now)
    // A line that polls others and never us is as good as none: only a poll of ours starts that time anew.
    if (this.#setting.role === 'station' && due !== null && wasQuiet) this.#until = due
  }

  /** Perhaps a late answer to a poll. A control station asks again; a station has lost the line, and waits for the next poll. */
  #endedWhileSelecting(now: MonoMs): void {
    if (this.#setting.role === 'control') this.#again('the paging system ended the transaction', now)
    else {
      if (this.#attempts >= wayLimits.espaAttemptsMax) this.#fail('the paging system ended the transaction', false)
      this.#idle(now)
    }
  }

  #heardEnq(address: string, now: MonoMs): void {
    const { role, ownAddress } = this.#setting
    if (role === 'control') {
      if (this.#state !== 'polling') return
      // 3.2: the station that was polled selects whom it wants to send to.
      this.#up()
      if (address === ownAddress) this.#beSlave(now)
      else this.#enter('passive', now, wayLimits.espaAnswerMs * wayLimits.espaAttemptsMax)
      return
    }
    if (this.#state !== 'idle') return
    if (this.#polled) {
      this.#polled = false
      if (address === ownAddress) this.#beSlave(now)
      return
    }
    if (address !== ownAddress) {
      this.#polled = true
      return
    }
    this.#up()
    if (this.#call === null) {
      this.#send.push(bytesOf(EOT))
      this.#idle(now)
    } else this.#select(now)
  }

  #beSlave(now: MonoMs): void {
    this.#send.push(bytesOf(ACK))
    this.#badBlocks = 0
    this.#enter('slave', now, wayLimits.espaAnswerMs * wayLimits.espaAttemptsMax)
  }

  #heardNak(prefix: string, now: MonoMs): void {
    const words = PREFIXES[prefix]
    const why = `the paging system refuses: NAK${words === undefined ? '' : ` ${prefix}, ${words}`}`
    if (this.#state === 'selecting') {
      // 3.2: not able to receive now.
      this.#send.push(bytesOf(EOT))
      this.#up()
      this.#fail(why, false)
      this.#idle(now)
    } else if (this.#state === 'sent') {
      if (this.#attempts >= wayLimits.espaAttemptsMax) {
        this.#send.push(bytesOf(EOT))
        this.#up()
        // The line carries what the other end says: it is this call that it does not take.
        this.#fail(why, true)
        this.#idle(now)
      } else this.#again(why, now)
    }
  }

  #takeOfBlock(byte: number, now: MonoMs): void {
    if (byte === SOH && this.#block.at(-1) !== ETX) this.#block = []
    this.#block.push(byte)
    if (this.#block.length > wayLimits.espaBlockBytesMax) {
      this.#block = []
      return
    }
    // Behind ETX stands the BCC, whatever character it looks like.
    if (this.#block.at(-2) !== ETX) return
    const block = readBlock(this.#block)
    this.#block = []
    this.#until = monoMs(now + wayLimits.espaAnswerMs * wayLimits.espaAttemptsMax)
    if (block === null) {
      this.#badBlocks++
      this.#send.push(this.#badBlocks >= wayLimits.espaAttemptsMax ? bytesOf(EOT) : bytesOf('1', NAK))
      return
    }
    this.#send.push(bytesOf(ACK))
    const [address, status] = [block.records.get('1'), block.records.get('7')]
    // Header 2, status information; other blocks are taken, and say nothing to us.
    if (block.header === '2' && address !== undefined && status !== undefined) this.#words.push({ kind: 'status', address: address.trim(), status: status.trim() })
  }
}
