/** Fewer points for a screen, so chosen that no dip and no peak is hidden. Pure. */

/** One value at its time, wall ms; null: absent. */
export type Point = { readonly t: number; readonly v: number | null }

/** Minimum, median, maximum, and a gap where there is nothing else. */
const POINTS_PER_BUCKET = 4

/** A null in the middle of each gap that is longer than `holeMs`, so that no line is drawn across it. Points in order of time. */
export function withHoles(points: readonly Point[], holeMs: number): readonly Point[] {
  const holed: Point[] = []
  let before: Point | null = null
  for (const point of points) {
    if (before && before.v !== null && point.v !== null && point.t - before.t > holeMs) holed.push({ t: before.t + (point.t - before.t) / 2, v: null })
    holed.push(point)
    before = point
  }
  return holed
}

/**
 * At most `pointsMax` (at least 4) of the points, which must be in order of time. The span is cut into equal pieces of time;
 * of each piece the least, the median and the greatest value stay, at their own times, and a gap stays where a piece holds
 * nothing but absence. So what is left out lies between two that stay.
 */
export function downsample(points: readonly Point[], pointsMax: number): readonly Point[] {
  const short = withoutRepeatedGaps(points)
  const first = points[0]
  const last = points.at(-1)
  if (short.length <= pointsMax || !first || !last) return short
  const buckets = Math.max(1, Math.floor(pointsMax / POINTS_PER_BUCKET))
  const bucketMs = (last.t - first.t) / buckets
  const bucketOf = ({ t }: Point): number => (bucketMs === 0 ? 0 : Math.min(buckets - 1, Math.floor((t - first.t) / bucketMs)))
  const chosen: Point[] = []
  for (let start = 0; start < points.length; ) {
    const bucket = bucketOf(points[start] ?? first)
    let end = start + 1
    while (end < points.length && bucketOf(points[end] ?? last) === bucket) end++
    chosen.push(...speakersOf(points.slice(start, end)))
    start = end
  }
  return withoutRepeatedGaps(chosen)
}

/** One null says as much as a hundred. */
const withoutRepeatedGaps = (points: readonly Point[]): readonly Point[] => points.filter((point, place) => point.v !== null || points[place - 1]?.v !== null)

function speakersOf(bucket: readonly Point[]): readonly Point[] {
  const measured = bucket.filter((point) => point.v !== null)
  if (measured.length === 0) return bucket.slice(0, 1)
  const ranked = measured.toSorted((a, b) => (a.v ?? 0) - (b.v ?? 0))
  const speakers = new Set([ranked[0], ranked[ranked.length >> 1], ranked.at(-1)])
  return bucket.filter((point) => speakers.has(point))
}
