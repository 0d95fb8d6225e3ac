/**
 * What this machine itself does to a process that does nothing: how late its timers are. Where the host takes the processors
 * away, nothing on it can be in time; a limit in milliseconds then says more of the host than of the gateway.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'

const TIMER_MS = 5

/** A limit holds as it stands, or where an idle process was late itself: so many times as late as that one at the same quantile. */
export const STRAINED = 2

export type Lateness = {
  /** Milliseconds that timers of an idle process were late since it was asked last, sorted. */
  take(): Promise<readonly number[]>
  [Symbol.dispose](): void
}

/** Starts an idle process beside the gateway. */
export async function lateness(): Promise<Lateness> {
  const child = fork(import.meta.filename, ['idle'])
  await once(child, 'message')
  return {
    async take() {
      const answer = once(child, 'message')
      child.send('take')
      const [late]: number[][] = await answer
      return (late ?? []).toSorted((a, b) => a - b)
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}

async function idle(): Promise<void> {
  let late: number[] = []
  process.on('message', () => {
    process.send?.(late)
    late = []
  })
  process.send?.([])
  for (;;) {
    const due = performance.now() + TIMER_MS
    await wait(TIMER_MS)
    late.push(Math.max(0, performance.now() - due))
  }
}

if (process.argv[2] === 'idle') await idle()
