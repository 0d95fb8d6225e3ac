/**
 * Rows of the log as they are sent: one group for one stay, device, metric, sensor and minute, in columns. The same rows give the same groups, so
 * what was sent of a row can be told again later. Pure.
 */

import { type EventOrigin, type Withheld, type WithheldReason, qualityOf } from '../domain/batch.ts'
import type { DeviceId, StayId } from '../domain/ids.ts'
import { type Metric, metricOfId } from '../domain/metrics.ts'
import type { Observation } from '../domain/observation.ts'
import { syncLimits } from '../limits.ts'
import type { LoggedRow } from '../seams.ts'
import type { Surrogates } from './ledger.ts'

/** `seq`: of the row that it came with. */
export type Column = { readonly seq: number; readonly at: number; readonly value: number | null; readonly quality: number }

export type Group = {
  readonly stay: StayId
  readonly device: DeviceId
  readonly metric: Metric
  readonly sensor: number
  /** Since 1970. */
  readonly minute: number
  /** How often the rows it came of were written again; 0 for what is as it came. */
  readonly revision: number
  /** Where its rows took the place of others: which cut those were sent with, by its first number; 0 where they were not sent. */
  readonly cut: number
  readonly firstSeq: number
  readonly lastSeq: number
  /** Tells groups apart that are alike in stay, metric and numbers. */
  readonly ordinal: number
  readonly columns: readonly Column[]
}

export const MINUTE_MS = 60_000

type Filling = Omit<Group, 'lastSeq' | 'ordinal' | 'columns'> & { lastSeq: number; readonly columns: Column[] }
type Source = Pick<Group, 'stay' | 'device' | 'revision' | 'cut'>
/** Where the values of one sensor go; `filling` took the last one. */
type Slot = { readonly metric: Metric; readonly sensor: number; filling: Filling | null }
/** All groups of one source, and by metric and channel where they are filled: what is looked up for each value is one short name. */
type Stream = { readonly source: Source; readonly groups: Map<string, Filling>; readonly slots: Map<string, Slot | 'unknown-metric'> }
type KnownSensors = Map<string, Map<string, number>>
type Sensors = Pick<Surrogates, 'sensorOf'>

export type Grouping = {
  readonly sensors: Sensors
  /** In which cut a row was sent, by the first number of that cut; 0 for one that was not. */
  readonly cutOf: (seq: number) => number
  readonly counted?: Counter
}

/** Snapshots alone are looked at; what others have taken the place of is left out. What makes no column is counted. */
export function groupsOf(rows: readonly LoggedRow[], { sensors, cutOf, counted = counter() }: Grouping): readonly Group[] {
  const streams = new Map<string, Stream>()
  /** Of each device: most rows are of the same. */
  const current = new Map<DeviceId, Stream>()
  const known: KnownSensors = new Map()
  for (const row of rows) {
    if (row.kind !== 'snapshot') continue
    const { stay, device, observations } = row.snapshot
    if (row.isSuperseded === true) counted.add('superseded', 1, observations.length)
    else if (stay === null) counted.add('no-stay', 1, observations.length)
    else {
      const source = { stay, device, revision: row.revision ?? 0, cut: row.supersedes === undefined ? 0 : cutOf(row.supersedes) }
      const last = current.get(device)
      const stream = last !== undefined && isSame(last.source, source) ? last : streamOf(streams, source)
      if (stream !== last) current.set(device, stream)
      for (const observation of observations) {
        const slot = slotOf(stream, observation, (sensor) => sensorOf(known, sensors, sensor))
        if (slot === 'unknown-metric') counted.add(slot, 0, 1)
        else addTo(stream, slot, columnOf(observation, row.seq))
      }
    }
  }
  const ordinals = new Map<string, number>()
  return [...streams.values()].flatMap(({ groups }) => [...groups.values()]).map((group) => ({ ...group, ordinal: ordinalOf(ordinals, group) }))
}

/** What is not sent, by reason. */
export type Counter = { add(reason: WithheldReason, rows: number, readings: number): void; all(): readonly Withheld[] }

export function counter(): Counter {
  const counts = new Map<WithheldReason, { readonly rows: number; readonly readings: number }>()
  return {
    add(reason, rows, readings) {
      const count = counts.get(reason) ?? { rows: 0, readings: 0 }
      counts.set(reason, { rows: count.rows + rows, readings: count.readings + readings })
    },
    all: () => [...counts].map(([reason, count]) => ({ reason, ...count })),
  }
}

type Sensor = { readonly device: DeviceId; readonly metric: string; readonly channel: string }

const nameOf = (metric: string, channel: string): string => (channel === '' ? metric : `${metric}\u0000${channel}`)

function slotOf({ source: { device }, slots }: Stream, { metric: { id }, channel }: Observation, sensorOfOne: (sensor: Sensor) => number): Slot | 'unknown-metric' {
  const name = nameOf(id, channel)
  const known = slots.get(name)
  if (known !== undefined) return known
  const metric = metricOfId(id)
  const slot = metric === undefined ? 'unknown-metric' : { metric, sensor: sensorOfOne({ device, metric: metric.id, channel }), filling: null }
  slots.set(name, slot)
  return slot
}

function sensorOf(known: KnownSensors, sensors: Sensors, { device, metric, channel }: Sensor): number {
  let ofDevice = known.get(device)
  if (ofDevice === undefined) known.set(device, (ofDevice = new Map()))
  const name = nameOf(metric, channel)
  const found = ofDevice.get(name)
  if (found !== undefined) return found
  const sensor = Math.min(sensors.sensorOf(device, metric, channel), syncLimits.sensorsPerMetricMax - 1)
  ofDevice.set(name, sensor)
  return sensor
}

const isSame = (one: Source, other: Source): boolean => one.stay === other.stay && one.revision === other.revision && one.cut === other.cut

function streamOf(streams: Map<string, Stream>, source: Source): Stream {
  const name = `${source.stay}\u0000${source.device}\u0000${source.revision}\u0000${source.cut}`
  const known = streams.get(name)
  if (known) return known
  const stream: Stream = { source, groups: new Map(), slots: new Map() }
  streams.set(name, stream)
  return stream
}

/** Conversions leave noise in the last binary digits (97.7 °F is 36.50000000000001 °C): six decimals are beyond any monitor. */
const plain = (value: number): number => Math.round(value * 1e6) / 1e6

const columnOf = (observation: Observation, seq: number): Column => ({
  seq,
  at: observation.correctedAt,
  value: observation.measurement.kind === 'measured' ? plain(observation.measurement.value) : null,
  quality: qualityOf(observation),
})

function addTo(stream: Stream, slot: Slot, column: Column): void {
  const minute = Math.floor(column.at / MINUTE_MS)
  const last = slot.filling
  const group = last !== null && last.minute === minute && hasRoom(last) ? last : fillingOf(stream, slot, { minute, seq: column.seq })
  slot.filling = group
  group.lastSeq = column.seq
  group.columns.push(column)
}

const hasRoom = ({ columns }: Filling): boolean => columns.length < syncLimits.readingsPerEventMax

function fillingOf({ source, groups }: Stream, { metric, sensor }: Slot, { minute, seq }: { readonly minute: number; readonly seq: number }): Filling {
  const name = `${metric.mdc} ${sensor} ${minute}`
  const group = groups.get(name)
  if (group && hasRoom(group)) return group
  // A full one makes room under a name that no lookup asks for.
  if (group) groups.set(`${name} ${group.firstSeq} ${groups.size}`, group)
  groups.delete(name)
  const begun: Filling = { ...source, metric, sensor, minute, firstSeq: seq, lastSeq: seq, columns: [] }
  groups.set(name, begun)
  return begun
}

/**
 * The key names neither minute nor sensor. One message may hold values of two minutes (a monitor that empties its backlog)
 * or of two sensors: central would take the second event for a repeat of the first and drop it. So they are numbered.
 */
function ordinalOf(ordinals: Map<string, number>, { stay, metric, firstSeq, lastSeq }: Filling): number {
  const key = `${stay}\u0000${metric.mdc}\u0000${firstSeq}-${lastSeq}`
  const ordinal = ordinals.get(key) ?? 0
  ordinals.set(key, ordinal + 1)
  return ordinal
}

/** `columns`: those that count as new; what was acknowledged before it was written again is not counted twice. */
export const originOf = ({ device, metric }: Pick<Group, 'device' | 'metric'>, columns: readonly Column[]): EventOrigin => ({
  device,
  metric: metric.id,
  measured: columns.filter(({ value }) => value !== null).length,
})
