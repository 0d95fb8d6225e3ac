/**
 * National PEWS England (NHS England SPOT programme, 2023): published thresholds of the four age charts. 0 to 26.
 * Temperature and consciousness are triggers of their own on these charts and score nothing.
 */

import { roundHalfUp } from '../rounding.ts'
import { believe, onOxygen, type Believed, type ScoreInputs } from './inputs.ts'
import { type Bands, banded, between, certain, type Item, notApplicable, pointsIn, type Score, sumOf, unknown } from './result.ts'

type Chart = { readonly untilYears: number; readonly rr: Bands; readonly pulse: Bands; readonly sbp: Bands }

/** By calendar birthday: under 1, 1 to 4, 5 to 12, 13 and over. */
const CHARTS: readonly Chart[] = [
  {
    untilYears: 1,
    rr: [[9, 4], [19, 2], [29, 1], [49, 0], [59, 1], [69, 2], [Infinity, 4]],
    pulse: [[79, 4], [89, 2], [109, 1], [149, 0], [169, 1], [179, 2], [Infinity, 4]],
    sbp: [[49, 4], [59, 2], [69, 1], [89, 0], [99, 1], [109, 2], [Infinity, 4]],
  },
  {
    untilYears: 5,
    rr: [[9, 4], [19, 2], [39, 0], [49, 1], [59, 2], [Infinity, 4]],
    pulse: [[59, 4], [69, 2], [89, 1], [139, 0], [149, 1], [169, 2], [Infinity, 4]],
    sbp: [[49, 4], [59, 2], [79, 1], [99, 0], [119, 1], [129, 2], [Infinity, 4]],
  },
  {
    untilYears: 13,
    rr: [[9, 4], [14, 2], [19, 1], [24, 0], [39, 1], [49, 2], [Infinity, 4]],
    pulse: [[59, 4], [69, 2], [79, 1], [119, 0], [139, 1], [159, 2], [Infinity, 4]],
    sbp: [[69, 4], [79, 2], [89, 1], [109, 0], [119, 1], [129, 2], [Infinity, 4]],
  },
  {
    untilYears: 18,
    rr: [[9, 4], [14, 1], [24, 0], [29, 1], [39, 2], [Infinity, 4]],
    pulse: [[49, 4], [59, 2], [69, 1], [99, 0], [119, 1], [129, 2], [Infinity, 4]],
    sbp: [[79, 4], [89, 2], [99, 1], [119, 0], [129, 1], [139, 2], [Infinity, 4]],
  },
]

const SPO2: Bands = [[91, 4], [94, 1], [Infinity, 0]]
const DISTRESS = { none: 0, mild: 1, moderate: 2, severe: 4 } as const
const OXYGEN_MAX = 4
const TOTAL_MAX = 26

const percentPoints = (percent: number): number => (percent < 16 ? 0 : percent < 30 ? 1 : percent < 50 ? 2 : 4)
const flowPoints = (litresPerMinute: number): number => (litresPerMinute < 0.01 ? 0 : litresPerMinute < 2 ? 1 : litresPerMinute < 6 ? 2 : 4)

/** The higher of device and level (requirement C17.11). High flow and positive pressure score 4 at any level; air scores 0. */
function oxygenItem(values: ScoreInputs): Item {
  const { device, oxygenFlow, oxygenPercent, fio2 } = values
  if (device === 'high-flow' || device === 'cpap' || device === 'bipap') return certain('oxygen', OXYGEN_MAX)
  if (device === 'air') return certain('oxygen', 0)
  const percent = oxygenPercent ?? (fio2 === undefined ? undefined : fio2 * 100)
  const levels = [percent === undefined ? [] : percentPoints(percent), oxygenFlow === undefined ? [] : flowPoints(oxygenFlow)].flat()
  if (device !== undefined) return levels.length > 0 ? certain('oxygen', Math.max(...levels)) : between('oxygen', 0, OXYGEN_MAX, ['oxygenFlow'])
  if (onOxygen(values) === false) return certain('oxygen', 0)
  if (levels.length > 0) return between('oxygen', Math.max(...levels), OXYGEN_MAX, Math.max(...levels) === OXYGEN_MAX ? [] : ['device'])
  return onOxygen(values) === true ? between('oxygen', 0, OXYGEN_MAX, ['device', 'oxygenFlow']) : unknown('oxygen', OXYGEN_MAX)
}

/** The charts leave 2 to 3 seconds undefined: it stays open. */
function crtItem(seconds: number | undefined): Item {
  if (seconds === undefined) return unknown('crt', 2)
  return seconds <= 2 ? certain('crt', 0) : seconds >= 3 ? certain('crt', 2) : between('crt', 0, 2, ['crt'])
}

function whyNot({ values, rejected }: Believed): string | null {
  if (rejected['ageYears'] !== undefined) return `age ${rejected['ageYears']}: no age chart`
  if (values.ageYears === undefined) return 'no age: an adult is assumed'
  return values.ageYears >= 18 ? '18 years or over: use NEWS2' : null
}

const identity = { id: 'pews', version: '1' }

export const pews: Score = {
  ...identity,
  title: 'National PEWS England (2023)',
  score(inputs) {
    const believed = believe(inputs)
    const { values } = believed
    const ageYears = values.ageYears
    const chart = ageYears === undefined ? undefined : CHARTS.find(({ untilYears }) => ageYears < untilYears)
    if (chart === undefined) return notApplicable(identity, whyNot(believed) ?? 'no age chart', TOTAL_MAX, believed, ageYears === undefined ? ['ageYears'] : [])
    const items = [
      banded('rr', values.rr, chart.rr),
      values.respiratoryDistress === undefined ? unknown('respiratoryDistress', 4) : certain('respiratoryDistress', DISTRESS[values.respiratoryDistress]),
      values.spo2 === undefined ? unknown('spo2', 4) : certain('spo2', pointsIn(SPO2, roundHalfUp(values.spo2, 0))),
      oxygenItem(values),
      banded('pulse', values.pulse, chart.pulse),
      banded('sbp', values.sbp, chart.sbp),
      crtItem(values.crt),
    ]
    return sumOf(identity, items, believed)
  },
}
