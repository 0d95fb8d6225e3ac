import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WavesView } from '../../src/api/wire.ts'
import { bedId, deviceId } from '../../src/domain/ids.ts'
import type { Waveform } from '../../src/domain/reading.ts'
import { wallMs } from '../../src/domain/time.ts'
import { apiLimits, liveWaveLimits } from '../../src/limits.ts'
import { watchWaves } from '../../src/pump/live-waves.ts'
import { Waves } from '../../src/pump/waves.ts'

const { pastMs, rateHzMax, samplesPerSignalMax, silentMsMax } = liveWaveLimits
const MONITOR = deviceId('monitor-1')
const BED = bedId('bed-1')
const START = Date.UTC(2026, 0, 1)

const wave = (samples: ArrayLike<number>, more: Partial<Waveform> = {}): Waveform => ({
  metric: 'MDC_ECG_ELEC_POTL_II', channel: '', rateHz: 100, scale: 0.01, offset: 0, unit: 'mV', samples: Int32Array.from(samples), deviceAt: null, ...more,
})
const counted = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index)

function ward(more: { readonly heldSince?: number; readonly devices?: readonly string[] } = {}) {
  const waves = new Waves()
  let now = START
  const devices = (more.devices ?? ['monitor-1']).map((id) => ({ id: deviceId(id) }))
  const parts = { waves, devicesAt: () => devices, heldSince: () => (more.heldSince === undefined ? null : wallMs(START + more.heldSince)), now: () => wallMs(now) }
  return {
    waves,
    watch: () => watchWaves(parts, BED),
    at: (ms: number) => void (now = START + ms),
    /** The monitor sends this at the time that it is. */
    send: (samples: ArrayLike<number>, of: Partial<Waveform> = {}, device = MONITOR) => waves.add(device, wave(samples, of), wallMs(now)),
  }
}
/** All lines of the first signal, as [ms since the start, follows, samples]. */
const linesOf = (view: WavesView | null) => view?.signals[0]?.lines.map(({ from, follows, samples }) => [from - START, follows, samples])

describe('whoever looks at the waveforms of a bed', () => {
  it('hears at once that there is none, and then nothing', () => {
    const look = ward().watch()
    expect(look()).toEqual({ bed: 'bed-1', signals: [], more: 0 })
    expect(look()).toBeNull()
  })

  it('gets the last seconds first, then each sample once and in its order, however they came and whenever they are asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.boolean()), { maxLength: 60 }), (turns) => {
        const { at, send, watch } = ward()
        let sent = 0
        at(5_000)
        send(counted(0, 500))
        sent = 500
        const look = watch()
        const got: number[] = []
        const take = (): void => {
          for (const [, follows, samples] of linesOf(look()) ?? []) {
            expect(follows).toBe(got.length > 0)
            if (Array.isArray(samples)) got.push(...samples)
          }
        }
        take()
        for (const [count, asks] of turns) {
          at((sent + count) * 10)
          send(counted(sent, count))
          sent += count
          if (asks) take()
        }
        take()
        expect(got).toEqual(counted(0, sent))
      }),
      { numRuns: 50 },
    )
  })

  it('hears of a gap as a gap, and nothing of what is older than a screen shows or came before this patient', () => {
    const { at, send, watch } = ward()
    at(1_000)
    send(counted(0, 100))
    at(8_000)
    send(counted(500, 100))
    expect(linesOf(watch()())).toEqual([[0, false, counted(0, 100)], [7_000, false, counted(500, 100)]])
    at(1_000 + pastMs)
    expect(linesOf(watch()())).toEqual([[7_000, false, counted(500, 100)]])
    const held = ward({ heldSince: 7_500 })
    held.at(8_000)
    held.send(counted(0, 100))
    expect(linesOf(held.watch()())).toEqual([[7_500, false, counted(50, 50)]])
  })

  it('goes on with the newest seconds after being slow: the rest is a gap', () => {
    const { at, send, watch } = ward()
    const look = watch()
    for (let second = 1; second <= 30; second++) {
      at(second * 1_000)
      send(counted(second * 100, 100))
      if (second === 1) expect(linesOf(look())).toEqual([[0, false, counted(100, 100)]])
    }
    expect(linesOf(look())).toEqual([[30_000 - pastMs, false, counted(3_100 - pastMs / 10, pastMs / 10)]])
  })

  it('gets nothing of what is forgotten, and then what comes anew, all of it', () => {
    const { at, send, watch, waves } = ward()
    const look = watch()
    at(1_000)
    send(counted(0, 100))
    look()
    at(1_500)
    send(counted(100, 50))
    waves.forget(MONITOR)
    expect(look()).toEqual({ bed: 'bed-1', signals: [], more: 0 })
    at(3_500)
    send(counted(0, 200))
    expect(linesOf(look())).toEqual([[1_500, false, counted(0, 200)]])
    expect(look()).toBeNull()
  })

  it('gets no more columns than a screen has, and every peak among them', () => {
    fc.assert(
      fc.property(fc.integer({ min: rateHzMax + 1, max: 2_000 }), fc.integer({ min: 0, max: 900 }), (rateHz, spike) => {
        const { at, send, watch } = ward()
        const samples = counted(0, 1_000).map((index) => (index === spike ? 9_999 : index === spike + 1 ? -9_999 : index % 7))
        at(1_000)
        send(samples, { rateHz })
        const [line] = watch()()?.signals[0]?.lines ?? []
        expect(line?.rateHz).toBeLessThanOrEqual(rateHzMax)
        expect(line?.samples).toEqual(expect.arrayContaining([9_999, -9_999]))
        expect((line?.samples.length ?? 0) / (line?.rateHz ?? 1)).toBeCloseTo(1_000 / rateHz, 1)
      }),
      { numRuns: 50 },
    )
  })

  it('gets what was thinned out in the same pieces however it was asked for', () => {
    const one = ward()
    const other = ward()
    const [seldom, often] = [one.watch(), other.watch()]
    const got: number[] = []
    for (let step = 1; step <= 40; step++) {
      for (const { at, send } of [one, other]) {
        at(step * 50)
        send(Array.from({ length: 25 }, (_, index) => ((step * 25 + index) * 37) % 101), { rateHz: 500 })
      }
      got.push(...(often()?.signals[0]?.lines.flatMap(({ samples }) => samples) ?? []))
    }
    expect(got).toEqual(seldom()?.signals[0]?.lines.flatMap(({ samples }) => samples))
    expect(got).toHaveLength(500)
  })

  it('gets a bounded message, whatever a device does, and the rest with the next', () => {
    const { at, send, watch } = ward()
    // A gap after each sample, and numbers of the greatest length.
    for (let index = 1; index <= 400; index++) {
      for (const channel of ['1', '2', '3', '4']) {
        at(index * 20)
        send([-2_147_483_648], { channel, scale: -1.2345678901234567e-100, offset: -1.2345678901234567e-100, rateHz: 249.123456789012, deviceAt: wallMs(START + index * 1_000) })
      }
    }
    at(8_100)
    for (const channel of ['1', '2', '3', '4']) send(Array.from({ length: 5_000 }, () => -2_147_483_648), { channel, rateHz: 250 })
    const look = watch()
    const first = look()
    expect(first?.signals).toHaveLength(liveWaveLimits.signalsMax)
    expect(first?.more).toBe(1)
    for (const { lines } of first?.signals ?? []) expect(lines.reduce((sum, { samples }) => sum + samples.length, 0)).toBeLessThanOrEqual(samplesPerSignalMax)
    let messages = 0
    for (let view = first; view !== null; view = look(), messages++) {
      // Waveforms alone never make a page one that lags behind.
      expect(Buffer.byteLength(JSON.stringify({ type: 'waves', at: START, ...view })) + apiLimits.socketWavesBytes).toBeLessThan(apiLimits.socketSlowBytes)
      expect(messages).toBeLessThan(20)
    }
    expect(messages).toBeGreaterThan(1)
  })
})

describe('of many signals', () => {
  const METRICS = ['MDC_IMPED_TTHOR', 'MDC_ECG_ELEC_POTL_V5', 'MDC_PRESS_BLD_VEN_CENT', 'MDC_PULS_OXIM_PLETH', 'MDC_ECG_ELEC_POTL_II', 'MDC_PRESS_BLD_ART_ABP', 'MDC_AWAY_CO2']
  const shown = (view: WavesView | null) => view?.signals.map(({ metric }) => metric)

  it('one of each kind is shown, as monitors stack them, and how many more there are', () => {
    const { at, send, watch } = ward()
    at(1_000)
    for (const metric of METRICS) send(counted(0, 100), { metric })
    const view = watch()()
    expect(shown(view)).toEqual(['MDC_ECG_ELEC_POTL_II', 'MDC_PRESS_BLD_ART_ABP', 'MDC_PULS_OXIM_PLETH'])
    expect(view?.more).toBe(4)
    const two = ward({ devices: ['monitor-1', 'monitor-2'] })
    two.at(1_000)
    two.send(counted(0, 100), { metric: 'MDC_ECG_ELEC_POTL_V5' })
    two.send(counted(0, 100), { metric: 'MDC_PULS_OXIM_PLETH' }, deviceId('monitor-2'))
    two.send(counted(0, 100), { metric: 'MDC_ECG_ELEC_POTL_II' })
    expect(shown(two.watch()())).toEqual(['MDC_ECG_ELEC_POTL_II', 'MDC_ECG_ELEC_POTL_V5', 'MDC_PULS_OXIM_PLETH'])
  })

  it('one that has been silent makes room for another, and that is said', () => {
    const { at, send, watch } = ward()
    at(1_000)
    for (const metric of METRICS) send(counted(0, 100), { metric })
    const look = watch()
    look()
    at(1_000 + silentMsMax)
    send(counted(0, 100), { metric: 'MDC_IMPED_TTHOR' })
    expect(shown(look())).toEqual(['MDC_IMPED_TTHOR'])
    at(1_000 + 2 * silentMsMax)
    expect(look()).toEqual({ bed: 'bed-1', signals: [], more: 0 })
  })
})
