/**
 * A tick as one transferable buffer, for a structured clone of snapshots costs more than all the rest. Main packs the
 * readings; the store thread reads just enough to insert them. Little-endian:
 *
 *   u32 snapshots · for each: u32 bytes of readings · i32 crc · u32 stream · double receivedAt · double sentAt (NaN: none) · readings
 *   u32 bytes of JSON (0: nothing else in the tick) · JSON of names, events, stays, messages, quarantined frames and strips ·
 *   the frames' bytes · the strips' packed samples
 */

import { utf8 } from '../codec/bytes.ts'
import type { AlertEvent } from '../domain/alert.ts'
import type { Snapshot } from '../domain/observation.ts'
import type { WatchChange, WatchState } from '../domain/watch.ts'
import { pumpLimits } from '../limits.ts'
import type { MessageIdentity, QuarantinedFrame, Reissue, ReplayedFrame, StayRecord, StoredEvent, Tick } from '../seams.ts'
import { SNAPSHOT_HEAD_BYTES, contentCrc } from './crc.ts'
import { type FactRow, factRow } from './facts.ts'
import type { Names, NewNames } from './names.ts'
import { packReadings } from './packed.ts'
import { Scratch } from './scratch.ts'
import { type StandingRow, standingRow } from './standing.ts'
import { packSamples } from './strip-samples.ts'
import type { PackedStrip } from './strips.ts'

export type EncodedSnapshot = {
  readonly stream: number
  readonly receivedAt: number
  readonly sentAt: number | null
  /** Of head and readings; the row's number is still to enter. */
  readonly crc: number
  readonly readings: Uint8Array
}

export type EncodedEvent = {
  readonly at: number
  readonly kind: 'alert' | 'gateway'
  readonly alertId: string | null
  /** What the event makes of its alert: null where it changes nothing. */
  readonly opens: boolean | null
  readonly body: string
}

export type EncodedFrame = Omit<QuarantinedFrame, 'device'> & { readonly device: string; readonly length: number }

export type EncodedTick = {
  readonly names: NewNames
  readonly snapshots: readonly EncodedSnapshot[]
  readonly events: readonly EncodedEvent[]
  readonly stays: readonly StayRecord[]
  readonly messages: readonly MessageIdentity[]
  readonly quarantined: readonly EncodedFrame[]
  readonly strips: readonly PackedStrip[]
  readonly replayed?: readonly ReplayedFrame[]
  readonly facts?: readonly FactRow[]
  readonly standing?: readonly StandingRow[]
  readonly reissues?: readonly EncodedReissue[]
}

/** `streams`: the number of each device's stream under the right stay. */
export type EncodedReissue = Omit<Reissue, 'devices'> & { readonly streams: readonly (readonly [string, number])[] }

type Rest = {
  readonly names: NewNames
  readonly events: readonly EncodedEvent[]
  readonly stays: readonly StayRecord[]
  readonly messages: readonly MessageIdentity[]
  readonly quarantined: readonly (Omit<EncodedFrame, 'bytes'> & { readonly kept: number })[]
  /** `samples`: how many bytes of them follow. */
  readonly strips: readonly (Omit<PackedStrip, 'samples'> & { readonly samples: number })[]
  readonly replayed?: readonly ReplayedFrame[]
  readonly facts?: readonly FactRow[]
  readonly standing?: readonly StandingRow[]
  readonly reissues?: readonly EncodedReissue[]
}

/** @throws RangeError when a name cannot be numbered (`Names.seriesOf`). */
export function encodeTick(tick: Tick, names: Names, scratch: Scratch = new Scratch()): ArrayBuffer {
  scratch.clear()
  scratch.u32(tick.snapshots.length)
  for (const snapshot of tick.snapshots) {
    const start = scratch.length
    scratch.u32(0)
    scratch.i32(0)
    scratch.u32(names.streamOf(snapshot))
    // Adding 0 makes a zero of minus zero, which SQLite does not keep: the checksum would be wrong.
    scratch.f64(snapshot.receivedAt + 0)
    scratch.f64((snapshot.sentAt ?? Number.NaN) + 0)
    packReadings(scratch, snapshot, (observation) => names.seriesOf(observation))
    scratch.u32At(start, scratch.length - start - 8 - SNAPSHOT_HEAD_BYTES)
    scratch.i32At(start + 4, contentCrc(scratch.since(start + 8)))
  }
  const reissues = tick.reissues?.map((reissue) => encodeReissue(reissue, names))
  encodeRest(tick, { names: names.pending(), reissues }, scratch)
  return scratch.copy()
}

function encodeReissue({ devices, ...reissue }: Reissue, names: Names): EncodedReissue {
  const { bed, stay } = reissue
  return { ...reissue, streams: devices.map((device) => [device, names.streamOf({ device, bed, stay })]) }
}

type Named = { readonly names: NewNames; readonly reissues: readonly EncodedReissue[] | undefined }

function encodeRest(tick: Tick, { names, reissues }: Named, scratch: Scratch): void {
  const { strips = [], replayed = [], facts = [], standing = [] } = tick
  const beside = tick.events.length + tick.stays.length + tick.messages.length + tick.quarantined.length + strips.length + replayed.length + facts.length + standing.length + (reissues?.length ?? 0)
  const isEmpty = beside + names.streams.length + names.series.length === 0
  if (isEmpty) {
    scratch.u32(0)
    return
  }
  const kept = tick.quarantined.map((frame) => frame.bytes.subarray(0, pumpLimits.quarantinedFrameBytesMax))
  const packed = strips.map(({ samples }) => packSamples(samples))
  const json = utf8(
    JSON.stringify({
      names,
      events: tick.events.map(encodeEvent),
      stays: tick.stays,
      messages: tick.messages,
      ...(tick.replayed ? { replayed: tick.replayed } : {}),
      ...(facts.length > 0 ? { facts: facts.map(factRow) } : {}),
      ...(standing.length > 0 ? { standing: standing.map(standingRow) } : {}),
      ...(reissues ? { reissues } : {}),
      quarantined: tick.quarantined.map(({ at, device, peer, why, bytes }, place) => ({
        at, peer, why, device: device ?? '', length: bytes.length, kept: kept[place]?.length ?? 0,
      })),
      strips: strips.map((strip, place) => ({ ...strip, samples: packed[place]?.length ?? 0 })),
    } satisfies Rest),
  )
  scratch.u32(json.length)
  scratch.bytes(json)
  for (const bytes of kept) scratch.bytes(bytes)
  for (const samples of packed) scratch.bytes(samples)
}

function encodeEvent(stored: StoredEvent): EncodedEvent {
  if (stored.kind === 'gateway') {
    return { at: stored.at, kind: 'gateway', alertId: null, opens: null, body: JSON.stringify({ what: stored.what, subject: stored.subject }) }
  }
  // To the table it is an event of no alert; its body says which.
  if (stored.kind === 'given') return { at: stored.at, kind: 'gateway', alertId: null, opens: null, body: JSON.stringify({ what: 'medicine given', given: stored.given, subject: stored.subject }) }
  if (stored.kind === 'delivery') return encodeDelivery(stored)
  if (stored.kind === 'watch') return { at: stored.at, kind: 'gateway', alertId: null, opens: null, body: JSON.stringify({ what: 'watch', watch: packedWatch(stored.changes), subject: stored.subject }) }
  return { at: stored.at, kind: 'alert', alertId: stored.event.alertId, opens: opensAlert(stored.event), body: JSON.stringify(stored.event) }
}

/** Found with its alert, of which it changes nothing. */
function encodeDelivery({ at, delivery, subject }: Extract<StoredEvent, { kind: 'delivery' }>): EncodedEvent {
  const { alertId, way, step, address, by, note } = delivery
  return { at, kind: 'gateway', alertId, opens: null, body: JSON.stringify({ what: 'delivery', delivery: { way, step, address, by, note }, subject }) }
}

/** Bed and stay are the subject's: by the moment from which they hold, rule and state. */
const packedWatch = (changes: readonly WatchChange[]): readonly (readonly [from: number, rule: string, state: WatchState])[] => changes.map(({ from, rule, state }) => [from, rule, state])

/** Whether an event leaves its alert open; null for events that do not say. */
export const opensAlert = (event: AlertEvent): boolean | null => (event.kind === 'phase' ? event.state !== 'inactive' : null)

/** @throws RangeError or SyntaxError when the buffer is not one of `encodeTick`: a bug. */
export function decodeTick(buffer: ArrayBuffer): EncodedTick {
  const view = new DataView(buffer)
  const bytes = Buffer.from(buffer)
  const snapshots: EncodedSnapshot[] = []
  let at = 4
  for (let left = view.getUint32(0, true); left > 0; left--) {
    const end = at + 8 + SNAPSHOT_HEAD_BYTES + view.getUint32(at, true)
    const sentAt = view.getFloat64(at + 20, true)
    snapshots.push({
      crc: view.getInt32(at + 4, true),
      stream: view.getUint32(at + 8, true),
      receivedAt: view.getFloat64(at + 12, true),
      sentAt: Number.isNaN(sentAt) ? null : sentAt,
      readings: bytes.subarray(at + 8 + SNAPSHOT_HEAD_BYTES, end),
    })
    at = end
  }
  return { snapshots, ...decodeRest(bytes, at) }
}

function decodeRest(bytes: Buffer, start: number): Omit<EncodedTick, 'snapshots'> {
  const length = bytes.readUInt32LE(start)
  if (length === 0) return { names: { streams: [], series: [] }, events: [], stays: [], messages: [], quarantined: [], strips: [] }
  let at = start + 4 + length
  const rest: Rest = JSON.parse(bytes.toString('utf8', start + 4, at))
  const quarantined = rest.quarantined.map(({ kept, ...frame }) => {
    const whole = { ...frame, bytes: bytes.subarray(at, at + kept) }
    at += kept
    return whole
  })
  const strips = rest.strips.map((strip) => {
    const whole = { ...strip, samples: bytes.subarray(at, at + strip.samples) }
    at += strip.samples
    return whole
  })
  return { names: rest.names, events: rest.events, stays: rest.stays, messages: rest.messages, quarantined, strips, ...learnedOf(rest) }
}

const learnedOf = ({ replayed, facts, standing, reissues }: Rest): Pick<EncodedTick, 'replayed' | 'facts' | 'standing' | 'reissues'> => ({
  ...(replayed ? { replayed } : {}),
  ...(facts ? { facts } : {}),
  ...(standing ? { standing } : {}),
  ...(reissues ? { reissues } : {}),
})

/** The tick without the snapshots of which a name cannot be numbered; those become frames in quarantine. */
export function withoutUnnameable(tick: Tick, names: Names): Tick {
  const snapshots: Snapshot[] = []
  const quarantined = [...tick.quarantined]
  for (const snapshot of tick.snapshots) {
    try {
      names.streamOf(snapshot)
      for (const observation of snapshot.observations) names.seriesOf(observation)
      snapshots.push(snapshot)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      const { device, receivedAt: at } = snapshot
      quarantined.push({ at, device, peer: 'store', why: `the store cannot name a value of this snapshot: ${error.message}`, bytes: Buffer.from(JSON.stringify(snapshot)) })
    }
  }
  return { ...tick, snapshots, quarantined }
}
