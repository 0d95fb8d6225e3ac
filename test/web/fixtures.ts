/** Small pieces of the wire for tests of the page. */

import type { AlertView, BedView, GatewayView, ServerMessage, ValueView } from '../../src/api/wire.ts'
import { alertId, bedId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import type { Moment } from '../../src/web/freshness.ts'

export const T = 1_700_000_000_000

export const value = (metric: string, change: Partial<ValueView> = {}): ValueView => ({
  metric, key: metric, label: metric, unit: '%', decimals: 0, value: { kind: 'measured', value: 97 }, at: T, staleAfterMs: 15_000, goneAfterMs: 60_000, questionable: false, ...change,
})

export const bed = (id: string, change: Partial<BedView> = {}): BedView => ({
  id, label: id, stay: `stay-${id}`, patient: { name: null, mrn: null, identified: 'none' }, devices: [], values: [], news2: null,
  context: { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false }, ...change,
})

export const alert = (id: string, change: Partial<AlertView> = {}): AlertView => ({
  id: alertId(id), bed: bedId('7'), stay: null, device: null, bedLabel: '7', condition: 'threshold/spo2-low', state: 'active', priority: 'high', type: 'physiological',
  text: 'SpO₂ 84 % below 88', because: { rule: 'threshold', version: '1', inputs: [], limit: null, missing: [] },
  startedAt: wallMs(T), changedAt: wallMs(T), acknowledged: null, audioPaused: null, saved: true, ...change,
})

export const gateway: GatewayView = {
  id: 'gateway', ward: 'Ward 4', mode: 'live', version: '0.1.0', speed: 1, store: { kind: 'ok' }, sync: { kind: 'off', lagRows: 0, why: '' },
}

export const snapshot = (beds: readonly BedView[], alerts: readonly AlertView[] = []): ServerMessage => ({
  type: 'snapshot', at: T, you: { name: 'nurse', role: 'nurse' }, gateway, beds, alerts, devices: [],
})

export const acknowledged = { by: 'M. Ferreira', at: wallMs(T) }

export const moment = (change: Partial<Moment> = {}): Moment => ({ now: 1_000, server: T, speed: 1, reception: 'receiving', silentMs: 500, ...change })
