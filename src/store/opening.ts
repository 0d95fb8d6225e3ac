/** What a gateway takes up again when it starts: open stays, open alerts, messages that were taken, and the last minutes for the rules. */

import Database from 'better-sqlite3'
import { type Alert, type AlertEvent, foldAlert, isOpen } from '../domain/alert.ts'
import type { Fact } from '../domain/association.ts'
import type { Delivery } from '../domain/delivery.ts'
import type { Snapshot } from '../domain/observation.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { pumpLimits, storeLimits } from '../limits.ts'
import type { MessageIdentity, Standing, StayRecord } from '../seams.ts'
import { rowCrc } from './crc.ts'
import { readFacts } from './facts.ts'
import { type Refused, StoreUnreadable, databaseFile, openReaderDatabase, whyOf } from './database.ts'
import { seqsBetween } from './marks.ts'
import { readerQueries } from './queries.ts'
import { Revisions, revisedSnapshots } from './revisions.ts'
import { readStanding } from './standing.ts'
import { type Damage, type EventRow, type MessageRow, RowReader, type SnapshotRow, type StayRow, eventOf, messageOf, stayOf } from './rows.ts'

export type Opening = {
  readonly stays: readonly StayRecord[]
  readonly openAlertEvents: readonly AlertEvent[]
  /** How far those alerts came, in the order of the log. */
  readonly openDeliveries: readonly Delivery[]
  /** In the order in which they were taken. */
  readonly messages: readonly MessageIdentity[]
  /** What was learned of who lies where, in the order of learning; and the newest stays that ended, oldest first. */
  readonly facts: readonly Fact[]
  readonly pastStays: readonly StayRecord[]
  /** What stands of the house. */
  readonly standing: readonly Standing[]
  /** When the newest row came; null in an empty log. */
  readonly aliveAt: WallMs | null
  readonly damaged: readonly Damage[]
}

/** Reads them on a connection of its own, from a database that is there. */
export function readOpening(folder: string): ({ readonly kind: 'read' } & Opening) | Refused {
  let db: Database.Database | null = null
  try {
    db = openReaderDatabase(folder).db
    return { kind: 'read', ...openingOf(db) }
  } catch (error) {
    return { kind: 'refused', how: 'damaged', why: error instanceof StoreUnreadable ? error.message : `${databaseFile(folder)} cannot be read: ${whyOf(error)}` }
  } finally {
    db?.close()
  }
}

/** @throws SqliteError when pages of the file are damaged; a row that is, is told. */
export function openingOf(db: Database.Database): Opening {
  const damaged: Damage[] = []
  return {
    stays: staysOf(db.prepare<[], StayRow>(readerQueries.STAYS_OPEN).all(), damaged),
    ...openAlerts(db, damaged),
    messages: messagesTaken(db, damaged),
    facts: readFacts(db, damaged),
    pastStays: staysOf(db.prepare<[{ rowsMax: number }], StayRow>(readerQueries.STAYS_PAST).all({ rowsMax: storeLimits.pastStaysMax }), damaged).toReversed(),
    standing: readStanding(db, damaged),
    aliveAt: aliveAt(db),
    damaged,
  }
}

function aliveAt(db: Database.Database): WallMs | null {
  const at = db.prepare<[], { readonly at: number }>(readerQueries.NEWEST_AT).get()?.at ?? 0
  return at === 0 ? null : wallMs(at)
}

function staysOf(rows: readonly StayRow[], damaged: Damage[]): readonly StayRecord[] {
  const stays: StayRecord[] = []
  for (const row of rows) {
    const { stay, damage } = stayOf(row)
    if (damage) damaged.push(damage)
    if (stay) stays.push(stay)
  }
  return stays
}

function messagesTaken(db: Database.Database, damaged: Damage[]): readonly MessageIdentity[] {
  const messages: MessageIdentity[] = []
  for (const row of db.prepare<[], MessageRow>(readerQueries.MESSAGES).all()) {
    const message = messageOf(row)
    if (message.kind === 'good') messages.push(message.value)
    else damaged.push(message.damage)
  }
  return messages
}

function openAlerts(db: Database.Database, damaged: Damage[]): Pick<Opening, 'openAlertEvents' | 'openDeliveries'> {
  const ofAlert = db.prepare<[{ alertId: string }], EventRow>(readerQueries.EVENTS_OF_ALERT)
  const found: { readonly seq: number; readonly event: AlertEvent }[] = []
  const openDeliveries: Delivery[] = []
  for (const alertId of openAlertIds(db, damaged)) {
    const { events, deliveries } = alertEvents(ofAlert.all({ alertId }), damaged)
    const alert = events.reduce<Alert | null>((before, { event }) => foldAlert(before, event), null)
    if (!alert || !isOpen(alert)) continue
    found.push(...events)
    openDeliveries.push(...deliveries)
  }
  return { openAlertEvents: found.toSorted((a, b) => a.seq - b.seq).map(({ event }) => event), openDeliveries }
}

/** The table of open alerts is a short cut. Where a row of it is damaged the log itself is asked, which takes longer. */
function openAlertIds(db: Database.Database, damaged: Damage[]): readonly string[] {
  const open = db.prepare<[], { readonly alertId: string; readonly crc: number }>(readerQueries.OPEN_ALERTS).all()
  const wrong = open.filter(({ alertId, crc }) => crc !== rowCrc(alertId))
  if (wrong.length === 0) return open.map(({ alertId }) => alertId)
  for (const { alertId } of wrong) damaged.push({ table: 'open_alert', row: alertId, why: 'its bytes are not those that were written' })
  return db.prepare<[], { readonly alertId: string }>(readerQueries.ALERT_IDS).all().map(({ alertId }) => alertId)
}

/** In order, from the first phase that can be believed: an acknowledgement without its alert says nothing. */
function alertEvents(rows: readonly EventRow[], damaged: Damage[]): { readonly events: readonly { readonly seq: number; readonly event: AlertEvent }[]; readonly deliveries: readonly Delivery[] } {
  const deliveries: Delivery[] = []
  const events: { readonly seq: number; readonly event: AlertEvent }[] = []
  for (const row of rows) {
    const stored = eventOf(row)
    if (stored.kind === 'damaged') damaged.push(stored.damage)
    else if (stored.value.kind === 'alert') events.push({ seq: row.seq, event: stored.value.event })
    else if (stored.value.kind === 'delivery') deliveries.push(stored.value.delivery)
  }
  const start = events.findIndex(({ event }) => event.kind === 'phase')
  return { events: start === -1 ? [] : events.slice(start), deliveries }
}

/**
 * Snapshots received at or after `from`, among the newest `refoldRowsMax` rows, in the order of the log, page by page; those that were
 * written again, in the place of others, where those were. Damaged ones are told, and passed over; a page
 * of the file that cannot be read ends it, for what comes behind would be folded without what came before.
 */
export function* recentSnapshots(folder: string, from: WallMs, onDamage: (damage: Damage) => void): Generator<Snapshot, void, undefined> {
  const { db } = openReaderDatabase(folder)
  try {
    const span = seqsBetween(db, from, null)
    if (!span) return
    const rows = new RowReader(db)
    const revisions = new Revisions(db)
    const again = [...revisedSnapshots(db, { from, rowsMax: pumpLimits.refoldRowsMax, rows, onDamage })]
    const snapshotsAfter = db.prepare<[{ afterSeq: number; rowsMax: number }], SnapshotRow>(readerQueries.SNAPSHOTS_AFTER)
    for (let afterSeq = Math.max(span.firstSeq - 1, span.lastSeq - pumpLimits.refoldRowsMax); ; ) {
      const page = snapshotsAfter.all({ afterSeq, rowsMax: storeLimits.readerPageRowsMax })
      const lines = { firstSeq: page[0]?.seq ?? 0, lastSeq: page.at(-1)?.seq ?? 0 }
      const superseded = revisions.superseded(lines)
      const revised = revisions.of(lines)
      for (const row of page) {
        afterSeq = row.seq
        if (row.receivedAt < from || superseded.has(row.seq) || revised.has(row.seq)) continue
        for (let next = again[0]; next && next.receivedAt <= row.receivedAt; next = again[0]) {
          yield next
          again.shift()
        }
        const snapshot = rows.snapshot(row)
        if (snapshot.kind === 'good') yield snapshot.value
        else onDamage(snapshot.damage)
      }
      if (page.length < storeLimits.readerPageRowsMax) break
    }
    yield* again
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error
    onDamage({ table: 'snapshot', row: 'a page', why: whyOf(error) })
  } finally {
    db.close()
  }
}
