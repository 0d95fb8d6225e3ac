/** What of a lane one sink takes. Pure. */

import type { EventOrigin, SentEvent, Withheld } from '../domain/batch.ts'

/** null takes all. Metrics are MDC reference ids, and judge vital signs and confirmed observations alone. */
export type Filter = { readonly events: readonly SentEvent[] | null; readonly metrics: readonly string[] | null }

export const ALL: Filter = { events: null, metrics: null }

type Item<Event> = { readonly event: Event; readonly origin: EventOrigin | null }
type Compiled<Event> = { readonly events: readonly Item<Event>[]; readonly withheld: readonly Withheld[] }
type Filtered = { readonly eventType: SentEvent | 'corrections'; readonly data?: object } | { readonly userId: string }

function passes(event: Filtered, { events, metrics }: Filter): boolean {
  if (!('eventType' in event)) return events?.includes('user-interactions') ?? true
  // Who took the vital signs must hear that they were not so.
  if (event.eventType === 'corrections') return events === null || events.includes('vital-signs') || events.includes('lab-results')
  if (events !== null && !events.includes(event.eventType)) return false
  return metrics === null || event.data === undefined || !('metric' in event.data) || typeof event.data.metric !== 'string' || metrics.includes(event.data.metric)
}

/** What the filter lets through; the rest is counted as withheld. */
export function filtered<Event extends Filtered>({ events, withheld }: Compiled<Event>, filter: Filter): Compiled<Event> {
  const wanted = events.filter(({ event }) => passes(event, filter))
  if (wanted.length === events.length) return { events, withheld }
  const readings = events.reduce((sum, { event, origin }) => sum + (passes(event, filter) ? 0 : (origin?.measured ?? 0)), 0)
  return { events: wanted, withheld: [...withheld, { reason: 'filtered', rows: 0, readings }] }
}
