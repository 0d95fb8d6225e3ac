import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPatient, type Moment, type Sign, type Signs } from '../../../simulators/patients/patient.ts'
import { parseScenario, SCENARIO_NAMES } from '../../../simulators/patients/scenarios.ts'

function moments(seed: number, scenario: string, seconds: number): readonly Moment[] {
  const parsed = parseScenario(scenario)
  if (parsed === null) throw new Error(`no scenario ${scenario}`)
  const patient = createPatient(seed, 'bed-1', parsed)
  return Array.from({ length: seconds }, () => patient.next())
}

const signsAt = (all: readonly Moment[], second: number): Signs => {
  const found = all[second]
  if (found === undefined) throw new Error(`no second ${second}`)
  return found.signs
}

const number = (sign: Sign): number => {
  if (sign.kind === 'none') throw new Error(`no value: ${sign.why}`)
  return sign.value
}

/** Average over a minute, so that noise does not decide a test. */
const about = (all: readonly Moment[], second: number, pick: (signs: Signs) => Sign): number => {
  const minute = all.slice(second - 30, second + 30).map(({ signs }) => number(pick(signs)))
  return minute.reduce((sum, value) => sum + value, 0) / minute.length
}

const hr = (signs: Signs): Sign => signs.heartRate
const rr = (signs: Signs): Sign => signs.breaths
const spo2 = (signs: Signs): Sign => signs.saturation
const sbp = (signs: Signs): Sign => signs.systolic
const map = (signs: Signs): Sign => signs.mean
const temperature = (signs: Signs): Sign => signs.temperature

/** Watched for a whole day. */
const PATIENTS = 50
const SEEDS = Array.from({ length: 12 }, (_, index) => index * 77 + 1)

describe('a patient', () => {
  it('is the same for the same seed and bed', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(...SCENARIO_NAMES), (seed, scenario) => {
        expect(moments(seed, scenario, 200)).toEqual(moments(seed, scenario, 200))
      }),
      { numRuns: 20 },
    )
  })

  it('is another for another seed', () => {
    expect(moments(1, 'stable', 60).map(({ signs }) => signs)).not.toEqual(moments(2, 'stable', 60).map(({ signs }) => signs))
  })

  it.each(SCENARIO_NAMES)('with %s to come is, until then, the patient who stays well', (name) => {
    expect(moments(5, `${name}@300`, 300)).toEqual(moments(5, 'stable', 300))
  })

  it('stays plausible through 24 hours, whoever it is, and rests at night', { timeout: 300_000 }, () => {
    const bounds = { heartRate: [40, 115], breaths: [8, 24], saturation: [93, 100], pulse: [40, 115], perfusion: [0.5, 12], systolic: [90, 160], diastolic: [45, 105], mean: [62, 122], temperature: [35.8, 37.8], carbonDioxide: [28, 50] } as const
    const stable = parseScenario('stable')
    if (stable === null) throw new Error('no stable patient')
    // Ward time begins at eight in the morning.
    const noon = { heartRate: 0, temperature: 0 }
    const night = { heartRate: 0, temperature: 0 }
    for (let seed = 0; seed < PATIENTS; seed++) {
      const patient = createPatient(seed, 'bed-1', stable)
      for (let second = 0; second < 86_400; second++) {
        const { signs } = patient.next()
        for (const key of ['heartRate', 'breaths', 'saturation', 'pulse', 'perfusion', 'systolic', 'diastolic', 'mean', 'temperature', 'carbonDioxide'] as const) {
          const sign = signs[key]
          const [low, high] = bounds[key]
          // One expect for each of the 43 million values would take minutes.
          if (sign.kind === 'none' || !(sign.value >= low && sign.value <= high)) expect.fail(`seed ${seed}, second ${second}: ${key} is ${JSON.stringify(sign)}`)
        }
        const hour = second === 8 * 3_600 ? noon : second === 20 * 3_600 ? night : null
        if (hour === null) continue
        hour.heartRate += number(signs.heartRate) / PATIENTS
        hour.temperature += number(signs.temperature) / PATIENTS
      }
    }
    expect(noon.heartRate - night.heartRate).toBeGreaterThan(3)
    expect(noon.temperature - night.temperature).toBeGreaterThan(0.2)
  })

  it.each(SCENARIO_NAMES)('with %s never shows what a sensor cannot show', (name) => {
    for (const seed of SEEDS.slice(0, 4)) {
      for (const { signs, second } of moments(seed, name, 9_000)) {
        const seen = Object.entries(signs).flatMap(([key, sign]) => (key !== 'cuff' && sign !== null && 'kind' in sign && sign.kind === 'value' ? [[key, sign.value] as const] : []))
        for (const [key, value] of seen) if (!(value >= 0 && value <= 300)) expect.fail(`second ${second}: ${key} is ${value}`)
        if (!(number(signs.diastolic) <= number(signs.mean) && number(signs.mean) <= number(signs.systolic))) expect.fail(`second ${second}: ${JSON.stringify(signs)}`)
      }
    }
  })

  it('has a cuff measurement within a minute, and then each five minutes', () => {
    const cuffs = new Set(moments(3, 'stable', 1_800).map(({ signs }) => signs.cuff?.second))
    const [first, ...later] = [...cuffs].filter((second) => second !== undefined)
    expect(first).toBeLessThan(60)
    expect(later).toEqual([1, 2, 3, 4, 5].map((nth) => (first ?? 0) + nth * 300))
  })
})

describe('a patient in trouble', () => {
  it.each(SEEDS)('desaturates below 88 % within 75 s of the start (seed %i)', (seed) => {
    const all = moments(seed, 'desaturation', 120)
    expect(number(spo2(signsAt(all, 10)))).toBeGreaterThanOrEqual(94)
    for (let second = 75; second < 120; second++) expect(number(spo2(signsAt(all, second)))).toBeLessThan(88)
    expect(about(all, 85, hr)).toBeGreaterThan(number(hr(signsAt(all, 10))))
  })

  it.each(SEEDS)('breathes less under an opioid, and only then loses oxygen (seed %i)', (seed) => {
    const all = moments(seed, 'opioid', 600)
    const slow = all.findIndex(({ signs }) => number(signs.breaths) <= 8)
    const low = all.findIndex(({ signs }) => number(signs.saturation) < 92)
    expect(slow).toBeGreaterThan(20)
    expect(slow).toBeLessThan(120)
    expect(low).toBeGreaterThan(slow)
    expect(low).toBeLessThan(300)
    expect(number(signsAt(all, 599).carbonDioxide)).toBeGreaterThan(55)
  })

  it.each(SEEDS)('bleeds: the heart races first, then the pressure falls (seed %i)', (seed) => {
    const all = moments(seed, 'haemorrhage@60', 1_600)
    expect(about(all, 560, hr)).toBeGreaterThan(about(all, 40, hr) + 6)
    expect(about(all, 560, map)).toBeGreaterThan(about(all, 40, map) - 12)
    expect(about(all, 1_500, hr)).toBeGreaterThan(105)
    expect(about(all, 1_500, sbp)).toBeLessThan(90)
    expect(number(signsAt(all, 1_500).systolic) - number(signsAt(all, 1_500).diastolic)).toBeLessThan(number(signsAt(all, 40).systolic) - number(signsAt(all, 40).diastolic))
  })

  it.each(SEEDS)('becomes septic over hours: hot, fast, breathless, low (seed %i)', (seed) => {
    const all = moments(seed, 'sepsis', 6 * 3_600 + 400)
    const late = 6 * 3_600 + 300
    expect(about(all, late, temperature)).toBeGreaterThan(38.2)
    expect(about(all, late, hr)).toBeGreaterThan(about(all, 200, hr) + 20)
    expect(about(all, late, rr)).toBeGreaterThan(about(all, 200, rr) + 4)
    expect(about(all, late, map)).toBeLessThan(about(all, 200, map) - 10)
    expect(about(all, 900, temperature) - about(all, 200, temperature)).toBeLessThan(0.3)
  })

  it.each(SEEDS)('has no heartbeat in asystole: zero is measured, the pleth is lost, the cuff fails (seed %i)', (seed) => {
    const all = moments(seed, 'asystole@45', 700)
    expect(number(hr(signsAt(all, 44)))).toBeGreaterThan(40)
    for (let second = 45; second < 700; second++) {
      const { heartRate, saturation, pulse, perfusion } = signsAt(all, second)
      expect(heartRate).toEqual({ kind: 'value', value: 0 })
      for (const sign of [saturation, pulse, perfusion]) expect(sign).toEqual({ kind: 'none', why: 'no-pulse' })
    }
    expect(number(rr(signsAt(all, 200)))).toBe(0)
    expect(number(sbp(signsAt(all, 200)))).toBeLessThan(30)
    expect(signsAt(all, 699).cuff).toMatchObject({ systolic: { kind: 'none', why: 'failed' } })
  })

  it('loses what the ECG leads measure with the leads, and nothing else', () => {
    const all = moments(9, 'leads-off@30', 60)
    const off = signsAt(all, 40)
    expect([off.heartRate, off.breaths]).toEqual([{ kind: 'none', why: 'lead-off' }, { kind: 'none', why: 'lead-off' }])
    for (const sign of [off.saturation, off.pulse, off.perfusion, off.temperature, off.systolic]) expect(sign.kind).toBe('value')
    expect(signsAt(all, 29).heartRate.kind).toBe('value')
  })

  it('loses what the oximeter measures with its probe, and nothing else', () => {
    const off = signsAt(moments(9, 'probe-off@30', 60), 40)
    for (const sign of [off.saturation, off.pulse, off.perfusion]) expect(sign).toEqual({ kind: 'none', why: 'probe-off' })
    for (const sign of [off.heartRate, off.breaths, off.temperature, off.systolic]) expect(sign.kind).toBe('value')
  })
})
