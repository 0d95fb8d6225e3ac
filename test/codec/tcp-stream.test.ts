import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, latin1, utf8 } from '../../src/codec/bytes.ts'
import { type StreamPiece, TcpStream } from '../../src/codec/tcp-stream.ts'
import { toolLimits } from '../../src/limits.ts'

type Said = Partial<{ text: string; isBegin: boolean; isEnd: boolean; isReset: boolean; missingBytes: number }>
const segment = (sequence: number, { text = '', isBegin = false, isEnd = false, isReset = false, missingBytes = 0 }: Said) =>
  ({ sequence: sequence >>> 0, payload: utf8(text), isBegin, isEnd, isReset, missingBytes })

const shown = (pieces: readonly StreamPiece[]): string =>
  pieces.map((piece) => (piece.kind === 'bytes' ? latin1(piece.bytes) : piece.kind === 'gap' ? `<${piece.bytes} lost>` : '<end>')).join('')

function heard(...said: readonly (readonly [number, Said])[]): string {
  const stream = new TcpStream()
  return shown([...said.flatMap(([sequence, what]) => stream.push(segment(sequence, what))), ...stream.end()])
}

describe('a stream', () => {
  it('is put together from its beginning to its end', () => {
    expect(heard([100, { isBegin: true }], [101, { text: 'ab' }], [103, { text: 'c', isEnd: true }])).toBe('abc<end>')
  })

  it('begins in the middle where the capture does, also where the numbers begin anew', () => {
    expect(heard([0xffff_fffe, { text: 'abc' }], [1, { text: 'de' }])).toBe('abcde<end>')
  })

  it('says nothing twice, and in its order', () => {
    expect(heard([1, { text: 'ab' }], [5, { text: 'ef' }], [1, { text: 'abcd' }], [0, { text: 'x' }], [5, { text: 'ef' }], [7, { text: 'g' }])).toBe('abcdefg<end>')
  })

  it('has a gap where something was never captured', () => {
    expect(heard([1, { text: 'ab' }], [6, { text: 'fg' }])).toBe('ab<3 lost>fg<end>')
    expect(heard([1, { text: 'ab', missingBytes: 2 }], [5, { text: 'ef' }])).toBe('ab<2 lost>ef<end>')
  })

  it('ends with its last byte, though that was overtaken, or at once when it is reset', () => {
    expect(heard([1, { text: 'ab' }], [4, { text: 'd', isEnd: true }], [3, { text: 'c' }])).toBe('abcd<end>')
    expect(heard([1, { text: 'ab' }], [3, { isReset: true }])).toBe('ab<end>')
  })

  it('may be followed by another between the same ends', () => {
    expect(heard([1, { text: 'ab' }], [900, { isBegin: true }], [901, { text: 'cd' }])).toBe('ab<end>cd<end>')
    expect(heard([1, { text: 'ab' }], [0x7000_0000, { text: 'cd' }])).toBe('ab<end>cd<end>')
    expect(heard([100, { isBegin: true }], [101, { text: 'ab' }], [100, { isBegin: true }], [103, { text: 'c' }])).toBe('abc<end>')
  })

  it('waits for so many segments, and with one more it goes on behind the gap', () => {
    const stream = new TcpStream()
    stream.push(segment(0, { text: 'a' }))
    const later = Array.from({ length: toolLimits.segmentsWaitingMax }, (_, index) => segment(2 + index, { text: 'b' }))
    expect(shown(later.flatMap((each) => stream.push(each)))).toBe('')
    expect(shown(stream.push(segment(2 + later.length, { text: 'c' })))).toBe(`<1 lost>${'b'.repeat(later.length)}c`)
  })

  it('waits for so many bytes, and with one more it goes on behind the gap', () => {
    const stream = new TcpStream()
    stream.push(segment(0, { text: 'a' }))
    expect(shown(stream.push(segment(2, { text: 'b'.repeat(toolLimits.segmentsWaitingBytesMax) })))).toBe('')
    expect(shown(stream.push(segment(2 + toolLimits.segmentsWaitingBytesMax, { text: 'c' }))).slice(-2)).toBe('bc')
  })

  it('is the same however its segments were cut, repeated and shuffled within what waits', () => {
    const ordered = fc.record({
      bytes: fc.uint8Array({ minLength: 1, maxLength: 200 }),
      first: fc.nat(0xffff_ffff),
      picks: fc.array(fc.tuple(fc.nat(199), fc.integer({ min: 1, max: 40 })), { maxLength: 30 }),
    })
    fc.assert(
      fc.property(ordered, ({ bytes, first, picks }) => {
        const stream = new TcpStream()
        const parts = [...picks, [0, bytes.length] as const].map(([from, length]) => ({ from: Math.min(from, bytes.length - 1), length }))
        const pieces = [
          ...stream.push({ ...segment(first - 1, { isBegin: true }) }),
          ...parts.flatMap(({ from, length }) => stream.push({ ...segment(first + from, {}), payload: bytes.slice(from, from + length) })),
          ...stream.end(),
        ]
        expect(concat(pieces.flatMap((piece) => (piece.kind === 'bytes' ? [piece.bytes] : [])))).toEqual(bytes)
        expect(pieces.some(({ kind }) => kind === 'gap')).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})
