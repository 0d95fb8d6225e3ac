/** How trends are drawn. Colours keep clear of red, yellow and cyan: those belong to alarms (IEC 60601-1-8). */

import type uPlot from 'uplot'
import { minuteText } from './age.ts'

/** Scale limits that are always shown; the line may push them wider. */
export type ChartLine = { readonly title: string; readonly colour: string; readonly low: number; readonly high: number; readonly dots: boolean }
export type ChartSpan = { readonly from: number; readonly to: number }

export const LINES = {
  spo2: { title: 'SpO₂', colour: '#b9a8ff', low: 88, high: 100, dots: false },
  hr: { title: 'HR', colour: '#7fd29a', low: 50, high: 120, dots: false },
  rr: { title: 'RR', colour: '#dfe7ee', low: 8, high: 30, dots: false },
  sys: { title: 'Systolic', colour: '#e3a8cf', low: 60, high: 160, dots: true },
  dia: { title: 'Diastolic', colour: '#b77fa4', low: 60, high: 160, dots: true },
  temperature: { title: 'Temp', colour: '#e2b48c', low: 36, high: 39, dots: true },
} as const satisfies Readonly<Record<string, ChartLine>>

const GRID = '#1f2a36'
const TEXT = '#9fb0c0'
const FONT = '13px "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'

/** From the usual to the seen, with a little air. */
export function scaleOf(line: ChartLine, seen: { readonly low: number | null; readonly high: number | null }): [number, number] {
  const low = Math.min(line.low, seen.low ?? line.low)
  const high = Math.max(line.high, seen.high ?? line.high)
  const air = (high - low) * 0.04
  return [low - air, high + air]
}

type Shape = {
  readonly lines: readonly ChartLine[]
  readonly full: boolean
  readonly span: () => ChartSpan
  readonly size: { readonly width: number; readonly height: number }
}

/** In a full chart all lines share one scale; on a tile each has its own. */
export function chartOptions({ lines, full, span, size }: Shape): uPlot.Options {
  const scaleName = (line: ChartLine): string => (full ? 'y' : line.title)
  const scales: Record<string, uPlot.Scale> = {
    x: { time: true, range: () => [span().from, span().to] },
  }
  for (const line of lines) scales[scaleName(line)] ??= { range: (_plot, low, high) => scaleOf(line, { low, high }) }
  return {
    ...size,
    ms: 1,
    scales,
    legend: { show: false },
    cursor: { show: full, y: false, points: { show: false }, drag: { x: false, y: false, setScale: false }, ...(full ? { sync: { key: 'panel' } } : {}) },
    padding: full ? [8, 12, 0, 0] : [2, 2, 2, 2],
    axes: full ? fullAxes() : [{ show: false }, { show: false }],
    series: [
      {},
      ...lines.map((line) => ({
        scale: scaleName(line),
        stroke: line.colour,
        width: full ? 2 : 1.5,
        spanGaps: line.dots,
        points: line.dots ? { show: true, size: 6, fill: line.colour, stroke: line.colour } : { show: false },
      })),
    ],
  }
}

function fullAxes(): uPlot.Axis[] {
  const look = { stroke: TEXT, font: FONT, grid: { stroke: GRID, width: 1 }, ticks: { show: false } }
  return [
    { ...look, size: 24, space: 90, values: (_plot, times) => times.map(minuteText) },
    { ...look, scale: 'y', size: 44, space: 26 },
  ]
}
