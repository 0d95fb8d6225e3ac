/** Events as rows of the postgres sink's tables, column by column. Pure. */

import { type Fields, type WireEvent, fieldsOf, textOf } from './events.ts'

/** One column of many rows. `type` is that of its array in PostgreSQL; a timestamptz goes over as milliseconds. */
export type ColumnOf = {
  readonly name: string
  readonly type: 'text' | 'bigint' | 'smallint' | 'float8' | 'time' | 'jsonb'
  readonly of: (row: Row) => unknown
}
export type Row = { readonly event: WireEvent; readonly at: number; readonly fields: Fields; readonly place: number }

const column = (name: string, type: ColumnOf['type'], of: ColumnOf['of']): ColumnOf => ({ name, type, of })
const json = ({ event, fields }: Row): string => JSON.stringify(Object.keys(fields).length > 0 ? fields : event.fields)
const text = (name: string) => ({ fields }: Row): string | null => textOf(fields[name]) || null

const at = column('time', 'time', (row) => row.at)
const key = column('event_key', 'text', ({ event }) => event.key)
const subject = column('subject', 'text', ({ event }) => event.subject)
const stream = (name: string) => column(name, 'text', ({ event }) => textOf(event.fields['streamId']))

export const COLUMNS: Readonly<Record<string, readonly ColumnOf[]>> = {
  vital_signs_timeseries: [
    at, key, subject, stream('stream'), column('metric', 'text', text('metric')), column('mdc', 'bigint', ({ fields }) => fields['mdc']),
    column('loinc', 'text', text('loinc')),
    column('unit', 'text', ({ fields }) => textOf(fields['unit'])), column('value', 'float8', ({ fields, place }) => listOf(fields['v'])[place] ?? null),
    column('quality', 'smallint', ({ fields, place }) => listOf(fields['q'])[place]),
  ],
  device_metrics: [at, key, stream('device'), column('data', 'jsonb', json)],
  system_metrics: [at, key, stream('gateway'), column('data', 'jsonb', json)],
  alerts: [
    at, key, subject, stream('stream'), column('alert_id', 'text', text('alertId')),
    ...['phase', 'state', 'severity', 'priority', 'type', 'rule'].map((name) => column(name, 'text', text(name))),
    column('data', 'jsonb', json),
  ],
  other_events: [at, key, column('type', 'text', ({ event }) => event.eventType), subject, column('data', 'jsonb', ({ event }) => event.json)],
}

const TABLE_OF: ReadonlyMap<string, string> = new Map([
  ['vital-signs', 'vital_signs_timeseries'], ['device-metrics', 'device_metrics'], ['system-metrics', 'system_metrics'], ['alerts', 'alerts'],
])

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Rows by table. Vital signs are one row for each value, absent ones too: NULL, with the quality that says why. */
export function rowsOf(events: readonly WireEvent[]): ReadonlyMap<string, readonly Row[]> {
  const tables = new Map<string, Row[]>()
  for (const event of events) {
    const table = TABLE_OF.get(event.eventType) ?? 'other_events'
    const fields = fieldsOf(event.fields['data'])
    const startAt = Date.parse(event.timestamp)
    const rows = table === 'vital_signs_timeseries'
      ? listOf(fields['t']).map((offset, place): Row => ({ event, fields, place, at: startAt + (typeof offset === 'number' ? offset : 0) }))
      : [{ event, fields, place: 0, at: startAt }]
    const known = tables.get(table)
    if (known) known.push(...rows)
    else tables.set(table, rows)
  }
  return tables
}

const ARRAY_OF: Readonly<Record<ColumnOf['type'], string>> = {
  text: 'text[]', bigint: 'bigint[]', smallint: 'smallint[]', float8: 'float8[]', time: 'float8[]', jsonb: 'text[]',
}
const VALUE_OF: Readonly<Record<ColumnOf['type'], (name: string) => string>> = {
  text: (name) => name, bigint: (name) => name, smallint: (name) => name, float8: (name) => name,
  time: (name) => `to_timestamp(${name} / 1000)`, jsonb: (name) => `${name}::jsonb`,
}

/** One insert for all rows of a table: columns go over as arrays and are unnested there. The last parameter is the batch. */
export function insertOf(table: string, rows: readonly Row[]): { readonly text: string; readonly values: readonly unknown[] } {
  const columns = COLUMNS[table] ?? []
  const names = columns.map(({ name }) => name)
  const places = columns.map(({ type }, place) => `$${place + 1}::${ARRAY_OF[type]}`)
  const selected = columns.map(({ name, type }) => VALUE_OF[type](`r.${name}`))
  return {
    text: `INSERT INTO ${table} (${names.join(', ')}, batch_id) SELECT ${selected.join(', ')}, $${columns.length + 1}
      FROM unnest(${places.join(', ')}) AS r (${names.join(', ')})`,
    values: columns.map(({ of: value }) => rows.map((row) => value(row))),
  }
}
