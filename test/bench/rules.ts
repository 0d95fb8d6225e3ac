/**
 * All live rules over a ward of a hundred beds at 1 Hz: readings a second, and what one bed takes. The floor is the least
 * that any rule must do with the same snapshots: look at each value and compare it with two limits.
 */

import { deviceId } from '../../src/domain/ids.ts'
import { METRICS, type Metric } from '../../src/domain/metrics.ts'
import type { Snapshot } from '../../src/domain/observation.ts'
import { measured } from '../../src/domain/reading.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { type BedState, bedRules } from '../../src/rules/bed.ts'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import type { StayContext } from '../../src/seams.ts'
import { median } from './measure.ts'
import type { Bench } from './run.ts'

const BEDS = 100
const ROUNDS = 7
const SECONDS = 60
/** Medians, usual pressure and course are full before anything is measured. */
const WARM_UP_SECONDS = 400
const WALL_START = Date.UTC(2026, 0, 1)

const SENSORS: readonly (readonly [id: string, value: number, sway: number])[] = [
  ['MDC_ECG_HEART_RATE', 88, 30], ['MDC_PULS_OXIM_PULS_RATE', 88, 30], ['MDC_PULS_OXIM_SAT_O2', 94, 5], ['MDC_TTHOR_RESP_RATE', 18, 6],
  ['MDC_PRESS_BLD_ART_SYS', 115, 25], ['MDC_PRESS_BLD_ART_DIA', 65, 12], ['MDC_PRESS_BLD_ART_MEAN', 82, 15], ['MDC_TEMP', 37.4, 1],
  ['MDC_BLD_PERF_INDEX', 3, 1], ['MDC_CONC_AWAY_CO2_ET', 38, 4], ['MDC_ECG_AMPL_ST_II', 0.1, 0.1], ['MDC_ECG_V_P_C_RATE', 1, 1],
]
const CONTEXT: StayContext = { population: 'adult', spo2Scale: 1, onOxygen: false, consciousness: 'A', infectionSuspected: true }

const metricOf = (id: string): Metric => {
  const metric = METRICS.find((row) => row.id === id)
  if (metric === undefined) throw new Error(`no metric ${id}`)
  return metric
}
const METRICS_SENT = SENSORS.map(([id, value, sway]) => ({ metric: metricOf(id), value, sway }))

/** What every bed says in one second; slow waves, so that alerts come and go. */
function secondOf(second: number): readonly Snapshot[] {
  const at = monoMs(second * 1_000)
  const wall = wallMs(WALL_START + second * 1_000)
  return Array.from({ length: BEDS }, (_, bed) => ({
    device: deviceId(`monitor-${bed}`), bed: null, stay: null, receivedAt: wall, at, sentAt: wall,
    observations: METRICS_SENT.map(({ metric, value, sway }, index) => ({
      metric, measurement: measured(Math.round((value + sway * Math.sin((second + bed * 37) / (40 + index * 13))) * 10) / 10),
      channel: '', deviceAt: wall, flags: [], correctedAt: wall, boundMs: 1_000,
    })),
  }))
}

function floorOf(snapshots: readonly Snapshot[]): number {
  let beyond = 0
  for (const { observations } of snapshots) {
    for (const { metric, measurement } of observations) {
      const limits = metric.variable === null ? undefined : DEFAULT_PROFILES.adult.variables[metric.variable.name]
      if (limits === undefined || measurement.kind === 'absent') continue
      if (measurement.value < (limits.low[0]?.beyond ?? -Infinity) || measurement.value > (limits.high[0]?.beyond ?? Infinity)) beyond++
    }
  }
  return beyond
}

export const bench: Bench = async () => {
  const states: BedState[] = Array.from({ length: BEDS }, () => bedRules.start(CONTEXT))
  let second = 0
  let signals = 0
  const live = (snapshots: readonly Snapshot[]): void => {
    snapshots.forEach((snapshot, bed) => {
      const before = states[bed]
      if (before === undefined) return
      const heard = bedRules.step(before, { kind: 'snapshot', snapshot })
      const ticked = bedRules.step(heard.state, { kind: 'tick', at: snapshot.at, wall: snapshot.receivedAt })
      states[bed] = ticked.state
      signals += heard.signals.length + ticked.signals.length
    })
  }
  for (; second < WARM_UP_SECONDS; second++) live(secondOf(second))
  const [liveMs, floorMs]: [number[], number[]] = [[], []]
  let beyond = 0
  for (let round = 0; round < ROUNDS; round++) {
    const minute = Array.from({ length: SECONDS }, (_, index) => secondOf(second + index))
    second += SECONDS
    let start = performance.now()
    for (const snapshots of minute) live(snapshots)
    liveMs.push(performance.now() - start)
    start = performance.now()
    for (const snapshots of minute) beyond += floorOf(snapshots)
    floorMs.push(performance.now() - start)
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (signals === 0 || beyond === 0) throw new Error('the rules found nothing to say: nothing was measured')
  const readings = BEDS * SECONDS * SENSORS.length
  return {
    bench: 'rules',
    // Times: less is better, so the ratio says how many times as long.
    ratios: { 'two comparisons a value': median(liveMs.map((ms, round) => ms / (floorMs[round] ?? Number.NaN))) },
    absolute: {
      readingsPerSecond: (readings * 1_000) / median(liveMs), usPerBedAndSecond: (median(liveMs) * 1_000) / (BEDS * SECONDS),
      shareOfOneCore: median(liveMs) / (SECONDS * 1_000), signalsPerBedAndHour: (signals * 3_600) / (BEDS * second),
    },
  }
}
