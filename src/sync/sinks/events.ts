/** The events of a batch, for sinks that send them one by one: read back from the very bytes that were stored. */

import type { SinkBatch } from '../../seams.ts'

export type WireEvent = {
  /** Its place in the batch: how an answer names it. */
  readonly index: number
  readonly key: string
  /** The event as it was cut. */
  readonly json: string
  /** `vital-signs`, `alerts` …; `user-interactions` for what a nurse did, which has no type of its own. */
  readonly eventType: string
  /** Whom it is about: a pseudonym, or a device or gateway where it is of nobody. */
  readonly subject: string
  readonly revision: number
  readonly timestamp: string
  readonly fields: Fields
}

export type Fields = Readonly<Record<string, unknown>>

export type WireBatch = {
  readonly events: readonly WireEvent[]
  readonly lane: string
  /** As the batch names it: a token in the release lane. */
  readonly organizationId: string
  readonly seqFrom: number
  readonly seqTo: number
  readonly isHistorical: boolean
}

const USER_INTERACTIONS = 'user-interactions'

export const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {})
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)

/** @throws SyntaxError when the body is no JSON: it is what we stored ourselves. */
export function readBatch({ body }: Pick<SinkBatch, 'body'>): WireBatch {
  const parsed: unknown = JSON.parse(new TextDecoder().decode(body))
  const { events, metadata } = fieldsOf(parsed)
  const { lane, organizationId, seqFrom, seqTo, historical } = fieldsOf(metadata)
  return {
    events: Array.isArray(events) ? events.map(eventOf) : [],
    lane: textOf(lane), organizationId: textOf(organizationId), seqFrom: numberOf(seqFrom), seqTo: numberOf(seqTo), isHistorical: historical === true,
  }
}

function eventOf(event: unknown, index: number): WireEvent {
  const fields = fieldsOf(event)
  const { key, eventType, partitionKey, patientId, metadata, revision, timestamp } = fields
  return {
    index, fields, json: JSON.stringify(event), key: textOf(key),
    eventType: textOf(eventType) || USER_INTERACTIONS,
    subject: textOf(partitionKey) || textOf(patientId) || textOf(fieldsOf(metadata)['subject']),
    revision: numberOf(revision), timestamp: textOf(timestamp) || textOf(fieldsOf(metadata)['timestamp']),
  }
}

/** Keys of events that count for nothing from now on. */
export function takenBackBy({ eventType, fields }: WireEvent): readonly string[] {
  if (eventType !== 'corrections') return []
  const { keys } = fieldsOf(fields['data'])
  return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : []
}

/** For what is too much, or not all to be taken, as one. Of one event the second is empty. */
export function halvesOf(events: readonly WireEvent[]): readonly (readonly WireEvent[])[] {
  const middle = Math.ceil(events.length / 2)
  return [events.slice(0, middle), events.slice(middle)]
}

/** Columns of a vital-signs event, in the order of time; absent values are left out. */
export type Column = { readonly metric: string; readonly at: number; readonly value: number; readonly quality: number }

export function measuredOf({ eventType, fields, timestamp }: WireEvent): readonly Column[] {
  if (eventType !== 'vital-signs') return []
  const { metric, t, v, q } = fieldsOf(fields['data'])
  if (!Array.isArray(t) || !Array.isArray(v) || !Array.isArray(q)) return []
  const startAt = Date.parse(timestamp)
  return v.flatMap((value: unknown, place) =>
    typeof value === 'number' ? [{ metric: textOf(metric), at: startAt + numberOf(t[place]), value, quality: numberOf(q[place]) }] : [])
}
