/** What would make the release lane say one thing twice, or too early: rows that are put right between two releases, and a clock that is set. */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { RELEASED_KEY } from '../../src/domain/releases.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { releaseLimits } from '../../src/limits.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { createLived } from '../../src/sync/release-lived.ts'
import { tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'
import { type FakeCentral, type FakeClock, type Plan, type ReceivedBody, type ReceivedEvent, bodyOf, fakeCentral, fakeClock, scratch } from './fakes.ts'
import { HOUR_MS, SINK, START, openWard, recordOf, runUntil, wardClock, write } from './release-ward.ts'

const DAY_MIN = 24 * 60
const YEAR_MS = 365 * 86_400_000
const AN_HOUR = { settings: { delayFromMs: HOUR_MS, delayToMs: HOUR_MS } }

const vitalsOf = ({ held }: FakeCentral): readonly ReceivedEvent[] => [...held.values()].filter(({ eventType }) => eventType === 'vital-signs')
const valuesIn = (events: readonly ReceivedEvent[]): number => events.reduce((sum, { data }) => sum + (data.v?.length ?? 0), 0)

it('A stay that has left and was opened again does not leave a second time when the ledger is lost before it ends', async () => {
  using place = scratch()
  write(place.folder, [SOON])
  const clock = wardClock()
  const central = fakeCentral()
  const tell = (times: number, again: readonly string[]): void => {
    using open = writing(place.folder)
    open.write(tick({ standing: [{ key: `${RELEASED_KEY}${SINK}`, at: wallMs(START), value: { times, again } }] }))
  }
  const first = openWard(place.folder, clock, { central, ...AN_HOUR, released: (again) => tell(1, again) })
  await runUntil(first, 120)
  const out = central.held.size
  expect(out).toBeGreaterThan(0)
  {
    using open = writing(place.folder)
    open.write(tick({ stays: [recordOf({ ...SOON, to: null })] }))
  }
  await runUntil(first, 130)
  first.close()
  for (const end of ['', '-wal', '-shm']) rmSync(join(place.folder, `sync.db${end}`), { force: true })
  for (const life of [1, 2]) {
    const again = openWard(place.folder, clock, { central, seed: 1 + life, ...AN_HOUR, released: (ids) => tell(1, ids) })
    if (life === 2) {
      using open = writing(place.folder)
      open.write(tick({ stays: [recordOf({ ...SOON, to: 140 })] }))
    }
    await runUntil(again, life === 1 ? 140 : 2 * DAY_MIN)
    expect([central.held.size, again.ledger.releases.states(SINK)]).toEqual([out, { released: 1 }])
    again.close()
  }
})

describe('dead letters of several stays', () => {
  it('are sent again apart, so that nothing tells which releases came from one gateway', async () => {
    using place = scratch()
    write(place.folder, [SOON, { ...SOON, id: 'other', bed: 'bed-2', device: 'monitor-2' }])
    let plan: Plan = 'dead'
    const central = fakeCentral(() => plan)
    const ward = openWard(place.folder, wardClock(), { central })
    await runUntil(ward, 2 * DAY_MIN)
    const before = central.calls.length
    plan = 'accept'
    const letters = ward.ledger.deadLetters(SINK, 1_000)
    for (const { id } of letters) ward.ledger.askRetry(id)
    await runUntil(ward, 2 * DAY_MIN + 10)
    const again = central.calls.slice(before).map(({ body }) => bodyOf(body))
    const subjectOf = (event: ReceivedEvent): string => event.partitionKey ?? ('patientId' in event ? String(event.patientId) : '')
    const subjectsOf = ({ events }: ReceivedBody): readonly string[] => [...new Set(events.map(subjectOf))]
    expect(again.map((body) => subjectsOf(body).length)).toEqual(again.map(() => 1))
    expect(new Set(again.flatMap(subjectsOf)).size).toBe(2)
    expect(central.held.size).toBe(letters.length)
    for (const name of ['keyEpoch', 'organizationId', 'gatewayId']) expect(new Set(again.map(({ metadata }) => metadata[name])).size).toBe(again.length)
    ward.close()
  })
})

type Given = { readonly bed: string; readonly device: string; readonly stay: string | null; readonly from: number; readonly to: number }

/** What a monitor measured from one minute to another is given to a stay, or to nobody. */
function give(folder: string, { bed, device, stay, from, to }: Given): void {
  using open = writing(folder)
  open.write(tick({
    reissues: [{
      learnedAt: wallMs(START + to * 60_000), of: { bed: bedId(bed) }, from: wallMs(START + from * 60_000), to: wallMs(START + to * 60_000),
      devices: [deviceId(device)], bed: bedId(bed), stay: stay === null ? null : stayId(stay),
    }],
  }))
  while (open.writer.reissue() !== 'nothing');
}

const SOON = { id: 'soon', from: 0, to: 20 }
const LATE = { id: 'late', from: 0, to: 300, bed: 'bed-2', device: 'monitor-2' }

describe('rows that are put right when their stay is out', () => {
  it('do not leave once more with the stay to which they are given, whoever they were given to in between', async () => {
    for (const between of [[], [null]]) {
      using place = scratch()
      write(place.folder, [SOON, LATE], [SOON])
      const clock = wardClock()
      const central = fakeCentral()
      const first = openWard(place.folder, clock, { central, ...AN_HOUR })
      await runUntil(first, 120)
      const out = central.held.size
      expect(valuesIn(vitalsOf(central))).toBe(20 * 13)
      for (const stay of [...between, LATE.id]) give(place.folder, { bed: 'bed-1', device: 'monitor-1', stay, from: 10, to: 20 })
      await runUntil(first, DAY_MIN)
      expect([...central.held.values()].slice(out).map(({ eventType }) => eventType)).toEqual(['visit'])
      expect(first.ledger.withheld(SINK, first.log.epoch)).toContainEqual({ reason: 'after-release', rows: 20, readings: 10 * 13 })
      first.close()
    }
  })

  it('leave with the stay to which they were given while nobody was out', async () => {
    using place = scratch()
    write(place.folder, [SOON, LATE], [SOON])
    give(place.folder, { bed: 'bed-1', device: 'monitor-1', stay: LATE.id, from: 10, to: 20 })
    const ward = openWard(place.folder, wardClock(), AN_HOUR)
    await runUntil(ward, 120)
    expect(valuesIn(vitalsOf(ward.central))).toBe(10 * 13)
    await runUntil(ward, DAY_MIN)
    expect(valuesIn(vitalsOf(ward.central))).toBe(20 * 13)
    ward.close()
  })
})

/** The wall clock of a ward, which somebody sets; the time that passes is another. */
function setClock(clock: FakeClock): FakeClock & { setByMs: number } {
  const set = { ...clock, setByMs: 0, wall: () => wallMs(START + (set.now - BEGUN) + set.setByMs), mono: () => monoMs(set.now) }
  const BEGUN = clock.now
  return set
}

describe('a wall clock that is set', () => {
  it('lets no stay leave before its delay was lived through, however far it goes, over a restart too', async () => {
    for (const restarts of [false, true]) {
      using place = scratch()
      write(place.folder, [SOON])
      const clock = setClock(wardClock())
      const central = fakeCentral()
      const settings = { delayFromMs: 10 * HOUR_MS, delayToMs: 10 * HOUR_MS }
      const ward = openWard(place.folder, clock, { central, settings })
      await runUntil(ward, 5 * 60)
      clock.setByMs = YEAR_MS
      if (restarts) ward.close()
      const goesOn = restarts ? openWard(place.folder, clock, { central, settings }) : ward
      await runUntil(goesOn, 10 * 60)
      expect([restarts, central.calls.length]).toEqual([restarts, 0])
      await runUntil(goesOn, 11 * 60)
      expect([restarts, central.calls.length > 0]).toEqual([restarts, true])
      goesOn.close()
    }
  })

  it('does not hold a stay for ever when it was set ahead and back again', async () => {
    using place = scratch()
    write(place.folder, [SOON])
    const clock = setClock(wardClock())
    const ward = openWard(place.folder, clock, { settings: { delayFromMs: 10 * HOUR_MS, delayToMs: 10 * HOUR_MS } })
    await runUntil(ward, 3 * 60)
    clock.setByMs = YEAR_MS
    await runUntil(ward, 6 * 60)
    clock.setByMs = 0
    await runUntil(ward, 10 * 60)
    expect(ward.central.calls).toEqual([])
    await runUntil(ward, 11 * 60)
    expect(ward.central.calls.length).toBeGreaterThan(0)
    ward.close()
  })

  it('was set by what it shows more or less than time has passed, from ten minutes on, and is told of it once', () => {
    using place = scratch()
    using ledger = openSyncLedger(place.folder)
    const clock = fakeClock()
    const told: number[] = []
    const life = () => createLived({ sink: SINK, ledger, clock })
    let [lived, setByMs] = [life(), 0]
    const look = (): void => lived(wallMs(START + clock.now + setByMs), (byMs) => void told.push(byMs))
    look()
    const steps = [releaseLimits.clockStepMsMin - 1, releaseLimits.clockStepMsMin, -releaseLimits.clockStepMsMin, 1 - releaseLimits.clockStepMsMin]
    for (const byMs of steps) {
      clock.now += HOUR_MS
      look()
      setByMs += byMs
      look()
      look()
    }
    expect(told).toEqual([releaseLimits.clockStepMsMin, -releaseLimits.clockStepMsMin])
    // Nobody looked for a day: the time of it is not known to have been lived.
    clock.now += 24 * HOUR_MS
    lived = life()
    look()
    expect(told.at(-1)).toBeGreaterThan(23 * HOUR_MS)
  })

  it('lets no stay leave at once that had ended just before, and was not seen yet', async () => {
    using place = scratch()
    write(place.folder, [{ ...SOON, to: null }])
    const clock = setClock(wardClock())
    const ward = openWard(place.folder, clock, AN_HOUR)
    await runUntil(ward, 20)
    {
      using open = writing(place.folder)
      open.write(tick({ stays: [recordOf(SOON)] }))
    }
    clock.setByMs = YEAR_MS
    await runUntil(ward, 60)
    expect(ward.central.calls).toEqual([])
    await runUntil(ward, 90)
    expect(ward.central.calls.length).toBeGreaterThan(0)
    ward.close()
  })

  it('lets no stay leave at once that ended before the box knew the time, in a boot of which nobody ever learned when it was', async () => {
    using place = scratch()
    write(place.folder, [SOON])
    {
      using open = writing(place.folder)
      open.write(tick({ stays: [{ ...recordOf(SOON), openedAt: wallMs(0), closedAt: wallMs(20 * 60_000) }] }))
    }
    const ward = openWard(place.folder, wardClock(), AN_HOUR)
    await runUntil(ward, 55)
    expect(ward.central.calls).toEqual([])
    await runUntil(ward, 70)
    expect(ward.central.calls.length).toBeGreaterThan(0)
    ward.close()
  })

  it('counts nothing of it where the stay was opened again and ended once more', async () => {
    using place = scratch()
    write(place.folder, [SOON])
    const clock = setClock(wardClock())
    const ward = openWard(place.folder, clock, { settings: { delayFromMs: 10 * HOUR_MS, delayToMs: 10 * HOUR_MS } })
    await runUntil(ward, 60)
    clock.setByMs = YEAR_MS
    await runUntil(ward, 70)
    {
      using open = writing(place.folder)
      open.write(tick({ stays: [{ ...recordOf(SOON), closedAt: wallMs(START + 70 * 60_000 + YEAR_MS) }] }))
    }
    await runUntil(ward, 70 + 9 * 60)
    expect(ward.central.calls).toEqual([])
    await runUntil(ward, 70 + 11 * 60)
    expect(ward.central.calls.length).toBeGreaterThan(0)
    ward.close()
  })
})
