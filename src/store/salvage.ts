/**
 * What can be believed of a damaged database, looked for in a bounded time: whose it was, its incarnations, the stays that
 * are open, the alerts that are, and which messages were taken. The rest stays where it was set aside.
 */

import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { storeLimits } from '../limits.ts'
import { rowCrc } from './crc.ts'
import { type Epoch, epochsOf } from './epochs.ts'
import { type FactRow, isRightFact } from './facts.ts'
import { type Identity, metaOf } from './meta.ts'
import { readerQueries, writerQueries } from './queries.ts'
import { type EventRow, type MessageRow, type StayRow, eventOf, messageCrc, stayOf } from './rows.ts'
import { type StandingRow, isRightStanding } from './standing.ts'
import { type StripRow, stripCrc } from './strips.ts'

export type Salvage = {
  /** Empty where not even that could be read. */
  readonly epochs: readonly Epoch[]
  readonly lastSeq: number
  readonly stays: readonly StayRow[]
  /** All events of the alerts that are open, with the numbers that they had. */
  readonly events: readonly EventRow[]
  readonly messages: readonly MessageRow[]
  /** What was learned of who lies where. */
  readonly facts: readonly FactRow[]
  readonly standing: readonly StandingRow[]
  /** Waveforms kept with those alerts. */
  readonly strips: readonly StripRow[]
  /** Something could not be read, or there was no time: there was more than is here. */
  readonly isPartial: boolean
}

/** Versions of the schema. */
const STRIPS_SINCE = 4
const FACTS_SINCE = 5
const STANDING_SINCE = 6

const NOTHING: Salvage = { epochs: [], lastSeq: 0, stays: [], events: [], messages: [], facts: [], standing: [], strips: [], isPartial: true }

/** `monoMs` tells time that never steps. Never throws for what a file holds. */
export function salvage(file: string, identity: Identity, monoMs: () => number): Salvage {
  const until = monoMs() + storeLimits.salvageMsMax
  let db: Database.Database | null = null
  try {
    // Beside an empty file SQLite deletes the WAL, on a read-only connection too.
    if (statSync(file).size === 0) return NOTHING
    db = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 })
    return read(db, identity, () => monoMs() < until)
  } catch {
    return NOTHING
  } finally {
    db?.close()
  }
}

function read(db: Database.Database, identity: Identity, goesOn: () => boolean): Salvage {
  // Whose rows these are must be beyond doubt: a name from another ward is worse than no name.
  const meta = metaOf(db)
  if (meta?.kind !== identity.kind || meta.gateway !== identity.gatewayId) return NOTHING
  let isPartial = false
  const some = <Row>(rows: () => Iterable<Row>, isRight: (row: Row) => boolean): readonly Row[] => {
    const found: Row[] = []
    try {
      for (const row of rows()) {
        if (!goesOn() || found.length >= storeLimits.salvageRowsMax) throw new RangeError('enough')
        if (isRight(row)) found.push(row)
        else isPartial = true
      }
    } catch {
      isPartial = true
    }
    return found
  }
  const firstEpoch: Epoch = { epoch: meta.epoch, firstSeq: 1, beganAt: meta.createdAt, why: 'created' }
  const epochs = some(() => (meta.version === null ? [firstEpoch] : epochsOf(db)), () => true)
  const stays = some(() => db.prepare<[], StayRow>(readerQueries.STAYS_OPEN).iterate(), (row) => stayOf(row).stay !== null)
  const messages = some(() => db.prepare<[], MessageRow>(readerQueries.MESSAGES).iterate(), (row) => row.crc === messageCrc(row))
  const facts = (meta.version ?? 1) < FACTS_SINCE ? [] : some(() => db.prepare<[], FactRow>(readerQueries.FACTS).iterate(), isRightFact)
  const standing = (meta.version ?? 1) < STANDING_SINCE ? [] : some(() => db.prepare<[], StandingRow>(readerQueries.STANDING).iterate(), isRightStanding)
  type OpenRow = { readonly alertId: string; readonly crc: number }
  const alerts = some(() => db.prepare<[], OpenRow>(readerQueries.OPEN_ALERTS).iterate(), ({ alertId, crc }) => crc === rowCrc(alertId))
  const ofAlert = db.prepare<[{ alertId: string }], EventRow>(readerQueries.EVENTS_OF_ALERT)
  const events = alerts.flatMap(({ alertId }) => some(() => ofAlert.iterate({ alertId }), (row) => eventOf(row).kind === 'good'))
  const last = some(() => db.prepare<[], { readonly seq: number }>(writerQueries.LAST_SEQ).all(), () => true)
  // Last, for they weigh most. A file of an older version has none.
  const strips: StripRow[] = []
  for (const { alertId } of (meta.version ?? 1) < STRIPS_SINCE ? [] : alerts) {
    const rowsMax = storeLimits.salvageStripsMax - strips.length
    const ofAlert = (): Iterable<StripRow> => db.prepare<[{ alertId: string; rowsMax: number }], StripRow>(readerQueries.STRIPS_OF_ALERT).iterate({ alertId, rowsMax })
    if (rowsMax > 0) strips.push(...some(ofAlert, (row) => row.crc === stripCrc(row)).toReversed())
  }
  const lastSeq = Math.max(last[0]?.seq ?? 0, ...epochs.map(({ firstSeq }) => firstSeq), ...events.map(({ seq }) => seq))
  // A damaged file may tell the same twice.
  const history = [...new Map(epochs.map((epoch) => [epoch.epoch, epoch])).values()]
  return { epochs: history, lastSeq, stays: stays.map(withBelievedName), standing, messages, events, facts, strips, isPartial }
}

/** No name is better than a wrong one. */
const withBelievedName = (row: StayRow): StayRow => (row.patientCrc === rowCrc(row.id, row.mrn, row.name) ? row : { ...row, mrn: null, name: null })
