/**
 * A Nellcor oximeter that prints: a line every two seconds, headings after each 25 lines and after power-up, 9600 8N1. The columns are
 * those that public captures of an N-560 show; its habits too: zeros, or the last value, while it searches for a pulse.
 */

import type { Moment, Sign, Signs } from '../patients/patient.ts'
import { CODES } from './codes.ts'
import type { Composer } from './composer.ts'
import type { Outgoing, SentValue } from './wire.ts'

export type NellcorModel = 'n-560' | 'n-595'

const LIMITS = { spo2: [90, 100], pulse: [50, 140] } as const
const LINES_PER_PAGE = 25
/** Lines of an alarm until somebody silences it, and until the silence is over. */
const SILENCED_FROM = 10
const SILENCED_TO = 40
/** Lines of searching until the pulse is called lost. */
const SEARCH_LINES = 5
/** Motion shows on one line of so many. */
const MOTION_EVERY = 7

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (value: number): string => String(value).padStart(2, '0')

function stamp(at: number, model: NellcorModel): string {
  const date = new Date(at)
  const month = MONTHS[date.getUTCMonth()] ?? ''
  const day = `${two(date.getUTCDate())}-${model === 'n-560' ? month : month.toUpperCase()}-${two(date.getUTCFullYear() % 100)}`
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
}

/** The three lines above each page. */
export function nellcorHeading(model: NellcorModel): string {
  const { spo2, pulse } = LIMITS
  const limits = `SpO2 Limit: ${spo2[0]}-${spo2[1]}%    PR Limit: ${pulse[0]}-${pulse[1]}BPM`
  const rows =
    model === 'n-560'
      ? [`N-560    VERSION 1.56.00    CRC:XXXX  ${limits}`, `${' '.repeat(29)}ADULT            0SAT-S `, `TIME${' '.repeat(17)}%SpO2   BPM     PA     Status`]
      : [`NPB-595  VERSION 1.0.0.1    CRC:XXXX  ${limits}`, '  ADULT    0SAT-S   SPO2 RESP MODE: NORMAL', `TIME${' '.repeat(17)}%SPO2   BPM     PA     Status`]
  return rows.map((row) => `${row}\r\n`).join('')
}

type Shown = { readonly spo2: number | null; readonly pulse: number | null; readonly amplitude: number | null }
/** One code each: what the signal is like, saturation, pulse, battery, silence, sound. */
type Codes = readonly [signal: string, saturation: string, pulse: string, battery: string, silence: string, sound: string]

/** One line, end of line included. */
export function nellcorLine({ spo2, pulse, amplitude }: Shown, codes: Codes, when: string): string {
  const number = (value: number | null): string => (value === null ? '---' : String(value).padStart(3))
  const star = (code: string): string => (code === '' ? ' ' : '*')
  const status = codes.map((code) => code.padEnd(3)).join('')
  return `${when}   ${number(spo2)}${star(codes[1])}    ${number(pulse)}${star(codes[2])}    ${number(amplitude)}    ${status}\r\n`
}

const ASCII = new TextEncoder()
const NONE: Shown = { spo2: null, pulse: null, amplitude: null }
const valueOf = (sign: Sign): number | null => (sign.kind === 'value' ? sign.value : null)
const beyond = (value: number | null, [low, high]: readonly [number, number], names: readonly [string, string]): string =>
  value === null ? '' : value < low ? names[0] : value > high ? names[1] : ''

export function nellcorComposer(device: string, model: NellcorModel): Composer {
  let lines = 0
  let alarmLines = 0
  let searchLines = 0
  let last: Shown = NONE
  // Whoever plugs in a cable hears the line from its middle on, after the noise of the contact.
  let fromTheMiddle = true

  const lineOf = ({ saturation, pulse, perfusion }: Signs, when: string): string => {
    const isSearching = saturation.kind === 'none' && saturation.why !== 'probe-off'
    searchLines = isSearching ? searchLines + 1 : 0
    const amplitude = perfusion.kind === 'value' ? Math.min(254, Math.round(perfusion.value * 20)) : null
    const shown: Shown = { spo2: valueOf(saturation), pulse: valueOf(pulse), amplitude }
    const codes = [beyond(shown.spo2, LIMITS.spo2, ['SL', 'SH']), beyond(shown.pulse, LIMITS.pulse, ['PL', 'PH'])] as const
    const isAlarming = codes.some((code) => code !== '') || searchLines > SEARCH_LINES
    alarmLines = isAlarming ? alarmLines + 1 : 0
    const silence = alarmLines > SILENCED_FROM && alarmLines <= SILENCED_TO ? 'AS' : ''
    if (isSearching) {
      const held = searchLines === 1 ? { ...last, amplitude: null } : { spo2: 0, pulse: 0, amplitude: null }
      return nellcorLine(held, [searchLines > SEARCH_LINES ? 'LP' : 'PS', '', '', '', silence, ''], when)
    }
    last = shown
    const signal = saturation.kind === 'none' ? 'SO' : lines % MOTION_EVERY === 3 ? 'MO' : ''
    return nellcorLine(shown, [signal, ...codes, '', silence, ''], when)
  }

  return {
    compose({ signs }: Moment, at: number): Outgoing {
      const heading = lines % LINES_PER_PAGE === 0 ? nellcorHeading(model) : ''
      const line = lineOf(signs, stamp(at, model))
      const text = fromTheMiddle ? `\0\0${line.slice(9)}` : heading + line
      const values = fromTheMiddle ? [] : valuesOf(signs)
      fromTheMiddle = false
      lines++
      return { id: `${device}/${lines}`, bytes: ASCII.encode(text), values }
    },
    restart() {
      lines = 0
      fromTheMiddle = true
      last = NONE
    },
    replug() {
      fromTheMiddle = true
    },
  }
}

function valuesOf({ saturation, pulse }: Signs): readonly SentValue[] {
  const pairs = [[CODES.saturation, saturation], [CODES.pulse, pulse]] as const
  return pairs.flatMap(([code, sign]) => (sign.kind === 'value' ? [{ metric: code.reference, value: sign.value }] : []))
}
