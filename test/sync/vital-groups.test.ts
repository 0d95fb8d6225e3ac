import fc from 'fast-check'
import { expect, it } from 'vitest'
import { syncLimits } from '../../src/limits.ts'
import type { LoggedRow } from '../../src/seams.ts'
import { type Group, groupsOf } from '../../src/sync/vital-groups.ts'
import { START, snapshotRow } from './fakes.ts'

const sensors = { sensorOf: (_device: string, _metric: string, channel: string) => channel.length }
const grouped = (rows: readonly LoggedRow[]): readonly Group[] => groupsOf(rows, { sensors, cutOf: () => 0 })

/** The rule as a sentence: values of one stay, device, metric, sensor and minute stand together, in the order of the log. */
function plainly(rows: readonly LoggedRow[]): readonly unknown[] {
  const values = rows.flatMap((row) => (row.kind !== 'snapshot' || row.snapshot.stay === null ? [] : row.snapshot.observations.map((observation) => ({ row, snapshot: row.snapshot, observation }))))
  const groups = Map.groupBy(values, ({ snapshot: { stay, device }, observation: { metric, channel, correctedAt } }) => [stay, device, metric.id, channel.length, Math.floor(correctedAt / 60_000)].join(' '))
  return [...groups].map(([name, some]) => [name, some.map(({ row }) => row.seq)])
}

const asSaid = (groups: readonly Group[]): readonly unknown[] =>
  groups.map(({ stay, device, metric, sensor, minute, columns }) => [[stay, device, metric.id, sensor, minute].join(' '), columns.map(({ seq }) => seq)])

const byName = (said: readonly unknown[]): readonly unknown[] => said.toSorted((a, b) => String(a).localeCompare(String(b)))

it('Values of one stay, device, metric, sensor and minute stand together, however they are mixed', () => {
  const value = fc.record({ metric: fc.constantFrom('MDC_ECG_HEART_RATE', 'MDC_PULS_OXIM_SAT_O2'), channel: fc.constantFrom('', 'a', 'b', 'cc'), value: fc.integer({ min: 1, max: 200 }), at: fc.integer({ min: -2, max: 2 }).map((minute) => START + minute * 61_000) })
  const row = fc.record({ device: fc.constantFrom('m1', 'm2'), stay: fc.constantFrom('stay-1', 'stay-2', null), values: fc.array(value, { maxLength: 4 }) })
  fc.assert(fc.property(fc.array(row, { maxLength: 40 }), (list) => {
    const rows = list.map(({ device, stay, values }, index) => snapshotRow(index + 1, values, { device, stay }))
    expect(byName(asSaid(grouped(rows)))).toEqual(byName(plainly(rows)))
  }))
})

it('One value more than an event may hold begins another, and what comes after it goes there', () => {
  const { readingsPerEventMax } = syncLimits
  // Two channels that one sensor stands for, so that each finds what the other has begun.
  const rows = Array.from({ length: readingsPerEventMax + 2 }, (_, index) => snapshotRow(index + 1, [{ value: 80, at: START, channel: index % 2 === 0 ? 'a' : 'b' }]))
  expect(grouped(rows).map(({ columns }) => columns.length).toSorted((a, b) => a - b)).toEqual([2, readingsPerEventMax])
  expect(grouped(rows).find(({ columns }) => columns.length === 2)?.columns.map(({ seq }) => seq)).toEqual([readingsPerEventMax + 1, readingsPerEventMax + 2])
})
