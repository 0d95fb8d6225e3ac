/** Beds, the stays in them, and what is known of each right now. */

import { type BedId, type DeviceId, bedId } from '../domain/ids.ts'
import type { Observation, Snapshot } from '../domain/observation.ts'
import { type MonoMs, type WallMs, monoMs } from '../domain/time.ts'
import { associationLimits, pumpLimits } from '../limits.ts'
import type { StayContext, StayRecord } from '../seams.ts'

/** The newest observation of one metric and channel, and when it came. */
export type Latest = { observation: Observation; /** On the clock that never steps. */ measuredAt: MonoMs; device: DeviceId }

export type Bed = {
  readonly id: BedId
  readonly label: string
  readonly population: StayContext['population']
  stay: StayRecord | null
  /** Who last said whose values these are, and when. */
  assertedBy: { readonly device: DeviceId; readonly at: MonoMs } | null
  /** Values that are stored under this bed were measured between these, wall ms; Infinity and -Infinity where there are none. */
  rowsFrom: number
  rowsTo: number
  /** The newest value of each device at this bed, corrected wall ms. */
  readonly newest: Map<DeviceId, number>
  /** When each device last named a patient. */
  readonly named: Map<DeviceId, MonoMs>
  readonly latest: Map<string, Latest>
  /** By device: which of them stood at each place of its last snapshot. */
  readonly order: Map<DeviceId, (Latest | null)[]>
}

export const freshContext = (population: StayContext['population']): StayContext => ({
  population,
  spo2Scale: 1,
  onOxygen: null,
  consciousness: null,
  infectionSuspected: false,
})

type BedSetting = { readonly id: string; readonly label: string; readonly population?: StayContext['population'] | undefined }

export function createBeds(settings: readonly BedSetting[], restored: readonly StayRecord[], population: StayContext['population']): ReadonlyMap<BedId, Bed> {
  return new Map<BedId, Bed>(
    settings.map((setting) => {
      const id = bedId(setting.id)
      const stay = restored.findLast((record) => record.bed === id && record.closedAt === null) ?? null
      const rows = { rowsFrom: Infinity, rowsTo: -Infinity, newest: new Map(), latest: new Map(), order: new Map() }
      return [id, { id, label: setting.label, population: setting.population ?? population, stay, assertedBy: null, named: new Map(), ...rows }]
    }),
  )
}

/** Another stay holds the bed from `since` on: what was measured before is not its own, and the new patient inherits nothing. */
export function holdBy(bed: Bed, stay: StayRecord | null, since: number): void {
  bed.stay = stay
  bed.order.clear()
  for (const [key, { observation }] of bed.latest) if (stay === null || observation.correctedAt < since) bed.latest.delete(key)
}

/** Devices that named a patient at this bed within the time that a word holds. */
export const namingDevices = ({ named }: Bed, now: { readonly at: MonoMs }): readonly DeviceId[] =>
  [...named].flatMap(([device, at]) => (now.at - at < associationLimits.wordHoldMs ? [device] : []))

/** When the values of a message were measured, corrected wall ms, ends included; null where it has none. */
export function spanOf(observations: readonly Observation[]): { readonly from: number; readonly to: number } | null {
  let from = Infinity
  let to = -Infinity
  for (const { correctedAt } of observations) {
    if (correctedAt < from) from = correctedAt
    if (correctedAt > to) to = correctedAt
  }
  return to === -Infinity ? null : { from, to }
}

/** Values of this time are stored under this bed. */
export function hasRows(bed: Bed, device: DeviceId, { from, to }: { readonly from: number; readonly to: number }): void {
  bed.rowsFrom = Math.min(bed.rowsFrom, from)
  bed.rowsTo = Math.max(bed.rowsTo, to)
  bed.newest.set(device, Math.max(bed.newest.get(device) ?? -Infinity, to))
}

export const keyOf = (observation: Observation): string => (observation.channel === '' ? observation.metric.id : `${observation.metric.id} ${observation.channel}`)

/** What is known of a bed right now, as its devices said it: for rules that begin with a stay. */
export function latestSnapshots(bed: Bed, stay: StayRecord, now: { readonly wall: WallMs; readonly at: MonoMs }): readonly Snapshot[] {
  const byDevice = new Map<DeviceId, Observation[]>()
  for (const { device, observation } of bed.latest.values()) byDevice.set(device, [...(byDevice.get(device) ?? []), observation])
  return [...byDevice].map(([device, observations]) => ({ device, bed: bed.id, stay: stay.id, receivedAt: now.wall, at: now.at, sentAt: null, observations }))
}

/** Keeps what is newest: a backlog never overwrites a later value, and a wall clock that is set back freezes none. */
export function remember(bed: Bed, { device, at, receivedAt, observations }: Snapshot): void {
  let order = bed.order.get(device)
  if (order === undefined) bed.order.set(device, (order = []))
  for (let place = 0; place < observations.length; place++) {
    const observation = observations[place]
    if (observation === undefined || (observation.flags.length > 0 && observation.flags.includes('history'))) continue
    const measuredAt = monoMs(at - (receivedAt - observation.correctedAt))
    let latest = order[place] ?? null
    if (latest === null || latest.observation.metric !== observation.metric || latest.observation.channel !== observation.channel) {
      latest = latestOf(bed, { observation, measuredAt, device })
      if (place < pumpLimits.valuesPerBedMax) order[place] = latest
    }
    if (latest === null || latest.measuredAt > measuredAt) continue
    latest.observation = observation
    latest.measuredAt = measuredAt
    latest.device = device
  }
}

/** null when there are too many already. */
function latestOf({ latest }: Bed, added: Latest): Latest | null {
  const key = keyOf(added.observation)
  const known = latest.get(key)
  if (known !== undefined) return known
  if (latest.size >= pumpLimits.valuesPerBedMax) return null
  latest.set(key, added)
  return added
}
