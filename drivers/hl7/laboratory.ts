/** What a laboratory or a blood-gas analyser measures: by LOINC, or by the name that stands in OBX-4. */

import { type Metric, type Unit, metricOfId } from '#driver'

/** What blood it was: also the channel of each reading. Empty: not said. */
export type Specimen = '' | 'arterial' | 'venous' | 'mixed-venous' | 'capillary' | 'other'

/** What a code says of a result beyond its metric. */
export type Laboratory = {
  /** Empty: what OBR-15 says. */
  readonly specimen: Specimen
  /** What its unit must measure; null: whatever converts. */
  readonly quantity: Unit['quantity'] | null
  /** OBX-13 of a result that the analyser stands by; null where that field says something else. */
  readonly passed: string | null
}
export type Analyte = { readonly metric: Metric; readonly laboratory: Laboratory }

type Row = readonly [loinc: string, metric: string, quantity: Unit['quantity'], specimen?: Specimen]

/** LOINC tells apart what is measured in moles and what in grams, and of which blood (m). */
const ROWS: readonly Row[] = [
  ['32693-4', 'NOM_CONC_LACT', 'concentration'],
  ['2524-7', 'NOM_CONC_LACT', 'concentration'],
  ['2518-9', 'NOM_CONC_LACT', 'concentration', 'arterial'],
  ['2519-7', 'NOM_CONC_LACT', 'concentration', 'venous'],
  ['2160-0', 'VIGIL_LAB_CREATININE', 'mass-concentration'],
  ['38483-4', 'VIGIL_LAB_CREATININE', 'mass-concentration'],
  ['14682-9', 'VIGIL_LAB_CREATININE', 'concentration'],
  ['1975-2', 'VIGIL_LAB_BILIRUBIN', 'mass-concentration'],
  ['14631-6', 'VIGIL_LAB_BILIRUBIN', 'concentration'],
  ['777-3', 'VIGIL_LAB_PLATELETS', 'cells'],
  ['26515-7', 'VIGIL_LAB_PLATELETS', 'cells'],
  ['6690-2', 'VIGIL_LAB_LEUKOCYTES', 'cells'],
  ['26464-8', 'VIGIL_LAB_LEUKOCYTES', 'cells'],
  ['2744-1', 'MDC_CONC_PH_ART', 'acidity', 'arterial'],
  ['2746-6', 'MDC_CONC_PH_VEN', 'acidity', 'venous'],
  ['11558-4', 'MDC_CONC_PH_GEN', 'acidity'],
  ['2019-8', 'MDC_CONC_PCO2_ART', 'pressure', 'arterial'],
  ['2021-4', 'MDC_CONC_PCO2_VEN', 'pressure', 'venous'],
  ['11557-6', 'MDC_CONC_PCO2_GEN', 'pressure'],
  ['2703-7', 'MDC_CONC_PO2_ART', 'pressure', 'arterial'],
  ['2705-2', 'MDC_CONC_PO2_VEN', 'pressure', 'venous'],
  ['11556-8', 'MDC_CONC_PO2_GEN', 'pressure'],
  ['2947-0', 'MDC_CONC_NA_GEN', 'concentration'],
  ['6298-4', 'MDC_CONC_K_GEN', 'concentration'],
  ['15074-8', 'MDC_CONC_GLU_GEN', 'concentration'],
]

const BY_LOINC: ReadonlyMap<string, Analyte> = new Map(
  ROWS.flatMap(([loinc, id, quantity, specimen = '']) => {
    const metric = metricOfId(id)
    return metric === undefined ? [] : [[loinc, { metric, laboratory: { specimen, quantity, passed: null } }]]
  }),
)

export const analyteOfLoinc = (code: string): Analyte | undefined => BY_LOINC.get(code)

const gas = (name: string) => (specimen: Specimen): string => `MDC_CONC_${name}_${specimen === 'arterial' ? 'ART' : specimen === 'venous' ? 'VEN' : 'GEN'}`
const always = (id: string) => (): string => id

const IN_PLACE: ReadonlyMap<string, (specimen: Specimen) => string> = new Map([
  ['pH', gas('PH')],
  ['pCO2', gas('PCO2')],
  ['pO2', gas('PO2')],
  ['Na', always('MDC_CONC_NA_GEN')],
  ['Na+', always('MDC_CONC_NA_GEN')],
  ['K', always('MDC_CONC_K_GEN')],
  ['K+', always('MDC_CONC_K_GEN')],
  ['Glu', always('MDC_CONC_GLU_GEN')],
  ['Lac', always('NOM_CONC_LACT')],
])

/** Edan blood-gas analysers: OBX-3 is 0 or 1, the analyte stands in OBX-4, and OBX-13 says whether its check passed. */
export function analyteInPlace(code: string, place: string, specimen: Specimen): Analyte | undefined {
  const metric = code === '0' || code === '1' ? metricOfId(IN_PLACE.get(place)?.(specimen) ?? '') : undefined
  return metric && { metric, laboratory: { specimen: '', quantity: null, passed: 'Pass' } }
}

/** OBR-15, in words. The first that fits: mixed venous blood is not that of a vein. */
const SPECIMENS: readonly (readonly [RegExp, Specimen])[] = [
  [/cord|umbil|fet|foet/i, 'other'],
  [/capill/i, 'capillary'],
  [/mixed/i, 'mixed-venous'],
  [/arter/i, 'arterial'],
  [/ven(?:ous|\b)/i, 'venous'],
  // A laboratory says what tube it was, which every sample of it has.
  [/^$|blood|serum|plasma/i, ''],
]

export const specimenOf = (text: string): Specimen => SPECIMENS.find(([pattern]) => pattern.test(text))?.[1] ?? 'other'
