/** A data folder that vanishes with the test, and a clock that moves when told. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import type { Clock } from '../../src/seams.ts'
import type { PasswordCost } from '../../src/security/passwords.ts'

export const CHEAP: PasswordCost = { logN: 4, r: 1, p: 1 }
export const PASSWORD = 'four ordinary words do'

export async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigil-security-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  return folder
}

export type FakeClock = Clock & {
  /** Both clocks go on. */
  pass(ms: number): void
  /** Somebody sets the date. */
  step(ms: number): void
}

export function fakeClock(): FakeClock {
  let wall = Date.UTC(2026, 0, 1)
  let mono = 5_000
  const pass = (ms: number): void => {
    wall += ms
    mono += ms
  }
  return {
    wall: () => wallMs(wall),
    mono: () => monoMs(mono),
    sleep: async (ms) => {
      pass(ms)
      await new Promise((resolve) => setImmediate(resolve))
    },
    pass,
    step: (ms) => {
      wall += ms
    },
  }
}

export type LogLine = { readonly fields: object; readonly sentence: string }

export function fakeLog() {
  const lines: LogLine[] = []
  const write = (fields: object, sentence: string): void => void lines.push({ fields, sentence })
  return { lines, text: () => JSON.stringify(lines), info: write, warn: write, error: write }
}

export const never = (): AbortSignal => new AbortController().signal
