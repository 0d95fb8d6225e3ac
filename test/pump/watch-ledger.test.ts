import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { metricOfId } from '../../src/domain/metrics.ts'
import { absent } from '../../src/domain/reading.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { UNWATCHED, type WatchState, handoverOf, spansOf } from '../../src/domain/watch.ts'
import { watchLimits } from '../../src/limits.ts'
import { type Bed, createBeds, freshContext } from '../../src/pump/beds.ts'
import { createDevices } from '../../src/pump/devices.ts'
import { WatchLedger } from '../../src/pump/watch-ledger.ts'
import { type Armed, unarmed, WATCHED } from '../../src/rules/armed.ts'
import type { StoredEvent } from '../../src/seams.ts'
import { BED_STATES, type BedState } from '../../src/domain/bed-state.ts'
import type { HouseRequest } from '../../src/pump/house-requests.ts'
import { NOTHING_RESTORED, ward } from './fixture.ts'
import { houseWard, ONE } from './house-ward.ts'

type WatchEvent = Extract<StoredEvent, { kind: 'watch' }>

function ledger() {
  const beds = createBeds([{ id: 'bed-1', label: '1' }], [], 'adult')
  const [bed] = [...beds.values()]
  if (!bed) throw new Error('no bed')
  const [device] = createDevices([{ id: 'monitor', driver: 'hl7', bed: 'bed-1', settings: {}, silenceSeconds: 10 }]).all()
  const said: WatchEvent[] = []
  const now = { armed: null as Armed | null, isUnbelieved: false }
  const watched = new WatchLedger({
    beds, devicesAt: () => (device ? [device] : []), armed: () => now.armed, isUnbelieved: () => now.isUnbelieved,
    write: (event) => event.kind === 'watch' && said.push(event),
  })
  const begin = (): void => void (bed.stay = { id: stayId('s'), bed: bed.id, identity: null, openedAt: wallMs(0), closedAt: null, context: freshContext('adult') })
  const tick = (ms: number): void => watched.tick({ wall: wallMs(ms), at: monoMs(ms) })
  return { bed, begin, tick, said, now, watched }
}

const ARMED: Armed = { 'limits/spo2': 'armed', 'limits/hr': 'armed', 'limits/rr': 'armed', 'limits/pressure': 'armed', 'limits/temperature': 'armed', score: 'armed', sepsis: 'armed' }
const statesOf = (event: WatchEvent | undefined): Record<string, WatchState> => Object.fromEntries((event?.changes ?? []).map(({ rule, state }) => [rule, state]))
const demoValue = (bed: Bed): void => {
  const metric = metricOfId('MDC_ECG_HEART_RATE')
  if (!metric) throw new Error('no metric')
  bed.latest.set('x', { device: deviceId('monitor'), measuredAt: monoMs(0), observation: { metric, measurement: absent('not-measured'), channel: '', deviceAt: null, flags: ['demo'], correctedAt: wallMs(0), boundMs: 0 } })
}

type Step = { readonly seconds: number; readonly hr: number | 'absent' | null } & (
  | { readonly kind: 'time' }
  | { readonly kind: 'bed'; readonly state: BedState; readonly minutes: number }
  | { readonly kind: 'goal'; readonly goal: 'full' | 'limited' | 'comfort' }
  | { readonly kind: 'mode'; readonly request: HouseRequest }
)
const lasts = { seconds: fc.constantFrom(1, 3, 15, 90), hr: fc.constantFrom<(number | 'absent' | null)[]>(80, 0, 'absent', null, null) }
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('time' as const), ...lasts }),
  fc.record({ kind: fc.constant('bed' as const), state: fc.constantFrom(...BED_STATES), minutes: fc.constantFrom(1, 2, 30), ...lasts }),
  fc.record({ kind: fc.constant('goal' as const), goal: fc.constantFrom('full' as const, 'limited' as const, 'comfort' as const), ...lasts }),
  fc.record({ kind: fc.constant('mode' as const), request: fc.constantFrom<HouseRequest[]>({ what: 'mode', mode: 'maintenance', words: 'a test', minutes: 5 }, { what: 'mode', mode: 'over' }), ...lasts }),
)
const requestOf = (state: BedState, minutes: number): HouseRequest => {
  if (state === 'away') return { what: 'bed', bed: ONE, state, reason: 'imaging', words: '', minutes }
  return state === 'maintenance' ? { what: 'bed', bed: ONE, state, words: '', minutes } : { what: 'bed', bed: ONE, state }
}

describe('the watch ledger of a ward', () => {
  it('says each bed whole when it begins, then what changed, and nothing while nothing does', () => {
    const { begin, tick, said, now } = ledger()
    tick(0)
    expect(statesOf(said[0])).toEqual(unarmed('empty'))
    begin()
    now.armed = unarmed('no-data')
    tick(1_000)
    tick(2_000)
    now.armed = { ...now.armed, 'limits/hr': 'armed' }
    tick(3_000)
    expect(said.slice(1).map(statesOf)).toEqual([unarmed('no-data'), { 'limits/hr': 'armed' }])
  })

  it('says all of it again within an hour, so that nobody need look back further', () => {
    const { begin, tick, said, now } = ledger()
    begin()
    now.armed = ARMED
    tick(0)
    tick(watchLimits.wholeMs - 1)
    expect(said).toHaveLength(1)
    tick(watchLimits.wholeMs + watchLimits.lookMs)
    expect(Object.keys(statesOf(said[1]))).toHaveLength(WATCHED.length)
  })

  it('what is not believed and what is a demonstration explain why nothing is heard, and no more', () => {
    const { bed, begin, tick, said, now } = ledger()
    begin()
    now.armed = { ...unarmed('no-data'), 'limits/hr': 'armed', 'limits/spo2': 'sensor-off' }
    demoValue(bed)
    tick(0)
    expect(statesOf(said[0])).toMatchObject({ 'limits/rr': 'demo', 'limits/hr': 'armed', 'limits/spo2': 'sensor-off' })
    now.isUnbelieved = true
    tick(1_000)
    expect(statesOf(said[1])).toMatchObject({ 'limits/rr': 'quarantine' })
    now.isUnbelieved = false
    tick(watchLimits.demoMs + 1_000)
    expect(statesOf(said[2])).toMatchObject({ 'limits/rr': 'no-data' })
  })

  it('tells the truth of each second, for any course of things', () => {
    const states: readonly WatchState[] = ['armed', ...UNWATCHED]
    fc.assert(fc.property(fc.array(fc.record({ ms: fc.integer({ min: 1_000, max: 2_000_000 }), state: fc.constantFrom(...states) }), { minLength: 1, maxLength: 30 }), (course) => {
      const { begin, tick, said, now } = ledger()
      begin()
      let at = 0
      let armedMs = 0
      for (const { ms, state } of course) {
        now.armed = state === 'armed' ? ARMED : unarmed(state)
        tick(at)
        if (state === 'armed') armedMs += ms
        at += ms
      }
      const time = { from: wallMs(0), to: wallMs(at) }
      const { watchedMs, unwatchedMs } = handoverOf(spansOf(said.flatMap(({ changes }) => changes), WATCHED, time), time)
      expect(watchedMs).toBe(armedMs)
      expect(watchedMs + unwatchedMs).toBe(at)
    }))
  })

  it('tells the truth of each second of what people say of beds, goals and the ward, and a valid value is never unwatched but while its monitor is tested', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (course) => {
      const { pump, clock, say, monitor, stay, ticks } = houseWard()
      const begun = clock.wall()
      const seen = new Map<WatchState, number>()
      const add = (state: WatchState, ms: number): void => void seen.set(state, (seen.get(state) ?? 0) + ms)
      for (const one of course) {
        if (one.kind === 'bed') say(requestOf(one.state, one.minutes))
        if (one.kind === 'mode') say(one.request)
        const held = stay()
        if (one.kind === 'goal' && held) say({ what: 'goal', stay: held.id, goal: one.goal, decidedBy: 'Dr. Osei', reason: 'as agreed', reviewHours: 1 })
        for (let second = 0; second < one.seconds; second++) {
          if (one.hr !== null) {
            monitor.say({ hr: one.hr })
            const marked = pump.house.markOf(ONE)
            if (one.hr !== 'absent' && marked?.mark.kind !== 'maintenance') expect([pump.house.isSuspended(ONE), marked?.phase === 'in-force']).toEqual([false, false])
          }
          pump.tick()
          const bed = pump.beds.get(ONE)
          if (!bed) throw new Error('no bed')
          const marked = pump.house.markOf(ONE)
          const isResting = marked?.phase === 'in-force'
          // What the ledger must say, in the words of the brief: the ward first, then the bed, then the goal.
          const state = pump.house.mode.kind === 'maintenance' ? 'maintenance'
            : isResting && marked.mark.kind === 'maintenance' ? 'maintenance'
              : bed.stay === null ? 'empty'
                : isResting ? (marked.mark.kind === 'away' ? 'away' : 'empty')
                  : bed.stay.context.goal?.kind === 'comfort' && clock.wall() - bed.stay.context.goal.reviewed.at < 3_600_000 ? 'comfort' : 'armed'
          add(state, 1_000)
          await clock.pass(1_000)
        }
      }
      const changes = [...ticks.flatMap((tick) => tick.events), ...pump.committer.filling.events].flatMap((event) => (event.kind === 'watch' ? event.changes : [])).filter(({ bed }) => bed === ONE)
      const time = { from: begun, to: clock.wall() }
      const spans = spansOf(changes, WATCHED, time)
      const told = new Map<WatchState, number>()
      for (const { state: said, from, to } of spans.get('score') ?? []) told.set(said, (told.get(said) ?? 0) + to - from)
      expect(told).toEqual(seen)
      const { watchedMs, unwatchedMs } = handoverOf(spans, time)
      expect(watchedMs + unwatchedMs).toBe(clock.wall() - begun)
    }), { numRuns: 40 })
  })

  it('a gateway that comes back says that it watched nobody meanwhile', () => {
    const { pump, clock, ticks } = ward({ restored: { ...NOTHING_RESTORED, aliveAt: wallMs(1_000) } })
    pump.tick()
    const events = [...ticks.flatMap((tick) => tick.events), ...pump.committer.filling.events].filter((event) => event.kind === 'watch' && event.subject.bed === bedId('bed-1'))
    const changes = events.flatMap((event) => (event.kind === 'watch' ? event.changes : []))
    expect(changes.filter(({ rule }) => rule === 'score').map(({ from, state }) => [from, state])).toEqual([[1_000, 'gateway-down'], [clock.wall(), 'empty']])
  })
})
