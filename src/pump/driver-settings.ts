/** What a driver is opened with: its device's settings, and the time zone of the site where it asks for one. */

import type { LinkSetting, Site } from '../config/schema.ts'
import type { Driver, DriverSettings } from '../seams.ts'

export const settingsOf = (site: Site, driver: Driver, own: DriverSettings = {}): DriverSettings => ({
  ...(driver.settings.some(({ name }) => name === 'zone') ? { zone: site.gateway.timeZone } : {}),
  ...own,
})

/** A link's own, of its driver. */
export const linkSettings = (link: LinkSetting | undefined): DriverSettings => (link && 'settings' in link ? link.settings : {})

/** Why a driver that this site names cannot be opened, a sentence each: asked at the start, because later it would cost the whole ward its gateway. */
export function driverTroubles(site: Site, driverOf: (id: string) => Driver): string[] {
  const named = [...site.links.flatMap((link) => ('driver' in link ? [{ id: link.id, driver: link.driver, settings: linkSettings(link) }] : [])), ...site.devices]
  return named.flatMap(({ id, driver: name, settings }) => {
    try {
      const driver = driverOf(name)
      driver.open(settingsOf(site, driver, settings))
      return []
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return [`${id}: ${error.message}`]
    }
  })
}
