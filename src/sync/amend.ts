/** What rows of a new cut say of rows that were sent before, as the ledger and the log know those. */

import type { LogReader, LoggedRow } from '../seams.ts'
import { syncLimits } from '../limits.ts'
import { type Amendments, NO_AMENDMENTS, type Sent, amendmentsOf, isRevised, takenBackOf } from './corrections.ts'
import type { TakenBack } from './hospital.ts'
import type { LaneName } from './lanes.ts'
import type { SyncLedger } from './ledger.ts'
import { scopeOf } from './position.ts'

export type Corrected = { readonly amendments: Amendments; readonly takenBack: readonly TakenBack[] }

export const NOTHING_CORRECTED: Corrected = { amendments: NO_AMENDMENTS, takenBack: [] }

/** Counted with each sink. */
const UNTOLD = 'rows that were sent as another patient\'s, and that central could not be told of'

export type AmendParts = { readonly sink: string; readonly lane: LaneName; readonly ledger: SyncLedger; readonly log: LogReader }

/** Within the transaction that keeps what comes of it. */
export function corrected(rows: readonly LoggedRow[], epoch: string, { sink, lane, ledger, log }: AmendParts): Corrected {
  if (!rows.some(isRevised)) return NOTHING_CORRECTED
  const scope = scopeOf(log.epochs, epoch)
  /** What a copy was made of is not ours to correct: its patients go by other names there. */
  const epochOf = (seq: number): string | null => {
    const found = log.epochs.findLast(({ firstSeq }) => firstSeq <= seq)?.epoch ?? null
    return found !== null && scopeOf(log.epochs, found) === scope ? found : null
  }
  const sent: Sent = {
    cutHolding(seq) {
      const of = epochOf(seq)
      return of === null ? null : ledger.cutHolding(sink, of, seq)
    },
    isBehind(seq) {
      const of = epochOf(seq)
      return of !== null && (seq <= ledger.cursor(sink, of) || ledger.ahead(sink, of).some(({ seqFrom, seqTo }) => seq >= seqFrom && seq <= seqTo))
    },
    rowsOf: (seqFrom, seqTo) => rowsFrom(log, seqFrom, seqTo),
    sensors: ledger.surrogates(scope),
  }
  const result = lane === 'hospital' ? { amendments: NO_AMENDMENTS, ...takenBackOf(rows, sent) } : ofLive(amendmentsOf(rows, sent))
  for (const { id, passed } of result.cuts) ledger.amendCut(id, passed)
  if (result.untold > 0) ledger.count(sink, UNTOLD, result.untold)
  return { amendments: result.amendments, takenBack: result.takenBack }
}

const ofLive = (amendments: Amendments) => ({ amendments, takenBack: [], cuts: amendments.cuts, untold: amendments.untold })

function rowsFrom(log: LogReader, seqFrom: number, seqTo: number): readonly LoggedRow[] {
  const rows: LoggedRow[] = []
  for (let after = seqFrom - 1; after < seqTo; ) {
    const page = log.read(after, Math.min(syncLimits.rowsPerReadMax, seqTo - after))
    rows.push(...page.filter(({ seq }) => seq <= seqTo))
    const last = page.at(-1)
    if (last === undefined) break
    after = last.seq
  }
  return rows
}
