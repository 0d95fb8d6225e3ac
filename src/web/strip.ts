/** The waveforms kept around a high alert, as lanes to draw: one for each signal, on one axis from before the alert to after it. */

import type { StripView } from '../api/wire.ts'
import { waveLimits } from '../limits.ts'

type Line = StripView['lines'][number]

/** What a lane is drawn as: it has its colour, and nothing else, by this. */
export type LaneKind = 'ecg' | 'pleth' | 'resp' | 'pressure' | 'gas' | 'other'

export type Lane = {
  readonly key: string
  readonly kind: LaneKind
  readonly label: string
  readonly unit: string
  /** Physical values at the lower and the upper edge of the lane. */
  readonly low: number
  readonly high: number
  /** SVG path in a box of `LANE_WIDTH` by `LANE_HEIGHT`. */
  readonly path: string
}

export const LANE_WIDTH = 1_500
export const LANE_HEIGHT = 100
const SPAN_MS = waveLimits.stripBeforeMs + waveLimits.stripAfterMs
/** Where the alert became high. */
export const ONSET_X = (LANE_WIDTH * waveLimits.stripBeforeMs) / SPAN_MS

/** When the alert became high, the last time first. */
export const momentsOf = ({ lines }: StripView): readonly number[] => [...new Set(lines.map(({ at }) => at))].sort((one, other) => other - one)

/** Lanes of one of those moments. Lines of one signal are one lane: between them there is a gap. */
export function lanesOf({ lines }: StripView, at: number): readonly Lane[] {
  const signals = new Map<string, Line[]>()
  for (const line of lines) {
    if (line.at !== at || line.samples.length === 0) continue
    const key = [line.device, line.metric, line.channel, line.unit].join(' ')
    const known = signals.get(key)
    if (known) known.push(line)
    else signals.set(key, [line])
  }
  return [...signals].flatMap(([key, of]) => laneOf(key, of) ?? [])
}

function laneOf(key: string, lines: readonly Line[]): Lane | null {
  const [first] = lines
  if (first === undefined) return null
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { samples, scale, offset } of lines) {
    for (const sample of samples) {
      const value = sample * scale + offset
      if (value < low) low = value
      if (value > high) high = value
    }
  }
  const { metric, channel, unit } = first
  return { key, ...nameOf(metric, channel), unit, low, high, path: lines.map((line) => pathOf(line, { low, high })).join('') }
}

/** Where several samples share a column the line goes over the lowest and the highest of them: no spike is lost. */
function pathOf({ at, from, rateHz, scale, offset, samples }: Line, { low, high }: Pick<Lane, 'low' | 'high'>): string {
  const start = at - waveLimits.stripBeforeMs
  const columnOf = (index: number): number => Math.round(((from + (index * 1_000) / rateHz - start) / SPAN_MS) * LANE_WIDTH)
  const yOf = (sample: number): string => (high === low ? LANE_HEIGHT / 2 : LANE_HEIGHT * (1 - (sample * scale + offset - low) / (high - low))).toFixed(1)
  const points: string[] = []
  for (let index = 0; index < samples.length; ) {
    const column = columnOf(index)
    const first = samples[index] ?? 0
    let [least, most, last] = [first, first, first]
    for (index++; index < samples.length && columnOf(index) === column; index++) {
      last = samples[index] ?? 0
      least = Math.min(least, last)
      most = Math.max(most, last)
    }
    for (const sample of first === last && least === most ? [first] : [first, least, most, last]) points.push(`${column} ${yOf(sample)}`)
  }
  return `M${points.join('L')}`
}

const NAMES: readonly (readonly [RegExp, LaneKind, string])[] = [
  [/^MDC_ECG_/, 'ecg', 'ECG'],
  [/^MDC_PULS_OXIM_PLETH/, 'pleth', 'Pleth'],
  [/^MDC_(T?THOR_)?RESP|^MDC_IMPED_TTHOR/, 'resp', 'Resp'],
  [/^MDC_PRESS_BLD_ART_ABP/, 'pressure', 'ABP'],
  [/^MDC_PRESS_BLD_ART_PULM/, 'pressure', 'PAP'],
  [/^MDC_PRESS_BLD_ART/, 'pressure', 'ART'],
  [/^MDC_PRESS_BLD_VEN_CENT/, 'pressure', 'CVP'],
  [/^MDC_PRESS_INTRA_CRAN/, 'pressure', 'ICP'],
  [/^MDC_PRESS_BLD/, 'pressure', 'Pressure'],
  [/^MDC_(CONC_)?AWAY_CO2/, 'gas', 'CO₂'],
  [/^MDC_CONC_AWAY_O2/, 'gas', 'O₂'],
  [/^MDC_PRESS_AWAY/, 'resp', 'Paw'],
  [/^MDC_FLOW_AWAY/, 'resp', 'Flow'],
]

/** What a nurse calls it, with the lead or the channel; a signal that this page does not know, as it came. */
export function nameOf(metric: string, channel: string): { readonly kind: LaneKind; readonly label: string } {
  const [, kind, name] = NAMES.find(([pattern]) => pattern.test(metric)) ?? [null, 'other' as const, metric]
  const lead = /^MDC_ECG_(?:ELEC_POTL|LEAD)_(\w+)$/.exec(metric)?.[1]?.replace(/^AV([RLF])$/, 'aV$1')
  return { kind, label: [name, lead ?? channel].filter((word) => word !== '').join(' ') }
}

/** Three digits that matter: `-0.42`, `118`. */
export const edgeText = (value: number): string => String(Number(value.toPrecision(3))).replace('-', '−')
