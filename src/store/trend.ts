/** One bed's or one stay's values over time, read from the log on the history thread. */

import type { Database } from 'better-sqlite3'
import type { Measurement } from '../domain/reading.ts'
import { storeLimits } from '../limits.ts'
import { type Point, downsample, withHoles } from './downsample.ts'
import { type SeqSpan, seqsBetween } from './marks.ts'
import { readerQueries } from './queries.ts'
import { Revisions } from './revisions.ts'
import { RowReader, type Series, type SnapshotRow } from './rows.ts'

/** Whose values: all that came from a bed, whoever lay in it, or those of one stay. */
export type TrendSubject = { readonly bed: string } | { readonly stay: string }

export type TrendQuery = TrendSubject & {
  /** MDC reference ids; all where none are named. */
  readonly metrics?: readonly string[]
  /** Corrected wall time, ms, ends included. */
  readonly from: number
  readonly to: number
  /** For each series: at least 4, at most `storeLimits.historyPointsMax`; `trendPointsMax` where it is not named. */
  readonly pointsMax?: number
}

/** One line of a chart: one metric and channel of one device. NaN in `v`, which must not leave this folder, is a gap. */
export type RawSeries = {
  readonly device: string
  readonly metric: string
  readonly channel: string
  readonly label: string
  readonly unit: string
  readonly decimals: number
  readonly t: Float64Array<ArrayBuffer>
  readonly v: Float64Array<ArrayBuffer>
}

export type RawTrend = {
  readonly series: readonly RawSeries[]
  /** Rows passed over because they cannot be believed. */
  readonly damagedRows: number
  /** There were more than `storeLimits.historyRowsMax` rows or `historyValuesMax` values: the latest are missing. */
  readonly isCut: boolean
}

/** What one question may cost. */
export type TrendBounds = { readonly historyRowsMax: number; readonly historyValuesMax: number }

type Line = { readonly device: string; readonly series: Series; readonly points: Point[] }
type Gathering = {
  readonly query: TrendQuery
  readonly rows: RowReader
  /** Rows whose place others have taken. */
  readonly superseded: ReadonlySet<number>
  readonly lines: Map<string, Line>
  rowsLeft: number
  valuesLeft: number
  damagedRows: number
}

/** Sees the file as it is at one instant: what is written again meanwhile is not shown twice. */
export const readTrend = (db: Database, query: TrendQuery, bounds: TrendBounds = storeLimits): RawTrend => db.transaction(() => trendNow(db, query, bounds))()

function trendNow(db: Database, query: TrendQuery, bounds: TrendBounds): RawTrend {
  // Rows are found by when they came; a value may have been measured long before.
  const span = seqsBetween(db, query.from, query.to + storeLimits.historyLateMs)
  const gathering: Gathering = {
    query,
    rows: new RowReader(db),
    superseded: span ? new Revisions(db).superseded(span) : new Set(),
    lines: new Map(),
    rowsLeft: bounds.historyRowsMax,
    valuesLeft: bounds.historyValuesMax,
    damagedRows: 0,
  }
  if (span) for (const stream of streamsOf(db, query)) gather(db, gathering, { stream, ...span })
  const pointsMax = Math.min(Math.max(query.pointsMax ?? storeLimits.trendPointsMax, 4), storeLimits.historyPointsMax)
  return {
    series: [...gathering.lines.values()].map((line) => thinned(line, pointsMax)),
    damagedRows: gathering.damagedRows,
    isCut: gathering.rowsLeft < 0 || gathering.valuesLeft < 0,
  }
}

function streamsOf(db: Database, of: TrendSubject): readonly number[] {
  const rows =
    'bed' in of
      ? db.prepare<[{ bed: string }], { readonly id: number }>(readerQueries.STREAMS_OF_BED).all({ bed: of.bed })
      : db.prepare<[{ stay: string }], { readonly id: number }>(readerQueries.STREAMS_OF_STAY).all({ stay: of.stay })
  return rows.map(({ id }) => id)
}

function gather(db: Database, gathering: Gathering, at: SeqSpan & { readonly stream: number }): void {
  const ofStream = db.prepare<[SeqSpan & { readonly stream: number }], SnapshotRow>(readerQueries.SNAPSHOTS_OF_STREAM)
  for (const row of ofStream.iterate(at)) {
    if (--gathering.rowsLeft < 0 || gathering.valuesLeft < 0) return
    if (gathering.superseded.has(row.seq)) continue
    const content = gathering.rows.content(row)
    if (content.kind === 'damaged') {
      gathering.damagedRows++
      continue
    }
    for (const reading of content.value.readings) {
      if (reading.correctedAt < gathering.query.from || reading.correctedAt > gathering.query.to) continue
      const line = lineOf(gathering, row.stream, reading.series)
      if (!line) continue
      if (--gathering.valuesLeft < 0) break
      line.points.push({ t: reading.correctedAt, v: valueOf(reading.measurement) })
    }
  }
}

const valueOf = (measurement: Measurement): number | null => (measurement.kind === 'measured' ? measurement.value : null)

/** Null for a metric that was not asked for. A name that cannot be believed counts as damage, and draws nothing. */
function lineOf(gathering: Gathering, stream: number, id: number): Line | null {
  const { rows, query, lines } = gathering
  let named: { readonly device: string; readonly series: Series }
  try {
    named = { device: rows.stream(stream).device, series: rows.series(id) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    gathering.damagedRows++
    return null
  }
  const { device, series } = named
  if (query.metrics && !query.metrics.includes(series.metric.id)) return null
  const key = `${device}\u0000${series.metric.id}\u0000${series.channel}`
  const known = lines.get(key)
  if (known) return known
  const line = { device, series, points: [] }
  lines.set(key, line)
  return line
}

function thinned({ device, series: { metric, channel }, points }: Line, pointsMax: number): RawSeries {
  const ordered = points.toSorted((a, b) => a.t - b.t)
  const kept = downsample(metric.kind === 'periodic' ? withHoles(ordered, storeLimits.trendHoleMs) : ordered, pointsMax)
  return {
    device,
    metric: metric.id,
    channel,
    label: metric.label,
    unit: metric.unit,
    decimals: metric.decimals,
    t: Float64Array.from(kept, ({ t }) => t),
    v: Float64Array.from(kept, ({ v }) => v ?? Number.NaN),
  }
}
