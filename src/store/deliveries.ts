/** How far one alert came, read from the log: receipts as they were written, and those that the alert's own events are. */

import type { Database } from 'better-sqlite3'
import { type Delivery, impliedBy } from '../domain/delivery.ts'
import { storeLimits } from '../limits.ts'
import { readerQueries } from './queries.ts'
import { type Damage, type EventRow, eventOf } from './rows.ts'

export type KeptDeliveries = {
  /** In the order of the log. */
  readonly deliveries: readonly Delivery[]
  readonly damaged: readonly Damage[]
  /** There are more than one answer holds: the newest are missing. */
  readonly isCut: boolean
}

export function readDeliveries(db: Database, alertId: string, { deliveriesPerAnswerMax } = storeLimits): KeptDeliveries {
  const deliveries: Delivery[] = []
  const damaged: Damage[] = []
  for (const row of db.prepare<[{ alertId: string }], EventRow>(readerQueries.EVENTS_OF_ALERT).iterate({ alertId })) {
    const stored = eventOf(row)
    if (stored.kind === 'damaged') {
      damaged.push(stored.damage)
      continue
    }
    const { value } = stored
    const delivery = value.kind === 'delivery' ? value.delivery : value.kind === 'alert' ? impliedBy(value.event) : null
    if (delivery === null) continue
    if (deliveries.length >= deliveriesPerAnswerMax) return { deliveries, damaged, isCut: true }
    deliveries.push(delivery)
  }
  return { deliveries, damaged, isCut: false }
}
