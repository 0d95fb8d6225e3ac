/** The report of a commissioning as one page, without a script and without the network: for whoever signs that a ward goes live. Pure. */

import type { CommissioningView } from '../api/house-wire.ts'
import { durationOf, number, percent, STYLE, text, timeOf } from './report.ts'

const rows = (lines: readonly (readonly (string | number)[])[]): string => lines.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')
const table = (heads: readonly string[], lines: readonly (readonly (string | number)[])[]): string =>
  `<div class="scroll"><table><thead><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody>${rows(lines)}</tbody></table></div>`

export function commissioningHtml(view: CommissioningView, ward: string): string {
  const title = `${ward}: what Vigil would have said`
  const { from, to, beds, bedDays, alerts, perBedDay, shortShare, rules, perBed, perDay, offenders, isCut } = view
  const figures = [['beds', beds], ['bed-days measured', number(bedDays)], ['alerts', alerts], ['per bed and day', number(perBedDay)], ['over within 15 s', percent(shortShare)]]
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${text(title)}</title><style>${STYLE}</style></head><body>
<h1>${text(title)}</h1>
<p class="soft">${timeOf(from)} to ${timeOf(to)} UTC${isCut ? '. There is more than is read at once: the latest is missing' : ''}</p>
<div class="figures">${figures.map(([word, value]) => `<div class="figure"><b>${value ?? ''}</b>${word ?? ''}</div>`).join('')}</div>
<p class="soft">Per bed and day: of beds at which something was measured. Median: how long half of those that ended lasted at most. Fewer alerts are better only while none that matters is lost. The monitor at the bedside stays the primary alarm.</p>
<h2>By rule</h2>
${table(['rule', 'alerts', 'per bed-day', 'median', '&lt; 15 s'], rules.map((of) => [`${text(of.words)} <span class="p ${of.priority}">${of.priority}</span>`, of.alerts, number(of.perBedDay), durationOf(of.medianSeconds), percent(of.shortShare)]))}
<h2>By bed</h2>
${table(['bed', 'days measured', 'alerts', 'per day', 'of them high'], perBed.map((of) => [text(of.label), number(of.bedDays), of.alerts, number(of.perBedDay), of.high]))}
<h2>By day</h2>
${table(['24 h from', 'alerts', 'high', 'medium', 'low'], perDay.map((of) => [timeOf(of.from), of.alerts, of.high, of.medium, of.low]))}
<h2>Who says most</h2>
${table(['bed', 'rule', 'alerts'], offenders.map((of) => [text(of.label), text(of.words), of.alerts]))}
</body></html>
`
}
