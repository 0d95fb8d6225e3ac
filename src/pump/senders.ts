/** Two senders that claim one bed: two devices that send the same variable, or two conversations that pass for one device. Pure. */

import type { BedId, DeviceId } from '../domain/ids.ts'
import type { Reading } from '../domain/reading.ts'
import type { MonoMs } from '../domain/time.ts'
import { associationLimits, pumpLimits } from '../limits.ts'
import type { Device } from './devices.ts'

type Peer = { readonly host: string; readonly firstAt: MonoMs; lastAt: MonoMs }

const isRecent = (at: MonoMs, now: MonoMs): boolean => now - at < associationLimits.twoSendersMs

export class Senders {
  /** Of each bed, by metric: which devices sent it, and when last. */
  readonly #byBed = new Map<BedId, Map<string, Map<DeviceId, MonoMs>>>()
  readonly #peers = new Map<DeviceId, Peer[]>()

  /** A sentence for the nurse where a second sender says the same; null where all is well. `others`: whether more devices stand at this bed. */
  heard(device: Device, readings: readonly Reading[], from: { readonly host: string; readonly others: boolean; readonly now: MonoMs }): string | null {
    const twin = this.#twin(device, from.host, from.now)
    const double = device.bed !== null && from.others ? this.#double(device.bed, device.id, readings, from.now) : null
    if (twin !== null) return `${device.id} sends from two places (${twin} and ${from.host}): two monitors pass for one`
    return double === null ? null : `${device.id} and ${double.device} both send ${double.label} for one bed: which of them is at the patient?`
  }

  /** One that speaks while another does, not one that took its place. */
  #twin({ id }: Device, host: string, now: MonoMs): string | null {
    const peers = this.#peers.get(id) ?? []
    const own = peers.find((peer) => peer.host === host)
    const other = peers.find((peer) => peer.host !== host && isRecent(peer.lastAt, now))
    if (own) own.lastAt = now
    else this.#peers.set(id, [...peers.filter((peer) => isRecent(peer.lastAt, now)).slice(-1), { host, firstAt: now, lastAt: now }])
    return own && other && other.lastAt > own.firstAt && own.lastAt > other.firstAt ? other.host : null
  }

  #double(bed: BedId, device: DeviceId, readings: readonly Reading[], now: MonoMs): { readonly device: DeviceId; readonly label: string } | null {
    let byMetric = this.#byBed.get(bed)
    if (!byMetric) this.#byBed.set(bed, (byMetric = new Map()))
    let found: { readonly device: DeviceId; readonly label: string } | null = null
    for (const { metric, measurement } of readings) {
      if (measurement.kind === 'absent' || metric.kind !== 'periodic') continue
      let devices = byMetric.get(metric.id)
      if (!devices) {
        if (byMetric.size >= pumpLimits.valuesPerBedMax) continue
        byMetric.set(metric.id, (devices = new Map()))
      }
      // Only one that has said it before: a monitor that takes the place of another is heard once beside it.
      const before = devices.get(device)
      devices.set(device, now)
      if (before === undefined || !isRecent(before, now)) continue
      for (const [other, at] of devices) if (other !== device && isRecent(at, now)) found ??= { device: other, label: metric.label }
    }
    return found
  }
}
