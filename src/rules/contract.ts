/**
 * What a device promises of its values: how often they come, and how long one may be believed. A periodic value is live for
 * two intervals, a single measurement for a quarter of an hour, unless the device's contract says otherwise.
 */

import type { DeviceId } from '../domain/ids.ts'
import type { Metric } from '../domain/metrics.ts'
import { ruleLimits } from '../limits.ts'

/** Of one metric of one device; all times in ms. */
export type MetricContract = {
  /** Periodic: a signal. Episodic: measured now and then. Not there: as the metric table and the device's own mark say. */
  readonly kind?: Metric['kind']
  /** How often a value is promised. Of an episodic one nothing is promised unless this says so. */
  readonly everyMs?: number
  /** Greatest age of a value in a score. */
  readonly scoredMs?: number
}

export type DeviceContract = {
  /** How often its periodic values are promised. */
  readonly everyMs?: number
  /** By metric reference id. */
  readonly metrics?: Readonly<Record<string, MetricContract>>
}

export type Contracts = ReadonlyMap<DeviceId, DeviceContract>

/** What holds for the values of one source. */
export type Terms = {
  readonly episodic: boolean
  /** A value older than this is history: it raises nothing. */
  readonly liveMs: number
  /** No value for so long is silence of this metric; null: none is promised. */
  readonly silentMs: number | null
  /** A value older than this is in no score. */
  readonly scoredMs: number
}

export type Promised = { readonly periodicIntervalMs: number; readonly contracts?: Contracts }

/** `marked`: the device says that this value was measured once. */
export function termsOf({ periodicIntervalMs, contracts }: Promised, device: DeviceId, metric: Metric, marked: boolean): Terms {
  const all = contracts?.get(device)
  const own = all?.metrics?.[metric.id]
  const episodic = own?.kind === undefined ? marked || metric.kind === 'episodic' : own.kind === 'episodic'
  if (episodic) {
    const silentMs = own?.everyMs === undefined ? null : 2 * own.everyMs
    return { episodic, liveMs: ruleLimits.episodicLiveMs, silentMs, scoredMs: own?.scoredMs ?? ruleLimits.scoreEpisodicAgeMs }
  }
  const liveMs = 2 * (own?.everyMs ?? all?.everyMs ?? periodicIntervalMs)
  return { episodic, liveMs, silentMs: liveMs, scoredMs: own?.scoredMs ?? Math.max(ruleLimits.scorePeriodicAgeMs, liveMs) }
}
