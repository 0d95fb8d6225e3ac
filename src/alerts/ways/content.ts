/** A notice as JSON, for programs: the body of a webhook, the payload of an MQTT message. */

import { severityOf } from '../../domain/alert.ts'
import { isoOf } from '../../domain/time.ts'
import type { Notice } from './way.ts'
import { isImpersonal } from './words.ts'

export type NoticeContent = {
  readonly schema: 'vigil.alert/1'
  /** The same when it is sent again. */
  readonly notice: string
  readonly alert: string
  readonly gateway: string
  readonly phase: Notice['phase']
  readonly state: 'active' | 'latched' | 'inactive'
  readonly priority: 'high' | 'medium' | 'low'
  readonly severity: 'info' | 'warning' | 'critical'
  readonly type: 'physiological' | 'technical' | 'advisory'
  readonly acknowledged: boolean
  readonly audioPaused: boolean
  readonly bed: string | null
  readonly text: string
  readonly at: string
  readonly startedAt: string
  /** Names what it is about, as in `threshold/spo2-low`; only where the way may carry patient data. */
  readonly condition?: string
}

export function contentOf(notice: Notice, { gatewayId, patientData }: { readonly gatewayId: string; readonly patientData: boolean }): NoticeContent {
  const { alert, phase, place, text, id, at } = notice
  return {
    schema: 'vigil.alert/1',
    notice: id,
    alert: alert.id,
    gateway: gatewayId,
    phase,
    state: alert.state,
    priority: alert.priority,
    severity: severityOf(alert.priority),
    type: alert.type,
    acknowledged: alert.acknowledged !== null,
    audioPaused: alert.audioPaused !== null,
    bed: place,
    text,
    at: isoOf(at),
    startedAt: isoOf(alert.startedAt),
    ...(patientData || isImpersonal(alert) ? { condition: alert.condition } : {}),
  }
}
