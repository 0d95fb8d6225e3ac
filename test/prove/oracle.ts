/**
 * The conservation oracle: what was issued, what was acknowledged, what is there. It lives outside the process that is
 * killed, starved or lied to, and believes the gateway's database and central's tables only as far as it reads them itself.
 */

import { existsSync } from 'node:fs'
import type { Snapshot } from '../../src/domain/observation.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { type Transport, foundIn } from './payload.ts'

export type ProveDevice = { readonly id: string; readonly transport: Transport; readonly bed: string }

type Fate = 'open' | 'accepted' | 'refused'
type Issued = { readonly device: ProveDevice; fate: Fate }

/** Numbers messages and remembers what their senders were told. */
export class Ledger {
  readonly #issued: Issued[] = []
  /** Answers that belong to no message that was waiting. */
  strayAnswers = 0

  /** The number of a new message, from 1 on. */
  issue(device: ProveDevice): number {
    return this.#issued.push({ device, fate: 'open' })
  }

  /** Its sender was told that it is stored. */
  accepted(id: number): void {
    this.#of(id).fate = 'accepted'
  }

  /** Its sender was told, in whatever words its protocol has, that it is not. */
  refused(id: number): void {
    const issued = this.#of(id)
    if (issued.fate !== 'accepted') issued.fate = 'refused'
  }

  get(id: number): Readonly<Issued> | undefined {
    return this.#issued[id - 1]
  }

  get issued(): number {
    return this.#issued.length
  }

  count(fate: Fate, transport?: Transport): number {
    return this.#issued.filter((issued) => issued.fate === fate && (transport === undefined || issued.device.transport === transport)).length
  }

  /** Numbers of the messages of which `is` holds. */
  ids(is: (issued: Readonly<Issued>, id: number) => boolean): readonly number[] {
    return this.#issued.flatMap((issued, index) => (is(issued, index + 1) ? [index + 1] : []))
  }

  #of(id: number): Issued {
    const issued = this.#issued[id - 1]
    if (!issued) throw new Error(`message ${id} was never issued`)
    return issued
  }
}

/** What lies in a store, in the words of the oracle. */
export type Holdings = {
  /** By message: how many rows hold it. */
  readonly rows: ReadonlyMap<number, number>
  /** By message: the device under whose name it lies. */
  readonly devices: ReadonlyMap<number, string>
  readonly corrupted: number
  /** Rows that the product's own reader passed over as damaged. */
  readonly damaged: number
  /** Metric → value → how many: for central, which knows neither devices nor messages. */
  readonly values: Values
}
export type Values = Map<string, Map<number, number>>

const PAGE_ROWS = 2_000
/** Central rounds values to so many decimals. */
const ROUND = 1e6

/** Reads the database of a data folder through the product's own reader, live or after the end; empty where there is none yet. */
export function holdingsOf(folder: string, { withValues = false } = {}): Holdings {
  const rows = new Map<number, number>()
  const devices = new Map<number, string>()
  const values: Values = new Map()
  let corrupted = 0
  if (!existsSync(`${folder}/vigil.db`)) return { rows, devices, corrupted, damaged: 0, values }
  using reader = openLogReader(folder)
  for (let after = 0; ; ) {
    const page = reader.read(after, PAGE_ROWS)
    for (const row of page) {
      after = row.seq
      if (row.kind !== 'snapshot') continue
      if (withValues) addValues(values, row.snapshot)
      const found = foundIn(row.snapshot)
      if (found === null) continue
      if (!found.intact) corrupted++
      rows.set(found.id, (rows.get(found.id) ?? 0) + 1)
      devices.set(found.id, row.snapshot.device)
    }
    if (page.length < PAGE_ROWS) break
  }
  return { rows, devices, corrupted, damaged: reader.damaged().length, values }
}

function addValues(values: Values, { observations }: Snapshot): void {
  for (const { metric, measurement } of observations) if (measurement.kind === 'measured') addValue(values, metric.id, measurement.value)
}

export function addValue(values: Values, metric: string, value: number): void {
  let counts = values.get(metric)
  if (!counts) values.set(metric, (counts = new Map()))
  const rounded = Math.round(value * ROUND) / ROUND
  counts.set(rounded, (counts.get(rounded) ?? 0) + 1)
}

export type Verdict = {
  readonly issued: number
  readonly accepted: number
  readonly delivered: number
  /** Acknowledged, and not there. */
  readonly missing: number
  /** There, and never issued, or under another device's name. */
  readonly spurious: number
  /** There, and not as it was sent. */
  readonly corrupted: number
  /** There more than once. */
  readonly duplicated: number
  readonly strayAnswers: number
  readonly conserved: boolean
}

export function judge(ledger: Ledger, { rows, devices, corrupted, damaged }: Holdings): Verdict {
  const missing = ledger.ids(({ fate }, id) => fate === 'accepted' && !rows.has(id)).length
  const spurious = [...rows.keys()].filter((id) => ledger.get(id)?.device.id !== devices.get(id)).length
  const duplicated = [...rows.values()].filter((count) => count > 1).length
  return {
    issued: ledger.issued,
    accepted: ledger.count('accepted'),
    delivered: rows.size,
    missing,
    spurious,
    corrupted: corrupted + damaged,
    duplicated,
    strayAnswers: ledger.strayAnswers,
    conserved: missing + spurious + corrupted + damaged + duplicated + ledger.strayAnswers === 0,
  }
}

/** How central's values differ from the gateway's own: what it lacks, and what it has more often. */
export function compareValues(ours: Values, central: Values): { readonly values: number; readonly missing: number; readonly extra: number } {
  let [values, missing, extra] = [0, 0, 0]
  for (const metric of new Set([...ours.keys(), ...central.keys()])) {
    const [have, there] = [ours.get(metric) ?? new Map<number, number>(), central.get(metric) ?? new Map<number, number>()]
    for (const value of new Set([...have.keys(), ...there.keys()])) {
      const difference = (there.get(value) ?? 0) - (have.get(value) ?? 0)
      values += have.get(value) ?? 0
      if (difference < 0) missing -= difference
      else extra += difference
    }
  }
  return { values, missing, extra }
}
