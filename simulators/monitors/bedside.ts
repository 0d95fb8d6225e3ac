/** One bed: a patient, the sensors on the patient, and the monitor that turns them into bytes. No wire, no clock. */

import { createPatient, type Moment } from '../patients/patient.ts'
import { hashOf } from '../patients/random.ts'
import { parseScenario } from '../patients/scenarios.ts'
import type { BedPlan } from './plan.ts'
import type { Composer } from './composer.ts'
import { hl7Composer } from './hl7.ts'
import { masimoComposer } from './masimo-ascii.ts'
import { mqttComposer } from './mqtt-json.ts'
import type { Outgoing, Plug } from './wire.ts'

export type Tick = {
  readonly moment: Moment
  readonly plug: Plug
  /** What the monitor sends this second; null when it sends nothing. */
  readonly message: Outgoing | null
}

export interface Bedside {
  /** The next second. `wallMs` is the right time; the monitor's clock may know better, or worse. */
  next(wallMs: number): Tick
}

/** Seconds between messages: an oximeter prints each second, monitors send every other. */
const PERIOD_S = { hl7: 2, mqtt: 2, serial: 1 } as const

/** A monitor that does not know the time starts its calendar here. */
const FACTORY_TIME = Date.UTC(2013, 0, 1)

/** `startedAt`: wall time of second 0, in ms. @throws RangeError for a scenario that does not exist: a plan is checked before. */
export function createBedside(seed: number, plan: BedPlan, startedAt: number): Bedside {
  const scenario = parseScenario(plan.scenario)
  if (scenario === null) throw new RangeError(`no such scenario: ${plan.scenario}`)
  const patient = createPatient(seed, plan.bed, scenario)
  const composer = composerOf(plan, startedAt)
  const period = PERIOD_S[plan.transport.kind]
  const phase = hashOf(plan.device) % period
  let plug: Plug = 'plugged'
  let poweredAt = 0
  return {
    next(wallMs) {
      const moment = patient.next()
      const { second, insult } = moment
      const now: Plug = insult.power === 'off' ? 'dead' : insult.cable === 'pulled' ? 'pulled' : 'plugged'
      if (plug === 'dead' && now !== 'dead') {
        poweredAt = second
        composer.restart(second)
      }
      if (plug === 'pulled' && now === 'plugged') composer.replug()
      plug = now
      if (now === 'dead' || second % period !== phase) return { moment, plug, message: null }
      const deviceClock = insult.monitorClock === 'unset' ? FACTORY_TIME + (second - poweredAt) * 1_000 : wallMs
      return { moment, plug, message: composer.compose(moment, deviceClock) }
    },
  }
}

function composerOf({ device, bed, patient, transport }: BedPlan, startedAt: number): Composer {
  switch (transport.kind) {
    case 'hl7':
      return hl7Composer({ device, style: transport.style ?? 'accept', patient, location: { unit: 'WARD', bed } })
    case 'serial':
      return masimoComposer(device, transport.model ?? 'radical-7')
    case 'mqtt':
      return mqttComposer(startedAt, patient)
  }
}
