/** The plan on paper follows from the figures written in it. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DOCUMENT, bottleneckOf, documentOf, figuresIn, planOf } from '../../bench/fleet-plan.ts'
import type { FleetFigures } from '../../bench/fleet-plan.ts'
import { sharesOf } from '../../bench/fleet-profile.ts'

const FIGURES: FleetFigures = {
  date: '2026-01-01', load: 3, processors: 2,
  database: 'PostgreSQL', gateways: 1_000, beds: 20, metrics: 6, values: 12, seconds: 60, eventsPerSecond: 2_000, centralUsPerEvent: 100, postgresUsPerEvent: 400, busyShare: 0.2,
  wireBytesPerEvent: 100, plainBytesPerEvent: 500, storedBytesPerEvent: 2_000, walBytesPerEvent: 4_000, shares: { hash: 0.25, validate: 0.75 }, tables: { vital_signs_timeseries: 1_500 },
}

test('FLEET.md is what its figures make of it', () => {
  const written = readFileSync(DOCUMENT, 'utf8')
  expect(written).toBe(documentOf(figuresIn(written)))
})

test('the plan is the cost of one event times their number, at half load', () => {
  const plan = planOf(FIGURES, 100_000)
  // 100,000 gateways × 20 beds × 6 metrics a minute.
  expect(plan.eventsPerSecond).toBe(200_000)
  expect(plan.centrals).toBe(40)
  expect(plan.databaseCores).toBe(160)
  expect(plan.databases).toBe(5)
  expect(plan.megabitsPerSecond).toBe(160)
  expect(plan.partitions).toBe(80)
  expect(plan.walMegabytesPerSecond).toBe(800)
  // 2,000 bytes × 200,000 a second × 30 days.
  expect(plan.rawTerabytes).toBeCloseTo(1_036.8, 6)
  expect(plan.dollarsPerGatewayMonth).toBeCloseTo((200 * 0.04 * 730 + 1_036_800 * 0.08) / 100_000, 6)
  expect(planOf({ ...FIGURES, postgresUsPerEvent: 800 }, 100_000).databaseCores).toBe(320)
})

test('the bottleneck is the dearest part of one event', () => {
  expect(bottleneckOf(FIGURES)).toEqual({ name: 'SQL (PostgreSQL)', us: 400 })
  expect(bottleneckOf({ ...FIGURES, postgresUsPerEvent: 50 })).toEqual({ name: 'validate (central)', us: 75 })
})

test('a sample of the profile counts for the nearest part that called it', () => {
  const frame = (functionName: string, url = '') => ({ functionName, scriptId: '0', url, lineNumber: 0, columnNumber: 0 })
  const nodes = [
    { id: 1, callFrame: frame('(root)'), children: [2, 5, 6] },
    { id: 2, callFrame: frame('readBatch', 'file:///simulators/central/ingest.ts'), children: [3] },
    { id: 3, callFrame: frame('safeParse', 'file:///node_modules/zod/v4/core/parse.js'), children: [4] },
    { id: 4, callFrame: frame('anonymous') },
    { id: 5, callFrame: frame('(idle)') },
    { id: 6, callFrame: frame('(garbage collector)') },
  ]
  const { shares } = sharesOf({ nodes, startTime: 0, endTime: 10, samples: [4, 2, 5, 6], timeDeltas: [4_000, 2_000, 90_000, 2_000] })
  expect(shares).toMatchObject({ validate: 0.5, hash: 0.25, garbage: 0.25, other: 0 })
})
