import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PagerCall } from '../../../src/alerts/ways/pager.ts'
import { tapBlock, tapChecksum, tapSession } from '../../../src/alerts/ways/tap.ts'
import { monoMs } from '../../../src/domain/time.ts'
import { wayLimits } from '../../../src/limits.ts'
import { createTapTerminal, type TapHabits } from '../../../simulators/paging/tap-terminal.ts'
import { type Damage, pagerLine } from './line.ts'

const CALL: PagerCall = { address: '4711', text: 'Bed 7: SpO2 84 % below 90', urgency: 'alarm' }
const shown = (bytes: Iterable<number>): string => String.fromCharCode(...bytes)

function opened(habits: Partial<TapHabits> = {}, damage?: Damage) {
  const device = createTapTerminal()
  Object.assign(device.habits, habits)
  return { device, line: pagerLine(tapSession({ password: habits.password ?? '' }), device, damage) }
}

describe('the block of TAP 1.8', () => {
  it('carries the checksum of the example in the specification: 123, ABC is 17;', () => {
    expect(tapChecksum(Uint8Array.from([0x02, 0x31, 0x32, 0x33, 0x0d, 0x41, 0x42, 0x43, 0x0d, 0x03]))).toBe('17;')
    expect(shown(tapBlock({ address: '123', text: 'ABC' }))).toBe('\x02123\rABC\r\x0317;\r')
  })

  it('carries the checksum of the example in the manual of a Zetron Model 16: 335', () => {
    expect(shown(tapBlock({ address: '300045002110', text: 'ABC' }))).toBe('\x02300045002110\rABC\r\x03335\r')
  })

  it('is never longer than 256 characters: the text is cut', () => {
    expect(tapBlock({ address: '4711', text: 'x'.repeat(1_000) })).toHaveLength(wayLimits.tapBlockBytesMax)
  })
})

describe('a session', () => {
  it('knocks, logs in, sends one block, and says goodbye', () => {
    const { device, line } = opened({ password: 'secret' })
    line.pass(50)
    line.sent.length = 0
    line.call(CALL)
    line.pass(2_100)
    expect(line.ended(0)).toEqual({ kind: 'taken', note: '115 Goodbye' })
    expect(shown(line.sent)).toBe(`\r\x1bPG1secret\r${shown(tapBlock(CALL))}\x04\r`)
    expect(device.pages.map(({ address, text }) => ({ address, text }))).toEqual([{ address: '4711', text: CALL.text }])
  })

  it('looks whether the terminal is there when the line opens, and now and then, without paging anybody', () => {
    const { device, line } = opened()
    line.pass(2 * wayLimits.tapLookMs + 100)
    expect(line.words.filter(({ kind }) => kind === 'up')).toHaveLength(3)
    expect(device.pages).toEqual([])
  })

  it('knocks three times, two seconds apart, and then says that nobody answers', () => {
    const { line } = opened({ isSilent: true })
    line.pass(6_100)
    expect(shown(line.sent)).toBe('\r\r\r')
    expect(line.words).toEqual([{ kind: 'down', why: 'the paging terminal does not answer' }])
  })

  it('sends a block again that was damaged', () => {
    const { device, line } = opened({ naks: 2 })
    line.call(CALL)
    expect(line.ended(3_000)?.kind).toBe('taken')
    expect(device.pages).toHaveLength(1)
  })

  it('gives up a block that stays damaged, and ends the session', () => {
    const { line } = opened({ naks: 99 })
    line.call(CALL)
    expect(line.ended(3_000)).toEqual({ kind: 'failed', why: 'the paging terminal finds the message damaged', isRefused: false })
    expect(shown(line.sent).endsWith('\x04\r')).toBe(true)
  })

  it('gives a call back that the terminal drops, as refused, with its reason', () => {
    const { line } = opened({ rejects: 1 })
    line.call(CALL)
    expect(line.ended(3_000)).toEqual({ kind: 'failed', why: 'the paging terminal rejects the call (511 No such pager)', isRefused: true })
    line.call(CALL)
    expect(line.ended(6_000)?.kind).toBe('taken')
  })

  it('does not take a call for taken when the terminal complains at the end of the session', () => {
    const { line } = opened({ complains: true })
    line.call(CALL)
    expect(line.ended(3_000)).toMatchObject({ kind: 'failed', isRefused: true })
  })

  it('takes an acknowledged call for taken when the terminal goes without goodbye', () => {
    const { device, line } = opened({ leavesRudely: true })
    line.call(CALL)
    expect(line.ended(2 * wayLimits.tapAnswerMs + 3_000)?.kind).toBe('taken')
    expect(device.pages).toHaveLength(1)
  })

  it('is told as trouble when the terminal is full, and when the password is wrong', () => {
    const full = opened({ isFull: true })
    full.line.call(CALL)
    expect(full.line.ended(3_000)).toMatchObject({ kind: 'failed', isRefused: false })
    const wrong = opened()
    wrong.device.habits.password = 'other'
    wrong.line.call(CALL)
    expect(wrong.line.ended(3_000)).toEqual({ kind: 'failed', why: 'the paging terminal refuses the log-in (509 Invalid password)', isRefused: false })
  })

  it('does not take the late answer to a log-in for that to the block', () => {
    const session = tapSession({ password: '' })
    const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
    session.call(CALL, monoMs(0))
    session.receive(ascii('ID='), monoMs(10))
    session.wake(monoMs(10 + wayLimits.tapAnswerMs))
    const { send } = session.receive(ascii('\x06\r\x1b[p\r'), monoMs(11_000))
    expect(send).toEqual([tapBlock(CALL)])
    expect(session.receive(ascii('\x06\r\x1b[p\r'), monoMs(11_010)).send).toEqual([])
    expect(shown(session.receive(ascii('\x06\r'), monoMs(11_020)).send.flatMap((bytes) => [...bytes]))).toBe('\x04\r')
  })

  it('sends again when the answer is lost', () => {
    const { device, line } = opened({ lostAnswers: 1 })
    line.call(CALL)
    expect(line.ended(wayLimits.tapAnswerMs + 5_000)?.kind).toBe('taken')
    expect(device.pages).toHaveLength(2)
  })
})

describe('on a bad line', () => {
  it('each call ends, once, and what is paged has the words it had, whatever single byte is lost', () => {
    const call = fc.record({ address: fc.stringMatching(/^[0-9]{1,6}$/), text: fc.stringMatching(/^[ -~]{1,60}$/), urgency: fc.constant('alarm' as const) })
    fc.assert(
      fc.property(call, fc.constantFrom<'to-gateway' | 'to-paging'>('to-gateway', 'to-paging'), fc.nat(150), (called, where, place) => {
        let seen = 0
        const { device, line } = opened({}, (bytes, way) => (way === where ? bytes.filter(() => seen++ !== place) : bytes))
        line.call(called)
        const how = line.ended(120_000)
        expect(how).not.toBeNull()
        if (how?.kind === 'taken') expect(device.pages.length).toBeGreaterThan(0)
        for (const { address, text } of device.pages) expect({ address, text }).toEqual({ address: called.address, text: called.text })
        line.pass(5_000)
        expect(line.ended(0)).toBeNull()
      }),
      { numRuns: 200 },
    )
  })

  it('any bytes at all are borne, in bounded memory', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constant(null)), { maxLength: 60 }), (pieces) => {
        const session = tapSession({ password: '' })
        let at = 0
        session.call(CALL, monoMs(at))
        for (const piece of pieces) {
          at += 700
          const { wakeAt } = piece === null ? session.wake(monoMs(at)) : session.receive(piece, monoMs(at))
          expect(wakeAt).not.toBeNull()
        }
      }),
    )
  })
})
