/** What each protocol gives the ward: messages made of moments. Deterministic: same moments, same bytes. */

import type { Moment } from '../patients/patient.ts'
import type { Outgoing } from './wire.ts'

export interface Composer {
  /** The message for this moment; `at` is the device's own clock, in ms since 1970, which may be wrong. */
  compose(moment: Moment, at: number): Outgoing
  /** The monitor has been switched off and on: counters begin again. */
  restart(second: number): void
  /** The cable is back in: what a line protocol sends first may be half a line. */
  replug(): void
}
