/** In which row each open alert stands, kept as alerts come and go. */

import { isOfHub, type Place, placesOf, rowsOf } from '../alerts/causes.ts'
import type { Alert, AlertEvent } from '../domain/alert.ts'
import type { AlertId, BedId } from '../domain/ids.ts'

export class AlertPlaces {
  readonly #open: () => Iterable<Alert>
  readonly #byBed = new Map<BedId, ReadonlyMap<AlertId, Place>>()

  /** `open`: open alerts, as they stand now. */
  constructor(open: () => Iterable<Alert>) {
    this.#open = open
    this.#place(new Set([...open()].flatMap(({ bed }) => bed ?? [])))
  }

  /** null: it heads a row, or is not open. */
  of({ id, bed }: Pick<Alert, 'id' | 'bed'>): Place | null {
    return (bed === null ? undefined : this.#byBed.get(bed)?.get(id)) ?? null
  }

  /** After these events: alerts whose place is another than before. Rows never reach over two beds, but for those of a hub. */
  changed(events: readonly AlertEvent[]): readonly AlertId[] {
    const isOfAll = events.some((event) => event.kind === 'phase' && isOfHub(event))
    const all = isOfAll ? [...this.#byBed.keys(), ...[...this.#open()].flatMap(({ bed }) => bed ?? [])] : []
    const beds = new Set([...all, ...events.flatMap((event) => (event.kind === 'phase' && event.bed !== null ? [event.bed] : []))])
    const before = [...beds].map((bed) => this.#byBed.get(bed))
    this.#place(beds)
    return [...beds].flatMap((bed, index) => moved(before[index], this.#byBed.get(bed)))
  }

  #place(beds: ReadonlySet<BedId>): void {
    if (beds.size === 0) return
    const open = [...this.#open()]
    const its = Map.groupBy(open.filter(({ bed }) => bed !== null && beds.has(bed)), ({ bed }) => bed)
    const hubs = open.filter(isOfHub)
    for (const bed of beds) {
      const places = placesOf(rowsOf([...(its.get(bed) ?? []), ...hubs]))
      if (places.size > 0) this.#byBed.set(bed, places)
      else this.#byBed.delete(bed)
    }
  }
}

function moved(before: ReadonlyMap<AlertId, Place> = new Map(), now: ReadonlyMap<AlertId, Place> = new Map()): readonly AlertId[] {
  return [...new Set([...before.keys(), ...now.keys()])].filter((id) => before.get(id)?.of !== now.get(id)?.of || before.get(id)?.as !== now.get(id)?.as)
}
