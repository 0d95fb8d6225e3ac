/**
 * Delivers the log to one sink: at least once on the wire, once in effect. A batch is cut and stored before it is sent; the
 * next one is cut when nothing is pending, so memory does not grow with the backlog. What cannot be delivered waits
 * (central is away), pauses (central refuses our token) or becomes dead letters (central refuses the data).
 */

import type { StoredBatch, SyncStatus } from '../domain/batch.ts'
import { type MonoMs, type WallMs, monoMs } from '../domain/time.ts'
import { syncLimits } from '../limits.ts'
import type { Clock, EpochReason, Sink, SinkAnswer } from '../seams.ts'
import { retryDelayMs } from './breaker.ts'
import { claimName } from './claims.ts'
import { type CutEvent, cutBatches, splitBatch } from './cut.ts'
import { type Cutter, type CutterParts, createCutter } from './cutter.ts'
import { type Pace, UNPACED, closedMs, hoursText, restMs } from './pace.ts'
import { strayIn } from './lane-of.ts'
import { createRoute } from './route.ts'
import { createScanner } from './scanner.ts'
import { NONE, type Rejected, allOf, rowsOf, verdictOn } from './verdict.ts'

export type PumpParts = Omit<CutterParts, 'sink' | 'scanner'> & {
  readonly sink: Sink
  /** Where batches go while the breaker of the sink is open. */
  readonly fallback?: Sink | undefined
  readonly pace?: Pace
  readonly clock: Clock
  /** For a lane that is no range of the log. */
  readonly cutterOf?: (parts: CutterParts) => Cutter
  /** 0 ≤ x < 1, for the jitter. */
  readonly random: () => number
  readonly onStatus?: (status: SyncStatus) => void
  /** The cursor of the current epoch has moved: retention may delete up to here. */
  readonly onAdvanced?: (seq: number) => void
  /** Numbers would mean two things: nothing is sent before another incarnation of the database begins, and the pump with it. */
  readonly onForked?: (fork: Fork) => void
}

/** Why rows need another incarnation, and from which number on: those behind `afterSeq`, or (null) those that are still to come. */
export type Fork = { readonly why: EpochReason; readonly afterSeq: number | null }

export type Step =
  /** Something was done; `full`: there is more to do at once. */
  | { readonly kind: 'done'; readonly full: boolean }
  | { readonly kind: 'idle' }
  /** Values are left to gather, or the rate wants a rest, for so long; an alert is not held up. */
  | { readonly kind: 'lingers'; readonly ms: number }
  /** Nothing may be tried before this is over. */
  | { readonly kind: 'wait'; readonly ms: number }

export interface Pump {
  /** One batch cut, or one batch sent. */
  step(stop: AbortSignal): Promise<Step>
  /** Steps until stopped. */
  run(stop: AbortSignal): Promise<void>
  /** The store has committed: look now. */
  wake(): void
  status(): SyncStatus
}

/** `ok`: it waits for its hours. */
type Trouble = { readonly kind: 'ok' | 'behind' | 'paused'; readonly why: string; readonly until: MonoMs }

/** Counted with each sink. */
const BY_FALLBACK = 'batches sent through the fallback'
const AS_HISTORY = 'events sent again as history'

export function createPump(parts: PumpParts): Pump {
  const { sink, ledger, log, clock, random, lane = 'live', pace = UNPACED } = parts
  const scanner = createScanner([parts.gatewayId, ...log.epochs.map(({ epoch }) => epoch)])
  const cutter = (parts.cutterOf ?? createCutter)({ ...parts, sink: sink.id, scanner, overtakes: lane === 'live' && sink.inOrder !== true })
  const route = createRoute(sink, parts.fallback, clock)
  let bytesMax: number = syncLimits.batchBytesMax
  let failures = 0
  let trouble: Trouble | null = null
  let lastAcceptedAt: WallMs | null = ledger.status(sink.id)?.lastAcceptedAt ?? null
  /** The last look at the log ended at a bound, not at its end. */
  let more = false
  /** Until then values gather, after a batch that emptied the log. */
  let lingerUntil = clock.mono()
  /** Until then the rate of this sink wants a rest. */
  let restUntil = clock.mono()
  let stoppedByScanner = 0
  /** None yet: the first is told whatever it is, for the log may be another than before. */
  let advanced = -1
  let shown = ''
  let alarm = new AbortController()
  let claimed = sink.claim === undefined
  let fenced = false

  ledger.openEpoch(log.epoch)
  let fork: Fork | null = ledger.lostIn(log.epoch) ? { why: 'ledger-lost', afterSeq: null } : null

  function status(): SyncStatus {
    const lagRows = cutter.lagRows()
    const deadLetters = ledger.deadCount(sink.id)
    const rest = { lagRows, lastAcceptedAt, deadLetters, stoppedByScanner, breaker: route.state(), fenced }
    if (trouble !== null) return { kind: trouble.kind, why: trouble.why, ...rest }
    if (lagRows > syncLimits.rowsPerBatchMax) return { kind: 'behind', why: `catching up: ${lagRows} rows are still to be sent`, ...rest }
    return { kind: 'ok', why: '', ...rest }
  }

  /** Told when anything moved; written down when it would read differently, not for each row. */
  function tell(): void {
    const now = status()
    const { lagRows: _lagRows, lastAcceptedAt: _at, fenced: _fenced, ...saved } = now
    const shows = JSON.stringify(saved)
    if (shows !== shown) ledger.saveStatus(sink.id, clock.wall(), now)
    shown = shows
    parts.onStatus?.(now)
    const position = cutter.position()
    if (position <= advanced) return
    advanced = position
    parts.onAdvanced?.(position)
  }

  const hold = (kind: Trouble['kind'], why: string, ms: number): void => {
    trouble = { kind, why, until: monoMs(clock.mono() + ms) }
  }

  function settle(batch: StoredBatch, rejected: Rejected): void {
    const { acknowledged, dead, stale } = verdictOn(batch, rejected)
    const at = clock.wall()
    ledger.transaction(() => {
      // Behind all that waits, for it is the oldest news; before the cursor moves, so that nothing is passed over.
      if (stale.length > 0) keepAsHistory(batch, stale, at)
      ledger.settle(sink.id, batch, { acknowledged, dead, at })
      // Central took the call, whatever it thought of the events.
      restUntil = monoMs(Math.max(restUntil, clock.mono()) + restMs(pace, batch.items.length))
      trouble = null
      fenced = false
      failures = 0
      if (rejected.size < batch.items.length) lastAcceptedAt = at
      ledger.saveStatus(sink.id, at, status())
    })
  }

  function keepAsHistory({ epoch, seqFrom, seqTo }: StoredBatch, events: readonly CutEvent[], at: WallMs): void {
    const { organizationId, gatewayId, version } = parts
    const frame = { at, organizationId, gatewayId, version, epoch, seqFrom, seqTo, lane, completes: false, historical: true }
    ledger.keep(sink.id, epoch, false, cutBatches(events, frame, bytesMax))
    ledger.count(sink.id, AS_HISTORY, events.length)
  }

  function split(batch: StoredBatch, why: string): void {
    if (batch.items.length < 2) return settle(batch, allOf(batch, `central finds this event too large: ${why}`))
    // What follows is cut small enough at once.
    bytesMax = Math.max(syncLimits.batchBytesMin, Math.min(bytesMax, Math.ceil(batch.body.length / 2)))
    const { epoch, seqFrom, seqTo } = batch
    const { organizationId, gatewayId, version } = parts
    ledger.replace(sink.id, batch, splitBatch(batch, { at: clock.wall(), organizationId, gatewayId, version, epoch, seqFrom, seqTo, lane }))
  }

  function refused(batch: StoredBatch, answer: SinkAnswer & { kind: 'refused' }): void {
    switch (answer.how) {
      case 'pause':
        return hold('paused', answer.why, syncLimits.pausedProbeMs)
      case 'fenced':
        return fence(answer.why)
      case 'split':
        return split(batch, answer.why)
      case 'dead':
        return settle(batch, allOf(batch, answer.why))
      case 'stale':
        return settle(batch, allOf(batch, answer.why, true))
    }
  }

  /** When we are let in again, another box has sent under our name: what is there is asked for anew. */
  function fence(why: string): void {
    fenced = true
    claimed = sink.claim === undefined
    hold('paused', why, syncLimits.pausedProbeMs)
  }

  function retryLater(answer: SinkAnswer & { kind: 'retry' }, isClaim = false): void {
    failures++
    const delayMs = answer.afterMs === null ? retryDelayMs(failures, random) : Math.max(syncLimits.retryDelayMsMin, Math.min(answer.afterMs, syncLimits.retryAfterMsMax))
    hold('behind', answer.why, isClaim ? route.claimWaitMs(delayMs) : route.waitMs(delayMs))
  }

  async function claim(stop: AbortSignal): Promise<Step> {
    const answer = await claimName({ ...parts, route }, stop)
    if (stop.aborted && answer.kind === 'retry') return { kind: 'idle' }
    switch (answer.kind) {
      case 'granted':
        claimed = true
        fork = answer.fork
        trouble = null
        failures = 0
        fenced = false
        break
      case 'retry':
        retryLater(answer, true)
        break
      case 'refused':
        if (answer.how === 'fenced') fence(answer.why)
        else hold('paused', answer.why, syncLimits.pausedProbeMs)
        break
    }
    tell()
    return { kind: 'done', full: true }
  }

  function demand(next: Fork): Step {
    hold('behind', 'another incarnation of the database has to begin first', syncLimits.pausedProbeMs)
    tell()
    parts.onForked?.(next)
    return { kind: 'done', full: true }
  }

  function take(batch: StoredBatch, answer: SinkAnswer): void {
    switch (answer.kind) {
      case 'accepted':
      case 'duplicate':
        return settle(batch, NONE)
      case 'partly':
        return settle(batch, rowsOf(answer))
      case 'retry':
        return retryLater(answer)
      case 'refused':
        return refused(batch, answer)
    }
  }

  async function step(stop: AbortSignal): Promise<Step> {
    const waitMs = trouble === null ? 0 : trouble.until - clock.mono()
    if (waitMs > 0) return { kind: 'wait', ms: waitMs }
    if (fork) return demand(fork)
    if (!claimed) return claim(stop)
    cutAlerts()
    const lingers = lingerUntil - clock.mono()
    const batch = ledger.pending(sink.id)
    if (batch === null) return lingers > 0 ? { kind: 'lingers', ms: lingers } : cut()
    const stray = strayIn(batch, lane)
    if (stray) {
      settle(batch, stray)
      return { kind: 'done', full: true }
    }
    const rests = restUntil - clock.mono()
    if (rests > 0 && !batch.isEarly) return { kind: 'lingers', ms: rests }
    const shutMs = closedMs(pace, clock.wall())
    if (pace.hours !== null && shutMs > 0) {
      hold('ok', `sends from ${hoursText(pace.hours)}`, Math.min(shutMs, syncLimits.closedLookMs))
      tell()
      return { kind: 'done', full: true }
    }
    const { answer, byFallback } = await route.send({ batchId: batch.batchId, body: batch.body, events: batch.items.length }, stop)
    // Stopped in mid-call: whatever came back, the batch is stored and is sent again.
    if (stop.aborted && answer.kind === 'retry') return { kind: 'idle' }
    if (byFallback && answer.kind !== 'retry') ledger.count(sink.id, BY_FALLBACK, 1)
    take(batch, answer)
    tell()
    return { kind: 'done', full: more || ledger.pending(sink.id) !== null }
  }

  function cutAlerts(): void {
    const result = cutter.cutAlerts(clock.wall(), bytesMax)
    if (result.kind === 'cut') stoppedByScanner += result.stopped
  }

  function cut(): Step {
    const at = clock.wall()
    const retries = cutter.cutRetries(at, bytesMax)
    const result = retries.kind === 'cut' ? retries : cutter.cutLog(at, bytesMax)
    if (result.kind === 'nothing') {
      tell()
      return { kind: 'idle' }
    }
    more = result.full
    stoppedByScanner += result.stopped
    tell()
    return { kind: 'done', full: true }
  }

  return {
    step,
    status,
    wake: () => alarm.abort(),
    async run(stop) {
      stop.addEventListener('abort', () => alarm.abort(), { once: true })
      while (!stop.aborted) {
        alarm = new AbortController()
        const next = await step(stop)
        switch (next.kind) {
          case 'done':
            // Not put off by alerts that go in the meantime.
            if (!next.full && lingerUntil <= clock.mono()) lingerUntil = monoMs(clock.mono() + syncLimits.lingerMs)
            // Even 0 ms lets the thread hear its messages.
            await clock.sleep(0, stop)
            break
          case 'idle':
            if (!stop.aborted) await clock.sleep(syncLimits.pollMs, alarm.signal)
            break
          case 'lingers':
            if (!stop.aborted) await clock.sleep(next.ms, alarm.signal)
            break
          case 'wait':
            await clock.sleep(next.ms, stop)
            break
        }
      }
    },
  }
}
