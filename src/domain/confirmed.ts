/** What a set of vital signs that a nurse confirms holds, and how its values lie in the log: as values of a device of their own. */

import { type BedId, type DeviceId, deviceId } from './ids.ts'
import { type Metric, metricOfId } from './metrics.ts'

export const OBSERVED_NAMES = ['rr', 'spo2', 'sbp', 'pulse', 'temperature'] as const
export type ObservedName = (typeof OBSERVED_NAMES)[number]

function metric(id: string): Metric {
  const found = metricOfId(id)
  if (!found) throw new Error(`no metric ${id}`)
  return found
}

/** As which metric each is kept. A cuff is how a pressure is taken where no line is in. */
export const OBSERVED_METRICS: Readonly<Record<ObservedName, Metric>> = {
  rr: metric('MDC_RESP_RATE'),
  spo2: metric('MDC_PULS_OXIM_SAT_O2'),
  sbp: metric('MDC_PRESS_BLD_NONINV_SYS'),
  pulse: metric('MDC_PULS_RATE'),
  temperature: metric('MDC_TEMP'),
}

/** Keeps them apart from what a monitor measures of the same metric. */
export const OBSERVED_CHANNEL = 'observed'

const OBSERVER = 'observed@'
const ID_CHARS_MAX = 64

/** Under whose name confirmed values of a bed are kept: no device, and never bound, silent or asked for a name. */
export const observerAt = (bed: BedId): DeviceId => deviceId(`${OBSERVER}${bed}`.slice(0, ID_CHARS_MAX))

/** Rules see a confirmed set as what it is, and never as values of a sensor. */
export const isObserver = (device: DeviceId): boolean => device.startsWith(OBSERVER)
