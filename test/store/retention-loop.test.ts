import { describe, expect, it } from 'vitest'
import { wallMs } from '../../src/domain/time.ts'
import { retentionLimits } from '../../src/limits.ts'
import type { Clock } from '../../src/seams.ts'
import { type RetentionParts, holdOf, keepRetention } from '../../src/store/retention-loop.ts'
import { retentionNews } from '../../src/store/retention-state.ts'
import type { Forced, RetentionOrder, RetentionReport } from '../../src/store/retention.ts'
import { fakeClock } from '../fakes/clock.ts'
import { log } from '../record/ward.ts'
import { START, heartRate, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const DAY_MS = 86_400_000
const now = wallMs(START)

describe('what central has not taken is held', () => {
  it('nothing when nothing is sent; everything until sync has spoken', () => {
    expect(holdOf({ kind: 'off' }, now, 30 * DAY_MS)).toEqual({ kind: 'none' })
    expect(holdOf({ kind: 'unknown' }, now, 30 * DAY_MS)).toEqual({ kind: 'unknown' })
  })

  it('until central has taken nothing for so long, and no longer back than that', () => {
    const known = (agoMs: number | null) => holdOf({ kind: 'known', seq: 7, lastAcceptedAt: agoMs === null ? null : wallMs(now - agoMs) }, now, 30 * DAY_MS)
    expect(known(30 * DAY_MS - 1)).toEqual({ kind: 'cursor', seq: 7, deadBefore: null })
    expect(known(30 * DAY_MS)).toEqual({ kind: 'cursor', seq: 7, deadBefore: now - 30 * DAY_MS })
    // It never took anything: what is younger than that waits for it all the same.
    expect(known(null)).toEqual({ kind: 'cursor', seq: 7, deadBefore: now - 30 * DAY_MS })
  })
})

const DONE: RetentionReport = { kind: 'done', identities: 0, frames: 0, strips: 0, rows: 0, forced: null, forcedAt: null, more: false }
const FORCED: Forced = { why: 'no room', seqFrom: 1, seqTo: 9, rows: 9, unsent: 3 }

function keeping(reports: readonly RetentionReport[]) {
  const clock = fakeClock(START)
  const orders: RetentionOrder[] = []
  const forced: (Forced | null)[] = []
  const stop = new AbortController()
  let isResting = false
  const sleep: Clock['sleep'] = async (ms, until) => {
    isResting = true
    await clock.sleep(ms, until)
    isResting = false
  }
  const parts: RetentionParts = {
    folder: '/', setting: { identityHours: 72, numericsDays: 14, framesHours: 72, stripsDays: 7, unsentDays: 30, databaseGb: 50 }, clock, realTime: { ...clock, sleep }, log,
    sent: () => ({ kind: 'off' }), forced: (one) => void forced.push(one),
    retain: (order) => Promise.resolve((orders.push(order), reports[orders.length - 1] ?? DONE)),
  }
  const running = keepRetention(parts, stop.signal)
  // The disk is asked for its room before each step, however long that takes it.
  const rests = async (): Promise<void> => {
    while (!isResting) await new Promise((resolve) => setImmediate(resolve))
  }
  const wait = async (ms: number): Promise<void> => {
    await rests()
    await clock.pass(ms)
    await rests()
  }
  return { clock, orders, forced, wait, end: () => (stop.abort(), running) }
}

describe('retention', () => {
  it('goes on soon while there is more to do, and rests between two rounds', async () => {
    const { orders, wait, end } = keeping([{ ...DONE, more: true }])
    await wait(retentionLimits.stepPauseMs)
    expect(orders).toHaveLength(2)
    await wait(retentionLimits.roundPauseMs - 1)
    expect(orders).toHaveLength(2)
    await wait(1)
    expect(orders).toHaveLength(3)
    expect(orders[0]).toMatchObject({ now: START, identityMs: 3 * DAY_MS, numericsMs: 14 * DAY_MS, framesMs: 3 * DAY_MS, stripsMs: 7 * DAY_MS, databaseBytesMax: 50e9, hold: { kind: 'none' } })
    expect(orders[0]?.freeBytes).toBeGreaterThan(0)
    await end()
  })

  it('deletes nothing while the wall clock stands where it cannot be', async () => {
    const { clock, orders, wait, end } = keeping([])
    await wait(0)
    clock.step(retentionLimits.clockStepMsMax + 1)
    await wait(retentionLimits.roundPauseMs)
    expect(orders).toHaveLength(1)
    clock.step(-2)
    await wait(retentionLimits.roundPauseMs)
    expect(orders).toHaveLength(2)
    await end()
  })

  it('says aloud what went before its time, and takes it back when none has for a day', async () => {
    const since = { ...DONE, forcedAt: START + retentionLimits.roundPauseMs }
    const { forced, wait, end } = keeping([DONE, { ...since, forced: FORCED }, since, since, since])
    await wait(0)
    // Left open by an earlier life, and over.
    expect(forced).toEqual([null])
    await wait(retentionLimits.roundPauseMs)
    await wait(retentionLimits.roundPauseMs)
    expect(forced).toEqual([null, FORCED])
    await wait(retentionLimits.forcedHoldMs)
    await wait(retentionLimits.roundPauseMs)
    expect(forced).toEqual([null, FORCED, null])
    await end()
  })

  it('does not take back at a start what an earlier life of the gateway said less than a day ago, nor before it knows', async () => {
    const since = { ...DONE, forcedAt: START - retentionLimits.forcedHoldMs + retentionLimits.roundPauseMs * 2 }
    const { forced, wait, end } = keeping([{ kind: 'failed', why: 'the disk is away' }, since, since])
    await wait(0)
    await wait(retentionLimits.roundPauseMs)
    expect(forced).toEqual([])
    await wait(retentionLimits.roundPauseMs)
    expect(forced).toEqual([null])
    await end()
  })
})

describe('doctor', () => {
  it('hears how far back the log goes and what was done', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    expect(retentionNews(folder.path, now).what).toBe('The log is empty; nothing was old enough to delete yet')
    open.write(tick({ snapshots: Array.from({ length: 40 }, (_, hour) => heartRate(80, { stay: null, receivedAt: START + hour * 3_600_000 })) }))
    const order = { now: wallMs(START + 15 * DAY_MS), identityMs: DAY_MS, numericsMs: 14 * DAY_MS, framesMs: DAY_MS, stripsMs: DAY_MS, databaseBytesMax: 1e12, freeBytes: null, hold: { kind: 'none' } } as const
    const retain = (of: RetentionOrder): void => {
      for (let more = true; more; ) {
        const report = open.writer.retain(of)
        more = report.kind === 'done' && report.more
      }
    }
    retain(order)
    const { what, remedy } = retentionNews(folder.path, now)
    expect([what, remedy]).toEqual([expect.stringMatching(/^The log goes back to 2026-01-16T.*; last deleted 2026-01-30T.*; in all 24 rows, 0 identities, 0 frames, 0 waveforms of alerts$/), null])
    retain({ ...order, now: wallMs(START + 16 * DAY_MS), freeBytes: 0 })
    expect(retentionNews(folder.path, wallMs(START + 16 * DAY_MS))).toMatchObject({ what: expect.stringMatching(/rows \d+ to \d+ went before their time/), remedy: expect.stringMatching(/Make room/) })
    expect(open.writer.retain({ ...order, now: wallMs(START + 16 * DAY_MS + 1) })).toMatchObject({ kind: 'done', forced: null, forcedAt: START + 16 * DAY_MS })
  })
})
