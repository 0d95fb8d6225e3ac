/**
 * A paging system at an ESPA 4.4.4 line (November 1984): takes calls, tells afterwards what became of them. As most do, it
 * is polled; or it is the control station itself and polls. Habits are switches that a test turns while it runs.
 */

import { type Page, PAGES_MAX, type SimulatedPaging } from './device.ts'

const [SOH, STX, ETX, EOT, ENQ, ACK, NAK, RS, US] = [1, 2, 3, 4, 5, 6, 0x15, 0x1e, 0x1f]

export type EspaHabits = {
  /** So many selections are answered with "busy". */
  busy: number
  /** So many good blocks are answered with NAK, prefixed with this. */
  naks: number
  nakPrefix: string
  /** So many blocks are answered with nothing, although they were taken. */
  lostAnswers: number
  /** Says nothing at all. */
  isSilent: boolean
  /** Tells with a status block, this long after a call, that it was put on the air; null: never. */
  statusAfterMs: number | null
  /** Record 7 of it. */
  status: string
}

export type EspaOptions = { readonly address: string; readonly gatewayAddress: string; readonly isControl: boolean; readonly pollEveryMs?: number }

export type EspaReceiver = SimulatedPaging & { readonly habits: EspaHabits }

const checksum = (bytes: readonly number[]): number => bytes.reduce((sum, byte) => sum ^ byte, 0) % 128
const letters = (text: string): number[] => Array.from(text, (letter) => letter.codePointAt(0) ?? 0x3f)

type Report = { readonly page: Page; readonly dueMs: number }

export function createEspaReceiver({ address, gatewayAddress, isControl, pollEveryMs = 500 }: EspaOptions): EspaReceiver {
  const habits: EspaHabits = { busy: 0, naks: 0, nakPrefix: '1', lostAnswers: 0, isSilent: false, statusAfterMs: null, status: '3' }
  const pages: Page[] = []
  const reports: Report[] = []
  let at = 0
  let token = ''
  /** `free`: nobody has the line. `other-polled`: it may choose whom it talks to. `chosen`: a block comes to us. `selecting`, `telling`: we have one. */
  let state: 'free' | 'other-polled' | 'chosen' | 'selecting' | 'telling' = 'free'
  let block: number[] | null = null
  let lastPollMs = 0

  const ready = (): Report | undefined => reports.find(({ dueMs }) => dueMs <= at)

  function statusBlock({ page }: Report): Uint8Array {
    const body = [0x32, STX, 0x31, US, ...letters(page.address), RS, 0x37, US, ...letters(habits.status), ETX]
    return Uint8Array.from([SOH, ...body, checksum(body)])
  }

  function enquiry(name: string): number[] {
    if (state === 'other-polled') {
      // The station that was polled chooses whom it talks to.
      if (name !== address) return []
      if (habits.busy > 0) {
        habits.busy--
        return [0x32, NAK]
      }
      state = 'chosen'
      return [ACK]
    }
    if (name !== address) {
      state = 'other-polled'
      return []
    }
    if (ready() === undefined) return [EOT]
    state = 'selecting'
    return [...letters(gatewayAddress), ENQ]
  }

  function wholeBlock(bytes: readonly number[]): number[] {
    const body = bytes.slice(1, -1)
    if (checksum(body) !== bytes.at(-1)) return [0x31, NAK]
    if (habits.naks > 0) {
      habits.naks--
      return [...letters(habits.nakPrefix), NAK]
    }
    const text = String.fromCharCode(...body.slice(body.indexOf(STX) + 1, -1))
    const fields = Object.fromEntries(text.split(String.fromCharCode(RS)).map((record) => record.split(String.fromCharCode(US), 2)).map(([key = '', value = '']) => [key, value]))
    if (body[0] === 0x31) {
      const page: Page = { address: fields['1'] ?? '', text: fields['2'] ?? '', fields, atMs: at }
      if (pages.length < PAGES_MAX) pages.push(page)
      if (habits.statusAfterMs !== null) reports.push({ page, dueMs: at + habits.statusAfterMs })
    }
    if (habits.lostAnswers > 0) {
      habits.lostAnswers--
      return []
    }
    return [ACK]
  }

  function take(byte: number): Uint8Array[] {
    if (block !== null) {
      block.push(byte)
      if (block.at(-2) !== ETX || block.length < 4) return []
      const answer = wholeBlock(block)
      block = null
      return answer.length > 0 ? [Uint8Array.from(answer)] : []
    }
    const before = token
    token = byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ''
    switch (byte) {
      case SOH:
        if (state === 'chosen') block = [byte]
        return []
      case EOT:
        state = 'free'
        return []
      case ENQ: {
        if (isControl) {
          // The gateway answers our poll with the name of whom it wants.
          state = 'other-polled'
        }
        const answer = enquiry(before)
        return answer.length > 0 ? [Uint8Array.from(answer)] : []
      }
      case ACK: {
        const report = ready()
        if (state === 'selecting' && report !== undefined) {
          state = 'telling'
          return [statusBlock(report)]
        }
        if (state === 'telling' && report !== undefined) {
          reports.splice(reports.indexOf(report), 1)
          state = 'free'
          return [Uint8Array.of(EOT)]
        }
        return []
      }
      case NAK:
        if (state === 'selecting' || state === 'telling') state = 'free'
        return []
    }
    return []
  }

  return {
    habits,
    pages,
    hear(bytes, atMs) {
      at = atMs
      if (habits.isSilent) return []
      if (state !== 'free') lastPollMs = atMs
      return [...bytes].flatMap((byte) => take(byte % 128))
    },
    tick(atMs) {
      at = atMs
      // Whoever has the line keeps it until EOT, or until nothing comes for two seconds.
      if (!isControl || habits.isSilent || atMs - lastPollMs < (state === 'free' ? pollEveryMs : 2_000)) return []
      lastPollMs = atMs
      state = 'other-polled'
      block = null
      return [Uint8Array.from([EOT, ...letters(gatewayAddress), ENQ])]
    },
  }
}
