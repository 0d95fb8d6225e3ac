/**
 * Which stays may leave, and when. A stay is seen when it has ended, and a delay is drawn for it, once; several whose time has come
 * leave together as one release. What comes of a stay after that never leaves: it could be joined to what did.
 */

import type { Surrogate } from '../domain/batch.ts'
import { RELEASES } from '../domain/releases.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { releaseLimits } from '../limits.ts'
import type { Clock, EpochReason, LogReader } from '../seams.ts'
import { type AnonymizationConfig, type FieldParts, anonymised } from './fields.ts'
import type { SyncLedger } from './ledger.ts'
import { spansOf } from './position.ts'
import { type AgeGroup, NOBODY, type Person, type SiteField, ageBandOf, toldOf } from './release-classes.ts'
import { Counts } from './release-compile.ts'
import type { KnownStay, ReleaseLedger, StayFound, StayReader } from './release-ledger.ts'
import { createLived } from './release-lived.ts'
import { gone, hasLeft } from './release-out.ts'
import { type ReleaseMethod, shownYearOf } from './release-time.ts'

/** Plain data, for it is copied to the thread. */
export type ReleaseSettings = {
  readonly method: ReleaseMethod
  readonly delayFromMs: number
  readonly delayToMs: number
  /** So many stays leave together; fewer when the first of them has waited for `gatherMs`, or as little as half of it. */
  readonly staysMin: number
  readonly gatherMs: number
  readonly fields: readonly AnonymizationConfig[]
  /** What the site says of each bed, by the bed's id and the field's name. */
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export type ReleaseStaysParts = {
  readonly sink: string
  readonly ledger: SyncLedger
  readonly releases: ReleaseLedger
  readonly log: LogReader
  readonly reader: StayReader
  readonly settings: ReleaseSettings
  readonly clock: Pick<Clock, 'mono'>
  /** One more release has begun, and its ledger has it; or other stays that have left are open again. To be kept beside the log. */
  readonly released?: (again: readonly string[]) => void
  /** 0 ≤ x < 1, not to be guessed. */
  readonly random: () => number
  readonly mint: () => Surrogate
  readonly hmac: (key: Uint8Array, text: string) => Uint8Array
}

const DAY_MS = 86_400_000
/** Whether what is left of its dead letters may have dates that are shifted, and not removed. */
export const SHIFTED = 'release: dates were shifted'
/** Up to which number corrections of rows were looked at. */
const REVISIONS_SEEN = 'release: revisions seen'

type Waiting = { readonly ageBand: Person['ageBand']; readonly ageGroup: AgeGroup; readonly sex: Person['sex']; readonly bed: string; readonly who?: string }

export interface ReleaseStays {
  /** Before anything else, and as often as may be: what the clock shows now. */
  live(at: WallMs): void
  /** Learns what ended, was opened again, came late, and is gone; moves the cursor. */
  look(at: WallMs): void
  /** Begins a release when one is due; true when it did. */
  plan(at: WallMs): boolean
}

export function createReleaseStays(parts: ReleaseStaysParts): ReleaseStays {
  const { sink, ledger, releases, log, reader, settings, random, mint, hmac, released } = parts

  type Now = { readonly at: WallMs; readonly lastSeq: number }
  /** No row of a stay that began then has a smaller number. A clock that was set back by less than a day hides none of them. */
  const firstSeqOf = (openedAt: WallMs, { at, lastSeq }: Now): number => reader.firstSeqSince(openedAt, wallMs(Math.max(at, openedAt) + DAY_MS)) ?? lastSeq + 1

  /** Tells stays of one patient from those of others, and says nothing of him. */
  const nameless = (mrn: string): string => Buffer.from(hmac(releases.siteKey(), `patient\u0000${mrn}`)).toString('hex')

  const lived = createLived(parts)
  /** From its end on; from now on where that is told late, or was told by a clock that was wrong: nobody knows which. */
  function delayMsFrom(closedAt: WallMs | null, { at }: Now): number {
    const drawnMs = settings.delayFromMs + random() * (settings.delayToMs - settings.delayFromMs)
    const lateMs = closedAt === null ? 0 : at - closedAt
    return lateMs < releaseLimits.clockStepMsMin ? drawnMs : drawnMs + lateMs
  }

  function enrol({ stay, bed, openedAt, closedAt, isChild }: StayFound, now: Now): KnownStay {
    const { mrn, bornOn, sex = 'none' } = reader.personOf(stay)
    const { ageBand, isAdult } = ageBandOf(bornOn, openedAt)
    const grown = isAdult ?? (isChild === null ? null : !isChild)
    const told: Waiting = { ageBand, ageGroup: grown === null ? 'none' : grown ? 'adult' : 'child', sex, bed, ...(mrn === undefined ? {} : { who: nameless(mrn) }) }
    return {
      stay, state: 'waiting', openedAt, closedAt,
      delayMs: delayMsFrom(closedAt, now),
      shiftDays: 1 + Math.floor(random() * releaseLimits.shiftDaysMax),
      fromSeq: firstSeqOf(openedAt, now), throughSeq: 0, told: JSON.stringify(told),
    }
  }

  const lastOf = (...reasons: readonly EpochReason[]): number => Math.max(0, ...log.epochs.filter(({ why }) => reasons.includes(why)).map(({ firstSeq }) => firstSeq))
  /** Rows before this number may have left already: nobody knows any more. */
  const lostBefore = lastOf('ledger-lost')
  /**
   * Rows before this number are those of another box too, or of this one as it went on after its backup, or before its files were set back, where the
   * stay came to its end: it may have left from there.
   */
  const copiedBefore = lastOf('cloned', 'restored', 'rolled-back')

  /** Whether the stay had ended by then, or had begun when the copy was made: it never leaves, for it might leave a second time, as somebody else. */
  const isSpent = ({ openedAt, closedAt }: StayFound, now: Now): boolean =>
    closedAt !== null && ((lostBefore > 0 && firstSeqOf(closedAt, now) <= lostBefore) || (copiedBefore > 0 && firstSeqOf(openedAt, now) < copiedBefore))

  function spend(stay: StayFound, now: Now): void {
    ledger.withhold(sink, log.epoch, [{ reason: 'after-release', rows: 1, readings: 0 }])
    releases.putStay(sink, gone({ ...enrol(stay, now), throughSeq: now.lastSeq }))
  }

  /** As it stands beside the log: what a ledger that is lost knows nothing of. */
  let again: readonly string[] = reader.released(sink).again

  function openAgain(found: readonly StayFound[], known: ReadonlyMap<string, KnownStay>): readonly string[] {
    return found.flatMap(({ stay, closedAt }) => (closedAt === null && ['leaving', 'released'].includes(known.get(stay)?.state ?? '') ? [stay] : []))
  }

  /** Once it is in the ledger. */
  function tell(open: readonly string[]): void {
    if (open.length === again.length && open.every((stay) => again.includes(stay))) return
    again = open
    released?.(again)
  }

  /** What became of a stay since it was seen last. */
  function update(known: KnownStay, found: StayFound, now: Now): void {
    const { lastSeq } = now
    if (known.closedAt === found.closedAt && known.openedAt === found.openedAt) return
    if (known.state === 'waiting') {
      const fromSeq = Math.min(known.fromSeq, firstSeqOf(found.openedAt, now))
      // After another end it waits anew: what the clock was set by since the other one is none of it.
      const delayMs = found.closedAt === known.closedAt ? known.delayMs : delayMsFrom(found.closedAt, now)
      releases.putStay(sink, { ...known, openedAt: found.openedAt, closedAt: found.closedAt, fromSeq, delayMs })
    } else if (known.state === 'released' && found.closedAt !== null && found.closedAt !== known.closedAt) {
      // It was opened again, and has ended once more: counted, and never joined to what is out.
      if (lastSeq > known.throughSeq) releases.addPiece(sink, { stay: known.stay, kind: 'late', seqFrom: known.throughSeq + 1, seqTo: lastSeq }, random())
      releases.putStay(sink, { ...known, closedAt: found.closedAt, throughSeq: lastSeq })
    }
  }

  /** Rows that were put right when the stay was out: as it is there, it stays. */
  function countRevised(known: ReadonlyMap<string, KnownStay>): void {
    const seen = Number(ledger.memory(sink, REVISIONS_SEEN) ?? 0)
    const revised = reader.revisedAfter(seen, releaseLimits.revisionsPerLookMax)
    const last = revised.at(-1)
    if (last === undefined) return
    const counts = new Counts()
    // Of one that is leaving it is drawn already what goes, and up to which number.
    const isOut = (stay: string | null): boolean => stay !== null && ['leaving', 'released'].includes(known.get(stay)?.state ?? '')
    for (const { seq, supersedes, stay, before, readings } of revised) {
      const isLate = isOut(stay) && seq > (known.get(stay ?? '')?.throughSeq ?? 0)
      if (isLate || hasLeft(known, { seq, supersedes, before })) counts.add('after-release', 1, readings)
    }
    ledger.withhold(sink, log.epoch, counts.all())
    ledger.remember(sink, REVISIONS_SEEN, String(last.seq))
  }

  /**
   * All up to here has left, or never will: what was deleted behind it is missed by nobody. A stay that does not end holds it for a
   * while only; its values are kept until it has ended all the same, for retention deletes by stay.
   */
  function positionOf(found: readonly StayFound[], known: ReadonlyMap<string, KnownStay>, now: Now): number {
    let position = now.lastSeq
    for (const { stay, openedAt, closedAt } of found) {
      const state = known.get(stay)
      if (state?.state === 'released' || (closedAt === null && now.at - openedAt > releaseLimits.stayHoldDaysMax * DAY_MS)) continue
      position = Math.min(position, (state?.fromSeq ?? firstSeqOf(openedAt, now)) - 1)
    }
    return Math.max(0, position)
  }

  function advanceTo(position: number): void {
    for (const { epoch, lastSeq, after } of spansOf(ledger, log, sink)) {
      const to = Math.min(position, lastSeq)
      if (to > after) ledger.advance(sink, epoch, to)
      if (position <= lastSeq) return
    }
  }

  /** Who had ended before the clock was set waits for as much longer as it shows more: nobody lived through that. */
  function wait(byMs: number): void {
    for (const one of releases.stays(sink)) if (one.state === 'waiting' && one.closedAt !== null) releases.putStay(sink, { ...one, delayMs: one.delayMs + byMs })
  }

  const knownNow = (): ReadonlyMap<string, KnownStay> => new Map(releases.stays(sink).map((known) => [known.stay, known]))

  /**
   * Between half of it and all of it, by which stay is the first: releases that came at one distance would tell two wards of one central apart. Under
   * the key of the site, so that it is the same whenever it is asked, and nobody else's guess.
   */
  const gatherMsOf = ({ stay }: KnownStay): number =>
    settings.gatherMs * (1 - Buffer.from(hmac(releases.siteKey(), `gather\u0000${stay}`)).readUIntBE(0, 6) / 2 ** 49)

  function plannedOf(at: WallMs): readonly KnownStay[] {
    const due = releases.stays(sink)
      .flatMap((known) => (known.state === 'waiting' && known.closedAt !== null ? [{ known, dueAt: known.closedAt + known.delayMs }] : []))
      .filter(({ dueAt }) => dueAt <= at)
      .toSorted((a, b) => a.dueAt - b.dueAt)
    const [first] = due
    if (first === undefined || (due.length < settings.staysMin && at - first.dueAt < gatherMsOf(first.known))) return []
    return due.slice(0, releaseLimits.staysPerReleaseMax).map(({ known }) => known)
  }

  function siteFieldsOf(bed: string, now: WallMs): readonly SiteField[] {
    const values = settings.values[bed] ?? {}
    const plain = new Set(Object.values(settings.values).flatMap((of) => Object.values(of)))
    const fieldParts: FieldParts = {
      hmac: (text) => hmac(releases.siteKey(), text), random, now,
      tokens: {
        of: (field, value) => releases.tokenOf(field, value, now),
        // What is a true value of some bed would be taken for it.
        isTaken: (field, token) => plain.has(token) || releases.isToken(field, token),
        put: (field, value, token, until) => releases.putToken(field, value, token, until),
      },
    }
    return Object.entries(values).flatMap(([name, plainValue]) => {
      const value = anonymised(name, plainValue, settings.fields, fieldParts)
      return value === null ? [] : [{ name, value }]
    })
  }

  function whoOf({ told }: KnownStay): string | undefined {
    const { who }: Waiting = JSON.parse(told)
    return who
  }

  function personOf({ told }: KnownStay, now: WallMs): Person {
    const { bed, who: _who, ...person }: Waiting = JSON.parse(told)
    return { ...person, site: siteFieldsOf(bed, now) }
  }

  function addPieces({ stay, fromSeq }: KnownStay, lastSeq: number): void {
    const size = Math.max(releaseLimits.pieceSeqsMin, Math.ceil((lastSeq - fromSeq + 1) / releaseLimits.piecesPerStayMax))
    for (let seqFrom = fromSeq; seqFrom <= lastSeq; seqFrom += size) {
      releases.addPiece(sink, { stay, kind: 'rows', seqFrom, seqTo: Math.min(lastSeq, seqFrom + size - 1) }, random())
    }
    releases.addPiece(sink, { stay, kind: 'visit', seqFrom: 0, seqTo: 0 }, random())
  }

  return {
    live: (at) => lived(at, wait),
    look: (at) => tell(ledger.transaction(() => {
      // Asked first: the stays of all rows up to there are known then.
      const now = { at, lastSeq: log.lastSeq() }
      const found = reader.stays()
      const known = knownNow()
      for (const stay of found) {
        const seen = known.get(stay.stay)
        const isKnownBeside = (seen === undefined || seen.state === 'waiting') && again.includes(stay.stay)
        if (isKnownBeside || (seen?.state !== 'released' && isSpent(stay, now))) spend(stay, now)
        else if (seen) update(seen, stay, now)
        else if (stay.closedAt !== null && stay.closedAt <= at) releases.putStay(sink, enrol(stay, now))
      }
      const there = new Set(found.map(({ stay }) => stay))
      for (const { stay, state } of known.values()) {
        if (there.has(stay) || state === 'leaving') continue
        // Retention could wait no longer, or somebody was erased.
        if (state === 'waiting') ledger.withhold(sink, log.epoch, [{ reason: 'deleted', rows: 1, readings: 0 }])
        releases.forgetStay(sink, stay)
      }
      const after = knownNow()
      countRevised(after)
      advanceTo(positionOf(found, after, now))
      return openAgain(found, after)
    })),
    plan(at) {
      const begun = ledger.transaction(() => begin(at))
      if (begun) released?.(again)
      return begun
    },
  }

  function begin(at: WallMs): boolean {
    const leaving = plannedOf(at)
    if (leaving.length === 0) return false
    const lastSeq = log.lastSeq()
    const id = mint()
    releases.begin(sink, {
      id, method: settings.method, stays: leaving.length,
      organization: releases.surrogateOf(id, 'organization', ''), gateway: releases.surrogateOf(id, 'gateway', ''),
    })
    ledger.count(sink, RELEASES, 1)
    if (settings.method === 'date-shift') ledger.remember(sink, SHIFTED, 'yes')
    const told = toldOf(
      leaving.map((known) => ({ year: shownYearOf(settings.method, { ...known, closedAt: known.closedAt ?? at }), person: personOf(known, at), who: whoOf(known) })),
      releaseLimits.classStaysMin,
    )
    leaving.forEach((known, place) => {
      releases.putStay(sink, { ...known, state: 'leaving', throughSeq: lastSeq, told: JSON.stringify(told[place] ?? NOBODY) })
      addPieces(known, lastSeq)
    })
    return true
  }
}
