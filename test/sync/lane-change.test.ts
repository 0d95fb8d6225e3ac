/** A sink whose lane was changed in the site's file: what was cut for the one it had before must not leave through it. */

import { describe, expect, it } from 'vitest'
import type { LoggedRow } from '../../src/seams.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { type LaneName } from '../../src/sync/lanes.ts'
import { createPump } from '../../src/sync/pump.ts'
import { outOf } from '../../src/sync/release-out.ts'
import { type FakeCentral, NEVER, type Plan, START, bodyOf, fakeCentral, fakeClock, fakeLog, scratch, snapshotRow } from './fakes.ts'
import { SINK, openWard, runUntil, wardClock, write } from './release-ward.ts'

const DAY_MIN = 24 * 60

/** As one life of the gateway, in which central answers by `plan`. */
async function lived(folder: string, lane: LaneName, plan: () => Plan, log = openLogReader(folder) as Parameters<typeof createPump>[0]['log']): Promise<FakeCentral> {
  using ledger = openSyncLedger(folder)
  const central = fakeCentral(plan)
  const clock = fakeClock()
  const pump = createPump({ gatewayId: 'gw', organizationId: 'org', ledger, log, clock, sink: central.sink, random: () => 0.5, identifiers: () => [], lane, out: outOf(ledger.releases.stays(SINK)) })
  for (let steps = 0; steps < 30; steps++) {
    const next = await pump.step(NEVER)
    if (next.kind === 'wait' || next.kind === 'lingers') clock.now += next.ms
  }
  return central
}

const askAll = (folder: string): number => {
  using ledger = openSyncLedger(folder)
  const letters = ledger.deadLetters(SINK, 1_000)
  for (const { id } of letters) ledger.askRetry(id)
  return letters.length
}

const lanesOf = ({ calls }: FakeCentral): readonly unknown[] => [...new Set(calls.map(({ body }) => bodyOf(body).metadata['lane']))]
const keysOf = ({ calls }: FakeCentral): readonly string[] => calls.flatMap(({ body }) => bodyOf(body).events.map(({ key }) => key))

describe('what was cut for another lane', () => {
  it('live, with true times: is kept as dead letters once the sink releases, and is not sent again from there', async () => {
    using place = scratch()
    write(place.folder, [{ id: 'stay-0', from: 0, to: 20 }])
    const before = await lived(place.folder, 'live', () => 'unavailable')
    expect(before.calls.length).toBeGreaterThan(0)
    const ward = openWard(place.folder, wardClock())
    await runUntil(ward, 30)
    expect(keysOf(ward.central)).toEqual([])
    expect(askAll(place.folder)).toBeGreaterThan(0)
    await runUntil(ward, 2 * DAY_MIN)
    expect(ward.central.held.size).toBeGreaterThan(0)
    expect([lanesOf(ward.central), keysOf(ward.central).filter((key) => key.includes('/'))]).toEqual([['release'], []])
    ward.close()
  })

  it('live: what central refused then is not sent again as a release', async () => {
    using place = scratch()
    write(place.folder, [{ id: 'stay-0', from: 0, to: 20 }])
    await lived(place.folder, 'live', () => 'dead')
    const letters = askAll(place.folder)
    expect(letters).toBeGreaterThan(0)
    const ward = openWard(place.folder, wardClock())
    await runUntil(ward, 30)
    expect(keysOf(ward.central)).toEqual([])
    expect(ward.ledger.deadLetters(SINK, 1_000).map(({ retryAsked }) => retryAsked)).toEqual(Array.from({ length: letters }, () => false))
    ward.close()
  })

  it('hospital, by name: never goes to central, neither what waited nor what is asked for again', async () => {
    const rows: LoggedRow[] = [snapshotRow(1, [{ value: 60, flags: ['validated'] }]), snapshotRow(2, [{ value: 61, at: START + 60_000, flags: ['validated'] }])]
    for (const plan of ['unavailable', 'dead'] as const) {
      using place = scratch()
      const before = await lived(place.folder, 'hospital', () => plan, fakeLog(rows))
      expect(before.calls.length).toBeGreaterThan(0)
      if (plan === 'dead') askAll(place.folder)
      const after = await lived(place.folder, 'live', () => 'accept', fakeLog(rows))
      askAll(place.folder)
      const again = await lived(place.folder, 'live', () => 'accept', fakeLog(rows))
      expect([...after.calls, ...again.calls].filter(({ body }) => new TextDecoder().decode(body).includes('stay-1'))).toEqual([])
      expect([plan, [...lanesOf(after), ...lanesOf(again)].filter((lane) => lane !== 'live')]).toEqual([plan, []])
    }
  })

  it('release: a stay that has left is not told once more with its true times, though the log is held for another', async () => {
    using place = scratch()
    const [out, lasts] = [{ id: 'stay-0', from: 0, to: 20 }, { id: 'stay-1', from: 0, to: null, bed: 'bed-2', device: 'monitor-2' }]
    write(place.folder, [out, lasts])
    const ward = openWard(place.folder, wardClock())
    await runUntil(ward, 2 * DAY_MIN)
    expect(ward.ledger.releases.states(SINK)).toEqual({ released: 1 })
    ward.close()
    const after = await lived(place.folder, 'live', () => 'accept')
    const events = after.calls.flatMap(({ body }) => bodyOf(body).events)
    expect(new Set(events.flatMap(({ eventType, partitionKey }) => (eventType === 'vital-signs' ? [partitionKey] : []))).size).toBe(1)
    expect(events.filter(({ eventType }) => eventType === 'alerts')).toHaveLength(1)
    using ledger = openSyncLedger(place.folder)
    using log = openLogReader(place.folder)
    expect(ledger.withheld(SINK, log.epoch)).toContainEqual({ reason: 'after-release', rows: 42, readings: 20 * 13 })
  })

  it('release: does not go under the name of the gateway', async () => {
    using place = scratch()
    write(place.folder, [{ id: 'stay-0', from: 0, to: 20 }])
    let plan: Plan = 'dead'
    const ward = openWard(place.folder, wardClock(), { central: fakeCentral(() => plan) })
    await runUntil(ward, 2 * DAY_MIN)
    const released = new Set(keysOf(ward.central))
    ward.close()
    plan = 'accept'
    expect(askAll(place.folder)).toBeGreaterThan(0)
    const after = await lived(place.folder, 'live', () => 'accept')
    expect(keysOf(after).filter((key) => released.has(key))).toEqual([])
  })
})
