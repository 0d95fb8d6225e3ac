import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/codec/bytes.ts'
import { CaptureReader, type CapturedPiece, captureHead, captureLines, isCapture, remark } from '../../src/cli/capture-file.ts'
import { wallMs } from '../../src/domain/time.ts'
import { toolLimits } from '../../src/limits.ts'
import { cut } from '../contract/driver.ts'

const HEAD = captureHead('/dev/ttyUSB0 9600 8N1', wallMs(Date.UTC(2026, 3, 1, 7)))

function read(chunks: Iterable<Uint8Array>): { readonly pieces: readonly CapturedPiece[]; readonly reader: CaptureReader } {
  const reader = new CaptureReader()
  const pieces: CapturedPiece[] = []
  for (const chunk of chunks) pieces.push(...reader.push(chunk))
  return { pieces: [...pieces, ...reader.end()], reader }
}

describe('a capture file', () => {
  it('is text that a person can read', () => {
    const text = HEAD + captureLines({ atMs: 1_250, direction: 'from-device', bytes: utf8('HR=072 SPO2=097 PI=01.20\r\n') }) + captureLines({ atMs: 1_300, direction: 'to-device', bytes: Uint8Array.of(5) })
    expect(text.split('\n')).toEqual([
      '# vigil capture 1',
      '# port /dev/ttyUSB0 9600 8N1',
      '# begun 2026-04-01T07:00:00.000Z',
      '1.250 < 48 52 3d 30 37 32 20 53 50 4f 32 3d 30 39 37 20 50 49 3d 30 31 2e 32 30  |HR=072 SPO2=097 PI=01.20|',
      '+ < 0d 0a  |..|',
      '1.300 > 05  |.|',
      '',
    ])
    expect(isCapture(utf8(text))).toBe(true)
    expect(isCapture(utf8('# something else'))).toBe(false)
  })

  it('gives back every piece with its time and direction, however the file is cut', () => {
    const piece = fc.record({ atMs: fc.nat(1e9), direction: fc.constantFrom('from-device', 'to-device'), bytes: fc.uint8Array({ minLength: 1, maxLength: 100 }) }, { noNullPrototype: true })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.array(fc.nat(90), { maxLength: 40 }), (pieces, sizes) => {
        const file = utf8(HEAD + pieces.map(captureLines).join(remark('a cable was pulled')))
        expect(read(cut(file, sizes)).pieces).toEqual(pieces)
      }),
    )
  })

  it('may be mended by hand: remarks, no blanks, capitals; what is no line of it is counted', () => {
    const { pieces, reader } = read([utf8('# vigil capture 1\r\n# probe off\r\n0.000 < 4A4b\r\n+ < 4c\nsomething\n0.5 < 00\n1.000 < 0\n+ > 01 02')])
    expect(pieces).toEqual([
      { atMs: 0, direction: 'from-device', bytes: utf8('JKL') },
      { atMs: 0, direction: 'to-device', bytes: Uint8Array.of(1, 2) },
    ])
    expect(reader.unreadableLines).toBe(3)
  })

  it('knows whether its pieces are datagrams', () => {
    expect(read([utf8(HEAD)]).reader.isDatagrams).toBe(false)
    expect(read([utf8(captureHead('udp:10.0.0.5:24105', wallMs(0)))]).reader.isDatagrams).toBe(true)
  })

  it('holds so much of one piece, and gives what is longer in parts', () => {
    const bytes = new Uint8Array(toolLimits.jsonLineBytesMax + 1)
    expect(read([utf8(captureLines({ atMs: 0, direction: 'from-device', bytes }))]).pieces.map((piece) => piece.bytes.length).reduce((a, b) => a + b, 0)).toBe(bytes.length)
    const parts = read([utf8(captureLines({ atMs: 0, direction: 'from-device', bytes: new Uint8Array(3 * bytes.length) }))]).pieces
    expect(parts.length).toBeGreaterThan(2)
    for (const part of parts) expect(part.bytes.length).toBeLessThanOrEqual(bytes.length + 24)
  })

  it('is read whatever it is', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => void read(chunks)), { numRuns: 200 })
  })
})
