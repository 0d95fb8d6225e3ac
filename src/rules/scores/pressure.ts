/** Two quantities derived from pressure. Not scores: `total` is the quantity, to two decimals, and 0 while it is not known. */

import { roundHalfUp } from '../rounding.ts'
import { believe, PLAUSIBLE } from './inputs.ts'
import { certain, type Score, type Scored, sumOf, unknown } from './result.ts'

const DECIMALS = 2

/** Mean arterial pressure in mmHg from the cuff's other two: diastolic plus a third of the pulse pressure. */
export const meanPressure = (sbp: number, dbp: number): number => (sbp + 2 * dbp) / 3

const shockIdentity = { id: 'shock-index', version: '1' }

/** Heart rate over systolic pressure; 0.5 to 0.7 is normal, 0.9 and above is commonly called abnormal. Any age. */
export const shockIndex: Score = {
  ...shockIdentity,
  title: 'Shock index (HR / SBP)',
  score(inputs): Scored {
    const believed = believe(inputs)
    const { pulse, sbp } = believed.values
    if (pulse !== undefined && sbp !== undefined) return sumOf(shockIdentity, [certain('shock-index', roundHalfUp(pulse / sbp, DECIMALS))], believed)
    const most = roundHalfUp((pulse ?? PLAUSIBLE.pulse.high) / (sbp ?? PLAUSIBLE.sbp.low), DECIMALS)
    const missing = [pulse === undefined ? ['pulse'] : [], sbp === undefined ? ['sbp'] : []].flat()
    return sumOf(shockIdentity, [unknown('shock-index', most, missing)], believed)
  },
}

const mapIdentity = { id: 'map', version: '1' }

/** A measured mean pressure where there is one, else the derived one. */
export const map: Score = {
  ...mapIdentity,
  title: 'Mean arterial pressure, mmHg',
  score(inputs): Scored {
    const believed = believe(inputs)
    const { map: mean, sbp, dbp } = believed.values
    if (mean !== undefined) return sumOf(mapIdentity, [certain('map', roundHalfUp(mean, DECIMALS))], believed)
    if (sbp !== undefined && dbp !== undefined) return sumOf(mapIdentity, [certain('map', roundHalfUp(meanPressure(sbp, dbp), DECIMALS))], believed)
    const missing = [sbp === undefined ? ['sbp'] : [], dbp === undefined ? ['dbp'] : []].flat()
    return sumOf(mapIdentity, [unknown('map', PLAUSIBLE.map.high, missing)], believed)
  },
}
