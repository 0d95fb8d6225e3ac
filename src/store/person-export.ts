/** All that is stored of one person, as tables that any program opens: for who asks what is held of them (GDPR, article 15; HIPAA 164.524). */

import { isoOf } from '../domain/time.ts'
import type { LoggedRow, StoredEvent } from '../seams.ts'
import { storeLimits } from '../limits.ts'
import { openLogReader } from './log-reader.ts'
import type { Person } from './person.ts'

export const EXPORT_TABLES = ['values', 'alerts', 'words', 'medicines'] as const
export type ExportTable = (typeof EXPORT_TABLES)[number]
export type ExportRow = { readonly table: ExportTable; readonly line: string }

const HEADS: Readonly<Record<ExportTable, readonly string[]>> = {
  values: ['time (UTC)', 'received (UTC)', 'what', 'MDC reference id', 'value', 'unit', 'why there is no value', 'remarks', 'sensor', 'device', 'bed', 'stay'],
  alerts: ['time (UTC)', 'alert', 'what happened', 'state', 'priority', 'type', 'text', 'because (JSON)', 'by whom or why', 'bed', 'stay'],
  words: ['time (UTC)', 'valid from (UTC)', 'source', 'by', 'what was said', 'bed', 'stay'],
  medicines: ['learned (UTC)', 'from (UTC)', 'until (UTC)', 'what', 'code', 'system', 'dose', 'unit', 'route', 'status', 'stay'],
}

export const headOf = (table: ExportTable): string => csv(HEADS[table])

/** Spreadsheets take a text that begins so for a formula, and run it. */
const FORMULA = /^[=+\-@\t\r]/
const csv = (cells: readonly (string | number | null | undefined)[]): string => cells.map(cellOf).join(',')
function cellOf(cell: string | number | null | undefined): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell === 'number') return String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Row by row, in the order of the log. Reads all of it once. Rows that others took the place of are not told. */
export function* exportRows(folder: string, { stays, facts }: Person): Generator<ExportRow> {
  const own: ReadonlySet<string> = new Set(stays.map(({ id }) => id))
  for (const { learnedAt, effectiveAt, source, by, body } of facts) {
    yield { table: 'words', line: csv([isoOf(learnedAt), isoOf(effectiveAt), source, by, JSON.stringify(body), 'bed' in body ? body.bed : null, null]) }
  }
  using log = openLogReader(folder)
  const alerts = new Set<string>()
  for (let after = 0, rows = log.read(0, PAGE_ROWS); rows.length > 0; rows = log.read(after, PAGE_ROWS)) {
    for (const row of rows) yield* rowsOf(row, own, alerts)
    after = rows.at(-1)?.seq ?? after
  }
}

const PAGE_ROWS = Math.min(1_000, storeLimits.givenRowsMax)

function* rowsOf(row: LoggedRow, own: ReadonlySet<string>, alerts: Set<string>): Generator<ExportRow> {
  if (row.kind === 'event') return yield* eventRows(row.stored, own, alerts)
  const { stay, bed, device, receivedAt, observations } = row.snapshot
  if (row.isSuperseded === true || stay === null || !own.has(stay)) return
  for (const { metric, measurement, channel, flags, correctedAt } of observations) {
    const [value, why] = measurement.kind === 'measured' ? [measurement.value, null] : [null, measurement.reason]
    yield { table: 'values', line: csv([isoOf(correctedAt), isoOf(receivedAt), metric.label, metric.id, value, metric.unit, why, flags.join(' '), channel, device, bed, stay]) }
  }
}

function* eventRows(stored: StoredEvent, own: ReadonlySet<string>, alerts: Set<string>): Generator<ExportRow> {
  const at = isoOf(stored.at)
  if (stored.kind === 'alert') {
    const { event } = stored
    if (event.kind !== 'phase') {
      // Said of an alert, not of a stay.
      const who = 'by' in event ? event.by : 'why' in event ? event.why : 'to' in event ? event.to : null
      if (alerts.has(event.alertId)) yield { table: 'alerts', line: csv([at, event.alertId, event.kind, null, null, null, null, null, who, null, null]) }
      return
    }
    if (event.stay === null || !own.has(event.stay)) return
    alerts.add(event.alertId)
    yield { table: 'alerts', line: csv([at, event.alertId, event.phase, event.state, event.priority, event.type, event.text, JSON.stringify(event.because), null, event.bed, event.stay]) }
    return
  }
  const { stay, bed } = stored.subject
  if (stay === null || !own.has(stay)) return
  switch (stored.kind) {
    case 'given': {
      const { code, system, name, dose, route, from, until, status } = stored.given
      yield { table: 'medicines', line: csv([at, from === null ? null : isoOf(from), until === null ? null : isoOf(until), name, code, system, dose?.amount, dose?.unit, route, status, stay]) }
      return
    }
    case 'gateway':
      yield { table: 'words', line: csv([at, null, 'gateway', null, stored.what, bed, stay]) }
      return
    case 'delivery':
      yield { table: 'words', line: csv([at, null, 'delivery of an alert', null, JSON.stringify(stored.delivery), bed, stay]) }
      return
    case 'watch':
      yield { table: 'words', line: csv([at, null, 'what was watched', null, stored.changes.map(({ rule, state }) => `${rule}: ${state}`).join('; '), bed, stay]) }
  }
}

/** In plain words, for whoever gets the folder. */
export function readmeOf({ mrn, name, stays }: Person, counts: Readonly<Record<ExportTable, number>>): string {
  return `${[
    'What this ward gateway (Vigil) holds of one patient', '',
    `Patient number: ${mrn ?? 'none is known'}`, `Name: ${name ?? 'none is known'}`, `Stays: ${stays.length}`,
    ...stays.map(({ id, bed, openedAt, closedAt }) => `  ${id}: bed ${bed}, from ${isoOf(openedAt)} to ${closedAt === null ? 'now' : isoOf(closedAt)}`), '',
    `values.csv     ${counts.values} measured values, each with its time, its unit, and why there is none where there is none`,
    `alerts.csv     ${counts.alerts} lines: what was raised, why, and who answered`,
    `words.csv      ${counts.words} lines: what people, the registry and monitors said of this patient, and what was watched when`,
    `medicines.csv  ${counts.medicines} medicines, as another system told of them`,
    'person.json    number, name and stays, with what was set for each stay', '',
    'All times are UTC; units are UCUM. A cell that would be a formula in a spreadsheet begins with an apostrophe.',
    'A value that was first taken for another patient and put right is here once, as it is right.', '',
    'Not in here: bytes of messages as they came (recordings and quarantine, kept for a short while), stretches of waveform around',
    'alerts, and the log of the gateway, which holds no names. What left the hospital held no name and no number: it has no list by patient.', '',
    'Vigil is a second notification system. The medical record of the hospital is the record; this is not.',
  ].join('\n')}\n`
}
