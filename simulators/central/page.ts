/** Pages for people: plain HTML, made here, without a script. Everything from a batch is escaped. */

import type { Fault } from './faults.ts'
import { alertsOf, batchesOf, eventsByType, eventsOf, latestOf, patientsOf, totalsOf, vitalSignsOf } from './read.ts'
import type { AlertRow, EventRow } from './read.ts'
import type { Sql } from './sql.ts'

/** Nothing is loaded and nothing runs. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Text that has been escaped, or is ours. */
type Html = { readonly html: string }

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string): string => text.replace(/[&<>"']/g, character => ESCAPES[character] ?? character)
type Cell = string | number | null | Date | Html

const cell = (value: Cell): string => {
  if (value === null) return '–'
  if (value instanceof Date) return escaped(value.toISOString())
  if (typeof value === 'object') return value.html
  return escaped(String(value))
}

const table = (heads: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  rows.length === 0
    ? '<p>None yet.</p>'
    : `<table><thead><tr>${heads.map(head => `<th>${escaped(head)}</th>`).join('')}</tr></thead><tbody>${rows
        .map(row => `<tr>${row.map(value => `<td>${cell(value)}</td>`).join('')}</tr>`)
        .join('')}</tbody></table>`

const section = (title: string, content: string): string => `<section><h2>${escaped(title)}</h2>${content}</section>`

const subjectLink = (subject: string): Html => ({ html: `<a href="/subjects/${escaped(encodeURIComponent(subject))}">${escaped(subject)}</a>` })

const SHOWN_CHARACTERS_MAX = 2_000
const json = (value: unknown): Html => {
  const text = JSON.stringify(value)
  return { html: `<code>${escaped(text.slice(0, SHOWN_CHARACTERS_MAX))}</code>${text.length > SHOWN_CHARACTERS_MAX ? ' …' : ''}` }
}

const STYLE = `body{font:15px/1.4 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#fff}main{padding:0 1.5rem 3rem}
.banner{background:#8a1020;color:#fff;padding:.7rem 1.5rem;font-weight:600}h1{font-size:1.4rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
table{border-collapse:collapse}th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #ddd}
th,td{vertical-align:top;font-variant-numeric:tabular-nums}
code{font-size:12px;overflow-wrap:anywhere}`

const whole = (title: string, content: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><div class="banner" role="note">Reference central of Vigil: demo data, not for clinical use. Subjects are pseudonyms; rows are shown as they came.</div>
<main><h1>${escaped(title)}</h1>${content}</main></body></html>`

const ALERT_HEADS = ['Last change', 'Started', 'Subject', 'Severity', 'State', 'Phase', 'Rule', 'Because'] as const
const alertRow = (a: AlertRow): readonly Cell[] => [
  a.timestamp, a.started_at, subjectLink(a.patient_id), a.severity, a.state, a.phase, `${a.rule} (${a.version})`, json(a.because),
]

const EVENT_HEADS = ['Time', 'Type', 'Subject', 'Event key', 'Data'] as const
const eventRow = (e: EventRow): readonly Cell[] => [e.timestamp, e.type, e.subject === null ? null : subjectLink(e.subject), e.key, json(e.data)]

export type Standing = { readonly fault: Fault; readonly database: string; readonly nowMs: number }

const seconds = (nowMs: number, then: Date | null): string =>
  (then === null ? 'never' : `${((nowMs - then.getTime()) / 1_000).toFixed(1)} s ago (${then.toISOString()})`)

export async function frontPage(sql: Sql, { fault, database, nowMs }: Standing): Promise<string> {
  const totals = await totalsOf(sql)
  const patients = await patientsOf(sql, { skip: 0, limit: 100 })
  const standing = table(['What', 'How many'], [
    ['Batches received', totals.batches],
    ['Batches sent again, and not stored again', totals.repeatedBatches],
    ['Events stored', totals.events],
    ['Duplicate events refused', totals.duplicates],
    ['Rows rejected with a reason', totals.rejected],
    ['Last batch received', seconds(nowMs, totals.lastReceivedAt)],
    ['Newest event (the lag)', seconds(nowMs, totals.lastEventAt)],
    ['Told to be', json(fault)],
    ['Kept in', database],
  ])
  return whole('Reference central', [
    section('Standing', standing),
    section('Vital-sign rows by subject', table(
      ['Subject', 'Values', 'Metrics', 'First', 'Last'],
      patients.map(p => [subjectLink(p.id), p.values, p.metrics, p.first_at, p.last_at]),
    )),
    section('Last alerts', table(ALERT_HEADS, (await alertsOf(sql, { skip: 0, limit: 20 }, null)).map(alertRow))),
    section('Events by type', table(['Type', 'Events'], (await eventsByType(sql)).map(e => [e.type, e.events]))),
    section('Last batches', table(
      ['Received', 'Batch', 'Accepted', 'Duplicates', 'Rejected', 'Sent again'],
      (await batchesOf(sql, { skip: 0, limit: 10 })).map(b => [b.receivedAt, b.batchId, b.accepted, b.duplicates, b.rejected.length, b.repeats]),
    )),
    section('Last events, as they came', table(EVENT_HEADS, (await eventsOf(sql, { skip: 0, limit: 10 }, null)).map(eventRow))),
  ].join(''))
}

export async function subjectPage(sql: Sql, subject: string): Promise<string> {
  const page = { skip: 0, limit: 50 }
  return whole(`Subject ${subject}`, [
    '<p><a href="/">All subjects</a></p>',
    section('Newest of each metric', table(
      ['Metric', 'Value', 'Unit', 'Quality', 'Time'],
      (await latestOf(sql, subject)).map(v => [v.metric, v.value, v.unit, v.quality, v.timestamp]),
    )),
    section('Alerts', table(ALERT_HEADS, (await alertsOf(sql, page, subject)).map(alertRow))),
    section('Last vital-sign rows', table(
      ['Time', 'Metric', 'Value', 'Unit', 'Quality'],
      (await vitalSignsOf(sql, subject, page)).map(v => [v.timestamp, v.metric, v.value, v.unit, v.quality]),
    )),
    section('Last events, as they came', table(EVENT_HEADS, (await eventsOf(sql, { skip: 0, limit: 20 }, subject)).map(eventRow))),
  ].join(''))
}
