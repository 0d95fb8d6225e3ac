/** What the monitor's labels mean: which metric a pressure line, a thermometer or an ECG lead feeds (DRI Specification, tables of label fields). */

import { type Metric, metricOfCode } from '#driver'

/** @throws RangeError when the metrics table lost a row that this driver lives by. */
export function row(mdc: number): Metric {
  const metric = metricOfCode(mdc)
  if (metric === undefined) throw new RangeError(`no metric has the code ${mdc}`)
  return metric
}

/** `pulse`: whether the pulse that is counted in this line is the patient's. A part that is null is not passed on. */
export type PressureLine = {
  readonly name: string
  readonly systolic: Metric | null
  readonly diastolic: Metric | null
  readonly mean: Metric | null
  readonly pulse: boolean
  /** Reference id of its waveform. */
  readonly wave: string
}

const GENERIC_WAVE = 'MDC_PRESS_BLD'
const arterial = (name: string, first: number, wave: string): PressureLine => ({
  name, systolic: row(first), diastolic: row(first + 1), mean: row(first + 2), pulse: true, wave,
})
const venous = (name: string, mean: Metric | null, wave = GENERIC_WAVE): PressureLine => ({ name, systolic: null, diastolic: null, mean, pulse: false, wave })

const INTRACRANIAL = row(153611)
/**
 * Femoral and umbilical arterial lines are blood pressures without a site of their own in the metrics table. Lines that carry
 * their connector's name only (P1 to P8) may be anything, a central vein too: they are no blood pressure here.
 */
const PRESSURE_LINES: ReadonlyMap<number, PressureLine> = new Map([
  [1, arterial('ART', 150033, 'MDC_PRESS_BLD_ART')],
  [2, venous('CVP', row(150087), 'MDC_PRESS_BLD_VEN_CENT')],
  [3, { ...arterial('PA', 150045, 'MDC_PRESS_BLD_ART_PULM'), pulse: false }],
  [4, venous('RAP', null)],
  [5, venous('RVP', null)],
  [6, venous('LAP', null)],
  [7, venous('ICP', INTRACRANIAL, 'MDC_PRESS_INTRA_CRAN')],
  [8, arterial('ABP', 150037, 'MDC_PRESS_BLD_ART_ABP')],
  [16, arterial('FEM', 150017, GENERIC_WAVE)],
  [17, arterial('UAC', 150017, GENERIC_WAVE)],
  [18, venous('UVC', null)],
  [19, venous('ICP2', INTRACRANIAL, 'MDC_PRESS_INTRA_CRAN')],
])
export const pressureLineOf = (label: number): PressureLine => PRESSURE_LINES.get(label) ?? venous(`label ${label}`, null)

/** Airway, ambient and unnamed thermometers are not in it: none may pass for the patient's temperature. A bladder has no metric of its own. */
const THERMOMETERS: ReadonlyMap<number, Metric> = new Map([
  [1, row(150372)], [2, row(150380)], [3, row(150392)], [4, row(188420)], [5, row(150344)], [6, row(188496)], [7, row(150388)],
  [15, row(150368)], [16, row(150388)],
])
export const thermometerOf = (label: number): Metric | null => THERMOMETERS.get(label) ?? null

/** Where a number called heart rate comes from (bits 3 to 6 of the ECG status). */
export type RateSource = 'none' | 'ecg' | 'pressure' | 'oximeter' | 'unlisted'
const RATE_SOURCES: readonly RateSource[] = ['none', 'ecg', 'pressure', 'pressure', 'pressure', 'pressure', 'oximeter', 'pressure', 'pressure', 'ecg']
export const rateSourceOf = (status: number): RateSource => RATE_SOURCES[(status >>> 3) & 0xf] ?? 'unlisted'

/** One ECG lead: reference id of its waveform, and the metric of its ST deviation. */
export type Lead = { readonly wave: string; readonly st: Metric | null }
const NO_LEAD: Lead = { wave: 'MDC_ECG_ELEC_POTL', st: null }
const lead = (name: string, st: number): Lead => ({ wave: `MDC_ECG_ELEC_POTL_${name}`, st: row(st) })
/** The chest electrode may stand anywhere from V1 to V6: its ST has no metric. */
const LEADS: readonly Lead[] = [
  NO_LEAD, lead('I', 131841), lead('II', 131842), lead('III', 131901), lead('AVR', 131902), lead('AVL', 131903), lead('AVF', 131904),
  { wave: 'MDC_ECG_ELEC_POTL_V', st: null },
]
/** `channel` 1 to 3: four bits of the label each, the first channel's the highest. */
export const leadOf = (label: number, channel: number): Lead => LEADS[(label >>> ((3 - channel) * 4)) & 0xf] ?? NO_LEAD
