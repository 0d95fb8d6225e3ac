/**
 * The store thread: drains everything that is queued, writes it as one group, answers, and does it again. There is no timer:
 * while one group is being synced the next one gathers by itself, so groups are as large as the disk is slow.
 */

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { storeLimits } from '../limits.ts'
import type { Refused } from './database.ts'
import type { KnownNames } from './names.ts'
import { type Answer, type QueuedTick, Writer, type WriterHooks, type WriterSettings } from './writer.ts'

export type ToWriter = ({ readonly kind: 'tick' } & QueuedTick) | { readonly kind: 'close' }

export type FromWriter =
  | { readonly kind: 'opened'; readonly epoch: string; readonly lastSeq: number; readonly names: KnownNames }
  | Refused
  | { readonly kind: 'answered'; readonly answers: readonly Answer[]; readonly walPages: number; readonly checkpointTrouble: string | null }

/** Serves until told to close. What it throws is a bug and ends the thread: main answers what is pending and starts it again. */
export function serveStore(port: MessagePort, settings: WriterSettings, hooks: WriterHooks = {}): void {
  const answer = (message: FromWriter): void => port.postMessage(message)
  const writer = Writer.open(settings, hooks)
  if (!(writer instanceof Writer)) {
    answer(writer)
    return
  }
  answer({ kind: 'opened', epoch: writer.epoch, lastSeq: writer.lastSeq, names: writer.knownNames() })
  let walPages = 0
  port.on('message', (first: ToWriter) => {
    let message: ToWriter | undefined = first
    while (message) {
      if (message.kind === 'close') {
        writer.close()
        port.close()
        return
      }
      const group: QueuedTick[] = []
      let bytes = 0
      while (message?.kind === 'tick' && group.length < storeLimits.ticksPerGroupMax && bytes < storeLimits.groupBytesMax) {
        group.push(message)
        bytes += message.buffer.byteLength
        message = next(port)
      }
      answer({ kind: 'answered', answers: writer.commit(group), walPages, checkpointTrouble: writer.checkpointTrouble })
      // After the answers: who waits for a group does not wait for the check-point as well.
      walPages = writer.relieve(message === undefined)
      message ??= next(port)
    }
  })
}

function next(port: MessagePort): ToWriter | undefined {
  const received: { readonly message: ToWriter } | undefined = receiveMessageOnPort(port)
  return received?.message
}
