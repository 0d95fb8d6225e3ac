/**
 * Readings a second into the store, durable: snapshots of 12 values in ticks of 20, a bounded number of ticks on their way.
 * Against one row a reading in the same transactions, on a thread of its own too. In short turns; also bytes a reading on disk.
 */

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import type { Metric } from '../../src/domain/metrics.ts'
import { METRICS } from '../../src/domain/metrics.ts'
import type { Snapshot } from '../../src/domain/observation.ts'
import { measured } from '../../src/domain/reading.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import type { Tick } from '../../src/seams.ts'
import { openStore } from '../../src/store/store.ts'
import { once } from 'node:events'
import { median } from './measure.ts'
import { READING_DOUBLES } from './rows-thread.ts'
import type { Bench } from './run.ts'

const BEDS = 200
const VALUES = 12
const SNAPSHOTS_PER_TICK = 20
const TICKS_ON_THEIR_WAY = 64
const TICKS = 512
const TURN_MS = 500
const ROUNDS = 15
const WARM_UP_ROUNDS = 3
const READINGS_PER_TICK = SNAPSHOTS_PER_TICK * VALUES
const START = Date.UTC(2026, 0, 15, 2, 0, 0)

/** Hands over one tick; resolves when it is durable. */
type Way = (index: number) => Promise<unknown>

export const bench: Bench = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-bench-store-'))
  const snapshots = snapshotsOf(TICKS * SNAPSHOTS_PER_TICK)
  const ours = await openOurs(folder, snapshots)
  const rows = await openRows(folder, snapshots)
  const rates = { ours: [] as number[], rows: [] as number[] }
  const written = { ours: 0, rows: 0 }
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const [name, way] of [['ours', ours.way], ['rows', rows.way]] as const) {
      const { readings, ms } = await turn(way)
      written[name] += readings
      if (round >= 0) rates[name].push((readings * 1_000) / ms)
    }
  }
  await ours.close()
  await rows.close()
  const bytes = { ours: statSync(join(folder, 'vigil.db')).size / written.ours, rows: statSync(join(folder, 'rows.db')).size / written.rows }
  rmSync(folder, { recursive: true, force: true })
  return {
    bench: 'store',
    ratios: { rows: median(rates.ours.map((rate, round) => rate / (rates.rows[round] ?? Number.NaN))) },
    absolute: { readingsPerSecond: median(rates.ours), rowsPerSecond: median(rates.rows), bytesPerReading: bytes.ours, rowsBytesPerReading: bytes.rows },
  }
}

async function turn(way: Way): Promise<{ readonly readings: number; readonly ms: number }> {
  const start = performance.now()
  let ticks = 0
  const lane = async (): Promise<void> => {
    while (performance.now() - start < TURN_MS) await way(ticks++ % TICKS)
  }
  await Promise.all(Array.from({ length: TICKS_ON_THEIR_WAY }, lane))
  return { readings: ticks * READINGS_PER_TICK, ms: performance.now() - start }
}

/** Beds in turn, once a second each; values that move as those of patients do. */
function snapshotsOf(count: number): readonly Snapshot[] {
  const metrics = METRICS.slice(0, VALUES)
  return Array.from({ length: count }, (_, index) => {
    const bed = index % BEDS
    const at = START + Math.floor(index / BEDS) * 1_000 + bed * 5
    return {
      device: deviceId(`MON-${bed}`),
      bed: bedId(`bed-${bed}`),
      stay: stayId(`stay-${bed}`),
      receivedAt: wallMs(at),
      at: monoMs(at - START),
      sentAt: wallMs(at - 40),
      observations: metrics.map((metric, place) => ({ metric, measurement: measured(valueOf(metric, index + place)), channel: `1.${place}`, deviceAt: wallMs(at - 40), flags: [], correctedAt: wallMs(at), boundMs: 1_000 })),
    }
  })
}

function valueOf({ scored, decimals }: Metric, step: number): number {
  const value = scored.low + (scored.high - scored.low) * (0.5 + 0.1 * Math.sin(step / 7))
  return Number(value.toFixed(decimals))
}

async function openOurs(folder: string, snapshots: readonly Snapshot[]): Promise<{ readonly way: Way; readonly close: () => Promise<void> }> {
  const opened = await openStore({ folder, kind: 'real', gatewayId: 'bench', clock: realClock(REAL_TIME) })
  if (opened.kind === 'refused') throw new Error(opened.why)
  const ticks = Array.from({ length: TICKS }, (_, index): Tick => ({ snapshots: snapshots.slice(index * SNAPSHOTS_PER_TICK, (index + 1) * SNAPSHOTS_PER_TICK), events: [], stays: [], quarantined: [], messages: [] }))
  return {
    async way(index) {
      const tick = ticks[index]
      const result = tick && (await opened.store.commit(tick))
      if (result?.kind !== 'durable') throw new Error(result?.why)
    },
    close: () => opened.store.close(),
  }
}

async function openRows(folder: string, snapshots: readonly Snapshot[]): Promise<{ readonly way: Way; readonly close: () => Promise<void> }> {
  const worker = new Worker(new URL('rows-thread.ts', import.meta.url), { workerData: folder })
  await once(worker, 'message')
  const waiting: (() => void)[] = []
  worker.on('message', (durable: number) => waiting.splice(0, durable).forEach((done) => done()))
  return {
    way(index) {
      const tick = new Float64Array(READINGS_PER_TICK * READING_DOUBLES)
      let at = 0
      for (let place = 0; place < SNAPSHOTS_PER_TICK; place++) {
        const snapshot = snapshots[index * SNAPSHOTS_PER_TICK + place]
        snapshot?.observations.forEach(({ measurement }, metric) => {
          tick.set([snapshot.receivedAt, (index * SNAPSHOTS_PER_TICK + place) % BEDS, metric, metric, measurement.kind === 'measured' ? measurement.value : 0], at)
          at += READING_DOUBLES
        })
      }
      worker.postMessage(tick, [tick.buffer])
      return new Promise<void>((done) => waiting.push(done))
    },
    async close() {
      worker.postMessage('close')
      await once(worker, 'exit')
    },
  }
}
