/**
 * A packet of data format 2 or 7 (Nonin OEM III specification): 25 frames in a third of a second. Each has a status, a sample of the
 * plethysmogram and one byte of the numbers, which by the frame's place in the packet is another one each time.
 */

import {
  type AbsentReason, type ActiveAlarm, type Measurement, type Metric, type Reading, type Waveform, absent, flagBit, flagsOf, measured, within,
} from '#driver'
import { FRAMES_PER_PACKET, FRAME_BYTES, type PacketFrame } from './framer.ts'
import { PULSE, SATURATION } from './metrics.ts'

const STATUS = { disconnected: 0x40, artifact: 0x20, outOfTrack: 0x10, sensorAlarm: 0x08, perfusion: 0x06 } as const
const NO_SIGNAL = STATUS.disconnected | STATUS.sensorAlarm
const DOUBTFUL = STATUS.artifact | STATUS.outOfTrack
const PERFUSION_RED = 0x04

/** Places in the packet. */
const HEART_RATE_HIGH = 0
const HEART_RATE_LOW = 1
const SPO2 = 2
const STATUS_2 = 7
const LOW_BATTERY = 0x01
const VALUE_AT = 3

/** What stands where there is no number. */
const NO_SPO2 = 127
const NO_HEART_RATE = 511

/** Three packets a second. */
const RATE_HZ = 75

export type PacketStatus = { readonly isBatteryLow: boolean }
export type Packet = { readonly readings: readonly Reading[]; readonly waveforms: readonly Waveform[]; readonly status: PacketStatus }

export function readPacket({ format, bytes }: PacketFrame): Packet {
  const at = (frame: number, byte: number): number => bytes[frame * FRAME_BYTES + byte] ?? 0
  const statusAt = format === 2 ? 1 : 0
  const statuses = Array.from({ length: FRAMES_PER_PACKET }, (_, frame) => at(frame, statusAt))
  const all = statuses.reduce((bits, status) => bits | status, 0)
  const isWeak = statuses.some((status) => (status & STATUS.perfusion) === PERFUSION_RED)
  const absence: AbsentReason | null = (all & STATUS.disconnected) !== 0 ? 'probe-off' : (all & STATUS.sensorAlarm) === 0 ? null : 'device-invalid'
  const flags = flagsOf(((all & DOUBTFUL) === 0 ? 0 : flagBit('questionable')) | (isWeak ? flagBit('low-signal') : 0))
  const reading = (metric: Metric, value: number, missing: number): Reading => ({
    metric, measurement: absence === null ? measurementOf(metric, value, missing) : absent(absence), channel: '', deviceAt: null, flags,
  })
  const heartRate = ((at(HEART_RATE_HIGH, VALUE_AT) & 0x03) << 7) | (at(HEART_RATE_LOW, VALUE_AT) & 0x7f)
  const sampleOf = (frame: number): number => (format === 2 ? at(frame, 2) : (at(frame, 1) << 8) | at(frame, 2))
  return {
    readings: [reading(SATURATION, at(SPO2, VALUE_AT) & 0x7f, NO_SPO2), reading(PULSE, heartRate, NO_HEART_RATE)],
    waveforms: wavesOf(statuses.map((status, frame) => ((status & NO_SIGNAL) === 0 ? sampleOf(frame) : null))),
    status: { isBatteryLow: (at(STATUS_2, VALUE_AT) & LOW_BATTERY) !== 0 },
  }
}

function measurementOf(metric: Metric, value: number, missing: number): Measurement {
  if (value === missing) return absent('not-measured')
  return within(metric.parsed, value) ? measured(value) : absent('out-of-range')
}

/** One for each run of samples; null: the sensor gave none. */
function wavesOf(samples: readonly (number | null)[]): readonly Waveform[] {
  const runs: number[][] = []
  let run: number[] | null = null
  for (const sample of samples) {
    if (sample === null) run = null
    else if (run === null) runs.push((run = [sample]))
    else run.push(sample)
  }
  return runs.map((taken) => ({
    metric: 'MDC_PULS_OXIM_PLETH', channel: '', rateHz: RATE_HZ, scale: 1, offset: 0, unit: '1', samples: Int32Array.from(taken), deviceAt: null,
  }))
}

/** The only alarm that these formats carry: limits and their violations stay in the device. */
export const alarmsOf = ({ isBatteryLow }: PacketStatus): readonly ActiveAlarm[] => (isBatteryLow ? LOW_BATTERY_ALARM : [])
const LOW_BATTERY_ALARM: readonly ActiveAlarm[] = [
  { id: 'nonin:low-battery', code: 'nonin:low-battery', text: 'Low battery', source: '', priority: 'low', type: 'technical', inactivation: [] },
]
