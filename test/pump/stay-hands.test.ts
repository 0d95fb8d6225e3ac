import { describe, expect, test } from 'vitest'
import { isObserver, observerAt } from '../../src/domain/confirmed.ts'
import { bedId, stayId } from '../../src/domain/ids.ts'
import { type WallMs, wallMs } from '../../src/domain/time.ts'
import { observationLimits } from '../../src/limits.ts'
import type { ObservationRequest } from '../../src/pump/stay-hands.ts'
import { freeze } from '../../src/rules/freeze.ts'
import { bedRules, type BedState } from '../../src/rules/bed.ts'
import { realWard } from './stay-ward.ts'

const STAY = stayId('stay-1')
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Scores 8: RR 3, SpO₂ 2, air 0, systolic 2, pulse 1, alert 0. */
const septic = (at: WallMs): ObservationRequest => ({
  takenAt: at,
  values: { rr: { value: 26, at, frozen: 18 }, spo2: { value: 93, at }, sbp: { value: 98, at: wallMs(at - 60_000) }, pulse: { value: 104, at }, temperature: { value: 37.2, at, frozen: null } },
  onOxygen: false,
  consciousness: 'A',
})
const well = (at: WallMs): ObservationRequest => ({
  takenAt: at, values: { rr: { value: 16, at }, spo2: { value: 97, at }, sbp: { value: 124, at }, pulse: { value: 78, at }, temperature: { value: 36.8, at } }, onOxygen: false, consciousness: 'A',
})

const observedAlert = ({ pump }: ReturnType<typeof realWard>) => [...pump.lifecycle.open.values()].find(({ condition }) => condition === 'news2/observation')

describe('a confirmed set', () => {
  test('acts at once, is kept as values that a person confirmed, and says what was corrected', async () => {
    const ward = realWard()
    const { pump, clock, connect, ticks } = ward
    connect('mon-1').say({ hr: 104 })
    const answer = pump.observe(STAY, septic(clock.wall()), 'Ana')
    expect(answer).toMatchObject({ kind: 'done', observed: { news2: { total: 8, complete: true }, corrected: [{ name: 'rr', from: 18, to: 26 }, { name: 'temperature', from: null, to: 37.2 }] } })
    expect(observedAlert(ward)).toMatchObject({ priority: 'high', text: 'NEWS2 8, observed; RR scores 3' })
    await settle()
    const kept = ticks.flatMap(({ snapshots }) => snapshots).filter(({ device }) => isObserver(device))
    expect(kept).toMatchObject([{ bed: 'bed-1', stay: 'stay-1' }])
    expect(kept[0]?.observations.map(({ metric, flags, correctedAt }) => [metric.id, flags, clock.wall() - correctedAt])).toEqual([
      ['MDC_RESP_RATE', ['validated', 'episodic'], 0], ['MDC_PULS_OXIM_SAT_O2', ['validated', 'episodic'], 0], ['MDC_PRESS_BLD_NONINV_SYS', ['validated', 'episodic'], 60_000],
      ['MDC_PULS_RATE', ['validated', 'episodic'], 0], ['MDC_TEMP', ['validated', 'episodic'], 0],
    ])
    expect(JSON.stringify(ticks.flatMap(({ events }) => events))).toContain('by Ana')
  })

  test('says oxygen and consciousness of the stay, and shows no number of its own on the tile', () => {
    const { pump, clock, connect } = realWard()
    connect('mon-1').say({ hr: 80 })
    pump.observe(STAY, well(clock.wall()), 'Ana')
    const bed = pump.beds.get(bedId('bed-1'))
    expect(bed?.stay?.context).toMatchObject({ onOxygen: false, consciousness: 'A', said: { consciousness: { by: 'Ana' } } })
    expect([...(bed?.latest.keys() ?? [])]).toEqual(['MDC_ECG_HEART_RATE'])
  })

  test('that needs no response ends the alert of the one before', () => {
    const ward = realWard()
    ward.connect('mon-1').say({ hr: 104 })
    ward.pump.observe(STAY, septic(ward.clock.wall()), 'Ana')
    const id = observedAlert(ward)?.id
    if (id) ward.pump.acknowledge(id, 'Ana')
    void ward.clock.pass(60_000)
    ward.pump.observe(STAY, well(ward.clock.wall()), 'Ana')
    expect(observedAlert(ward)).toBeUndefined()
  })

  test.each([
    ['of nobody', { stay: 'stay-9' }, { kind: 'unknown' }],
    ['that was frozen too long ago', { lateMs: observationLimits.frozenMsMax + 1 }, { kind: 'refused' }],
    ['that was frozen in time', { lateMs: observationLimits.frozenMsMax }, { kind: 'done' }],
    ['from the future', { lateMs: -1 }, { kind: 'refused' }],
    ['of a child', { population: 'child' as const }, { kind: 'refused' }],
    ['of a pregnant patient', { population: 'pregnant' as const }, { kind: 'refused' }],
    ['with a value that cannot be', { rr: 900 }, { kind: 'refused', why: 'RR 900 is not within 1 to 100.' }],
    ['with nothing in it', { empty: true }, { kind: 'refused' }],
  ])('%s', (_what, { stay = 'stay-1', lateMs = 0, population, rr, empty = false }: { stay?: string; lateMs?: number; population?: 'child' | 'pregnant'; rr?: number; empty?: boolean }, answer) => {
    const { pump, clock, connect } = realWard()
    connect('mon-1').say({ hr: 80 })
    if (population) pump.changeContext(STAY, { population }, 'Ana')
    const at = clock.wall()
    void clock.pass(Math.max(0, lateMs))
    const request = empty ? { takenAt: at, values: {} } : { ...well(wallMs(at - Math.min(0, lateMs))), ...(rr === undefined ? {} : { values: { rr: { value: rr, at } } }) }
    expect(pump.observe(stayId(stay), request, 'Ana')).toMatchObject(answer)
  })

  test('the newest of a stay are kept with it, and no more', () => {
    const { pump, clock, connect } = realWard()
    connect('mon-1').say({ hr: 80 })
    for (let count = 0; count <= observationLimits.setsPerStayMax; count++) {
      pump.observe(STAY, well(clock.wall()), `nurse ${count}`)
      void clock.pass(1_000)
    }
    const sets = pump.beds.get(bedId('bed-1'))?.stay?.context.observations ?? []
    expect(sets.map(({ set }) => set.by)).toEqual(Array.from({ length: observationLimits.setsPerStayMax }, (_, place) => `nurse ${place + 1}`))
  })
})

describe('a set that was a mistake', () => {
  test('is taken back: its alert ends, its values become nobody’s, and it stays in the record', async () => {
    const ward = realWard()
    const { pump, clock, connect, ticks } = ward
    connect('mon-1').say({ hr: 80 })
    const answer = pump.observe(STAY, septic(clock.wall()), 'Ana')
    void clock.pass(observationLimits.takeBackMs)
    const at = answer.kind === 'done' ? answer.observed.confirmedAt : 0
    expect(pump.takeBack(STAY, at, 'Ana')).toMatchObject({ kind: 'done' })
    expect(observedAlert(ward)?.state).not.toBe('active')
    // The estimate is as free to call as before.
    expect(pump.watch.stateOf(STAY)?.news2.call).toBeNull()
    await settle()
    const device = observerAt(bedId('bed-1'))
    expect(ticks.flatMap(({ reissues = [] }) => reissues)).toMatchObject([{ of: { device }, stay: null, from: at, to: at + 1 }, { of: { device }, from: at - 60_000 }])
    expect(pump.beds.get(bedId('bed-1'))?.stay?.context.observations).toMatchObject([{ confirmedAt: at, takenBack: { by: 'Ana' } }])
  })

  test('what another set holds too stays this patient’s', async () => {
    const { pump, clock, connect, ticks } = realWard()
    connect('mon-1').say({ hr: 80 })
    const cuffAt = clock.wall()
    pump.observe(STAY, { takenAt: cuffAt, values: { sbp: { value: 120, at: cuffAt } } }, 'Ana')
    void clock.pass(1_000)
    const mistake = pump.observe(STAY, { takenAt: clock.wall(), values: { sbp: { value: 120, at: cuffAt }, rr: { value: 40, at: clock.wall(), frozen: 14 } } }, 'Ana')
    pump.takeBack(STAY, mistake.kind === 'done' ? mistake.observed.confirmedAt : 0, 'Ana')
    await settle()
    expect(ticks.flatMap(({ reissues = [] }) => reissues).map(({ from }) => from)).toEqual([clock.wall()])
  })

  test('the set before it stands again, and acts', () => {
    const ward = realWard()
    const { pump, clock, connect } = ward
    connect('mon-1').say({ hr: 80 })
    pump.observe(STAY, septic(clock.wall()), 'Ana')
    const first = observedAlert(ward)?.id
    if (first) pump.acknowledge(first, 'Ana')
    void clock.pass(1_000)
    const mistake = pump.observe(STAY, well(clock.wall()), 'Ben')
    expect(observedAlert(ward)).toBeUndefined()
    pump.takeBack(STAY, mistake.kind === 'done' ? mistake.observed.confirmedAt : 0, 'Ben')
    expect(observedAlert(ward)).toMatchObject({ text: 'NEWS2 8, observed; RR scores 3', state: 'active' })
  })

  test('is not taken back too late, nor when a newer one stands', () => {
    const { pump, clock, connect } = realWard()
    connect('mon-1').say({ hr: 80 })
    const first = pump.observe(STAY, well(clock.wall()), 'Ana')
    void clock.pass(1_000)
    const second = pump.observe(STAY, well(clock.wall()), 'Ana')
    const at = (answer: typeof first): number => (answer.kind === 'done' ? answer.observed.confirmedAt : 0)
    expect(pump.takeBack(STAY, at(first), 'Ana')).toMatchObject({ kind: 'refused', why: 'Only the newest set can be taken back.' })
    void clock.pass(observationLimits.takeBackMs + 1)
    expect(pump.takeBack(STAY, at(second), 'Ana')).toMatchObject({ kind: 'refused' })
  })
})

describe('after a restart', () => {
  test('rules stand where they stood, nothing calls twice, and the monitor keeps the bed', async () => {
    const ward = realWard()
    const { pump, clock, connect, ticks } = ward
    connect('mon-1').say({ hr: 104, mrn: '4711' })
    pump.observe(STAY, septic(clock.wall()), 'Ana')
    const id = observedAlert(ward)?.id
    if (id) pump.acknowledge(id, 'Ana')
    void clock.pass(10_000)
    connect('mon-1').say({ hr: 105, mrn: '4711' })
    await settle()
    const again = realWard({ clock, ticks })
    expect(observedAlert(again)).toMatchObject({ id, acknowledged: { by: 'Ana' } })
    expect(again.published.filter(({ alertId }) => alertId === id)).toEqual([])
    expect(again.pump.watch.stateOf(STAY)?.news2.call?.worst).toBe(8)
    expect(again.pump.beds.get(bedId('bed-1'))?.assertedBy?.device).toBe('mon-1')
  })

  test('a set that was taken back is not given to the rules again', async () => {
    const ward = realWard()
    const { pump, clock, connect, ticks } = ward
    connect('mon-1').say({ hr: 80 })
    const answer = pump.observe(STAY, septic(clock.wall()), 'Ana')
    pump.takeBack(STAY, answer.kind === 'done' ? answer.observed.confirmedAt : 0, 'Ana')
    await settle()
    const again = realWard({ clock, ticks })
    expect(again.pump.watch.stateOf(STAY)?.news2.call).toBeNull()
  })
})

test('a freeze holds the last value of each sensor as it is printed, and names what is missing by leaving it out', () => {
  const { pump, clock, connect } = realWard()
  connect('mon-1').say({ hr: 80.4 })
  void clock.pass(4_000)
  const state: BedState | undefined = pump.watch.stateOf(STAY)
  expect(state && freeze(state.seen, pump.now().at)).toMatchObject([{ name: 'pulse', label: 'HR', device: 'mon-1', value: 80, at: clock.wall() - 4_000 }])
  void clock.pass(600_000)
  expect(freeze((state ?? bedRules.start({ population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false })).seen, pump.now().at)).toEqual([])
})
