import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import hl7 from '../../drivers/hl7/driver.ts'
import { latin1, utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import { monoMs } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { Session, SessionOutput } from '../../src/seams.ts'
import { cut } from '../contract/driver.ts'

const opened = (every = '5'): Session => hl7.open({ query: 'efficia', queryEverySeconds: every })
const said = ({ send }: SessionOutput): readonly string[] => send.map((bytes) => latin1(bytes))
const question = (id: string): string => `\u000bMSH|^~\\&|||||20000101000000||QRY^R02|${id}|P|2.4\rQRD|20000101000000|R|I|${id}|||||STA\r\u001c\r`
const values = (of: string, controlId = 'MON1'): Uint8Array =>
  mllpFrame(utf8(`MSH|^~\\&|^EfficiaCM||||20140510124500||ORF^R04|${controlId}|P|2.4\rMSA|AA|${of}\rOBR||||MONITOR|||20140510124500\rOBX||NM|0002-4182^HR^MDIL||80|0004-0aa0^bpm^MDIL|||||F\r`))
const negative = (of: string): Uint8Array => mllpFrame(utf8(`MSH|^~\\&|^EfficiaCM||||20140510124500||ACK|MON2|P|2.4\rMSA|AE|${of}\r`))
const acknowledged = (id: string, code = 'AA'): string => `\u000bMSH|^~\\&|||||20000101000000||ACK^^ACK_ALL|A${id}|P|2.4\rMSA|${code}|${id}\r\u001c\r`

describe('a monitor that must be asked', () => {
  it('is asked when its line opens, byte for byte as the guide says, and again each interval', () => {
    const session = opened()
    const first = session.wake(monoMs(0))
    expect(said(first)).toEqual([question('V1')])
    const heard = session.receive(values('V1'), monoMs(300))
    expect(heard.frames.map((frame) => frame.kind === 'good' && frame.readings.length)).toEqual([1])
    expect([said(heard), heard.wakeAt]).toEqual([[acknowledged('MON1')], 5_000])
    expect(said(session.wake(monoMs(4_999)))).toEqual([])
    expect(said(session.wake(monoMs(5_000)))).toEqual([question('V2')])
  })

  it('is asked one thing at a time', () => {
    const session = opened('1')
    session.wake(monoMs(0))
    const waiting = session.wake(monoMs(2_000))
    expect([said(waiting), waiting.wakeAt]).toEqual([[], driverLimits.hl7AnswerMs])
    expect(said(session.receive(values('V1'), monoMs(3_000)))).toEqual([acknowledged('MON1'), question('V2')])
  })

  it('that does not answer is asked again, and called anew after so many questions', () => {
    const session = opened()
    session.wake(monoMs(0))
    let now = 0
    for (let missed = 1; missed < driverLimits.hl7UnansweredMax; missed++) {
      const output = session.wake(monoMs((now += driverLimits.hl7AnswerMs)))
      expect([output.close, said(output)]).toEqual([undefined, [question(`V${missed + 1}`)]])
    }
    const over = session.wake(monoMs((now += driverLimits.hl7AnswerMs)))
    expect([over.close, said(over)]).toEqual([`the monitor did not answer ${driverLimits.hl7UnansweredMax} questions`, []])
    // On a serial line nobody hangs up: it goes on asking.
    expect(said(session.wake(over.wakeAt ?? monoMs(0)))).toHaveLength(1)
  })

  it('that has nothing to say is there all the same: it is not called anew', () => {
    const session = opened()
    for (let round = 1; round < 10; round++) {
      session.wake(monoMs(round * 5_000))
      const output = session.receive(negative(`V${round}`), monoMs(round * 5_000 + 100))
      expect([output.close, said(output), output.frames.map(({ kind }) => kind)]).toEqual([undefined, [], ['skipped']])
    }
  })

  it('whose answer comes late is read, told so, and does not end the question under way', () => {
    const session = opened()
    session.wake(monoMs(0))
    expect(said(session.wake(monoMs(driverLimits.hl7AnswerMs)))).toEqual([question('V2')])
    const late = session.receive(values('V1'), monoMs(driverLimits.hl7AnswerMs + 10))
    expect([late.frames.length, said(late), late.wakeAt]).toEqual([1, [acknowledged('MON1')], 2 * driverLimits.hl7AnswerMs])
  })

  it('hears that what it sent was not understood', () => {
    const session = opened()
    session.wake(monoMs(0))
    const odd = mllpFrame(utf8('MSH|^~\\&|||||20140510124500||ORF^R04|MON3|Z|2.4\rMSA|AA|V1\r'))
    expect(said(session.receive(odd, monoMs(10)))).toEqual([acknowledged('MON3', 'AE')])
  })

  it('gets back nothing that could part a message', () => {
    const session = opened()
    session.wake(monoMs(0))
    expect(said(session.receive(values('V1', 'a b'), monoMs(10)))).toEqual([])
  })

  it('that talks on its own is answered no more often than there are answers', () => {
    const session = opened()
    session.wake(monoMs(0))
    const heap = Array.from({ length: 17 }, (_, index) => values('V9', `M${index}`))
    expect(said(session.receive(new Uint8Array(Buffer.concat(heap)), monoMs(10)))).toEqual(Array.from({ length: 16 }, (_, index) => acknowledged(`M${index + 1}`)))
  })

  it('begins afresh after its end', () => {
    const session = opened()
    session.wake(monoMs(0))
    session.end(monoMs(10))
    expect(said(session.wake(monoMs(20)))).toHaveLength(1)
  })

  it('is not asked where nobody set it so, nor by who reads a recording', () => {
    for (const session of [hl7.open({}), hl7.openCapture?.({ query: 'efficia' })]) {
      expect(session?.wake(monoMs(0))).toEqual({ frames: [], send: [], wakeAt: null })
    }
  })

  it.each([['query', 'pds'], ['queryEverySeconds', '0'], ['queryEverySeconds', '61'], ['queryEverySeconds', '1.5']])('%s %j is no setting', (name, value) => {
    expect(() => hl7.open({ [name]: value })).toThrow(RangeError)
  })

  it('is read the same however its bytes are cut, and asked the same', () => {
    const bytes = new Uint8Array(Buffer.concat([values('V1'), negative('V1'), values('V2', 'MON5')]))
    const run = (chunks: Iterable<Uint8Array>): unknown => {
      const session = opened('60')
      session.wake(monoMs(0))
      const outputs = Array.from(chunks, (chunk) => session.receive(chunk, monoMs(100)))
      return { frames: outputs.flatMap(({ frames }) => frames.map(({ kind, offset, length }) => [kind, offset, length])), said: outputs.flatMap(said) }
    }
    const whole = run([bytes])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 40 }), (sizes) => {
        expect(run(cut(bytes, sizes))).toEqual(whole)
      }),
      { numRuns: 60 },
    )
  })
})
