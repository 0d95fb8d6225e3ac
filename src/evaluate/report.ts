/** The comparison of two sets of rules as one page that a ward manager can read, without a script and without the network. Pure. */

import { VARIABLES } from '../domain/metrics.ts'
import { isoOf, wallMs } from '../domain/time.ts'
import { printed } from '../rules/rounding.ts'
import { VARIABLE_WORDS } from '../rules/words.ts'
import { type AlertSpan, countsOf, type Offender, type RuleCount, topOffenders } from './compare.ts'
import type { Picture, Point, RangeResult } from './range.ts'

export type Pictured = { readonly span: AlertSpan; readonly picture: Picture }
export type Report = {
  readonly title: string
  readonly first: RangeResult
  readonly second: RangeResult
  /** In the first set alone, and in the second alone: all that there are, and those with a picture. */
  readonly lost: { readonly all: number; readonly shown: readonly Pictured[] }
  readonly gained: { readonly all: number; readonly shown: readonly Pictured[] }
  readonly offendersMax: number
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
export const text = (words: string): string => words.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character)

const DAY_MS = 86_400_000
export const number = (value: number): string => (value >= 100 ? Math.round(value).toString() : value >= 10 ? value.toFixed(1) : value.toFixed(2))
export const percent = (share: number | null): string => (share === null ? '–' : `${Math.round(share * 100)} %`)
export const timeOf = (at: number): string => isoOf(wallMs(at)).replace('T', ' ').slice(0, 19)

export function durationOf(seconds: number | null): string {
  if (seconds === null) return '–'
  if (seconds < 90) return `${Math.round(seconds)} s`
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`
}

export const STYLE = `
:root { color-scheme: light; --ink: #14202b; --soft: #5b6b79; --rule: #dbe2e8; --a: #5b6b79; --b: #0b6bcb; --high: #c4161c; --medium: #a86a00; --low: #2b7489 }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: #fff; max-width: 66rem; margin: 2rem auto; padding: 0 1.25rem }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem } h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem }
.soft { color: var(--soft) } .lead { font-size: 1.15rem }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .75rem; margin: 1.25rem 0 }
.figure { border: 1px solid var(--rule); border-radius: .5rem; padding: .75rem 1rem } .figure b { display: block; font-size: 1.5rem; line-height: 1.3 }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .35rem .45rem; border-bottom: 1px solid var(--rule); white-space: nowrap } th { font-weight: 600; color: var(--soft); font-size: .85rem }
th:first-child, td:first-child { text-align: left }
h3 { font-size: 1rem; margin: .5rem 0 } .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 2rem }
.high { color: var(--high) } .medium { color: var(--medium) } .low { color: var(--low) } .p { font-weight: 600 }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: .75rem }
.card { border: 1px solid var(--rule); border-radius: .5rem; padding: .75rem 1rem; break-inside: avoid } .card p { margin: 0 0 .35rem } .card svg { display: block; width: 100%; height: auto }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft) }
@media print { body { margin: 0; max-width: none } }`

const CONDITION_WORDS: Readonly<Record<string, string>> = {
  'news2/deterioration': 'NEWS2, estimate', 'news2/observation': 'NEWS2, observed', 'sepsis/screen': 'Sepsis screen', 'threshold/asystole': 'Asystole', 'threshold/apnoea': 'Apnoea',
  'pews/deterioration': 'PEWS', 'silence/device': 'Monitor silent',
}

/** `SpO₂ low` for `threshold/spo2-low`, `SpO₂ without a value` for `technical/spo2-off`; a condition that has no other words is shown as it is. */
export function conditionWords(condition: string): string {
  const [, name = '', side = ''] = /^(?:threshold|technical)\/(\w+)-(low|high|off)$/.exec(condition) ?? []
  const variable = VARIABLES.find((known) => known === name)
  return variable === undefined ? (CONDITION_WORDS[condition] ?? condition) : `${VARIABLE_WORDS[variable]} ${side === 'off' ? 'without a value' : side}`
}

const WIDTH = 320
const ROW = 46
const LEFT = 64

/** One line of values: time to the right, a mark where the alert began. */
function rowOf(points: readonly Point[], { from, to }: Picture, of: { readonly word: string; readonly decimals: number; readonly top: number }): string {
  const values = points.map(({ value }) => value)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const spread = Math.max(high - low, Math.abs(high) * 0.02, 0.1)
  const x = (at: number): number => LEFT + ((at - from) / (to - from)) * (WIDTH - LEFT)
  const y = (value: number): number => of.top + 6 + (1 - (value - low) / spread) * (ROW - 14)
  // A gap in the values is a gap in the line.
  let path = ''
  let before = -Infinity
  for (const { at, value } of points) {
    path += `${at - before > 90_000 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`
    before = at
  }
  const dots = points.length <= 12 ? points.map(({ at, value }) => `<circle cx="${x(at).toFixed(1)}" cy="${y(value).toFixed(1)}" r="2" fill="#14202b"/>`).join('') : ''
  const label = low === high ? printed(low, of.decimals) : `${printed(low, of.decimals)}–${printed(high, of.decimals)}`
  return `<text x="0" y="${of.top + 16}">${text(of.word)}</text><text x="0" y="${of.top + 30}">${label}</text><path d="${path}" fill="none" stroke="#14202b" stroke-width="1.3"/>${dots}`
}

function svgOf(picture: Picture, span: AlertSpan): string {
  const drawn = VARIABLES.flatMap((variable) => {
    const points = picture.lines[variable]
    return points === undefined || points.length === 0 ? [] : [{ word: VARIABLE_WORDS[variable], decimals: variable === 'temperature' ? 1 : 0, points }]
  })
  if (drawn.length === 0) return '<p class="soft">No values to draw.</p>'
  const height = drawn.length * ROW + 16
  const x = (at: number): number => LEFT + ((Math.min(at, picture.to) - picture.from) / (picture.to - picture.from)) * (WIDTH - LEFT)
  const began = x(span.from)
  const band = `<rect x="${began.toFixed(1)}" y="0" width="${Math.max(1.5, x(span.to ?? picture.to) - began).toFixed(1)}" height="${drawn.length * ROW}" fill="#c4161c" opacity=".12"/>`
  const rows = drawn.map(({ points, ...of }, index) => rowOf(points, picture, { ...of, top: index * ROW })).join('')
  const axis = `<text x="${LEFT}" y="${height - 3}">−5 min</text><text x="${began.toFixed(1)}" y="${height - 3}">alert</text><text x="${WIDTH}" y="${height - 3}" text-anchor="end">+10 min</text>`
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="values around the alert">${band}${rows}${axis}</svg>`
}

function cardOf({ span, picture }: Pictured): string {
  const lasted = span.to === null ? 'still open at the end' : `lasted ${durationOf((span.to - span.from) / 1_000)}`
  return `<div class="card"><p><span class="p ${span.priority}">${span.priority}</span> bed ${text(span.bed ?? '–')} · ${timeOf(span.from)}</p><p>${text(span.text)} <span class="soft">(${text(conditionWords(span.condition))}, ${lasted})</span></p>${svgOf(picture, span)}</div>`
}

function countTable(a: readonly RuleCount[], b: readonly RuleCount[]): string {
  const keyOf = ({ condition, priority }: RuleCount): string => `${condition} ${priority}`
  const keys = [...new Set([...a, ...b].map(keyOf))].sort()
  const cells = (count: RuleCount | undefined): string =>
    `<td>${count?.alerts ?? 0}</td><td>${count === undefined ? '0' : number(count.perBedDay)}</td><td>${durationOf(count?.medianSeconds ?? null)}</td><td>${percent(count?.shortShare ?? null)}</td>`
  const rows = keys.map((key) => {
    const [first, second] = [a.find((count) => keyOf(count) === key), b.find((count) => keyOf(count) === key)]
    const priority = (first ?? second)?.priority ?? 'low'
    return `<tr><td>${text(conditionWords((first ?? second)?.condition ?? ''))} <span class="p ${priority}">${priority}</span></td>${cells(first)}${cells(second)}</tr>`
  })
  const half = '<th>alerts</th><th>per bed-day</th><th>median</th><th>&lt; 15 s</th>'
  return `<div class="scroll"><table><thead><tr><th></th><th colspan="4">first rules</th><th colspan="4">second rules</th></tr><tr><th>rule</th>${half}${half}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

const offenderTable = (title: string, offenders: readonly Offender[]): string =>
  `<div class="scroll"><h3>${title}</h3><table><thead><tr><th>bed</th><th>rule</th><th>alerts</th></tr></thead><tbody>${offenders
    .map(({ bed, condition, alerts }) => `<tr><td>${text(bed)}</td><td>${text(conditionWords(condition))}</td><td>${alerts}</td></tr>`).join('')}</tbody></table></div>`

function pictures(title: string, words: string, { all, shown }: Report['gained']): string {
  const more = all > shown.length ? ` The first ${shown.length} of ${all} are shown, spread over the whole stretch.` : ''
  return `<h2>${title}: ${all}</h2><p class="soft">${words}${more}</p><div class="cards">${shown.map(cardOf).join('')}</div>`
}

/** What a manager wants to know first. */
export function sentenceOf(first: RangeResult, second: RangeResult): string {
  const perBedDay = ({ spans, bedMs }: RangeResult): number => (bedMs === 0 ? 0 : (spans.length * DAY_MS) / bedMs)
  const [a, b] = [perBedDay(first), perBedDay(second)]
  if (a === b) return `Both sets of rules give ${number(a)} alerts a bed and day.`
  const change = a === 0 ? '' : `${Math.abs(Math.round((b / a - 1) * 100))} % `
  return `The second rules give ${change}${b < a ? 'fewer' : 'more'} alerts: ${number(b)} instead of ${number(a)} a bed and day.`
}

export function htmlOf({ title, first, second, lost, gained, offendersMax }: Report): string {
  const { bedMs, beds, snapshots, firstAt, lastAt } = first
  const high = (spans: readonly AlertSpan[]): number => spans.filter(({ priority }) => priority === 'high').length
  const figures = [
    ['beds', `${beds}`], ['bed-days watched', number(bedMs / DAY_MS)], ['alerts, first rules', `${first.spans.length}`], ['alerts, second rules', `${second.spans.length}`],
    ['of high priority', `${high(first.spans)} and ${high(second.spans)}`], ['only in the first / only in the second', `${lost.all} / ${gained.all}`],
  ].map(([word, value]) => `<div class="figure"><b>${value ?? ''}</b>${word ?? ''}</div>`)
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${text(title)}</title><style>${STYLE}</style></head><body>
<h1>${text(title)}</h1>
<p class="soft">${firstAt === null || lastAt === null ? 'no values' : `${timeOf(firstAt)} to ${timeOf(lastAt)} UTC`}, ${snapshots} messages · first: ${text(first.name)} · second: ${text(second.name)}</p>
<p class="lead">${text(sentenceOf(first, second))}</p>
<div class="figures">${figures.join('')}</div>
<p class="soft">Median: how long half of them lasted at most, of those that ended. Fewer alerts are better only while none that matters is lost: look at the pictures of what is lost before you change a rule. Nobody acknowledged anything in this replay, and what nurses had said of a patient counts from the beginning as it stood at the end. The monitor at the bedside stays the primary alarm.</p>
<h2>By rule and priority</h2>
${countTable(countsOf(first.spans, bedMs), countsOf(second.spans, second.bedMs))}
<h2>Where most alerts come from</h2>
<div class="pair">${offenderTable('First rules', topOffenders(first.spans, offendersMax))}${offenderTable('Second rules', topOffenders(second.spans, offendersMax))}</div>
${pictures('Lost', 'Alerts of the first rules that the second do not give.', lost)}
${pictures('Gained', 'Alerts of the second rules that the first do not give.', gained)}
</body></html>
`
}
