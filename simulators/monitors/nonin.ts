/**
 * A Nonin oximeter, 9600 8N1: a line of text a second (8500 and 9600; with the time of day on models that have a clock), or three packets
 * of 25 frames a second (OEM III and its kin, data formats 2 and 7).
 */

import type { Moment, Sign, Signs } from '../patients/patient.ts'
import type { Waves } from '../patients/waves.ts'
import { CODES } from './codes.ts'
import type { Composer } from './composer.ts'
import type { Outgoing, SentValue } from './wire.ts'

export type NoninModel = 'text' | 'text-with-time' | 'format-2' | 'format-7'

const three = (sign: Sign): string => (sign.kind === 'value' ? String(sign.value).padStart(3, '0') : '---')
const two = (value: number): string => String(value).padStart(2, '0')

/** `HH:MM:SS` of the device's clock. */
function timeOfDay(at: number): string {
  const date = new Date(at)
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
}

/** One line, end of line included. */
export const noninLine = ({ saturation, pulse }: Signs, time: string | null): string =>
  `${time === null ? '' : `${time} `}SPO2=${three(saturation)} HR=${three(pulse)}\r\n`

const PACKETS_PER_SECOND = 3
const FRAMES = 25
const SAMPLES_PER_SECOND = PACKETS_PER_SECOND * FRAMES

/** Bits of a frame's status. */
const BIT = { always: 0x80, disconnected: 0x40, outOfTrack: 0x10, alarm: 0x08, red: 0x04, green: 0x02, sync: 0x01 } as const
const WEAK_PERFUSION_PERCENT = 0.3
const REVISION = 48
const NO_PULSE = 511
const NO_SATURATION = 127

/** The numbers of a packet, one byte a frame: all averages alike, because the patient's do not differ. */
function valuesOfPacket({ saturation, pulse }: Signs, timer: number): readonly number[] {
  const spo2 = saturation.kind === 'value' ? saturation.value : NO_SATURATION
  const rate = pulse.kind === 'value' ? pulse.value : NO_PULSE
  const [high, low] = [rate >> 7, rate & 0x7f]
  const bytes = new Map([
    [0, high], [1, low], [2, spo2], [3, REVISION], [5, (timer >> 7) & 0x7f], [6, timer & 0x7f], [8, spo2], [9, spo2], [10, spo2],
    [13, high], [14, low], [15, spo2], [16, spo2], [19, high], [20, low], [21, high], [22, low],
  ])
  return Array.from({ length: FRAMES }, (_, index) => bytes.get(index) ?? 0)
}

function statusOf({ saturation, perfusion }: Signs, sample: number): number {
  if (saturation.kind === 'none') return BIT.always | (saturation.why === 'probe-off' ? BIT.disconnected | BIT.alarm : BIT.outOfTrack)
  const isBeat = sample > 0.7
  if (!isBeat) return BIT.always
  return BIT.always | (perfusion.kind === 'value' && perfusion.value < WEAK_PERFUSION_PERCENT ? BIT.red : BIT.green)
}

/** One packet. `pleth`: 25 samples between 0 and 1, NaN where the sensor gives nothing. */
export function noninPacket(signs: Signs, pleth: Float64Array, { format, timer }: { readonly format: 2 | 7; readonly timer: number }): Uint8Array {
  const values = valuesOfPacket(signs, timer)
  const frames = values.flatMap((value, index) => {
    const sample = Number.isNaN(pleth[index] ?? NaN) ? 0 : (pleth[index] ?? 0)
    const status = statusOf(signs, sample) | (index === 0 ? BIT.sync : 0)
    const fine = Math.round(sample * 0xffff)
    const frame = format === 2 ? [0x01, status, fine >> 8, value] : [status, fine >> 8, fine & 0xff, value]
    return [...frame, frame.reduce((sum, byte) => sum + byte, 0) % 256]
  })
  return Uint8Array.from(frames)
}

const ASCII = new TextEncoder()

export function noninComposer(device: string, model: NoninModel, waves: Waves): Composer {
  let seconds = 0
  // Whoever plugs in a cable hears a line or a packet from its middle on.
  let fromTheMiddle = true
  let isPoweredUp = false

  const linesOf = ({ signs }: Moment, at: number): Uint8Array => {
    const header = isPoweredUp ? '' : `NONIN 9600 DIGITAL PULSE OXIMETER\r\n${new Date(at).toISOString().slice(0, 10)} ${timeOfDay(at)}\r\n`
    isPoweredUp = true
    return ASCII.encode(header + noninLine(signs, model === 'text' ? null : timeOfDay(at)))
  }
  const packetsOf = ({ signs }: Moment): Uint8Array => {
    const format = model === 'format-2' ? 2 : 7
    const pleth = waves.next('pleth', signs, SAMPLES_PER_SECOND, 1)
    const packets = Array.from({ length: PACKETS_PER_SECOND }, (_, index) =>
      noninPacket(signs, pleth.subarray(index * FRAMES, (index + 1) * FRAMES), { format, timer: seconds * PACKETS_PER_SECOND + index }),
    )
    return Uint8Array.from(packets.flatMap((packet) => [...packet]))
  }

  return {
    compose(moment: Moment, at: number): Outgoing {
      const isText = model === 'text' || model === 'text-with-time'
      const whole = isText ? linesOf(moment, at) : packetsOf(moment)
      // A second's text is one line, whose first half is lost; of a second's packets the first one is.
      const bytes = fromTheMiddle ? whole.slice(isText ? whole.length - 11 : 62) : whole
      const copies = isText ? (fromTheMiddle ? 0 : 1) : fromTheMiddle ? PACKETS_PER_SECOND - 1 : PACKETS_PER_SECOND
      fromTheMiddle = false
      seconds++
      return { id: `${device}/${seconds}`, bytes, values: Array.from({ length: copies }, () => valuesOf(moment.signs)).flat() }
    },
    restart() {
      seconds = 0
      isPoweredUp = false
      fromTheMiddle = false
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
