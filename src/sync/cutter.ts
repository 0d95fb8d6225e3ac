/** From the log to stored batches: reads behind the cursor, anonymises, scans, cuts, and keeps, all in one transaction. */

import type { CutBatch, DeadEvent, DeadLetter, SeqRange, Withheld } from '../domain/batch.ts'
import type { WallMs } from '../domain/time.ts'
import { syncLimits } from '../limits.ts'
import type { Clock, LogReader, LoggedRow } from '../seams.ts'
import { NOTHING_CORRECTED, corrected } from './amend.ts'
import { type Beside, NOTHING_BESIDE } from './anonymise.ts'
import { type Health, deviceMinutes } from './anonymise-others.ts'
import { isRevised } from './corrections.ts'
import { type BatchFrame, type CutEvent, cutBatches, cutEvent, recutEvent } from './cut.ts'
import { type Standing, type Stretch, lagOf, stretchesOf, throughOf } from './overtake.ts'
import { positionOf, scopeOf, spansOf } from './position.ts'
import { ALL, type Filter, filtered } from './filter.ts'
import { OTHER_LANE, laneOfEvent } from './lane-of.ts'
import { type LaneName, compile } from './lanes.ts'
import type { SyncLedger } from './ledger.ts'
import type { ScanResult, Scanner } from './scanner.ts'

export type CutterParts = {
  readonly sink: string
  readonly gatewayId: string
  readonly organizationId: string
  /** Of the program. */
  readonly version?: string | undefined
  readonly ledger: SyncLedger
  readonly log: LogReader
  readonly scanner: Scanner
  /** Tells time that nobody sets. */
  readonly clock: Pick<Clock, 'mono'>
  /** Names that the ward has learned since the last call. */
  readonly identifiers: () => Iterable<string>
  /** Live where nothing is said. */
  readonly lane?: LaneName
  readonly filter?: Filter
  /** Stays that have left in the release lane of this sink, before it had another: with true times, central could join the one to the other. */
  readonly out?: ReadonlySet<string>
  /** Whether what is new may go before what waits. */
  readonly overtakes?: boolean
  /** Rows of one batch. */
  readonly rowsMax?: number
  /** Of the machine; where it is not asked, neither it nor the devices are told of. */
  readonly health?: () => Health
}

/** `nothing`: the log holds no more. `full`: the bounds were reached, so there is more. */
export type CutResult = { readonly kind: 'nothing' } | { readonly kind: 'cut'; readonly full: boolean; readonly stopped: number }

/** At most one batch's worth of rows of one epoch: the backlog may be of any length, what is held of it is not. */
function rowsAfter(log: LogReader, { after: cursor, lastSeq }: Pick<Stretch, 'after' | 'lastSeq'>, rowsMax: number): { readonly rows: readonly LoggedRow[]; readonly full: boolean } {
  const rows: LoggedRow[] = []
  let readings = 0
  let revised = 0
  let after = cursor
  while (rows.length < rowsMax && readings < syncLimits.readingsPerBatchMax) {
    const some = log.read(after, Math.min(syncLimits.rowsPerReadMax, rowsMax - rows.length))
    const last = some.at(-1)
    if (last === undefined) return { rows, full: false }
    if (some.some((row) => row.seq <= after) || last.seq < after) throw new Error(`the log went back behind seq ${after}`)
    for (const row of some) {
      // Of the next epoch: another batch.
      if (row.seq > lastSeq) return { rows, full: true }
      rows.push(row)
      if (isRevised(row) && ++revised >= syncLimits.revisedRowsPerBatchMax) return { rows, full: true }
      if (row.kind === 'snapshot') readings += row.snapshot.observations.length
    }
    after = last.seq
  }
  return { rows, full: true }
}

/** Whose a row is, where it says so. */
function stayOf(row: LoggedRow): string | null {
  if (row.kind === 'snapshot') return row.snapshot.stay
  if (row.stored.kind === 'alert') return row.stored.event.kind === 'phase' ? row.stored.event.stay : null
  return row.stored.subject.stay
}

/** What stands in raw rows and must stand in no event: learned from the very rows that are about to be sent. */
export function namesIn(rows: readonly LoggedRow[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const row of rows) {
    if (row.kind === 'snapshot') {
      const { device, bed, stay, observations } = row.snapshot
      names.add(device)
      if (bed !== null) names.add(bed)
      if (stay !== null) names.add(stay)
      for (const { channel } of observations) if (channel !== '') names.add(channel)
    } else if (row.stored.kind === 'alert') {
      const { event } = row.stored
      names.add(event.alertId)
      if ('by' in event) names.add(event.by)
      if (event.kind === 'phase') for (const name of [event.device, event.bed, event.stay, event.because.limit?.setBy]) if (name) names.add(name)
    }
  }
  return names
}

const lateOf = (rows: readonly LoggedRow[]): readonly Withheld[] =>
  rows.length === 0 ? [] : [{ reason: 'after-release', rows: rows.length, readings: rows.reduce((sum, row) => sum + (row.kind === 'snapshot' ? row.snapshot.observations.length : 0), 0) }]

const hitText = (at: string): string => `stopped by the egress scanner: a known identifier at ${at}`

export interface Cutter {
  /** The number up to which nothing is left to send. */
  position(): number
  /** Rows that are still to be cut. */
  lagRows(): number
  /** Cuts alerts that wait behind other rows, to be sent before all that waits. */
  cutAlerts(at: WallMs, bytesMax: number): CutResult
  /** Cuts what the log holds behind the cursor, or the newest of it. Not to be called while a batch is pending. */
  cutLog(at: WallMs, bytesMax: number): CutResult
  /** Cuts dead letters that a person wants sent again. */
  cutRetries(at: WallMs, bytesMax: number): CutResult
}

const isAlert = (row: LoggedRow): boolean => row.kind === 'event' && row.stored.kind === 'alert'
const NOTHING: CutResult = { kind: 'nothing' }

export function createCutter({ sink, gatewayId, organizationId, version, ledger, log, scanner, identifiers, lane = 'live', filter = ALL, out = new Set(), overtakes = lane === 'live', rowsMax = syncLimits.rowsPerBatchMax, health }: CutterParts): Cutter {
  type Range = { readonly epoch: string; readonly seqFrom: number; readonly seqTo: number; readonly completes: boolean; readonly through?: number; readonly ahead?: SeqRange }
  type Sending = { readonly rows: readonly LoggedRow[]; readonly range: Range; readonly isCorrected: boolean; readonly beside: Beside; readonly at: WallMs; readonly bytesMax: number }
  const frameOf = (at: WallMs, range: Range): BatchFrame => ({ at, organizationId, gatewayId, version, lane, ...range })
  // What stays in the hospital is about its patients by name; what leaves it is looked at once more.
  const scan = (event: unknown): ScanResult => (lane === 'hospital' ? { kind: 'clean' } : scanner.scan(event))
  const learn = (names: Iterable<string>): void => (lane === 'hospital' ? undefined : scanner.learn(names))
  /** Alerts that cannot be read by themselves wait for their turn, and then nothing may go before its turn. */
  let readsAlerts = overtakes
  /** Up to here the log holds no alerts that are not cut. */
  let alertsLookedTo = 0
  let freshCutAt: WallMs | null = null
  let healthAt: WallMs | null = null
  /** What is new and what waits go side by side through different minutes. */
  const toldOf = { fresh: new Map<string, number>(), inTurn: new Map<string, number>() }
  const sendsVitals = filter.events === null || filter.events.some((event) => ['vital-signs', 'lab-results', 'confirmed-observations'].includes(event))

  const standing = (): Standing => ({ spans: spansOf(ledger, log, sink), lastSeq: log.lastSeq(), rowsMax })

  /** What comes of rows, as batches; what the scanner stops is kept as dead letters. */
  function compiled({ rows: all, range, isCorrected, beside, at, bytesMax }: Sending): { readonly batches: readonly CutBatch[]; readonly stopped: number } {
    const { epoch, seqFrom, seqTo } = range
    const isOut = (row: LoggedRow): boolean => out.size > 0 && out.has(stayOf(row) ?? '')
    const rows = all.filter((row) => !isOut(row))
    const said = isCorrected && sendsVitals ? corrected(rows, epoch, { sink, lane, ledger, log }) : NOTHING_CORRECTED
    const made = compile(lane, rows, { gatewayId, epoch, surrogates: ledger.surrogates(scopeOf(log.epochs, epoch)) }, { ...said, beside })
    const passed = all.flatMap((row) => (row.kind === 'snapshot' && (row.isSuperseded === true || isOut(row)) ? [row.seq] : []))
    if (sendsVitals && (made.digest !== '' || passed.length > 0)) ledger.rememberCut(sink, epoch, { seqFrom, seqTo, digest: made.digest, passed })
    const { events, withheld } = filtered(made, filter)
    const clean: CutEvent[] = []
    const stopped: DeadEvent[] = []
    for (const { event, origin } of events) {
      const scanned = scan(event)
      if (scanned.kind === 'clean') clean.push(cutEvent(event, origin))
      else stopped.push({ event: JSON.stringify(event), origin, retries: 0, why: hitText(scanned.at), seqFrom, seqTo })
    }
    ledger.withhold(sink, epoch, withheld)
    ledger.withhold(sink, epoch, lateOf(all.filter(isOut)))
    ledger.addDead(sink, epoch, at, stopped)
    return { batches: cutBatches(clean, frameOf(at, range), bytesMax), stopped: stopped.length }
  }

  function besideOf(rows: readonly LoggedRow[], isFresh: boolean, { at, seq }: { readonly at: WallMs; readonly seq: number }): Beside {
    if (health === undefined || lane !== 'live') return NOTHING_BESIDE
    const isDue = healthAt === null || at < healthAt || at - healthAt >= syncLimits.healthMs
    if (isDue) healthAt = at
    const data = isDue ? { ...health(), lagRows: lagOf(standing()), deadLetters: ledger.deadCount(sink) } : null
    return { devices: deviceMinutes(rows, isFresh ? toldOf.fresh : toldOf.inTurn), system: data === null ? null : { at, seq, data } }
  }

  function cutStretch(all: readonly LoggedRow[], { epoch, after, isFresh }: Stretch, at: WallMs, bytesMax: number): number {
    const seqFrom = all[0]?.seq ?? after + 1
    const seqTo = all.at(-1)?.seq ?? after
    const alertsTo = ledger.alertsTo(sink, epoch)
    // One that is committed in this moment is looked for from here on, after a restart too.
    if (readsAlerts && alertsTo === null) ledger.moveAlerts(sink, epoch, Math.max(alertsLookedTo, ledger.cursor(sink, epoch)))
    // Alerts are cut by themselves, in their order.
    const rows = all.filter((row) => !isAlert(row) || (!readsAlerts && row.seq > (alertsTo ?? 0)))
    const stretch = { seqFrom: after + 1, seqTo }
    const range = { epoch, seqFrom, seqTo, completes: true, ...(isFresh ? { ahead: stretch } : { through: throughOf(seqTo, ledger.ahead(sink, epoch)) }) }
    const { batches, stopped } = compiled({ rows, range, isCorrected: true, beside: besideOf(rows, isFresh, { at, seq: seqTo }), at, bytesMax })
    if (isFresh) {
      ledger.keep(sink, epoch, false, batches)
      ledger.addAhead(sink, epoch, stretch)
    } else if (batches.length > 0) ledger.keep(sink, epoch, true, batches)
    else ledger.advance(sink, epoch, seqTo)
    if (rows.some(isAlert)) ledger.moveAlerts(sink, epoch, seqTo)
    return stopped
  }

  function cutLetters(letters: readonly DeadLetter[], epoch: string, at: WallMs, bytesMax: number): number {
    const clean: { readonly id: number; readonly seqFrom: number; readonly seqTo: number; readonly event: CutEvent }[] = []
    let stopped = 0
    for (const { id, event, origin, retries, seqFrom, seqTo } of letters) {
      const parsed: unknown = JSON.parse(event)
      if (laneOfEvent(parsed) !== lane) {
        ledger.refuseRetry(id, OTHER_LANE)
        continue
      }
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

  /** Of a ledger that never cut alerts by themselves, what was cut held them. */
  const alertsFrom = ({ epoch, after }: Pick<Stretch, 'epoch' | 'after'>): number => ledger.alertsTo(sink, epoch) ?? Math.max(after, ledger.reach(sink, epoch))

  /** What comes first of what is to be cut; a stretch of the past that holds nothing more is done for good, for nothing is added to it. */
  function nextRows(at: WallMs): (ReturnType<typeof rowsAfter> & { readonly stretch: Stretch }) | null {
    const isFreshDue = readsAlerts && (freshCutAt === null || at < freshCutAt || at - freshCutAt >= syncLimits.lingerMs)
    for (const stretch of stretchesOf(standing(), isFreshDue)) {
      const found = rowsAfter(log, stretch, rowsMax)
      if (stretch.isFresh) freshCutAt = at
      if (found.rows.length > 0) return { ...found, stretch }
      if (!stretch.isFresh && Number.isFinite(stretch.lastSeq)) ledger.advance(sink, stretch.epoch, stretch.lastSeq)
    }
    return null
  }

  return {
    position: () => positionOf(ledger, log, sink),
    lagRows: () => lagOf(standing()),
    cutAlerts(at, bytesMax) {
      if (!readsAlerts) return NOTHING
      const upTo = log.lastSeq()
      for (const span of spansOf(ledger, log, sink)) {
        const { epoch, lastSeq } = span
        const rows = log.readAlerts(Math.max(alertsFrom(span), alertsLookedTo), Math.min(lastSeq, upTo), rowsMax)
        if (rows === null) readsAlerts = false
        const [first, last] = [rows?.[0], rows?.at(-1)]
        if (!rows || !first || !last) continue
        learn(identifiers())
        learn(namesIn(rows))
        return ledger.transaction(() => {
          const range = { epoch, seqFrom: first.seq, seqTo: last.seq, completes: false }
          const { batches, stopped } = compiled({ rows, range, isCorrected: false, beside: NOTHING_BESIDE, at, bytesMax })
          ledger.keepEarly(sink, epoch, batches)
          ledger.moveAlerts(sink, epoch, last.seq)
          return { kind: 'cut', full: true, stopped }
        })
      }
      alertsLookedTo = upTo
      return NOTHING
    },
    cutLog(at, bytesMax) {
      const found = nextRows(at)
      if (!found) return NOTHING
      const { rows, full, stretch } = found
      learn(identifiers())
      learn(namesIn(rows))
      // Surrogates that are drawn here are kept together with the batch that first uses them, or not at all.
      const stopped = ledger.transaction(() => cutStretch(rows, stretch, at, bytesMax))
      return { kind: 'cut', full: full || stretch.isFresh || ledger.ahead(sink, stretch.epoch).length > 0, stopped }
    },
    cutRetries(at, bytesMax) {
      const letters = ledger.lettersToRetry(sink, syncLimits.deadLettersPerRetryMax)
      const [first] = letters
      if (first === undefined) return NOTHING
      learn(identifiers())
      return { kind: 'cut', full: false, stopped: ledger.transaction(() => cutLetters(letters, first.epoch, at, bytesMax)) }
    },
  }
}
