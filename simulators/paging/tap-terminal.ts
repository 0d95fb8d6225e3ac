/**
 * A paging terminal that is called with TAP 1.8 (February 1997) in automatic mode, on a line without modem: asks for the
 * log-in, takes blocks, says goodbye. Habits are switches that a test turns while it runs.
 */

import { type Page, PAGES_MAX, type SimulatedPaging } from './device.ts'

export type TapHabits = {
  /** Blocks that are said to be damaged. */
  naks: number
  /** Blocks that are dropped, with RS. */
  rejects: number
  /** Blocks that are taken, and whose answer is lost. */
  lostAnswers: number
  /** Hangs up instead of a log-in. */
  isFull: boolean
  /** Takes the block, and complains when the session ends. */
  complains: boolean
  isSilent: boolean
  /** Goes without goodbye. */
  leavesRudely: boolean
  password: string
}

export type TapTerminal = SimulatedPaging & { readonly habits: TapHabits }

const text = (words: string): Uint8Array => Uint8Array.from(words, (letter) => letter.codePointAt(0) ?? 0x3f)

export function createTapTerminal(): TapTerminal {
  const habits: TapHabits = { naks: 0, rejects: 0, lostAnswers: 0, isFull: false, complains: false, isSilent: false, leavesRudely: false, password: '' }
  const pages: Page[] = []
  let isLoggedIn = false
  let line = ''

  function block(content: string, atMs: number): string {
    const end = content.indexOf('\x03')
    const sum = Array.from(content.slice(0, end + 1)).reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0)
    const expected = [8, 4, 0].map((shift) => String.fromCharCode(48 + (Math.floor(sum / 2 ** shift) % 16))).join('')
    if (content.slice(end + 1) !== expected) return '514 Checksum error\r\x15\r'
    if (habits.naks > 0) {
      habits.naks--
      return '\x15\r'
    }
    if (habits.rejects > 0) {
      habits.rejects--
      return '511 No such pager\r\x1e\r'
    }
    const [address = '', words = ''] = content.slice(1, end).split('\r')
    if (pages.length < PAGES_MAX) pages.push({ address, text: words, fields: {}, atMs })
    if (habits.lostAnswers > 0) {
      habits.lostAnswers--
      return ''
    }
    return '211 Page accepted\r\x06\r'
  }

  /** One line is over, with its CR. */
  function answer(words: string, atMs: number): string {
    if (words.startsWith('\x04')) {
      isLoggedIn = false
      if (habits.leavesRudely) return ''
      return habits.complains ? '115 Goodbye\r\x1e\r\x1b\x04\r' : '115 Goodbye\r\x1b\x04\r'
    }
    if (words.startsWith('\x1bPG1')) {
      if (habits.isFull) return '\x1b\x04\r'
      if (words.slice(4) !== habits.password) return '509 Invalid password\r\x15\r'
      isLoggedIn = true
      return '\x06\r\x1b[p\r'
    }
    if (isLoggedIn) return words.startsWith('\x02') ? block(words, atMs) : ''
    return words === '' ? 'ID=' : ''
  }

  return {
    habits,
    pages,
    hear(bytes, atMs) {
      const out: Uint8Array[] = []
      for (const byte of bytes) {
        const letter = String.fromCharCode(byte % 128)
        // A block has CR in it: it ends with the CR behind its checksum.
        const isInside = line.startsWith('\x02') && line.at(-4) !== '\x03'
        if (letter === '\r' && !isInside) {
          const words = habits.isSilent ? '' : answer(line, atMs)
          if (words !== '') out.push(text(words))
          line = ''
        } else if (letter === '\x02' || letter === '\x1b' || letter === '\x04') line = letter
        else line = (line + letter).slice(-1_000)
      }
      return out
    },
    tick: () => [],
  }
}
