import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EspaSetting, espaBlock, espaCall, espaSession } from '../../../src/alerts/ways/espa.ts'
import type { PagerCall, PagerWord } from '../../../src/alerts/ways/pager.ts'
import { monoMs } from '../../../src/domain/time.ts'
import { wayLimits } from '../../../src/limits.ts'
import { createEspaReceiver, type EspaHabits } from '../../../simulators/paging/espa-receiver.ts'
import { type Damage, pagerLine } from './line.ts'

const SETTING: EspaSetting = { role: 'control', ownAddress: '1', pagingAddress: '2', beep: { alarm: '3', high: '2', normal: '1' }, transmissions: 1, polls: true }
const CALL: PagerCall = { address: '4711', text: 'Bed 7: SpO2 84 % below 90', urgency: 'alarm' }
const hex = (bytes: Iterable<number>): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

function opened(habits: Partial<EspaHabits> = {}, { setting = SETTING, damage }: { setting?: EspaSetting; damage?: Damage } = {}) {
  const device = createEspaReceiver({ address: '2', gatewayAddress: '1', isControl: setting.role === 'station' })
  Object.assign(device.habits, habits)
  return { device, line: pagerLine(espaSession(setting), device, damage) }
}

describe('the blocks of ESPA 4.4.4', () => {
  it('carry the check character that a public implementation computed by hand', () => {
    expect(hex(espaBlock('1', [['1', 'A']]))).toBe('01 31 02 31 1f 41 03 5f')
  })

  it('are laid out as the example that Zenitel published, and close with even longitudinal parity', () => {
    const block = espaBlock('1', [['1', '550'], ['2', 'CALL ME 101'], ['3', '3'], ['4', '3'], ['5', '3'], ['6', '3']])
    expect(hex(block.slice(0, -1))).toBe('01 31 02 31 1f 35 35 30 1e 32 1f 43 41 4c 4c 20 4d 45 20 31 30 31 1e 33 1f 33 1e 34 1f 33 1e 35 1f 33 1e 36 1f 33 03')
    expect(block.slice(1).reduce((sum, byte) => sum ^ byte, 0)).toBe(0)
  })

  it('of a call name address, text, beep, type, transmissions and priority in this order', () => {
    const text = new TextDecoder().decode(espaCall(CALL, SETTING).slice(1, -2))
    expect(text).toBe('1\x021\x1f4711\x1e2\x1fBed 7: SpO2 84 % below 90\x1e3\x1f3\x1e4\x1f3\x1e5\x1f1\x1e6\x1f1')
  })
})

describe('as control station', () => {
  it('polls itself, selects, sends, and ends the transaction', () => {
    const { device, line } = opened()
    line.pass(100)
    line.sent.length = 0
    line.call(CALL)
    expect(line.ended(0)).toEqual({ kind: 'taken', note: null })
    expect(hex(line.sent)).toBe(`04 31 05 32 05 ${hex(espaCall(CALL, SETTING))} 04`)
    expect(device.pages.map(({ address, text }) => ({ address, text }))).toEqual([{ address: '4711', text: CALL.text }])
  })

  it('polls the paging system each second, and says that it is there', () => {
    const { line } = opened()
    line.pass(3_500)
    expect(line.words.filter(({ kind }) => kind === 'up')).toHaveLength(3)
    expect(hex(line.sent.slice(0, 3))).toBe('04 32 05')
  })

  it('says that nobody answers, after three polls, and that somebody does, after one', () => {
    const { device, line } = opened({ isSilent: true })
    line.pass(12_000)
    expect(line.words[0]).toEqual({ kind: 'down', why: 'the paging system does not answer' })
    device.habits.isSilent = false
    line.words.length = 0
    line.pass(6_000)
    expect(line.words.at(-1)).toEqual({ kind: 'up' })
  })

  it('is not polled for where the site says so', () => {
    const { line } = opened({}, { setting: { ...SETTING, polls: false } })
    line.pass(60_000)
    expect(line.sent).toEqual([])
    line.call(CALL)
    expect(line.ended(0)?.kind).toBe('taken')
  })

  it('sends a block again that was damaged, and takes it for taken once', () => {
    const { device, line } = opened({ naks: 2 })
    line.call(CALL)
    line.pass(10)
    expect(line.ended(5_000)?.kind).toBe('taken')
    expect(device.pages).toHaveLength(1)
  })

  it('gives a call back that is refused three times, as refused: the line works', () => {
    const { device, line } = opened({ naks: 99, nakPrefix: '3' })
    line.call(CALL)
    expect(line.ended(5_000)).toEqual({ kind: 'failed', why: 'the paging system refuses: NAK 3, invalid message', isRefused: true })
    expect(device.pages).toEqual([])
  })

  it('gives a call back to a busy paging system, as trouble, and ends the transaction', () => {
    const { line } = opened({ busy: 1 })
    line.call(CALL)
    expect(line.ended(5_000)).toEqual({ kind: 'failed', why: 'the paging system refuses: NAK 2, busy', isRefused: false })
    expect(line.sent.at(-1)).toBe(0x04)
    line.call(CALL)
    expect(line.ended(5_000)?.kind).toBe('taken')
  })

  it('sends again when the answer is lost: a call that comes twice is better than none', () => {
    const { device, line } = opened({ lostAnswers: 1 })
    line.call(CALL)
    expect(line.ended(10_000)?.kind).toBe('taken')
    expect(device.pages).toHaveLength(2)
  })

  it('gives up within ten seconds when nobody is there', () => {
    const { line } = opened({ isSilent: true })
    line.call(CALL)
    expect(line.ended(10_000)).toEqual({ kind: 'failed', why: 'the paging system does not answer', isRefused: false })
  })

  it('does not take the late answer to a selection for that to the block', () => {
    const session = espaSession(SETTING)
    session.wake(monoMs(0))
    session.call(CALL, monoMs(10))
    expect(hex(session.wake(monoMs(10 + wayLimits.espaAnswerMs)).send.flatMap((bytes) => [...bytes]))).toBe('04 31 05 32 05')
    expect(session.receive(Uint8Array.of(0x06), monoMs(2_020)).send).toEqual([espaCall(CALL, SETTING)])
    expect(session.receive(Uint8Array.of(0x06), monoMs(2_030)).words).toEqual([])
    expect(session.receive(Uint8Array.of(0x06), monoMs(2_040)).words).toContainEqual({ kind: 'taken', note: null })
  })

  it('asks again when the late answer to a poll ends its selection', () => {
    const session = espaSession(SETTING)
    session.wake(monoMs(0))
    session.call(CALL, monoMs(10))
    const { send, words } = session.receive(Uint8Array.of(0x04), monoMs(20))
    expect([send.length, words]).toEqual([1, []])
  })

  it('takes the status of a call that the paging system tells when it is polled', () => {
    const { line } = opened({ statusAfterMs: 3_000, status: '3' })
    line.call(CALL)
    line.ended(1_000)
    line.pass(2_000)
    expect(line.words.filter(({ kind }) => kind === 'status')).toEqual([])
    line.pass(3_000)
    expect(line.words.filter(({ kind }) => kind === 'status')).toEqual([{ kind: 'status', address: '4711', status: '3' }])
  })

  it('calls while a poll is under way, right behind it', () => {
    const { device, line } = opened({ isSilent: true })
    line.pass(1_100)
    device.habits.isSilent = false
    line.call(CALL)
    expect(device.pages).toEqual([])
    expect(line.ended(3_000)?.kind).toBe('taken')
  })
})

describe('as a station that the paging system polls', () => {
  const station: EspaSetting = { ...SETTING, role: 'station' }

  it('waits to be polled, and then calls', () => {
    const { device, line } = opened({}, { setting: station })
    line.call(CALL)
    expect(line.sent).toEqual([])
    expect(line.ended(2_000)?.kind).toBe('taken')
    expect(device.pages).toHaveLength(1)
  })

  it('answers EOT when it has nothing to say, and knows that it is heard', () => {
    const { line } = opened({}, { setting: station })
    line.pass(2_100)
    expect(new Set(line.sent)).toEqual(new Set([0x04]))
    expect(line.words.some(({ kind }) => kind === 'up')).toBe(true)
  })

  it('says so when nobody polls, and gives the call back', () => {
    const { line } = opened({ isSilent: true }, { setting: station })
    line.call(CALL)
    expect(line.ended(wayLimits.espaNotPolledMs + 100)).toMatchObject({ kind: 'failed', isRefused: false })
    expect(line.words).toContainEqual({ kind: 'down', why: 'the paging system does not poll us' })
  })

  it('is not deceived by a control station that polls others and never it', () => {
    const session = espaSession(station)
    const words: PagerWord[] = [...session.wake(monoMs(0)).words]
    for (let at = 0; at <= wayLimits.espaNotPolledMs; at += 500) {
      words.push(...session.receive(Uint8Array.of(0x04, 0x33, 0x05), monoMs(at)).words, ...session.wake(monoMs(at)).words)
    }
    expect(words).toContainEqual({ kind: 'down', why: 'the paging system does not poll us' })
  })
})

describe('on a bad line', () => {
  const call = fc.record({
    address: fc.stringMatching(/^[0-9]{1,6}$/),
    text: fc.stringMatching(/^[ -~]{1,60}$/),
    urgency: fc.constantFrom('alarm', 'high', 'normal'),
  })
  const role = fc.constantFrom<EspaSetting['role']>('control', 'station')

  it('each call ends, once, and one that is told as taken was paged with the words it had, whatever single byte is lost', () => {
    fc.assert(
      fc.property(call, role, fc.constantFrom<'to-gateway' | 'to-paging'>('to-gateway', 'to-paging'), fc.nat(120), (called, role, where, place) => {
        let seen = 0
        const damage: Damage = (bytes, way) => (way === where ? bytes.filter(() => seen++ !== place) : bytes)
        const { device, line } = opened({}, { setting: { ...SETTING, role }, damage })
        line.pass(700)
        line.call(called)
        const how = line.ended(60_000)
        expect(how).not.toBeNull()
        if (how?.kind === 'taken') expect(device.pages.length).toBeGreaterThan(0)
        for (const { address, text } of device.pages) expect({ address, text }).toEqual({ address: called.address, text: called.text })
        line.pass(5_000)
        expect(line.ended(0)).toBeNull()
      }),
      { numRuns: 200 },
    )
  })

  it('a changed bit in a block never makes another call of it', () => {
    fc.assert(
      fc.property(call, fc.nat(100), fc.integer({ min: 0, max: 6 }), (called, place, bit) => {
        const block = espaCall(called, SETTING)
        const at = place % block.length
        const changed = Uint8Array.from(block, (byte, index) => (index === at ? byte ^ (1 << bit) : byte))
        // A letter that becomes ETX ends the block early, and the one behind it may pass for the check: one in 128.
        fc.pre(changed[at] !== 0x03)
        const device = createEspaReceiver({ address: '2', gatewayAddress: '1', isControl: false })
        device.hear(Uint8Array.of(0x04, 0x31, 0x05, 0x32, 0x05), 0)
        device.hear(changed, 0)
        expect(device.pages).toEqual([])
      }),
    )
  })

  it('any bytes at all are borne, and the time asked for is always ahead', () => {
    fc.assert(
      fc.property(role, fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(null)), { maxLength: 60 }), (role, pieces) => {
        const session = espaSession({ ...SETTING, role })
        let at = 0
        session.call(CALL, monoMs(at))
        for (const piece of pieces) {
          at += 300
          const { wakeAt } = piece === null ? session.wake(monoMs(at)) : session.receive(piece, monoMs(at))
          expect(wakeAt).not.toBeNull()
        }
      }),
    )
  })

  it('a block longer than any is dropped at its bound, and the line goes on', () => {
    const { line, device } = opened()
    line.pass(1_050)
    const session = espaSession(SETTING)
    session.wake(monoMs(0))
    session.wake(monoMs(1_000))
    session.receive(Uint8Array.of(0x31, 0x05), monoMs(1_001))
    const out = session.receive(new Uint8Array(wayLimits.espaBlockBytesMax + 1).fill(0x41).with(0, 0x01), monoMs(1_002))
    expect(out.send).toEqual([])
    line.call(CALL)
    expect(line.ended(5_000)?.kind).toBe('taken')
    expect(device.pages).toHaveLength(1)
  })
})
