import { describe, expect, it } from 'vitest'
import { aboutOf, limitOf, sensorKeyOf } from '../../src/alerts/about.ts'
import type { Alert, AlertType } from '../../src/domain/alert.ts'
import { deviceId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'

type Said = Pick<Alert, 'condition' | 'type' | 'because' | 'device'>
/** As the pump makes it of a monitor's alarm. */
const monitor = (code: string, source: string, text: string, type: AlertType = 'physiological'): Said => ({
  condition: 'monitor/x', type, device: deviceId('mon-1'),
  because: { rule: 'monitor', version: '1', inputs: [{ name: source === '' ? code : `${code} of ${source}`, value: text, unit: '', at: wallMs(0) }], limit: null, missing: [] },
})
const ours = (condition: string, sensors: readonly (readonly [string, string])[] = []): Said => ({
  condition, type: 'technical', device: null,
  because: { rule: 'r', version: '1', inputs: [], limit: null, missing: [], sensors: sensors.map(([device, metric]) => ({ device: deviceId(device), metric })) },
})

describe('what an alarm of a monitor is about', () => {
  it.each([
    ['MDC_EVT_LO_VAL_LT_LIM', 'MDC_PULS_OXIM_SAT_O2', 'SpO2 low (limit 90)', 'spo2 low'],
    ['MDC_EVT_HI', 'MDC_PRESS_BLD_ART_ABP_SYS', '*** ABPs 171 > 110', 'sbp high'],
    ['MDC_EVT_ECG_ASYSTOLE', 'MDC_ECG_HEART_RATE', 'Asystole', 'hr low'],
    ['MDC_EVT_APNEA', 'MDC_RESP_RATE', 'Apnoea', 'rr low'],
    ['mindray-pds:10033', 'MDC_PULS_OXIM_SAT_O2', 'SpO2 TOO HIGH', 'spo2 high'],
    ['mindray-pds:10999', '', 'Apnea', 'rr low'],
    ['draeger:07', 'MDC_PULS_OXIM_SAT_O2', 'SPO2 TIEF', 'spo2 low'],
    ['ge-s5:HF hoch', '', 'HF hoch', 'hr high'],
    ['ivy-450c:ASYSTOLE', 'HR', 'ASYSTOLE', 'hr low'],
    ['teleicu:tachycardia', 'MDC_ECG_HEART_RATE', 'Tachy Cardia', 'hr high'],
    ['philips:2', 'philips:4BB8', '**SpO₂ 84 < 90', 'spo2 low'],
  ])('%s of %s, %s: %s', (code, source, text, about) => {
    const its = aboutOf(monitor(code, source, text))
    expect(`${its?.variable} ${its?.side}`).toBe(about)
  })

  it.each([
    ['MDC_EVT_ECG_V_TACHY', 'MDC_ECG_HEART_RATE', 'Ventricular Tachycardia'],
    ['philips:9', '', '*** V-Fib/Tach'],
    ['draeger:9A', '', 'DISKONNEKT.'],
    ['nellcor:%SpO2*', 'MDC_PULS_OXIM_SAT_O2', 'SpO2 outside its limits'],
    ['x', 'MDC_PRESS_INTRA_CRAN', 'ICP high'],
    ['ge-s5:AF', '', 'AF tachy'],
  ])('a rhythm, and what names no side or no variable of ours, shares no row: %s of %s, %s', (code, source, text) => {
    expect(aboutOf(monitor(code, source, text))).toBeNull()
  })

  it('a technical alarm says nothing of the patient, whatever its words', () => {
    expect(aboutOf(monitor('x', 'MDC_PULS_OXIM_SAT_O2', 'SpO2 low signal', 'technical'))).toBeNull()
  })
})

describe('the sensor that an alert is about', () => {
  it.each([
    [monitor('philips:274', 'MDC_ECG_ELEC_POTL', 'ECG LEADS OFF', 'technical'), 'mon-1 ecg'],
    [monitor('ivy-450c:LEADS OFF', 'HR', 'LEADS OFF', 'technical'), 'mon-1 ecg'],
    [monitor('MDC_EVT_LEAD_OFF', '', '', 'technical'), 'mon-1 ecg'],
    [monitor('mdil-alert:HardInop', '', '!! ECG LEADS OFF', 'technical'), 'mon-1 ecg'],
    [monitor('draeger:35', '', 'SPO2-SENSOR', 'technical'), 'mon-1 oximeter'],
    [monitor('ge-s5:SpO2-Sensor prüfen', '', 'SpO2-Sensor prüfen', 'advisory'), 'mon-1 oximeter'],
    [monitor('nonin:low-battery', '', 'Low battery', 'technical'), null],
    [monitor('x', '', 'TEMP PROBE OFF', 'technical'), null],
    [monitor('x', 'MDC_ECG_HEART_RATE', 'Asystole'), null],
    [ours('technical/rr-off', [['mon-1', 'MDC_TTHOR_RESP_RATE']]), 'mon-1 ecg'],
    [ours('technical/rr-off', [['mon-1', 'MDC_CO2_RESP_RATE']]), 'mon-1 capnograph'],
    [ours('silence/MDC_PULS_OXIM_PULS_RATE', [['mon-1', 'MDC_PULS_OXIM_PULS_RATE']]), 'mon-1 oximeter'],
    [ours('technical/sbp-off', [['mon-1', 'MDC_PRESS_BLD_NONINV_SYS']]), 'mon-1 MDC_PRESS_BLD_NONINV_SYS'],
    [ours('technical/pulse-differs', [['mon-1', 'MDC_ECG_HEART_RATE'], ['mon-1', 'MDC_PULS_OXIM_PULS_RATE']]), null],
    [ours('technical/rules-faulted'), null],
  ])('%o', (alert, sensor) => {
    expect(sensorKeyOf(alert)).toBe(sensor)
  })
})

it('no beat and no breath are no simple limits', () => {
  expect(limitOf('threshold/hr-low')).toEqual({ variable: 'hr', side: 'low' })
  expect(limitOf('threshold/asystole')).toBeNull()
  expect(limitOf('threshold/spo2-implausible')).toBeNull()
  expect(limitOf('news2/total')).toBeNull()
})
