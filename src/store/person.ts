/**
 * One person, over all stays: found by number or by one of the stays; and erased. Erasing takes away who it was, here and in what links
 * us to central; the values stay as those of nobody until retention deletes them.
 */

import Database from 'better-sqlite3'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type WallMs, wallMs } from '../domain/time.ts'
import { rowCrc } from './crc.ts'
import { databaseFile, lockFolder, openReaderDatabase } from './database.ts'
import { type FactRow, factOf } from './facts.ts'
import { personQueries as Q, sentQueries as S } from './person-queries.ts'
import type { Fact } from '../domain/association.ts'
import { SYNC_FILE, openSyncLedger } from './sync-ledger.ts'
import type { ReleaseTables } from './sync-release.ts'

export type PersonStay = { readonly id: string; readonly bed: string; readonly openedAt: WallMs; readonly closedAt: WallMs | null; readonly context: string }
export type Person = { readonly mrn: string | null; readonly name: string | null; readonly stays: readonly PersonStay[]; readonly facts: readonly Fact[] }

type StayRow = { readonly id: string; readonly bed: string; readonly patient: number | null; readonly openedAt: number; readonly closedAt: number | null; readonly context: string; readonly crc: number }
type PatientRow = { readonly id: number; readonly mrn: string | null; readonly name: string | null }

/** @param said A patient's number, or the id of a stay. Null when there is none of either. @throws StoreUnreadable when there is no database. */
export function findPerson(folder: string, said: string): Person | null {
  const { db } = openReaderDatabase(folder)
  try {
    return personIn(db, said)?.person ?? null
  } finally {
    db.close()
  }
}

type Found = { readonly person: Person; readonly rows: readonly StayRow[]; readonly factRows: readonly FactRow[] }

function personIn(db: Database.Database, said: string): Found | null {
  const patients = new Map(db.prepare<[], PatientRow>(Q.PATIENTS).all().map((row) => [row.id, row]))
  const stays = db.prepare<[], StayRow>(Q.STAYS).all()
  const patientOf = ({ patient }: StayRow): PatientRow | undefined => (patient === null ? undefined : patients.get(patient))
  const one = stays.find(({ id }) => id === said)
  const mrn = one === undefined ? said : (patientOf(one)?.mrn ?? null)
  const rows = stays.filter((row) => row.id === said || (mrn !== null && patientOf(row)?.mrn === mrn))
  const factRows = mrn === null ? [] : db.prepare<[], FactRow>(Q.FACTS).all().filter((row) => isAbout(row, mrn))
  if (rows.length === 0 && factRows.length === 0) return null
  const facts = factRows.flatMap((row) => factOf(row) ?? [])
  const named = rows.map(patientOf).findLast((row) => row?.name)?.name ?? facts.findLast(({ body }) => 'patient' in body && body.patient.name !== null)
  const name = typeof named === 'string' ? named : named !== undefined && 'patient' in named.body ? named.body.patient.name : null
  const person = {
    mrn, name, facts,
    stays: rows.map(({ id, bed, openedAt, closedAt, context }) => ({ id, bed, openedAt: wallMs(openedAt), closedAt: closedAt === null ? null : wallMs(closedAt), context })),
  }
  return { person, rows, factRows }
}

function isAbout({ body }: FactRow, mrn: string): boolean {
  const said: { readonly patient?: { readonly mrn?: string | null }; readonly prior?: unknown } = JSON.parse(body)
  return said.patient?.mrn === mrn || said.prior === mrn
}

/** Whose surrogate that is: the stay, and who lay there as far as it is known. Null where nobody can say it any more. */
export function whoseSurrogate(folder: string, surrogate: string): { readonly stay: string; readonly bed: string | null; readonly mrn: string | null; readonly name: string | null } | null {
  const file = join(folder, SYNC_FILE)
  if (!existsSync(file)) return null
  using sync = closing(new Database(file, { readonly: true }))
  // Of a release, a sensor or an event may be asked for too; a stay is what a person is.
  const row = sync.db.prepare<[object], { readonly id: string }>(S.STAY_OF).get({ surrogate })
  if (row === undefined) return null
  const person = findPerson(folder, row.id)
  return { stay: row.id, bed: person?.stays.find(({ id }) => id === row.id)?.bed ?? null, mrn: person?.mrn ?? null, name: person?.name ?? null }
}

/** A batch that is cut and still waits to be taken; null where there is none of this id. */
export function waitingBatch(folder: string, batchId: string): Uint8Array | null {
  const file = join(folder, SYNC_FILE)
  if (!existsSync(file)) return null
  using sync = closing(new Database(file, { readonly: true }))
  return sync.db.prepare<[], { readonly batchId: string; readonly body: Buffer }>(S.BATCHES).all().find((row) => row.batchId === batchId)?.body ?? null
}

export type Erased = {
  readonly kind: 'erased'
  readonly stays: number
  readonly facts: number
  readonly frames: number
  /** What stood for the person, for alerts, medicines and sensors of the person, at central. */
  readonly surrogates: number
  readonly letters: number
}
export type NotErased = { readonly kind: 'refused'; readonly why: string }

/** Only while no gateway runs here: it holds names in memory, and would write them again. */
export function erasePerson(folder: string, said: string): Erased | NotErased {
  const lock = lockFolder(folder)
  if (lock.kind === 'refused') return { kind: 'refused', why: `${lock.why} A running gateway holds names in memory: stop it for the moment that this takes.` }
  try {
    using data = closing(new Database(databaseFile(folder), { fileMustExist: true }))
    const found = personIn(data.db, said)
    if (found === null) return { kind: 'refused', why: 'there is nobody of this number, and no such stay: erased or forgotten already?' }
    const open = found.rows.find(({ closedAt }) => closedAt === null)
    if (open) return { kind: 'refused', why: `the patient still lies in bed ${open.bed}: erase after the discharge, or monitoring would go on with nobody's name` }
    const theirs = found.rows.flatMap(({ id }) => data.db.prepare<[object], { readonly id: string }>(Q.OF_STAY).all({ stay: id }).map((one) => one.id))
    // First what leads from central to here: after a crash in between, erasing again finds the person still.
    const sent = existsSync(join(folder, SYNC_FILE)) ? forgetSent(folder, found, theirs) : { surrogates: 0, letters: 0 }
    return { kind: 'erased', ...forgetHere(data.db, found), ...sent }
  } finally {
    lock.release()
  }
}

/** Words by which a frame or a letter may name somebody: short ones would be everywhere. */
export function namesOf({ mrn, name, facts }: Person): readonly string[] {
  const names = [name, ...facts.map(({ body }) => ('patient' in body ? body.patient.name : null))]
  const parts = names.flatMap((one) => (one ?? '').split(/[\s^&,]+/u)).filter((part) => part.length >= NAME_CHARS_MIN)
  return [...new Set([...(mrn === null || mrn === '' ? [] : [mrn]), ...parts])]
}

const NAME_CHARS_MIN = 4

const mentions = (bytes: Uint8Array | string, names: readonly string[]): boolean => {
  const [one, other] = typeof bytes === 'string' ? [bytes, ''] : [Buffer.from(bytes).toString('utf8'), Buffer.from(bytes).toString('latin1')]
  return names.some((name) => one.includes(name) || other.includes(name))
}

function forgetHere(db: Database.Database, { person, rows, factRows }: Found): Pick<Erased, 'stays' | 'facts' | 'frames'> {
  // What is deleted is overwritten, in pages that become free too.
  db.pragma('secure_delete = ON')
  const names = namesOf(person)
  const frames = db.prepare<[], { readonly id: number; readonly why: string; readonly bytes: Buffer }>(Q.FRAMES)
  const counts = db.transaction(() => {
    for (const { id, bed, patient, openedAt, closedAt, context, crc } of rows) {
      if (patient === null) continue
      const isRight = crc === rowCrc(id, bed, patient, openedAt, closedAt, context)
      db.prepare(Q.UNNAME_STAY).run({ id, crc: isRight ? rowCrc(id, bed, null, openedAt, closedAt, context) : crc })
      db.prepare(Q.FORGET_PATIENT).run({ patient, crc: rowCrc(id, null, null) })
    }
    for (const { id } of factRows) db.prepare(Q.REMOVE_FACT).run({ id })
    const named = frames.all().filter(({ why, bytes }) => mentions(bytes, names) || mentions(why, names))
    for (const { id } of named) db.prepare(Q.REMOVE_FRAME).run({ id })
    return { stays: rows.length, facts: factRows.length, frames: named.length }
  })()
  db.pragma('wal_checkpoint(TRUNCATE)')
  return counts
}

function forgetSent(folder: string, { person, rows }: Found, theirs: readonly string[]): Pick<Erased, 'surrogates' | 'letters'> {
  const names = namesOf(person)
  using ledger = openSyncLedger(folder, { mode: 'existing' })
  // A stay of the release lane that has not left, does not; one that has, is not taken for another.
  ledger.transaction(() => {
    for (const sink of new Set([...ledger.sinks().map(({ id }) => id), ...ledger.sinksLeft()])) holdBack(ledger.releases, sink, new Set(rows.map(({ id }) => id)))
  })
  using sync = closing(new Database(join(folder, SYNC_FILE)))
  const { db } = sync
  db.pragma('secure_delete = ON')
  const counts = db.transaction(() => {
    const surrogates = [...rows.map(({ id }) => id), ...theirs].flatMap((id) => db.prepare<[object], { readonly surrogate: string }>(S.SURROGATES_OF).all({ id }).map((row) => row.surrogate))
    for (const surrogate of surrogates) {
      db.prepare(S.FORGET_SURROGATE).run({ surrogate })
      db.prepare(S.FORGET_ALERTS_OF).run({ surrogate })
    }
    const letters = db.prepare<[], { readonly id: number; readonly event: string }>(S.LETTERS).all().filter(({ event }) => mentions(event, [...names, ...surrogates]))
    for (const { id } of letters) db.prepare(S.REMOVE_LETTER).run({ id })
    return { surrogates: surrogates.length, letters: letters.length }
  })()
  // Batches that were sent lie in pages that are free: the file is written anew, and it is small.
  db.exec('VACUUM')
  db.pragma('wal_checkpoint(TRUNCATE)')
  return counts
}

function holdBack(releases: ReleaseTables, sink: string, stays: ReadonlySet<string>): void {
  const known = releases.stays(sink)
  for (const one of known) if (stays.has(one.stay)) releases.putStay(sink, { ...one, state: 'released', told: '' })
  for (const { id, stay } of releases.nextPieces(sink, Number.MAX_SAFE_INTEGER)) if (stays.has(stay)) releases.removePiece(id)
  // Theirs were the last pieces of the release that is under way: nobody else would end it.
  if (releases.current(sink) === null || releases.waiting(sink).pieces > 0) return
  for (const one of releases.stays(sink)) if (one.state === 'leaving') releases.putStay(sink, { ...one, state: 'released', told: '' })
  releases.end(sink)
}

const closing = (db: Database.Database): Disposable & { readonly db: Database.Database } => ({ db, [Symbol.dispose]: () => void db.close() })
