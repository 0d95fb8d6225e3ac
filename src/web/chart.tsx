import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { type ChartLine, chartOptions, type ChartSpan } from './chart-options.ts'
import { aligned, type Series } from './trend.ts'

type ChartProps = {
  readonly lines: readonly ChartLine[]
  readonly series: readonly Series[]
  readonly span: ChartSpan
  /** With axes and a cursor, or a bare line. */
  readonly full: boolean
  readonly words: string
}

const dataOf = (series: readonly Series[]): uPlot.AlignedData => {
  const { t, v } = aligned(series)
  return [[...t], ...v.map((column) => [...column])]
}

/** Lines over time in whatever box the style sheet gives it. Drawn again when `series` or `span` is another object. */
export function Chart({ lines, series, span, full, words }: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const shown = useRef(span)
  shown.current = span
  const shape = lines.map((line) => `${line.title} ${line.dots}`).join()

  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const size = () => ({ width: Math.max(1, element.clientWidth), height: Math.max(1, element.clientHeight) })
    const chart = new uPlot(chartOptions({ lines, full, span: () => shown.current, size: size() }), dataOf(series), element)
    const resized = new ResizeObserver(() => chart.setSize(size()))
    resized.observe(element)
    plot.current = chart
    return () => {
      resized.disconnect()
      chart.destroy()
      plot.current = null
    }
  }, [shape, full])

  useEffect(() => plot.current?.setData(dataOf(series)), [series, span])

  return <div class="chart" ref={box} role="img" aria-label={words} />
}
