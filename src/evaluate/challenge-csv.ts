/**
 * The table of hourly values of many stays, as the PhysioNet/CinC Challenge 2019 publishes them, joined into one CSV. Read as a
 * stream: one stay is held at a time.
 */

import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { evaluateLimits } from '../limits.ts'

/** Columns that are read, by place in a row's values. Others are passed by; time in the unit must not be used, and is not. */
export const COLUMNS = [
  'HR', 'O2Sat', 'Temp', 'SBP', 'MAP', 'DBP', 'Resp', 'EtCO2', 'FiO2', 'PaCO2', 'Lactate', 'WBC', 'Creatinine', 'Bilirubin_total', 'Platelets',
] as const
export type Column = (typeof COLUMNS)[number]

/** `values`: by column; null: not measured. */
export type Row = { readonly hour: number; readonly values: readonly (number | null)[]; readonly label: boolean }
export type Stay = { readonly patient: string; readonly rows: readonly Row[] }

/** What is wrong with the file, with its line. */
export class BadTable extends Error {
  override readonly name = 'BadTable'
}

type Places = { readonly patient: number; readonly hour: number; readonly label: number; readonly columns: readonly number[] }

function placesOf(header: string): Places {
  const names = header.split(',')
  const place = (name: string): number => {
    const found = names.indexOf(name)
    if (found === -1) throw new BadTable(`line 1: there is no column "${name}". Needed are patient, hour, SepsisLabel, and of the values ${COLUMNS.join(', ')}.`)
    return found
  }
  return { patient: place('patient'), hour: place('hour'), label: place('SepsisLabel'), columns: COLUMNS.map(place) }
}

function numberOf(text: string | undefined, line: number): number | null {
  if (text === undefined || text === '' || text === 'NaN') return null
  const value = Number(text)
  if (!Number.isFinite(value)) throw new BadTable(`line ${line}: "${text.slice(0, 40)}" is no number`)
  return value
}

function rowOf(cells: readonly string[], { hour, label, columns }: Places, line: number): Row {
  const at = numberOf(cells[hour], line)
  const labelled = cells[label]?.trim()
  if (at === null) throw new BadTable(`line ${line}: has no hour`)
  if (labelled !== '0' && labelled !== '1') throw new BadTable(`line ${line}: SepsisLabel is neither 0 nor 1`)
  return { hour: at, values: columns.map((place) => numberOf(cells[place], line)), label: labelled === '1' }
}

async function* linesOf(path: string, progress: (bytes: number) => void): AsyncGenerator<string> {
  const file = createReadStream(path)
  const chunks: AsyncIterable<Buffer> = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  // A pipe does not hand on what goes wrong before it.
  const failed = new Promise<never>((_resolve, reject) => file.once('error', reject))
  failed.catch(() => undefined)
  let held = ''
  const iterator = chunks[Symbol.asyncIterator]()
  for (let next = await Promise.race([iterator.next(), failed]); next.done !== true; next = await Promise.race([iterator.next(), failed])) {
    const lines = (held + next.value.toString('latin1')).split('\n')
    held = lines.pop() ?? ''
    if (held.length > evaluateLimits.lineCharsMax) throw new BadTable('a line is too long: this is no table of hourly values')
    progress(file.bytesRead)
    yield* lines
  }
  yield held
}

/** @throws BadTable; Error of the file system or of zlib when the file cannot be read. */
export async function* readStays(path: string, progress: (bytes: number) => void): AsyncGenerator<Stay> {
  let places: Places | null = null
  let patient = ''
  let rows: Row[] = []
  let number = 0
  const seen = new Set<string>()
  for await (const text of linesOf(path, progress)) {
    number++
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    if (line === '') continue
    if (places === null) {
      places = placesOf(line)
      continue
    }
    const cells = line.split(',')
    const whose = cells[places.patient] ?? ''
    if (whose !== patient) {
      if (rows.length > 0) yield { patient, rows }
      if (seen.has(whose)) throw new BadTable(`line ${number}: rows of patient ${whose.slice(0, 40)} do not stand together`)
      seen.add(whose)
      patient = whose
      rows = []
    }
    const row = rowOf(cells, places, number)
    const before = rows.at(-1)
    if (before !== undefined && row.hour <= before.hour) throw new BadTable(`line ${number}: hour ${row.hour} comes after hour ${before.hour}`)
    if (rows.length >= evaluateLimits.rowsPerStayMax) throw new BadTable(`line ${number}: a stay of more than ${evaluateLimits.rowsPerStayMax} rows`)
    rows.push(row)
  }
  if (rows.length > 0) yield { patient, rows }
}
