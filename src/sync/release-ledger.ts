/** What the release lane asks of its ledger, and of the database: the store implements both. */

import type { Surrogate, SurrogateKind } from '../domain/batch.ts'
import type { StayId } from '../domain/ids.ts'
import type { ReleasedSoFar } from '../domain/releases.ts'
import type { WallMs } from '../domain/time.ts'
import type { LoggedRow } from '../seams.ts'

/** `waiting` for its time, `leaving` piece by piece, or `released`: nothing of it ever leaves again. */
export const STAY_STATES = ['waiting', 'leaving', 'released'] as const
export type StayState = (typeof STAY_STATES)[number]

/** A stay as the release lane of one sink knows it. Once it is released, nothing of who lay there is kept with it. */
export type KnownStay = {
  readonly stay: string
  readonly state: StayState
  /** Drawn when its end was first seen; longer by how late that was, and by what the clock was set ahead since then. */
  readonly delayMs: number
  /** Drawn once; 0 once it is released, for it says where central has it. */
  readonly shiftDays: number
  readonly openedAt: WallMs
  /** null: it was opened again. */
  readonly closedAt: WallMs | null
  /** No row of it has a smaller number; once it is released, none that was not drawn to leave has. */
  readonly fromSeq: number
  /** What came of it behind this number came too late; 0 until it leaves. */
  readonly throughSeq: number
  /** JSON: what is known of who lay there, then what of it is told; empty once it is released. */
  readonly told: string
}

export type CurrentRelease = { readonly id: string; readonly organization: Surrogate; readonly gateway: Surrogate; readonly method: string; readonly stays: number }

/** `rows`: a range of the log. `visit`: the stay itself. `late`: a range of what came after its release, to be counted. */
export const PIECE_KINDS = ['rows', 'visit', 'late'] as const
export type PieceKind = (typeof PIECE_KINDS)[number]
export type Piece = { readonly stay: string; readonly kind: PieceKind; readonly seqFrom: number; readonly seqTo: number }
export type StoredPiece = Piece & { readonly id: number }

/** Each call is durable; inside `transaction` of the ledger all calls are one. */
export interface ReleaseLedger {
  stays(sink: string): readonly KnownStay[]
  putStay(sink: string, stay: KnownStay): void
  forgetStay(sink: string, stay: string): void
  /** The one that is under way. */
  current(sink: string): CurrentRelease | null
  begin(sink: string, release: CurrentRelease): void
  /** What stood for whom in it is forgotten for good. */
  end(sink: string): void
  /** What was forgotten lies in old pages beside the file until now, unless somebody reads them. Not within a transaction. */
  eraseTraces(): void
  /** `place`: in their order they leave; 0 ≤ place < 1. */
  addPiece(sink: string, piece: Piece, place: number): void
  nextPieces(sink: string, piecesMax: number): readonly StoredPiece[]
  /** The rest of it begins here. */
  shortenPiece(id: number, seqFrom: number): void
  removePiece(id: number): void
  /** Pieces that were not cut, and batches that were not taken. */
  waiting(sink: string): { readonly pieces: number; readonly batches: number }
  /** What stands for a thing in the release that is under way. */
  surrogateOf(release: string, kind: SurrogateKind, name: string): Surrogate
  /** For what the site adds: a key that never leaves, and tokens that stand for a value until their time is over. */
  siteKey(): Uint8Array
  tokenOf(field: string, value: string, now: WallMs): string | null
  isToken(field: string, token: string): boolean
  putToken(field: string, value: string, token: string, until: WallMs): void
}

export type StayFound = { readonly stay: string; readonly bed: string; readonly openedAt: WallMs; readonly closedAt: WallMs | null; readonly isChild: boolean | null }
export type PersonFound = { readonly mrn?: string; readonly bornOn?: string; readonly sex?: 'F' | 'M' | 'O' }
export type Bounds = { readonly rowsMax: number; readonly readingsMax: number }

/** Rows by stay, read from vigil.db. */
export interface StayReader {
  /** Those of which the row is still there, whether they have ended or not. */
  stays(): readonly StayFound[]
  /** Who lay there, as far as it is named and the registry describes it; empty where nobody said it, or it is deleted already. */
  personOf(stay: string): PersonFound
  /** Nothing that was received from then on has a smaller number; null: nothing was, as far as the clock went up to `to`. */
  firstSeqSince(from: WallMs, to: WallMs): number | null
  /** Rows of the stay within a range, in order, and maybe events that only name it. `nextSeq`: where to go on, when the bounds were reached; null at the end. */
  rowsOf(stay: string, range: { readonly seqFrom: number; readonly seqTo: number }, bounds: Bounds): { readonly rows: readonly LoggedRow[]; readonly nextSeq: number | null; readonly damaged: number }
  /** Releases of this sink that have begun, as it stands beside the log. */
  released(sink: string): ReleasedSoFar
  /** How a row came to be what it is, from the last time that it was put right to the first; empty where it is as it came. */
  linksOf(seq: number): readonly { readonly seq: number; readonly supersedes: number; readonly before: StayId | null }[]
  /** Rows behind `afterSeq` that took the place of others: whose they are, and whose the others were. */
  revisedAfter(afterSeq: number, rowsMax: number): readonly { readonly seq: number; readonly supersedes: number; readonly stay: StayId | null; readonly before: StayId | null; readonly readings: number }[]
}
