/** Central's tables, read as an attacker reads them: all that there is of each stay. */

import { type Call, NUMBER } from './attacker-ward.ts'

export type Stay = {
  readonly subject: string
  /** For the judge. */
  readonly number: number
  readonly release: string
  /** Names in the metadata. */
  readonly envelope: readonly string[]
  readonly together: number
  /** Number, arrival and bytes of each call with something of it. */
  readonly calls: readonly number[]
  readonly arrived: readonly number[]
  readonly sizes: readonly number[]
  /** Of its events in their calls, 0 to 1. */
  readonly places: readonly number[]
  readonly keys: readonly string[]
  readonly streams: readonly string[]
  readonly alerts: readonly string[]
  /** Of its values, as they are shown, in order. */
  readonly times: readonly number[]
  readonly minutes: number
  /** At which hour it began, if hearts are slowest at midnight. */
  readonly hour: number
}

type Event = {
  readonly eventType?: string; readonly key: string; readonly partitionKey?: string; readonly patientId?: string; readonly streamId?: string; readonly timestamp?: string
  readonly data?: { readonly metric?: string; readonly t?: readonly number[]; readonly v?: readonly (number | null)[]; readonly alertId?: string }
  readonly metadata?: { readonly details?: { readonly minutes?: number } }
}
type Body = { readonly events: readonly Event[]; readonly metadata: { readonly keyEpoch: string; readonly gatewayId: string; readonly organizationId: string; readonly stays?: number } }
type Gathered = { subject: string; number: number; release: string; envelope: readonly string[]; together: number; minutes: number } & { readonly [Name in 'calls' | 'arrived' | 'sizes' | 'places']: number[] } & { readonly [Name in 'keys' | 'streams' | 'alerts']: Set<string> } & {
  readonly beats: { readonly at: number; readonly value: number }[]
}

export function staysIn(calls: readonly Call[]): readonly Stay[] {
  const stays = new Map<string, Gathered>()
  calls.forEach(({ at, body }, call) => {
    const { events, metadata }: Body = JSON.parse(Buffer.from(body).toString())
    events.forEach((event, place) => {
      const subject = event.partitionKey ?? event.patientId
      if (subject === undefined) return
      const stay = stays.get(subject) ?? begun(subject, metadata)
      stays.set(subject, stay)
      take(stay, event)
      stay.places.push(place / events.length)
      if (stay.calls.at(-1) === call) return
      stay.calls.push(call)
      stay.arrived.push(at)
      stay.sizes.push(body.length)
    })
  })
  return [...stays.values()].map(({ keys, streams, alerts, beats, ...rest }) => {
    const inOrder = beats.toSorted((a, b) => a.at - b.at)
    return { ...rest, keys: [...keys], streams: [...streams], alerts: [...alerts], times: inOrder.map(({ at }) => at), hour: hourOf(inOrder), minutes: rest.minutes || ((inOrder.at(-1)?.at ?? 0) - (inOrder[0]?.at ?? 0)) / 60_000 }
  })
}

const begun = (subject: string, { keyEpoch, gatewayId, organizationId, stays = 0 }: Body['metadata']): Gathered => ({
  subject, number: 0, release: keyEpoch, envelope: [keyEpoch, gatewayId, organizationId], together: stays, minutes: 0,
  calls: [], arrived: [], sizes: [], places: [], keys: new Set(), streams: new Set(), alerts: new Set(), beats: [],
})

function take(stay: Gathered, { key, streamId, timestamp, data, metadata }: Event): void {
  stay.keys.add(key)
  if (streamId !== undefined) stay.streams.add(streamId)
  if (data?.alertId !== undefined) stay.alerts.add(data.alertId)
  stay.minutes = metadata?.details?.minutes ?? stay.minutes
  if (data?.metric === NUMBER) stay.number = data.v?.[0] ?? 0
  else data?.t?.forEach((t, place) => stay.beats.push({ at: Date.parse(timestamp ?? '') + t, value: data.v?.[place] ?? 0 }))
}

/** The phase of the rhythm of a day that fits best. */
function hourOf(beats: readonly { readonly at: number; readonly value: number }[]): number {
  const first = beats[0]?.at ?? 0
  const average = beats.reduce((sum, { value }) => sum + value, 0) / Math.max(1, beats.length)
  let best = { hour: 0, fit: Number.NEGATIVE_INFINITY }
  for (let hour = 0; hour < 24; hour += 0.5) {
    const shape = beats.map(({ at }) => -Math.cos((((at - first) / 3_600_000 + hour) / 24) * 2 * Math.PI))
    const middle = shape.reduce((sum, one) => sum + one, 0) / Math.max(1, shape.length)
    let [cross, spread] = [0, 1e-9]
    beats.forEach(({ value }, place) => {
      const high = (shape[place] ?? 0) - middle
      cross += (value - average) * high
      spread += high * high
    })
    const fit = cross / Math.sqrt(spread)
    if (fit > best.fit) best = { hour, fit }
  }
  return best.hour
}
