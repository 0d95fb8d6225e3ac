/**
 * The hospital lane: values that a person has confirmed, for the record of the patient (IHE PCD-01: OBX-11 F). They name the stay, and who
 * that is stands in none of them: it is looked up when they are sent, so an erased patient is in no batch that waits. Pure.
 *
 * A value of a demonstration or a test signal is nobody's and never comes here, whoever confirmed it.
 */

import type { EventOrigin, Withheld } from '../domain/batch.ts'
import type { Observation } from '../domain/observation.ts'
import { isoOf } from '../domain/time.ts'
import type { LoggedRow } from '../seams.ts'

/** Known to this module alone: nothing else makes an event of this lane. */
const confirmed: unique symbol = Symbol('confirmed by a person')

/** One value of one stay. */
export type ConfirmedValue = {
  /** MDC reference id. */
  readonly metric: string
  readonly mdc: number
  readonly loinc: string | null
  readonly label: string
  /** UCUM. */
  readonly unit: string
  readonly value: number
  readonly channel: string
}

export type HospitalEvent = {
  readonly [confirmed]: true
  readonly eventType: 'confirmed-observations'
  /** `gateway/epoch/seq/place`: the same for the same value, whenever it is cut; `/withdrawn` behind it where it is taken back. */
  readonly key: string
  /** It was told as confirmed, and is another patient's, or was a mistake. */
  readonly status?: 'withdrawn'
  readonly stay: string
  readonly bed: string | null
  readonly device: string
  readonly data: ConfirmedValue
  /** When it was measured. */
  readonly timestamp: string
}

export type HospitalCompiled = {
  readonly events: readonly { readonly event: HospitalEvent; readonly origin: EventOrigin }[]
  readonly withheld: readonly Withheld[]
  /** Empty where nothing was told. Each value has a key of its own, so there is nothing to be told again by it. */
  readonly digest: string
}

const isConfirmed = ({ flags }: Observation): boolean => flags.includes('validated') && !flags.includes('demo') && !flags.includes('test')

/** What was told before and is not so: rows as they were sent, each with the incarnation that its key names. `afterSeq`: of the row that took its place. */
export type TakenBack = { readonly row: LoggedRow; readonly epoch: string; readonly afterSeq: number }

type Origin = { readonly gatewayId: string; readonly epoch: string }

/** Rows in the order of seq. The same rows give the same events, byte for byte. What is taken back comes before what took its place. */
export function compileHospital(rows: readonly LoggedRow[], { gatewayId, epoch }: Origin, takenBack: readonly TakenBack[] = []): HospitalCompiled {
  const events: { readonly event: HospitalEvent; readonly origin: EventOrigin }[] = []
  const backOf = new Map<number, TakenBack[]>()
  for (const back of takenBack) backOf.set(back.afterSeq, [...(backOf.get(back.afterSeq) ?? []), back])
  let withheldRows = 0
  let withheldReadings = 0
  for (const row of rows) {
    for (const { row: was, epoch: then } of backOf.get(row.seq) ?? []) {
      for (const { event, origin } of confirmedOf(was, { gatewayId, epoch: then })) {
        events.push({ event: { ...event, key: `${event.key}/withdrawn`, status: 'withdrawn' }, origin: { ...origin, measured: 0 } })
      }
    }
    const told = row.kind === 'snapshot' && row.isSuperseded !== true ? confirmedOf(row, { gatewayId, epoch }) : []
    events.push(...told)
    if (row.kind === 'snapshot') withheldReadings += row.snapshot.observations.length - told.length
    if (told.length === 0) withheldRows++
  }
  return {
    events,
    withheld: withheldRows + withheldReadings === 0 ? [] : [{ reason: 'not-confirmed', rows: withheldRows, readings: withheldReadings }],
    digest: events.length === 0 ? '' : 'each',
  }
}

function confirmedOf(row: LoggedRow, { gatewayId, epoch }: Origin): HospitalCompiled['events'] {
  if (row.kind === 'event') return []
  const { stay, bed, device, observations } = row.snapshot
  if (stay === null) return []
  return observations.flatMap((observation, place) => {
    const { metric, measurement, channel, correctedAt } = observation
    if (measurement.kind !== 'measured' || !isConfirmed(observation)) return []
    return [{
      event: {
        [confirmed]: true, eventType: 'confirmed-observations', stay, bed, device,
        key: `${encodeURIComponent(gatewayId)}/${encodeURIComponent(epoch)}/${row.seq}/${place}`,
        data: { metric: metric.id, mdc: metric.mdc, loinc: metric.loinc, label: metric.label, unit: metric.unit, value: plain(measurement.value), channel },
        timestamp: isoOf(correctedAt),
      },
      origin: { device, metric: metric.id, measured: 1 },
    }]
  })
}

/** Conversions leave noise in the last binary digits: six decimals are beyond any monitor. */
const plain = (value: number): number => Math.round(value * 1e6) / 1e6
