/** The drivers of this build, by id. A new driver is two lines here; a test finds a folder that was forgotten. */

import astm from '../drivers/astm/driver.ts'
import draegerMedibus from '../drivers/draeger-medibus/driver.ts'
import geS5 from '../drivers/ge-s5/driver.ts'
import hl7 from '../drivers/hl7/driver.ts'
import ivy450c from '../drivers/ivy-450c/driver.ts'
import masimoAscii from '../drivers/masimo-ascii/driver.ts'
import mindrayPds from '../drivers/mindray-pds/driver.ts'
import mqttJson from '../drivers/mqtt-json/driver.ts'
import mqttTeleicu from '../drivers/mqtt-teleicu/driver.ts'
import nellcorAscii from '../drivers/nellcor-ascii/driver.ts'
import nonin from '../drivers/nonin/driver.ts'
import philipsIntellivue from '../drivers/philips-intellivue/driver.ts'
import { suggestion } from './domain/nearest.ts'
import type { Driver } from './seams.ts'

export const DRIVERS: ReadonlyMap<string, Driver> = new Map(
  [astm, draegerMedibus, geS5, hl7, ivy450c, masimoAscii, mindrayPds, mqttJson, mqttTeleicu, nellcorAscii, nonin, philipsIntellivue].map((driver) => [driver.id, driver]),
)

/** @throws RangeError with a sentence for the engineer when there is no such driver. */
export function driverOf(id: string): Driver {
  const driver = DRIVERS.get(id)
  if (driver === undefined) throw new RangeError(`There is no driver "${id.slice(0, 64)}".${suggestion(id.slice(0, 64), [...DRIVERS.keys()])}`)
  return driver
}
