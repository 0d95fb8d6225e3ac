/** What a Blueprint says: one line a second, from the middle of one on when the cable is plugged in. Shares no code with the driver. */

import type { Moment, Sign, Signs } from '../patients/patient.ts'
import { CODES } from './codes.ts'
import type { Composer } from './composer.ts'
import type { SentValue } from './wire.ts'

const three = (sign: Sign): string => (sign.kind === 'value' ? String(sign.value).padStart(3, '0') : '---')

/** One line, its end included. */
export const blueprintLine = ({ heartRate, saturation }: Signs): string => `HR=${three(heartRate)} SPO2=${three(saturation)}\r\n`

const ASCII = new TextEncoder()

export function blueprintComposer(): Composer {
  let lines = 0
  let fromTheMiddle = true
  return {
    compose({ signs }: Moment) {
      const line = blueprintLine(signs)
      const bytes = ASCII.encode(fromTheMiddle ? line.slice(5) : line)
      const values: readonly SentValue[] = fromTheMiddle ? [] : valuesOf(signs)
      fromTheMiddle = false
      lines++
      return { id: String(lines), bytes, values }
    },
    restart() {
      lines = 0
      fromTheMiddle = true
    },
    replug() {
      fromTheMiddle = true
    },
  }
}

/** What is a number in that line: what the driver must find, each once. */
const valuesOf = ({ heartRate, saturation }: Signs): readonly SentValue[] => [
  ...(heartRate.kind === 'value' ? [{ metric: CODES.heartRate.reference, value: heartRate.value }] : []),
  ...(saturation.kind === 'value' ? [{ metric: CODES.saturation.reference, value: saturation.value }] : []),
]
