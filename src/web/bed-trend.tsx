import { useMemo } from 'preact/hooks'
import type { AlertView, BedView } from '../api/wire.ts'
import { spanText } from './age.ts'
import { Chart } from './chart.tsx'
import { type ChartLine, LINES } from './chart-options.ts'
import { type Judged, pressureSlot, SLOT_METRICS, type SlotName, slotValue } from './slots.ts'
import { useStation } from './station.ts'
import { type Series, spanOf, type Trend } from './trend.ts'
import { PressureCell, ValueCell } from './value-cell.tsx'

const NONE: Series = { metric: '', label: '', unit: '', t: [], v: [] }

/** The series with the most points among the sources of one thing. */
const longest = (trend: Trend, metrics: readonly string[]): Series =>
  metrics.reduce<Series>((best, metric) => {
    const next = trend.get(metric)
    return next !== undefined && next.t.length > best.t.length ? next : best
  }, NONE)

const SYSTOLIC = ['MDC_PRESS_BLD_ART_SYS', 'MDC_PRESS_BLD_ART_ABP_SYS', 'MDC_PRESS_BLD_SYS', 'MDC_PRESS_BLD_NONINV_SYS', 'MDC_PRESS_CUFF_SYS']

/** Measured now and then, each measurement is a dot and the line between is a help to the eye; more than this is a signal, and its gaps are gaps. */
const DOTS_MAX = 150

const asDrawn = (line: ChartLine, series: Series): ChartLine => ({ ...line, dots: line.dots && series.t.length <= DOTS_MAX })

type Row = { readonly slot: SlotName | 'bp'; readonly lines: readonly ChartLine[]; readonly series: readonly Series[] }

function rowsOf(trend: Trend): readonly Row[] {
  const systolic = longest(trend, SYSTOLIC)
  const diastolic = trend.get(systolic.metric.replace(/_SYS$/, '_DIA')) ?? NONE
  const rows: readonly Row[] = [
    { slot: 'spo2', lines: [LINES.spo2], series: [longest(trend, SLOT_METRICS.spo2)] },
    { slot: 'hr', lines: [LINES.hr], series: [longest(trend, SLOT_METRICS.hr)] },
    { slot: 'rr', lines: [LINES.rr], series: [longest(trend, SLOT_METRICS.rr)] },
    { slot: 'bp', lines: [LINES.sys, LINES.dia], series: [systolic, diastolic] },
    { slot: 'temperature', lines: [LINES.temperature], series: [longest(trend, SLOT_METRICS.temperature)] },
  ]
  return rows
    .filter((row) => row.series.some((series) => series.t.length > 0))
    .map((row) => ({ ...row, lines: row.lines.map((line, index) => asDrawn(line, row.series[index] ?? NONE)) }))
}

/** What `choose` makes of the bed's trend, and the span to draw it over; made anew when lines are due to be drawn. */
function useTrend<Chosen>(bed: BedView, choose: (trend: Trend) => { readonly chosen: Chosen; readonly series: readonly Series[] }) {
  const { trends, receiver } = useStation()
  const drawn = trends.drawn.value
  const to = receiver.moment.peek().server
  return useMemo(() => {
    const { chosen, series } = choose(trends.of(bed))
    return { chosen, span: to === null || series.every((one) => one.t.length === 0) ? null : spanOf(series, to) }
  }, [drawn, to === null, bed.stay, bed.id])
}

const tileLines = (trend: Trend) => {
  const series = [longest(trend, SLOT_METRICS.spo2), longest(trend, SLOT_METRICS.hr)]
  return { chosen: series, series }
}

const panelRows = (trend: Trend) => {
  const rows = rowsOf(trend)
  return { chosen: rows, series: rows.flatMap((row) => row.series) }
}

/** SpO₂ and heart rate of the last two hours in a strip. */
export function TileTrend({ bed }: { readonly bed: BedView }) {
  const { chosen: series, span } = useTrend(bed, tileLines)
  if (span === null) return <div class="tile-trend" />
  return (
    <div class="tile-trend">
      <Chart lines={[LINES.spo2, LINES.hr]} series={series} span={span} full={false} words="SpO₂ and heart rate over time" />
      <span class="trend-key"><i data-line="spo2" />SpO₂ <i data-line="hr" />HR</span>
      <span class="trend-span">last {spanText(span.to - span.from)}</span>
    </div>
  )
}

/** The last two hours of all that is trended, one chart under the other on the same time. */
export function PanelTrend({ bed, judged, alerts }: { readonly bed: BedView; readonly judged: readonly Judged[]; readonly alerts: readonly AlertView[] }) {
  const { chosen: rows, span } = useTrend(bed, panelRows)
  if (span === null) return <p class="empty">No trend yet: nothing has been measured in the last two hours.</p>
  const numberOf = (slot: Row['slot']) => {
    if (slot === 'bp') return <PressureCell pressure={pressureSlot(judged)} alerts={alerts} />
    return <ValueCell slot={slot} judged={slotValue(judged, slot)} alerts={alerts} />
  }
  return (
    <div class="panel-trend">
      {rows.map(({ slot, lines, series }) => (
        <figure key={`${bed.id} ${slot}`}>
          <figcaption>{numberOf(slot)}</figcaption>
          <Chart lines={lines} series={series} span={span} full={true} words={`${lines.map((line) => line.title).join(', ')} over time`} />
        </figure>
      ))}
    </div>
  )
}
