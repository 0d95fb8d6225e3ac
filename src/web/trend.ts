/** Points of the last hours, for the lines on tile and panel. Times in gateway wall milliseconds; a gap is a null. */

import { webLimits } from '../limits.ts'
import type { BedView, TrendView } from '../api/wire.ts'

const { trendSpanMs, trendPointsPerSeriesMax, trendSeriesPerBedMax } = webLimits

/** Nothing heard for so long, of a signal: the line is broken rather than drawn across. */
const GAP_MS = 180_000

/** No chart is drawn over less, or noise would look like news. */
const SPAN_MIN_MS = 900_000

export type Series = TrendView['series'][number]
/** By metric. */
export type Trend = ReadonlyMap<string, Series>
export type Point = { readonly at: number; readonly value: number | null }

export const NO_TREND: Trend = new Map()

/** Points closer than this say no more on a screen. */
const spacingMs = (spanMs: number): number => spanMs / trendPointsPerSeriesMax

/** A point in its place at the end; null when it adds nothing: not newer, or too close to the last and of the same kind. */
function pointsToAdd(series: Series, point: Point, spanMs: number): readonly Point[] {
  const lastAt = series.t.at(-1)
  if (lastAt === undefined) return [point]
  const lastValue = series.v.at(-1) ?? null
  const apartMs = point.at - lastAt
  if (apartMs <= 0) return []
  if (apartMs < spacingMs(spanMs) && (lastValue === null) === (point.value === null)) return []
  if (apartMs > GAP_MS && lastValue !== null && point.value !== null) return [{ at: lastAt + 1, value: null }, point]
  return [point]
}

/** The series with one newer point, without what is older than the span, never longer than its bound. */
export function addPoint(series: Series, point: Point, spanMs: number = trendSpanMs): Series {
  const added = pointsToAdd(series, point, spanMs)
  if (added.length === 0) return series
  const t = [...series.t, ...added.map(({ at }) => at)]
  const v = [...series.v, ...added.map(({ value }) => value)]
  const tooOld = t.findIndex((at) => at >= point.at - spanMs)
  const from = Math.max(tooOld, t.length - trendPointsPerSeriesMax)
  return { ...series, t: t.slice(from), v: v.slice(from) }
}

/** History from the gateway, thinned to what a screen can show. Times must grow; what does not is left out. */
export function trendOf(view: TrendView, spanMs: number = trendSpanMs): Trend {
  return new Map(view.series.slice(0, trendSeriesPerBedMax).map((series) => [series.metric, thinned(series, spanMs)]))
}

function thinned(series: TrendView['series'][number], spanMs: number): Series {
  const t: number[] = []
  const v: (number | null)[] = []
  const { metric, label, unit } = series
  for (const [index, at] of series.t.entries()) {
    const value = series.v[index] ?? null
    // Only the end of the series matters to the next point, so a window of one keeps this linear.
    const end: Series = { metric, label, unit, t: t.slice(-1), v: v.slice(-1) }
    for (const point of pointsToAdd(end, { at, value }, spanMs)) {
      t.push(point.at)
      v.push(point.value)
    }
  }
  const from = Math.max(0, t.length - trendPointsPerSeriesMax)
  return { metric, label, unit, t: t.slice(from), v: v.slice(from) }
}

/** The trend with the values that a bed has now. Absent values break the line. */
export function appendBed(trend: Trend, bed: BedView): Trend {
  const next = new Map(trend)
  for (const value of bed.values) {
    const series = next.get(value.metric) ?? { metric: value.metric, label: value.label, unit: value.unit, t: [], v: [] }
    if (!next.has(value.metric) && next.size >= trendSeriesPerBedMax) continue
    next.set(value.metric, addPoint(series, { at: value.at, value: value.value.kind === 'measured' ? value.value.value : null }))
  }
  return next
}

/** History with the live points that came while it was fetched. */
export function joinTrends(history: Trend, live: Trend): Trend {
  const joined = new Map(history)
  for (const [metric, series] of live) {
    const old = joined.get(metric)
    const whole = old === undefined
      ? series
      : series.t.reduce((longer, at, index) => addPoint(longer, { at, value: series.v[index] ?? null }), old)
    if (old !== undefined || joined.size < trendSeriesPerBedMax) joined.set(metric, whole)
  }
  return joined
}

/** From when to when a chart is drawn: the last hours, or less while there is less to show, so that a new line is not a dot at the edge. */
export function spanOf(series: readonly Series[], to: number): { readonly from: number; readonly to: number } {
  const first = Math.min(to, ...series.flatMap((one) => one.t[0] ?? []))
  // Whole milliseconds, or the chart's round times of day come out a millisecond short of round.
  const end = Math.ceil(to)
  return { from: Math.max(end - trendSpanMs, Math.min(Math.floor(first), end - SPAN_MIN_MS)), to: end }
}

/** Several series on one time axis, as a chart wants them: null where a series has no point at that time (undefined would bridge). */
export function aligned(series: readonly Series[]): { readonly t: readonly number[]; readonly v: readonly (readonly (number | null | undefined)[])[] } {
  const t = [...new Set(series.flatMap((one) => one.t))].sort((one, other) => one - other)
  const places = new Map(t.map((at, index) => [at, index]))
  const v = series.map((one) => {
    const column: (number | null | undefined)[] = Array.from({ length: t.length }, () => undefined)
    one.t.forEach((at, index) => {
      const place = places.get(at)
      if (place !== undefined) column[place] = one.v[index] ?? null
    })
    return column
  })
  return { t, v }
}
