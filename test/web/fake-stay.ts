/** Sets of vital signs and limits of the made-up ward, from the very rules. */

import type { FrozenView, LimitsView, ObservedView } from '../../src/api/stay-wire.ts'
import { OBSERVED_METRICS, OBSERVED_NAMES, type ObservedName } from '../../src/domain/confirmed.ts'
import { VARIABLES } from '../../src/domain/metrics.ts'
import { LIMIT_SIDES, type StayLimit } from '../../src/domain/stay-limit.ts'
import { observationLimits } from '../../src/limits.ts'
import { envelopeOf, signatureBelow } from '../../src/rules/envelope.ts'
import { DEFAULT_PROFILES, withoutDrafts } from '../../src/rules/profile.ts'
import { news2 } from '../../src/rules/scores/news2.ts'
import { unitWord } from '../../src/rules/words.ts'
import { bedViews, type Scene } from './fake-ward.ts'

const SOURCES: Readonly<Record<ObservedName, readonly string[]>> = {
  rr: ['MDC_TTHOR_RESP_RATE'], spo2: ['MDC_PULS_OXIM_SAT_O2'], sbp: ['MDC_PRESS_BLD_ART_ABP_SYS', 'MDC_PRESS_BLD_NONINV_SYS'], pulse: ['MDC_ECG_HEART_RATE', 'MDC_PULS_OXIM_PULS_RATE'], temperature: ['MDC_TEMP'],
}

export function frozenView(place: number, scene: Scene, at: number): FrozenView {
  const bed = bedViews(scene, at)[place]
  const values = OBSERVED_NAMES.flatMap((name) => {
    const found = SOURCES[name].flatMap((metric) => bed?.values.find((value) => value.metric === metric) ?? [])[0]
    if (found?.value.kind !== 'measured') return []
    return [{ name, label: found.label, device: `monitor-${place + 1}`, value: Number(found.value.value.toFixed(found.decimals)), at: found.at, isDoubtful: found.questionable, isTimeUncertain: false }]
  })
  const rangeOf = (name: ObservedName) => {
    const { scored: { low, high }, decimals, unit } = OBSERVED_METRICS[name]
    return { low, high, decimals, unit: unitWord(unit) }
  }
  return {
    at, values, missing: OBSERVED_NAMES.filter((name) => !values.some((value) => value.name === name)), spo2Scale: 1,
    ranges: { rr: rangeOf('rr'), spo2: rangeOf('spo2'), sbp: rangeOf('sbp'), pulse: rangeOf('pulse'), temperature: rangeOf('temperature') },
  }
}

type Sent = { readonly takenAt: number; readonly values: Readonly<Record<string, { readonly value: number; readonly frozen?: number | null }>>; readonly onOxygen?: boolean; readonly consciousness?: 'A' | 'C' | 'V' | 'P' | 'U' }

export function observedView({ takenAt, values, onOxygen, consciousness }: Sent, confirmedAt: number, by: string): ObservedView {
  const numbers = Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value]))
  const { total, min, max, complete, missing, parts } = news2.score({ ...numbers, oxygen: onOxygen, consciousness })
  return {
    takenAt, confirmedAt, by, total, min, max, complete, missing, parts, takeBackUntil: confirmedAt + observationLimits.takeBackMs,
    values: { ...numbers, ...(onOxygen === undefined ? {} : { onOxygen }), ...(consciousness === undefined ? {} : { consciousness }) },
    corrected: Object.entries(values).flatMap(([name, { value, frozen }]) => (frozen === undefined ? [] : [{ name, from: frozen, to: value }])),
  }
}

export function limitsView(own: readonly StayLimit[]): LimitsView {
  const [all, acting] = [DEFAULT_PROFILES.adult, withoutDrafts(DEFAULT_PROFILES).adult]
  const rows = VARIABLES.flatMap((variable) => LIMIT_SIDES.flatMap((side) => {
    const envelope = envelopeOf('adult', variable, side)
    const ward = all.variables[variable]?.[side][0]
    return envelope === null ? [] : [{
      variable, side, unit: variable === 'temperature' ? '°C' : variable === 'spo2' ? '%' : variable === 'hr' || variable === 'rr' ? '/min' : 'mmHg', ...envelope, signedBelow: signatureBelow('adult', variable, side), isDraft: ward !== undefined && acting.variables[variable] === undefined,
      ward: ward === undefined ? null : { beyond: ward.beyond, priority: ward.priority, delaySeconds: ward.delaySeconds }, stay: own.findLast((limit) => limit.variable === variable && limit.side === side) ?? null,
    }]
  }))
  return {
    population: 'adult', ward: { name: 'adult', setBy: 'adult profile', signedBy: null }, limits: rows,
    proposals: [{ variable: 'hr', side: 'low', beyond: 62, now: 45, widens: false, median: 78, values: 58 }, { variable: 'rr', side: 'high', beyond: 34, now: 30, widens: true, median: 23, values: 58 }],
  }
}
