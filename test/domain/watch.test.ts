import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { UNWATCHED, type WatchChange, type WatchState, handoverOf, spansOf, weightier } from '../../src/domain/watch.ts'

const bed = bedId('bed-7')
const STATES: readonly WatchState[] = ['armed', ...UNWATCHED]
const RULES = ['threshold/spo2', 'news2']
const change = (rule: string, minute: number, state: WatchState): WatchChange => ({ bed, stay: stayId('s'), rule, from: wallMs(minute * 60_000), state })
const period = (fromMinute: number, toMinute: number) => ({ from: wallMs(fromMinute * 60_000), to: wallMs(toMinute * 60_000) })

const anyChanges = fc.array(fc.record({ rule: fc.constantFrom(...RULES), minute: fc.integer({ min: 0, max: 200 }), state: fc.constantFrom(...STATES) }), { maxLength: 40 })
  .map((list) => list.map(({ rule, minute, state }) => change(rule, minute, state)))

describe('the watch ledger', () => {
  it('fills all the time of each rule, whatever was written and in whatever order clocks made it', () => {
    fc.assert(fc.property(anyChanges, (changes) => {
      const { from, to } = period(20, 150)
      for (const [, list] of spansOf(changes, RULES, { from, to })) {
        expect(list[0]?.from).toBe(from)
        expect(list.at(-1)?.to).toBe(to)
        list.forEach((span, index) => {
          expect(span.to).toBeGreaterThan(span.from)
          if (index > 0) expect(span.from).toBe(list[index - 1]?.to)
        })
      }
    }))
  })

  it('watched and unwatched sum to wall time', () => {
    fc.assert(fc.property(anyChanges, (changes) => {
      const time = period(0, 180)
      const { watchedMs, unwatchedMs } = handoverOf(spansOf(changes, RULES, time), time)
      expect(watchedMs + unwatchedMs).toBe(time.to - time.from)
    }))
  })

  it('says as it was at each minute what a walk through the changes says', () => {
    fc.assert(fc.property(anyChanges.map((list) => list.toSorted((a, b) => a.from - b.from)), fc.integer({ min: 0, max: 179 }), (changes, minute) => {
      const at = minute * 60_000
      const told = changes.findLast(({ rule, from }) => rule === 'news2' && from <= at)?.state ?? 'gateway-down'
      const span = spansOf(changes, RULES, period(0, 180)).get('news2')?.find(({ from, to }) => from <= at && at < to)
      expect(span?.state).toBe(told)
    }))
  })

  it('a bed is watched while one rule is, and else the reason nearest to being watched is told', () => {
    const changes = [change('threshold/spo2', 0, 'armed'), change('news2', 0, 'no-data'), change('threshold/spo2', 10, 'away'), change('news2', 12, 'away'), change('threshold/spo2', 53, 'armed')]
    const time = period(0, 60)
    const { watchedMs, reasons } = handoverOf(spansOf(changes, RULES, time), time)
    expect(watchedMs).toBe(17 * 60_000)
    expect([...reasons]).toEqual([['no-data', 2 * 60_000], ['away', 41 * 60_000]])
  })

  it('a gateway that did not run watched nobody', () => {
    const time = period(0, 43)
    expect(handoverOf(spansOf([], RULES, time), time)).toEqual({ watchedMs: 0, unwatchedMs: 43 * 60_000, reasons: new Map([['gateway-down', 43 * 60_000]]) })
  })

  it('of two reasons the weightier is told', () => {
    expect(weightier('no-data', 'away')).toBe('away')
    expect(weightier('armed', 'no-data')).toBe('no-data')
  })
})
