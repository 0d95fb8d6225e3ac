import { expect, test } from 'vitest'
import type { LimitRequest } from '../../src/api/stay-ward.ts'
import { stayId } from '../../src/domain/ids.ts'
import { observedView, stayWard } from '../../src/pump/stay-ward.ts'
import { freeze } from '../../src/rules/freeze.ts'
import { DEFAULT_PROFILES, withoutDrafts } from '../../src/rules/profile.ts'
import { realWard } from './stay-ward.ts'

const STAY = stayId('stay-1')
const MINUTE_MS = 60_000

function start(pulse: (minute: number) => number | null = () => null) {
  const ward = realWard()
  ward.connect('mon-1').say({ hr: 80 })
  const now = ward.clock.wall()
  const t = Array.from({ length: 60 }, (_, minute) => now - minute * MINUTE_MS)
  const stays = stayWard({
    pump: ward.pump,
    frozenOf: (state, { at }) => freeze(state.seen, at),
    profiles: { all: DEFAULT_PROFILES, acting: withoutDrafts(DEFAULT_PROFILES) },
    trend: async () => ({ series: [{ metric: 'MDC_ECG_HEART_RATE', label: 'HR', unit: '/min', t, v: t.map((_, minute) => pulse(minute)) }] }),
  })
  /** As the route does it. */
  const set = (request: LimitRequest, by = 'Ana'): string => {
    const judged = stays.limitChange(STAY, request, by)
    if (judged.kind === 'change') ward.pump.changeContext(STAY, judged.change, by)
    return judged.kind === 'refused' ? judged.why : judged.kind
  }
  return { ...ward, stays, set }
}
const HR: LimitRequest = { variable: 'hr', side: 'high', beyond: 150, reason: 'atrial fibrillation, known', hours: 4 }

test('a freeze names each sensor with its device and its age, and what nothing is known of', () => {
  const { stays, clock } = start()
  expect(stays.freeze(STAY)).toMatchObject({
    at: clock.wall(), spo2Scale: 1, missing: ['rr', 'spo2', 'sbp', 'temperature'], ranges: { temperature: { low: 25, high: 45, decimals: 1, unit: '°C' } },
    values: [{ name: 'pulse', label: 'HR', device: 'mon-1', value: 80, at: clock.wall() }],
  })
  expect(stays.freeze(stayId('nobody'))).toBeNull()
})

test('limits in force are the ward’s, or the stay’s with author, reason and end; drafts do not act', async () => {
  const { stays, set, clock } = start()
  expect(set(HR)).toBe('change')
  const view = await stays.limits(STAY)
  const of = (variable: string, side: string) => view?.limits.find((limit) => limit.variable === variable && limit.side === side)
  expect(of('hr', 'high')).toMatchObject({ ward: { beyond: 130, priority: 'medium' }, isDraft: false, stay: { beyond: 150, by: 'Ana', reason: HR.reason, until: clock.wall() + 4 * 3_600_000 }, from: 90, to: 170 })
  expect(of('hr', 'low')).toMatchObject({ ward: { beyond: 45 }, stay: null })
  expect(of('temperature', 'high')).toMatchObject({ ward: { beyond: 39 }, isDraft: true })
  void clock.pass(4 * 3_600_000)
  expect((await stays.limits(STAY))?.limits.find(({ variable, side }) => variable === 'hr' && side === 'high')?.stay).toBeNull()
})

test('the ward’s limit comes back, and the others of the stay stay', async () => {
  const { stays, set, pump } = start()
  set(HR)
  set({ ...HR, side: 'low', beyond: 40 })
  const judged = stays.wardLimitChange(STAY, 'hr', 'high')
  if (judged.kind === 'change') pump.changeContext(STAY, judged.change, 'Ben')
  expect((await stays.limits(STAY))?.limits.flatMap(({ side, stay }) => (stay ? [[side, stay.beyond]] : []))).toEqual([['low', 40]])
})

test.each([
  ['beyond the envelope', { beyond: 171 }, 'hr: a high limit of 171 is not within 90 to 170.'],
  ['at the envelope', { beyond: 170 }, 'change'],
  ['a saturation below 90 that nobody answers for', { variable: 'spo2', side: 'low', beyond: 88 }, 'needs the name of the clinician'],
  ['a saturation below 90 that a clinician answers for', { variable: 'spo2', side: 'low', beyond: 88, signedBy: 'Dr Osei' }, 'change'],
  ['a saturation of 90', { variable: 'spo2', side: 'low', beyond: 90 }, 'change'],
] as const)('%s', (_what, asked, answer) => {
  expect(start().set({ ...HR, ...asked })).toContain(answer)
})

test('the last hour proposes, says what it would widen, and sets nothing', async () => {
  const { stays } = start((minute) => (minute % 7 === 0 ? null : 110))
  expect((await stays.limits(STAY))?.proposals).toMatchObject([
    { variable: 'hr', side: 'low', beyond: 88, now: 45, widens: false, median: 110 },
    { variable: 'hr', side: 'high', beyond: 138, now: 130, widens: true },
  ])
  expect((await stays.limits(STAY))?.limits.some(({ stay }) => stay !== null)).toBe(false)
  expect((await start().stays.limits(STAY))?.proposals).toEqual([])
})

test('what the screen shows of a set is the newest that stands', () => {
  const { pump, clock } = start()
  const at = clock.wall()
  pump.observe(STAY, { takenAt: at, values: { rr: { value: 22, at, frozen: 18 } }, consciousness: 'A' }, 'Ana')
  const context = () => [...pump.beds.values()][0]?.stay?.context ?? { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false } as const
  expect(observedView(context())).toMatchObject({ by: 'Ana', total: 2, min: 2, complete: false, values: { rr: 22, consciousness: 'A' }, corrected: [{ name: 'rr', from: 18, to: 22 }] })
  pump.takeBack(STAY, at, 'Ana')
  expect(observedView(context())).toBeNull()
})
