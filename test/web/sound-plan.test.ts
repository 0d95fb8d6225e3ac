import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AlertView } from '../../src/api/wire.ts'
import { type Priority, rankOf } from '../../src/domain/alert.ts'
import { alertId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { rowsIn } from '../../src/web/order.ts'
import { BURSTS } from '../../src/web/sound-pattern.ts'
import { PAUSE_S, planSound, QUIET, type SoundPlan, type Voice } from '../../src/web/sound-plan.ts'
import { acknowledged, alert, T } from './fixtures.ts'

const lengthS = (sound: Priority): number => BURSTS[sound].lengthMs / 1_000
const paused = { by: 'M. Ferreira', until: wallMs(T + 60_000) }

/** One step after the other: what stands, and when. */
const play = (...steps: readonly (readonly [nowS: number, alerts: readonly AlertView[]])[]): SoundPlan =>
  steps.reduce((plan, [nowS, alerts]) => planSound(plan, rowsIn(alerts), nowS), QUIET)

const high = alert('high')
const medium = alert('medium', { priority: 'medium' })
const low = alert('low', { priority: 'low' })

describe('which sound is heard', () => {
  it('is that of the highest, once for all that stand', () => {
    expect(play([1, [low, medium, high, alert('another')]]).voices).toEqual([{ sound: 'high', fromS: 1, untilS: null }])
    expect(play([1, [low, medium]]).voices).toEqual([{ sound: 'medium', fromS: 1, untilS: null }])
  })

  it('is none for what is acknowledged, paused, latched, silenced at the bedside, or follows from another', () => {
    const quiet: readonly Partial<AlertView>[] = [
      { acknowledged }, { audioPaused: paused }, { state: 'latched' }, { bedside: { how: 'audio-paused', at: wallMs(T) } },
    ]
    for (const change of quiet) expect(play([1, [alert('one', change)]]).voices).toEqual([])
    expect(play([1, [low, alert('flat-line', { inRow: { of: alertId('low'), as: 'carried' } })]]).voices).toEqual([{ sound: 'low', fromS: 1, untilS: null }])
  })

  it('rises at once, in the middle of a pulse too', () => {
    expect(play([1, [low]], [1.05, [low, high]]).voices).toEqual([{ sound: 'low', fromS: 1, untilS: 1.05 }, { sound: 'high', fromS: 1.05, untilS: null }])
  })

  it('falls to the next when its own burst is over, after a pause', () => {
    expect(play([1, [medium, high]], [2, [medium]]).voices).toEqual([
      { sound: 'high', fromS: 1, untilS: 1 + lengthS('high') }, { sound: 'medium', fromS: 1 + lengthS('high') + PAUSE_S, untilS: null },
    ])
  })

  it('stops at once when somebody acknowledged or paused it, and with its burst when it is over by itself', () => {
    expect(play([1, [high]], [1.3, [alert('high', { acknowledged })]]).voices).toEqual([{ sound: 'high', fromS: 1, untilS: 1.3 }])
    expect(play([1, [high]], [1.3, [alert('high', { audioPaused: paused })]]).voices).toEqual([{ sound: 'high', fromS: 1, untilS: 1.3 }])
    expect(play([1, [high]], [1.3, []]).voices).toEqual([{ sound: 'high', fromS: 1, untilS: 1 + lengthS('high') }])
  })

  it('is not cut by one as high, and one that waits for its pause is taken back when nothing is left to say', () => {
    const second = alert('second', { priority: 'medium' })
    const ending: Voice = { sound: 'medium', fromS: 1, untilS: 1 + lengthS('medium') }
    expect(play([1, [medium]], [1.3, []], [1.5, [second]]).voices).toEqual([ending, { sound: 'medium', fromS: 1 + lengthS('medium') + PAUSE_S, untilS: null }])
    expect(play([1, [medium]], [1.3, []], [1.5, [second]], [1.6, []]).voices).toEqual([ending])
  })

  it('is not begun again by what says nothing new', () => {
    const before = play([1, [medium]])
    expect(planSound(before, rowsIn([medium, low]), 5)).toEqual(before)
    expect(planSound(before, rowsIn([alert('medium', { priority: 'medium', text: 'another text' })]), 20)).toEqual(before)
  })

  it('is heard soon for a second alert as high as the first, and not half a minute later', () => {
    const second = alert('second', { priority: 'medium' })
    expect(play([1, [medium]], [9, [medium, second]]).voices).toEqual([{ sound: 'medium', fromS: 9, untilS: null }])
    // During a burst that one says it; right after it comes a pause.
    expect(play([1, [medium]], [1.5, [medium, second]]).voices).toEqual([{ sound: 'medium', fromS: 1, untilS: null }])
    expect(play([1, [medium]], [2.5, [medium, second]]).voices.at(-1)).toEqual({ sound: 'medium', fromS: 1 + lengthS('medium') + PAUSE_S, untilS: null })
  })

  it('comes back for an alert whose acknowledgement was taken away', () => {
    expect(play([1, [medium]], [3, [alert('medium', { priority: 'medium', acknowledged })]], [60, [medium]]).voices).toEqual([{ sound: 'medium', fromS: 60, untilS: null }])
  })
})

/** A burst as it was heard: to its end, or to where it was cut. */
type Heard = { readonly sound: Priority; readonly beginsS: number; endsS: number; readonly key: string }

function heardBetween(voices: readonly Voice[], fromS: number, toS: number): Heard[] {
  return voices.flatMap(({ sound, fromS: begins, untilS }) => {
    const periodS = BURSTS[sound].periodMs / 1_000
    const heard: Heard[] = []
    for (let burst = 0; burst * periodS + begins < toS; burst += 1) {
      const beginsS = begins + burst * periodS
      const endsS = Math.min(beginsS + lengthS(sound), untilS ?? Number.POSITIVE_INFINITY, toS)
      if (endsS > Math.max(beginsS, fromS)) heard.push({ sound, beginsS, endsS, key: `${sound} ${begins} ${burst}` })
    }
    return heard
  })
}

const aChange = fc.record({
  waitS: fc.oneof(fc.double({ min: 0.001, max: 0.5, noNaN: true }), fc.double({ min: 0.001, max: 40, noNaN: true })),
  alerts: fc.uniqueArray(
    fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), priority: fc.constantFrom<Priority>('low', 'medium', 'high'), isQuiet: fc.boolean() }),
    { selector: ({ id }) => id, maxLength: 4 },
  ),
})

describe('whatever comes and goes', () => {
  it('one sound at a time, never a second one too soon, and the highest is always heard soon', () => {
    fc.assert(
      fc.property(fc.array(aChange, { minLength: 1, maxLength: 25 }), (changes) => {
        let nowS = 10
        let plan = QUIET
        const heard = new Map<string, Heard>()
        for (const { waitS, alerts } of changes) {
          const standing = alerts.map(({ id, priority, isQuiet }) => alert(id, { priority, acknowledged: isQuiet ? acknowledged : null }))
          plan = planSound(plan, rowsIn(standing), nowS)
          judge(plan, alerts, nowS)
          for (const one of heardBetween(plan.voices, nowS, nowS + waitS)) heard.set(one.key, { ...one, beginsS: heard.get(one.key)?.beginsS ?? one.beginsS })
          nowS += waitS
        }
        expect(PAUSE_S).toBeGreaterThanOrEqual(2.5)
        const bursts = [...heard.values()].toSorted((one, other) => one.beginsS - other.beginsS)
        bursts.forEach((burst, index) => {
          const before = bursts[index - 1]
          if (before === undefined) return
          const pauseS = burst.beginsS - before.endsS
          expect(pauseS).toBeGreaterThanOrEqual(rankOf(burst.sound) > rankOf(before.sound) ? -1e-9 : PAUSE_S - 1e-9)
        })
      }),
    )
  })

  function judge({ voices }: SoundPlan, alerts: readonly { readonly priority: Priority; readonly isQuiet: boolean }[], nowS: number): void {
    const wanted = alerts.filter(({ isQuiet }) => !isQuiet).map(({ priority }) => priority).toSorted((one, other) => rankOf(other) - rankOf(one))[0]
    const live = voices.filter(({ untilS }) => untilS === null)
    expect(live.map(({ sound }) => sound)).toEqual(wanted === undefined ? [] : [wanted])
    expect(voices.length).toBeLessThan(8)
    // A burst that sounds may end, and a pause may follow it: never more than that.
    for (const { fromS } of live) expect(fromS - nowS).toBeLessThanOrEqual(lengthS('high') + PAUSE_S)
    for (const { untilS } of voices) if (untilS !== null) expect(untilS - nowS).toBeLessThanOrEqual(lengthS('high'))
  }
})
