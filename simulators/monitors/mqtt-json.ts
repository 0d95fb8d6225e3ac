/**
 * Vigil's own JSON over MQTT, as a smart module at the bedside publishes it to `vigil/v1/{device}/readings`:
 * `{ "id", "at", "readings": [{ "mdc", "value" | "absent", "unit", "at"? }], "patient"?: { "mrn", "name" } }`. `mdc` is the
 * 32-bit MDC code, `unit` UCUM.
 */

import type { Sign } from '../patients/patient.ts'
import { CODES, type Code } from './codes.ts'
import type { Composer } from './composer.ts'
import type { SentValue } from './wire.ts'

type Reading = { readonly mdc: number; readonly unit: string; readonly at?: string } & ({ readonly value: number } | { readonly absent: string })

const ABSENT = { 'lead-off': 'lead-off', 'probe-off': 'probe-off', 'no-pulse': 'not-measured', failed: 'not-measured' } as const

const reading = (code: Code, sign: Sign): Reading =>
  sign.kind === 'value' ? { mdc: code.code, value: sign.value, unit: code.unit.ucum } : { mdc: code.code, absent: ABSENT[sign.why], unit: code.unit.ucum }

const UTF8 = new TextEncoder()

/** `startedAt`: when the ward began, in ms since 1970; it keeps message ids apart from those of any earlier run. */
export function mqttComposer(startedAt: number, patient: { readonly mrn: string; readonly name: string } | null): Composer {
  let boot = 0
  let count = 0
  let cuffToldAt = -1
  return {
    compose(moment, at) {
      count++
      const id = `${startedAt.toString(36)}-${boot}-${count}`
      const { signs } = moment
      const rows: readonly (readonly [Code, Sign])[] = [
        [CODES.heartRate, signs.heartRate],
        [CODES.breaths, signs.breaths],
        [CODES.saturation, signs.saturation],
        [CODES.pulse, signs.pulse],
        [CODES.perfusion, signs.perfusion],
        [CODES.temperature, signs.temperature],
        [CODES.carbonDioxide, signs.carbonDioxide],
      ]
      const { cuff } = signs
      const cuffAt = cuff === null ? at : at - (moment.second - cuff.second) * 1_000
      const cuffs: readonly (readonly [Code, Sign])[] =
        cuff === null || cuff.second === cuffToldAt ? [] : [[CODES.nibpSystolic, cuff.systolic], [CODES.nibpDiastolic, cuff.diastolic], [CODES.nibpMean, cuff.mean]]
      if (cuff !== null) cuffToldAt = cuff.second
      const readings: readonly Reading[] = [
        ...rows.map(([code, sign]) => reading(code, sign)),
        ...cuffs.map(([code, sign]) => ({ ...reading(code, sign), at: new Date(cuffAt).toISOString() })),
      ]
      const values: readonly SentValue[] = [...rows, ...cuffs].flatMap(([code, sign]) => (sign.kind === 'value' ? [{ metric: code.reference, value: sign.value }] : []))
      return { id, bytes: UTF8.encode(JSON.stringify({ id, at: new Date(at).toISOString(), readings, ...(patient === null ? {} : { patient }) })), values }
    },
    restart(second) {
      boot = second
      count = 0
      cuffToldAt = -1
    },
    replug() {
      // The session is new, the messages go on.
    },
  }
}
