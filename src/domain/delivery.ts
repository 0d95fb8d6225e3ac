/** How far an alert came: a receipt of each step, on our own screens and on each way out. */

import type { AlertEvent } from './alert.ts'
import type { AlertId } from './ids.ts'
import type { WallMs } from './time.ts'

/** Raised, sent (the next station has it), delivered (it reached a person's device), displayed, accepted. */
export const DELIVERY_STEPS = ['raised', 'sent', 'delivered', 'displayed', 'accepted', 'failed'] as const
export type DeliveryStep = (typeof DELIVERY_STEPS)[number]

/** A receipt: how far an alert came on one way. */
export type Delivery = {
  readonly alertId: AlertId
  readonly at: WallMs
  /** Id of the way; `vigil` for what is raised, `screen` for our own pages. */
  readonly way: string
  readonly step: DeliveryStep
  readonly address: string
  /** Who saw or accepted it, as the far end says; null when it does not. */
  readonly by: string | null
  /** Why it failed; the number that the far end gave it. */
  readonly note: string | null
}

export const RAISED_WAY = 'vigil'
export const SCREEN_WAY = 'screen'

/** That an alert was raised, and acknowledged here, are events of the alert itself. Null: this one is no receipt. */
export function impliedBy(event: AlertEvent): Delivery | null {
  const { alertId, at } = event
  const here = { alertId, at, address: '', note: null }
  if (event.kind === 'phase' && event.phase === 'start') return { ...here, way: RAISED_WAY, step: 'raised', by: null }
  return event.kind === 'acknowledged' ? { ...here, way: SCREEN_WAY, step: 'accepted', by: event.by } : null
}

/** Those are not written twice. */
export const isImplied = ({ way, step }: Delivery): boolean => way === RAISED_WAY || (way === SCREEN_WAY && step === 'accepted')
