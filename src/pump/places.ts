/** Which bed a place of the hospital's registry is. Pure. */

import type { Site } from '../config/schema.ts'
import { type BedId, bedId } from '../domain/ids.ts'

/** `elsewhere`: a place that is no bed of this ward. `unsaid`: no bed is named, so nothing follows. */
export type Place = { readonly kind: 'bed'; readonly bed: BedId } | { readonly kind: 'elsewhere' } | { readonly kind: 'unsaid' }

const partsOf = (location: string): readonly [string, string, string] => {
  const [unit = '', room = '', bed = ''] = location.split('^').map((part) => part.trim())
  return [unit, room, bed]
}
const plain = (location: string): string => partsOf(location).join('^')

/**
 * By the bed's own `location`; else by `match.location` of the device at it; else by its id or label, where exactly one bed is
 * called like PV1-3.3 and the unit is not another than that of those which are known.
 */
export function placesOf({ beds, devices }: Pick<Site, 'beds' | 'devices'>): (location: string | null) => Place {
  const byLocation = new Map<string, BedId>()
  for (const { bed, match } of devices) if (bed !== undefined && match?.location !== undefined) byLocation.set(plain(match.location), bedId(bed))
  for (const { id, location } of beds) {
    if (location === undefined) continue
    for (const [known, bed] of byLocation) if (bed === id) byLocation.delete(known)
    byLocation.set(plain(location), bedId(id))
  }
  const units = new Set([...byLocation.keys()].map((location) => partsOf(location)[0]))
  const located = new Set(byLocation.values())
  return (location) => {
    if (location === null) return { kind: 'unsaid' }
    const known = byLocation.get(plain(location))
    if (known !== undefined) return { kind: 'bed', bed: known }
    const [unit, , bed] = partsOf(location)
    if (bed === '') return { kind: 'unsaid' }
    const isOfThisWard = unit === '' || units.size === 0 || units.has(unit)
    const named = beds.filter(({ id, label }) => (id === bed || label === bed) && !located.has(bedId(id)))
    const [only] = named
    return isOfThisWard && only && named.length === 1 ? { kind: 'bed', bed: bedId(only.id) } : { kind: 'elsewhere' }
  }
}
