/**
 * An Ivy 450C: one ANSAR-B message a second: FF, `ANSAR-B `, waves of 200, 50, 50, 50 and 50 bytes, lines, FE. It shows its last
 * cuff measurement in each message, and its waves are as high as its screen draws them.
 */

import type { Moment, Sign, Signs } from '../patients/patient.ts'
import type { WaveKind, Waves } from '../patients/waves.ts'
import { CODES, type Code } from './codes.ts'
import type { Composer } from './composer.ts'
import type { Outgoing, SentValue } from './wire.ts'

const START = 0xff
const END = 0xfe
const TITLE = 'ANSAR-B '

/** In the order of the message: how many bytes, where zero is drawn, and how many steps of the screen one unit takes. */
const WAVES: readonly { readonly kind: WaveKind | null; readonly bytes: number; readonly zero: number; readonly steps: number }[] = [
  { kind: 'ecg', bytes: 200, zero: 100, steps: 50 },
  { kind: 'resp', bytes: 50, zero: 100, steps: 40 },
  { kind: 'pleth', bytes: 50, zero: 86, steps: 80 },
  { kind: 'art', bytes: 50, zero: 0, steps: 1 },
  { kind: null, bytes: 50, zero: 251, steps: 0 },
]

const text = (sign: Sign, decimals = 0): string => (sign.kind === 'value' ? sign.value.toFixed(decimals) : '')

/** Parameter and what stands behind it: numbers, label, alarm. */
const line = (name: string, ...fields: readonly string[]): string => `${[`${name}=1`, ...fields].join(';')}\r`

function lines(signs: Signs): string {
  const { heartRate, breaths, saturation, pulse, systolic, diastolic, mean, temperature, cuff } = signs
  const isAsystole = heartRate.kind === 'value' && heartRate.value === 0
  const isApnoea = breaths.kind === 'value' && breaths.value === 0
  return [
    line('HR', text(heartRate), heartRate.kind === 'none' ? 'LEADS OFF' : 'ECG-II-DIAG', isAsystole ? 'ASYSTOLE' : ''),
    line('RR', text(breaths), '', isApnoea ? 'APNEA' : ''),
    line('SPO2', text(saturation), `PR=${text(pulse)}`, saturation.kind === 'none' && saturation.why === 'probe-off' ? 'SENSOR OFF' : ''),
    line('NIBP', text(cuff?.systolic ?? NONE), text(cuff?.diastolic ?? NONE), text(cuff?.mean ?? NONE), '', '', ''),
    line('P1', text(systolic), text(diastolic), text(mean), 'ART', ''),
    line('P2', '', '', '', 'NO TRANSDUCER', ''),
    line('T1', text(temperature, 1), '', ''),
  ].join('')
}
const NONE: Sign = { kind: 'none', why: 'failed' }

/** One message. */
export function ivyMessage(signs: Signs, waves: Waves): Uint8Array {
  const drawn = WAVES.flatMap(({ kind, bytes, zero, steps }) => {
    if (kind === null) return Array.from({ length: bytes }, () => zero)
    const physical = waves.next(kind, signs, bytes, 1)
    return Array.from(physical, (sample) => (Number.isNaN(sample) ? zero : Math.min(253, Math.max(0, Math.round(zero + sample * steps)))))
  })
  const letters = (word: string): number[] => Array.from(word, (letter) => letter.charCodeAt(0))
  return Uint8Array.from([START, ...letters(TITLE), ...drawn, ...letters(lines(signs)), END])
}

export function ivyComposer(device: string, waves: Waves): Composer {
  let messages = 0
  // Whoever plugs in a cable hears a message from its middle on.
  let fromTheMiddle = true
  return {
    compose(moment: Moment): Outgoing {
      const whole = ivyMessage(moment.signs, waves)
      const bytes = fromTheMiddle ? whole.slice(Math.floor(whole.length / 2)) : whole
      const values = fromTheMiddle ? [] : valuesOf(moment.signs)
      fromTheMiddle = false
      messages++
      return { id: `${device}/${messages}`, bytes, values }
    },
    restart() {
      messages = 0
      fromTheMiddle = true
    },
    replug() {
      fromTheMiddle = true
    },
  }
}

/** All but the cuff's, which are numbers only once. */
function valuesOf({ heartRate, breaths, saturation, pulse, systolic, diastolic, mean, temperature }: Signs): readonly SentValue[] {
  const pairs: readonly (readonly [Code, Sign])[] = [
    [CODES.heartRate, heartRate], [CODES.breaths, breaths], [CODES.saturation, saturation], [CODES.pulse, pulse],
    [CODES.systolic, systolic], [CODES.diastolic, diastolic], [CODES.mean, mean], [CODES.temperature, temperature],
  ]
  return pairs.flatMap(([code, sign]) => (sign.kind === 'value' ? [{ metric: code.reference, value: sign.value }] : []))
}
