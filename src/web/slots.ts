/** Which of a bed's values stand on its tile, and where. */

import type { BedView, ValueView } from '../api/wire.ts'
import { ageOf, type FirstSeen, type Freshness, type Moment, valueFreshness } from './freshness.ts'

/** One value with how far it may be believed. */
export type Judged = { readonly value: ValueView; readonly ageMs: number; readonly freshness: Freshness }

export function judgeValues(bed: BedView, seen: ReadonlyMap<string, FirstSeen> | undefined, moment: Moment): readonly Judged[] {
  return bed.values.map((value) => {
    const ageMs = ageOf(value.at, seen?.get(value.key) ?? null, moment)
    return { value, ageMs, freshness: valueFreshness(value, ageMs, moment) }
  })
}

/** Of several sources of one thing the first is shown that has a number; the order is that of the metrics table. */
const HR = ['MDC_ECG_HEART_RATE', 'MDC_PULS_OXIM_PULS_RATE', 'MDC_BLD_PULS_RATE_INV', 'MDC_PULS_RATE', 'MDC_PULS_RATE_NON_INV']
const SPO2 = ['MDC_PULS_OXIM_SAT_O2', 'MDC_PULS_OXIM_SAT_O2_PRE_DUCTAL', 'MDC_PULS_OXIM_SAT_O2_POST_DUCTAL']
const RR = ['MDC_CO2_RESP_RATE', 'MDC_AWAY_RESP_RATE', 'MDC_RESP_RATE', 'MDC_TTHOR_RESP_RATE', 'MDC_PULS_OXIM_PLETH_RESP_RATE']
const TEMPERATURE = [
  'MDC_TEMP_CORE', 'MDC_TEMP_BLD', 'MDC_TEMP_ESOPH', 'MDC_TEMP_NASOPH', 'MDC_TEMP_RECT', 'MDC_TEMP_TYMP', 'MDC_TEMP_ORAL', 'MDC_TEMP', 'MDC_TEMP_AXIL',
]
const PRESSURES = ['MDC_PRESS_BLD_ART', 'MDC_PRESS_BLD_ART_ABP', 'MDC_PRESS_BLD', 'MDC_PRESS_BLD_NONINV', 'MDC_PRESS_CUFF']

export const SLOT_METRICS = { hr: HR, spo2: SPO2, rr: RR, temperature: TEMPERATURE } as const
export type SlotName = keyof typeof SLOT_METRICS
export const SLOT_TITLES: Readonly<Record<SlotName, string>> = { spo2: 'SpO₂', hr: 'HR', rr: 'RR', temperature: 'Temp' }

/** What stands over a number on a tile: `RR imp` is an RR there, the panel says the rest. */
export const cellTitle = (slot: string, label: string): string => (slot === 'hr' || slot === 'rr' ? (label.split(' ')[0] ?? label) : label)

/** A number that is live goes before one that is stale, and that before a reason why there is none. */
function worth({ value, freshness }: Judged): number {
  if (freshness === 'gone') return 3
  if (value.value.kind === 'absent') return 2
  return freshness === 'stale' ? 1 : 0
}

const best = (candidates: readonly Judged[]): Judged | null =>
  candidates.reduce<Judged | null>((chosen, next) => (chosen === null || worth(next) < worth(chosen) ? next : chosen), null)

export function slotValue(judged: readonly Judged[], name: SlotName): Judged | null {
  return best(SLOT_METRICS[name].flatMap((metric) => judged.filter((candidate) => candidate.value.metric === metric)))
}

/** Systolic, diastolic and mean of one source, measured together. */
export type Pressure = { readonly label: string; readonly unit: string; readonly sys: Judged | null; readonly dia: Judged | null; readonly mean: Judged | null }

function pressureOf(judged: readonly Judged[], family: string): Pressure | null {
  const of = (suffix: string): Judged | null => judged.find((candidate) => candidate.value.metric === `${family}_${suffix}`) ?? null
  const [sys, dia, mean] = [of('SYS'), of('DIA'), of('MEAN')]
  const first = sys ?? mean ?? dia
  return first && { label: first.value.label.replace(/ [sdm]$/, ''), unit: first.value.unit, sys, dia, mean }
}

/** The part by which a pressure is judged: the one the rules rest on first. */
export const leadOf = (pressure: Pressure): Judged | null => pressure.sys ?? pressure.mean ?? pressure.dia

/** The arterial line before the cuff, as long as it has a number. */
export function pressureSlot(judged: readonly Judged[]): Pressure | null {
  const found = PRESSURES.flatMap((family) => pressureOf(judged, family) ?? [])
  const worthOf = (pressure: Pressure): number => {
    const lead = leadOf(pressure)
    return lead === null ? 4 : worth(lead)
  }
  return found.reduce<Pressure | null>((chosen, next) => (chosen === null || worthOf(next) < worthOf(chosen) ? next : chosen), null)
}

/** Whether all three parts were measured at one time, so that one age speaks for them. */
export const isOfOneTime = ({ sys, dia, mean }: Pressure): boolean => {
  const times = [sys, dia, mean].flatMap((part) => part?.value.at ?? [])
  return times.every((at) => at === times[0])
}
