/**
 * `prove fuzz-drivers`: a million mutated frames for each driver (quick: so many that all of them are done in seconds). A
 * driver reads on whatever it hears: it never throws, what it says is bounded and in order and within what its metrics can
 * be, it is the same however the bytes are cut, it keeps no more after a million frames than after the first, and where
 * its protocol has a checksum, a changed byte never makes a value that nobody sent.
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { driverOf } from '../../src/drivers.ts'
import type { Driver } from '../../src/seams.ts'
import { DRIVER_IDS } from '../drivers/streams.ts'
import { BREAKINGS } from './controls/broken-drivers.ts'
import { Trial, sourcesOf } from './driver-trial.ts'
import type { Prove } from './prove.ts'

const FRAMES = { quick: 400, full: 1_000_000 }
/** Before the heap is looked at for the first time: code is compiled by then, and sessions hold what they hold. */
const WARM_UP_SHARE = 0.2
/** Half a frame of the longest kind, for each conversation; and the machine's own ups and downs. */
const HELD_MB_PER_SOURCE = 2
const HELD_MB = 16

type Judged = { readonly wrong: string | null; readonly trial: Trial; readonly heldMb: number; readonly seconds: number }

export const prove: Prove = (setting) => {
  const frames = setting.quick ? FRAMES.quick : FRAMES.full
  const collect = collector()
  const figures: Record<string, number | string> = { drivers: DRIVER_IDS.length, mutatedFramesOfEachDriver: frames }
  let isWrong = false
  for (const id of DRIVER_IDS) {
    const { wrong, trial: { tally }, heldMb, seconds } = fire(driverOf(id), driverOf(id), { frames, seed: setting.seed, collect })
    isWrong ||= wrong !== null
    const changed = tally.bytesChanged > 0 ? `, ${tally.bytesChanged} with a byte changed (${tally.valuesLost} values lost)` : ''
    const whole = `${tally.mutated} mutated of ${tally.frames} frames, ${tally.readings} readings, ${tally.cutCompared} cut otherwise`
    figures[id] = `${whole}${changed}, ${heldMb.toFixed(1)} MB held`
    setting.say(wrong ?? `${id}: ${tally.mutated} frames in ${seconds.toFixed(1)} s`)
  }
  const missed = BREAKINGS.filter(({ name, of, found, frames: controlFrames, broken }) => {
    const { wrong } = fire(broken(driverOf(of)), driverOf(of), { frames: controlFrames, seed: setting.seed, collect })
    setting.say(`control, ${name}: ${wrong?.split('\n')[0] ?? 'NOT FOUND'}`)
    return wrong === null || !found.test(wrong)
  })
  figures['brokenDriversFound'] = `${BREAKINGS.length - missed.length} of ${BREAKINGS.length}`
  return Promise.resolve({ kind: 'judged', pass: !isWrong, figures, control: { ran: true, failed: missed.length === 0 } })
}

type Fire = { readonly frames: number; readonly seed: number; readonly collect: () => number }

/** `real` says what there is to mutate. */
function fire(driver: Driver, real: Driver, { frames, seed, collect }: Fire): Judged {
  const start = performance.now()
  const sources = sourcesOf(real)
  const trial = new Trial(driver, sources, seed)
  const first = trial.run(frames * WARM_UP_SHARE)
  const before = collect()
  const wrong = first ?? trial.run(frames)
  const heldMb = collect() - before
  const isKept = heldMb > HELD_MB + HELD_MB_PER_SOURCE * sources.length
  const kept = isKept ? `${driver.id}: ${heldMb.toFixed(1)} MB more after ${frames} frames` : null
  return { wrong: wrong ?? kept, trial, heldMb, seconds: (performance.now() - start) / 1_000 }
}

/** MB in use after all garbage is gone, buffers included. */
function collector(): () => number {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  return () => {
    if (typeof gc === 'function') gc()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return (heapUsed + arrayBuffers) / 1_048_576
  }
}
