/**
 * The monitors' own code table: ISO/IEEE 11073-10101 codes and units as public messages show them, written down apart
 * from the gateway's table on purpose. A wrong code in one of the two is found by the other; one shared table would agree
 * with itself.
 */

/** Unit as PCD-01 writes it (OBX-6) and as UCUM. */
export type Unit = { readonly mdc: string; readonly ucum: string }

export const UNITS = {
  percent: { mdc: '262688^MDC_DIM_PERCENT^MDC', ucum: '%' },
  beats: { mdc: '264864^MDC_DIM_BEAT_PER_MIN^MDC', ucum: '/min' },
  breaths: { mdc: '264928^MDC_DIM_RESP_PER_MIN^MDC', ucum: '/min' },
  mmHg: { mdc: '266016^MDC_DIM_MMHG^MDC', ucum: 'mm[Hg]' },
  celsius: { mdc: '268192^MDC_DIM_DEGC^MDC', ucum: 'Cel' },
} as const satisfies Record<string, Unit>

/** One parameter of a monitor. `decimals` as its screen shows them. */
export type Code = { readonly code: number; readonly reference: string; readonly unit: Unit; readonly decimals: number }

export const CODES = {
  heartRate: { code: 147842, reference: 'MDC_ECG_HEART_RATE', unit: UNITS.beats, decimals: 0 },
  breaths: { code: 151562, reference: 'MDC_RESP_RATE', unit: UNITS.breaths, decimals: 0 },
  saturation: { code: 150456, reference: 'MDC_PULS_OXIM_SAT_O2', unit: UNITS.percent, decimals: 0 },
  pulse: { code: 149530, reference: 'MDC_PULS_OXIM_PULS_RATE', unit: UNITS.beats, decimals: 0 },
  perfusion: { code: 150488, reference: 'MDC_BLD_PERF_INDEX', unit: UNITS.percent, decimals: 2 },
  systolic: { code: 150033, reference: 'MDC_PRESS_BLD_ART_SYS', unit: UNITS.mmHg, decimals: 0 },
  diastolic: { code: 150034, reference: 'MDC_PRESS_BLD_ART_DIA', unit: UNITS.mmHg, decimals: 0 },
  mean: { code: 150035, reference: 'MDC_PRESS_BLD_ART_MEAN', unit: UNITS.mmHg, decimals: 0 },
  temperature: { code: 150344, reference: 'MDC_TEMP', unit: UNITS.celsius, decimals: 1 },
  carbonDioxide: { code: 151708, reference: 'MDC_CONC_AWAY_CO2_ET', unit: UNITS.mmHg, decimals: 0 },
  nibpSystolic: { code: 150021, reference: 'MDC_PRESS_BLD_NONINV_SYS', unit: UNITS.mmHg, decimals: 0 },
  nibpDiastolic: { code: 150022, reference: 'MDC_PRESS_BLD_NONINV_DIA', unit: UNITS.mmHg, decimals: 0 },
  nibpMean: { code: 150023, reference: 'MDC_PRESS_BLD_NONINV_MEAN', unit: UNITS.mmHg, decimals: 0 },
  cuffSystolic: { code: 150301, reference: 'MDC_PRESS_CUFF_SYS', unit: UNITS.mmHg, decimals: 0 },
  cuffDiastolic: { code: 150302, reference: 'MDC_PRESS_CUFF_DIA', unit: UNITS.mmHg, decimals: 0 },
  cuffMean: { code: 150303, reference: 'MDC_PRESS_CUFF_MEAN', unit: UNITS.mmHg, decimals: 0 },
  abpSystolic: { code: 150037, reference: 'MDC_PRESS_BLD_ART_ABP_SYS', unit: UNITS.mmHg, decimals: 0 },
  abpDiastolic: { code: 150038, reference: 'MDC_PRESS_BLD_ART_ABP_DIA', unit: UNITS.mmHg, decimals: 0 },
  abpMean: { code: 150039, reference: 'MDC_PRESS_BLD_ART_ABP_MEAN', unit: UNITS.mmHg, decimals: 0 },
} as const satisfies Record<string, Code>

/** Device rows of a containment tree: `MDC_DEV_*` of the same standard, with the place they take in OBX-4. */
export const CONTAINERS = {
  monitor: '69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC',
  ecg: '69798^MDC_DEV_ECG_VMD^MDC',
  pressure: '69854^MDC_DEV_METER_PRESS_BLD_VMD^MDC',
  pressureChannel: '69855^MDC_DEV_METER_PRESS_BLD_CHAN^MDC',
  oximeter: '69642^MDC_DEV_ANALY_SAT_O2_VMD^MDC',
  oximeterChannel: '69643^MDC_DEV_ANALY_SAT_O2_CHAN^MDC',
  thermometer: '69902^MDC_DEV_METER_TEMP_VMD^MDC',
  thermometerChannel: '69903^MDC_DEV_METER_TEMP_CHAN^MDC',
} as const
