/** Who sends: a name is claimed before anything is cut, and what central has of us is learned with it. */

import type { SeqRange } from '../domain/batch.ts'
import type { ClaimAnswer, LogReader, Sink } from '../seams.ts'
import { syncLimits } from '../limits.ts'
import type { SyncLedger } from './ledger.ts'
import { spansOf } from './position.ts'
import type { Fork } from './pump.ts'
import type { Route } from './route.ts'

export type ClaimParts = {
  readonly sink: Sink
  readonly route: Route
  readonly ledger: SyncLedger
  readonly log: LogReader
  readonly organizationId: string
  readonly gatewayId: string
}

/** `fork`: numbers would mean two things. */
export type Claimed = { readonly kind: 'granted'; readonly fork: Fork | null } | Extract<ClaimAnswer, { kind: 'retry' | 'refused' }>

export async function claimName({ sink, route, ledger, log, organizationId, gatewayId }: ClaimParts, stop: AbortSignal): Promise<Claimed> {
  const epochs = log.epochs.slice(-syncLimits.epochsClaimedMax).map(({ epoch }) => epoch)
  const answer = await route.claim({ organizationId, gatewayId, epochs }, stop)
  switch (answer.kind) {
    case 'unknown':
      return { kind: 'granted', fork: null }
    case 'granted':
      return { kind: 'granted', fork: learn(answer, { sink, ledger, log }) }
    case 'retry':
    case 'refused':
      return answer
  }
}

/**
 * What central has of us. Of an earlier incarnation: that need not be sent again. Of the current one more than we ever cut:
 * our files were set back, and numbers since then were given a second time.
 */
function learn({ through, reach, ahead }: ClaimAnswer & { kind: 'granted' }, { sink, ledger, log }: Pick<ClaimParts, 'sink' | 'ledger' | 'log'>): Fork | null {
  for (const { epoch, lastSeq } of spansOf(ledger, log, sink.id)) {
    const has = through.get(epoch)
    const known = ahead?.get(epoch) ?? []
    if (Number.isFinite(lastSeq)) {
      // A stretch that goes over the end was cut before the file was set back: what is beyond it has other numbers now.
      for (const { seqFrom, seqTo } of known) if (seqFrom <= lastSeq) learnAhead({ seqFrom, seqTo: Math.min(seqTo, lastSeq) }, epoch, { sink, ledger })
      if (has !== undefined) ledger.advance(sink.id, epoch, Math.min(has, lastSeq))
      continue
    }
    const ours = Math.max(ledger.reach(sink.id, epoch), (log.epochs.at(-1)?.firstSeq ?? 1) - 1)
    // What overtook the rest has come farther than all that is whole.
    if (Math.max(has ?? 0, reach?.get(epoch) ?? 0, ...known.map(({ seqTo }) => seqTo)) > ours) return { why: 'rolled-back', afterSeq: ours }
  }
  return null
}

/** A ledger that was set back knows no more of it; one that was not knows it all. */
function learnAhead(range: SeqRange, epoch: string, { sink, ledger }: Pick<ClaimParts, 'sink' | 'ledger'>): void {
  const { seqFrom, seqTo } = range
  const overlaps = ledger.ahead(sink.id, epoch).some((known) => known.seqFrom <= seqTo && known.seqTo >= seqFrom)
  if (!overlaps && seqFrom > ledger.cursor(sink.id, epoch)) ledger.addAhead(sink.id, epoch, range)
}
