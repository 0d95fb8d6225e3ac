/** Whose database this is, where it lives, and which incarnation it is in. */

import type { Database } from 'better-sqlite3'
import type { EpochReason } from '../seams.ts'
import { rowCrc } from './crc.ts'
import { type Epoch, addEpoch, epochsOf, mintEpoch } from './epochs.ts'
import { MIGRATIONS, versionOf } from './migrations.ts'
import { isSamePlace } from './place.ts'
import { metaQueries, writerQueries } from './queries.ts'

/** A demo never touches real rows, nor a real ward the rows of a demo. */
export type StoreKind = 'demo' | 'real'

export type Identity = { readonly kind: StoreKind; readonly gatewayId: string; readonly createdAt: number }

export type Meta = {
  readonly epoch: string
  readonly kind: string
  readonly gateway: string
  readonly createdAt: number
  /** Null, as is `version`, in a file that was just carried forward from version 1. */
  readonly place: string | null
  readonly version: number | null
}
type MetaRow = Meta & { readonly crc: number | null }

/** How a file begins that is made in the place of another: the incarnations of that one, and where its numbers end. */
export type Beginning = {
  readonly history: readonly Epoch[]
  readonly seqFloor: number
  readonly why: EpochReason
  /** Writes what is carried over, in the transaction in which the file begins: it begins with all of it, or not at all. */
  readonly carry: (db: Database) => void
}

const AT_FIRST: Beginning = { history: [], seqFloor: 0, why: 'created', carry: () => {} }

const crcOf = ({ epoch, kind, gateway, createdAt, place, version }: Meta): number => rowCrc(epoch, kind, gateway, createdAt, place, version)

/**
 * Null when there is none yet.
 * @throws RangeError when it is not as it was written.
 */
export function metaOf(db: Database): Meta | null {
  const row = versionOf(db) < 2 ? db.prepare<[], MetaRow>(metaQueries.META_OF_1).get() : db.prepare<[], MetaRow>(writerQueries.META).get()
  if (!row) return null
  const { crc, ...meta } = row
  if (crc === null ? meta.version !== null : crc !== crcOf(meta)) throw new RangeError('the row that says whose database it is is not as it was written')
  return meta
}

export type Settling = {
  readonly identity: Identity
  readonly place: string
  /** A new incarnation is wanted, whatever is found. */
  readonly why: EpochReason | null
  readonly beginning: Beginning | null
  /** The greatest number that sync has seen of an epoch. */
  readonly reachOf: (epoch: string) => number
  readonly now: number
}

export type Settled = { readonly epochs: readonly Epoch[]; /** Why an incarnation began just now. */ readonly began: EpochReason | null }

/**
 * Finds out which incarnation this is, and begins another where numbers could be given twice. In one transaction.
 * @throws RangeError when what is found is not as it was written.
 */
export function settleMeta(db: Database, settling: Settling): Settled {
  const { identity, place, now } = settling
  const found = metaOf(db)
  if (found === null) return create(db, settling)
  if (epochsOf(db).length === 0) addEpoch(db, { epoch: found.epoch, firstSeq: 1, beganAt: found.createdAt, why: 'created' })
  const epochs = epochsOf(db)
  if (epochs.at(-1)?.epoch !== found.epoch) throw new RangeError('two rows disagree on which incarnation of the database it is')
  const began = settling.why ?? reasonFor(db, found, settling)
  const version = MIGRATIONS.at(-1)?.version ?? 0
  if (began !== null) addEpoch(db, { epoch: mintEpoch(), firstSeq: lastSeqIn(db) + 1, beganAt: now, why: began })
  const after = epochsOf(db)
  const epoch = after.at(-1)?.epoch ?? found.epoch
  // A place is written again only when it changed: a birth that was not known at first may be known now.
  if (began !== null || found.place === null || found.version !== version) put(db, { ...found, gateway: identity.gatewayId, epoch, place, version })
  return { epochs: after, began }
}

/** A new incarnation that holds from `firstSeq` on. Within a transaction of its own. */
export function beginEpoch(db: Database, why: EpochReason, firstSeq: number, now: number): string {
  const found = metaOf(db)
  if (found === null) throw new RangeError('there is no database yet')
  const epoch = mintEpoch()
  addEpoch(db, { epoch, firstSeq, beganAt: now, why })
  put(db, { ...found, epoch })
  return epoch
}

const lastSeqIn = (db: Database): number => db.prepare<[], { readonly seq: number }>(writerQueries.LAST_SEQ).get()?.seq ?? 0

function reasonFor(db: Database, found: Meta, { place, reachOf }: Settling): EpochReason | null {
  if (found.place !== null && !isSamePlace(found.place, place)) return 'cloned'
  return reachOf(found.epoch) > lastSeqIn(db) ? 'rolled-back' : null
}

function create(db: Database, { identity, place, beginning, now }: Settling): Settled {
  const { history, seqFloor, why, carry } = beginning ?? AT_FIRST
  const meta: Meta = { epoch: mintEpoch(), kind: identity.kind, gateway: identity.gatewayId, createdAt: identity.createdAt, place, version: MIGRATIONS.at(-1)?.version ?? 0 }
  db.prepare(writerQueries.CREATE_META).run({ ...meta, seqFloor, crc: crcOf(meta) })
  for (const epoch of history) addEpoch(db, epoch)
  addEpoch(db, { epoch: meta.epoch, firstSeq: seqFloor + 1, beganAt: now, why })
  carry(db)
  return { epochs: epochsOf(db), began: why === 'created' ? null : why }
}

function put(db: Database, meta: Meta): void {
  db.prepare(writerQueries.PUT_META).run({ epoch: meta.epoch, place: meta.place, version: meta.version, crc: crcOf(meta) })
}
