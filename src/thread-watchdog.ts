/** The watchdog's thread: see ops/watchdog.ts. */

import { writeSync } from 'node:fs'
import { kill, pid } from 'node:process'
import { workerData } from 'node:worker_threads'
import { type Judgement, type WatchdogData, judge } from './ops/watchdog.ts'

const { beats, stallMs, checkMs }: WatchdogData = workerData
const never = new Int32Array(new SharedArrayBuffer(4))

for (let judgement: Judgement = { beats: 0, silentMs: 0, stalled: false }; !judgement.stalled; ) {
  const before = performance.now()
  Atomics.wait(never, 0, 0, checkMs)
  judgement = judge(judgement, Atomics.load(beats, 0), { sleptMs: performance.now() - before, checkMs, stallMs })
}
writeSync(2, `{"level":60,"msg":"Main thread silent for ${stallMs} ms; the watchdog ends the process."}\n`)
kill(pid, 'SIGKILL')
