import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Judgement, judge } from '../../src/ops/watchdog.ts'

const FRESH: Judgement = { beats: 7, silentMs: 0, stalled: false }
const CHECK = { sleptMs: 100, queuedMs: 0, checkMs: 100, stallMs: 1_000 }

/** Ten looks at a main thread that beats or not. */
const looks = (count: number, beats: (index: number) => number, of: Partial<typeof CHECK> = {}): Judgement => {
  let judgement = FRESH
  for (let index = 0; index < count; index++) judgement = judge(judgement, beats(index), { ...CHECK, ...of })
  return judgement
}

describe('the watchdog', () => {
  it('finds a main thread stalled after one second without a beat, and not before', () => {
    expect(looks(9, () => 7).stalled).toBe(false)
    expect(looks(10, () => 7).stalled).toBe(true)
  })

  it('a beat wipes the slate', () => {
    expect(looks(19, (index) => (index < 9 ? 7 : 8)).stalled).toBe(false)
  })

  it('a machine that was paused is nobody’s stall', () => {
    expect(looks(50, () => 7, { sleptMs: 5_000 }).stalled).toBe(false)
  })

  it('time in the queue for a processor does not count', () => {
    expect(looks(20, () => 7, { queuedMs: 95 }).stalled).toBe(false)
    expect(looks(20, () => 7, { queuedMs: 40 }).stalled).toBe(true)
  })

  it('kills a process whose loop never ends, and leaves alone one that lives, or loads for long when it starts', async () => {
    const run = async (how: string): Promise<unknown[]> => once(spawn(process.execPath, [resolve(import.meta.dirname, 'watched-process.ts'), how], { stdio: 'ignore' }), 'exit')
    expect(await run('hang')).toEqual([null, 'SIGKILL'])
    expect(await run('live')).toEqual([0, null])
  })
})
