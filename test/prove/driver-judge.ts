/** What a driver may say, whatever it heard. Each finding is a sentence. */

import { isDeepStrictEqual } from 'node:util'
import { READING_FLAGS, type Reading, type Waveform } from '../../src/domain/reading.ts'
import { driverLimits } from '../../src/limits.ts'
import type { Frame, SessionOutput } from '../../src/seams.ts'

/** What a frame may say of itself in words, for each of its bytes. */
const WORDS_PER_BYTE = 64
const WORDS_MIN = 8_192
const WAVEFORMS_MAX = 512
const ALARMS_MAX = 2_048
/** An answer, and all that is sent in one go. */
const SENT_BYTES_MAX = 65_536

const isTime = (at: number | null): boolean => at === null || (Number.isFinite(at) && Math.abs(at) < 8.64e15)

/** Offsets go on over a whole conversation: `heard` bytes so far, and where the last frame ended. */
export type Progress = { heard: number; ended: number }

export function judgeOutput({ frames, send, wakeAt }: SessionOutput, progress: Progress): string | null {
  for (const frame of frames) {
    const wrong = judgeFrame(frame)
    if (wrong !== null) return `${wrong} (a ${frame.kind} frame of ${frame.length} bytes)`
    if (frame.offset < progress.ended || frame.length <= 0) return `a frame at ${frame.offset}+${frame.length} after one that ended at ${progress.ended}`
    progress.ended = frame.offset + frame.length
    if (progress.ended > progress.heard) return `a frame that ends at ${progress.ended} of ${progress.heard} bytes`
  }
  if (wakeAt !== null && !Number.isFinite(wakeAt)) return `wants to be woken at ${wakeAt}`
  if (send.reduce((sum, { length }) => sum + length, 0) > SENT_BYTES_MAX) return 'sends more than is bounded'
  return null
}

function judgeFrame(frame: Frame): string | null {
  if (frame.kind === 'skipped') return null
  for (const kind of ['stored', 'repeated'] as const) if ((frame.reply?.({ kind })?.length ?? 0) > SENT_BYTES_MAX) return 'an answer without a bound'
  for (const kind of ['retry', 'rejected'] as const) if ((frame.reply?.({ kind, why: 'no' })?.length ?? 0) > SENT_BYTES_MAX) return 'an answer without a bound'
  if (frame.bytes.length > Math.max(frame.length, driverLimits.badFrameBytesMax)) return 'keeps more bytes than it heard'
  return frame.kind === 'good' ? judgeGood(frame) : null
}

function judgeGood(frame: Frame & { kind: 'good' }): string | null {
  const { readings, waveforms, alarms, faults, leftOut = [], sentAt, length } = frame
  if (!isTime(sentAt)) return `sent at ${sentAt}`
  if (readings.length > driverLimits.readingsPerFrameMax) return `${readings.length} readings`
  if (waveforms.length > WAVEFORMS_MAX) return `${waveforms.length} waveforms`
  if (alarms.length > ALARMS_MAX) return `${alarms.length} alarms`
  const words = [...faults, ...leftOut].reduce((sum, { why, at }) => sum + why.length + at.length, 0)
  if (words > WORDS_MIN + WORDS_PER_BYTE * length) return `${words} letters about what is wrong`
  const samples = waveforms.reduce((sum, wave) => sum + wave.samples.length, 0)
  // Where samples are shared out over frames, those of a second may end in one; none is shorter than a bit of a byte.
  if (samples > 4_096 + 8 * length) return `${samples} samples`
  for (const { deviceAt } of alarms) if (!isTime(deviceAt)) return `an alarm at ${deviceAt}`
  for (const reading of readings) {
    const wrong = judgeReading(reading)
    if (wrong !== null) return wrong
  }
  for (const wave of waveforms) {
    const wrong = judgeWave(wave)
    if (wrong !== null) return wrong
  }
  return null
}

function judgeReading({ metric, measurement, deviceAt, flags }: Reading): string | null {
  if (!isTime(deviceAt)) return `${metric.id} at ${deviceAt}`
  if (!flags.every((flag) => READING_FLAGS.includes(flag))) return `${metric.id} with marks that there are not`
  if (measurement.kind === 'absent') return null
  const { value } = measurement
  return Number.isFinite(value) && value >= metric.parsed.low && value <= metric.parsed.high ? null : `${metric.id} is ${value}`
}

function judgeWave({ metric, rateHz, scale, offset, samples, deviceAt }: Waveform): string | null {
  if (!(rateHz > 0) || ![rateHz, scale, offset].every(Number.isFinite) || scale === 0) return `${metric} at ${rateHz} Hz, ${scale} a step from ${offset}`
  return isTime(deviceAt) && samples.length > 0 ? null : `${metric}: ${samples.length} samples at ${deviceAt}`
}

/** The same frames but for the functions in them. */
export const areSame = (one: readonly Frame[], other: readonly Frame[]): boolean => isDeepStrictEqual(one.map(withoutReply), other.map(withoutReply))
const withoutReply = (frame: Frame): object =>
  frame.kind === 'skipped' ? frame : { ...frame, bytes: Buffer.from(frame.bytes).toString('latin1'), reply: frame.reply?.({ kind: 'stored' }) ?? null }

/** How often each value stands in these frames. */
export function valuesIn(frames: readonly Frame[]): Map<string, number> {
  const values = new Map<string, number>()
  for (const frame of frames) {
    if (frame.kind !== 'good') continue
    for (const { metric, channel, measurement } of frame.readings) {
      if (measurement.kind === 'absent') continue
      const key = `${metric.id} ${channel} ${measurement.value}`
      values.set(key, (values.get(key) ?? 0) + 1)
    }
  }
  return values
}

/** A value that is there oftener than it was; null where there is none. */
export function added(values: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): string | null {
  for (const [key, count] of values) if (count > (before.get(key) ?? 0)) return key
  return null
}
