/** A driver with two bugs: HL7 that says THROW makes it throw, HL7 that says LOOP never ends. */

import HL7 from '../../../drivers/hl7/driver.ts'
import type { Driver } from '../../../src/seams.ts'

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

export default spoilt
