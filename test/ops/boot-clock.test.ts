import { expect, it } from 'vitest'
import { movedBy, parseBoot } from '../../src/domain/boot-time.ts'
import { bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { BootClock, bootSource } from '../../src/ops/boot-clock.ts'
import type { LoggedRow, Standing } from '../../src/seams.ts'
import { inTime } from '../../src/store/boot-times.ts'
import { snapshotRow } from '../sync/fakes.ts'

const WRONG = Date.UTC(2026, 5, 1)
const DAY = 86_400_000

/** A box, over its boots: `offMs` is how far its wall clock is behind the truth. */
function box() {
  const disk = new Map<string, Standing>()
  const state = { bootId: 'one', uptimeMs: 5_000, wall: WRONG, isSet: false, lastSeq: 0, isFailing: false }
  const pass = (ms: number): void => void ((state.uptimeMs += ms), (state.wall += ms))
  const start = (): BootClock =>
    new BootClock({
      source: { bootId: state.bootId, uptimeMs: () => state.uptimeMs, isSet: () => state.isSet }, wall: () => wallMs(state.wall), lastSeq: state.lastSeq,
      restored: [...disk.values()].map((one) => ({ ...one, value: JSON.parse(JSON.stringify(one.value)) })),
      write: async (one) => (state.isFailing ? false : (disk.set(one.key, one), true)),
    })
  const stretches = () => [...disk.values()].flatMap(({ value }) => parseBoot(value) ?? [])
  return { state, pass, start, stretches, disk }
}

it('a box that knows the time holds nothing back and writes nothing', async () => {
  const { state, start, disk } = box()
  state.isSet = true
  const clock = start()
  expect(clock.trouble).toBeNull()
  expect(await clock.tick(9)).toBe(false)
  expect(disk.size).toBe(0)
})

it('a box that does not waits, and once it was told the time moves what it stored by how far it was off', async () => {
  const { state, pass, start, stretches } = box()
  state.lastSeq = 10
  const clock = start()
  expect(clock.trouble).toContain('nothing leaves')
  pass(3_600_000)
  expect(await clock.tick(50)).toBe(false)
  state.isSet = true
  state.wall += 40 * DAY
  expect(await clock.tick(50)).toBe(true)
  expect(clock.trouble).toBeNull()
  expect(movedBy(stretches(), 30, wallMs(WRONG + 60_000))).toBe(40 * DAY)
  // Of before this boot, and of after.
  expect(movedBy(stretches(), 10, wallMs(WRONG + 60_000))).toBe(0)
  expect(movedBy(stretches(), 60, wallMs(state.wall + 1_000))).toBe(0)
})

it('goes on counting over a restart of the gateway, also where the time is told in between', async () => {
  const { state, pass, start, stretches } = box()
  start()
  pass(600_000)
  state.isSet = true
  state.wall += DAY
  state.lastSeq = 20
  const again = start()
  expect(again.trouble).not.toBeNull()
  expect(await again.tick(20)).toBe(true)
  expect(movedBy(stretches(), 5, wallMs(WRONG + 300_000))).toBe(DAY)
})

it('what was stored in a boot that never knew is sent as uncertain, and what comes later is not', async () => {
  const { state, start, stretches } = box()
  start()
  Object.assign(state, { bootId: 'two', uptimeMs: 1_000, isSet: true, wall: WRONG + 50 * DAY, lastSeq: 20 })
  const again = start()
  expect(again.trouble).toBeNull()
  expect(movedBy(stretches(), 20, wallMs(WRONG))).toBe('lost')
  expect(movedBy(stretches(), 21, wallMs(WRONG + 50 * DAY))).toBe(0)
})

it('a clock that was ahead shows hours that come again: those are left alone', async () => {
  const { state, pass, start, stretches } = box()
  const clock = start()
  pass(3_600_000)
  state.isSet = true
  state.wall -= 3_600_000
  expect(await clock.tick(7)).toBe(true)
  expect(movedBy(stretches(), 7, wallMs(WRONG + 60_000))).toBe(-3_600_000)
  expect(movedBy(stretches(), 8, wallMs(WRONG + 60_000))).toBe(0)
})

it('nothing leaves before what is known of the time is on disk', async () => {
  const { state, pass, start } = box()
  const clock = start()
  pass(1_000)
  Object.assign(state, { isSet: true, isFailing: true })
  expect(await clock.tick(1)).toBe(false)
  expect(clock.trouble).not.toBeNull()
  state.isFailing = false
  expect(await clock.tick(1)).toBe(true)
})

it('rows leave with their true times', () => {
  const boot = { fromSeq: 1, toSeq: null, from: wallMs(0), to: wallMs(9e12), byMs: DAY }
  const snapshot = snapshotRow(5, [{ value: 80 }])
  if (snapshot.kind !== 'snapshot') throw new Error('no snapshot')
  const moved = inTime(snapshot, [boot])
  expect(moved).toMatchObject({ kind: 'snapshot', snapshot: { receivedAt: snapshot.snapshot.receivedAt + DAY, observations: [{ correctedAt: (snapshot.snapshot.observations[0]?.correctedAt ?? 0) + DAY }] } })
  const watch: LoggedRow = { kind: 'event', seq: 6, stored: { at: wallMs(1_000), kind: 'watch', subject: { bed: bedId('b'), stay: stayId('s'), device: null }, changes: [{ bed: bedId('b'), stay: stayId('s'), rule: 'score', from: wallMs(500), state: 'armed' }] } }
  expect(inTime(watch, [boot])).toMatchObject({ stored: { at: DAY + 1_000, changes: [{ from: DAY + 500 }] } })
  const lost = inTime(snapshot, [{ ...boot, byMs: null, toSeq: 5 }])
  expect(lost).toMatchObject({ snapshot: { receivedAt: snapshot.snapshot.receivedAt, observations: [{ boundMs: 31 * DAY }] } })
  expect(inTime(snapshot, [])).toBe(snapshot)
})

it.each([
  ['with a battery clock', ['/dev/rtc0', '/run/systemd/timesync'], WRONG, true],
  ['without one, before it was told', ['/run/systemd/timesync'], WRONG, false],
  ['without one, after', ['/run/systemd/timesync', '/run/systemd/timesync/synchronized'], WRONG, true],
  ['in a container, where nobody would tell', [], WRONG, true],
  ['in 1970', ['/dev/rtc0'], 5_000, false],
])('%s', (_, files, wall, isSet) => {
  expect(bootSource((path) => files.includes(path), () => 'x').isSet(wallMs(wall))).toBe(isSet)
})

it.each([null, {}, { bootId: 1 }, 'x'])('what is no boot is as if nobody had said it: %j', (value) => expect(parseBoot(value)).toBeNull())
