import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { StayLimit } from '../../src/domain/stay-limit.ts'
import { wallMs } from '../../src/domain/time.ts'
import { withLimit } from '../../src/rules/stay-limits.ts'
import type { StayContext, StayRecord } from '../../src/seams.ts'
import { ward } from './fixture.ts'

type Step =
  | { readonly kind: 'patient'; readonly device: 'mon-1' | 'mon-2'; readonly mrn: string }
  | { readonly kind: 'said'; readonly bed: number; readonly change: Partial<StayContext> }
  | { readonly kind: 'limit'; readonly bed: number; readonly beyond: number }
  | { readonly kind: 'pause' }
  | { readonly kind: 'time'; readonly seconds: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('patient' as const), device: fc.constantFrom('mon-1' as const, 'mon-2' as const), mrn: fc.constantFrom('A', 'B', 'C') }),
  fc.record({
    kind: fc.constant('said' as const),
    bed: fc.nat(1),
    change: fc.constantFrom<Partial<StayContext>>({ spo2Scale: 2 }, { onOxygen: true }, { consciousness: 'V' }, { infectionSuspected: true }, { population: 'neonate' }),
  }),
  fc.record({ kind: fc.constant('limit' as const), bed: fc.nat(1), beyond: fc.integer({ min: 100, max: 170 }) }),
  fc.constant({ kind: 'pause' as const }),
  fc.record({ kind: fc.constant('time' as const), seconds: fc.integer({ min: 1, max: 200 }) }),
)

const FRESH: StayContext = { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false }
const whoseOf = (stay: StayRecord): string => stay.identity?.mrn ?? 'nobody'

it('what was said of a patient, limits and pauses belong to the stay: the next patient inherits nothing, whoever comes and goes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { pump, clock, connect } = ward()
      const lines = { 'mon-1': connect('mon-1'), 'mon-2': connect('mon-2') }
      const stayAt = (bed: number): StayRecord | null => [...pump.beds.values()][bed]?.stay ?? null
      for (const one of steps) {
        const stay = 'bed' in one ? stayAt(one.bed) : null
        if (one.kind === 'patient') lines[one.device].say({ mrn: one.mrn, hr: 150 })
        if (one.kind === 'time') await clock.pass(one.seconds * 1_000)
        if (one.kind === 'said' && stay) pump.changeContext(stay.id, one.change, whoseOf(stay))
        if (one.kind === 'limit' && stay) {
          const limit: StayLimit = { variable: 'hr', side: 'high', beyond: one.beyond, by: whoseOf(stay), at: wallMs(clock.wall()), reason: 'a test', until: null }
          pump.changeContext(stay.id, { limits: withLimit(stay.context, limit).limits ?? [] }, whoseOf(stay))
        }
        if (one.kind === 'pause') for (const alert of pump.lifecycle.open.values()) pump.pauseAudio(alert.id, 'nurse', 60_000)
        pump.tick()
        const held = [...pump.beds.values()].flatMap(({ stay: holder }) => holder ?? [])
        for (const holder of held) {
          const { said = {}, limits = [], ...facts } = holder.context
          // Everything in it was said of this very patient; what nobody said is as it is of a new one.
          for (const { by } of [...Object.values(said), ...limits]) expect(by).toBe(whoseOf(holder))
          for (const [fact, value] of Object.entries(FRESH)) if (!(fact in said)) expect([fact, facts[fact as keyof typeof facts]]).toEqual([fact, value])
        }
        for (const alert of pump.lifecycle.open.values()) if (alert.stay !== null) expect(held.map(({ id }) => id)).toContain(alert.stay)
      }
    }),
    { numRuns: 60 },
  )
})
