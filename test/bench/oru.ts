/** The message that the HL7 benches read: a PCD-01 ORU^R01 with 12 values, as a multi-parameter monitor sends it. */

const ROWS: readonly (readonly [number, string, string, string, string])[] = [
  [147842, 'MDC_ECG_HEART_RATE', '1.1.1.147842', '78', '264864^MDC_DIM_BEAT_PER_MIN^MDC'],
  [149530, 'MDC_PULS_OXIM_PULS_RATE', '1.3.1.149530', '77', '264864^MDC_DIM_BEAT_PER_MIN^MDC'],
  [150456, 'MDC_PULS_OXIM_SAT_O2', '1.3.1.150456', '97', '262688^MDC_DIM_PERCENT^MDC'],
  [150488, 'MDC_BLD_PERF_INDEX', '1.3.1.150488', '2.4', '262688^MDC_DIM_PERCENT^MDC'],
  [151562, 'MDC_RESP_RATE', '1.2.1.151562', '16', '264928^MDC_DIM_RESP_PER_MIN^MDC'],
  [150037, 'MDC_PRESS_BLD_ART_ABP_SYS', '1.4.1.150037', '121', '266016^MDC_DIM_MMHG^MDC'],
  [150038, 'MDC_PRESS_BLD_ART_ABP_DIA', '1.4.1.150038', '74', '266016^MDC_DIM_MMHG^MDC'],
  [150039, 'MDC_PRESS_BLD_ART_ABP_MEAN', '1.4.1.150039', '89', '266016^MDC_DIM_MMHG^MDC'],
  [150021, 'MDC_PRESS_BLD_NONINV_SYS', '1.5.1.150021', '124', '266016^MDC_DIM_MMHG^MDC'],
  [150022, 'MDC_PRESS_BLD_NONINV_DIA', '1.5.1.150022', '76', '266016^MDC_DIM_MMHG^MDC'],
  [150023, 'MDC_PRESS_BLD_NONINV_MEAN', '1.5.1.150023', '92', '266016^MDC_DIM_MMHG^MDC'],
  [150344, 'MDC_TEMP', '1.6.1.150344', '36.8', '268192^MDC_DIM_DEGC^MDC'],
]

/** `id`: MSH-10, nine digits, so that a sender can count in place. */
export function oru(sender: string, id: string, mrn = '10001'): string {
  return [
    `MSH|^~\\&|${sender}|WARD|VIGIL|WARD|20260115020000.000+0000||ORU^R01^ORU_R01|${id}|P|2.6|||AL|NE||UNICODE UTF-8|||IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO`,
    `PID|||${mrn}^^^Hospital^PI||Example^Ada^^^^^L`,
    'PV1||I|WARD^^7',
    `OBR|1||${id}^${sender}|182777000^monitoring of patient^SCT|||20260115020000.000+0000`,
    ...ROWS.map(([code, name, channel, value, unit], index) => `OBX|${index + 1}|NM|${code}^${name}^MDC|${channel}|${value}|${unit}|||||R`),
    '',
  ].join('\r')
}

/** The same values as a device sends them over MQTT; the id as above. */
export const readingsJson = (id: string): string =>
  JSON.stringify({ id, at: '2026-01-15T02:00:00Z', readings: ROWS.map(([mdc, , channel, value, unit]) => ({ mdc, value: Number(value), unit: UCUM[unit.split('^')[1] ?? ''], channel })) })

const UCUM: Readonly<Record<string, string>> = { MDC_DIM_BEAT_PER_MIN: '/min', MDC_DIM_RESP_PER_MIN: '/min', MDC_DIM_PERCENT: '%', MDC_DIM_MMHG: 'mm[Hg]', MDC_DIM_DEGC: 'Cel' }

export const framed = (text: string): Buffer => Buffer.from(`\x0b${text}\x1c\r`)
