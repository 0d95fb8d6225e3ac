/** Which alerts nobody is called about, because their row has one that calls at least as loud: one call for a cause, not twenty. */

import type { Alert, AlertEvent } from '../../domain/alert.ts'
import type { AlertId, BedId } from '../../domain/ids.ts'
import { causeRowsOf, coveredOf, isOfHub } from '../causes.ts'

/** Who speaks for an alert; nobody: it is called for on its own. */
export type Cover = { readonly id: AlertId; readonly by: readonly Alert[] }

export class Covered {
  /** Open alerts, by id. */
  readonly #alerts: ReadonlyMap<AlertId, Alert>
  readonly #byBed = new Map<BedId, ReadonlyMap<AlertId, readonly Alert[]>>()

  constructor(alerts: ReadonlyMap<AlertId, Alert>) {
    this.#alerts = alerts
  }

  /** All that are covered as things stand, for the start. */
  all(): readonly Cover[] {
    return this.#judge(new Set([...this.#alerts.values()].flatMap(({ bed }) => bed ?? [])))
  }

  /** After these events: alerts of their beds that are covered now, and those that were and are no more. An acknowledged head covers less. */
  after(events: readonly AlertEvent[]): readonly Cover[] {
    // A hub speaks for many beds.
    const isOfAll = events.some((event) => isOfHub(event.kind === 'phase' ? event : (this.#alerts.get(event.alertId) ?? { condition: '' })))
    if (isOfAll) return this.#judge(new Set([...this.#byBed.keys(), ...[...this.#alerts.values()].flatMap(({ bed }) => bed ?? [])]))
    return this.#judge(new Set(events.flatMap((event) => (event.kind === 'phase' ? event.bed : this.#alerts.get(event.alertId)?.bed) ?? [])))
  }

  #judge(beds: ReadonlySet<BedId>): readonly Cover[] {
    if (beds.size === 0) return []
    const open = [...this.#alerts.values()]
    const its = Map.groupBy(open.filter(({ bed }) => bed !== null && beds.has(bed)), ({ bed }) => bed)
    const hubs = open.filter(isOfHub)
    return [...beds].flatMap((bed) => {
      const before = this.#byBed.get(bed)
      const now = coveredOf(causeRowsOf([...(its.get(bed) ?? []), ...hubs]))
      if (now.size > 0) this.#byBed.set(bed, now)
      else this.#byBed.delete(bed)
      return [...new Set([...(before?.keys() ?? []), ...now.keys()])].map((id) => ({ id, by: now.get(id) ?? [] }))
    })
  }
}
