/** Pages for people: what the fleet sends, what is missing of it, how much it alarms, and the rows as they came. */

import { centralLimits } from '../../src/limits.ts'
import type { Fault } from './faults.ts'
import { alarmLoadOf, completenessOf, fleetOf, lanesOf, releasesOf } from './fleet.ts'
import type { GatewayRow, LaneRow } from './fleet.ts'
import { escaped, json, laneMark, lasting, section, short, shortLink, size, subjectLink, table, whole } from './html.ts'
import type { Cell } from './html.ts'
import { alarmLoadPlot, completenessPlot, trendPlot } from './plots.ts'
import type { Point } from './plots.ts'
import { alertsOf, batchesOf, eventsByType, eventsOf, latestOf, newestMinutesOf, patientOf, patientsOf, totalsOf, vitalSignsOf } from './read.ts'
import type { AlertRow, EventRow, Reads } from './read.ts'

export { PAGE_POLICY } from './html.ts'

const { plottedSubjectsMax, plottedGatewaysMax } = centralLimits
const HOURS = 24
const DAYS = 7
const LATE_S = 300
const RELEASES_SHOWN = 5

const ALERT_HEADS = ['Last change', 'Started', 'Subject', 'Severity', 'State', 'Phase', 'Rule', 'Because'] as const
const alertRow = (a: AlertRow): readonly Cell[] => [
  a.timestamp, a.started_at, shortLink(a.patient_id), a.severity, a.state, a.phase, `${a.rule} (${a.version})`, json(a.because),
]

const EVENT_HEADS = ['Time', 'Type', 'Subject', 'Event key', 'Data'] as const
const eventRow = (e: EventRow): readonly Cell[] => [e.timestamp, e.type, e.subject === null ? null : shortLink(e.subject), e.key, json(e.data)]

export type Standing = { readonly fault: Fault; readonly database: string; readonly nowMs: number }

const seconds = (nowMs: number, then: Date | null): string =>
  (then === null ? 'never' : `${((nowMs - then.getTime()) / 1_000).toFixed(1)} s ago (${then.toISOString()})`)

const late = (text: string, isLate: boolean): Cell => (isLate ? { html: `<span class="late">${escaped(text)}</span>` } : text)

const gatewayRow = (nowMs: number) => (g: GatewayRow): readonly Cell[] => {
  const silent_s = (nowMs - g.last_seen_at.getTime()) / 1_000
  const seen = `${lasting(Math.max(0, silent_s))} ago`
  return [
    short(g.gateway), late(silent_s > LATE_S ? `silent, ${seen}` : seen, silent_s > LATE_S),
    g.lag_s === null ? null : late(lasting(g.lag_s), g.lag_s > LATE_S), g.version ?? 'not said', short(g.organization), g.batches, g.events, g.duplicates, g.rejected, size(g.bytes),
  ]
}

const LANE_WORDS: Readonly<Record<string, string>> = {
  live: 'limited data set: pseudonyms and true times, as they happen',
  release: 'Safe Harbor: after the stay, times of nobody, anchored at the first instant of the year',
}
const laneRow = (nowMs: number) => ({ lane, gateways, events, subjects, last_seen_at }: LaneRow): readonly Cell[] =>
  [lane, `${gateways} ${lane === 'release' ? 'release' : 'gateway'}${gateways === 1 ? '' : 's'}`, subjects, events, ago(nowMs, last_seen_at), LANE_WORDS[lane] ?? null]

const ago = (nowMs: number, then: Date): string => `${lasting(Math.max(0, (nowMs - then.getTime()) / 1_000))} ago`

const NAV = '<nav><a href="#fleet">Fleet</a><a href="#releases">Releases</a><a href="#completeness">Completeness</a><a href="#alarms">Alarm load</a><a href="#rows">Rows</a></nav>'
const anchored = (id: string, html: string): string => html.replace('<section>', `<section id="${id}">`)

export async function frontPage(sql: Reads, { fault, database, nowMs }: Standing): Promise<string> {
  const gateways = await fleetOf(sql, { skip: 0, limit: plottedGatewaysMax }, 'live')
  const completeness = await completenessOf(sql, HOURS, plottedSubjectsMax)
  const load = await alarmLoadOf(sql, DAYS)
  return whole('Reference central', [
    NAV,
    anchored('fleet', section('Fleet', `<p class="note">Silent longest first. Lag is how old the newest event was when it came.</p>${table(
      ['Gateway', 'Last seen', 'Lag', 'Version', 'Organisation', 'Batches', 'Events', 'Repeats refused', 'Rows rejected', 'Received'],
      gateways.map(gatewayRow(nowMs)),
    )}`)),
    section('Lanes', table(['Lane', 'From', 'Subjects', 'Events', 'Last seen', 'What it is'], (await lanesOf(sql)).map(laneRow(nowMs)))),
    anchored('releases', section('Last releases', `<p class="note">A stay that has ended leaves after a random delay, under names drawn for this release alone.</p>${table(
      ['Under the name', 'Came', 'Batches', 'Events', 'Received'],
      (await releasesOf(sql, RELEASES_SHOWN)).map(r => [short(r.gateway), ago(nowMs, r.last_seen_at), r.batches, r.events, size(r.bytes)]),
    )}`)),
    '<div class="beside">',
    anchored('completeness', section('Completeness', `<p class="note">Of what each metric is expected (each minute, or each hour for cuff and temperature), how much is
      here. Where the gateway said that nobody was there to be measured, nothing is missing.</p>${completenessPlot(completeness, HOURS)}`)),
    anchored('alarms', section('Alarm load', `<p class="note">Alerts by subject, day (UTC) and priority; behind the count, the time within which half of them ended.</p>
      ${alarmLoadPlot(load, plottedSubjectsMax)}`)),
    '</div>',
    anchored('rows', await standingOf(sql, { fault, database, nowMs })),
    await rowsOf(sql),
  ].join(''))
}

async function standingOf(sql: Reads, { fault, database, nowMs }: Standing): Promise<string> {
  const totals = await totalsOf(sql)
  return section('Standing', table(['What', 'How many'], [
    ['Batches received', totals.batches],
    ['Batches sent again, and not stored again', totals.repeatedBatches],
    ['Events stored', totals.events],
    ['Duplicate events refused', totals.duplicates],
    ['Rows rejected with a reason', totals.rejected],
    ['Last batch received', seconds(nowMs, totals.lastReceivedAt)],
    ['Newest event (the lag)', seconds(nowMs, totals.lastEventAt)],
    ['Told to be', json(fault)],
    ['Kept in', database],
  ]))
}

async function rowsOf(sql: Reads): Promise<string> {
  const patients = await patientsOf(sql, { skip: 0, limit: 100 })
  return [
    section('Vital-sign rows by subject', table(
      ['Subject', 'Values', 'Metrics', 'First', 'Last'],
      patients.map(p => [{ html: subjectLink(p.id).html + laneMark(p.lane) }, p.values, p.metrics, p.first_at, p.last_at]),
    )),
    section('Last alerts', table(ALERT_HEADS, (await alertsOf(sql, { skip: 0, limit: 20 }, null)).map(alertRow))),
    section('Events by type', table(['Type', 'Events'], (await eventsByType(sql)).map(e => [e.type, e.events]))),
    section('Last batches', table(
      ['Received', 'Batch', 'Accepted', 'Duplicates', 'Rejected', 'Sent again'],
      (await batchesOf(sql, { skip: 0, limit: 10 })).map(b => [b.receivedAt, b.batchId, b.accepted, b.duplicates, b.rejected.length, b.repeats]),
    )),
    section('Last events, as they came', table(EVENT_HEADS, (await eventsOf(sql, { skip: 0, limit: 10 }, null)).map(eventRow))),
  ].join('')
}

const MINUTE_MS = 60_000

export async function subjectPage(sql: Reads, subject: string): Promise<string> {
  const page = { skip: 0, limit: 50 }
  const minutes = Map.groupBy(await newestMinutesOf(sql, subject), ({ metric, unit }) => `${metric}, ${unit}`)
  const plots = [...minutes].map(([title, points]: readonly [string, readonly Point[]]) => `<h3>${escaped(title)}</h3>${trendPlot(title, points, MINUTE_MS)}`)
  return whole(`Subject ${subject}`, [
    `<p><a href="/">All subjects</a>${laneMark((await patientOf(sql, subject))?.lane ?? null)}</p>`,
    section('Newest of each metric', table(
      ['Metric', 'Value', 'Unit', 'Quality', 'Time'],
      (await latestOf(sql, subject)).map(v => [v.metric, v.value, v.unit, v.quality, v.timestamp]),
    )),
    section('Last six hours by minute: mean, least and greatest', plots.join('') || '<p>None yet.</p>'),
    section('Alerts', table(ALERT_HEADS, (await alertsOf(sql, page, subject)).map(alertRow))),
    section('Last vital-sign rows', table(
      ['Time', 'Metric', 'Value', 'Unit', 'Quality'],
      (await vitalSignsOf(sql, subject, page)).map(v => [v.timestamp, v.metric, v.value, v.unit, v.quality]),
    )),
    section('Last events, as they came', table(EVENT_HEADS, (await eventsOf(sql, { skip: 0, limit: 20 }, subject)).map(eventRow))),
  ].join(''))
}
