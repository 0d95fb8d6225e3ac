/** Ways in which values could get another patient's name, on the ward as it runs. */

import { describe, expect, it } from 'vitest'
import { type BedId, bedId, deviceId } from '../../src/domain/ids.ts'
import type { PatientFact, PatientIdentity } from '../../src/domain/reading.ts'
import { type WallMs, wallMs } from '../../src/domain/time.ts'
import { associationLimits } from '../../src/limits.ts'
import type { StayRecord } from '../../src/seams.ts'
import { NOTHING_RESTORED, ward } from './fixture.ts'

const MINUTE = 60_000
const ONE = bedId('bed-1')
const TWO = bedId('bed-2')
const A: PatientIdentity = { mrn: 'A', name: 'Meyer^Anna' }
const B: PatientIdentity = { mrn: 'B', name: 'Kim^Lee' }

const base = (patient: PatientIdentity, location: string | null, at: WallMs | null) => ({ patient, location, visit: `v-${patient.mrn}`, effectiveAt: at })
const admitted = (patient: PatientIdentity, location: string, at: WallMs | null = null): PatientFact => ({ ...base(patient, location, at), kind: 'admitted' })
const gone = (patient: PatientIdentity, at: WallMs | null = null): PatientFact => ({ ...base(patient, null, at), kind: 'discharged' })
const cancelled = (what: 'admitted' | 'discharged', patient: PatientIdentity, at: WallMs | null = null): PatientFact =>
  ({ ...base(patient, null, at), kind: 'cancelled', what })

function hospital(of: Parameters<typeof ward>[0] = {}) {
  const made = ward(of)
  const registry = made.connect('registry')
  const hear = (...facts: readonly PatientFact[]): void => registry.say({ facts })
  const stayOf = (bed: BedId = ONE): StayRecord | null => made.pump.beds.get(bed)?.stay ?? null
  const who = (bed: BedId = ONE): string | null => stayOf(bed)?.identity?.mrn ?? null
  const before = (minutes: number): WallMs => wallMs(made.clock.wall() - minutes * MINUTE)
  return { ...made, hear, stayOf, who, before, monitor: made.connect('mon-1') }
}

describe('words of the registry that come in the wrong order', () => {
  it('a discharge before its admission is remembered: who has gone does not come', () => {
    const { hear, who, before, monitor } = hospital()
    hear(gone(A, before(10)))
    hear(admitted(A, '^^1', before(60)))
    monitor.say({ hr: 80 })
    expect(who()).toBeNull()
  })

  it('are remembered up to a number, the newest', () => {
    for (const others of [associationLimits.passedByMax - 1, associationLimits.passedByMax]) {
      const { hear, who, before } = hospital()
      hear(gone(A, before(10)), ...Array.from({ length: others }, (_, place) => gone({ mrn: `${place}`, name: null }, before(10))))
      hear(admitted(A, '^^1', before(60)))
      expect(who()).toBe(others < associationLimits.passedByMax ? null : 'A')
    }
  })

  it('of another visit that is over end nothing of this one', () => {
    const { hear, who, before } = hospital()
    hear({ ...base(A, null, before(10)), visit: 'v-of-spring', kind: 'discharged' })
    hear(admitted(A, '^^1', before(60)))
    expect(who()).toBe('A')
  })

  it('an admission that was cancelled, and made again with its time, is one', () => {
    const { hear, who, before, clock } = hospital()
    const since = before(10)
    hear(admitted(A, '^^1', since))
    hear(cancelled('admitted', A, before(5)))
    expect(who()).toBeNull()
    hear(admitted(A, '^^1', since))
    expect(who()).toBe('A')
    // The same again, as an interface sends a day again: the last word counts.
    hear(cancelled('admitted', A, wallMs(clock.wall() - 5 * MINUTE)))
    expect(who()).toBeNull()
  })
})

describe('a clock that was set back', () => {
  it('makes nobody deaf to what is said since: a scan, a monitor, the registry', async () => {
    const { hear, who, clock, pump, monitor } = hospital()
    hear(admitted(A, '^^1'))
    monitor.say({ hr: 80, mrn: 'A' })
    pump.associate({ what: 'scan', bed: 'bed-1', patient: A }, 'Ana')
    clock.step(-60 * MINUTE)
    await clock.pass(1_000)
    pump.associate({ what: 'scan', bed: 'bed-1', patient: B }, 'Ana')
    expect(who()).toBe('B')
    await clock.pass(1_000)
    hear(gone(B))
    expect(who()).toBeNull()
  })

  it('does not hide that a monitor names another', async () => {
    const { who, clock, monitor } = hospital()
    monitor.say({ hr: 80, mrn: 'A' })
    clock.step(-60 * MINUTE)
    await clock.pass(1_000)
    monitor.say({ hr: 81, mrn: 'B' })
    expect(who()).toBe('B')
    await clock.pass(1_000)
    monitor.say({ hr: 82, mrn: 'B' })
    expect(who()).toBe('B')
  })
})

describe('a device that is not at the bed any more', () => {
  const restartedWith = async (device: string): Promise<{ readonly who: string | null; readonly stays: readonly (string | null)[] }> => {
    const life = hospital()
    life.monitor.say({ hr: 80, mrn: 'A' })
    await life.pump.close()
    const by = deviceId(device)
    const facts = life.ticks.flatMap(({ facts: some = [] }) => some).map((fact) => (fact.body.kind === 'asserted' ? { ...fact, body: { ...fact.body, device: by } } : fact))
    const next = hospital({ minted: 50, restored: { ...NOTHING_RESTORED, facts, stays: life.ticks.flatMap(({ stays }) => stays).slice(-1) } })
    next.monitor.say({ hr: 120 })
    await next.pump.close()
    return { who: next.who(), stays: next.stored().map(({ stay }) => stay) }
  }

  it('speaks of nobody there: values of the one that stands there now are not that patient’s', async () => {
    expect((await restartedWith('mon-1')).who).toBe('A')
    expect((await restartedWith('mon-2')).who).toBeNull()
  })
})

describe('a rehearsal', () => {
  it('of a monitor with a patient of its own moves nobody', async () => {
    const { hear, who, monitor, clock } = hospital()
    hear(admitted(A, '^^1'))
    monitor.say({ hr: 80, mrn: 'A' })
    await clock.pass(1_000)
    monitor.say({ hr: 60, mrn: 'DEMO', demo: true })
    expect(who()).toBe('A')
    expect(who(TWO)).toBeNull()
  })
})

describe('a word of the registry that takes something away', () => {
  it('is believed: a date of birth that was wrong is no age', () => {
    const { hear, stayOf } = hospital()
    hear(admitted({ ...A, bornOn: '2024-01-01' }, '^^1'))
    expect(stayOf()?.identity?.bornOn).toBe('2024-01-01')
    hear({ ...base(A, '^^1', null), kind: 'updated', erased: ['bornOn'] })
    expect(stayOf()?.identity?.bornOn).toBeUndefined()
  })
})
