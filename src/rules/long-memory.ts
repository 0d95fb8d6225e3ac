/**
 * What of a stay's memory reaches further back than a restart folds again: course, usual pressure, laboratory. It is kept
 * with the stay, every few minutes, so that a gateway that was killed knows a patient as the one before it did. Pure.
 */

import { metricOfId } from '../domain/metrics.ts'
import { monoMs, wallMs } from '../domain/time.ts'
import { type Course, TRACKED } from './course.ts'
import { LABS, type Lab, type Labs } from './labs.ts'
import { type Memory, NO_MEMORY } from './memory.ts'

/** Plain data, written as JSON. Times in ms on the axis of rows and ticks, which goes on over a restart; null: not known. */
export type LongMemory = {
  /** Everything heard until then is in it. */
  readonly heardTo: number
  readonly course: readonly (readonly [at: number, news2: number, values: readonly (number | null)[]])[]
  readonly pressure: readonly (readonly [halfHour: number, sum: number, count: number])[]
  readonly labs: readonly (readonly [lab: Lab, metric: string, value: number, measuredAt: number, until: number, wall: number])[]
}

export function keptOf({ course, pressure, labs, heardTo }: Memory): LongMemory {
  return {
    heardTo,
    course: course.map(({ at, news2, values }) => [at, news2, TRACKED.map((variable) => values[variable] ?? null)]),
    pressure: pressure.halfHours.map(({ number, sum, count }) => [number, sum, count]),
    labs: LABS.flatMap((lab) => {
      const known = labs[lab]
      return known === undefined ? [] : [[lab, known.metric.id, known.value, known.measuredAt, known.until, known.wall] as const]
    }),
  }
}

/** A memory to go on with: what is folded again adds nothing twice. */
export function recalled({ heardTo, course, pressure, labs }: LongMemory): Memory {
  return {
    ...NO_MEMORY,
    version: 1,
    heardTo: monoMs(heardTo),
    countedTo: monoMs(heardTo),
    course: course.map(([at, news2, values]): Course[number] => ({
      at: monoMs(at),
      news2,
      values: Object.fromEntries(TRACKED.flatMap((variable, place) => (typeof values[place] === 'number' ? [[variable, values[place]]] : []))),
    })),
    pressure: { sequence: 0, halfHours: pressure.map(([number, sum, count]) => ({ number, sum, count })) },
    labs: labs.reduce<Labs>((all, [lab, id, value, measuredAt, until, wall]) => {
      const metric = metricOfId(id)
      return metric === undefined ? all : { ...all, [lab]: { metric, value, measuredAt: monoMs(measuredAt), until: monoMs(until), wall: wallMs(wall) } }
    }, {}),
  }
}
