/** A patient as the sensors see one: physiology, noise, rounding, a cuff every few minutes, and sensors that fall off. */

import { advance, type Body, bodyOf, constitutionOf } from './physiology.ts'
import { hashOf, type Random, randomOf } from './random.ts'
import { type Insult, insultAt, type Scenario } from './scenarios.ts'

/** A number, or why there is none. Zero is a number: a heart that stands still. */
export type Sign = { readonly kind: 'value'; readonly value: number } | { readonly kind: 'none'; readonly why: 'lead-off' | 'probe-off' | 'no-pulse' | 'failed' }

/** One measurement of the cuff. `second` of ward time at which it was done. */
export type Cuff = { readonly second: number; readonly systolic: Sign; readonly diastolic: Sign; readonly mean: Sign }

export type Signs = {
  /** ECG heart rate, /min. */
  readonly heartRate: Sign
  /** From chest impedance through the ECG leads, /min. */
  readonly breaths: Sign
  /** %, from the oximeter, as are pulse (/min) and perfusion index (%). */
  readonly saturation: Sign
  readonly pulse: Sign
  readonly perfusion: Sign
  /** Arterial line, mmHg. */
  readonly systolic: Sign
  readonly diastolic: Sign
  readonly mean: Sign
  /** °C. */
  readonly temperature: Sign
  /** End-tidal carbon dioxide, mmHg. */
  readonly carbonDioxide: Sign
  /** The newest cuff measurement; null before the first. */
  readonly cuff: Cuff | null
}

export type Moment = { readonly second: number; readonly signs: Signs; readonly insult: Insult; readonly body: Body }

export interface Patient {
  /** The next second of ward time. The first is second 0. */
  next(): Moment
}

const CUFF_EVERY_S = 300
/** Beds do not measure together: the first cuff comes within this of the start. */
const FIRST_CUFF_WITHIN_S = 60

const value = (of: number): Sign => ({ kind: 'value', value: of })
const none = (why: 'lead-off' | 'probe-off' | 'no-pulse' | 'failed'): Sign => ({ kind: 'none', why })
/** `parts` of one unit are shown: 1 for whole numbers, 10 for one decimal. */
const rounded = (of: number, parts: 1 | 10 | 100, low: number, high: number): Sign => value(Math.round(Math.min(high, Math.max(low, of)) * parts) / parts)

/** Below this an oximeter finds no pulse. */
const PULSE_MIN = 20

export function createPatient(seed: number, bed: string, scenario: Scenario): Patient {
  const random = randomOf(hashOf(`${seed}/${bed}`))
  const person = constitutionOf(random)
  const cuffOffset = Math.floor(random.between(10, FIRST_CUFF_WITHIN_S))
  let body = bodyOf(person)
  let cuff: Cuff | null = null
  let second = -1
  return {
    next() {
      second++
      const insult = insultAt(scenario, second)
      body = advance(body, { person, insult, second, random })
      const noise = noiseOf(random)
      if (second % CUFF_EVERY_S === cuffOffset) cuff = inflate(second, body, insult, noise)
      return { second, signs: sense(body, insult, noise, cuff), insult, body }
    },
  }
}

type Noise = { readonly heart: number; readonly breath: number; readonly saturation: number; readonly pulse: number; readonly pressure: number; readonly gas: number; readonly cuff: number }

const noiseOf = (random: Random): Noise => ({
  heart: 0.5 * random.bell(),
  breath: 0.4 * random.bell(),
  saturation: 0.25 * random.bell(),
  pulse: 0.6 * random.bell(),
  pressure: 1.1 * random.bell(),
  gas: 0.6 * random.bell(),
  cuff: 2.2 * random.bell(),
})

function sense(body: Body, insult: Insult, noise: Noise, cuff: Cuff | null): Signs {
  const leads = insult.ecgLeads === 'on'
  // A gap between inhaled and end-tidal: the capnometer reads a few mmHg below the blood, and nothing where nothing is breathed.
  const carbonDioxide = body.breathsPerMinute < 2 ? 0 : body.carbonDioxideMmHg - 3 + noise.gas
  const mean = body.meanPressureMmHg + noise.pressure
  const upper = (body.pulsePressureMmHg * 2) / 3
  return {
    heartRate: leads ? (insult.heart === 'stopped' ? value(0) : rounded(body.heartRate + noise.heart, 1, 0, 300)) : none('lead-off'),
    breaths: leads ? rounded(body.breathsPerMinute < 1 ? 0 : body.breathsPerMinute + noise.breath, 1, 0, 150) : none('lead-off'),
    ...oximeter(body, insult, noise),
    systolic: rounded(mean + upper, 1, 0, 300),
    diastolic: rounded(mean - body.pulsePressureMmHg / 3, 1, 0, 300),
    mean: rounded(mean, 1, 0, 300),
    temperature: rounded(body.temperatureC, 10, 20, 45),
    carbonDioxide: rounded(carbonDioxide, 1, 0, 150),
    cuff,
  }
}

function oximeter(body: Body, insult: Insult, noise: Noise): Pick<Signs, 'saturation' | 'pulse' | 'perfusion'> {
  const why = insult.oximeter === 'off' ? 'probe-off' : insult.heart === 'stopped' || body.heartRate < PULSE_MIN ? 'no-pulse' : null
  if (why !== null) return { saturation: none(why), pulse: none(why), perfusion: none(why) }
  return {
    saturation: rounded(body.saturation + noise.saturation, 1, 20, 100),
    pulse: rounded(body.heartRate + noise.pulse, 1, PULSE_MIN, 300),
    perfusion: rounded(body.perfusion, 100, 0.02, 20),
  }
}

/** Below this mean pressure the cuff gives up. */
const CUFF_MEAN_MIN_MMHG = 30

function inflate(second: number, body: Body, insult: Insult, noise: Noise): Cuff {
  const mean = body.meanPressureMmHg + noise.cuff
  if (insult.heart === 'stopped' || mean < CUFF_MEAN_MIN_MMHG) return { second, systolic: none('failed'), diastolic: none('failed'), mean: none('failed') }
  return {
    second,
    systolic: rounded(mean + (body.pulsePressureMmHg * 2) / 3, 1, 30, 300),
    diastolic: rounded(mean - body.pulsePressureMmHg / 3, 1, 10, 220),
    mean: rounded(mean, 1, 20, 260),
  }
}
