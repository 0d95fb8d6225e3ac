/** The drivers that one site names, and no other: a gateway that was killed is back the sooner the less it loads. */

import { existsSync } from 'node:fs'
import type { Site } from './config/schema.ts'
import { isId } from './domain/ids.ts'
import type { Driver } from './seams.ts'

/** @returns what finds a driver by id; it throws RangeError with a sentence for the engineer where there is none. */
export async function loadDrivers({ links, devices }: Pick<Site, 'links' | 'devices'>): Promise<(id: string) => Driver> {
  const named = new Set([...links.map((link) => ('driver' in link ? link.driver : OF_LINK[link.kind])), ...devices.map(({ driver }) => driver)])
  const found = new Map<string, Driver>()
  for (const id of named) {
    if (id === undefined) continue
    const file = isId(id) && !/[./\\]/.test(id) ? new URL(`../drivers/${id}/driver.ts`, import.meta.url) : null
    // One that is not there is named, with the nearest that is, by the list of all.
    if (file === null || !existsSync(file)) return (await import('./drivers.ts')).driverOf
    const module: { readonly default: Driver } = await import(file.href)
    found.set(module.default.id, module.default)
  }
  return (id) => {
    const driver = found.get(id)
    if (driver === undefined) throw new RangeError(`No link and no device of this site names the driver "${id.slice(0, 64)}".`)
    return driver
  }
}

/** Links that do not name their driver: it is their own, or (undefined) that of the one device at the other end. */
const OF_LINK: Readonly<Record<string, string | undefined>> = { 'mindray-pds': 'mindray-pds' }
