import { describe, expect, it } from 'vitest'
import { syncLimits } from '../../../src/limits.ts'
import type { SinkMemory } from '../../../src/sync/ledger.ts'
import { type RejectedRow, progressOf, saveProgress } from '../../../src/sync/sinks/progress.ts'

/** Bounded as that of the ledger is. */
function memory(): SinkMemory {
  const kept = new Map<string, string>()
  return {
    get: (name) => kept.get(name) ?? null,
    put(name, text) {
      if (text === null) return void kept.delete(name)
      if (text.length > syncLimits.sinkMemoryCharsMax) throw new RangeError(`${text.length} characters`)
      kept.set(name, text)
    },
    count: () => undefined,
  }
}
const rejected = (detailOf: (index: number) => string): readonly RejectedRow[] =>
  Array.from({ length: syncLimits.eventsPerBatchMax }, (_, index) => ({ index, code: 'AE', detail: detailOf(index) }))

describe('how far a batch came whose every event was refused', () => {
  it('is remembered, with why, though the far end says as much as is kept of it', () => {
    const [held, rows] = [memory(), rejected((index) => String(index % 20).padEnd(syncLimits.reasonCharsMax, 'x'))]
    saveProgress(held, 'b1', { done: 7, rejected: rows })
    expect(progressOf(held, 'b1')).toEqual({ done: 7, rejected: rows })
    expect(progressOf(held, 'b2')).toEqual({ done: 0, rejected: [] })
  })

  it('is remembered where each is refused for a reason of its own: of those beyond the bound, that they were', () => {
    const [held, rows] = [memory(), rejected((index) => `"${index}"`.padEnd(syncLimits.reasonCharsMax, '"'))]
    saveProgress(held, 'b1', { done: rows.length, rejected: rows })
    const back = progressOf(held, 'b1').rejected
    expect(back.map(({ index, code }) => [index, code])).toEqual(rows.map(({ index, code }) => [index, code]))
    expect(back.slice(0, syncLimits.progressReasonsMax)).toEqual(rows.slice(0, syncLimits.progressReasonsMax))
    expect(back.at(-1)?.detail).toBe('refused, and so were too many others to remember why')
  })
})
