/** Calls of `node:fs` that change the disk, failing from one on: a process that is cut off there, or a disk that lets us down once. */

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const CHANGES = ['mkdirSync', 'renameSync', 'writeFileSync', 'rmSync', 'fsyncSync', 'openSync', 'copyFileSync'] as const
const real = { ...fs }

function mend(): void {
  for (const name of CHANGES) Object.assign(fs, { [name]: real[name] })
  syncBuiltinESMExports()
}

/** Call number `nth` (from 0) fails, and with `ever` each one after it. Returns what the work returned or threw, and whether it came so far. */
export async function failingAt<Result>(nth: number, how: 'once' | 'ever', work: () => Result): Promise<{ readonly result: Awaited<Result> | Error; readonly failed: boolean }> {
  let left = nth
  for (const name of CHANGES) {
    const act: (...args: readonly never[]) => unknown = real[name]
    Object.assign(fs, { [name]: (...args: readonly never[]) => {
      left--
      if (left >= 0 || (how === 'once' && left < -1)) return act(...args)
      throw Object.assign(new Error('EIO: the disk lets us down'), { code: 'EIO' })
    } })
  }
  syncBuiltinESMExports()
  try {
    return { result: await work(), failed: left < 0 }
  } catch (error) {
    return { result: error instanceof Error ? error : new Error(String(error)), failed: left < 0 }
  } finally {
    mend()
  }
}
