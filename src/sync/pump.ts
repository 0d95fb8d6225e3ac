/**
 * Delivers the log to one sink: at least once on the wire, once in effect. A batch is cut and stored before it is sent; the
 * next one is cut when nothing is pending, so memory does not grow with the backlog. What cannot be delivered waits
 * (central is away), pauses (central refuses our token) or becomes dead letters (central refuses the data).
 */

import type { DeadEvent, EventOrigin, StoredBatch, SyncStatus } from '../domain/batch.ts'
import { type MonoMs, type WallMs, monoMs } from '../domain/time.ts'
import { syncLimits } from '../limits.ts'
import type { ClaimAnswer, Clock, EpochReason, Sink, SinkAnswer } from '../seams.ts'
import { createBreaker, retryDelayMs } from './breaker.ts'
import { eventsOf, splitBatch } from './cut.ts'
import { type CutterParts, createCutter } from './cutter.ts'
import { spansOf } from './position.ts'
import { createScanner } from './scanner.ts'

export type PumpParts = Omit<CutterParts, 'sink' | 'scanner'> & {
  readonly sink: Sink
  readonly clock: Clock
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

type Trouble = { readonly kind: 'behind' | 'paused'; readonly why: string; readonly until: MonoMs }

export function createPump(parts: PumpParts): Pump {
  const { sink, ledger, log, clock, random } = parts
  const scanner = createScanner([parts.gatewayId, ...log.epochs.map(({ epoch }) => epoch)])
  const cutter = createCutter({ ...parts, sink: sink.id, scanner })
  const breaker = createBreaker(clock)
  let bytesMax: number = syncLimits.batchBytesMax
  let failures = 0
  let trouble: Trouble | null = null
  let lastAcceptedAt: WallMs | null = ledger.status(sink.id)?.lastAcceptedAt ?? null
  /** The last look at the log ended at a bound, not at its end. */
  let more = false
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
    const lagRows = Math.max(0, log.lastSeq() - cutter.position())
    const deadLetters = ledger.deadCount(sink.id)
    const rest = { lagRows, lastAcceptedAt, deadLetters, stoppedByScanner, breaker: breaker.state(), fenced }
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

  function settle(batch: StoredBatch, rejected: ReadonlyMap<number, string>): void {
    const events = rejected.size > 0 ? eventsOf(batch) : []
    const acknowledged: EventOrigin[] = []
    const dead: DeadEvent[] = []
    batch.items.forEach((item, index) => {
      const why = rejected.get(index)
      const event = events[index]
      if (why !== undefined && event !== undefined) dead.push({ ...item, event: event.json, why, seqFrom: batch.seqFrom, seqTo: batch.seqTo })
      else if (item.origin !== null) acknowledged.push(item.origin)
    })
    const at = clock.wall()
    ledger.transaction(() => {
      ledger.settle(sink.id, batch, { acknowledged, dead, at })
      // Central took the call, whatever it thought of the events.
      trouble = null
      fenced = false
      failures = 0
      if (rejected.size < batch.items.length) lastAcceptedAt = at
      ledger.saveStatus(sink.id, at, status())
    })
  }

  const all = (batch: StoredBatch, why: string): ReadonlyMap<number, string> => new Map(batch.items.map((_item, index) => [index, why]))

  function split(batch: StoredBatch, why: string): void {
    if (batch.items.length < 2) return settle(batch, all(batch, `central finds this event too large: ${why}`))
    // What follows is cut small enough at once.
    bytesMax = Math.max(syncLimits.batchBytesMin, Math.min(bytesMax, Math.ceil(batch.body.length / 2)))
    const { epoch, seqFrom, seqTo } = batch
    const { organizationId, gatewayId } = parts
    ledger.replace(sink.id, batch, splitBatch(batch, { at: clock.wall(), organizationId, gatewayId, epoch, seqFrom, seqTo }))
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
        return settle(batch, all(batch, answer.why))
    }
  }

  /** When we are let in again, another box has sent under our name: what is there is asked for anew. */
  function fence(why: string): void {
    fenced = true
    claimed = sink.claim === undefined
    hold('paused', why, syncLimits.pausedProbeMs)
  }

  function retryLater(answer: SinkAnswer & { kind: 'retry' }): void {
    failures++
    const delayMs = answer.afterMs === null ? retryDelayMs(failures, random) : Math.min(answer.afterMs, syncLimits.retryAfterMsMax)
    hold('behind', answer.why, Math.max(breaker.waitMs(), delayMs))
  }

  async function claim(stop: AbortSignal): Promise<Step> {
    const { organizationId, gatewayId } = parts
    const epochs = log.epochs.slice(-syncLimits.epochsClaimedMax).map(({ epoch }) => epoch)
    const answer = await breaker.run<ClaimAnswer>(async () => (await sink.claim?.({ organizationId, gatewayId, epochs }, stop)) ?? { kind: 'unknown' })
    if (stop.aborted && answer.kind === 'retry') return { kind: 'idle' }
    switch (answer.kind) {
      case 'unknown':
        claimed = true
        break
      case 'granted':
        claimed = true
        fork = learn(answer.through)
        break
      case 'retry':
        retryLater(answer)
        break
      case 'refused':
        if (answer.how === 'fenced') fence(answer.why)
        else hold('paused', answer.why, syncLimits.pausedProbeMs)
        break
    }
    if (claimed) {
      trouble = null
      failures = 0
      fenced = false
    }
    tell()
    return { kind: 'done', full: true }
  }

  /**
   * What central has of us. Of an earlier incarnation: that need not be sent again. Of the current one more than we ever cut:
   * our files were set back, and numbers since then were given a second time.
   */
  function learn(through: ReadonlyMap<string, number>): Fork | null {
    for (const { epoch, lastSeq } of spansOf(ledger, log, sink.id)) {
      const has = through.get(epoch)
      if (has === undefined) continue
      if (Number.isFinite(lastSeq)) {
        ledger.advance(sink.id, epoch, Math.min(has, lastSeq))
        continue
      }
      const reach = Math.max(ledger.reach(sink.id, epoch), (log.epochs.at(-1)?.firstSeq ?? 1) - 1)
      if (has > reach) return { why: 'rolled-back', afterSeq: reach }
    }
    return null
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
        return settle(batch, new Map())
      case 'partly':
        return settle(batch, new Map(answer.rejected.map(({ index, code, detail }) => [index, `${code}: ${detail}`])))
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
    const batch = ledger.pending(sink.id)
    if (batch === null) return cut()
    const answer = await breaker.run(() => sink.send({ batchId: batch.batchId, body: batch.body, events: batch.items.length }, stop))
    // Stopped in mid-call: whatever came back, the batch is stored and is sent again.
    if (stop.aborted && answer.kind === 'retry') return { kind: 'idle' }
    take(batch, answer)
    tell()
    return { kind: 'done', full: more || ledger.pending(sink.id) !== null }
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
            // Even 0 ms lets the thread hear its messages.
            await clock.sleep(next.full ? 0 : syncLimits.lingerMs, stop)
            break
          case 'idle':
            if (!stop.aborted) await clock.sleep(syncLimits.pollMs, alarm.signal)
            break
          case 'wait':
            await clock.sleep(next.ms, stop)
            break
        }
      }
    },
  }
}
