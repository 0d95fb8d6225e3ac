/**
 * Masimo ASCII-1: one line a second, 9600 8N1, `MM/DD/YY HH:MM:SS` in the device's local time without a zone, then
 * KEY=value fields whose set depends on the model. Field shapes as public captures of Rad-8 and Radical-7 show them; that
 * a line ends with CR LF is an assumption, both are seen.
 */

import { hashOf } from '../patients/random.ts'
import type { Moment, Sign, Signs } from '../patients/patient.ts'
import type { Composer } from './composer.ts'
import { CODES, type Code } from './codes.ts'
import type { Outgoing, SentValue } from './wire.ts'

export type MasimoModel = 'rad-8' | 'radical-7'

/** Bits of EXC. */
const EXCEPTION = { lowPerfusion: 0x004, pulseSearch: 0x008, sensorOff: 0x020, set: 0x800 } as const
/** Bits of ALARM, known from captures, not from the vendor. */
const ALARM = { saturationLow: 0x02, pulseHigh: 0x04, pulseLow: 0x08, active: 0x10 } as const

const LOW_PERFUSION_PERCENT = 0.3

const two = (value: number): string => String(value).padStart(2, '0')
const hex = (bits: number, width: number): string => bits.toString(16).toUpperCase().padStart(width, '0')

function stamp(at: number): string {
  const date = new Date(at)
  const day = `${two(date.getUTCMonth() + 1)}/${two(date.getUTCDate())}/${two(date.getUTCFullYear() % 100)}`
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
}

const number = (sign: Sign, width: number): string => (sign.kind === 'value' ? String(sign.value).padStart(width, '0') : '-'.repeat(width))
const perfusionText = (sign: Sign): string => (sign.kind === 'value' ? sign.value.toFixed(2).padStart(5, '0') : '--.--')

function exceptions({ saturation, perfusion }: Signs): number {
  if (saturation.kind === 'value') return EXCEPTION.set | (perfusion.kind === 'value' && perfusion.value < LOW_PERFUSION_PERCENT ? EXCEPTION.lowPerfusion : 0)
  return EXCEPTION.set | (saturation.why === 'probe-off' ? EXCEPTION.sensorOff : EXCEPTION.pulseSearch)
}

function alarms({ saturation, pulse }: Signs): number {
  const low = saturation.kind === 'value' && saturation.value < 90 ? ALARM.saturationLow : 0
  const slow = pulse.kind === 'value' && pulse.value < 50 ? ALARM.pulseLow : 0
  const fast = pulse.kind === 'value' && pulse.value > 140 ? ALARM.pulseHigh : 0
  const bits = low | slow | fast
  return bits === 0 ? 0 : bits | ALARM.active
}

/** One line, end of line included. */
export function masimoLine(signs: Signs, at: number, { device, model }: { readonly device: string; readonly model: MasimoModel }): string {
  const serial = `SN=${String(hashOf(device) % 1_000_000).padStart(10, '0')}`
  const saturation = number(signs.saturation, 3)
  const pulse = number(signs.pulse, 3)
  const fields =
    model === 'rad-8'
      ? [serial, `SPO2=${saturation}%`, `BPM=${pulse}%`, 'DESAT=--', 'PIDELTA=+--', `ALARM=${hex(alarms(signs), 4)}`, `EXC=${hex(exceptions(signs), 6)}`]
      : [
          serial, `SPO2=${saturation}%`, `BPM=${pulse}`, `PI=${perfusionText(signs.perfusion)}`, 'SPCO=--%', 'SPMET=--.-%', 'SPHB=--.-', 'SPOC=--', 'RESVD=---',
          'DESAT=--', 'PIDELTA=+--', 'PVI=---', `ALARM=${hex(alarms(signs), 6)}`, `EXC=${hex(exceptions(signs), 7)}`, 'EXC1=00000000',
        ]
  return `${stamp(at)} ${fields.join(' ')}\r\n`
}

const ASCII = new TextEncoder()

export function masimoComposer(device: string, model: MasimoModel): Composer {
  let lines = 0
  // Whoever plugs in a cable hears the line from its middle on, after the noise of the contact.
  let fromTheMiddle = true
  return {
    compose(moment: Moment, at: number): Outgoing {
      const line = masimoLine(moment.signs, at, { device, model })
      const text = fromTheMiddle ? `\0\0${line.slice(Math.floor(line.length / 2))}` : line
      const values = fromTheMiddle ? [] : valuesOf(moment.signs, model)
      fromTheMiddle = false
      lines++
      return { id: String(lines), bytes: ASCII.encode(text), values }
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

function valuesOf({ saturation, pulse, perfusion }: Signs, model: MasimoModel): readonly SentValue[] {
  const values: SentValue[] = []
  const add = (code: Code, sign: Sign): void => {
    if (sign.kind === 'value') values.push({ metric: code.reference, value: sign.value })
  }
  add(CODES.saturation, saturation)
  add(CODES.pulse, pulse)
  if (model === 'radical-7') add(CODES.perfusion, perfusion)
  return values
}
