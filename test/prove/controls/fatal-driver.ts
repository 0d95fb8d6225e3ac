/** A driver with two bugs whose errors show what was read: HL7 that says THROW makes it throw, HL7 that says DIE ends the process. */

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
        const shown = text.slice(text.indexOf('ZZZ|'))
        if (text.includes('|THROW|')) throw new Error(`this is no number: ${shown}`)
        // Behind every wall.
        if (text.includes('|DIE|')) setImmediate(() => JSON.parse(`{"last": ${shown}`))
        return session.receive(bytes, now)
      },
    }
  },
}

export default spoilt
