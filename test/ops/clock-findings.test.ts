import { expect, it } from 'vitest'
import { wallMs } from '../../src/domain/time.ts'
import { bootFindings, boxClock, boxFindings, deviceClockFindings } from '../../src/ops/clock-findings.ts'
import { CLOCK_KEY } from '../../src/pump/clock-doctor.ts'
import type { KnownTime } from '../../src/rules/device-time.ts'

const NOW = wallMs(Date.UTC(2026, 10, 22, 12))
const DAY = 86_400_000

const known = (of: Partial<KnownTime>): KnownTime =>
  ({ epoch: 1, step: null, isWhole: false, slope: 0, slopeDoubt: 0.001, spreadMs: 0, everyMs: 1_000, offsetMs: 0, at: wallMs(NOW - 60_000), ...of })
const said = (of: Partial<KnownTime>) => deviceClockFindings(['mon-1'], [{ key: `${CLOCK_KEY}mon-1`, at: NOW, value: JSON.parse(JSON.stringify(known(of))) }], NOW)

it('the clock of a device is told with its bound, and no remedy where it is right', () => {
  expect(said({ isWhole: true, offsetMs: 1_200 })).toEqual([{ grade: 'good', what: 'Clock of mon-1: right (± 1.9 s); no drift; as written down 2026-11-22T11:59:00.000Z', remedy: null }])
  expect(said({ slope: null })[0]?.what).toContain('drift not known yet')
})

it('one that is wrong, drifts, or was set lately is told with what to do', () => {
  const [wrong] = said({ offsetMs: -24 * 60_000, slope: -0.001 })
  expect(wrong).toMatchObject({ grade: 'odd', what: expect.stringContaining('24 min behind (± 0.9 s); loses 1 min 26 s a day') })
  expect(wrong?.remedy).toContain('Set it at mon-1')
  expect(said({ slope: 0.001 })[0]).toMatchObject({ grade: 'odd', remedy: expect.stringContaining('from the network') })
  expect(said({ epoch: 3, step: { at: wallMs(NOW - DAY), byMs: -3_600_000 } })[0]).toMatchObject({ grade: 'odd', what: expect.stringContaining('jumped 2 times, last back by 1 h at 2026-11-21T12:00:00.000Z') })
  expect(said({ epoch: 2, step: { at: wallMs(NOW - 8 * DAY), byMs: -3_600_000 } })[0]).toMatchObject({ grade: 'good' })
})

it('devices are told in the order of the site; those that nobody knows, and what is damaged, in one line', () => {
  const standing = ['b', 'a', 'gone'].map((id) => ({ key: CLOCK_KEY + id, at: NOW, value: known({}) }))
  const whats = deviceClockFindings(['a', 'b', 'c', 'd'], [...standing, { key: `${CLOCK_KEY}d`, at: NOW, value: { epoch: 'x' } }], NOW).map(({ what }) => what)
  expect(whats.map((what) => what.slice(0, 11))).toEqual(['Clock of a:', 'Clock of b:', 'Not known, '])
  expect(whats[2]).toContain('clocks of c, d')
})

it('the box says whether its clock is synchronised and goes on while it is off', async () => {
  const clock = (answer: string | null, ...files: string[]) => boxClock((path) => files.includes(path), async () => answer)
  expect(await clock('yes', '/dev/rtc0')).toEqual({ isSynchronized: true, hasBattery: true })
  expect(await clock('no')).toEqual({ isSynchronized: false, hasBattery: false })
  expect(await clock(null)).toEqual({ isSynchronized: null, hasBattery: false })
  expect(await clock(null, '/run/systemd/timesync/synchronized')).toEqual({ isSynchronized: true, hasBattery: false })
  const gradeOf = async (...of: Parameters<typeof clock>) => boxFindings(await clock(...of), NOW)[0]?.grade
  expect([await gradeOf('yes'), await gradeOf('no', '/dev/rtc'), await gradeOf(null)]).toEqual(['good', 'odd', 'odd'])
  expect(boxFindings(await clock('no'), NOW)[0]?.remedy).toContain('Nothing leaves')
  expect(boxFindings(await clock('yes'), wallMs(Date.UTC(1970, 0, 1)))[0]?.grade).toBe('wrong')
})

it('a start without the time is told while it lasts, and where nobody will ever know', () => {
  const boot = { bootId: 'one', fromSeq: 11, toSeq: null, from: NOW, to: null, byMs: null, uptimeMs: 5_000, isOver: false }
  const told = (of: object) => bootFindings([{ key: 'boot/11', at: NOW, value: { ...boot, ...of } }]).map(({ what }) => what)
  expect(told({})).toEqual(['The gateway was not told the time since it started: rows from 11 on wait'])
  expect(told({ isOver: true, toSeq: 20 })[0]).toContain('Rows 11 to 20')
  expect(told({ isOver: true, byMs: 0 })).toEqual([])
})
