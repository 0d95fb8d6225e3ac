import { expect, it } from 'vitest'
import { BOOT_KEY, beginBoot, toldBoot } from '../../src/domain/boot-time.ts'
import { alertId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import type { StoredEvent } from '../../src/seams.ts'
import { inTime, trueTime } from '../../src/store/boot-times.ts'
import { openStayReader } from '../../src/store/sync-stays.ts'
import { gatewayEvent, heartRate, phase, stay, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const DAY = 86_400_000

it('the reader that sync reads with gives rows of before the time was known their true times', () => {
  using folder = tempFolder()
  using store = writing(folder.path)
  const wrong = heartRate(80)
  const boot = beginBoot('one', 1, { wall: wallMs(wrong.receivedAt - 1_000), uptimeMs: 5_000 })
  store.write(tick({ snapshots: [wrong], events: [gatewayEvent('started')] }))
  const read = () => {
    using reader = openLogReader(folder.path)
    return reader.read(0, 10)
  }
  const before = read()
  const told = toldBoot(boot, { wall: wallMs(wrong.receivedAt + 60_000 + DAY), uptimeMs: 66_000 }, 2)
  store.write(tick({ standing: [{ key: `${BOOT_KEY}1`, at: boot.from, value: told }] }))
  const after = read()
  expect(told.byMs).toBe(DAY)
  expect(after.map((row) => (row.kind === 'snapshot' ? row.snapshot.receivedAt : row.stored.at))).toEqual(before.map((row) => (row.kind === 'snapshot' ? row.snapshot.receivedAt : row.stored.at) + DAY))
})

it('a stay that began before the time was known is released in its true time, with its rows; one of the same hour of another day stays as it is', () => {
  using folder = tempFolder()
  using store = writing(folder.path)
  const of = { stay: 'stay-1' }
  const wrong = heartRate(80, of)
  const shown = wrong.receivedAt
  // Lived in truth, a day before the clock showed that hour again.
  store.write(tick({ snapshots: [heartRate(70, { stay: 'stay-0', receivedAt: shown - 3_600_000 })], stays: [stay('stay-0', { openedAt: wallMs(shown - 3_600_000), closedAt: wallMs(shown - 3_500_000) })] }))
  const boot = beginBoot('one', 2, { wall: wallMs(shown - 1_000), uptimeMs: 5_000 })
  store.write(tick({ snapshots: [wrong], stays: [stay('stay-1', { openedAt: shown })] }))
  const told = toldBoot(boot, { wall: wallMs(shown + 60_000 + DAY), uptimeMs: 66_000 }, 2)
  store.write(tick({
    standing: [{ key: `${BOOT_KEY}2`, at: boot.from, value: told }],
    snapshots: [heartRate(81, { ...of, receivedAt: shown + 120_000 + DAY })], stays: [stay('stay-1', { openedAt: shown, closedAt: wallMs(shown + 180_000 + DAY) })],
  }))
  const reader = openStayReader(folder.path)
  expect(reader.stays().map(({ stay: id, openedAt, closedAt }) => [id, openedAt - shown, (closedAt ?? 0) - shown])).toEqual([['stay-0', -3_600_000, -3_500_000], ['stay-1', DAY, DAY + 180_000]])
  expect(reader.firstSeqSince(wallMs(shown + DAY), wallMs(shown + 2 * DAY))).toBe(2)
  const { rows } = reader.rowsOf('stay-1', { seqFrom: 1, seqTo: 10 }, { rowsMax: 10, readingsMax: 100 })
  expect(rows.map((row) => (row.kind === 'snapshot' ? row.snapshot.receivedAt - shown : null))).toEqual([DAY, DAY + 120_000])
  reader.close()
})

it('a minute that the log entered outside of the wrong hours too tells nobody which of both is meant', () => {
  const at = wallMs(1_800_000_000_000)
  const stretch = { fromSeq: 10, toSeq: null, from: wallMs(at - 60_000), to: wallMs(at + 60_000), byMs: DAY }
  const ahead = { ...stretch, toSeq: 20, byMs: -DAY }
  const moved = (of: typeof stretch | typeof ahead, firstSeq: number | null, lastMark: number | null) => trueTime(at, [of], () => ({ firstSeq, lastMark })) - at
  expect([moved(stretch, 10, 12), moved(stretch, 9, 12), moved(stretch, null, null)]).toEqual([DAY, 0, 0])
  expect([moved(ahead, 10, 20), moved(ahead, 10, 21)]).toEqual([-DAY, 0])
  expect(trueTime(wallMs(at + 60_001), [stretch], () => ({ firstSeq: 10, lastMark: 12 }))).toBe(at + 60_001)
})

it('an alert of before the time was known has all that it says of times moved with it: what it rests on, and until when it was paused', () => {
  const at = wallMs(1_800_000_000_000)
  const stretch = { fromSeq: 1, toSeq: null, from: wallMs(at - 60_000), to: wallMs(at + 60_000), byMs: DAY }
  const raised = phase('alert-1', 'active', at, { onsetAt: wallMs(at - 10_000), bedside: { how: 'audio-paused', at: wallMs(at - 5_000) } })
  const paused = { at, kind: 'alert' as const, event: { kind: 'audio-paused' as const, alertId: alertId('alert-1'), at, by: 'anna', until: wallMs(at + 120_000) } }
  const timesOf = (stored: StoredEvent): readonly number[] => {
    const row = inTime({ kind: 'event', seq: 5, stored }, [stretch])
    if (row.kind !== 'event' || row.stored.kind !== 'alert') return []
    const { event } = row.stored
    const all = event.kind === 'phase' ? [event.at, event.onsetAt, event.bedside?.at, ...event.because.inputs.map((input) => input.at)] : event.kind === 'audio-paused' ? [event.at, event.until] : []
    return all.map((one) => (one ?? 0) - at)
  }
  expect(timesOf(paused)).toEqual([DAY, DAY + 120_000])
  const inputs = raised.kind === 'alert' && raised.event.kind === 'phase' ? raised.event.because.inputs.map((input) => input.at - at + DAY) : []
  expect(timesOf(raised)).toEqual([DAY, DAY - 10_000, DAY - 5_000, ...inputs])
  expect(inputs.length).toBeGreaterThan(0)
  // Raised a second after the time was told, of what was stamped before.
  const after = phase('alert-2', 'active', wallMs(at + 61_000 + DAY), { because: { rule: 'threshold', version: '1', inputs: [{ name: 'SpO₂', value: 84, unit: '%', at }], limit: null, missing: [] } })
  expect(timesOf(after)).toEqual([DAY + 61_000, -at, -at, DAY])
})
