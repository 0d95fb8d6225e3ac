/**
 * SIRS criteria, ACCP/SCCM 1992. All comparisons are strict: 38.0, 90 and 20 do not count. Full: 0 to 4; vital signs
 * only: 0 to 3. Either of two findings meets the respiratory and the white-cell criterion, so one normal finding leaves
 * them open while the other is missing.
 */

import { roundHalfUp } from '../rounding.ts'
import { adultGate, believe, type Believed } from './inputs.ts'
import { between, certain, type Item, notApplicable, type Score, sumOf, unknown } from './result.ts'

/** Names of the inputs of one criterion and whether each is met; undefined: missing. */
type Findings = Readonly<Record<string, boolean | undefined>>

function criterion(part: string, findings: Findings): Item {
  const all = Object.values(findings)
  if (all.includes(true)) return certain(part, 1)
  const missing = Object.keys(findings).filter((name) => findings[name] === undefined)
  if (missing.length === 0) return certain(part, 0)
  return missing.length === all.length ? unknown(part, 1, missing) : between(part, 0, 1, missing)
}

const rounded = (value: number | undefined, decimals: number, met: (rounded: number) => boolean): boolean | undefined =>
  value === undefined ? undefined : met(roundHalfUp(value, decimals))

function vitalFindings({ values }: Believed) {
  return {
    temperature: rounded(values.temperature, 1, (celsius) => celsius < 36.0 || celsius > 38.0),
    pulse: rounded(values.pulse, 0, (perMinute) => perMinute > 90),
    rr: rounded(values.rr, 0, (perMinute) => perMinute > 20),
  }
}

const full = { id: 'sirs', version: '1' }
export const sirs: Score = {
  ...full,
  title: 'SIRS (1992), with laboratory values',
  score(inputs) {
    const believed = believe(inputs)
    const why = adultGate(believed)
    if (why !== null) return notApplicable(full, why, 4, believed)
    const { paco2, wbc, bands } = believed.values
    const { temperature, pulse, rr } = vitalFindings(believed)
    const items = [
      criterion('temperature', { temperature }),
      criterion('pulse', { pulse }),
      criterion('rr', { rr, paco2: paco2 === undefined ? undefined : paco2 < 32 }),
      criterion('wbc', { wbc: wbc === undefined ? undefined : wbc > 12 || wbc < 4, bands: bands === undefined ? undefined : bands > 10 }),
    ]
    return sumOf(full, items, believed)
  },
}

const vitals = { id: 'sirs-vitals', version: '1' }
export const sirsVitals: Score = {
  ...vitals,
  title: 'SIRS (1992), vital signs only',
  score(inputs) {
    const believed = believe(inputs)
    const why = adultGate(believed)
    if (why !== null) return notApplicable(vitals, why, 3, believed)
    const { temperature, pulse, rr } = vitalFindings(believed)
    return sumOf(vitals, [criterion('temperature', { temperature }), criterion('pulse', { pulse }), criterion('rr', { rr })], believed)
  },
}
