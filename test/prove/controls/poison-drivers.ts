/** Drivers with two bugs: HL7 that says THROW makes one throw, HL7 that says LOOP never ends. */

import { DRIVERS as REAL_DRIVERS, driverOf as realDriverOf } from '../../../src/drivers.ts'
import type { Driver } from '../../../src/seams.ts'

export * from '../../../src/drivers.ts'

const HL7 = REAL_DRIVERS.get('hl7')
if (!HL7) throw new Error('there is no HL7 driver to spoil')

const spoilt: Driver = {
  ...HL7,
  open(settings) {
    const session = HL7.open(settings)
    return {
      ...session,
      receive(bytes, now) {
        const text = Buffer.from(bytes).toString('latin1')
        if (text.includes('|THROW|')) throw new Error('a bug in the driver')
        while (text.includes('|LOOP|'));
        return session.receive(bytes, now)
      },
    }
  },
}

export const DRIVERS: ReadonlyMap<string, Driver> = new Map([...REAL_DRIVERS, ['hl7', spoilt]])
export const driverOf = (id: string): Driver => (id === 'hl7' ? spoilt : realDriverOf(id))
