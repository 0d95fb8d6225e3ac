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
  /** `gateway/epoch/seq/place`: the same for the same value, whenever it is cut. */
  readonly key: string
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
}

const isConfirmed = ({ flags }: Observation): boolean => flags.includes('validated') && !flags.includes('demo') && !flags.includes('test')

/** Rows in the order of seq. The same rows give the same events, byte for byte. */
export function compileHospital(rows: readonly LoggedRow[], { gatewayId, epoch }: { readonly gatewayId: string; readonly epoch: string }): HospitalCompiled {
  const events: { readonly event: HospitalEvent; readonly origin: EventOrigin }[] = []
  let withheldRows = 0
  let withheldReadings = 0
  for (const row of rows) {
    const before = events.length
    if (row.kind === 'snapshot') {
      const { stay, bed, device, observations } = row.snapshot
      observations.forEach((observation, place) => {
        const { metric, measurement, channel, correctedAt } = observation
        if (stay === null || measurement.kind !== 'measured' || !isConfirmed(observation)) withheldReadings++
        else events.push({
          event: {
            [confirmed]: true, eventType: 'confirmed-observations', stay, bed, device,
            key: `${encodeURIComponent(gatewayId)}/${encodeURIComponent(epoch)}/${row.seq}/${place}`,
            data: { metric: metric.id, mdc: metric.mdc, loinc: metric.loinc, label: metric.label, unit: metric.unit, value: plain(measurement.value), channel },
            timestamp: isoOf(correctedAt),
          },
          origin: { device, metric: metric.id, measured: 1 },
        })
      })
    }
    if (events.length === before) withheldRows++
  }
  return { events, withheld: withheldRows + withheldReadings === 0 ? [] : [{ reason: 'not-confirmed', rows: withheldRows, readings: withheldReadings }] }
}

/** Conversions leave noise in the last binary digits: six decimals are beyond any monitor. */
const plain = (value: number): number => Math.round(value * 1e6) / 1e6
