import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { RELEASED_KEY, releasedIn } from '../../src/domain/releases.ts'
import { wallMs } from '../../src/domain/time.ts'
import { openStayReader } from '../../src/store/sync-stays.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { missReleases, releasesOf } from '../../src/sync/release-count.ts'
import { tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'
import { NEVER, type Plan, bodyOf, fakeCentral, scratch } from './fakes.ts'
import { HOUR_MS, SINK, START, openWard, runUntil, wardClock, write } from './release-ward.ts'

const DAY_MIN = 24 * 60
const ONE = [{ id: 'stay-0', from: 0, to: 20 }]

describe('a ledger that is not the one that the last release was written in', () => {
  it('is missed when it was deleted, and no stay that had ended leaves a second time', async () => {
    using place = scratch()
    write(place.folder, ONE)
    const ward = openWard(place.folder, wardClock())
    await runUntil(ward, 2 * DAY_MIN)
    const times = releasesOf(ward.ledger, SINK)
    expect([times, ward.central.calls.length > 0]).toEqual([1, true])
    ward.close()
    {
      using open = writing(place.folder)
      open.write(tick({ standing: [{ key: `${RELEASED_KEY}${SINK}`, at: wallMs(START), value: { times } }] }))
    }
    for (const end of ['', '-wal', '-shm']) rmSync(join(place.folder, `sync.db${end}`), { force: true })

    using ledger = openSyncLedger(place.folder)
    const reader = openStayReader(place.folder)
    expect(reader.released(SINK).times).toBe(1)
    expect(reader.released('another')).toEqual({ times: 0, again: [] })
    expect(missReleases(ledger, SINK, reader.released(SINK).times)).toBe(1)
    reader.close()
    // Now another incarnation begins, of which the release lane's own tests say that nothing that had ended leaves in it.
    expect(ledger.lostIn('e1')).toBe(true)
    expect(ledger.lostIn('e2')).toBe(false)
    expect(missReleases(ledger, SINK, 1)).toBe(1)
    expect(ledger.lostIn('e2')).toBe(false)
  })

  it('is missed when an older one was put in its place, and not when it knows more than the log was told', () => {
    using place = scratch()
    using ledger = openSyncLedger(place.folder)
    ledger.count(SINK, 'releases', 2)
    expect(missReleases(ledger, SINK, 1)).toBe(2)
    expect(ledger.lostIn('e1')).toBe(false)
    expect(missReleases(ledger, SINK, 3)).toBe(3)
    expect(ledger.lostIn('e1')).toBe(true)
  })

  it('is not missed where nothing was ever released, or where what is said of it cannot be read', () => {
    using place = scratch()
    using ledger = openSyncLedger(place.folder)
    for (const said of [null, 'three', { times: 'three' }, { times: 0.5 }, [], undefined]) expect(missReleases(ledger, SINK, releasedIn(said).times)).toBe(0)
    expect(ledger.lostIn('e1')).toBe(false)
  })

  it('lets no stay leave that began before its files were set back', async () => {
    using place = scratch()
    write(place.folder, ONE)
    const ward = openWard(place.folder, wardClock())
    const log = { ...ward.log, epochs: [{ epoch: 'before', firstSeq: 1, why: 'created' as const }, { epoch: ward.log.epoch, firstSeq: 20, why: 'rolled-back' as const }] }
    const other = openWard(place.folder, wardClock(), { over: { log } })
    await runUntil(other, 2 * DAY_MIN)
    expect(other.central.calls).toEqual([])
    expect(other.ledger.releases.states(SINK)).toEqual({ released: 1 })
    other.close()
    ward.close()
  })
})

it('How long the first of few waits for others is told by no other ward, lies between half of it and all of it, and is the same after a restart', async () => {
  const waits: number[] = []
  for (let wardNumber = 0; wardNumber < 6; wardNumber++) {
    using place = scratch()
    write(place.folder, ONE)
    const clock = wardClock()
    const settings = { staysMin: 2, gatherMs: 60 * HOUR_MS, delayToMs: HOUR_MS }
    const ward = openWard(place.folder, clock, { settings })
    // It ended in minute 20 and is due an hour later.
    await runUntil(ward, 80 + 29 * 60)
    expect(ward.central.calls).toEqual([])
    ward.close()
    const again = openWard(place.folder, clock, { settings })
    let minute = 80 + 29 * 60
    while (again.central.calls.length === 0 && minute < 80 + 62 * 60) await runUntil(again, (minute += 60))
    waits.push((minute - 80) / 60)
    again.close()
  }
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(30)
  expect(Math.max(...waits)).toBeLessThanOrEqual(61)
  expect(new Set(waits).size).toBeGreaterThan(2)
})

it('Rows that are put right while their stay is on its way out are counted, and do not leave', async () => {
  using place = scratch()
  write(place.folder, [...ONE, { id: 'stay-1', from: 0, to: 20, bed: 'bed-2', device: 'monitor-2' }])
  const ward = openWard(place.folder, wardClock(), { settings: { staysMin: 2, gatherMs: 100 * HOUR_MS } })
  // Up to the moment in which they are drawn: nothing is cut yet.
  for (let steps = 0; ward.ledger.releases.current(SINK) === null; steps++) {
    const step = await ward.pump.step(NEVER)
    if (step.kind !== 'done') ward.clock.now += 300_000
    if (steps > 10_000) throw new Error('no release began')
  }
  expect(ward.ledger.releases.states(SINK)).toEqual({ leaving: 2 })
  {
    using open = writing(place.folder)
    open.write(tick({
      reissues: [{
        learnedAt: wallMs(START + 21 * 60_000), of: { bed: bedId('bed-1') }, from: wallMs(START + 10 * 60_000), to: wallMs(START + 20 * 60_000),
        devices: [deviceId('monitor-1')], bed: bedId('bed-1'), stay: stayId('stay-1'),
      }],
    }))
    while (open.writer.reissue() !== 'nothing');
  }
  // Long enough that the log is looked at once more before they are cut.
  ward.clock.now += HOUR_MS
  await runUntil(ward, 12 * DAY_MIN)
  expect(ward.ledger.withheld(SINK, ward.log.epoch)).toContainEqual({ reason: 'after-release', rows: 20, readings: 10 * 13 })
  ward.close()
})

it('Dead letters of a time when dates were shifted are never told to be more than that', async () => {
  using place = scratch()
  write(place.folder, ONE)
  let plan: Plan = 'dead'
  const central = fakeCentral(() => plan)
  const clock = wardClock()
  const before = openWard(place.folder, clock, { central, settings: { method: 'date-shift' } })
  await runUntil(before, 2 * DAY_MIN)
  const letters = before.ledger.deadLetters(SINK, 1_000)
  expect(letters.length).toBeGreaterThan(10)
  plan = 'accept'
  for (const { id } of letters) before.ledger.askRetry(id)
  before.close()
  const after = openWard(place.folder, clock, { central, settings: { method: 'safe-harbor' } })
  await runUntil(after, 2 * DAY_MIN + 10)
  expect(central.held.size).toBe(letters.length)
  expect(bodyOf(central.calls.at(-1)?.body ?? new Uint8Array()).metadata).toMatchObject({ lane: 'release', method: 'date-shift' })
  after.close()
})
