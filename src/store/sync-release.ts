/** The release lane's part of sync.db. */

import type { Database } from 'better-sqlite3'
import { type Surrogate, type SurrogateKind, surrogate } from '../domain/batch.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { releaseLimits } from '../limits.ts'
import type { CurrentRelease, KnownStay, Piece, PieceKind, ReleaseLedger, StayState } from '../sync/release-ledger.ts'
import { rowCrc } from './crc.ts'
import { releaseQueries as Q } from './sync-release-queries.ts'
import { damaged } from './sync-rows.ts'

type StayRow = {
  readonly stay: string
  readonly state: StayState
  readonly delayMs: number
  readonly shiftDays: number
  readonly openedAt: number
  readonly closedAt: number | null
  readonly fromSeq: number
  readonly throughSeq: number
  readonly told: string
  readonly crc: number
}
type PieceRow = { readonly id: number; readonly stay: string; readonly kind: PieceKind; readonly seqFrom: number; readonly seqTo: number }
type ReleaseRow = { readonly id: string; readonly organization: string; readonly gateway: string; readonly method: string; readonly stays: number }

const stayCrc = (sink: string, { stay, state, delayMs, shiftDays, openedAt, closedAt, fromSeq, throughSeq, told }: Omit<StayRow, 'crc'>): number =>
  rowCrc(sink, stay, state, delayMs, shiftDays, openedAt, closedAt, fromSeq, throughSeq, told)

/** `states`: how many stays are in each. */
export type ReleaseTables = ReleaseLedger & { states(sink: string): Readonly<Partial<Record<StayState, number>>> }

/** @param surrogateIn What stands for a thing under an epoch of the surrogates' table. */
export function releaseTables(
  db: Database,
  random: (bytes: number) => Buffer,
  surrogateIn: (epoch: string) => { of(kind: SurrogateKind, id: string): Surrogate },
): ReleaseTables {
  const stays = db.prepare<[object], StayRow>(Q.STAYS)
  const putStay = db.prepare<[object]>(Q.PUT_STAY)
  const forgetStay = db.prepare<[object]>(Q.FORGET_STAY)
  const current = db.prepare<[object], ReleaseRow>(Q.CURRENT)
  const begin = db.prepare<[object]>(Q.BEGIN)
  const end = db.prepare<[object]>(Q.END)
  const forgetSurrogates = db.prepare<[object]>(Q.FORGET_SURROGATES)
  const addPiece = db.prepare<[object]>(Q.ADD_PIECE)
  const nextPieces = db.prepare<[object], PieceRow>(Q.NEXT_PIECES)
  const shortenPiece = db.prepare<[object]>(Q.SHORTEN_PIECE)
  const removePiece = db.prepare<[object]>(Q.REMOVE_PIECE)
  const pieces = db.prepare<[object], { pieces: number }>(Q.PIECES)
  const batches = db.prepare<[object], { batches: number }>(Q.BATCHES)
  const standing = db.prepare<[object], { state: StayState; stays: number }>(Q.STANDING)
  const known = (sink: string, { crc, ...row }: StayRow): KnownStay => {
    // A stay whose row cannot be believed could leave twice.
    if (crc !== stayCrc(sink, row)) throw damaged('a stay of the release lane')
    return { ...row, openedAt: wallMs(row.openedAt), closedAt: row.closedAt === null ? null : wallMs(row.closedAt) }
  }
  return {
    stays: (sink) => stays.all({ sink }).map((row) => known(sink, row)),
    putStay: (sink, stay) => void putStay.run({ sink, ...stay, crc: stayCrc(sink, stay) }),
    forgetStay: (sink, stay) => void forgetStay.run({ sink, stay }),
    current(sink): CurrentRelease | null {
      const row = current.get({ sink })
      return row === undefined ? null : { ...row, organization: surrogate(row.organization), gateway: surrogate(row.gateway) }
    },
    begin: (sink, release) => void begin.run({ sink, ...release }),
    end(sink) {
      const row = current.get({ sink })
      if (row === undefined) return
      // Overwritten, in pages that become free too.
      db.pragma('secure_delete = ON')
      try {
        forgetSurrogates.run({ release: row.id })
        end.run({ sink })
      } finally {
        db.pragma('secure_delete = FAST')
      }
    },
    eraseTraces: () => void db.pragma('wal_checkpoint(TRUNCATE)'),
    addPiece: (sink, piece: Piece, place) => void addPiece.run({ sink, place, ...piece }),
    nextPieces: (sink, piecesMax) => nextPieces.all({ sink, piecesMax }),
    shortenPiece: (id, seqFrom) => void shortenPiece.run({ id, seqFrom }),
    removePiece: (id) => void removePiece.run({ id }),
    waiting: (sink) => ({ pieces: pieces.get({ sink })?.pieces ?? 0, batches: batches.get({ sink })?.batches ?? 0 }),
    surrogateOf: (release, kind, name) => surrogateIn(release).of(kind, name),
    states: (sink) => Object.fromEntries(standing.all({ sink }).map(({ state, stays: count }) => [state, count])),
    ...siteTables(db, random),
  }
}

function siteTables(db: Database, random: (bytes: number) => Buffer): Pick<ReleaseLedger, 'siteKey' | 'tokenOf' | 'isToken' | 'putToken'> {
  const key = db.prepare<[], { key: Uint8Array }>(Q.SITE_KEY)
  const putKey = db.prepare<[object]>(Q.PUT_SITE_KEY)
  const token = db.prepare<[object], { token: string }>(Q.TOKEN)
  const isToken = db.prepare<[object], { known: number }>(Q.IS_TOKEN)
  const putToken = db.prepare<[object]>(Q.PUT_TOKEN)
  const trimTokens = db.prepare<[object]>(Q.TRIM_TOKENS)
  return {
    siteKey() {
      const found = key.get()
      if (found) return found.key
      const drawn = random(32)
      putKey.run({ key: drawn })
      return drawn
    },
    tokenOf: (field, value, now: WallMs) => token.get({ field, value, now })?.token ?? null,
    isToken: (field, one) => isToken.get({ field, token: one }) !== undefined,
    putToken(field, value, one, until) {
      putToken.run({ field, value, token: one, until })
      trimTokens.run({ tokensMax: releaseLimits.tokensMax })
    },
  }
}
