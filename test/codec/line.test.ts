import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latin1, utf8 } from '../../src/codec/bytes.ts'
import { type LineFrame, LineFramer } from '../../src/codec/line.ts'

const BOUNDS = { lineBytesMax: 16 }

function framesOf(chunks: readonly string[]): LineFrame[] {
  const framer = new LineFramer(BOUNDS)
  return [...chunks.flatMap((chunk) => framer.push(utf8(chunk))), ...framer.end()]
}

const short = (...chunks: readonly string[]): string[] =>
  framesOf(chunks).map((frame) => `${frame.kind} ${frame.offset}+${frame.length} ${JSON.stringify(latin1(frame.bytes))}`)

describe('lines', () => {
  it('end in CR, LF or CR LF, and empty ones are none', () => {
    expect(short('a\rb\nc\r\n\r\n\nd\r')).toEqual(['line 0+1 "a"', 'line 2+1 "b"', 'line 4+1 "c"', 'line 10+1 "d"'])
  })

  it('may come in any pieces', () => {
    expect(short('ab', 'c', '\r', '\nde', 'f\n')).toEqual(['line 0+3 "abc"', 'line 5+3 "def"'])
  })

  it('lose the NULs around them, not those within', () => {
    expect(short('\0\0a\0b\0\r\n\0\r\0')).toEqual(['line 2+3 "a\\u0000b"'])
  })

  it('without their end are told apart', () => {
    expect(short('a\rb')).toEqual(['line 0+1 "a"', 'unfinished 2+1 "b"'])
  })

  it('that lie in one chunk are views of it', () => {
    const chunk = utf8('abc\r')
    expect(new LineFramer(BOUNDS).push(chunk)[0]?.bytes.buffer).toBe(chunk.buffer)
  })
})

describe('the limit', () => {
  it('a line as long as is allowed is read, one byte more is bad', () => {
    expect(short(`${'x'.repeat(16)}\r`)).toEqual([`line 0+16 "${'x'.repeat(16)}"`])
    expect(short(`${'x'.repeat(17)}\rok\r`)).toEqual([`bad 0+17 "${'x'.repeat(16)}"`, 'line 18+2 "ok"'])
  })

  it('garbage without a line end is one span, however long and however cut', () => {
    expect(short(`${'x'.repeat(1_000)}\rok\r`)).toEqual([`bad 0+1000 "${'x'.repeat(16)}"`, 'line 1001+2 "ok"'])
    expect(short(...Array.from({ length: 1_000 }, () => 'x'), '\rok\r')).toEqual([`bad 0+1000 "${'x'.repeat(16)}"`, 'line 1001+2 "ok"'])
    expect(short('x'.repeat(1_000))).toEqual([`bad 0+1000 "${'x'.repeat(16)}"`])
  })

  it('memory stays within it', () => {
    const framer = new LineFramer(BOUNDS)
    for (let sent = 0; sent < 1_000; sent++) {
      expect(framer.push(utf8('xyz'))).toEqual([])
      expect(framer.heldBytes).toBeLessThanOrEqual(16)
    }
  })
})

describe('any bytes', () => {
  it('give the same lines however they are cut', () => {
    const text = fc.string({ unit: fc.constantFrom('\r', '\n', '\0', 'a', 'bcdefgh'), maxLength: 60 })
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 0, max: 9 })), (whole, sizes) => {
        const chunks: string[] = []
        let from = 0
        for (const size of sizes) {
          chunks.push(whole.slice(from, from + size))
          from += size
        }
        expect(short(...chunks, whole.slice(from))).toEqual(short(whole))
        // What split makes of it, short of the limit.
        const wanted = whole.split(/[\r\n]/).filter((line) => line.length <= 16).map((line) => line.replace(/^\0+|\0+$/g, ''))
        const lines = framesOf([whole]).filter(({ kind }) => kind !== 'bad').map(({ bytes }) => latin1(bytes))
        expect(lines).toEqual(wanted.filter((line) => line !== ''))
      }),
      { numRuns: 1_000 },
    )
  })

  it('offsets go on after the end of one input', () => {
    const framer = new LineFramer(BOUNDS)
    framer.push(utf8('abc'))
    framer.end()
    expect(framer.push(utf8('d\r'))[0]).toMatchObject({ offset: 3, length: 1 })
  })
})
