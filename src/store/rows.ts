/**
 * Rows back into the nouns of the house, each checked against its CRC first. What does not check out is damage, with a
 * reason: it is reported, and never shown as a value.
 */

import type { Database, Statement } from 'better-sqlite3'
import type { AlertEvent, AlertSubject } from '../domain/alert.ts'
import type { Delivery } from '../domain/delivery.ts'
import { type BedId, type DeviceId, type StayId, alertId, bedId, deviceId, stayId } from '../domain/ids.ts'
import { type Metric, metricOfId } from '../domain/metrics.ts'
import type { Observation, Snapshot } from '../domain/observation.ts'
import type { MedicationGiven } from '../domain/reading.ts'
import { type WallMs, monoMs, wallMs } from '../domain/time.ts'
import type { WatchState } from '../domain/watch.ts'
import { storeLimits } from '../limits.ts'
import type { MessageIdentity, StayContext, StayRecord, StoredEvent } from '../seams.ts'
import { rowCrc, snapshotCrc } from './crc.ts'
import { type SeriesRow, type StreamRow, seriesCrc, streamCrc } from './names.ts'
import { type PackedReading, unpackReadings } from './packed.ts'
import { readerQueries } from './queries.ts'

/** A row that cannot be believed. */
export type Damage = {
  readonly table: 'snapshot' | 'event' | 'stay' | 'patient' | 'message' | 'open_alert' | 'quarantine' | 'strip' | 'stream' | 'series' | 'mark' | 'fact' | 'revision' | 'reissue' | 'standing'
  readonly row: number | string
  readonly why: string
}

export type SnapshotRow = {
  readonly seq: number
  readonly stream: number
  readonly receivedAt: number
  readonly sentAt: number | null
  readonly readings: Uint8Array
  readonly crc: number
}
export type EventRow = {
  readonly seq: number
  readonly at: number
  readonly kind: string
  readonly alertId: string | null
  readonly body: string
  readonly crc: number
}
export type StayRow = {
  readonly id: string
  readonly bed: string
  readonly patient: number | null
  readonly openedAt: number
  readonly closedAt: number | null
  readonly context: string
  readonly crc: number
  readonly mrn: string | null
  readonly name: string | null
  readonly patientCrc: number | null
}

export type Stream = { readonly device: DeviceId; readonly bed: BedId | null; readonly stay: StayId | null }
export type Series = { readonly metric: Metric; readonly channel: string }

/** A snapshot whose bytes are right, with its readings still under the numbers of their series. */
export type CheckedSnapshot = { readonly receivedAt: WallMs; readonly sentAt: WallMs | null; readonly readings: readonly PackedReading[] }

type Checked<Value> = { readonly kind: 'good'; readonly value: Value } | { readonly kind: 'damaged'; readonly damage: Damage }

const WRONG_CRC = 'its bytes are not those that were written'

/** Looks names up and remembers them, a bounded number of them. */
export class RowReader {
  readonly #stream: Statement<[{ id: number }], StreamRow>
  readonly #series: Statement<[{ id: number }], SeriesRow>
  readonly #metricOf: (id: string) => Metric | undefined
  readonly #streams = new Map<number, Stream>()
  readonly #seriesKnown = new Map<number, Series>()

  constructor(db: Database, metricOf: (id: string) => Metric | undefined = metricOfId) {
    this.#stream = db.prepare(readerQueries.STREAM)
    this.#series = db.prepare(readerQueries.SERIES)
    this.#metricOf = metricOf
  }

  snapshot(row: SnapshotRow): Checked<Snapshot> {
    return checked('snapshot', row.seq, () => {
      const { receivedAt, sentAt, readings } = contentOf(row)
      // Written out, for a spread costs four times as much and this runs once for every reading.
      const observations = readings.map((reading): Observation => {
        const { metric, channel } = this.series(reading.series)
        const { measurement, flags, deviceAt, correctedAt, boundMs } = reading
        return { metric, measurement, channel, deviceAt, flags, correctedAt, boundMs }
      })
      return { ...this.stream(row.stream), receivedAt, at: monoMs(receivedAt), sentAt, observations }
    })
  }

  /** For who needs but a few of the readings. */
  content(row: SnapshotRow): Checked<CheckedSnapshot> {
    return checked('snapshot', row.seq, () => contentOf(row))
  }

  /** @throws RangeError when the name is missing or damaged. */
  stream(id: number): Stream {
    const known = this.#streams.get(id)
    if (known) return known
    const row = this.#stream.get({ id })
    if (!row || row.crc !== streamCrc(row)) throw new RangeError(`the name of its stream ${id} is ${row ? 'damaged' : 'missing'}`)
    const stream = { device: deviceId(row.device), bed: row.bed === null ? null : bedId(row.bed), stay: row.stay === null ? null : stayId(row.stay) }
    if (this.#streams.size >= storeLimits.streamsRememberedMax) this.#streams.clear()
    this.#streams.set(id, stream)
    return stream
  }

  /** @throws RangeError when the name is missing or damaged, or the table of metrics no longer holds that metric in that unit. */
  series(id: number): Series {
    const known = this.#seriesKnown.get(id)
    if (known) return known
    const row = this.#series.get({ id })
    if (!row || row.crc !== seriesCrc(row)) throw new RangeError(`the name of its series ${id} is ${row ? 'damaged' : 'missing'}`)
    const metric = this.#metricOf(row.metric)
    if (!metric || metric.unit !== row.unit) throw new RangeError(`it holds ${row.metric} in ${row.unit}, which the table of metrics does not`)
    const series = { metric, channel: row.channel }
    this.#seriesKnown.set(id, series)
    return series
  }
}

function contentOf(row: SnapshotRow): CheckedSnapshot {
  if (row.crc !== snapshotCrc(row)) throw new RangeError(WRONG_CRC)
  const times = { receivedAt: wallMs(row.receivedAt), sentAt: row.sentAt === null ? null : wallMs(row.sentAt) }
  return { ...times, readings: unpackReadings(row.readings, times) }
}

/** What the gateway says of itself, and what is kept beside the alerts: `what` and one of the others. */
type GatewayBody = {
  readonly what: string
  readonly given?: MedicationGiven
  readonly watch?: readonly [number, string, WatchState][]
  readonly delivery?: Omit<Delivery, 'alertId' | 'at'>
  readonly subject: AlertSubject
}

export const eventOf = (row: EventRow): Checked<StoredEvent> =>
  checked('event', row.seq, () => {
    if (row.crc !== rowCrc(row.seq, row.at, row.kind, row.alertId, row.body)) throw new RangeError(WRONG_CRC)
    const at = wallMs(row.at)
    if (row.kind === 'gateway') {
      const { what, given, watch, delivery, subject }: GatewayBody = JSON.parse(row.body)
      const { bed, stay } = subject
      if (watch !== undefined && bed !== null) return { at, kind: 'watch', changes: watch.map(([from, rule, state]) => ({ bed, stay, rule, from: wallMs(from), state })), subject }
      if (delivery !== undefined && row.alertId !== null) return { at, kind: 'delivery', delivery: { alertId: alertId(row.alertId), at, ...delivery }, subject }
      return given === undefined ? { at, kind: 'gateway', what, subject } : { at, kind: 'given', given, subject }
    }
    const event: AlertEvent = JSON.parse(row.body)
    return { at, kind: 'alert', event }
  })

/** A stay with a damaged patient is kept without a name: no name is better than a wrong one. The damage is told all the same. */
export function stayOf(row: StayRow): { readonly stay: StayRecord | null; readonly damage: Damage | null } {
  if (row.crc !== rowCrc(row.id, row.bed, row.patient, row.openedAt, row.closedAt, row.context)) {
    return { stay: null, damage: { table: 'stay', row: row.id, why: WRONG_CRC } }
  }
  const { memory, ...context }: StayContext & Pick<StayRecord, 'memory'> = JSON.parse(row.context)
  const isNamed = row.patient !== null
  const isRight = isNamed && row.patientCrc === rowCrc(row.id, row.mrn, row.name)
  return {
    stay: {
      id: stayId(row.id),
      bed: bedId(row.bed),
      identity: isRight ? { mrn: row.mrn, name: row.name } : null,
      openedAt: wallMs(row.openedAt),
      closedAt: row.closedAt === null ? null : wallMs(row.closedAt),
      context,
      ...(memory === undefined ? {} : { memory }),
    },
    damage: isNamed && !isRight ? { table: 'patient', row: row.id, why: WRONG_CRC } : null,
  }
}

export type MessageRow = {
  readonly row: number
  readonly device: string
  readonly slot: number
  readonly id: string
  readonly hash: number
  readonly crc: number
}

export const messageCrc = ({ device, slot, id, hash }: Omit<MessageRow, 'row' | 'crc'>): number => rowCrc(device, slot, id, hash)

export const messageOf = (row: MessageRow): Checked<MessageIdentity> =>
  checked('message', row.row, () => {
    if (row.crc !== messageCrc(row)) throw new RangeError(WRONG_CRC)
    return { device: deviceId(row.device), slot: row.slot, id: row.id, hash: row.hash }
  })

/** RangeError is how smart constructors and the blob's reader say that something cannot be. Anything else is a bug and flies on. */
function checked<Value>(table: Damage['table'], row: number, read: () => Value): Checked<Value> {
  try {
    return { kind: 'good', value: read() }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { kind: 'damaged', damage: { table, row, why: error.message } }
  }
}

/** Damage that was met, each row once, as many as the bound; the count goes on. */
export class DamageList {
  readonly #met = new Map<string, Damage>()

  add(damage: Damage): void {
    const key = `${damage.table}\u0000${damage.row}`
    if (this.#met.has(key) || this.#met.size >= storeLimits.damagedRowsNamedMax) return
    this.#met.set(key, damage)
  }

  all(): readonly Damage[] {
    return [...this.#met.values()]
  }
}
