/** The topics of our MQTT schema: `vigil/v1/{device}/readings` and `vigil/v1/{device}/status` (retained; the last will). */

import { type DeviceId, deviceId, isId } from '../domain/ids.ts'

export type Topic = { readonly kind: 'readings'; readonly device: DeviceId } | { readonly kind: 'status'; readonly device: DeviceId } | { readonly kind: 'other' }

export const READINGS_FILTER = 'vigil/v1/+/readings'
export const STATUS_FILTER = 'vigil/v1/+/status'

export function parseTopic(topic: string): Topic {
  const [root, version, device, leaf, ...rest] = topic.split('/')
  if (root !== 'vigil' || version !== 'v1' || device === undefined || rest.length > 0 || !isId(device)) return { kind: 'other' }
  if (leaf === 'readings') return { kind: 'readings', device: deviceId(device) }
  if (leaf === 'status') return { kind: 'status', device: deviceId(device) }
  return { kind: 'other' }
}

/** `online` means up; whatever else a device or its will says means down. */
export const statusOf = (payload: string): 'up' | 'down' => (payload.trim().replaceAll('"', '') === 'online' ? 'up' : 'down')
