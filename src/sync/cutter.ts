/** From the log to stored batches: reads behind the cursor, anonymises, scans, cuts, and keeps, all in one transaction. */

import type { DeadEvent, DeadLetter } from '../domain/batch.ts'
import type { WallMs } from '../domain/time.ts'
import { syncLimits } from '../limits.ts'
import type { LogReader, LoggedRow } from '../seams.ts'
import { type BatchFrame, type CutEvent, cutBatches, cutEvent, recutEvent } from './cut.ts'
import { type Span, positionOf, scopeOf, spansOf } from './position.ts'
import { ALL, type Filter, filtered } from './filter.ts'
import { type LaneName, compile } from './lanes.ts'
import type { SyncLedger } from './ledger.ts'
import type { ScanResult, Scanner } from './scanner.ts'

export type CutterParts = {
  readonly sink: string
  readonly gatewayId: string
  readonly organizationId: string
  readonly ledger: SyncLedger
  readonly log: LogReader
  readonly scanner: Scanner
  /** Names that the ward has learned since the last call. */
  readonly identifiers: () => Iterable<string>
  /** Live where nothing is said. */
  readonly lane?: LaneName
  readonly filter?: Filter
}

/** `nothing`: the log holds no more. `full`: the bounds were reached, so there is more. */
export type CutResult = { readonly kind: 'nothing' } | { readonly kind: 'cut'; readonly full: boolean; readonly stopped: number }

/** At most one batch's worth of rows of one epoch: the backlog may be of any length, what is held of it is not. */
function rowsAfter(log: LogReader, cursor: number, lastSeq: number): { readonly rows: readonly LoggedRow[]; readonly full: boolean } {
  const rows: LoggedRow[] = []
  let readings = 0
  let after = cursor
  while (rows.length < syncLimits.rowsPerBatchMax && readings < syncLimits.readingsPerBatchMax) {
    const some = log.read(after, Math.min(syncLimits.rowsPerReadMax, syncLimits.rowsPerBatchMax - rows.length))
    const last = some.at(-1)
    if (last === undefined) return { rows, full: false }
    if (some.some((row) => row.seq <= after) || last.seq < after) throw new Error(`the log went back behind seq ${after}`)
    for (const row of some) {
      // Of the next epoch: another batch.
      if (row.seq > lastSeq) return { rows, full: true }
      rows.push(row)
      if (row.kind === 'snapshot') readings += row.snapshot.observations.length
    }
    after = last.seq
  }
  return { rows, full: true }
}

/** What stands in raw rows and must stand in no event: learned from the very rows that are about to be sent. */
function* namesIn(rows: readonly LoggedRow[]): Generator<string> {
  for (const row of rows) {
    if (row.kind === 'snapshot') {
      const { device, bed, stay, observations } = row.snapshot
      yield device
      if (bed !== null) yield bed
      if (stay !== null) yield stay
      for (const { channel } of observations) if (channel !== '') yield channel
    } else if (row.stored.kind === 'alert') {
      const { event } = row.stored
      yield event.alertId
      if ('by' in event) yield event.by
      if (event.kind === 'phase') for (const name of [event.device, event.bed, event.stay, event.because.limit?.setBy]) if (name) yield name
    }
  }
}

const hitText = (at: string): string => `stopped by the egress scanner: a known identifier at ${at}`

export interface Cutter {
  /** The number up to which nothing is left to send. */
  position(): number
  /** Cuts what the log holds behind the cursor. Not to be called while a batch is pending. */
  cutLog(at: WallMs, bytesMax: number): CutResult
  /** Cuts dead letters that a person wants sent again. */
  cutRetries(at: WallMs, bytesMax: number): CutResult
}

export function createCutter({ sink, gatewayId, organizationId, ledger, log, scanner, identifiers, lane = 'live', filter = ALL }: CutterParts): Cutter {
  type Range = { readonly epoch: string; readonly seqFrom: number; readonly seqTo: number; readonly completes: boolean }
  const frameOf = (at: WallMs, range: Range): BatchFrame => ({ at, organizationId, gatewayId, lane, ...range })
  // What stays in the hospital is about its patients by name; what leaves it is looked at once more.
  const scan = (event: unknown): ScanResult => (lane === 'hospital' ? { kind: 'clean' } : scanner.scan(event))
  const learn = (names: Iterable<string>): void => (lane === 'hospital' ? undefined : scanner.learn(names))

  function cutRows(rows: readonly LoggedRow[], { epoch, seqTo }: { readonly epoch: string; readonly seqTo: number }, at: WallMs, bytesMax: number): number {
    const { events, withheld } = filtered(compile(lane, rows, { gatewayId, epoch, surrogates: ledger.surrogates(scopeOf(log.epochs, epoch)) }), filter)
    const clean: CutEvent[] = []
    const stopped: DeadEvent[] = []
    const seqFrom = rows[0]?.seq ?? seqTo
    for (const { event, origin } of events) {
      const scanned = scan(event)
      if (scanned.kind === 'clean') clean.push(cutEvent(event, origin))
      else stopped.push({ event: JSON.stringify(event), origin, retries: 0, why: hitText(scanned.at), seqFrom, seqTo })
    }
    const batches = cutBatches(clean, frameOf(at, { epoch, seqFrom, seqTo, completes: true }), bytesMax)
    ledger.withhold(sink, epoch, withheld)
    ledger.addDead(sink, epoch, at, stopped)
    if (batches.length > 0) ledger.keep(sink, epoch, true, batches)
    else ledger.advance(sink, epoch, seqTo)
    return stopped.length
  }

  function cutLetters(letters: readonly DeadLetter[], epoch: string, at: WallMs, bytesMax: number): number {
    const clean: { readonly id: number; readonly seqFrom: number; readonly seqTo: number; readonly event: CutEvent }[] = []
    let stopped = 0
    for (const { id, event, origin, retries, seqFrom, seqTo } of letters) {
      const parsed: unknown = JSON.parse(event)
      const scanned = scan(parsed)
      if (scanned.kind === 'clean') clean.push({ id, seqFrom, seqTo, event: recutEvent(event, { origin, retries: retries + 1 }) })
      else {
        ledger.refuseRetry(id, hitText(scanned.at))
        stopped++
      }
    }
    const seqFrom = Math.min(...clean.map((letter) => letter.seqFrom))
    const seqTo = Math.max(...clean.map((letter) => letter.seqTo))
    ledger.keep(sink, epoch, false, cutBatches(clean.map((letter) => letter.event), frameOf(at, { epoch, seqFrom, seqTo, completes: false }), bytesMax))
    ledger.removeDead(clean.map((letter) => letter.id))
    return stopped
  }

  /** The oldest epoch that is not done comes first; one that holds nothing more is done for good, for nothing is added to it. */
  function nextRows(): (ReturnType<typeof rowsAfter> & Pick<Span, 'epoch'>) | null {
    for (const { epoch, lastSeq, after } of spansOf(ledger, log, sink)) {
      const found = rowsAfter(log, after, lastSeq)
      if (found.rows.length > 0) return { ...found, epoch }
      if (Number.isFinite(lastSeq)) ledger.advance(sink, epoch, lastSeq)
    }
    return null
  }

  return {
    position: () => positionOf(ledger, log, sink),
    cutLog(at, bytesMax) {
      const found = nextRows()
      const last = found?.rows.at(-1)
      if (!found || last === undefined) return { kind: 'nothing' }
      const { rows, full, epoch } = found
      learn(identifiers())
      learn(new Set(namesIn(rows)))
      // Surrogates that are drawn here are kept together with the batch that first uses them, or not at all.
      return { kind: 'cut', full, stopped: ledger.transaction(() => cutRows(rows, { epoch, seqTo: last.seq }, at, bytesMax)) }
    },
    cutRetries(at, bytesMax) {
      const letters = ledger.lettersToRetry(sink, syncLimits.deadLettersPerRetryMax)
      const [first] = letters
      if (first === undefined) return { kind: 'nothing' }
      learn(identifiers())
      return { kind: 'cut', full: false, stopped: ledger.transaction(() => cutLetters(letters, first.epoch, at, bytesMax)) }
    },
  }
}
