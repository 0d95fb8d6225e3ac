import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WaveLine, WavesView } from '../../src/api/wire.ts'
import { webLimits } from '../../src/limits.ts'
import { endOf, isStopped, type LiveLane, narrow, pixelsPerMs, runsOf, takeWaves } from '../../src/web/live-waves.ts'

const START = Date.UTC(2026, 0, 1)
const line = (fromMs: number, samples: readonly number[], more: Partial<WaveLine> = {}): WaveLine => ({
  from: START + fromMs, rateHz: 100, scale: 0.01, offset: 0, unit: 'mV', follows: true, samples, ...more,
})
const view = (lines: readonly WaveLine[], metric = 'MDC_ECG_ELEC_POTL_II'): WavesView => ({ bed: '1', more: 0, signals: [{ key: metric, metric, channel: '', lines }] })
const count = (length: number, of = (index: number) => index): number[] => Array.from({ length }, (_, index) => of(index))

/** The only lane after messages, at page times a quarter of a second apart. */
function laneOf(...messages: readonly WavesView[]): LiveLane {
  let lanes: readonly LiveLane[] = []
  for (const [index, message] of messages.entries()) lanes = takeWaves(lanes, message, index * 250)
  const [lane] = lanes
  if (lane === undefined) throw new Error('there is no lane')
  return lane
}

describe('a live waveform on the page', () => {
  it('has its name and colour, and goes when the gateway does not name it any more', () => {
    const lane = laneOf(view([line(0, [0, 100])]))
    expect([lane.label, lane.kind, lane.unit]).toEqual(['ECG II', 'ecg', 'mV'])
    expect(takeWaves([lane], { bed: '1', more: 0, signals: [] }, 0)).toEqual([])
  })

  it('keeps what a sweep shows, and no more', () => {
    let lanes: readonly LiveLane[] = []
    for (let index = 0; index < 2 * webLimits.wavePiecesMax; index++) lanes = takeWaves(lanes, view([line(index * 20, [1, 2])]), index * 20)
    expect(lanes[0]?.pieces).toHaveLength(webLimits.wavePiecesMax)
    const long = laneOf(...count(100).map((second) => view([line(second * 1_000, count(100))])))
    const [first] = long.pieces
    expect(first === undefined ? 0 : endOf(first)).toBeGreaterThanOrEqual(START + 100_000 - webLimits.waveKeptMs)
  })

  it('is not doubled by a connection that comes again and brings the past along', () => {
    const lane = laneOf(view([line(0, count(100))]), view([line(1_000, count(100))]), view([line(500, count(200), { follows: false })]))
    expect(lane.pieces.map((piece) => [piece.from - START, piece.values.length])).toEqual([[0, 50], [500, 200]])
  })

  it('has stopped when nothing came for long, unless it always takes that long', () => {
    const lane = laneOf(view([line(0, count(1_000))]), view([line(10_000, count(100))]))
    expect(isStopped(lane, 250 + webLimits.waveStoppedMs - 1)).toBe(false)
    expect(isStopped(lane, 250 + webLimits.waveStoppedMs)).toBe(true)
    const seldom = laneOf(view([line(0, [1])]), view([line(10, count(300))]))
    expect(isStopped(seldom, 250 + 4_499)).toBe(false)
    expect(isStopped(seldom, 250 + 4_500)).toBe(true)
    const never = laneOf(view([line(0, [1])]), view([line(10, count(60_000))]))
    expect(isStopped(never, 250 + 1.5 * webLimits.wavePieceMsMax)).toBe(true)
  })

  it('that is named without a sample has not come', () => {
    const lane = laneOf(view([line(0, [1])]), view([]))
    expect(lane.heardAt).toBe(0)
  })
})

describe('its scale', () => {
  it('has edges that people can read, which hold all of it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -30_000, max: 30_000 }), { minLength: 1, maxLength: 50 }), fc.constantFrom('MDC_PULS_OXIM_PLETH', 'MDC_ECG_ELEC_POTL_II'), (samples, metric) => {
        const { scale } = laneOf(view([line(0, samples)], metric))
        for (const sample of samples) {
          expect(sample * 0.01).toBeGreaterThanOrEqual(scale.low - 1e-4)
          expect(sample * 0.01).toBeLessThanOrEqual(scale.high + 1e-4)
        }
        // At most half of the lane stays empty for the sake of round numbers, unless little was to be seen.
        const seen = (Math.max(...samples) - Math.min(...samples)) * 0.01
        if (seen > 4 && metric !== 'MDC_ECG_ELEC_POTL_II') expect(seen / (scale.high - scale.low)).toBeGreaterThanOrEqual(0.45)
      }),
    )
  })

  it('never makes a heart of the noise on a flat line', () => {
    const noise = count(200, (index) => index % 3)
    expect(laneOf(view([line(0, noise)])).scale).toEqual({ low: -0.5, high: 1.5 })
    const { low, high } = laneOf(view([line(0, noise)], 'MDC_PULS_OXIM_PLETH')).scale
    expect(high - low).toBeGreaterThan(10 * 0.02)
  })

  it('of an ECG in a unit of its own is as large as it comes', () => {
    const { low, high } = laneOf(view([line(0, [0, 4_000], { unit: '1', scale: 1 })])).scale
    expect([low, high]).toEqual([0, 4_000])
  })

  it('widens at once, and is narrowed with the next sweep', () => {
    const lane = laneOf(view([line(0, [0, 50])]), view([line(20, [0, 900])]))
    expect(lane.scale.high).toBeGreaterThanOrEqual(9)
    expect(lane.edition).toBe(2)
    narrow(lane, START + 20)
    expect(lane.scale.high).toBeGreaterThanOrEqual(9)
    takeWaves([lane], view([line(40, count(50))]), 500)
    narrow(lane, START + 40)
    expect(lane.scale).toEqual({ low: -0.5, high: 1.5 })
    expect(lane.edition).toBe(3)
  })

  it('begins anew with another unit, as does what is drawn', () => {
    const lane = laneOf(view([line(0, [0, 20_000])]), view([line(20, [0, 50], { unit: 'uV' })]))
    expect([lane.unit, lane.pieces.length, lane.scale.high]).toEqual(['uV', 1, expect.closeTo(0.5)])
  })
})

describe('the sweep', () => {
  const stage = { width: 1_000, height: 100, perMs: pixelsPerMs(25) }
  const all = { from: START - 1, to: START + 100_000 }

  it('runs at 25 mm a second, or at a quarter of that', () => {
    expect(pixelsPerMs(25) * 1_000).toBeCloseTo(94.5, 1)
    expect(pixelsPerMs(6.25) * 4).toBeCloseTo(pixelsPerMs(25))
  })

  it('draws no line over a gap', () => {
    const lane = laneOf(view([line(0, count(50)), line(500, count(50)), line(3_000, count(50), { follows: false })]))
    expect(runsOf(lane, all, { ...stage, width: 1e9 }).map((run) => run.length)).toEqual([100, 50])
  })

  it('shows each sample once, in its place, however often it is drawn on', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 40 }), (cuts, stepSamples) => {
        let sent = 0
        const lane = laneOf(view(cuts.map((length) => {
          const begin = sent
          sent += length
          return line(begin * 10, count(length, (index) => (begin + index) % 100))
        })))
        const width = { ...stage, width: 1e9 }
        const pieces = []
        for (let from = -1; from < sent * 10; from += stepSamples * 10) {
          pieces.push(...runsOf(lane, { from: START + from, to: START + from + stepSamples * 10 }, width))
        }
        const [whole = []] = runsOf(lane, all, width)
        expect(whole).toHaveLength(sent)
        // Each piece begins at the point where the one before ended, so that the line has no hole.
        expect(pieces.flatMap((run, place) => (place === 0 ? run : run.slice(1)))).toEqual(whole)
        for (const [place, run] of pieces.entries()) if (place > 0) expect(run[0]).toEqual(pieces[place - 1]?.at(-1))
      }),
    )
  })

  it('begins anew at the left, and no line goes back over the screen', () => {
    const lane = laneOf(view([line(0, count(3_000, (index) => index % 50))]))
    for (const run of runsOf(lane, all, stage)) {
      for (const [place, point] of run.entries()) {
        expect(point.x).toBeLessThan(stage.width)
        expect(point.x).toBeGreaterThanOrEqual(run[place - 1]?.x ?? 0)
        expect(point.y).toBeGreaterThanOrEqual(0)
        expect(point.y).toBeLessThanOrEqual(stage.height)
      }
    }
  })

  it('draws nothing of what is not due yet', () => {
    const lane = laneOf(view([line(0, count(100))]))
    expect(runsOf(lane, { from: START - 1, to: START + 495 }, stage).flat()).toHaveLength(50)
    expect(runsOf(lane, { from: START - 500, to: START - 1 }, stage)).toEqual([])
  })
})
