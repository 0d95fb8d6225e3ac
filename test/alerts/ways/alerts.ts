/** Alerts for the tests of the ways out. */

import { type Alert, type AlertEvent, foldAlert } from '../../../src/domain/alert.ts'
import { alertId, bedId, stayId } from '../../../src/domain/ids.ts'
import { type WallMs, wallMs } from '../../../src/domain/time.ts'
import type { Notice } from '../../../src/alerts/ways/way.ts'

export const AT = wallMs(Date.UTC(2026, 0, 15, 2, 0, 0))

type Phase = AlertEvent & { kind: 'phase' }

export const phase = (id: string, change: Partial<Phase> = {}): Phase => ({
  kind: 'phase',
  alertId: alertId(id),
  at: AT,
  phase: 'start',
  state: 'active',
  priority: 'high',
  type: 'physiological',
  condition: 'threshold/spo2-low',
  text: 'SpO₂ 84 % below 90',
  because: { rule: 'threshold', version: '1', inputs: [{ name: 'SpO₂', value: 84, unit: '%', at: AT }], limit: null, missing: [] },
  bed: bedId('bed-7'),
  stay: stayId('stay-1'),
  device: null,
  ...change,
})

export const alertOf = (id: string, change: Partial<Phase> = {}): Alert => foldAlert(null, phase(id, change))

export const technical: Partial<Phase> = {
  type: 'technical', priority: 'low', condition: 'technical/sync-behind', text: 'Central is 3 hours behind', bed: null, stay: null,
  because: { rule: 'technical/sync-behind', version: '1', inputs: [], limit: null, missing: [] },
}

export const placeOf = ({ bed }: Alert): string | null => (bed === null ? null : bed.replace('bed-', 'Bed '))

export function noticeOf(alert: Alert, change: Partial<Notice> = {}): Notice {
  return { id: alert.id, alert, phase: 'start', address: '', place: placeOf(alert), text: `${placeOf(alert) ?? 'Ward 3'}: open Vigil`, at: AT satisfies WallMs, ...change }
}
