/** A pager session and a simulated paging system on a line in memory, in time that stands still until it is told otherwise. */

import { monoMs } from '../../../src/domain/time.ts'
import type { PagerCall, PagerOutput, PagerSession, PagerWord } from '../../../src/alerts/ways/pager.ts'
import type { SimulatedPaging } from '../../../simulators/paging/device.ts'

export type Damage = (bytes: Uint8Array, way: 'to-gateway' | 'to-paging') => Uint8Array

export type PagerLine = {
  readonly words: PagerWord[]
  /** All bytes that the gateway sent. */
  readonly sent: number[]
  call(call: PagerCall): void
  /** Time passes. */
  pass(ms: number): void
  /** Until the call under way has ended; how, or null where it has not within `ms`. */
  ended(ms: number): (PagerWord & { kind: 'taken' | 'failed' }) | null
  now(): number
}

const STEP_MS = 10

export function pagerLine(session: PagerSession, device: SimulatedPaging, damage: Damage = (bytes) => bytes): PagerLine {
  const words: PagerWord[] = []
  const sent: number[] = []
  let at = 0
  let wakeAt: number | null = 0
  const take = (out: PagerOutput): void => {
    wakeAt = out.wakeAt
    words.push(...out.words)
    for (const piece of out.send) {
      sent.push(...piece)
      for (const answer of device.hear(damage(piece, 'to-paging'), at)) hear(answer)
    }
  }
  const hear = (bytes: Uint8Array): void => take(session.receive(damage(bytes, 'to-gateway'), monoMs(at)))
  const step = (): void => {
    at += STEP_MS
    for (const piece of device.tick(at)) hear(piece)
    if (wakeAt !== null && at >= wakeAt) take(session.wake(monoMs(at)))
  }
  return {
    words,
    sent,
    now: () => at,
    call: (call) => take(session.call(call, monoMs(at))),
    pass(ms) {
      for (const end = at + ms; at < end; ) step()
    },
    ended(ms) {
      for (const end = at + ms; ; step()) {
        const found = words.find((word) => word.kind === 'taken' || word.kind === 'failed')
        if (found !== undefined && (found.kind === 'taken' || found.kind === 'failed')) {
          words.splice(words.indexOf(found), 1)
          return found
        }
        if (at >= end) return null
      }
    },
  }
}
