import { describe, expect, it } from 'vitest'
import { wallMs } from '../../src/domain/time.ts'
import { pumpLimits } from '../../src/limits.ts'
import { type Suspect, type SuspectParts, Suspects } from '../../src/pump/suspects.ts'

const START = 1_800_000_000_000
const at = (ms: number) => wallMs(START + ms)
const { throwHoldMs, throwHoldMsMax, throwForgetMs, stallHoldMs, suspectHoldMs, suspectForgetMs, suspectsMax } = pumpLimits

/** A process that starts, with what the one before it left. */
function started(found: SuspectParts['found'] = null, known: readonly Suspect[] = [], ms = 0) {
  const saved: (readonly Suspect[])[] = []
  const suspects = new Suspects({ known, found, now: at(ms), changed: (all) => void saved.push(all) })
  const heldFor = (key: string): number => {
    const suspect = suspects.all().find((one) => one.key === key)
    return suspect && suspects.isHeld(key, at(ms)) ? suspect.heldUntil - at(ms) : 0
  }
  return { suspects, saved, heldFor }
}

describe('a conversation on whose bytes a driver threw', () => {
  it('is not read for a second, longer with each time, never longer than a minute', () => {
    const { suspects, heldFor } = started()
    const holds = Array.from({ length: 9 }, () => {
      suspects.threw('mon-1', at(0))
      return heldFor('mon-1')
    })
    expect(holds).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000))
    expect(holds.at(-1)).toBe(throwHoldMsMax)
    expect(suspects.isHeld('mon-1', at(throwHoldMsMax))).toBe(false)
    expect(suspects.isHeld('mon-2', at(0))).toBe(false)
  })

  it('begins with a second again when it was well for ten minutes', () => {
    const { suspects } = started()
    suspects.threw('mon-1', at(0))
    suspects.threw('mon-1', at(0))
    suspects.threw('mon-1', at(throwForgetMs))
    expect(suspects.isHeld('mon-1', at(throwForgetMs + throwHoldMs - 1))).toBe(true)
    expect(suspects.isHeld('mon-1', at(throwForgetMs + throwHoldMs))).toBe(false)
  })
})

describe('a conversation whose bytes were being read when the process hung', () => {
  it('waits until the others have spoken; the second time it is held for an hour, and the third', () => {
    const first = started({ key: 'mon-1', how: 'stalled' })
    expect(first.heldFor('mon-1')).toBe(stallHoldMs)
    const second = started({ key: 'mon-1', how: 'stalled' }, first.saved.at(-1), 10_000)
    expect(second.heldFor('mon-1')).toBe(suspectHoldMs)
    expect(started({ key: 'mon-1', how: 'stalled' }, second.saved.at(-1), 20_000).heldFor('mon-1')).toBe(suspectHoldMs)
  })

  it('waits from when the first link opens, however long the start took', () => {
    const { suspects } = started({ key: 'mon-1', how: 'stalled' })
    suspects.linksOpen(at(20_000))
    suspects.linksOpen(at(30_000))
    expect(suspects.isHeld('mon-1', at(20_000 + stallHoldMs - 1))).toBe(true)
    expect(suspects.isHeld('mon-1', at(20_000 + stallHoldMs))).toBe(false)
  })

  it('is forgiven after a day, not by bytes that were read well', () => {
    const first = started({ key: 'mon-1', how: 'stalled' })
    first.suspects.wasRead('mon-1')
    expect(started({ key: 'mon-1', how: 'stalled' }, first.suspects.all(), suspectForgetMs - 1).heldFor('mon-1')).toBe(suspectHoldMs)
    expect(started({ key: 'mon-1', how: 'stalled' }, first.suspects.all(), suspectForgetMs).heldFor('mon-1')).toBe(stallHoldMs)
  })

  it('is still held after a restart that had nothing to do with it', () => {
    const held = started({ key: 'mon-1', how: 'stalled' }, started({ key: 'mon-1', how: 'stalled' }).saved.at(-1))
    expect(started(null, held.saved.at(-1), 60_000).heldFor('mon-1')).toBe(suspectHoldMs - 60_000)
  })

  it('speaks again when a person says so', () => {
    const { suspects, saved } = started({ key: 'mon-1', how: 'stalled' })
    expect(suspects.release('mon-1')).toBe(true)
    expect(suspects.held(at(0))).toEqual([])
    expect(saved.at(-1)).toEqual([])
    expect(suspects.release('mon-1')).toBe(false)
  })
})

describe('a death that nobody explains', () => {
  it('holds nobody, however often the process is killed, as long as something is read well in between', () => {
    let known: readonly Suspect[] = []
    for (let kill = 0; kill < 50; kill++) {
      const { suspects, heldFor } = started({ key: 'mon-1', how: 'died' }, known, kill)
      expect(heldFor('mon-1')).toBe(0)
      suspects.wasRead('mon-1')
      known = suspects.all()
    }
  })

  it('holds who was being read at two deaths in a row', () => {
    const first = started({ key: 'mon-1', how: 'died' })
    expect(started({ key: 'mon-1', how: 'died' }, first.saved.at(-1)).heldFor('mon-1')).toBe(suspectHoldMs)
    expect(started({ key: 'mon-2', how: 'died' }, first.saved.at(-1)).heldFor('mon-2')).toBe(0)
  })
})

it('a clock that was set back holds nobody for longer than was meant', () => {
  const { suspects } = started({ key: 'mon-1', how: 'stalled' }, started({ key: 'mon-1', how: 'stalled' }).saved.at(-1))
  expect(suspects.isHeld('mon-1', at(0))).toBe(true)
  expect(suspects.isHeld('mon-1', at(-1))).toBe(false)
})

it('the suspect of longest ago makes room for one more than may be remembered', () => {
  const { suspects } = started()
  for (let index = 0; index <= suspectsMax; index++) suspects.threw(`mon-${index}`, at(index))
  expect(suspects.all()).toHaveLength(suspectsMax)
  expect(suspects.all().map(({ key }) => key)).not.toContain('mon-0')
})
