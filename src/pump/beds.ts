/** Beds, the stays in them, and what is known of each right now. */

import { type BedId, type DeviceId, type StayId, bedId } from '../domain/ids.ts'
import type { Observation, Snapshot } from '../domain/observation.ts'
import type { PatientIdentity } from '../domain/reading.ts'
import { type MonoMs, type WallMs, monoMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { StayContext, StayRecord } from '../seams.ts'

/** The newest observation of one metric and channel, and when it came. */
export type Latest = { observation: Observation; /** On the clock that never steps. */ measuredAt: MonoMs }

export type Bed = {
  readonly id: BedId
  readonly label: string
  readonly population: StayContext['population']
  stay: StayRecord | null
  /** Who last said whose values these are, and when. */
  assertedBy: { readonly device: DeviceId; readonly at: MonoMs } | null
  readonly latest: Map<string, Latest>
  /** By device: which of them stood at each place of its last snapshot. */
  readonly order: Map<DeviceId, (Latest | null)[]>
}

export type StayChange = { readonly closed: StayRecord | null; readonly opened: StayRecord }

/** Another device may contradict the one that named the patient only after that one has been quiet for so long. */
const ASSERTION_HELD_MS = 60_000

export const freshContext = (population: StayContext['population']): StayContext => ({
  population,
  spo2Scale: 1,
  onOxygen: null,
  consciousness: null,
  infectionSuspected: false,
})

const isNamed = (identity: PatientIdentity | null): identity is PatientIdentity => identity !== null && (identity.mrn !== null || identity.name !== null)

/**
 * Whether a device speaks of the patient of this stay: by record number where both have one, else by name. What cannot be
 * compared (a number here, a name there) is another patient: nobody is guessed.
 */
function speaksOf(said: PatientIdentity, known: PatientIdentity | null): boolean {
  if (!known) return false
  if (said.mrn !== null && known.mrn !== null) return said.mrn === known.mrn
  return said.name !== null && said.name === known.name
}

export type Attribution =
  | { readonly kind: 'stay'; readonly stay: StayRecord; readonly change: StayChange | null }
  /** Two devices at one bed name different patients: nobody is guessed. */
  | { readonly kind: 'conflict'; readonly with: DeviceId }

export function createBeds(
  settings: readonly { readonly id: string; readonly label: string; readonly population?: StayContext['population'] | undefined }[],
  restored: readonly StayRecord[],
  of: { readonly population: StayContext['population']; readonly mintStay: () => StayId },
): ReadonlyMap<BedId, Bed> & { readonly attribute: typeof attribute } {
  const beds = new Map<BedId, Bed>(
    settings.map((setting) => {
      const id = bedId(setting.id)
      const stay = restored.findLast((record) => record.bed === id && record.closedAt === null) ?? null
      return [id, { id, label: setting.label, population: setting.population ?? of.population, stay, assertedBy: null, latest: new Map(), order: new Map() }]
    }),
  )

  /**
   * Whose values are these? The stay that holds the bed, as long as what the device says of its patient agrees. A device
   * that names another patient ends the stay and begins one, and the new patient inherits nothing. Identity sent by a
   * device is asserted, not confirmed (IHE PCIM). A device that names nobody speaks of whoever is there.
   */
  function attribute(bed: Bed, device: DeviceId, identity: PatientIdentity | null, now: { readonly wall: WallMs; readonly at: MonoMs }): Attribution {
    const said = isNamed(identity) ? identity : null
    if (bed.stay && (!said || speaksOf(said, bed.stay.identity))) {
      if (said) bed.assertedBy = { device, at: now.at }
      return { kind: 'stay', stay: bed.stay, change: null }
    }
    const other = bed.assertedBy
    if (said && bed.stay && other && other.device !== device && now.at - other.at < ASSERTION_HELD_MS) {
      return { kind: 'conflict', with: other.device }
    }
    const closed = bed.stay ? { ...bed.stay, closedAt: now.wall } : null
    const opened: StayRecord = {
      id: of.mintStay(),
      bed: bed.id,
      identity: said,
      openedAt: now.wall,
      closedAt: null,
      context: freshContext(bed.population),
    }
    bed.stay = opened
    bed.latest.clear()
    bed.order.clear()
    if (said) bed.assertedBy = { device, at: now.at }
    return { kind: 'stay', stay: opened, change: { closed, opened } }
  }

  return Object.assign(beds, { attribute })
}

export const keyOf = (observation: Observation): string => (observation.channel === '' ? observation.metric.id : `${observation.metric.id} ${observation.channel}`)

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
      latest = latestOf(bed, observation, measuredAt)
      if (place < pumpLimits.valuesPerBedMax) order[place] = latest
    }
    if (latest === null || latest.measuredAt > measuredAt) continue
    latest.observation = observation
    latest.measuredAt = measuredAt
  }
}

/** null when there are too many already. */
function latestOf({ latest }: Bed, observation: Observation, measuredAt: MonoMs): Latest | null {
  const key = keyOf(observation)
  const known = latest.get(key)
  if (known !== undefined) return known
  if (latest.size >= pumpLimits.valuesPerBedMax) return null
  const added: Latest = { observation, measuredAt }
  latest.set(key, added)
  return added
}
