import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { startCentral } from '../../../simulators/central/server.ts'
import { centralLimits } from '../../../src/limits.ts'
import { createHttpsBatch } from '../../../src/sync/sinks/https-batch.ts'
import { cutBatches, cutEvent } from '../../../src/sync/cut.ts'
import { compileLive } from '../../../src/sync/anonymise.ts'
import { surrogate } from '../../../src/domain/batch.ts'
import { NEVER, START, snapshotRow } from '../../sync/fakes.ts'
import { TOKEN, fakeClock } from './fixture.ts'
import { freshFolder } from './folder.ts'

const surrogates = { of: () => surrogate('0f'.repeat(16)), sensorOf: () => 0, subjectOfAlert: () => null, rememberAlert: () => undefined }

function batchOf(seq: number, epoch = 'e1') {
  const { events } = compileLive([snapshotRow(seq, [{ value: 60 }])], { gatewayId: 'gw', epoch, surrogates })
  const [batch] = cutBatches(events.map(({ event, origin }) => cutEvent(event, origin)), { at: START, organizationId: 'org', gatewayId: 'gw', epoch, seqFrom: seq, seqTo: seq, completes: true, lane: 'live' }, 1e6)
  if (!batch) throw new Error('one batch')
  return { batchId: batch.batchId, body: batch.body, events: batch.items.length }
}

const CLAIM = { organizationId: 'org', gatewayId: 'gw', epochs: ['e1', 'e2'] }

describe('two boxes with one name', () => {
  it('the one that came last is believed, the other refused until the first is silent for long; a restart is refused by nobody', async () => {
    const clock = fakeClock()
    const dataFolder = await freshFolder()
    const central = await startCentral({ port: 0, host: '127.0.0.1', token: TOKEN, clock, note: () => undefined, dataFolder })
    const boxes = ['a', 'b', 'a-restarted'].map((instance) => createHttpsBatch({ url: central.url, token: TOKEN, ca: null, instance }))
    const [a, b, again] = boxes
    if (!a || !b || !again) throw new Error('three boxes')
    const fenced = { kind: 'refused', how: 'fenced', why: expect.stringContaining('another gateway sends under this identity') }
    try {
      expect(await a.claim?.(CLAIM, NEVER)).toMatchObject({ kind: 'granted', through: new Map() })
      expect(await a.send(batchOf(1), NEVER)).toEqual({ kind: 'accepted' })
      expect(await b.claim?.(CLAIM, NEVER)).toMatchObject({ kind: 'granted', through: new Map([['e1', 1]]) })
      expect(await a.send(batchOf(2), NEVER)).toEqual(fenced)
      expect(await a.claim?.(CLAIM, NEVER)).toEqual(fenced)
      expect(await b.send(batchOf(2, 'e2'), NEVER)).toEqual({ kind: 'accepted' })
      expect(await again.claim?.(CLAIM, NEVER)).toMatchObject({ kind: 'granted', through: new Map([['e1', 1], ['e2', 2]]) })
      expect(await b.send(batchOf(3, 'e2'), NEVER)).toEqual(fenced)
      clock.advance(centralLimits.senderLiveMs)
      expect(await b.claim?.(CLAIM, NEVER)).toMatchObject({ kind: 'granted' })
      expect(await b.send(batchOf(3, 'e2'), NEVER)).toEqual({ kind: 'accepted' })
    } finally {
      for (const box of boxes) box.close()
      await central.close()
      rmSync(dataFolder, { recursive: true, force: true })
    }
  })
})
