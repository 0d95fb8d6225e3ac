import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { surrogate } from '../../src/domain/batch.ts'
import { wallMs } from '../../src/domain/time.ts'
import { syncLimits } from '../../src/limits.ts'
import { compileLive } from '../../src/sync/anonymise.ts'
import { type BatchFrame, type CutEvent, cutBatches, cutEvent, eventsOf, recutEvent, splitBatch } from '../../src/sync/cut.ts'
import { EPOCH, START, bodyOf, snapshotRow } from './fakes.ts'

const FRAME: BatchFrame = { at: START, organizationId: 'org', gatewayId: 'gw', epoch: EPOCH, seqFrom: 1, seqTo: 99, completes: true, lane: 'live' }
const TOKEN = surrogate('0f'.repeat(16))
const surrogates = { of: () => TOKEN, sensorOf: () => 0, subjectOfAlert: () => null, rememberAlert: () => undefined }

function events(count: number): readonly CutEvent[] {
  const rows = Array.from({ length: count }, (_, index) => snapshotRow(index + 1, [{ value: index % 300, at: START + index * 60_000 }]))
  return compileLive(rows, { gatewayId: 'gw', epoch: EPOCH, surrogates }).events.map(({ event, origin }) => cutEvent(event, origin))
}
const keysOf = (batches: readonly { readonly body: Uint8Array }[]): readonly string[] => batches.flatMap((batch) => bodyOf(batch.body).events.map((event) => event.key))

describe('a cut batch', () => {
  it('has the body of the contract, its hash over the events, and an id from its contents', () => {
    const [batch] = cutBatches(events(2), FRAME, syncLimits.batchBytesMax)
    if (!batch) throw new Error('one batch')
    const body = bodyOf(batch.body)
    expect(Object.keys(body)).toEqual(['batchId', 'events', 'metadata'])
    expect(body.batchId).toBe(batch.batchId)
    expect(body.metadata).toEqual({
      timestamp: '2026-01-05T10:00:00.000Z', source: 'vigil-gateway', size: 2, schemaVersion: 1, organizationId: 'org', gatewayId: 'gw', lane: 'live', method: 'limited-data-set',
      keyEpoch: EPOCH, seqFrom: 1, seqTo: 99, through: 99, sha256: createHash('sha256').update(JSON.stringify(body.events)).digest('hex'),
    })
    expect(batch.batchId).toBe(createHash('sha256').update(JSON.stringify(body.metadata)).digest('hex').slice(0, 32))
    expect(Object.keys(body.events[0] ?? {})).toEqual(['streamId', 'eventType', 'partitionKey', 'key', 'revision', 'data', 'timestamp'])
  })

  it('says which version cut it, where that is told', () => {
    const [batch] = cutBatches(events(1), { ...FRAME, version: '1.2.3' }, syncLimits.batchBytesMax)
    expect(bodyOf(batch?.body ?? new Uint8Array()).metadata).toMatchObject({ gatewayId: 'gw', version: '1.2.3' })
  })

  it('is the same for the same contents and another for any other', () => {
    const id = (over: Partial<BatchFrame>, count = 2): string | undefined => cutBatches(events(count), { ...FRAME, ...over }, syncLimits.batchBytesMax)[0]?.batchId
    expect(id({})).toBe(id({}))
    expect(new Set([id({}), id({}, 3), id({ at: wallMs(START + 1) }), id({ epoch: 'e2' }), id({ seqTo: 100 })]).size).toBe(5)
  })

  it('stays within its bytes and events; keys and order survive, and nothing is lost', () => {
    const all = events(300)
    const batches = cutBatches(all, FRAME, 10_000)
    expect(batches.length).toBeGreaterThan(5)
    for (const batch of batches) expect(batch.body.length).toBeLessThanOrEqual(10_000)
    expect(keysOf(batches)).toEqual(keysOf(cutBatches(all, FRAME, syncLimits.batchBytesMax)))
    expect(cutBatches(events(syncLimits.eventsPerBatchMax + 1), FRAME, Number.POSITIVE_INFINITY).map((batch) => batch.items.length)).toEqual([2_501, 2_500])
    expect(cutBatches([], FRAME, 10_000)).toEqual([])
    expect(cutBatches(all.slice(0, 1), FRAME, 10)).toHaveLength(1)
  })

  it('gives its events back as they were cut, and splits by them', () => {
    const [batch] = cutBatches(events(5), FRAME, syncLimits.batchBytesMax)
    if (!batch) throw new Error('one batch')
    expect(eventsOf(batch).map(({ json, origin }) => ({ json, origin }))).toEqual(events(5).map(({ json, origin }) => ({ json, origin })))
    const parts = splitBatch(batch, FRAME)
    expect(parts.map((part) => part.items.length)).toEqual([3, 2])
    expect(keysOf(parts)).toEqual(keysOf([batch]))
    expect(() => splitBatch({ ...batch, items: [] }, FRAME)).toThrow()
    const [single] = cutBatches([recutEvent('{"key":"k"}', { origin: null, retries: 2 })], FRAME, 10)
    if (!single) throw new Error('one batch')
    expect(single.items).toEqual([{ origin: null, retries: 2 }])
    expect(() => splitBatch(single, FRAME)).toThrow()
  })
})
