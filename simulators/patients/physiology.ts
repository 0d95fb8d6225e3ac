/**
 * A body, advanced in fixed steps of one second. Not a model to learn medicine from: a few well-known couplings, so that
 * the vital signs of one patient move together as a clinician expects them to.
 */

import type { Random } from './random.ts'
import type { Insult } from './scenarios.ts'

/** What this person is like in health, at rest, at noon. */
export type Constitution = {
  readonly heartRate: number
  readonly breathsPerMinute: number
  readonly meanPressureMmHg: number
  readonly pulsePressureMmHg: number
  readonly temperatureC: number
  /** Alveolar–arterial oxygen gradient, in mmHg. */
  readonly gradientMmHg: number
  /** Perfusion index, in %. */
  readonly perfusion: number
}

/** Slow wandering of one quantity around zero, each with its own time constant. */
export type Wander = { readonly activity: number; readonly heart: number; readonly breath: number; readonly pressure: number; readonly gradient: number; readonly perfusion: number }

export type Body = {
  readonly heartRate: number
  readonly breathsPerMinute: number
  readonly meanPressureMmHg: number
  readonly pulsePressureMmHg: number
  readonly temperatureC: number
  /** Arterial carbon dioxide, in mmHg. */
  readonly carbonDioxideMmHg: number
  /** Alveolar oxygen, in mmHg. */
  readonly alveolarOxygenMmHg: number
  /** Saturation at the finger, in %: behind the heart by a circulation time. */
  readonly saturation: number
  readonly perfusion: number
  readonly wander: Wander
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))
/** One second of approach to a target. */
const towards = (value: number, target: number, seconds: number): number => value + (target - value) / seconds

/** A step whose long-run standard deviation is `sd`, whatever the time constant. */
const stray = (seconds: number, sd: number): ((value: number, random: Random) => number) => {
  const kept = 1 - 1 / seconds
  const size = sd * Math.sqrt(2 / seconds)
  return (value, random) => value * kept + size * random.bell()
}

const strayActivity = stray(1_200, 1)
const strayHeart = stray(90, 1.8)
const strayBreath = stray(60, 0.7)
const strayPressure = stray(240, 2.2)
const strayGradient = stray(300, 1)
const strayPerfusion = stray(200, 0.12)

const wanderOn = (wander: Wander, random: Random): Wander => ({
  activity: strayActivity(wander.activity, random),
  heart: strayHeart(wander.heart, random),
  breath: strayBreath(wander.breath, random),
  pressure: strayPressure(wander.pressure, random),
  gradient: strayGradient(wander.gradient, random),
  perfusion: strayPerfusion(wander.perfusion, random),
})

/** The ward's day begins at eight in the morning, whatever the clock on the wall says: the same seed, the same ward. */
const FIRST_HOUR = 8
const dayWave = (second: number, peakHour: number): number => Math.cos((2 * Math.PI * (FIRST_HOUR + second / 3_600 - peakHour)) / 24)

/** Severinghaus 1979: haemoglobin saturation in % from oxygen tension in mmHg. */
export const saturationOf = (oxygenMmHg: number): number => 100 / (23_400 / (oxygenMmHg ** 3 + 150 * oxygenMmHg) + 1)

/** The alveolar gas equation on room air at sea level, with a respiratory quotient of 0.8. */
const alveolarOxygenOf = (carbonDioxideMmHg: number): number => Math.max(28, 150 - 1.25 * carbonDioxideMmHg)

const NORMAL_CO2 = 40

export function constitutionOf(random: Random): Constitution {
  return {
    heartRate: random.between(62, 84),
    breathsPerMinute: random.between(13, 17),
    meanPressureMmHg: random.between(82, 97),
    pulsePressureMmHg: random.between(40, 54),
    temperatureC: random.between(36.5, 37.1),
    gradientMmHg: random.between(5, 14),
    perfusion: random.between(1.4, 5.5),
  }
}

export const bodyOf = (person: Constitution): Body => ({
  heartRate: person.heartRate,
  breathsPerMinute: person.breathsPerMinute,
  meanPressureMmHg: person.meanPressureMmHg,
  pulsePressureMmHg: person.pulsePressureMmHg,
  temperatureC: person.temperatureC,
  carbonDioxideMmHg: NORMAL_CO2,
  alveolarOxygenMmHg: alveolarOxygenOf(NORMAL_CO2),
  saturation: saturationOf(alveolarOxygenOf(NORMAL_CO2) - person.gradientMmHg),
  perfusion: person.perfusion,
  wander: { activity: 0, heart: 0, breath: 0, pressure: 0, gradient: 0, perfusion: 0 },
})

export type Step = { readonly person: Constitution; readonly insult: Insult; readonly second: number; readonly random: Random }

/** One second later. Draws the same number of random values whatever the insult, so that a scenario never changes the noise. */
export function advance(body: Body, step: Step): Body {
  const { person, insult, second, random } = step
  const wander = wanderOn(body.wander, random)
  const gas = breathe(body, wander, step)
  const flow = circulate(body, wander, step)
  const temperatureTarget = person.temperatureC + 0.25 * dayWave(second, 17) + insult.feverC
  const pinched = clamp((flow.meanPressureMmHg - 30) / 40, 0.15, 1)
  const perfusionTarget = person.perfusion * insult.perfusion * pinched * Math.exp(wander.perfusion)
  return {
    heartRate: flow.heartRate,
    breathsPerMinute: gas.breathsPerMinute,
    meanPressureMmHg: flow.meanPressureMmHg,
    pulsePressureMmHg: flow.pulsePressureMmHg,
    carbonDioxideMmHg: gas.carbonDioxideMmHg,
    alveolarOxygenMmHg: gas.alveolarOxygenMmHg,
    saturation: gas.saturation,
    temperatureC: towards(body.temperatureC, temperatureTarget, 900),
    perfusion: clamp(towards(body.perfusion, perfusionTarget, 15), 0.02, 20),
    wander,
  }
}

type Gas = Pick<Body, 'breathsPerMinute' | 'carbonDioxideMmHg' | 'alveolarOxygenMmHg' | 'saturation'>

function breathe(body: Body, wander: Wander, { person, insult, second }: Step): Gas {
  const fever = body.temperatureC - person.temperatureC
  // The chemoreflex: carbon dioxide and want of oxygen drive breathing, as far as the brain stem still answers.
  const chemical = 0.015 * clamp(body.carbonDioxideMmHg - NORMAL_CO2, -8, 30) + 0.012 * clamp(92 - body.saturation, 0, 25)
  const rest = person.breathsPerMinute * (1 + 0.03 * dayWave(second, 16)) + 1.6 * fever + 0.6 * wander.activity + wander.breath
  const breathsPerMinute = clamp(towards(body.breathsPerMinute, rest * insult.breathingDrive * (1 + insult.breathingDrive * chemical), 12), 0, 50)

  // Slower breaths are deeper, so ventilation falls less than the rate does.
  const ventilation = Math.max(0.2, (breathsPerMinute / person.breathsPerMinute) ** 0.7)
  const metabolism = 1 + 0.08 * fever
  // What is breathed for a reason (fever, acid) may lower carbon dioxide only so far.
  const carbonDioxideTarget = clamp((NORMAL_CO2 * metabolism) / ventilation, 26, 95)
  const alveolarOxygenMmHg = towards(body.alveolarOxygenMmHg, alveolarOxygenOf(carbonDioxideTarget), 50)
  const arterial = clamp(alveolarOxygenMmHg - person.gradientMmHg - insult.gasGradientMmHg - wander.gradient, 24, 130)
  return {
    breathsPerMinute,
    carbonDioxideMmHg: towards(body.carbonDioxideMmHg, carbonDioxideTarget, 150),
    alveolarOxygenMmHg,
    saturation: towards(body.saturation, saturationOf(arterial), 10),
  }
}

type Flow = Pick<Body, 'heartRate' | 'meanPressureMmHg' | 'pulsePressureMmHg'>

/** Pressure at which the vessels come to rest when nothing pumps, in mmHg. */
const STANDSTILL_MMHG = 14

function circulate(body: Body, wander: Wander, { person, insult, second }: Step): Flow {
  if (insult.heart === 'stopped')
    return {
      heartRate: 0,
      meanPressureMmHg: towards(body.meanPressureMmHg, STANDSTILL_MMHG, 8),
      pulsePressureMmHg: towards(body.pulsePressureMmHg, 1, 3),
    }
  const day = dayWave(second, 16)
  const lost = 1 - insult.bloodVolume
  // The first seventh of the volume is made up for; beyond that the pressure falls (the classes of shock of ATLS).
  const uncompensated = Math.max(0, lost - 0.14)
  const setPoint = person.meanPressureMmHg * (1 + 0.04 * day) + 1.5 * wander.activity + wander.pressure
  const pressureTarget = clamp(setPoint * insult.vascularTone * (1 - 1.9 * uncompensated), 25, 180)
  const pulseTarget = person.pulsePressureMmHg * clamp(1 - 1.5 * lost, 0.3, 1) * (1 + 0.15 * (1 - insult.vascularTone))

  const fever = body.temperatureC - person.temperatureC
  const baroreflex = 0.55 * clamp(setPoint - body.meanPressureMmHg, -12, 60)
  const hypoxia = 0.9 * clamp(93 - body.saturation, 0, 25)
  const heartTarget = person.heartRate * (1 + 0.05 * day) + 8 * fever + 90 * lost + baroreflex + hypoxia + 2.5 * wander.activity + wander.heart
  return {
    heartRate: clamp(towards(body.heartRate, heartTarget, 8), 25, 190),
    meanPressureMmHg: towards(body.meanPressureMmHg, pressureTarget, 20),
    pulsePressureMmHg: clamp(towards(body.pulsePressureMmHg, pulseTarget, 20), 8, 90),
  }
}
