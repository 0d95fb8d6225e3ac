/** A device that answers, on whatever wire it has: what comes in is heard, what it says goes out, and nothing is kept. */

import type { Moment } from '../patients/patient.ts'
import type { SimulatedDevice } from './device.ts'
import type { Plug, Wire } from './wire.ts'

export interface Dialogue {
  /** How the patient is, once a second. */
  see(moment: Moment): void
  /** Several times a second: what the device says by itself. `atMs` lies in the second that was seen last. */
  beat(atMs: number): void
  plug(state: Plug): void
  /** Runs until stopped. */
  run(stop: AbortSignal): Promise<void>
}

/** `now`: ms that never step, for what comes in; `wireOf` is given whom to tell of what comes in. */
export function dialogue(device: SimulatedDevice, now: () => number, wireOf: (heard: (bytes: Uint8Array) => void) => Wire): Dialogue {
  let moment: Moment | null = null
  let said = 0
  const wire = wireOf((bytes) => say(device.hear(bytes, now())))
  const say = (messages: readonly Uint8Array[]): void => {
    for (const bytes of messages) wire.offer({ id: String(++said), bytes, values: [] })
  }
  return {
    see(next) {
      moment = next
    },
    beat(atMs) {
      if (moment !== null) say(device.tick(moment, atMs))
    },
    plug: (state) => wire.plug(state),
    run: (stop) => wire.run(stop),
  }
}
