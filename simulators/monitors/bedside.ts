/** One bed: a patient, the sensors on the patient, and the monitor that turns them into bytes. No wire, no clock. */

import { createPatient, type Moment } from '../patients/patient.ts'
import { hashOf } from '../patients/random.ts'
import { parseScenario } from '../patients/scenarios.ts'
import type { BedPlan } from './plan.ts'
import type { Composer } from './composer.ts'
import { hl7Composer } from './hl7.ts'
import { serialModel } from './models.ts'
import { mqttComposer } from './mqtt-json.ts'
import type { Outgoing, Plug } from './wire.ts'

export type Tick = {
  readonly moment: Moment
  readonly plug: Plug
  /** What the monitor sends this second; null when it sends nothing, and always where it answers rather than talks. */
  readonly message: Outgoing | null
}

export interface Bedside {
  /** The next second. `wallMs` is the right time; the monitor's clock may know better, or worse. */
  next(wallMs: number): Tick
}

/** A monitor that does not know the time starts its calendar here. */
const FACTORY_TIME = Date.UTC(2013, 0, 1)

/** `startedAt`: wall time of second 0, in ms. @throws RangeError for a scenario that does not exist: a plan is checked before. */
export function createBedside(seed: number, plan: BedPlan, startedAt: number): Bedside {
  const scenario = parseScenario(plan.scenario)
  if (scenario === null) throw new RangeError(`no such scenario: ${plan.scenario}`)
  const patient = createPatient(seed, plan.bed, scenario)
  const talker = talkerOf(plan, startedAt)
  const phase = talker === null ? 0 : hashOf(plan.device) % talker.everySeconds
  let plug: Plug = 'plugged'
  let poweredAt = 0
  return {
    next(wallMs) {
      const moment = patient.next()
      const { second, insult } = moment
      const now: Plug = insult.power === 'off' ? 'dead' : insult.cable === 'pulled' ? 'pulled' : 'plugged'
      if (plug === 'dead' && now !== 'dead') {
        poweredAt = second
        talker?.composer.restart(second)
      }
      if (plug === 'pulled' && now === 'plugged') talker?.composer.replug()
      plug = now
      if (talker === null || now === 'dead' || second % talker.everySeconds !== phase) return { moment, plug, message: null }
      const deviceClock = insult.monitorClock === 'unset' ? FACTORY_TIME + (second - poweredAt) * 1_000 : wallMs
      return { moment, plug, message: talker.composer.compose(moment, deviceClock) }
    },
  }
}

/** What talks, and how often: oximeters print each second or two, monitors send every other. Null for what answers. */
function talkerOf({ device, bed, patient, transport }: BedPlan, startedAt: number): { readonly composer: Composer; readonly everySeconds: number } | null {
  switch (transport.kind) {
    case 'hl7':
      return { everySeconds: 2, composer: hl7Composer({ device, style: transport.style ?? 'accept', patient, location: { unit: 'WARD', bed } }) }
    case 'mqtt':
      return { everySeconds: 2, composer: mqttComposer(startedAt, patient) }
    case 'serial': {
      const { speech } = serialModel(transport.model ?? 'radical-7')
      return speech.kind === 'talks' ? { everySeconds: speech.everySeconds, composer: speech.composer(device) } : null
    }
    case 'intellivue':
    case 'pds':
      return null
  }
}
