/** What a sink that is behind sends first. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alertId } from '../../src/domain/ids.ts'
import { syncLimits } from '../../src/limits.ts'
import type { ClaimAnswer, LogEpoch, LoggedRow, Sink } from '../../src/seams.ts'
import { type Ledger, openSyncLedger } from '../../src/store/sync-ledger.ts'
import { type Standing, lagOf, stretchesOf, throughOf } from '../../src/sync/overtake.ts'
import { type Pump, type PumpParts, createPump } from '../../src/sync/pump.ts'
import {
  EPOCH, type FakeCentral, type FakeClock, type FakeLog, NEVER, START, alertRow, bodyOf, fakeCentral, fakeClock, fakeLog, phaseEvent, scratch, snapshotRow,
} from './fakes.ts'

const SINK = 'https-batch'
type Ward = { readonly log: FakeLog; readonly central: FakeCentral; readonly clock: FakeClock; readonly ledger: Ledger; readonly pump: Pump; readonly advanced: number[]; [Symbol.dispose](): void }

function ward(folder: string, log: FakeLog, over: Partial<PumpParts> = {}): Ward {
  const [clock, central, ledger, advanced] = [fakeClock(), fakeCentral(), openSyncLedger(folder), [] as number[]]
  const pump = createPump({
    gatewayId: 'gw', organizationId: 'org', ledger, log, clock, sink: central.sink, random: () => 0.5, identifiers: () => [], rowsMax: 10, onAdvanced: (seq) => void advanced.push(seq), ...over,
  })
  return { log, central, clock, ledger, pump, advanced, [Symbol.dispose]: () => ledger.close() }
}

/** `[from, to]` of the batches in the order of their arrival; `a` for those of alerts. */
const ranges = ({ calls }: FakeCentral): readonly string[] => calls.map(({ body }) => {
  const { events, metadata } = bodyOf(body)
  return `${events.every(({ eventType }) => eventType === 'alerts') ? 'a' : ''}${metadata['seqFrom']}-${metadata['seqTo']}`
})
const wholes = ({ calls }: FakeCentral): readonly unknown[] => calls.map(({ body }) => bodyOf(body).metadata['through'] ?? (bodyOf(body).metadata as Record<string, unknown>)['ahead'] ?? null)
const rows = (from: number, to: number, over: Parameters<typeof snapshotRow>[2] = {}): LoggedRow[] => Array.from({ length: to - from + 1 }, (_, index) => snapshotRow(from + index, [{ value: from + index, at: START + (from + index) * 60_000 }], over))
const alert = (seq: number): LoggedRow => alertRow(seq, phaseEvent({ alertId: alertId(`a${seq}`) }))

async function drain({ pump, clock }: Pick<Ward, 'pump' | 'clock'>, each: () => void = () => undefined): Promise<void> {
  for (let step = 0; step < 2_000; step++) {
    const next = await pump.step(NEVER)
    if (next.kind === 'idle') return
    clock.now += next.kind === 'wait' ? next.ms : 1_000
    each()
  }
  throw new Error('the pump does not come to an end')
}

describe('a sink that is behind', () => {
  it('sends alerts first, then what is newest, then what waits, and new rows between; its place is that of the oldest that waits', async () => {
    using place = scratch()
    using now = ward(place.folder, fakeLog([...rows(1, 34), alert(35), alert(36), ...rows(37, 40)]))
    let pushed = 40
    await drain(now, () => {
      if (pushed < 44 && now.clock.now >= (pushed - 39) * 3_000) now.log.rows.push(...rows(++pushed, pushed))
    })
    expect(ranges(now.central)).toEqual(['a35-36', '31-40', '1-10', '11-20', '41-42', '21-30', '43-43', '44-44'])
    expect(wholes(now.central)).toEqual([null, [31, 40], 10, 20, [41, 42], 42, 43, 44])
    expect(now.advanced.filter((seq, index, all) => seq !== all[index - 1])).toEqual([0, 10, 20, 42, 43, 44])
    expect(now.central.held.size).toBe(44)
  })

  it('lets an alert go before a batch that waits for its next try', async () => {
    using place = scratch()
    using now = ward(place.folder, fakeLog(rows(1, 3)))
    now.central.plan = () => 'unavailable'
    await now.pump.step(NEVER)
    await now.pump.step(NEVER)
    now.log.rows.push(alert(4))
    now.central.plan = () => 'accept'
    now.clock.now += 60_000
    await drain(now)
    expect(ranges(now.central)).toEqual(['1-3', 'a4-4', '1-3'])
  })

  it('does not let one bed that empties its memory hold up the others: their newest rows go with the next batch', async () => {
    using place = scratch()
    const flood = { device: 'monitor-flood', stay: 'stay-flood', bed: 'bed-flood' }
    using now = ward(place.folder, fakeLog(rows(1, 400, flood)))
    for (let step = 0; step < 6; step++) await now.pump.step(NEVER)
    now.log.rows.push(snapshotRow(401, [{ value: 1 }], { device: 'monitor-2', stay: 'stay-2' }), ...rows(402, 405, flood))
    now.clock.now += syncLimits.lingerMs
    const before = now.central.calls.length
    const quiet = now.ledger.surrogates(EPOCH).of('stay', 'stay-2')
    while (![...now.central.held.values()].some(({ partitionKey }) => partitionKey === quiet)) await now.pump.step(NEVER)
    expect(now.central.calls.length - before).toBeLessThanOrEqual(2)
    expect(now.ledger.cursor(SINK, EPOCH)).toBeLessThan(100)
  })

  it('that falls behind again begins anew at the newest, so many times and no more', async () => {
    using place = scratch()
    using now = ward(place.folder, fakeLog(rows(1, 30)))
    let most = 0
    for (let burst = 0; burst < syncLimits.aheadRangesMax + 6; burst++) {
      for (let step = 0; step < 2; step++) await now.pump.step(NEVER)
      const last = now.log.lastSeq()
      now.log.rows.push(...rows(last + 1, last + 40))
      now.clock.now += syncLimits.lingerMs
      most = Math.max(most, now.ledger.ahead(SINK, EPOCH).length)
    }
    expect(most).toBe(syncLimits.aheadRangesMax)
    await drain(now)
    expect(now.ledger.ahead(SINK, EPOCH)).toEqual([])
    expect([now.ledger.cursor(SINK, EPOCH), now.central.held.size]).toEqual([now.log.lastSeq(), now.log.lastSeq()])
  })

  it('that makes something of the order is sent all in its order', async () => {
    using place = scratch()
    const far = fakeCentral()
    using now = ward(place.folder, fakeLog([...rows(1, 34), alert(35), ...rows(36, 40)]), { sink: { ...far.sink, inOrder: true } })
    await drain(now)
    expect(ranges(far)).toEqual(['1-10', '11-20', '21-30', '31-40'])
  })

  it('waits for its turn with all of it where alerts cannot be read by themselves, and loses none', async () => {
    using place = scratch()
    const log = fakeLog([...rows(1, 34), alert(35), ...rows(36, 40)])
    log.readAlerts = () => null
    using now = ward(place.folder, log)
    await drain(now)
    expect(ranges(now.central)).toEqual(['1-10', '11-20', '21-30', '31-40'])
    expect(now.central.held.size).toBe(40)
  })

  it('loses no alert that is stored in the moment between two looks, after a restart neither', async () => {
    using place = scratch()
    const log = fakeLog(rows(1, 4))
    {
      using now = ward(place.folder, log)
      const read = log.read.bind(log)
      log.read = (after, max) => {
        if (log.lastSeq() === 4) log.rows.push(alert(5))
        return read(after, max)
      }
      await now.pump.step(NEVER)
      log.read = read
      expect([now.ledger.pending(SINK)?.seqTo, now.ledger.alertsTo(SINK, EPOCH)]).toEqual([5, 4])
    }
    using after = ward(place.folder, log)
    await drain(after)
    expect(ranges(after.central)).toEqual(['a5-5', '1-5'])
  })
})

describe('a gateway whose files were set back while it was behind', () => {
  const E1: LogEpoch = { epoch: EPOCH, firstSeq: 1, why: 'created' }
  const claiming = (central: FakeCentral, answer: ClaimAnswer): Sink => ({ ...central.sink, claim: () => Promise.resolve(answer) })

  it('does not send again what overtook the rest, for central says which stretch that was', async () => {
    using place = scratch()
    const central = fakeCentral()
    const log = { ...fakeLog(rows(1, 60)), epoch: 'e2', epochs: [E1, { epoch: 'e2', firstSeq: 51, why: 'restored' as const }] }
    using now = ward(place.folder, log, {
      sink: claiming(central, { kind: 'granted', through: new Map([[EPOCH, 20]]), reach: new Map([[EPOCH, 55]]), ahead: new Map([[EPOCH, [{ seqFrom: 31, seqTo: 55 }]]]) }), rowsMax: 100,
    })
    await drain(now)
    expect(ranges(central)).toEqual(['21-30', '51-60'])
    expect(now.ledger.cursor(SINK, EPOCH)).toBe(50)
  })

  it('begins another incarnation when central has heard of numbers that it never gave, though they were of what overtook', async () => {
    using place = scratch()
    const central = fakeCentral()
    const forks: unknown[] = []
    using now = ward(place.folder, fakeLog(rows(1, 12)), {
      sink: claiming(central, { kind: 'granted', through: new Map([[EPOCH, 0]]), reach: new Map([[EPOCH, 40]]) }), onForked: (fork) => void forks.push(fork),
    })
    for (let step = 0; step < 3; step++) await now.pump.step(NEVER)
    expect([forks[0], central.calls.length]).toEqual([{ why: 'rolled-back', afterSeq: 0 }, 0])
  })
})

describe('the stretch that comes next', () => {
  const standing = (over: Partial<Standing['spans'][number]>, lastSeq: number): Standing => ({ spans: [{ epoch: EPOCH, after: 0, lastSeq: Number.POSITIVE_INFINITY, ahead: [], ...over }], lastSeq, rowsMax: 100 })

  it('is in order up to a batch of lag, and the newest one beyond it', () => {
    expect(stretchesOf(standing({}, 100), true)).toEqual([{ epoch: EPOCH, after: 0, lastSeq: Number.POSITIVE_INFINITY, isFresh: false }])
    expect(stretchesOf(standing({}, 101), true)[0]).toEqual({ epoch: EPOCH, after: 1, lastSeq: Number.POSITIVE_INFINITY, isFresh: true })
    expect(stretchesOf(standing({}, 101), false)[0]?.isFresh).toBe(false)
  })

  it('never holds a row twice: neither of the two reaches into what was cut', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 300 }), fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 6 }), fc.nat({ max: 500 }), (after, steps, more) => {
      const ahead: { seqFrom: number; seqTo: number }[] = []
      let at = after
      for (const [index, length] of steps.entries()) {
        if (index % 2 === 1) ahead.push({ seqFrom: at + 1, seqTo: at + length })
        at += length
      }
      const now = standing({ after, ahead }, at + more)
      for (const stretch of stretchesOf(now, true)) {
        expect(ahead.every(({ seqFrom, seqTo }) => stretch.after >= seqTo || Math.min(stretch.lastSeq, now.lastSeq) < seqFrom)).toBe(true)
        expect(stretch.after).toBeGreaterThanOrEqual(after)
      }
      expect(lagOf(now)).toBe(at + more - after - ahead.reduce((sum, { seqFrom, seqTo }) => sum + seqTo - seqFrom + 1, 0))
    }))
  })

  it('is whole up to the end of what it touches', () => {
    const ahead = [{ seqFrom: 11, seqTo: 20 }, { seqFrom: 21, seqTo: 30 }, { seqFrom: 40, seqTo: 50 }]
    expect([throughOf(9, ahead), throughOf(10, ahead), throughOf(39, ahead)]).toEqual([9, 30, 50])
  })
})
