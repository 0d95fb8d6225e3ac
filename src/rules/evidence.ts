/** What, besides NEWS2, says that a patient gets worse: SIRS, low pressure, lactate, failing organs. Shared by the screens. */

import type { Gathered } from './inputs.ts'
import { freshLab, type Lab } from './labs.ts'
import type { AlertPolicy } from './policy.ts'
import { printed, roundHalfUp } from './rounding.ts'
import type { ScoreResult } from './scores/result.ts'
import type { View } from './watcher.ts'

/** CMS SEP-1. */
const SBP_LOW = 90
const MAP_LOW = 65
const FALL = 40
/** SSC 2021; septic shock from 4. */
const LACTATE_RAISED = 2
export const LACTATE_SHOCK = 4

export type Findings = {
  readonly news2: ScoreResult
  readonly sirs: ScoreResult
  readonly sbp: number | null
  readonly map: number | null
  readonly temperature: number | null
  /** mmol/L. */
  readonly lactate: number | null
}

const whole = (value: number | undefined, decimals = 0): number | null => (value === undefined ? null : roundHalfUp(value, decimals))

export const findingsOf = ({ inputs, news2, sirs }: Gathered): Findings => ({
  news2, sirs, sbp: whole(news2.rejected['sbp'] === undefined ? inputs.sbp : undefined), map: whole(inputs.map),
  temperature: whole(inputs.temperature, 1), lactate: inputs.lactate ?? null,
})

export type Margin = { readonly sbp: number; readonly map: number; readonly fall: number }
export const NO_MARGIN: Margin = { sbp: 0, map: 0, fall: 0 }

export function isPressureLow({ sbp, map }: Findings, usual: number | null, margin: Margin = NO_MARGIN): boolean {
  if ((sbp !== null && sbp < SBP_LOW + margin.sbp) || (map !== null && map < MAP_LOW + margin.map)) return true
  return sbp !== null && usual !== null && roundHalfUp(usual - sbp, 0) > FALL - margin.fall
}

/** `SBP 84 mmHg`, `MAP 58 mmHg`, `SBP 45 mmHg below usual`: what of the pressure is low. */
export function lowPressure({ sbp, map }: Findings, usual: number | null): readonly string[] {
  const fall = sbp === null || usual === null ? null : roundHalfUp(usual - sbp, 0)
  return [
    sbp !== null && sbp < SBP_LOW ? [`SBP ${sbp} mmHg`] : [],
    map !== null && map < MAP_LOW ? [`MAP ${map} mmHg`] : [],
    fall !== null && fall > FALL ? [`SBP ${fall} mmHg below usual`] : [],
  ].flat()
}

export const raisedLactate = ({ lactate }: Findings): readonly string[] =>
  (lactate !== null && lactate > LACTATE_RAISED ? [`lactate ${printed(lactate, 1)} mmol/L`] : [])
export const metSirs = ({ sirs }: Findings, atLeast: number): readonly string[] => (sirs.min >= atLeast ? [`SIRS ${sirs.min} of 4`] : [])

export const isSupported = (findings: Findings, usual: number | null, { supportSirs }: AlertPolicy): boolean =>
  findings.sirs.min >= supportSirs || isPressureLow(findings, usual) || (findings.lactate !== null && findings.lactate > LACTATE_RAISED)

/** What supports a NEWS2 of 5 or 6, so that it need not stand long: in words; empty when nothing does. */
export const supportOf = (findings: Findings, usual: number | null, { supportSirs }: AlertPolicy): readonly string[] =>
  [...metSirs(findings, supportSirs), ...lowPressure(findings, usual), ...raisedLactate(findings)]

/** Organ dysfunction as CMS SEP-1 counts it, where the laboratory was heard; beyond it is failing. */
const FAILING: readonly { readonly lab: Lab; readonly word: string; readonly fails: (value: number) => boolean }[] = [
  { lab: 'creatinine', word: 'creatinine', fails: (value) => value > 2 },
  { lab: 'bilirubin', word: 'bilirubin', fails: (value) => value > 2 },
  { lab: 'platelets', word: 'platelets', fails: (value) => value < 100 },
]

export function failingOrgans({ memory: { labs }, at }: View): readonly string[] {
  return FAILING.flatMap(({ lab, word, fails }) => {
    const known = freshLab(labs, lab, at)
    return known !== undefined && fails(known.value) ? [`${word} ${printed(known.value, known.metric.decimals)} ${known.metric.unit}`] : []
  })
}
