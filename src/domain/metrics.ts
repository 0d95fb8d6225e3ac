/**
 * The one table of metrics. Codes and reference ids: IEEE 11073-10101 (32-bit: partition × 65536 + code); LOINC; UCUM.
 * `parsed`: what a driver may pass on as a value. `scored`: what a rule may believe. Rows marked (m) in `source` rest on
 * memory and want a check against the standard before they are relied on.
 */

export type Range = { readonly low: number; readonly high: number }

/** What a metric says about the patient. Several metrics may feed one variable; the lowest rank is believed first. */
export const VARIABLES = ['hr', 'spo2', 'rr', 'sbp', 'dbp', 'map', 'temperature', 'etco2', 'fio2'] as const
export type Variable = (typeof VARIABLES)[number]

export type Metric = {
  /** 32-bit MDC code. */
  readonly mdc: number
  /** MDC reference id: the metric's name everywhere inside Vigil. */
  readonly id: string
  readonly loinc: string | null
  /** UCUM. A metric has one unit inside Vigil. */
  readonly unit: string
  readonly parsed: Range
  readonly scored: Range
  /** Digits after the point that a nurse reads. */
  readonly decimals: number
  readonly label: string
  /** Periodic: a signal. Episodic: a cuff, a spot check; it stays true for a while. */
  readonly kind: 'periodic' | 'episodic'
  readonly variable: { readonly name: Variable; readonly rank: number } | null
}

type Row = readonly [
  mdc: number, id: string, label: string, loinc: string | null, unit: string,
  parsedLow: number, parsedHigh: number, scoredLow: number, scoredHigh: number, decimals: number,
  kind?: 'periodic' | 'episodic', variable?: Variable, rank?: number,
]

const P = 'mm[Hg]'
const ROWS: readonly Row[] = [
  // Heart rate and pulse. HR 0 is a value: a monitor that says so in asystole must be heard.
  [147842, 'MDC_ECG_HEART_RATE', 'HR', '8867-4', '/min', 0, 300, 20, 300, 0, 'periodic', 'hr', 0],
  [149530, 'MDC_PULS_OXIM_PULS_RATE', 'PR', '8889-8', '/min', 20, 300, 20, 300, 0, 'periodic', 'hr', 1],
  [149522, 'MDC_BLD_PULS_RATE_INV', 'PR art', '8867-4', '/min', 20, 300, 20, 300, 0, 'periodic', 'hr', 2],
  [149514, 'MDC_PULS_RATE', 'Pulse', '8867-4', '/min', 20, 300, 20, 300, 0, 'periodic', 'hr', 3],
  [149546, 'MDC_PULS_RATE_NON_INV', 'PR NIBP', '8867-4', '/min', 20, 300, 20, 300, 0, 'episodic', 'hr', 4],
  [148066, 'MDC_ECG_V_P_C_RATE', 'PVC', null, '/min', 0, 300, 0, 300, 0],
  [148065, 'MDC_ECG_V_P_C_CNT', 'PVCs', null, '{beats}', 0, 10000, 0, 10000, 0],
  // Oxygen saturation and perfusion.
  [150456, 'MDC_PULS_OXIM_SAT_O2', 'SpO₂', '59408-5', '%', 20, 100, 40, 100, 0, 'periodic', 'spo2', 0],
  [160296, 'MDC_PULS_OXIM_SAT_O2_PRE_DUCTAL', 'SpO₂ pre', '59407-7', '%', 20, 100, 40, 100, 0],
  [160300, 'MDC_PULS_OXIM_SAT_O2_POST_DUCTAL', 'SpO₂ post', '59418-4', '%', 20, 100, 40, 100, 0],
  [150324, 'MDC_SAT_O2_ART', 'SaO₂', '2708-6', '%', 20, 100, 40, 100, 0],
  [150488, 'MDC_BLD_PERF_INDEX', 'PI', '61006-3', '%', 0, 30, 0, 30, 2],
  [150448, 'MDC_PULS_OXIM_PERF_REL', 'Perf', null, '{index}', 0, 100, 0, 100, 2],
  // Respiration. 0 is a value: apnoea. No score counts less than 1.
  [151594, 'MDC_CO2_RESP_RATE', 'RR CO₂', '76172-6', '/min', 0, 150, 1, 100, 0, 'periodic', 'rr', 0],
  [151570, 'MDC_AWAY_RESP_RATE', 'awRR', '9279-1', '/min', 0, 150, 1, 100, 0, 'periodic', 'rr', 1],
  [151562, 'MDC_RESP_RATE', 'RR', '9279-1', '/min', 0, 150, 1, 100, 0, 'periodic', 'rr', 2],
  [151578, 'MDC_TTHOR_RESP_RATE', 'RR imp', '9279-1', '/min', 0, 150, 1, 100, 0, 'periodic', 'rr', 3],
  [151658, 'MDC_PULS_OXIM_PLETH_RESP_RATE', 'RRp', '9279-1', '/min', 3, 70, 3, 70, 0, 'periodic', 'rr', 4],
  // Blood pressure: arterial line before cuff.
  [150033, 'MDC_PRESS_BLD_ART_SYS', 'ART s', '76215-3', P, -10, 350, 30, 300, 0, 'periodic', 'sbp', 0],
  [150034, 'MDC_PRESS_BLD_ART_DIA', 'ART d', '76213-8', P, -10, 350, 10, 220, 0, 'periodic', 'dbp', 0],
  [150035, 'MDC_PRESS_BLD_ART_MEAN', 'ART m', '76214-6', P, -10, 350, 15, 250, 0, 'periodic', 'map', 0],
  [150037, 'MDC_PRESS_BLD_ART_ABP_SYS', 'ABP s', '76215-3', P, -10, 350, 30, 300, 0, 'periodic', 'sbp', 1],
  [150038, 'MDC_PRESS_BLD_ART_ABP_DIA', 'ABP d', '76213-8', P, -10, 350, 10, 220, 0, 'periodic', 'dbp', 1],
  [150039, 'MDC_PRESS_BLD_ART_ABP_MEAN', 'ABP m', '76214-6', P, -10, 350, 15, 250, 0, 'periodic', 'map', 1],
  [150017, 'MDC_PRESS_BLD_SYS', 'BP s', '8480-6', P, -10, 350, 30, 300, 0, 'periodic', 'sbp', 2],
  [150018, 'MDC_PRESS_BLD_DIA', 'BP d', '8462-4', P, -10, 350, 10, 220, 0, 'periodic', 'dbp', 2],
  [150019, 'MDC_PRESS_BLD_MEAN', 'BP m', '8478-0', P, -10, 350, 15, 250, 0, 'periodic', 'map', 2],
  [150021, 'MDC_PRESS_BLD_NONINV_SYS', 'NIBP s', '8480-6', P, 30, 300, 30, 300, 0, 'episodic', 'sbp', 3],
  [150022, 'MDC_PRESS_BLD_NONINV_DIA', 'NIBP d', '8462-4', P, 10, 220, 10, 220, 0, 'episodic', 'dbp', 3],
  [150023, 'MDC_PRESS_BLD_NONINV_MEAN', 'NIBP m', '8478-0', P, 20, 260, 20, 250, 0, 'episodic', 'map', 3],
  [150301, 'MDC_PRESS_CUFF_SYS', 'Cuff s', '8480-6', P, 30, 300, 30, 300, 0, 'episodic', 'sbp', 4],
  [150302, 'MDC_PRESS_CUFF_DIA', 'Cuff d', '8462-4', P, 10, 220, 10, 220, 0, 'episodic', 'dbp', 4],
  [150303, 'MDC_PRESS_CUFF_MEAN', 'Cuff m', '8478-0', P, 20, 260, 20, 250, 0, 'episodic', 'map', 4],
  [150045, 'MDC_PRESS_BLD_ART_PULM_SYS', 'PAP s', '8440-0', P, -10, 150, -10, 150, 0],
  [150046, 'MDC_PRESS_BLD_ART_PULM_DIA', 'PAP d', '8385-7', P, -10, 150, -10, 150, 0],
  [150047, 'MDC_PRESS_BLD_ART_PULM_MEAN', 'PAP m', '8414-5', P, -10, 150, -10, 150, 0],
  [150084, 'MDC_PRESS_BLD_VEN_CENT', 'CVP', '60985-9', P, -15, 50, -15, 50, 0],
  [150087, 'MDC_PRESS_BLD_VEN_CENT_MEAN', 'CVP m', '60985-9', P, -15, 50, -15, 50, 0],
  [153608, 'MDC_PRESS_INTRA_CRAN', 'ICP', '60956-0', P, -10, 100, -10, 100, 0],
  [153611, 'MDC_PRESS_INTRA_CRAN_MEAN', 'ICP m', '60956-0', P, -10, 100, -10, 100, 0],
  // Temperature: core sites before surface.
  [150368, 'MDC_TEMP_CORE', 'T core', '8310-5', 'Cel', 20, 45, 25, 45, 1, 'periodic', 'temperature', 0],
  [188436, 'MDC_TEMP_BLD', 'T blood', '8329-5', 'Cel', 20, 45, 25, 45, 1, 'periodic', 'temperature', 1],
  [150372, 'MDC_TEMP_ESOPH', 'T oeso', '8310-5', 'Cel', 20, 45, 25, 45, 1, 'periodic', 'temperature', 2],
  [150380, 'MDC_TEMP_NASOPH', 'T naso', '8310-5', 'Cel', 20, 45, 25, 45, 1, 'periodic', 'temperature', 3],
  [188420, 'MDC_TEMP_RECT', 'T rect', '8332-1', 'Cel', 20, 45, 25, 45, 1, 'periodic', 'temperature', 4],
  [150392, 'MDC_TEMP_TYMP', 'T tymp', '8310-5', 'Cel', 20, 45, 25, 45, 1, 'episodic', 'temperature', 5],
  [188424, 'MDC_TEMP_ORAL', 'T oral', '8329-5', 'Cel', 20, 45, 25, 45, 1, 'episodic', 'temperature', 6],
  [150344, 'MDC_TEMP', 'Temp', '8310-5', 'Cel', 20, 45, 25, 45, 1, 'periodic', 'temperature', 7],
  [188496, 'MDC_TEMP_AXIL', 'T axil', '8328-7', 'Cel', 20, 45, 25, 45, 1, 'episodic', 'temperature', 8],
  [150388, 'MDC_TEMP_SKIN', 'T skin', null, 'Cel', 20, 45, 20, 45, 1],
  // Gas.
  [151708, 'MDC_CONC_AWAY_CO2_ET', 'EtCO₂', '19891-1', P, 0, 150, 0, 150, 0, 'periodic', 'etco2', 0],
  [151712, 'MDC_CONC_AWAY_CO2_EXP', 'CO₂ exp', '19891-1', P, 0, 150, 0, 150, 0, 'periodic', 'etco2', 1],
  [151716, 'MDC_CONC_AWAY_CO2_INSP', 'FiCO₂', null, P, 0, 50, 0, 50, 0],
  [152196, 'MDC_CONC_AWAY_O2_INSP', 'FiO₂', '71835-3', '%', 18, 100, 21, 100, 0, 'periodic', 'fio2', 0],
  // Ventilation.
  [151976, 'MDC_PRESS_AWAY_END_EXP_POS', 'PEEP', '76248-4', 'cm[H2O]', 0, 100, 0, 100, 0],
  [151973, 'MDC_PRESS_AWAY_MAX', 'Ppeak', '76531-3', 'cm[H2O]', 0, 100, 0, 100, 0],
  [151975, 'MDC_PRESS_AWAY_MEAN', 'Pmean', '76530-5', 'cm[H2O]', 0, 100, 0, 100, 0],
  [151980, 'MDC_VOL_AWAY_TIDAL', 'Vt', '76222-9', 'mL', 0, 3000, 0, 3000, 0],
  // Measured by a ventilator (MII ICU IG); 151784 and 151880 from other implementers, what is set is + 2^24 (m).
  [151784, 'MDC_PRESS_RESP_PLAT', 'Pplat', '76259-1', 'cm[H2O]', 0, 100, 0, 100, 0],
  [151880, 'MDC_VOL_MINUTE_AWAY', 'MV', null, 'L/min', 0, 60, 0, 60, 1],
  [152490, 'MDC_VENT_RESP_BTSD_PSAZC_RATE', 'RR vent', '19840-8', '/min', 0, 150, 1, 100, 0, 'periodic', 'rr', 1],
  [152498, 'MDC_VENT_RESP_BTSD_P_RATE', 'RR spont', '19839-0', '/min', 0, 150, 0, 100, 0],
  // Set, or said, by a person: no measurement, so it feeds no rule.
  [16929412, 'MDC_CONC_AWAY_O2_INSP_SETTING', 'FiO₂ set', '19994-3', '%', 18, 100, 21, 100, 0],
  // Heart.
  [150276, 'MDC_OUTPUT_CARD', 'CO', '8741-1', 'L/min', 0.5, 25, 0.5, 25, 1],
  // ST deviation (m).
  [131841, 'MDC_ECG_AMPL_ST_I', 'ST I', null, 'mV', -2, 2, -2, 2, 2],
  [131842, 'MDC_ECG_AMPL_ST_II', 'ST II', null, 'mV', -2, 2, -2, 2, 2],
  [131901, 'MDC_ECG_AMPL_ST_III', 'ST III', null, 'mV', -2, 2, -2, 2, 2],
  [131902, 'MDC_ECG_AMPL_ST_AVR', 'ST aVR', null, 'mV', -2, 2, -2, 2, 2],
  [131903, 'MDC_ECG_AMPL_ST_AVL', 'ST aVL', null, 'mV', -2, 2, -2, 2, 2],
  [131904, 'MDC_ECG_AMPL_ST_AVF', 'ST aVF', null, 'mV', -2, 2, -2, 2, 2],
  [131843, 'MDC_ECG_AMPL_ST_V1', 'ST V1', null, 'mV', -2, 2, -2, 2, 2],
  [131844, 'MDC_ECG_AMPL_ST_V2', 'ST V2', null, 'mV', -2, 2, -2, 2, 2],
  [131847, 'MDC_ECG_AMPL_ST_V5', 'ST V5', null, 'mV', -2, 2, -2, 2, 2],
  // Blood gases (m): codes as IntelliVue has them, of arterial, of venous and of other blood; lactate's code is Philips' own.
  [159748, 'MDC_CONC_PH_ART', 'pH art', '2744-1', '[pH]', 6.3, 8, 6.5, 8, 2, 'episodic'],
  [159796, 'MDC_CONC_PH_VEN', 'pH ven', '2746-6', '[pH]', 6.3, 8, 6.5, 8, 2, 'episodic'],
  [160004, 'MDC_CONC_PH_GEN', 'pH', '11558-4', '[pH]', 6.3, 8, 6.5, 8, 2, 'episodic'],
  [159752, 'MDC_CONC_PCO2_ART', 'PaCO₂', '2019-8', P, 4, 250, 5, 200, 0, 'episodic'],
  [159800, 'MDC_CONC_PCO2_VEN', 'PvCO₂', '2021-4', P, 4, 250, 5, 200, 0, 'episodic'],
  [160064, 'MDC_CONC_PCO2_GEN', 'PCO₂', '11557-6', P, 4, 250, 5, 200, 0, 'episodic'],
  [159756, 'MDC_CONC_PO2_ART', 'PaO₂', '2703-7', P, 1, 800, 10, 700, 0, 'episodic'],
  [159804, 'MDC_CONC_PO2_VEN', 'PvO₂', '2705-2', P, 1, 800, 5, 700, 0, 'episodic'],
  [160116, 'MDC_CONC_PO2_GEN', 'PO₂', '11556-8', P, 1, 800, 5, 700, 0, 'episodic'],
  [160012, 'MDC_CONC_NA_GEN', 'Na⁺', '2947-0', 'mmol/L', 80, 220, 90, 200, 0, 'episodic'],
  [160016, 'MDC_CONC_K_GEN', 'K⁺', '6298-4', 'mmol/L', 0.5, 15, 1, 12, 1, 'episodic'],
  [160020, 'MDC_CONC_GLU_GEN', 'Glucose', '15074-8', 'mmol/L', 0.1, 80, 0.3, 80, 1, 'episodic'],
  [192884, 'NOM_CONC_LACT', 'Lactate', '32693-4', 'mmol/L', 0.1, 50, 0.1, 30, 1, 'episodic'],
  // Laboratory (m): known by LOINC alone. Their codes are our own, of a private partition (1024), as nobody sends them.
  [67108865, 'VIGIL_LAB_CREATININE', 'Creatinine', '2160-0', 'mg/dL', 0.05, 40, 0.1, 30, 2, 'episodic'],
  [67108866, 'VIGIL_LAB_BILIRUBIN', 'Bilirubin', '1975-2', 'mg/dL', 0.05, 80, 0.1, 60, 1, 'episodic'],
  [67108867, 'VIGIL_LAB_PLATELETS', 'Platelets', '777-3', '10*9/L', 0, 3000, 0, 3000, 0, 'episodic'],
  [67108868, 'VIGIL_LAB_LEUKOCYTES', 'WBC', '6690-2', '10*9/L', 0, 500, 0, 500, 1, 'episodic'],
  // Body. 0 means unknown, so 0 is below the parsed range.
  [188736, 'MDC_MASS_BODY_ACTUAL', 'Weight', '29463-7', 'kg', 0.2, 500, 0.2, 500, 1, 'episodic'],
  [188740, 'MDC_LEN_BODY_ACTUAL', 'Height', '8302-2', 'cm', 20, 260, 20, 260, 0, 'episodic'],
]

export const METRICS: readonly Metric[] = ROWS.map(
  ([mdc, id, label, loinc, unit, parsedLow, parsedHigh, scoredLow, scoredHigh, decimals, kind = 'periodic', name, rank = 0]) => ({
    mdc, id, label, loinc, unit, decimals, kind,
    parsed: { low: parsedLow, high: parsedHigh },
    scored: { low: scoredLow, high: scoredHigh },
    variable: name ? { name, rank } : null,
  }),
)

const BY_CODE: ReadonlyMap<number, Metric> = new Map(METRICS.map((metric) => [metric.mdc, metric]))
const BY_ID: ReadonlyMap<string, Metric> = new Map(METRICS.map((metric) => [metric.id, metric]))

export const metricOfCode = (mdc: number): Metric | undefined => BY_CODE.get(mdc)
export const metricOfId = (id: string): Metric | undefined => BY_ID.get(id)

export const within = (range: Range, value: number): boolean => value >= range.low && value <= range.high
