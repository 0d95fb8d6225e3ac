/** NEWS2, Royal College of Physicians, December 2017. 0 to 20. Adults of 16 and over who are not pregnant. */

import { adultGate, believe, onOxygen, type ScoreInputs } from './inputs.ts'
import { type Bands, banded, between, certain, type Item, notApplicable, type Score, sumOf, unknown } from './result.ts'

const RR: Bands = [[8, 3], [11, 1], [20, 0], [24, 2], [Infinity, 3]]
const SPO2_SCALE_1: Bands = [[91, 3], [93, 2], [95, 1], [Infinity, 0]]
const SPO2_SCALE_2_AIR: Bands = [[83, 3], [85, 2], [87, 1], [Infinity, 0]]
/** Target 88 to 92 %: on oxygen, above the target is also a warning. */
const SPO2_SCALE_2_OXYGEN: Bands = [[83, 3], [85, 2], [87, 1], [92, 0], [94, 1], [96, 2], [Infinity, 3]]
const SBP: Bands = [[90, 3], [100, 2], [110, 1], [219, 0], [Infinity, 3]]
const PULSE: Bands = [[40, 3], [50, 1], [90, 0], [110, 1], [130, 2], [Infinity, 3]]
const TEMPERATURE: Bands = [[35.0, 3], [36.0, 1], [38.0, 0], [39.0, 1], [Infinity, 2]]
const OXYGEN_POINTS = 2
const NOT_ALERT_POINTS = 3
const TOTAL_MAX = 20

function spo2Item(values: ScoreInputs, oxygen: boolean | undefined): Item {
  if (values.spo2Scale !== 2 || values.spo2 === undefined) return banded('spo2', values.spo2, SPO2_SCALE_1)
  if (oxygen !== undefined) return banded('spo2', values.spo2, oxygen ? SPO2_SCALE_2_OXYGEN : SPO2_SCALE_2_AIR)
  const onAir = banded('spo2', values.spo2, SPO2_SCALE_2_AIR).low
  const onSupply = banded('spo2', values.spo2, SPO2_SCALE_2_OXYGEN).low
  return onAir === onSupply ? certain('spo2', onAir) : between('spo2', onAir, onSupply, ['oxygen'])
}

/** ACVPU where it is given; else the Glasgow scale, where all below 15 is not alert. */
function consciousnessItem({ consciousness, gcs }: ScoreInputs): Item {
  const alert = consciousness !== undefined ? consciousness === 'A' : gcs !== undefined ? gcs >= 15 : undefined
  return alert === undefined ? unknown('consciousness', NOT_ALERT_POINTS) : certain('consciousness', alert ? 0 : NOT_ALERT_POINTS)
}

const identity = { id: 'news2', version: '1' }

export const news2: Score = {
  ...identity,
  title: 'NEWS2 (RCP 2017)',
  score(inputs) {
    const believed = believe(inputs)
    const { values } = believed
    const why = adultGate(believed)
    if (why !== null) return notApplicable(identity, why, TOTAL_MAX, believed)
    const oxygen = onOxygen(values)
    const items = [
      banded('rr', values.rr, RR),
      spo2Item(values, oxygen),
      oxygen === undefined ? unknown('oxygen', OXYGEN_POINTS) : certain('oxygen', oxygen ? OXYGEN_POINTS : 0),
      banded('sbp', values.sbp, SBP),
      banded('pulse', values.pulse, PULSE),
      consciousnessItem(values),
      banded('temperature', values.temperature, TEMPERATURE, 1),
    ]
    return sumOf(identity, items, believed)
  },
}
