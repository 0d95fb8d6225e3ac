/** The ward as the page knows it: a fold over what the gateway sends. */

import type { AlertView, BedView, DeviceView, GatewayView, ServerMessage, You } from '../api/wire.ts'
import type { FirstSeen } from './freshness.ts'

export type WardState = {
  readonly you: You
  readonly gateway: GatewayView
  /** In the order of the ward. */
  readonly beds: readonly BedView[]
  /** Open alerts, by id. */
  readonly alerts: ReadonlyMap<string, AlertView>
  readonly devices: readonly DeviceView[]
  /** The open alert of the sentinel bed: it is none of the ward's. */
  readonly sentinel: AlertView | null
  /** Bed id, then value key. */
  readonly firstSeen: ReadonlyMap<string, ReadonlyMap<string, FirstSeen>>
}

type SeenOfBed = ReadonlyMap<string, FirstSeen>

function seenOf(bed: BedView, before: SeenOfBed | undefined, now: number): SeenOfBed {
  return new Map(bed.values.map((value) => {
    const seen = before?.get(value.key)
    return [value.key, seen?.at === value.at ? seen : { at: value.at, now }]
  }))
}

const isOpen = (alert: AlertView): boolean => alert.state !== 'inactive'

/**
 * The ward after one message, received at page time `now`. Only a snapshot can begin it. What a reconnect brings again with
 * the same time of measurement keeps its first sight: reloading does not make a number younger.
 */
export function foldMessage(state: WardState | null, message: ServerMessage, now: number): WardState | null {
  switch (message.type) {
    case 'snapshot':
      return {
        you: message.you,
        gateway: message.gateway,
        beds: message.beds,
        alerts: new Map(message.alerts.filter(isOpen).map((alert) => [alert.id, alert])),
        devices: message.devices,
        sentinel: message.sentinel ?? null,
        firstSeen: new Map(message.beds.map((bed) => [bed.id, seenOf(bed, state?.firstSeen.get(bed.id), now)])),
      }
    case 'waves':
      return state
    case 'heartbeat':
      return state && { ...state, gateway: message.gateway, devices: message.devices }
    case 'beds': {
      if (state === null) return null
      const changed = new Map(message.beds.map((bed) => [bed.id, bed]))
      const known = new Set(state.beds.map((bed) => bed.id))
      const firstSeen = new Map(state.firstSeen)
      for (const bed of message.beds) firstSeen.set(bed.id, seenOf(bed, state.firstSeen.get(bed.id), now))
      return {
        ...state,
        beds: [...state.beds.map((bed) => changed.get(bed.id) ?? bed), ...message.beds.filter((bed) => !known.has(bed.id))],
        firstSeen,
      }
    }
    case 'alerts': {
      if (state === null) return null
      const alerts = new Map(state.alerts)
      for (const alert of message.alerts) {
        if (isOpen(alert)) alerts.set(alert.id, alert)
        else alerts.delete(alert.id)
      }
      const sentinel = message.sentinel === undefined ? state.sentinel : isOpen(message.sentinel) ? message.sentinel : null
      return { ...state, alerts, sentinel }
    }
  }
}

/** Devices at a bed, as the last heartbeat told; a bed's own list is older. */
export const devicesOf = (state: WardState, bed: string): readonly DeviceView[] => state.devices.filter((device) => device.bed === bed)
