/** Documents that are made from code, so that they cannot lie. */

import { METRICS } from '../domain/metrics.ts'
import { laneTables } from '../sync/lane-table.ts'
import { siteJsonSchema } from './schema.ts'

/** Path from the root, and what should stand there. */
export function generated(): ReadonlyMap<string, string> {
  const schema = siteJsonSchema()
  return new Map([
    ['config/site.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['config/settings.md', settingsTable(schema)],
    ['config/metrics.md', metricsTable()],
    ['src/sync/lanes.md', laneTables()],
  ])
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function metricsTable(): string {
  const rows = METRICS.map(({ label, id, mdc, loinc, unit, parsed, scored, decimals, kind, variable }) =>
    [label, `${id} (${mdc})`, loinc ?? '–', unit, `${parsed.low} to ${parsed.high}`, `${scored.low} to ${scored.high}`, String(decimals), kind, variable ? `${variable.name}, rank ${variable.rank}` : '–'].map(cell),
  )
  return table(
    'Metrics',
    'Made from `src/domain/metrics.ts` by `npm run docs`. Codes and reference ids: IEEE 11073-10101; LOINC; UCUM. A value outside "parsed" is absent (out of range); one outside "scored" is shown and not scored.',
    ['Label', 'MDC', 'LOINC', 'UCUM', 'Parsed', 'Scored', 'Decimals', 'Kind', 'Says of the patient'],
    rows,
  )
}

function settingsTable(schema: object): string {
  const rows: string[][] = []
  walk(schema, '', rows)
  return table('Settings of a site file', 'Made from `src/config/schema.ts` by `npm run docs`. A worked example: `config/site.example.yaml`.', ['Setting', 'Value', 'Default', 'What it does'], rows)
}

const record = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? { ...value } : {})
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function walk(node: unknown, path: string, rows: string[][]): void {
  const { properties, items, anyOf, oneOf } = record(node)
  for (const alternative of [...list(anyOf), ...list(oneOf)]) walk(alternative, path, rows)
  if (items !== undefined) walk(items, `${path}[]`, rows)
  for (const [name, inner] of Object.entries(record(properties))) {
    const spot = path === '' ? name : `${path}.${name}`
    const { const: fixed, default: byDefault, description } = record(inner)
    const row = [spot, kindOf(inner), byDefault === undefined ? '' : `\`${JSON.stringify(byDefault)}\``, typeof description === 'string' ? description : '']
    // The kinds of a link share most settings: each is listed once.
    if (fixed === undefined && !rows.some(([known]) => known === spot)) rows.push(row.map(cell))
    walk(inner, spot, rows)
  }
}

function kindOf(node: unknown): string {
  const { type, enum: choices, anyOf, minimum, maximum } = record(node)
  if (Array.isArray(choices)) return choices.map((choice) => `\`${String(choice)}\``).join(' · ')
  if (Array.isArray(anyOf)) return anyOf.map((option) => kindOf(option)).join(' or ')
  const { const: fixed } = record(node)
  if (fixed !== undefined) return `\`${JSON.stringify(fixed)}\``
  if (type === 'integer' || type === 'number') return typeof minimum === 'number' && typeof maximum === 'number' ? `${minimum} to ${maximum}` : type
  if (type === 'object') return 'section'
  if (type === 'array') return 'list'
  return typeof type === 'string' ? type : 'value'
}

function table(title: string, intro: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [`# ${title}`, '', intro, '', line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n')
}
