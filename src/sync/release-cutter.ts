/**
 * Cuts releases: unlike the other lanes it follows stays, not the log. Pieces of the stays that leave together are drawn in random
 * order, what comes of them is shuffled, and it is stored with the word of what was cut, so that nothing leaves twice.
 */

import type { DeadEvent, DeadLetter } from '../domain/batch.ts'
import { type WallMs, isoOf, wallMs } from '../domain/time.ts'
import { releaseLimits, syncLimits } from '../limits.ts'
import type { LoggedRow } from '../seams.ts'
import { type BatchFrame, type CutEvent, cutBatches, cutEvent, recutEvent } from './cut.ts'
import { isRevised } from './corrections.ts'
import { type CutResult, type Cutter, type CutterParts, namesIn } from './cutter.ts'
import { ALL, filtered } from './filter.ts'
import { OTHER_LANE, laneOfEvent } from './lane-of.ts'
import { positionOf } from './position.ts'
import { NOBODY, type Person } from './release-classes.ts'
import { Counts, type LeavingStay, type Released, compileRelease, visitOf } from './release-compile.ts'
import type { CurrentRelease, KnownStay, StoredPiece } from './release-ledger.ts'
import type { ReleaseMarks } from './release-marks.ts'
import { gone, hasLeft } from './release-out.ts'
import { type ReleaseStaysParts, SHIFTED, createReleaseStays } from './release-stays.ts'
import { RELEASE_METHODS, type ReleaseMethod, coarse } from './release-time.ts'

export type ReleaseCutterParts = Omit<CutterParts, 'lane' | 'ledger'> & ReleaseStaysParts

const NOTHING: CutResult = { kind: 'nothing' }
const hitText = (at: string): string => `stopped by the egress scanner: a known identifier at ${at}`

export function createReleaseCutter(parts: ReleaseCutterParts): Cutter {
  const { sink, ledger, releases, log, reader, scanner, identifiers, settings, random, mint, filter = ALL } = parts
  const stays = createReleaseStays(parts)
  scanner.trust(settings.fields.flatMap(({ fields }) => fields))
  let lookedAt = Number.NEGATIVE_INFINITY

  const frameOf = (at: WallMs, release: ReleaseMarks): BatchFrame => ({
    at, organizationId: release.organizationId, gatewayId: release.gatewayId, epoch: log.epoch, lane: 'release', seqFrom: 0, seqTo: 0, completes: false, release,
  })
  const marksOf = (at: WallMs, { id, organization, gateway, method, stays: count }: CurrentRelease): ReleaseMarks => ({
    timestamp: isoOf(coarse(at)), keyEpoch: id, organizationId: organization, gatewayId: gateway, method: methodOf(method), stays: count,
  })

  /** Without rows of which something out there was made when they were another's: those were counted when they were put right. */
  function notOut(rows: readonly LoggedRow[]): readonly LoggedRow[] {
    if (!rows.some(isRevised)) return rows
    const known = new Map(releases.stays(sink).map((stay) => [stay.stay, stay]))
    return rows.filter((row) => !isRevised(row) || !reader.linksOf(row.seq).some((link) => hasLeft(known, link)))
  }

  type Gathered = { readonly events: Released[]; readonly counts: Counts; rows: number; readings: number }

  function takeVisit({ id }: StoredPiece, stay: LeavingStay, release: CurrentRelease, into: Gathered): void {
    const visit = visitOf(compiling(stay, release))
    if (visit.kind === 'cleared') into.events.push({ event: visit.event, origin: null })
    else into.counts.add('not-allowed', 1, 0)
    releases.removePiece(id)
  }

  function takeRows(piece: StoredPiece, stay: LeavingStay | null, release: CurrentRelease | null, into: Gathered): void {
    const bounds = { rowsMax: syncLimits.rowsPerBatchMax - into.rows, readingsMax: syncLimits.readingsPerBatchMax - into.readings }
    const { rows, nextSeq, damaged } = reader.rowsOf(piece.stay, piece, bounds)
    into.counts.add('damaged', damaged, 0)
    const readings = rows.reduce((sum, row) => sum + (row.kind === 'snapshot' ? row.snapshot.observations.length : 0), 0)
    into.rows += rows.length
    into.readings += readings
    if (piece.kind === 'late' || stay === null || release === null) into.counts.add('after-release', rows.filter(({ kind }) => kind === 'snapshot').length, readings)
    else {
      scanner.learn(namesIn(rows))
      const { events, withheld } = compileRelease(notOut(rows), compiling(stay, release))
      into.events.push(...events)
      for (const { reason, rows: count, readings: measured } of withheld) into.counts.add(reason, count, measured)
    }
    if (nextSeq === null) releases.removePiece(piece.id)
    else releases.shortenPiece(piece.id, nextSeq)
  }

  const compiling = (stay: LeavingStay, { id, method }: CurrentRelease) =>
    ({ ...stay, method: methodOf(method), mint, surrogateOf: (kind: Parameters<typeof releases.surrogateOf>[1], name: string) => releases.surrogateOf(id, kind, name) })

  function gather(pieces: readonly StoredPiece[], release: CurrentRelease | null): Gathered {
    const leaving = new Map(releases.stays(sink).map((known) => [known.stay, leavingOf(known)]))
    const into: Gathered = { events: [], counts: new Counts(), rows: 0, readings: 0 }
    for (const piece of pieces) {
      if (into.rows >= syncLimits.rowsPerBatchMax || into.readings >= syncLimits.readingsPerBatchMax) break
      const stay = leaving.get(piece.stay) ?? null
      if (piece.kind === 'visit' && stay !== null && release !== null) takeVisit(piece, stay, release, into)
      else takeRows(piece, stay, release, into)
    }
    return into
  }

  function cutPieces(pieces: readonly StoredPiece[], at: WallMs, bytesMax: number): number {
    const release = releases.current(sink)
    const gathered = gather(pieces, release)
    const { events, withheld } = filtered({ events: shuffled(gathered.events, random), withheld: gathered.counts.all() }, filter)
    const clean: CutEvent[] = []
    const stopped: DeadEvent[] = []
    for (const { event, origin } of events) {
      const scanned = scanner.scan(event)
      if (scanned.kind === 'clean') clean.push(cutEvent(event, origin))
      else stopped.push({ event: JSON.stringify(event), origin, retries: 0, why: hitText(scanned.at), seqFrom: 0, seqTo: 0 })
    }
    ledger.withhold(sink, log.epoch, withheld)
    ledger.addDead(sink, log.epoch, at, stopped)
    if (release !== null) ledger.keep(sink, log.epoch, false, cutBatches(clean, frameOf(at, marksOf(at, release)), bytesMax))
    if (releases.waiting(sink).pieces === 0) finish()
    return stopped.length
  }

  /** What stood for whom is forgotten, and who lay there: from here on nobody can join it to a stay any more. */
  function finish(): void {
    for (const known of releases.stays(sink)) if (known.state === 'leaving') releases.putStay(sink, gone(known))
    releases.end(sink)
  }

  function cutLetters(letters: readonly DeadLetter[], at: WallMs, bytesMax: number): number {
    const clean: { readonly id: number; readonly of: string; readonly event: CutEvent }[] = []
    let stopped = 0
    for (const { id, event, origin, retries } of letters) {
      const parsed: unknown = JSON.parse(event)
      if (laneOfEvent(parsed) !== 'release') {
        ledger.refuseRetry(id, OTHER_LANE)
        continue
      }
      const scanned = scanner.scan(parsed)
      if (scanned.kind === 'clean') clean.push({ id, of: subjectOf(parsed), event: recutEvent(event, { origin, retries: retries + 1 }) })
      else {
        ledger.refuseRetry(id, hitText(scanned.at))
        stopped++
      }
    }
    // Of several releases, it may be, and no longer known to be of any: those of each stay leave by themselves, for together they would join them.
    // Those of a time when dates were shifted are not told to be more than that, whatever is configured now.
    const method = ledger.memory(sink, SHIFTED) === null ? settings.method : 'date-shift'
    for (const some of Map.groupBy(clean, ({ of }) => of).values()) {
      const marks: ReleaseMarks = { timestamp: isoOf(coarse(at)), keyEpoch: mint(), organizationId: mint(), gatewayId: mint(), method, stays: null }
      ledger.keep(sink, log.epoch, false, cutBatches(some.map(({ event }) => event), frameOf(at, marks), bytesMax))
    }
    ledger.removeDead(clean.map(({ id }) => id))
    return stopped
  }

  return {
    position: () => positionOf(ledger, log, sink),
    lagRows() {
      const { pieces, batches } = releases.waiting(sink)
      return pieces + batches
    },
    cutAlerts(at) {
      stays.live(at)
      return NOTHING
    },
    cutLog(at, bytesMax) {
      stays.live(at)
      // A clock that was set back must not keep us from looking.
      const looks = at < lookedAt || at - lookedAt >= releaseLimits.lookMs
      if (looks) {
        stays.look(at)
        lookedAt = at
      }
      const pieces = releases.nextPieces(sink, releaseLimits.piecesPerBatchMax)
      if (pieces.length > 0) {
        scanner.learn(identifiers())
        const stopped = ledger.transaction(() => cutPieces(pieces, at, bytesMax))
        if (releases.current(sink) === null) releases.eraseTraces()
        return { kind: 'cut', full: true, stopped }
      }
      // By what was just seen: a stay that was opened again does not leave.
      if (!looks || !stays.plan(at)) return NOTHING
      return { kind: 'cut', full: true, stopped: 0 }
    },
    cutRetries(at, bytesMax) {
      const letters = ledger.lettersToRetry(sink, syncLimits.deadLettersPerRetryMax)
      if (letters.length === 0) return NOTHING
      scanner.learn(identifiers())
      return { kind: 'cut', full: false, stopped: ledger.transaction(() => cutLetters(letters, at, bytesMax)) }
    },
  }
}

/** What stands for the stay in an event that was released. */
function subjectOf(event: unknown): string {
  const said: { readonly partitionKey?: unknown; readonly patientId?: unknown } = typeof event === 'object' && event !== null ? event : {}
  return String(said.partitionKey ?? said.patientId)
}

const methodOf = (said: string): ReleaseMethod => RELEASE_METHODS.find((known) => known === said) ?? 'safe-harbor'

/** null: it is not on its way out. */
function leavingOf({ stay, state, openedAt, closedAt, shiftDays, told }: KnownStay): LeavingStay | null {
  if (state !== 'leaving') return null
  const person: Person = told === '' ? NOBODY : JSON.parse(told)
  return { stay, openedAt, closedAt: closedAt ?? wallMs(openedAt), shiftDays, told: person }
}

/** All orders are equally likely (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], random: () => number): readonly Item[] {
  const left = [...items]
  const drawn: Item[] = []
  while (left.length > 0) {
    const place = Math.floor(random() * left.length)
    const last = left.pop()
    if (last === undefined) break
    if (place === left.length) drawn.push(last)
    else {
      const taken = left[place]
      if (taken !== undefined) drawn.push(taken)
      left[place] = last
    }
  }
  return drawn
}
