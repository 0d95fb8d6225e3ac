/** Plots, drawn here as SVG: a browser that runs nothing shows them, and each mark says its figures when it is pointed at. */

import type { AlarmLoadRow, CompletenessRow } from './fleet.ts'
import { escaped, laneMark, lasting, short, shortLink, table } from './html.ts'
import type { Cell, Html } from './html.ts'

const HOUR_MS = 3_600_000

/** Five steps of one colour, dark is whole: told apart in grey and by the colour-blind. */
const STEPS = [
  { from: 99, colour: '#0b4f7a', word: '99–100 %' },
  { from: 90, colour: '#3f86b5', word: '90–99 %' },
  { from: 50, colour: '#8fbcd9', word: '50–90 %' },
  { from: 1, colour: '#d3e4ef', word: '1–50 %' },
  { from: 0, colour: '#f4b183', word: 'nothing' },
] as const
const NOT_EXPECTED = '#cfcfcf'

const colourOf = (percent: number | null): string =>
  (percent === null ? NOT_EXPECTED : (STEPS.find(({ from }) => percent >= from)?.colour ?? NOT_EXPECTED))

const key = (entries: readonly { readonly colour: string; readonly word: string }[]): string =>
  `<p class="key note">${entries.map(({ colour, word }) => `<span><i style="background:${colour}"></i>${escaped(word)}</span>`).join('')}</p>`

const isUnasked = ({ heard, expected }: CompletenessRow): boolean => expected === 0 && heard > 0

/** A strip of hours for each subject and metric. */
export function completenessPlot(rows: readonly CompletenessRow[], hours: number): string {
  // What nobody expects comes after what is missed when it is not there.
  const strips = Map.groupBy(rows.toSorted((a, b) => (a.subject === b.subject ? Number(isUnasked(a)) - Number(isUnasked(b)) : 0)), row => JSON.stringify([row.subject, row.label, row.metric, row.unit]))
  const newestMs = Math.max(...rows.map(({ time }) => time.getTime()))
  const lines = [...strips.values()].flatMap((strip): readonly (readonly Cell[])[] => {
    const [first] = strip
    if (first === undefined) return []
    const [heard, expected] = [strip.reduce((sum, row) => sum + row.heard, 0), strip.reduce((sum, row) => sum + row.expected, 0)]
    const share = expected > 0 ? `${((100 * heard) / expected).toFixed(1)} %` : heard > 0 ? `not expected; ${heard} min heard` : null
    return [[shortLink(first.subject), first.label, share, heatStrip(strip, newestMs, hours)]]
  })
  const grey = { colour: NOT_EXPECTED, word: 'not expected' }
  return lines.length === 0 ? '<p>None yet.</p>' : key([...STEPS, grey]) + table(['Subject', 'Metric', 'Heard', `Last ${hours} h, newest on the right`], lines)
}

function heatStrip(strip: readonly CompletenessRow[], newestMs: number, hours: number): Html {
  const [width, height] = [14, 18]
  const cells = strip.map(({ time, percent, heard, expected, why }) => {
    const place = hours - 1 - Math.round((newestMs - time.getTime()) / HOUR_MS)
    const share = expected === 0 && heard > 0 ? `${heard} minutes heard, none expected` : `${heard} of ${expected} heard`
    const said = `${time.toISOString().slice(0, 16)}Z: ${share}${why === null ? '' : `; ${why}`}`
    return `<rect x="${place * width}" width="${width - 1}" height="${height}" fill="${colourOf(percent)}"><title>${escaped(said)}</title></rect>`
  })
  return { html: `<svg class="strip" viewBox="0 0 ${hours * width} ${height}" preserveAspectRatio="none" width="${hours * width}" height="${height}" role="img"
    aria-label="completeness by hour">${cells.join('')}</svg>` }
}

/** IEC 60601-1-8, table 2: red, yellow, cyan; a letter stands beside each colour. */
const PRIORITIES = [
  { priority: 'high', colour: '#d3222a', letter: 'H', word: 'high' },
  { priority: 'medium', colour: '#e5b800', letter: 'M', word: 'medium' },
  { priority: 'low', colour: '#2aa8b8', letter: 'L', word: 'low' },
] as const
const BAR_PIXELS = 150

/** A line for each subject and a column for each day, the newest first: how many alerts by priority, and how long they lasted. */
export function alarmLoadPlot(rows: readonly AlarmLoadRow[], subjectsMax: number): string {
  if (rows.length === 0) return '<p>None yet.</p>'
  const days = [...new Set(rows.map(({ day }) => day.getTime()))].toSorted((a, b) => b - a)
  const subjects = [...Map.groupBy(rows, ({ subject }) => subject)]
    .map(([subject, own]) => ({ subject, own, lane: own[0]?.lane ?? null, alerts: own.reduce((sum, row) => sum + row.alerts, 0) }))
    .toSorted((a, b) => b.alerts - a.alerts)
  const most = Math.max(...subjects.flatMap(({ own }) => days.map(day => own.filter(row => row.day.getTime() === day).reduce((sum, row) => sum + row.alerts, 0))))
  const lines = subjects.slice(0, subjectsMax).map(({ subject, own, lane, alerts }): readonly Cell[] =>
    [{ html: shortLink(subject).html + laneMark(lane) }, alerts, ...days.map(day => loadBar(own.filter(row => row.day.getTime() === day), most))])
  const more = subjects.length > subjectsMax ? `<p class="note">${subjects.length - subjectsMax} more subjects had fewer.</p>` : ''
  return key(PRIORITIES) + table(['Subject', 'Alerts', ...days.map(day => new Date(day).toISOString().slice(0, 10))], lines) + more
}

function loadBar(own: readonly AlarmLoadRow[], most: number): Html {
  let x = 0
  const parts = PRIORITIES.flatMap(({ priority, colour, letter, word }) => {
    const row = own.find(found => found.priority === priority)
    if (row === undefined) return []
    const width = Math.max(2, (row.alerts / most) * BAR_PIXELS)
    const median = row.median_s === null ? 'none has ended' : `half of them ended within ${lasting(row.median_s)}`
    const mark = `<rect x="${x.toFixed(1)}" width="${width.toFixed(1)}" height="14" fill="${colour}"><title>${row.alerts} ${word}: ${median}</title></rect>`
    x += width + 1
    return [{ mark, text: `${letter} ${row.alerts}${row.median_s === null ? '' : ` · ${lasting(row.median_s)}`}` }]
  })
  if (parts.length === 0) return { html: '' }
  const text = escaped(parts.map(part => part.text).join(', '))
  return { html: `<svg width="${BAR_PIXELS + 4}" height="14" role="img" aria-label="${text}">${parts.map(part => part.mark).join('')}</svg>${text}` }
}

export type Point = { readonly time: Date; readonly min: number; readonly max: number; readonly mean: number }

const [PLOT_WIDTH, PLOT_HEIGHT, LEFT, BOTTOM] = [720, 130, 46, 18]
/** A line is not drawn over what was not heard. */
const GAP_STEPS = 2.5

/** Mean as a line over the band from least to greatest; `stepMs` apart. */
export function trendPlot(title: string, points: readonly Point[], stepMs: number): string {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined) return ''
  const [fromMs, toMs] = [first.time.getTime(), Math.max(last.time.getTime(), first.time.getTime() + stepMs)]
  const [low, high] = [Math.min(...points.map(({ min }) => min)), Math.max(...points.map(({ max }) => max))]
  const [bottom, top] = high > low ? [low, high] : [low - 1, high + 1]
  const x = (at: Date): string => (LEFT + ((at.getTime() - fromMs) / (toMs - fromMs)) * (PLOT_WIDTH - LEFT - 6)).toFixed(1)
  const y = (value: number): string => (6 + ((top - value) / (top - bottom)) * (PLOT_HEIGHT - BOTTOM - 12)).toFixed(1)
  const runs: Point[][] = []
  for (const point of points) {
    const run = runs.at(-1)
    const before = run?.at(-1)
    if (run === undefined || before === undefined || point.time.getTime() - before.time.getTime() > stepMs * GAP_STEPS) runs.push([point])
    else run.push(point)
  }
  const drawn = runs.map(run => {
    const band = [...run.map(p => `${x(p.time)},${y(p.max)}`), ...run.toReversed().map(p => `${x(p.time)},${y(p.min)}`)].join(' ')
    const line = run.map(p => `${x(p.time)},${y(p.mean)}`).join(' ')
    const [only] = run
    const dot = run.length === 1 && only !== undefined ? `<circle cx="${x(only.time)}" cy="${y(only.mean)}" r="2" fill="#0b4f7a"/>` : ''
    return `<polygon points="${band}" fill="#d3e4ef"/><polyline points="${line}" fill="none" stroke="#0b4f7a" stroke-width="1.5"/>${dot}`
  })
  const number = (value: number): string => escaped(String(Number(value.toPrecision(4))))
  const labels = `<text x="${LEFT - 6}" y="12" text-anchor="end">${number(high)}</text><text x="${LEFT - 6}" y="${PLOT_HEIGHT - BOTTOM}" text-anchor="end">${number(low)}</text>
    <text x="${LEFT}" y="${PLOT_HEIGHT - 3}">${first.time.toISOString().slice(0, 16)}Z</text>
    <text x="${PLOT_WIDTH - 6}" y="${PLOT_HEIGHT - 3}" text-anchor="end">${last.time.toISOString().slice(0, 16)}Z</text>`
  return `<div class="scroll"><svg width="${PLOT_WIDTH}" height="${PLOT_HEIGHT}" role="img" aria-label="${escaped(short(title))}">
    <title>${escaped(title)}</title>${drawn.join('')}${labels}</svg></div>`
}
