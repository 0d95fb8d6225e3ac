/** What of the log was cut before its turn, and which rows were cut together: the part of sync.db that delivery out of order and corrections rest on. */

import type Database from 'better-sqlite3'
import type { CutStretch, KnownCut, SeqRange } from '../domain/batch.ts'
import { syncLimits } from '../limits.ts'
import { syncQueries as Q } from './sync-queries.ts'
import { type AheadRow, aheadCrc, damaged } from './sync-rows.ts'

type Lane = 'alerts' | 'fresh'
type CutRow = { readonly id: number; readonly epoch: string; readonly seqFrom: number; readonly seqTo: number; readonly digest: string; readonly passed: string }

export type LedgerCuts = {
  ahead(sink: string, epoch: string): readonly SeqRange[]
  addAhead(sink: string, epoch: string, range: SeqRange): void
  alertsTo(sink: string, epoch: string): number | null
  moveAlerts(sink: string, epoch: string, seq: number): void
  rememberCut(sink: string, epoch: string, cut: CutStretch): void
  cutHolding(sink: string, epoch: string, seq: number): KnownCut | null
  amendCut(id: number, passed: KnownCut['passed']): void
}

type Within = {
  readonly absorbed: (sink: string, epoch: string, seq: number) => number
  readonly reachAhead: (sink: string, epoch: string) => number
}

/** Within the transaction of the caller. `absorbed`: where the cursor stands when it has come to `seq` and goes on over what was cut ahead. */
export function cutsOn(db: Database.Database): LedgerCuts & Within {
  const ahead = db.prepare<[object], AheadRow>(Q.AHEAD)
  const alerts = db.prepare<[object], AheadRow>(Q.ALERTS_TO)
  const putAhead = db.prepare<[object]>(Q.PUT_AHEAD)
  const dropAhead = db.prepare<[object]>(Q.DROP_AHEAD)
  const reachAhead = db.prepare<[object]>(Q.REACH_AHEAD).pluck()
  const addCut = db.prepare<[object]>(Q.ADD_CUT)
  const holding = db.prepare<[object], CutRow>(Q.CUT_HOLDING)
  const amend = db.prepare<[object]>(Q.AMEND_CUT)
  const trim = db.prepare<[object]>(Q.TRIM_CUTS)

  const checked = (sink: string, epoch: string, lane: Lane, { crc, ...range }: AheadRow): SeqRange => {
    if (crc !== aheadCrc(sink, epoch, lane, range)) throw damaged('what was cut ahead')
    return range
  }
  const put = (sink: string, epoch: string, lane: Lane, range: SeqRange): void =>
    void putAhead.run({ sink, epoch, lane, ...range, crc: aheadCrc(sink, epoch, lane, range) })
  const rangesOf = (sink: string, epoch: string): readonly SeqRange[] => ahead.all({ sink, epoch }).map((row) => checked(sink, epoch, 'fresh', row))

  return {
    ahead: rangesOf,
    addAhead(sink, epoch, range) {
      const before = rangesOf(sink, epoch).find(({ seqTo }) => seqTo === range.seqFrom - 1)
      put(sink, epoch, 'fresh', before ? { seqFrom: before.seqFrom, seqTo: range.seqTo } : range)
    },
    alertsTo(sink, epoch) {
      const row = alerts.get({ sink, epoch })
      return row === undefined ? null : checked(sink, epoch, 'alerts', row).seqTo
    },
    moveAlerts: (sink, epoch, seq) => put(sink, epoch, 'alerts', { seqFrom: 0, seqTo: seq }),
    absorbed(sink, epoch, seq) {
      let reached = seq
      for (const { seqFrom, seqTo } of rangesOf(sink, epoch)) {
        if (seqFrom > reached + 1) break
        reached = Math.max(reached, seqTo)
        dropAhead.run({ sink, epoch, seqFrom })
      }
      return reached
    },
    reachAhead: (sink, epoch) => Number(reachAhead.get({ sink, epoch })),
    rememberCut(sink, epoch, { seqFrom, seqTo, digest, passed }) {
      addCut.run({ sink, epoch, seqFrom, seqTo, digest, passed: JSON.stringify([passed]) })
      trim.run({ cutsMax: syncLimits.cutsRememberedMax })
    },
    cutHolding(sink, epoch, seq) {
      const row = holding.get({ sink, epoch, seq })
      return row === undefined || row.seqTo < seq ? null : { ...row, passed: passedIn(row.passed) }
    },
    amendCut: (id, passed) => void amend.run({ id, passed: JSON.stringify(passed) }),
  }
}

/** Every row is as it was written. */
export function examineAhead(db: Database.Database): void {
  type Row = AheadRow & { readonly sink: string; readonly epoch: string; readonly lane: string }
  for (const row of db.prepare<[], Row>(Q.ALL_AHEAD).all()) if (row.crc !== aheadCrc(row.sink, row.epoch, row.lane, row)) throw damaged('what was cut ahead')
}

function passedIn(text: string): KnownCut['passed'] {
  const parsed: unknown = JSON.parse(text)
  if (!Array.isArray(parsed)) throw damaged('a cut')
  return parsed.map((round: unknown) => {
    if (!Array.isArray(round) || !round.every((seq) => typeof seq === 'number')) throw damaged('a cut')
    return round
  })
}
