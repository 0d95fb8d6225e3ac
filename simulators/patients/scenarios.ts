/**
 * Scenarios: what goes wrong at a bed, as pure functions of the seconds since it began. A scenario changes causes (volume,
 * tone, drive, a sensor, a cable), never a vital sign: the signs follow through the physiology, as at a real bed.
 */

export type Insult = {
  /** Added to the temperature that the body defends, in °C. */
  readonly feverC: number
  /** Vascular resistance, 1 in health. */
  readonly vascularTone: number
  /** Circulating blood volume, 1 in health. */
  readonly bloodVolume: number
  /** What the brain stem asks of breathing, 1 in health, 0 for none. */
  readonly breathingDrive: number
  /** Added to the alveolar–arterial oxygen gradient, in mmHg: secretions, collapse, pneumonia. */
  readonly gasGradientMmHg: number
  /** Skin perfusion, 1 in health. */
  readonly perfusion: number
  readonly heart: 'beating' | 'stopped'
  readonly ecgLeads: 'on' | 'off'
  readonly oximeter: 'on' | 'off'
  readonly cable: 'plugged' | 'pulled'
  readonly power: 'on' | 'off'
  /** `unset`: the monitor has just started and does not know the time yet. */
  readonly monitorClock: 'right' | 'unset'
}

export const HEALTH: Insult = {
  feverC: 0,
  vascularTone: 1,
  bloodVolume: 1,
  breathingDrive: 1,
  gasGradientMmHg: 0,
  perfusion: 1,
  heart: 'beating',
  ecgLeads: 'on',
  oximeter: 'on',
  cable: 'plugged',
  power: 'on',
  monitorClock: 'right',
}

const MINUTE = 60
const HOUR = 3_600

/** From 0 to 1 between two times, smooth at both ends. */
function ramp(seconds: number, from: number, to: number): number {
  const part = Math.min(1, Math.max(0, (seconds - from) / (to - from)))
  return part * part * (3 - 2 * part)
}

/** Whether a fault of `lastsS` that returns every `everyS` is there now. */
const comesAndGoes = (seconds: number, lastsS: number, everyS: number): boolean => seconds % everyS < lastsS

type Recipe = {
  readonly title: string
  /** Seconds of quiet before it begins, unless the plan says otherwise. */
  readonly delayS: number
  readonly at: (seconds: number) => Partial<Insult>
}

const REBOOT_OFF_S = 25
const CLOCK_UNSET_S = 20

export const SCENARIOS = {
  stable: { title: 'stable', delayS: 0, at: () => ({}) },
  desaturation: {
    title: 'sudden desaturation (secretions block an airway)',
    delayS: 15,
    at: (s) => ({ gasGradientMmHg: 50 * ramp(s, 0, 30) }),
  },
  sepsis: {
    title: 'sepsis over six hours',
    delayS: 5 * MINUTE,
    at: (s) => ({
      feverC: 2.3 * ramp(s, 0, 3 * HOUR),
      vascularTone: 1 - 0.3 * ramp(s, HOUR, 6 * HOUR),
      breathingDrive: 1 + 0.35 * ramp(s, 0.5 * HOUR, 5 * HOUR),
      gasGradientMmHg: 20 * ramp(s, HOUR, 6 * HOUR),
      perfusion: 1 - 0.6 * ramp(s, 2 * HOUR, 6 * HOUR),
    }),
  },
  opioid: {
    title: 'opioid hypoventilation',
    delayS: 20,
    at: (s) => ({ breathingDrive: 1 - 0.63 * ramp(s, 0, 60) }),
  },
  haemorrhage: {
    title: 'haemorrhage',
    delayS: 60,
    at: (s) => ({ bloodVolume: 1 - 0.36 * ramp(s, 0, 20 * MINUTE), perfusion: 1 - 0.7 * ramp(s, 0, 15 * MINUTE) }),
  },
  asystole: {
    title: 'asystole',
    delayS: 45,
    at: (s) => ({ heart: 'stopped', breathingDrive: 1 - ramp(s, 5, 40) }),
  },
  'leads-off': {
    title: 'ECG leads off, four minutes in every twenty',
    delayS: 90,
    at: (s) => ({ ecgLeads: comesAndGoes(s, 4 * MINUTE, 20 * MINUTE) ? 'off' : 'on' }),
  },
  'leads-storm': {
    title: 'ECG electrodes that come loose and hold again, for ten minutes in every hour',
    delayS: 5 * MINUTE,
    // Off for a minute and a half, on for twenty seconds: a restless patient.
    at: (s) => ({ ecgLeads: comesAndGoes(s, 10 * MINUTE, HOUR) && comesAndGoes(s, 90, 110) ? 'off' : 'on' }),
  },
  'probe-off': {
    title: 'oximeter probe off, three minutes in every fifteen',
    delayS: 120,
    at: (s) => ({ oximeter: comesAndGoes(s, 3 * MINUTE, 15 * MINUTE) ? 'off' : 'on' }),
  },
  'cable-pulled': {
    title: 'cable pulled, two minutes in every thirty',
    delayS: 6 * MINUTE,
    at: (s) => ({ cable: comesAndGoes(s, 2 * MINUTE, 30 * MINUTE) ? 'pulled' : 'plugged' }),
  },
  'monitor-rebooted': {
    title: 'monitor restarted, every thirty minutes',
    delayS: 4 * MINUTE,
    at: (s) => {
      const since = s % (30 * MINUTE)
      if (since < REBOOT_OFF_S) return { power: 'off' }
      return since < REBOOT_OFF_S + CLOCK_UNSET_S ? { monitorClock: 'unset' } : {}
    },
  },
} as const satisfies Record<string, Recipe>

export type ScenarioName = keyof typeof SCENARIOS
export const SCENARIO_NAMES: readonly string[] = Object.keys(SCENARIOS)

export type Scenario = { readonly name: ScenarioName; readonly delayS: number }

const isScenarioName = (name: string): name is ScenarioName => Object.hasOwn(SCENARIOS, name)

/** `name` or `name@seconds`, where the seconds replace the scenario's own delay. Null for what is neither. */
export function parseScenario(text: string): Scenario | null {
  const [name = '', delay, ...rest] = text.split('@')
  if (!isScenarioName(name) || rest.length > 0) return null
  if (delay === undefined) return { name, delayS: SCENARIOS[name].delayS }
  return /^\d{1,7}$/.test(delay) ? { name, delayS: Number(delay) } : null
}

/** What is wrong at second `second` of the ward. */
export function insultAt(scenario: Scenario, second: number): Insult {
  const since = second - scenario.delayS
  return since < 0 || scenario.name === 'stable' ? HEALTH : { ...HEALTH, ...SCENARIOS[scenario.name].at(since) }
}
