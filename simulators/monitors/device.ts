/** A device that holds a dialogue, as a pure state machine: who runs it has the wire and the clock. */

import type { Moment } from '../patients/patient.ts'

export interface SimulatedDevice {
  /** Bytes from the gateway came. Returns what the device answers. */
  hear(bytes: Uint8Array, atMs: number): readonly Uint8Array[]
  /** Called several times a second with how the patient is. Returns what the device sends by itself. */
  tick(moment: Moment, atMs: number): readonly Uint8Array[]
}
