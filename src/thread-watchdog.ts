/** The watchdog's thread: see ops/watchdog.ts. */

import { readFileSync, writeSync } from 'node:fs'
import { kill, pid } from 'node:process'
import { workerData } from 'node:worker_threads'
import { tellStall } from './ops/in-flight.ts'
import { BEATS, type Judgement, STALL_MS, type WatchdogData, judge } from './ops/watchdog.ts'

const { main, checkMs, mark }: WatchdogData = workerData
const never = new Int32Array(new SharedArrayBuffer(4))

/** How long main has waited for a processor so far, in ms: Linux counts it for each thread. 0 where nobody counts. */
function queuedMs(): number {
  try {
    const [, waitedNs] = readFileSync(`/proc/self/task/${pid}/schedstat`, 'utf8').split(' ')
    return Number(waitedNs) / 1e6 || 0
  } catch {
    return 0
  }
}

const TICK_MS = 10

/** How long the host of a virtual machine has kept its processors away so far, all of them together, in ms; 0 where nobody says. */
function stolenMs(): number {
  try {
    // proc(5): user nice system idle iowait irq softirq steal, in hundredths of a second.
    return Number(/^cpu +(?:\d+ ){7}(\d+)/.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? 0) * TICK_MS
  } catch {
    return 0
  }
}

/** Time in which main could not have run, whatever it wanted. */
const barredMs = (): number => queuedMs() + stolenMs()

/** What the kernel says of main: its state (R runs, D waits for a disk) and the place in the kernel where it waits. */
function mainIn(): string {
  try {
    const [state = ''] = /(?<=\) )\w/.exec(readFileSync(`/proc/self/task/${pid}/stat`, 'utf8')) ?? []
    return `${state} ${readFileSync(`/proc/self/task/${pid}/wchan`, 'utf8')}`
  } catch {
    return 'unknown'
  }
}

let queuedBefore = barredMs()
let judgement: Judgement = { beats: 0, silentMs: 0, stalled: false }
while (!judgement.stalled) {
  const before = performance.now()
  Atomics.wait(never, 0, 0, checkMs)
  const queued = barredMs()
  judgement = judge(judgement, Atomics.load(main, BEATS), { sleptMs: performance.now() - before, queuedMs: queued - queuedBefore, checkMs, stallMs: Atomics.load(main, STALL_MS) })
  queuedBefore = queued
}
try {
  if (mark) tellStall(mark)
  writeSync(2, `{"level":60,"main":"${mainIn()}","msg":"Main thread silent for ${Math.round(judgement.silentMs)} ms; the watchdog ends the process."}\n`)
} finally {
  // Also where nobody reads what is written here.
  kill(pid, 'SIGKILL')
}
