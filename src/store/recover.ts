/**
 * Opens vigil.db whatever it holds. A file that is damaged is moved aside, what can be believed of it is carried into a fresh
 * one, and the ward goes on under a new incarnation: a gateway that does not start watches nobody.
 */

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, SqliteError } from 'better-sqlite3'
import { wallMs } from '../domain/time.ts'
import { storeLimits } from '../limits.ts'
import { rowCrc } from './crc.ts'
import {
  type Asked, type Identity, type Refused, type WriterDatabase, databaseFile, isDamage, openWriterDatabase, rest, whyOf,
} from './database.ts'
import { type Opening, openingOf } from './opening.ts'
import { type EventRow, type StayRow, eventOf, stayOf } from './rows.ts'
import { type Salvage, salvage } from './salvage.ts'
import { type Move, beginMove, filesOf, folderOf, moveAside, unfinishedMove } from './set-aside.ts'
import { opensAlert } from './tick-codec.ts'
import { type Connection, connectionOf } from './writer-connection.ts'
import { putStay, whole } from './writer-rows.ts'

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

/** `setAside`: also by a start before this one, until somebody says that it was told (`endMove`). */
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
  const { folder } = recovering
  try {
    return openOrBeginAnew(recovering, unfinishedMove(folder))
  } catch (error) {
    if (!(error instanceof Error && ('code' in error || error.cause !== undefined))) throw error
    return { kind: 'refused', how: 'disk', why: `${folder} cannot be put in order: ${whyOf(error)}` }
  }
}

/** @throws Error with a code when files cannot be moved. */
function openOrBeginAnew(recovering: Recovering, unfinished: Move | null): Recovered | Refused {
  const { folder, identity, asked, condemned, monoMs } = recovering
  const at = new Date(identity.createdAt)
  let why = unfinished?.why ?? condemned ?? (asked.epoch ? null : whatIsLeftOf(folder))
  if (why === null) {
    const opened = lookPatiently(() => openAndLook(recovering), { monoMs, pause: rest })
    if (opened.kind === 'open') return { ...opened, setAside: null }
    if (opened.how !== 'damaged' && !(opened.how === 'foreign' && !asked.epoch)) return opened
    why = opened.why
  }
  if (!unfinished?.isMoved) return beginAnew(recovering, movedAway(folder, why, at))
  const begun = condemned === null ? beginAnew(recovering, unfinished) : null
  if (begun?.kind === 'open' || (begun && begun.how !== 'damaged')) return begun
  // What was made in its place is no good either, and nothing was stored in it: once more, from the first.
  moveAside(folder, filesOf('vigil.db'), at)
  return beginAnew(recovering, unfinished)
}

function movedAway(folder: string, why: string, at: Date): Move {
  try {
    return beginMove(folder, { files: filesOf('vigil.db'), why, at })
  } catch (error) {
    throw new Error(`${why} It cannot be moved aside either: ${whyOf(error)}`, { cause: error })
  }
}

/** Not where it has no room for SQLite's shared memory: a full disk is no better in some seconds, in which nobody would be watched. */
const STUTTERS = /SQLITE_IOERR(?!_SHM)/

/** A disk that stutters keeps its history: what it does not read is asked for again, for a bounded time. */
export function lookPatiently<Found extends WriterDatabase>(
  look: () => Found | Refused,
  { monoMs, pause }: { readonly monoMs: () => number; readonly pause: (ms: number) => void },
): Found | Refused {
  const until = monoMs() + storeLimits.unreadableAtStartMsMax
  for (;;) {
    const found = look()
    if (found.kind === 'open' || !STUTTERS.test(found.why) || monoMs() >= until) return found
    pause(storeLimits.readPauseMs)
  }
}

/**
 * Rows in a WAL whose vigil.db is gone: SQLite would delete them without a word. Null where nothing is lost, and where all is
 * gone, for that is a new ward.
 */
function whatIsLeftOf(folder: string): string | null {
  const file = databaseFile(folder)
  const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return bytesOf(file) === 0 && bytesOf(`${file}-wal`) > 0 ? `${file} is gone, and its WAL is left.` : null
}

/** What can be believed of the file that was moved, in a fresh one; where a start before this one came so far, that one. */
function beginAnew({ folder, identity, monoMs }: Recovering, move: Move): Recovered | Refused {
  const aside = folderOf(folder, move)
  const found = salvage(join(aside, 'vigil.db'), identity, monoMs)
  const beginning = { history: found.epochs, seqFloor: found.lastSeq, why: 'set-aside', carry: (db: Database) => carryOver(db, found) } as const
  const fresh = openWriterDatabase(folder, identity, { beginning })
  if (fresh.kind === 'refused') return fresh
  try {
    const opening = openingOf(fresh.db)
    const { stays, openAlertEvents, openDeliveries, messages } = opening
    const isPartial = found.isPartial || stays.length < found.stays.length || openAlertEvents.length + openDeliveries.length < found.events.length || messages.length < found.messages.length
    const alerts = new Set(openAlertEvents.map(({ alertId }) => alertId)).size
    return { ...fresh, opening, setAside: { folder: aside, why: move.why, stays: stays.length, alerts, isPartial } }
  } catch (error) {
    fresh.db.close()
    return { kind: 'refused', how: isDamage(error) ? 'damaged' : 'disk', why: `${databaseFile(folder)} cannot be made anew: ${whyOf(error)}` }
  }
}

/** Opens it, reads what a start needs, and tries a write that is taken back: damage that lies in its way is found now. */
function openAndLook({ folder, identity, asked }: Recovering): (WriterDatabase & { readonly opening: Opening }) | Refused {
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
    connection.addFact.run({ id: Number.MAX_SAFE_INTEGER, learnedAt: 0, effectiveAt: 0, source: 'adt', by: '', body: '', crc: 0 })
    connection.putStanding.run({ key: 'rehearsal', at: 0, body: 'null', crc: 0 })
    connection.addStrip.run({ alertId: 'rehearsal', at: 0, device: '', metric: '', channel: '', rateHz: 1, scale: 1, offset: 0, unit: '', from: 0, samples: new Uint8Array(), crc: 0 })
    connection.addQuarantined.run({ at: wallMs(0), device: '', peer: '', why: '', length: 0, bytes: new Uint8Array(), crc: 0 })
  } finally {
    if (connection.db.inTransaction) connection.rollback.run()
  }
}

/**
 * Into the fresh file. Events keep their numbers, for by those central knows them. A damaged file may tell the same twice, or
 * what no table takes: that row is left out. @throws SqliteError when the disk fails.
 */
function carryOver(db: Database, { stays, events, messages, facts, standing, strips }: Salvage): void {
  const connection = connectionOf(db)
  const carry = (write: () => void): void => {
    try {
      whole(connection, write)
    } catch (error) {
      if (!(error instanceof SqliteError) || !/^SQLITE_(CONSTRAINT|MISMATCH)/.test(error.code)) throw error
    }
  }
  for (const row of stays) carry(() => addStay(connection, row))
  for (const row of facts) carry(() => connection.addFact.run(row))
  for (const row of standing) carry(() => connection.putStanding.run(row))
  for (const row of events) carry(() => addEventRow(connection, row))
  // Of each slot the one that was taken last.
  const slots = new Map(messages.map((row) => [`${row.device}\u0000${row.slot}`, row]))
  for (const row of slots.values()) carry(() => connection.addMessage.run(row))
  for (const { id: _id, ...row } of strips) carry(() => connection.addStrip.run(row))
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
