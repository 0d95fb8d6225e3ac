import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unpack } from '../../../simulators/central/body.ts'
import { readBatch } from '../../../simulators/central/ingest.ts'
import { isStorable } from '../../../simulators/central/shapes.ts'
import { centralLimits } from '../../../src/limits.ts'
import { batch, vitals } from './fixture.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
const statusOf = async (body: Uint8Array, encoding: string): Promise<number | 'json'> => {
  const unpacked = await unpack(body, encoding)
  return unpacked.kind === 'json' ? 'json' : unpacked.refusal.status
}

describe('a body', () => {
  test('comes out as it went in, packed in any way', async () => {
    await fc.assert(fc.asyncProperty(fc.jsonValue({ maxDepth: 5 }), async value => {
      const text = JSON.stringify(value)
      const packed = [[bytes(text), ''], [bytes(text), 'Identity'], [gzipSync(text), 'GZIP'], [zstdCompressSync(text), 'zstd']] as const
      for (const [body, encoding] of packed) expect(await unpack(body, encoding)).toEqual({ kind: 'json', json: JSON.parse(text) })
    }), { numRuns: 50 })
  })

  const PACKINGS = [['gzip', gzipSync], ['zstd', zstdCompressSync]] as const

  test.each(PACKINGS)('that unpacks from %s to the limit is taken, and one byte more is refused', async (encoding, pack) => {
    const limit = centralLimits.unpackedBytesMax
    const largest = `"${'a'.repeat(limit - 2)}"`
    expect(pack(largest).length).toBeLessThan(limit / 100)
    expect(await statusOf(pack(largest), encoding)).toBe('json')
    expect(await statusOf(pack(`${largest} `), encoding)).toBe(413)
  })

  test('that would unpack to half a gigabyte never takes the memory for it', async () => {
    const member = gzipSync(new Uint8Array(centralLimits.unpackedBytesMax))
    const bomb = Buffer.concat(Array.from({ length: 16 }, () => member))
    const before = process.resourceUsage().maxRSS
    expect(await statusOf(bomb, 'gzip')).toBe(413)
    // In KiB.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(262_144)
  })

  test.each([
    ['cut off', gzipSync('[1,2,3]').subarray(0, 12), 'gzip'],
    ['not gzip at all', bytes('[1,2,3]'), 'gzip'],
    ['of an unknown packing', bytes('[]'), 'br'],
    ['not JSON', bytes('{'), ''],
    ['empty', bytes(''), ''],
    ['not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), ''],
  ])('that is %s is refused with 400', async (_what, body, encoding) => {
    expect(await unpack(body, encoding)).toMatchObject({ kind: 'refused', refusal: { status: 400, code: 'ANALYTICS_001' } })
  })

  test('nests to the limit and no deeper, whatever its length', async () => {
    const levels = centralLimits.nestingLevelsMax
    expect(await statusOf(bytes(nested(levels)), '')).toBe('json')
    expect(await statusOf(bytes(nested(levels + 1)), '')).toBe(400)
    expect(await statusOf(gzipSync(nested(1_000_000)), 'gzip')).toBe(400)
  })
})

describe('what PostgreSQL cannot store', () => {
  test('is found wherever it hides, and nothing else is', () => {
    const tricky = fc.constantFrom('\u0000', '\ud800', '\udc00', '\\', '\\u0000', '\\ud800', '"', 'u0000')
    fc.assert(fc.property(fc.array(fc.oneof(tricky, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 6 }), parts => {
      const text = parts.join('')
      expect(isStorable(JSON.stringify({ [text]: [text] }))).toBe(text.isWellFormed() && !text.includes('\u0000'))
    }), { numRuns: 400 })
  })
})

describe('a batch', () => {
  const never = (): boolean => false
  const read = (events: readonly unknown[]) => readBatch(batch(events), 1, never)
  const long = vitals({ subject: 's', values: Array.from({ length: centralLimits.valuesPerEventMax }, () => 1) })
  const atMost = Math.floor(centralLimits.valuesPerBatchMax / centralLimits.valuesPerEventMax)

  test('holds as many events as the limit, and one more is refused with 413', () => {
    const events = Array.from({ length: centralLimits.eventsPerBatchMax }, () => null)
    expect(read(events)).toMatchObject({ kind: 'batch' })
    expect(read([...events, null])).toMatchObject({ kind: 'refused', refusal: { status: 413 } })
  })

  test('holds as many values as the limit, and more are refused with 413', () => {
    const events = Array.from({ length: atMost }, (_, index) => ({ ...long, key: `k${index}` }))
    expect(read(events)).toMatchObject({ kind: 'batch', batch: { rejected: [] } })
    expect(read([...events, vitals({ subject: 's', values: [1] })])).toMatchObject({ kind: 'refused', refusal: { status: 413 } })
  })

  test('refuses an event with one value more than an event may hold', () => {
    const { data } = long
    const longer = { ...long, data: { ...data, t: [...data.t, 0], v: [...data.v, 0], q: [...data.q, 'measured'] } }
    expect(read([longer])).toMatchObject({ kind: 'batch', batch: { events: [], rejected: [{ index: 0 }] } })
  })

  test.each([
    ['without events', { ...batch([]), events: [] }],
    ['without metadata', { batchId: 'b', events: [null] }],
    ['of another schema version', batch([null], { metadata: { schemaVersion: 2 } })],
    ['with something that would not be stored', { ...batch([null]), surplus: 1 }],
    ['with an id that cannot be stored', batch([null], { batchId: 'a\u0000b' })],
    ['with metadata that cannot be stored', batch([null], { metadata: { source: '\ud800' } })],
    ['that is no object', 7],
  ])('%s is refused with 422', (_what, json) => {
    expect(readBatch(json, 1, never)).toMatchObject({ kind: 'refused', refusal: { status: 422, code: 'ANALYTICS_003' } })
  })

  test('never makes the reader throw', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.array(fc.jsonValue()), (json, events) => {
      readBatch(json, 1, never)
      expect(read([...events, null])).toMatchObject({ kind: 'batch' })
    }))
  })
})
