/**
 * What this machine itself does to a process that does nothing: how late its timers are. Where the host takes the processors
 * away, nothing on it can be in time; a limit in milliseconds then says more of the host than of the gateway.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
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

/** Processor time since the machine started, in ticks of the kernel: what was worked, and what its host gave to others instead. */
export type Processors = { readonly worked: number; readonly taken: number }

/** proc(5), /proc/stat: user nice system idle iowait irq softirq steal. All zero where there is no such file. */
export function processors(): Processors {
  let line = ''
  try {
    line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
  } catch {
    return { worked: 0, taken: 0 }
  }
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, taken = 0] = line.trim().split(/\s+/).slice(1).map(Number)
  return { worked: user + nice + system + irq + softirq, taken }
}

/** The share of the processor time wanted between two looks that the host gave to others. */
export function takenShare(from: Processors, to: Processors): number {
  const [worked, taken] = [to.worked - from.worked, to.taken - from.taken]
  return worked + taken > 0 ? taken / (worked + taken) : 0
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
