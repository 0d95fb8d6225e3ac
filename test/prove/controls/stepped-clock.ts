/** No promise taken away, where asked for nothing more: the wall clock is ahead of the machine's by what a file says, and may step while it runs. */

import { readFileSync } from 'node:fs'
import { monoMs, wallMs } from '../../../src/domain/time.ts'
import { type ClockSetting, realClock as realOne } from '../../../src/ops/clock.ts'
import { MONO_STEPS, OFFSET_FILE } from '../clock-file.ts'

export * from '../../../src/ops/clock.ts'

/** The file is looked at no oftener: each value of each monitor asks for the time. */
const LOOK_MS = 20
const file = process.env[OFFSET_FILE] ?? ''
const isMonoStepped = process.env[MONO_STEPS] === 'yes'
let looked = { at: Number.NEGATIVE_INFINITY, offsetMs: 0 }

function offsetMs(): number {
  const at = performance.now()
  if (at - looked.at < LOOK_MS) return looked.offsetMs
  const offset = Number(readFileSync(file, 'utf8'))
  looked = { at, offsetMs: Number.isFinite(offset) ? offset : looked.offsetMs }
  return looked.offsetMs
}

export function realClock(setting: ClockSetting): ReturnType<typeof realOne> {
  const real = realOne(setting)
  const began = offsetMs()
  return {
    ...real,
    wall: () => wallMs(real.wall() + offsetMs()),
    // For the control: durations are taken from the clock that steps.
    mono: () => (isMonoStepped ? monoMs(real.mono() + offsetMs() - began) : real.mono()),
  }
}
