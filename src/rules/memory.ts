/** What all scores of a stay remember besides the last values: medians of the signals, laboratory, usual pressure, course. */

import type { Snapshot } from '../domain/observation.ts'
import { type MonoMs, monoMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { StayContext } from '../seams.ts'
import { type Baseline, countPressure, NO_BASELINE, usualPressure } from './baseline.ts'
import type { Promised } from './contract.ts'
import { type Course, isCourseDue, withCourse } from './course.ts'
import { gather } from './inputs.ts'
import { hearLabs, type Labs, NO_LABS } from './labs.ts'
import { hearSignals, type Medians, NO_MEDIANS } from './medians.ts'
import { bestSource, SCORED, type Vitals } from './vitals.ts'

export type Memory = {
  /** Counts its changes: what rests on it need not be computed again while this stays. */
  readonly version: number
  /** When the signals were looked at last. */
  readonly heardTo: MonoMs
  /** A pressure measured until then was counted by a gateway before this one. */
  readonly countedTo: MonoMs
  /** The next look at the signals. */
  readonly dueAt: MonoMs
  readonly medians: Medians
  readonly labs: Labs
  readonly pressure: Baseline
  /** Systolic, mmHg; null: not known. */
  readonly usualSbp: number | null
  readonly course: Course
}

const LONG_AGO = monoMs(-Number.MAX_SAFE_INTEGER)
export const NO_MEMORY: Memory = { version: 0, heardTo: LONG_AGO, countedTo: LONG_AGO, dueAt: LONG_AGO, medians: NO_MEDIANS, labs: NO_LABS, pressure: NO_BASELINE, usualSbp: null, course: [] }

type Heard = { readonly vitals: Vitals; readonly context: StayContext; readonly snapshot: Snapshot; readonly promised: Promised }

/** Looks at the signals every few seconds, however much a monitor says; the same object in between. */
export function remember(memory: Memory, { vitals, context, snapshot, promised }: Heard): Memory {
  const { at } = snapshot
  const labs = hearLabs(memory.labs, snapshot, promised)
  if (at < memory.dueAt) return labs === memory.labs ? memory : { ...memory, version: memory.version + 1, labs }
  const look = { vitals, at }
  const medians = hearSignals(memory.medians, look)
  const best = bestSource(look, 'sbp', SCORED)
  const pressure = best === null || best.sample.measuredAt <= memory.countedTo ? memory.pressure : countPressure(memory.pressure, best.sample)
  const heard: Memory = { version: memory.version + 1, heardTo: at, countedTo: memory.countedTo, dueAt: monoMs(at + ruleLimits.medianEveryMs), medians, labs, pressure, usualSbp: usualPressure(pressure, at), course: memory.course }
  if (!isCourseDue(memory.course, at)) return heard
  const gathered = gather({ ...look, context, memory: heard }, SCORED)
  return { ...heard, course: withCourse(memory.course, gathered, at) }
}
