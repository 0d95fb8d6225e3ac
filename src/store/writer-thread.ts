/**
 * The store thread: drains everything that is queued, writes it as one group, answers, and does it again. There is no timer:
 * while one group is being synced the next one gathers by itself, so groups are as large as the disk is slow.
 */

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { WallMs } from '../domain/time.ts'
import { associationLimits, retentionLimits, sealLimits, storeLimits } from '../limits.ts'
import type { EpochReason } from '../seams.ts'
import type { Refused } from './database.ts'
import type { KnownNames } from './names.ts'
import type { Recovered } from './recover.ts'
import type { RetentionOrder, RetentionReport } from './retention.ts'
import { endMove } from './set-aside.ts'
import { type Answer, type QueuedTick, StoreCondemned, Writer, type WriterHooks, type WriterSettings } from './writer.ts'

export type ToWriter = ({ readonly kind: 'tick' } & QueuedTick) | { readonly kind: 'retain'; readonly order: RetentionOrder } | { readonly kind: 'epoch'; readonly why: EpochReason; readonly afterSeq: number | null; readonly now: WallMs } | { readonly kind: 'close' }

export type FromWriter =
  | ({ readonly kind: 'opened'; readonly epoch: string; readonly lastSeq: number; readonly names: KnownNames } & Pick<Recovered, 'opening' | 'setAside' | 'began'>)
  | { readonly kind: 'condemned'; readonly why: string }
  | { readonly kind: 'epoch'; readonly epoch: string | null }
  | Refused
  | { readonly kind: 'retained'; readonly report: RetentionReport }
  | { readonly kind: 'answered'; readonly answers: readonly Answer[]; readonly walPages: number; readonly checkpointTrouble: string | null }

/** Serves until told to close. What it throws is a bug and ends the thread: main answers what is pending and starts it again. */
export function serveStore(port: MessagePort, settings: WriterSettings, hooks: WriterHooks = {}): void {
  const answer = (message: FromWriter): void => port.postMessage(message)
  const writer = Writer.open(settings, hooks)
  if (!(writer instanceof Writer)) {
    answer(writer)
    return
  }
  const { opening, setAside, began } = writer.opened
  answer({ kind: 'opened', epoch: writer.epoch, lastSeq: writer.lastSeq, names: writer.knownNames(), opening, setAside, began })
  let walPages = 0
  let isUntold = setAside !== null
  /** Retention waits until nobody else does, or for a bounded number of groups. */
  let retention: RetentionOrder | null = null
  let groupsBefore = 0
  const retain = (order: RetentionOrder): void => {
    retention = null
    groupsBefore = 0
    answer({ kind: 'retained', report: writer.retain(order) })
  }
  /** A file that takes no row any more: the next thread sets it aside. */
  const orCondemn = <Given extends readonly unknown[]>(serve: (...given: Given) => void) => (...given: Given): void => {
    try {
      serve(...given)
    } catch (error) {
      if (!(error instanceof StoreCondemned)) throw error
      writer.close()
      answer({ kind: 'condemned', why: error.message })
      port.close()
    }
  }
  /** Sealing goes on in small steps while nobody waits. */
  let sealing: NodeJS.Timeout | null = null
  const seal = (): void => {
    sealing = writer.seal() ? setTimeout(seal, sealLimits.stepPauseMs) : null
  }
  seal()
  /** So does putting rows right. */
  let reissuing: NodeJS.Timeout | null = null
  const reissue = orCondemn((): void => {
    reissuing = null
    const next = writer.reissue()
    const pauseMs = next === 'more' ? associationLimits.reissuePauseMs : associationLimits.reissueRetryMs
    if (next !== 'nothing') reissuing = setTimeout(reissue, pauseMs)
  })
  reissue()
  port.on('message', orCondemn((first: ToWriter) => {
    let message: ToWriter | undefined = first
    while (message) {
      if (message.kind === 'close') {
        if (sealing) clearTimeout(sealing)
        if (reissuing) clearTimeout(reissuing)
        writer.close()
        port.close()
        return
      }
      if (message.kind === 'epoch') {
        answer({ kind: 'epoch', epoch: writer.beginEpoch(message.why, message.afterSeq, message.now) })
        message = next(port)
        continue
      }
      if (message.kind === 'retain') {
        retention = message.order
        message = next(port)
        if (message === undefined) retain(retention)
        continue
      }
      const group: QueuedTick[] = []
      let bytes = 0
      while (message?.kind === 'tick' && group.length < storeLimits.ticksPerGroupMax && bytes < storeLimits.groupBytesMax) {
        group.push(message)
        bytes += message.buffer.byteLength
        message = next(port)
      }
      const answers = writer.commit(group)
      answer({ kind: 'answered', answers, walPages, checkpointTrouble: writer.checkpointTrouble })
      // Main put its notice into the first tick that it filled.
      if (isUntold && answers.some(({ result }) => result.kind === 'durable')) {
        isUntold = false
        endMove(settings.folder)
      }
      // After the answers: who waits for a group does not wait for the check-point as well.
      walPages = writer.relieve(message === undefined)
      message ??= next(port)
      if (retention && (message === undefined || ++groupsBefore >= retentionLimits.groupsBeforeStepMax)) retain(retention)
    }
    if (retention) retain(retention)
    writer.eraseTraces()
    sealing ??= setTimeout(seal, sealLimits.stepPauseMs)
    reissuing ??= setTimeout(reissue, associationLimits.reissuePauseMs)
  }))
}

function next(port: MessagePort): ToWriter | undefined {
  const received: { readonly message: ToWriter } | undefined = receiveMessageOnPort(port)
  return received?.message
}
