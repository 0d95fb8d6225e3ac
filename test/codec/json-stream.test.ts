import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/codec/bytes.ts'
import { type JsonBounds, type JsonFrame, JsonSplitter } from '../../src/codec/json-stream.ts'

const BOUNDS = { objectBytesMax: 64, keptBytesMax: 16, labelBytesMax: 8 }
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function framesOf(chunks: readonly Uint8Array[], bounds: JsonBounds = BOUNDS): JsonFrame[] {
  const splitter = new JsonSplitter(bounds)
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()]
}

const short = (...chunks: readonly string[]): string[] =>
  framesOf(chunks.map(utf8)).map((frame) => {
    const place = `${frame.offset}+${frame.length}`
    if (frame.kind === 'object') return `${text(frame.label)}${text(frame.bytes)} ${place}`
    return frame.kind === 'bad' ? `bad: ${frame.why} ${place}` : `noise ${place}`
  })

describe('objects', () => {
  it('come one after the other, with or without anything between them', () => {
    expect(short('{"a":1}{"b":{"c":[{}]}}\n\r\n {"d":2}\n')).toEqual(['{"a":1} 0+7', '{"b":{"c":[{}]}} 7+16', '{"d":2} 27+7'])
  })

  it('may have braces, brackets, quotes and backslashes in their texts', () => {
    expect(short('{"a":"}{][","b\\"}":"\\\\"}{}')).toEqual(['{"a":"}{][","b\\"}":"\\\\"} 0+24', '{} 24+2'])
  })

  it('may stand behind a label on their line', () => {
    expect(short('topic {"a":1}\n{"b":2}\nmuch-longer-label {"c":3}')).toEqual(['topic {"a":1} 6+7', '{"b":2} 14+7', 'much-lon{"c":3} 40+7'])
  })

  it('are not what stands beside them', () => {
    expect(short('hello\n{}world\n]')).toEqual(['noise 0+5', '{} 6+2', 'noise 8+5', 'noise 14+1'])
  })

  it('are cut where JSON.parse would cut them', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }))
    fc.assert(
      fc.property(fc.array(object, { maxLength: 5 }), fc.constantFrom('', '\n', ' ', '\r\n'), fc.integer({ min: 1, max: 7 }), (objects, between, size) => {
        const bytes = utf8(objects.map((one) => JSON.stringify(one)).join(between))
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.slice(index * size, (index + 1) * size))
        const frames = framesOf(chunks, { ...BOUNDS, objectBytesMax: 1_000_000 })
        const read = frames.map((frame) => (frame.kind === 'object' ? JSON.parse(text(frame.bytes)) : frame.kind))
        expect(read).toEqual(objects.map((one) => JSON.parse(JSON.stringify(one))))
      }),
    )
  })
})

describe('lists', () => {
  const listed = (input: string): string[] =>
    framesOf([...utf8(input)].map((byte) => Uint8Array.of(byte)), { ...BOUNDS, takesLists: true }).map((frame) => (frame.kind === 'object' ? text(frame.bytes) : frame.kind))

  it('are taken where they are asked for, and are noise where not', () => {
    expect(listed('[{"a":"]"},[1]]{"b":[]}\ntopic [2]')).toEqual(['[{"a":"]"},[1]]', '{"b":[]}', '[2]'])
    expect(short('[1]')).toEqual(['noise 0+3'])
  })

  it('are bounded and cut off like objects', () => {
    expect(listed('[1')).toEqual(['bad'])
    expect(listed(`[${'1'.repeat(BOUNDS.objectBytesMax)}`)).toEqual(['bad'])
  })
})

describe('damage', () => {
  it('a quote that is missing costs its line, not the rest', () => {
    expect(short('{"a":"b}\n{"c":1}')).toEqual(['bad: line break in a string 0+9', '{"c":1} 9+7'])
  })

  it('an object at the end of the input was cut off', () => {
    expect(short('{"a":1')).toEqual(['bad: cut off 0+6'])
  })

  it('an object as long as is allowed is read, one byte more is bad', () => {
    const made = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`
    expect(short(made(64))).toEqual([`${made(64)} 0+64`])
    expect(short(`${made(65)}\n{"b":1}`)).toEqual(['bad: too long 0+65', '{"b":1} 66+7'])
    const [bad] = framesOf([utf8(made(65))])
    expect(bad?.kind === 'bad' && text(bad.bytes)).toBe(made(65).slice(0, 16))
  })

  it('memory stays within the limit, whatever never ends', () => {
    for (const start of ['{', '{"', 'x', '']) {
      const splitter = new JsonSplitter(BOUNDS)
      splitter.push(utf8(start))
      for (let sent = 0; sent < 1_000; sent++) {
        splitter.push(utf8('['))
        expect(splitter.heldBytes).toBeLessThanOrEqual(64 + 8)
      }
    }
  })
})

describe('any bytes', () => {
  it('give the same frames however they are cut', () => {
    const whole = fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', '\n', ' ', 'a', ':', '{"a":1}'), maxLength: 60 })
    fc.assert(
      fc.property(whole, fc.array(fc.integer({ min: 0, max: 9 })), (input, sizes) => {
        const chunks: string[] = []
        let from = 0
        for (const size of sizes) {
          chunks.push(input.slice(from, from + size))
          from += size
        }
        expect(short(...chunks, input.slice(from))).toEqual(short(input))
        expect(short(...input)).toEqual(short(input))
      }),
      { numRuns: 1_000 },
    )
  })
})
