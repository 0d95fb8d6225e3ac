/** What leaves of medicines, devices and the gateway itself: closed words and numbers alone. Pure. */

import type { Surrogate } from '../domain/batch.ts'
import type { DeviceId } from '../domain/ids.ts'
import type { Metric } from '../domain/metrics.ts'
import type { MedicationGiven } from '../domain/reading.ts'
import { syncLimits } from '../limits.ts'
import type { LoggedRow } from '../seams.ts'
import { DOSE_UNITS, GIVEN_ACTIONS, GIVEN_STATUSES, OTHER, PER_TIMES, isAtc, oneOf } from './anonymise-vocabulary.ts'
import { MINUTE_MS } from './vital-groups.ts'

/** Measured in blood, whether a laboratory or a monitor with its own analyser did it. */
const LABORATORY = /^(VIGIL_LAB_|MDC_CONC_(PH|PCO2|PO2|NA|K|GLU)_|NOM_CONC_LACT$)/
const laboratory = new Map<string, boolean>()

export function isLaboratory({ id }: Pick<Metric, 'id'>): boolean {
  const known = laboratory.get(id)
  if (known !== undefined) return known
  const is = LABORATORY.test(id)
  laboratory.set(id, is)
  return is
}

/** A medicine given, by its code in the ATC: names and codes of the house stay there. */
export type MedicationData = {
  /** The same when it is said again, corrected or taken back; null where the sender names none. */
  readonly medicationId: Surrogate | null
  readonly system: 'ATC'
  readonly code: string
  readonly status: (typeof GIVEN_STATUSES)[number]
  readonly action: (typeof GIVEN_ACTIONS)[number]
  readonly dose: { readonly amount: number; readonly unit: (typeof DOSE_UNITS)[number]; readonly per: (typeof PER_TIMES)[number] } | null
  /** ms from the event's timestamp; null where nobody said it. */
  readonly from: number | null
  readonly until: number | null
}

/** null: it is named by no word that may leave, or is nobody's. */
export function medicationData(given: MedicationGiven, at: number, id: Surrogate | null): MedicationData | null {
  const status = oneOf(GIVEN_STATUSES, given.status)
  const action = oneOf(GIVEN_ACTIONS, given.action)
  if (given.system !== 'ATC' || !isAtc(given.code) || status === null || action === null || given.flags.includes('demo') || given.flags.includes('test')) return null
  const { dose, from, until } = given
  return {
    medicationId: id, system: 'ATC', code: given.code, status, action,
    dose: dose === undefined ? null : { amount: dose.amount, unit: oneOf(DOSE_UNITS, dose.unit) ?? OTHER, per: dose.per === undefined ? 'once' : oneOf(PER_TIMES, dose.per) ?? OTHER },
    from: from === null ? null : from - at, until: until === null ? null : until - at,
  }
}

/** How a device was heard, once a minute: from the rows of one batch that fall into it. */
export type DeviceMinute = { readonly device: DeviceId; readonly minute: number; readonly firstSeq: number; readonly lastSeq: number; readonly data: DeviceData }
export type DeviceData = {
  readonly state: 'heard'
  readonly messages: number
  readonly values: number
  /** Of them, with no value: a lead or a probe is off, or the device cannot measure. */
  readonly absent: number
  /** Its clock minus ours, in ms, with the way of the message in it; null where it does not say when it sent. */
  readonly clockOffsetMs: number | null
}

type Minute = { readonly device: DeviceId; readonly minute: number; readonly firstSeq: number; lastSeq: number; messages: number; values: number; absent: number; readonly offsets: number[] }

/** `told`: which minute of each device was told last; changed here. */
export function deviceMinutes(rows: readonly LoggedRow[], told: Map<string, number>): readonly DeviceMinute[] {
  const minutes = new Map<string, Minute>()
  /** Of each device the one that it was in last: most rows are of the same. */
  const current = new Map<DeviceId, Minute>()
  for (const row of rows) {
    if (row.kind !== 'snapshot' || row.supersedes !== undefined) continue
    const { device, receivedAt, sentAt, observations } = row.snapshot
    const minute = Math.floor(receivedAt / MINUTE_MS)
    let of = current.get(device)
    if (of?.minute !== minute) {
      const name = `${device}\u0000${minute}`
      const known = minutes.get(name)
      if (known === undefined && told.get(device) === minute) continue
      of = known ?? { device, minute, firstSeq: row.seq, lastSeq: row.seq, messages: 0, values: 0, absent: 0, offsets: [] }
      minutes.set(name, of)
      current.set(device, of)
      remember(told, device, minute)
    }
    of.lastSeq = row.seq
    of.messages++
    of.values += observations.length
    for (const { measurement } of observations) if (measurement.kind === 'absent') of.absent++
    if (sentAt !== null) of.offsets.push(sentAt - receivedAt)
  }
  return [...minutes.values()].map(({ device, minute, firstSeq, lastSeq, messages, values, absent, offsets }) => ({
    device, minute, firstSeq, lastSeq, data: { state: 'heard', messages, values, absent, clockOffsetMs: medianOf(offsets) },
  }))
}

function remember(told: Map<string, number>, device: string, minute: number): void {
  told.delete(device)
  told.set(device, minute)
  if (told.size <= syncLimits.devicesToldMax) return
  const [oldest] = told.keys()
  if (oldest !== undefined) told.delete(oldest)
}

const medianOf = (values: readonly number[]): number | null => {
  const middle = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
  return middle === undefined ? null : Math.round(middle)
}

/** The gateway's own health. Shares from 0 to 1; null where this system does not say. */
export type Health = {
  /** Work that waits for a processor, for each that there is; the last minute. */
  readonly load: number | null
  readonly memoryFree: number | null
  readonly diskFree: number | null
}

export type SystemData = Health & { readonly lagRows: number; readonly deadLetters: number }
