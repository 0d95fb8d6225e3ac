/**
 * Incarnations of vigil.db. A row of the log is known to central by (gateway, epoch, seq), so numbers that are given a second
 * time, after a restore or in a copy, must be given under another epoch. The table remembers from which number on each
 * epoch holds: rows that were written under an earlier one keep their keys.
 */

import { randomBytes } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import type { EpochReason, LogEpoch } from '../seams.ts'
import { rowCrc } from './crc.ts'
import { epochQueries } from './queries.ts'

export type Epoch = LogEpoch & { readonly beganAt: number }
type EpochRow = { readonly turn: number; readonly epoch: string; readonly firstSeq: number; readonly beganAt: number; readonly why: string; readonly crc: number }

const REASONS: readonly EpochReason[] = ['created', 'restored', 'set-aside', 'cloned', 'rolled-back', 'ledger-lost']

/** Random, not derived from the time: the epoch travels to central as a part of every key. */
export const mintEpoch = (): string => randomBytes(8).toString('hex')

/**
 * In their order; the last is the current one. Empty in a file that was just carried forward from version 1.
 * @throws RangeError when a row is not as it was written.
 */
export function epochsOf(db: Database): readonly Epoch[] {
  return db.prepare<[], EpochRow>(epochQueries.EPOCHS).all().map((row) => {
    const why = REASONS.find((reason) => reason === row.why)
    if (why === undefined || row.crc !== crcOf(row)) throw new RangeError(`epoch ${row.turn} is not as it was written`)
    return { epoch: row.epoch, firstSeq: row.firstSeq, beganAt: row.beganAt, why }
  })
}

/** Adds one behind the last. Within the transaction of the caller. */
export function addEpoch(db: Database, { epoch, firstSeq, beganAt, why }: Epoch): void {
  const turn = Number(db.prepare(epochQueries.LAST_TURN).pluck().get()) + 1
  const row = { turn, epoch, firstSeq, beganAt, why }
  db.prepare(epochQueries.ADD_EPOCH).run({ ...row, crc: crcOf(row) })
}

const crcOf = ({ turn, epoch, firstSeq, beganAt, why }: Omit<EpochRow, 'crc'>): number => rowCrc(turn, epoch, firstSeq, beganAt, why)
