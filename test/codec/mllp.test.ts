import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latin1, utf8 } from '../../src/codec/bytes.ts'
import { type MllpFrame, MllpFramer, mllpFrame } from '../../src/codec/mllp.ts'

const BOUNDS = { frameBytesMax: 64, keptBytesMax: 16, noiseSpanBytesMax: 32 }
const VT = '\x0b'
const FS = '\x1c'

function framesOf(input: string | readonly string[], bounds = BOUNDS): MllpFrame[] {
  const framer = new MllpFramer(bounds)
  const chunks = typeof input === 'string' ? [input] : input
  return [...chunks.flatMap((chunk) => framer.push(utf8(chunk))), ...framer.end()]
}

/** Content of messages; the kind and bytes of the rest. */
const short = (frames: readonly MllpFrame[]): string[] =>
  frames.map((frame) => {
    const place = `${frame.offset}+${frame.length}`
    return frame.kind === 'message' ? latin1(frame.content) : frame.kind === 'bad' ? `bad: ${frame.why} ${place}` : `noise ${place}`
  })

describe('a framed message', () => {
  it('is what lies between VT and FS, with the place of all of it', () => {
    const [frame, ...rest] = framesOf(`${VT}MSH|a${FS}\r`)
    expect(frame).toMatchObject({ kind: 'message', offset: 0, length: 7 })
    expect(rest).toEqual([])
    expect(short(framesOf(`${VT}MSH|a${FS}\r`))).toEqual(['MSH|a'])
  })

  it('is complete at its FS, before CR has come', () => {
    const framer = new MllpFramer(BOUNDS)
    expect(short(framer.push(utf8(`${VT}MSH|a${FS}`)))).toEqual(['MSH|a'])
    expect(framer.push(utf8('\r'))).toEqual([])
    expect(short(framer.push(utf8(`${VT}MSH|b${FS}`)))).toEqual(['MSH|b'])
  })

  it('may share a chunk with others, and end in FS alone, FS CR LF, or FS LF', () => {
    expect(short(framesOf(`${VT}MSH|a${FS}${VT}MSH|b${FS}\r\n${VT}MSH|c${FS}\n${VT}MSH|d${FS}\r`))).toEqual(['MSH|a', 'MSH|b', 'MSH|c', 'MSH|d'])
  })

  it('goes round: what mllpFrame makes is read as it was', () => {
    const content = fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => bytes.map((byte) => (byte === 0x0b || byte === 0x1c ? 0x20 : byte)))
    fc.assert(
      fc.property(fc.array(content), (contents) => {
        const framer = new MllpFramer(BOUNDS)
        const frames = contents.flatMap((content) => framer.push(mllpFrame(content)))
        expect(frames.map((frame) => (frame.kind === 'message' ? Array.from(frame.content) : frame.kind))).toEqual(contents.map((content) => Array.from(content)))
      }),
    )
  })

  it('is a view of the chunk that holds all of it', () => {
    const chunk = utf8(`${VT}MSH|a${FS}\r`)
    const [frame] = new MllpFramer(BOUNDS).push(chunk)
    expect(frame?.kind === 'message' && frame.content.buffer === chunk.buffer).toBe(true)
  })

  it('keeps a VT that begins no message as part of the text', () => {
    expect(short(framesOf(`${VT}MSH|a${VT}b${FS}`))).toEqual([`MSH|a${VT}b`])
  })
})

describe('a message without its start block', () => {
  it('begins where MSH| begins a line, and ends at FS', () => {
    expect(short(framesOf(`MSH|a${FS}\rMSH|b${FS}\r`))).toEqual(['MSH|a', 'MSH|b'])
  })

  it('ends where the next begins a line, or with the input', () => {
    expect(short(framesOf('MSH|a\rPID|MSH|\rMSH|b\nOBX|1\nMSH|c'))).toEqual(['MSH|a\rPID|MSH|\r', 'MSH|b\nOBX|1\n', 'MSH|c'])
  })

  it('ends where a framed one begins', () => {
    expect(short(framesOf(`MSH|a\r${VT}MSH|b${FS}`))).toEqual(['MSH|a\r', 'MSH|b'])
  })

  it('is not seen within other text', () => {
    expect(short(framesOf('xMSH|a|MSH|b'))).toEqual(['noise 0+12'])
  })

  it('is seen behind bytes that are no text', () => {
    expect(short(framesOf('\0\0MSH|a'))).toEqual(['noise 0+2', 'MSH|a'])
    expect(short(framesOf('\ufeffMSH|a'))).toEqual(['noise 0+3', 'MSH|a'])
  })
})

describe('damage', () => {
  it('a block that ends in the start of the next was cut off, and the next is read', () => {
    expect(short(framesOf(`${VT}MSH|a|half${VT}MSH|b${FS}\r`))).toEqual(['bad: cut off 0+11', 'MSH|b'])
  })

  it('a block at the end of the input was cut off, however well it looks', () => {
    expect(short(framesOf(`${VT}MSH|a\r`))).toEqual(['bad: cut off 0+7'])
  })

  it('bytes between messages are noise, line ends behind a message are not', () => {
    expect(short(framesOf(`${VT}MSH|a${FS}\r\n\r\n${FS}x\r${VT}MSH|b${FS}`))).toEqual(['MSH|a', 'noise 11+3', 'MSH|b'])
  })

  it('an empty block is noise', () => {
    expect(short(framesOf(`${VT}${FS}\r${VT}${VT}MSH|a${FS}`))).toEqual(['noise 0+3', 'noise 3+1', 'MSH|a'])
  })

  it('endless noise is reported span by span', () => {
    expect(short(framesOf('x'.repeat(80)))).toEqual(['noise 0+32', 'noise 32+32', 'noise 64+16'])
  })
})

describe('the limit', () => {
  const content = (length: number): string => `MSH|${'x'.repeat(length - 4)}`

  it.each(['framed', 'plain'])('a %s message as long as is allowed is read, one byte more is bad', (how) => {
    const made = (length: number): string => (how === 'framed' ? `${VT}${content(length)}${FS}\r` : `${content(length)}${FS}\r`)
    expect(short(framesOf(made(64)))).toEqual([content(64)])
    const start = how === 'framed' ? 1 : 0
    expect(short(framesOf(`${made(65)}${made(10)}`))).toEqual([`bad: too long 0+${65 + start}`, `noise ${65 + start}+2`, content(10)])
  })

  it('keeps the head of what was too long, and reads on at the next start', () => {
    const [bad] = framesOf(`${VT}${content(200)}`)
    expect(bad?.kind === 'bad' && latin1(bad.bytes)).toBe(`${VT}${content(200).slice(0, 15)}`)
    expect(short(framesOf(`${VT}${content(90)}${FS}\r${VT}MSH|b${FS}\r`))).toEqual(['bad: too long 0+66', 'noise 66+27', 'MSH|b'])
    expect(short(framesOf(`${VT}${content(90)}\rMSH|b\r`)).at(-1)).toBe('MSH|b\r')
  })

  it('a start block next to the limit is a cut-off message, not a long one, however it is cut', () => {
    const input = `${VT}${content(64)}${VT}MSH|b${FS}`
    expect(short(framesOf(input))).toEqual(['bad: cut off 0+65', 'MSH|b'])
    expect(short(framesOf([...input]))).toEqual(['bad: cut off 0+65', 'MSH|b'])
  })

  it('memory stays within the limit, whatever never ends', () => {
    for (const start of [`${VT}MSH|`, 'MSH|', '', VT, 'M']) {
      const framer = new MllpFramer(BOUNDS)
      framer.push(utf8(start))
      for (let sent = 0; sent < 1_000; sent++) {
        framer.push(utf8('M'))
        expect(framer.heldBytes).toBeLessThanOrEqual(BOUNDS.frameBytesMax + 5)
      }
    }
  })
})

describe('any bytes', () => {
  /** Bytes that matter to framing, and some that do not. */
  const piece = fc.constantFrom(VT, FS, '\r', '\n', 'MSH|', 'MSH', 'M', '|', 'x', '\0', 'PID|1', 'x'.repeat(30), `${VT}MSH|a\rOBX|1${FS}\r`)
  const input = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
  const bytesOf = (frames: readonly MllpFrame[]): object[] =>
    frames.map((frame) => {
      if (frame.kind === 'noise') return frame
      return { ...frame, bytes: Array.from(frame.bytes), content: frame.kind === 'message' ? Array.from(frame.content) : null }
    })

  it('give the same frames however they are cut', () => {
    fc.assert(
      fc.property(input, fc.array(fc.integer({ min: 0, max: 9 })), (text, sizes) => {
        const chunks: string[] = []
        let from = 0
        for (const size of sizes) {
          chunks.push(text.slice(from, from + size))
          from += size
        }
        chunks.push(text.slice(from))
        expect(bytesOf(framesOf(chunks))).toEqual(bytesOf(framesOf(text)))
        expect(bytesOf(framesOf([...text]))).toEqual(bytesOf(framesOf(text)))
      }),
      { numRuns: 2_000 },
    )
  })

  it('are all accounted for: frames lie in order, and between them are line ends alone', () => {
    fc.assert(
      fc.property(input, (text) => {
        const bytes = utf8(text)
        let end = 0
        const gaps: number[] = []
        for (const frame of framesOf(text)) {
          expect(frame.offset).toBeGreaterThanOrEqual(end)
          gaps.push(...bytes.slice(end, frame.offset))
          end = frame.offset + frame.length
        }
        gaps.push(...bytes.slice(end))
        expect(gaps.filter((byte) => byte !== 0x0d && byte !== 0x0a)).toEqual([])
      }),
      { numRuns: 2_000 },
    )
  })

  it('messages survive any noise in front of them', () => {
    fc.assert(
      fc.property(input, (text) => {
        // FS ends whatever the noise began, so that the message stands alone.
        expect(short(framesOf(`${text}${FS}${VT}MSH|good${FS}\r`)).at(-1)).toBe('MSH|good')
      }),
    )
  })

  it('offsets go on after the end of one input', () => {
    const framer = new MllpFramer(BOUNDS)
    framer.push(utf8(`${VT}MSH|a`))
    framer.end()
    expect(framer.push(utf8(`${VT}MSH|b${FS}`))[0]).toMatchObject({ kind: 'message', offset: 6, length: 7 })
  })
})
