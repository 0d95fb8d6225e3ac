/** The drivers of this build, by id. A new driver is two lines here; a test finds a folder that was forgotten. */

import hl7 from '../drivers/hl7/driver.ts'
import masimoAscii from '../drivers/masimo-ascii/driver.ts'
import mqttJson from '../drivers/mqtt-json/driver.ts'
import { suggestion } from './domain/nearest.ts'
import type { Driver } from './seams.ts'

export const DRIVERS: ReadonlyMap<string, Driver> = new Map([hl7, masimoAscii, mqttJson].map((driver) => [driver.id, driver]))

/** @throws RangeError with a sentence for the engineer when there is no such driver. */
export function driverOf(id: string): Driver {
  const driver = DRIVERS.get(id)
  if (driver === undefined) throw new RangeError(`There is no driver "${id.slice(0, 64)}".${suggestion(id.slice(0, 64), [...DRIVERS.keys()])}`)
  return driver
}
