import { expect, it } from 'vitest'
import { bedId } from '../../src/domain/ids.ts'
import { surrogate } from '../../src/domain/batch.ts'
import { wallMs } from '../../src/domain/time.ts'
import type { LoggedRow } from '../../src/seams.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { compileLive } from '../../src/sync/anonymise.ts'
import { type FakeClock, fakeClock } from '../fakes/clock.ts'
import { openedStore } from '../store/fake-disk.ts'
import { tempFolder } from '../store/fixture.ts'
import { openVerified } from '../store/verified.ts'
import { ward } from './fixture.ts'

const MINUTE = 60_000
const A = { mrn: 'A', name: 'Meyer^Anna' }
const B = { mrn: 'B', name: 'Kim^Lee' }

const rowsIn = (folder: string): readonly LoggedRow[] => {
  using reader = openLogReader(folder)
  expect(reader.damaged()).toEqual([])
  return reader.read(0, 10_000)
}
const current = (rows: readonly LoggedRow[]) => rows.flatMap((row) => (row.kind === 'snapshot' && row.isSuperseded !== true ? [row] : []))
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A gateway's heart on a real store, with its own thread and disk. */
async function gateway(folder: string, clock: FakeClock, minted = 0) {
  const opened = await openedStore({ folder, kind: 'demo', gatewayId: 'gw', clock })
  const { stays, openAlertEvents, messages, facts, pastStays } = opened
  const made = ward({ clock, minted, disk: (tick) => opened.store.commit(tick), restored: { stays, alertEvents: openAlertEvents, messages, facts, pastStays, recent: opened.recent(wallMs(clock.wall() - 15 * MINUTE)) } })
  return {
    ...made,
    opened,
    async end(): Promise<void> {
      await made.pump.close()
      await opened.store.close()
    },
  }
}

it('an admission that the registry tells ten minutes late puts ten minutes of rows right, over a restart in the middle', async () => {
  using folder = tempFolder()
  const clock = fakeClock()
  const first = await gateway(folder.path, clock)
  const registry = first.connect('registry')
  registry.say({ facts: [{ kind: 'admitted', patient: A, location: '^^1', visit: 'v1', effectiveAt: clock.wall() }] })
  const monitor = first.connect('mon-1')
  for (let second = 0; second < 1_200; second += 2) {
    monitor.say({ hr: 60 + (second % 40) })
    await clock.pass(2_000)
  }
  const began = clock.wall() - 1_200_000
  const changed = wallMs(began + 600_000)
  // Ten minutes ago A left, and B came.
  registry.say({
    facts: [
      { kind: 'discharged', patient: A, location: null, visit: 'v1', effectiveAt: changed },
      { kind: 'admitted', patient: B, location: '^^1', visit: 'v2', effectiveAt: wallMs(changed + 30_000) },
    ],
  })
  const live = first.pump.beds.get(bedId('bed-1'))?.stay
  expect(live).toMatchObject({ identity: B, openedAt: changed + 30_000 })
  await first.end()

  const second = await gateway(folder.path, clock, 100)
  expect(second.pump.beds.get(bedId('bed-1'))?.stay).toEqual(live)
  expect(second.opened.damaged).toEqual([])
  second.connect('mon-1').say({ hr: 99 })
  const isRight = (): boolean => current(rowsIn(folder.path)).filter(({ revision }) => revision === 1).length === 300
  while (!isRight()) await turn()
  await second.end()

  const rows = rowsIn(folder.path)
  const nameOf = new Map(second.opened.pastStays.concat(second.opened.stays).map(({ id, identity }) => [id, identity?.mrn ?? 'nobody']))
  const whose = (at: number): string => (at < changed ? 'A' : at < changed + 30_000 ? 'nobody' : 'B')
  const wrong = current(rows).filter(({ snapshot: { stay, observations } }) => observations.some(({ correctedAt }) => (stay === null ? 'nobody' : nameOf.get(stay)) !== whose(correctedAt)))
  expect(wrong).toEqual([])
  expect(current(rows)).toHaveLength(601)
  const superseded = rows.filter((row) => row.kind === 'snapshot' && row.isSuperseded === true)
  expect(superseded).toHaveLength(300)
  // Each takes the place of one, and both say the same but for whose it is.
  for (const row of current(rows)) {
    if (row.supersedes === undefined) continue
    const before = superseded.find(({ seq }) => seq === row.supersedes)
    expect(before).toMatchObject({ snapshot: { observations: row.snapshot.observations, receivedAt: row.snapshot.receivedAt, device: 'mon-1', bed: 'bed-1' } })
  }
  expect(openVerified(folder.path)).toEqual([])

  // What leaves the ward holds no measurement twice, and none of the wrong patient.
  let drawn = 0
  const surrogates = { of: () => surrogate(`${++drawn}`.padStart(32, '0')), sensorOf: () => 0, rememberAlert: () => undefined, subjectOfAlert: () => null }
  const { events, withheld } = compileLive(rows, { gatewayId: 'gw', epoch: 'e', surrogates })
  const sent = events.reduce((sum, { origin }) => sum + (origin?.measured ?? 0), 0)
  expect(sent).toBe(current(rows).filter(({ snapshot: { stay } }) => stay !== null).length)
  expect(sent).toBeGreaterThan(500)
  expect(withheld).toEqual(expect.arrayContaining([{ reason: 'superseded', rows: 300, readings: 300 }]))
})
