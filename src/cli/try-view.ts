/** What `vigil driver try` shows: the last of each value, how the frames were, and in words what is wrong. Pure; the caller has the clock. */

import type { Metric } from '../domain/metrics.ts'
import type { DeviceAlarm, Measurement, Reading } from '../domain/reading.ts'
import { toolLimits } from '../limits.ts'
import { Belief } from '../ops/guess.ts'
import type { Driver, Frame } from '../seams.ts'

export const measurementText = (metric: Metric, measurement: Measurement): string =>
  measurement.kind === 'measured' ? `${measurement.value.toFixed(metric.decimals)} ${metric.unit}` : `(${measurement.reason})`

type Row = { readonly reading: Reading; readonly atMs: number }

export class TryView {
  readonly #driver: Driver
  readonly #belief: Belief
  readonly #rows = new Map<string, Row>()
  readonly #waves = new Map<string, string>()
  readonly #alarms = new Map<string, DeviceAlarm>()
  #trouble = ''
  #lastByteAtMs: number | null = null
  #lastGoodAtMs: number | null = null
  #sentBytes = 0

  constructor(driver: Driver) {
    this.#driver = driver
    this.#belief = new Belief(driver)
  }

  get frames(): Belief['frames'] {
    return this.#belief.frames
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes
  }

  /** Times are ms since the port was opened. */
  take(byteCount: number, frames: readonly Frame[], atMs: number): void {
    this.#belief.take(byteCount, frames)
    if (byteCount > 0) this.#lastByteAtMs = atMs
    for (const frame of frames) this.#frame(frame, atMs)
  }

  #frame(frame: Frame, atMs: number): void {
    if (frame.kind === 'bad' || frame.kind === 'quarantined') this.#trouble = `${frame.kind}, byte ${frame.offset}: ${frame.why}`
    if (frame.kind !== 'good') return
    this.#lastGoodAtMs = atMs
    for (const { why, at } of frame.faults) this.#trouble = `not believed, byte ${frame.offset}, ${at}: ${why}`
    for (const reading of frame.readings) keep(this.#rows, `${reading.metric.id} ${reading.channel}`, { reading, atMs })
    for (const { metric, channel, rateHz } of frame.waveforms) keep(this.#waves, `${metric} ${channel}`, `${metric} ${channel} ${rateHz} Hz`.replace('  ', ' '))
    for (const alarm of frame.alarms) {
      if (alarm.phase === 'end' || alarm.phase === 'reset') this.#alarms.delete(alarm.id)
      else keep(this.#alarms, alarm.id, alarm)
    }
  }

  /** What is wrong and what may help; null while frames come. */
  advice(nowMs: number): string | null {
    const patience = toolLimits.tryPatienceMs
    if (this.#lastByteAtMs === null) {
      if (nowMs < patience) return null
      const why = this.#sentBytes > 0 ? `It was asked (${this.#sentBytes} bytes were sent) and does not answer` : 'It has said nothing'
      const what = 'is it on, its output switched on in its menu, the cable the right one (null modem?), and nobody else talking with it?'
      return `${why} for ${seconds(nowMs)}: ${what}`
    }
    if (this.#lastGoodAtMs === null) {
      if (nowMs < patience) return null
      const what = 'another speed or parity, or another protocol? vigil probe finds out.'
      return `${this.#belief.bytes} bytes came, and none is a good frame of ${this.#driver.id}: ${what}`
    }
    if (nowMs - this.#lastByteAtMs >= patience) return `Nothing has come for ${seconds(nowMs - this.#lastByteAtMs)}: was it switched off, or the cable pulled?`
    if (nowMs - this.#lastGoodAtMs < patience) return null
    return `Bytes come, but no good frame for ${seconds(nowMs - this.#lastGoodAtMs)}${this.#trouble === '' ? '' : ` (${this.#trouble})`}.`
  }

  /** The table, line by line. */
  lines(port: string, nowMs: number): readonly string[] {
    const { good, quarantined, bad, skipped } = this.#belief.frames
    const rows = [...this.#rows.values()].toSorted((a, b) => compare(a.reading, b.reading))
    const advice = this.advice(nowMs)
    return [
      `${port} as ${this.#driver.id}: ${seconds(nowMs)}, ${this.#belief.bytes} bytes heard, ${this.#sentBytes} sent`,
      `frames: ${good} good, ${quarantined} quarantined, ${bad} bad, ${skipped} skipped`,
      ...rows.map(({ reading, atMs }) => rowText(reading, nowMs - atMs)),
      ...(this.#waves.size > 0 ? [`waveforms: ${[...this.#waves.values()].join(', ')}`] : []),
      ...Array.from(this.#alarms.values(), ({ priority, type, text, code }) => `alarm: ${priority} ${type}: ${text === '' ? code : text}`),
      ...(this.#trouble === '' ? [] : [`last not believed: ${this.#trouble}`]),
      ...(advice === null ? [] : [advice]),
    ]
  }
}

/** A device cannot make a map grow: what is new beyond the bound is not shown. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  if (map.has(key) || map.size < toolLimits.tryRowsMax) map.set(key, value)
}

const seconds = (ms: number): string => `${Math.floor(ms / 1_000)} s`
const compare = (a: Reading, b: Reading): number => a.metric.label.localeCompare(b.metric.label, 'en') || a.channel.localeCompare(b.channel, 'en')

function rowText({ metric, measurement, channel, flags }: Reading, ageMs: number): string {
  const what = [metric.label.padEnd(12), measurementText(metric, measurement).padEnd(20), channel.padEnd(12)].join(' ')
  return `   ${what} ${seconds(ageMs).padStart(5)}    ${flags.join(' ')}`.trimEnd()
}
