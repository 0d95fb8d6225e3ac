/**
 * A reading with all that the gateway adds: device, bed, stay and three times. Observations that arrived together from
 * one device are one Snapshot, which is also one row of the store.
 */

import type { BedId, DeviceId, StayId } from './ids.ts'
import type { Reading } from './reading.ts'
import { type MonoMs, type WallMs, wallMs } from './time.ts'

/** A reading with its corrected time: the best guess at gateway wall time, true within ± `boundMs`. */
export type Observation = Reading & { readonly correctedAt: WallMs; readonly boundMs: number }

export type Snapshot = {
  readonly device: DeviceId
  /** null: the device is not bound to a bed. Kept and shown, never guessed. */
  readonly bed: BedId | null
  /** Whose values these are: the stay that held the bed when they were measured. */
  readonly stay: StayId | null
  /** Gateway wall time of arrival. */
  readonly receivedAt: WallMs
  /** The same instant on the clock that never steps: what rules count with. */
  readonly at: MonoMs
  /** When the device says it sent this, on its own clock (MSH-7); null when it does not say. */
  readonly sentAt: WallMs | null
  /** Nothing on its way would have noticed a changed byte (a serial line without checksum): a limit waits for two that agree. */
  readonly unchecked?: true
  readonly observations: readonly Observation[]
}

export type SnapshotTimes = { readonly receivedAt: WallMs; readonly sentAt: WallMs | null; readonly deviceAt: WallMs | null }

/** Transport from monitor to gateway, in milliseconds, that a correction allows for. */
export const TRANSPORT_BOUND_MS = 1_000

/** What is known of a message's way and of the clock that timed it (rules/device-time.ts). */
export type Timing = {
  /** It came so much later than a live one would have. */
  readonly lateMs: number
  /** Its times may be wrong by so much: it is late, or the clock was set. */
  readonly uncertainMs: number
  /** The newest time in it, where the device does not say when it sent, and its clock is known: stands for that. */
  readonly saidAt: WallMs | null
}

/**
 * How old a value was when it left the device, in milliseconds, on the device's own clock: a wrong device clock cancels.
 * 0 when the device does not say, or claims to have measured in the future of its own message.
 */
export const ageAtSending = ({ sentAt, deviceAt }: SnapshotTimes): number =>
  sentAt === null || deviceAt === null ? 0 : Math.max(0, sentAt - deviceAt)

/**
 * Corrected time of one value. With a sending time the device's clock error cancels and the bound is transport alone.
 * Without one, a device time is believed when it lies within the transport bound of arrival; else arrival is the best
 * guess, and the bound says how far the device's own claim is from it.
 */
export function correct(times: SnapshotTimes): { readonly correctedAt: WallMs; readonly boundMs: number } {
  const { receivedAt, sentAt, deviceAt } = times
  if (deviceAt === null) return { correctedAt: receivedAt, boundMs: TRANSPORT_BOUND_MS }
  if (sentAt !== null) return { correctedAt: wallMs(receivedAt - ageAtSending(times)), boundMs: TRANSPORT_BOUND_MS }
  const apartMs = Math.abs(receivedAt - deviceAt)
  return apartMs <= TRANSPORT_BOUND_MS ? { correctedAt: deviceAt, boundMs: TRANSPORT_BOUND_MS } : { correctedAt: receivedAt, boundMs: apartMs }
}

/** The same, with what is known of the way. */
function correctKnowing(times: SnapshotTimes, timing: Timing | undefined): ReturnType<typeof correct> {
  if (timing === undefined) return correct(times)
  const { lateMs, uncertainMs, saidAt } = timing
  const receivedAt = lateMs === 0 ? times.receivedAt : wallMs(times.receivedAt - lateMs)
  const found = correct({ receivedAt, sentAt: times.sentAt ?? saidAt, deviceAt: times.deviceAt })
  return uncertainMs > found.boundMs ? { correctedAt: found.correctedAt, boundMs: uncertainMs } : found
}

/** Readings that arrived together, each with its corrected time. Most carry one device time: it is corrected once. */
export function observed(readings: readonly Reading[], times: { readonly receivedAt: WallMs; readonly sentAt: WallMs | null }, timing?: Timing): readonly Observation[] {
  const { receivedAt, sentAt } = times
  let last = correctKnowing({ receivedAt, sentAt, deviceAt: null }, timing)
  let lastAt: WallMs | null = null
  return readings.map(({ metric, measurement, channel, deviceAt, flags }) => {
    if (deviceAt !== lastAt) {
      last = correctKnowing({ receivedAt, sentAt, deviceAt }, timing)
      lastAt = deviceAt
    }
    // Written out, for a spread costs four times as much and this runs once for every reading.
    return { metric, measurement, channel, deviceAt, flags, correctedAt: last.correctedAt, boundMs: last.boundMs }
  })
}
