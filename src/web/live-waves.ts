/** Live waveforms as the page holds them: what came, the scale to draw it on, and whether it still comes. No drawing here. */

import type { WaveLine, WaveSignal, WavesView } from '../api/wire.ts'
import { webLimits } from '../limits.ts'
import { type LaneKind, nameOf } from './strip.ts'

/** Samples without a gap, as physical values. `follows`: nothing is missing between the piece before and this one. */
export type Piece = { readonly from: number; readonly stepMs: number; readonly values: Float32Array; readonly follows: boolean }

/** Physical values at the lower and the upper edge. */
export type WaveScale = { readonly low: number; readonly high: number }

export type LiveLane = {
  readonly key: string
  readonly kind: LaneKind
  readonly label: string
  unit: string
  /** In the order of time, without overlap. */
  pieces: Piece[]
  scale: WaveScale
  /** Between two values that the device can tell apart. */
  resolution: number
  /** Page time at which samples last came. */
  heardAt: number
  /** How much comes at a time, in ms: the last few. */
  readonly pieceMs: number[]
  /** Grows when what was drawn of it is not true any more. */
  edition: number
}

export const endOf = ({ from, stepMs, values }: Piece): number => from + stepMs * values.length

/** Takes one message at page time `now`. Returns the lanes in their order; a signal that is not named any more is gone. */
export function takeWaves(lanes: readonly LiveLane[], { signals }: WavesView, now: number): readonly LiveLane[] {
  return signals.map((signal) => {
    const known = lanes.find(({ key }) => key === signal.key)
    const lane = known ?? { key: signal.key, ...nameOf(signal.metric, signal.channel), unit: '', pieces: [], scale: NO_SCALE, resolution: 0, heardAt: now, pieceMs: [], edition: 0 }
    takeSignal(lane, signal, { now, isNew: known === undefined })
    return lane
  })
}

function takeSignal(lane: LiveLane, { lines }: WaveSignal, { now, isNew }: { readonly now: number; readonly isNew: boolean }): void {
  const pieces = lines.filter(({ samples }) => samples.length > 0).map(pieceOf)
  const [first] = pieces
  const last = pieces.at(-1)
  if (first === undefined || last === undefined) return
  lane.heardAt = now
  // The first message brings the past along.
  if (!isNew) lane.pieceMs.push(Math.min(webLimits.wavePieceMsMax, pieces.reduce((sum, piece) => sum + endOf(piece) - piece.from, 0)))
  if (lane.pieceMs.length > PIECES_JUDGED) lane.pieceMs.shift()
  const { unit, scale } = lines.at(-1) ?? { unit: lane.unit, scale: 0 }
  lane.resolution = Math.abs(scale)
  const isAnother = unit !== lane.unit && lane.pieces.length > 0
  const kept = isAnother ? [] : before(lane.pieces, first.from)
  if (kept !== lane.pieces) lane.edition++
  lane.unit = unit
  const oldest = endOf(last) - webLimits.waveKeptMs
  lane.pieces = [...kept, ...pieces].filter((piece) => endOf(piece) > oldest).slice(-webLimits.wavePiecesMax)
  widen(lane, pieces, isAnother)
}

const PIECES_JUDGED = 4

const pieceOf = ({ from, rateHz, scale, offset, follows, samples }: WaveLine): Piece => ({
  from, stepMs: 1_000 / rateHz, follows, values: Float32Array.from(samples, (sample) => sample * scale + offset),
})

/** A connection that came again brings what is there already, and a signal may begin anew earlier than it ended: the newer word counts. */
function before(pieces: Piece[], from: number): Piece[] {
  const last = pieces.at(-1)
  if (last === undefined || endOf(last) - from <= last.stepMs) return pieces
  return pieces
    .filter((piece) => piece.from < from)
    .map((piece) => (endOf(piece) - from <= piece.stepMs ? piece : { ...piece, values: piece.values.subarray(0, Math.round((from - piece.from) / piece.stepMs)) }))
}

/** Whether nothing came for longer than it ever takes. */
export function isStopped({ heardAt, pieceMs }: LiveLane, now: number): boolean {
  return now - heardAt >= Math.max(webLimits.waveStoppedMs, 1.5 * Math.max(0, ...pieceMs.filter((ms) => ms > USUAL_PIECE_MS)))
}

/** Every monitor but a few sends at least once a second. */
const USUAL_PIECE_MS = 1_300

// ── scale ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Always in sight, so that noise on a flat line never fills the lane and looks like a heart. Others are drawn nearly as large as they come. */
const USUAL: Readonly<Record<string, WaveScale>> = {
  'ecg mV': { low: -0.5, high: 1.5 },
  'pressure mm[Hg]': { low: 0, high: 20 },
  'gas mm[Hg]': { low: 0, high: 40 },
  'gas kPa': { low: 0, high: 5 },
  'gas %': { low: 0, high: 5 },
}
const usualOf = ({ kind, unit }: Pick<LiveLane, 'kind' | 'unit'>): WaveScale | undefined => USUAL[`${kind} ${unit}`]
const NO_SCALE: WaveScale = { low: 0, high: 0 }
/** So many steps of the device's own resolution fill a lane at least. */
const STEPS_MIN = 32
const NARROWED_BELOW = 0.6

/** Edges that people can read, around what was seen. */
function readable({ low, high }: WaveScale): WaveScale {
  const span = high - low
  if (span <= 0) return { low, high }
  const decade = 10 ** Math.floor(Math.log10(span / 5))
  const step = decade * ([1, 2, 5].find((part) => part * decade * 5 >= span) ?? 10)
  return { low: Math.floor(low / step + 1e-9) * step, high: Math.ceil(high / step - 1e-9) * step }
}

function extentOf(pieces: readonly Piece[], usual: WaveScale | undefined): WaveScale {
  let low = usual?.low ?? Number.POSITIVE_INFINITY
  let high = usual?.high ?? Number.NEGATIVE_INFINITY
  for (const { values } of pieces) {
    for (const value of values) {
      if (value < low) low = value
      if (value > high) high = value
    }
  }
  return low <= high ? { low, high } : NO_SCALE
}

function scaleOf(pieces: readonly Piece[], least: WaveScale | undefined, resolution: number): WaveScale {
  const { low, high } = extentOf(pieces, least)
  const missing = Math.max(0, STEPS_MIN * resolution - (high - low)) / 2
  return readable({ low: low - missing, high: high + missing })
}

/** What is out of the scale widens it at once. */
function widen(lane: LiveLane, pieces: readonly Piece[], isAnother: boolean): void {
  const { low, high } = extentOf(pieces, undefined)
  if (!isAnother && lane.scale !== NO_SCALE && low >= lane.scale.low && high <= lane.scale.high) return
  lane.scale = scaleOf(pieces, isAnother || lane.scale === NO_SCALE ? usualOf(lane) : lane.scale, lane.resolution)
  lane.edition++
}

/** To be called once a sweep: a scale that is much too wide for what came since `from` is narrowed. */
export function narrow(lane: LiveLane, from: number): void {
  const recent = lane.pieces.filter((piece) => endOf(piece) > from)
  if (recent.length === 0) return
  const next = scaleOf(recent, usualOf(lane), lane.resolution)
  if (next.high - next.low >= (lane.scale.high - lane.scale.low) * NARROWED_BELOW) return
  lane.scale = next
  lane.edition++
}

// ── sweep ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const SWEEPS = [25, 6.25] as const
/** Millimetres a second, on a screen of 96 dots an inch (CSS). */
export type Sweep = (typeof SWEEPS)[number]
export const pixelsPerMs = (sweep: Sweep): number => (sweep * 96) / 25.4 / 1_000

/** One run of points to draw, in pixels: between two runs nothing is drawn. */
export type Run = readonly { readonly x: number; readonly y: number }[]

export type Stage = { readonly width: number; readonly height: number; readonly perMs: number }

/** The points measured after `from` and until `to`, with the one before them where the line goes on from there. A sweep that begins anew at the left begins a run. */
export function runsOf({ pieces, scale }: LiveLane, { from, to }: { readonly from: number; readonly to: number }, stage: Stage): readonly Run[] {
  const { width, height, perMs } = stage
  const span = scale.high - scale.low
  const yOf = (value: number): number => MARGIN + (height - 2 * MARGIN) * (span > 0 ? 1 - (value - scale.low) / span : 0.5)
  const runs: { x: number; y: number }[][] = []
  let run: { x: number; y: number }[] = []
  for (const [place, piece] of pieces.entries()) {
    const next = pieces[place + 1]
    if (next !== undefined && next.from <= from) continue
    if (piece.from > to) break
    if (!piece.follows || place === 0) run = []
    // The point before `from` is drawn too: the line comes from there.
    const begin = Math.min(piece.values.length - 1, Math.floor((from - piece.from) / piece.stepMs))
    for (let index = Math.max(0, begin); index < piece.values.length; index++) {
      const at = piece.from + index * piece.stepMs
      if (at > to) break
      const point = { x: (at * perMs) % width, y: yOf(piece.values[index] ?? 0) }
      const last = run.at(-1)
      if (run.length === 0 || (last !== undefined && point.x < last.x)) runs.push((run = []))
      run.push(point)
    }
  }
  return runs
}

/** A line on the very edge would be cut in half. */
const MARGIN = 3
