/**
 * Opens vigil.db whatever it holds. A file that is damaged is moved aside, what can be believed of it is carried into a fresh
 * one, and the ward goes on under a new incarnation: a gateway that does not start watches nobody.
 */

import { join } from 'node:path'
import { type Database, SqliteError } from 'better-sqlite3'
import { wallMs } from '../domain/time.ts'
import { storeLimits } from '../limits.ts'
import { rowCrc } from './crc.ts'
import {
  type Asked, type Identity, READS_TRIED, READ_PAUSE_MS, type Refused, type WriterDatabase, databaseFile, isDamage, openWriterDatabase, whyOf,
} from './database.ts'
import { type Opening, openingOf } from './opening.ts'
import { type EventRow, type StayRow, eventOf, stayOf } from './rows.ts'
import { type Salvage, salvage } from './salvage.ts'
import { filesOf, moveAside } from './set-aside.ts'
import { opensAlert } from './tick-codec.ts'
import { type Connection, connectionOf } from './writer-connection.ts'
import { putStay } from './writer-rows.ts'

/** What became of a file that could not be used: told to people. */
export type SetAside = {
  /** Where its files lie now. */
  readonly folder: string
  readonly why: string
  readonly stays: number
  readonly alerts: number
  /** There was more than could be carried over. */
  readonly isPartial: boolean
}

export type Recovered = WriterDatabase & { readonly opening: Opening; readonly setAside: SetAside | null }

export type Recovering = {
  readonly folder: string
  readonly identity: Identity
  readonly asked: Asked
  /** Why the file is to be set aside whatever a look at it says: it could not be written to. */
  readonly condemned: string | null
  readonly monoMs: () => number
}

export function openWhateverItHolds(recovering: Recovering): Recovered | Refused {
  const { folder, identity, asked, condemned, monoMs } = recovering
  let why = condemned
  for (let tries = 1; why === null; tries++) {
    const opened = openAndLook(folder, identity, asked)
    if (opened.kind === 'open') return { ...opened, setAside: null }
    if (opened.how !== 'damaged' && !(opened.how === 'foreign' && !asked.epoch)) return opened
    if (!/SQLITE_IOERR/.test(opened.why) || tries >= READS_TRIED) why = opened.why
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, READ_PAUSE_MS)
  }
  let aside: string
  try {
    aside = moveAside(folder, filesOf('vigil.db'), new Date(identity.createdAt))
  } catch (error) {
    return { kind: 'refused', how: 'disk', why: `${why} It cannot be moved aside either: ${whyOf(error)}` }
  }
  const found = salvage(join(aside, 'vigil.db'), identity, monoMs)
  const fresh = openWriterDatabase(folder, identity, { beginning: { history: found.epochs, seqFloor: found.lastSeq, why: 'set-aside' } })
  if (fresh.kind === 'refused') return fresh
  try {
    carryOver(fresh.db, found)
    const opening = openingOf(fresh.db)
    const alerts = new Set(opening.openAlertEvents.map(({ alertId }) => alertId)).size
    return { ...fresh, opening, setAside: { folder: aside, why, stays: found.stays.length, alerts, isPartial: found.isPartial } }
  } catch (error) {
    fresh.db.close()
    return { kind: 'refused', how: 'disk', why: `${databaseFile(folder)} cannot be made anew: ${whyOf(error)}` }
  }
}

/** Opens it, reads what a start needs, and tries a write that is taken back: damage that lies in its way is found now. */
function openAndLook(folder: string, identity: Identity, asked: Asked): (WriterDatabase & { readonly opening: Opening }) | Refused {
  const opened = openWriterDatabase(folder, identity, asked)
  if (opened.kind === 'refused') return opened
  try {
    rehearse(connectionOf(opened.db))
    return { ...opened, opening: openingOf(opened.db) }
  } catch (error) {
    opened.db.close()
    const file = databaseFile(folder)
    return isDamage(error)
      ? { kind: 'refused', how: 'damaged', why: `${file} is damaged: ${whyOf(error)}` }
      : { kind: 'refused', how: 'disk', why: `${file} cannot be used: ${whyOf(error)}` }
  }
}

/** One row into the end of each tree that a commit writes to, and back again: nothing reaches the disk. */
function rehearse(connection: Connection): void {
  try {
    connection.begin.run()
  } catch (error) {
    // Another program writes just now: nothing is wrong with the file.
    if (error instanceof SqliteError && error.code.startsWith('SQLITE_BUSY')) return
    throw error
  }
  try {
    const seq = (connection.lastSeq.get()?.seq ?? 0) + 1
    const stream = connection.streamsNewest.get({ rowsMax: 1 })?.id
    if (stream !== undefined) connection.addSnapshot.run(seq, stream, 0, null, new Uint8Array(storeLimits.rehearsalBytes), 0)
    connection.addEvent.run({ seq: seq + 1, at: wallMs(0), kind: 'gateway', alertId: 'rehearsal', body: '', crc: 0 })
    connection.addMark.run({ minute: Number.MAX_SAFE_INTEGER, seq })
    connection.addQuarantined.run({ at: wallMs(0), device: '', peer: '', why: '', length: 0, bytes: new Uint8Array(), crc: 0 })
  } finally {
    if (connection.db.inTransaction) connection.rollback.run()
  }
}

/** Into the fresh file, in one transaction. Events keep their numbers, for by those central knows them. */
function carryOver(db: Database, found: Salvage): void {
  const connection = connectionOf(db)
  db.transaction(() => {
    for (const row of found.stays) addStay(connection, row)
    for (const row of found.events) addEventRow(connection, row)
    for (const row of found.messages) connection.addMessage.run(row)
  }).immediate()
}

function addStay(connection: Connection, row: StayRow): void {
  const { stay } = stayOf(row)
  if (stay) putStay(connection, stay)
}

function addEventRow(connection: Connection, row: EventRow): void {
  const stored = eventOf(row)
  if (stored.kind === 'damaged' || row.alertId === null) return
  connection.addEvent.run(row)
  if (stored.value.kind !== 'alert') return
  const opens = opensAlert(stored.value.event)
  if (opens === true) connection.openAlert.run({ alertId: row.alertId, crc: rowCrc(row.alertId) })
  else if (opens === false) connection.closeAlert.run({ alertId: row.alertId })
}
