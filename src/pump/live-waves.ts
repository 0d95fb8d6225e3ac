/**
 * Waveforms of one bed as they come, for a screen that looks at it: up to three signals, thinned out to what a screen can
 * show. It reads the ring of samples when it is asked, and nothing waits for it.
 */

import type { WaveLine, WaveSignal, WavesView } from '../api/wire.ts'
import type { BedId, DeviceId } from '../domain/ids.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { liveWaveLimits } from '../limits.ts'
import type { NewWaves, Stretch, WaveChannel, Waves } from './waves.ts'

export type LiveWaveParts = {
  readonly waves: Pick<Waves, 'channels' | 'since'>
  readonly devicesAt: (bed: BedId) => readonly { readonly id: DeviceId }[]
  /** Since when the patient of this bed is there; null: nobody is. What came before is of somebody else. */
  readonly heldSince: (bed: BedId) => WallMs | null
  readonly now: () => WallMs
}

/** What is new since the last call; null when nothing is. The first call says what there is, be it nothing. */
export type WaveWatch = () => WavesView | null

type Signal = WaveChannel & { readonly device: DeviceId; readonly key: string }

/** A page that was slow goes on with the newest seconds: what it missed is a gap. */
export function watchWaves({ waves, devicesAt, heldSince, now }: LiveWaveParts, bed: BedId): WaveWatch {
  let told: string | null = null
  let taken = new Map<string, number>()
  return () => {
    const at = now()
    const signals = devicesAt(bed).flatMap(({ id: device }) =>
      waves.channels(device).flatMap((channel) => (at - channel.end < liveWaveLimits.silentMsMax ? [signalOf(device, channel)] : [])),
    )
    const shown = chosen(signals)
    const from = wallMs(Math.max(at - liveWaveLimits.pastMs, Math.min(at, heldSince(bed) ?? 0)))
    const next = new Map<string, number>()
    const views = shown.map(({ device, key, metric, channel }): WaveSignal => {
      const news = waves.since(device, { metric, channel }, { taken: taken.get(key) ?? 0, from })
      const lines = news ? linesOf(news) : { lines: [], taken: taken.get(key) ?? 0 }
      next.set(key, lines.taken)
      return { key, metric, channel, lines: lines.lines }
    })
    taken = next
    const which = views.map(({ key }) => key).join()
    if (which === told && views.every(({ lines }) => lines.length === 0)) return null
    told = which
    return { bed, signals: views, more: signals.length - shown.length }
  }
}

const signalOf = (device: DeviceId, { metric, channel, end }: WaveChannel): Signal => ({ device, metric, channel, end, key: [device, metric, channel].join(' ') })

/** As monitors stack them. */
const ORDER: readonly RegExp[] = [/^MDC_ECG_/, /^MDC_PRESS_BLD_ART/, /^MDC_PULS_OXIM_PLETH/, /CO2/, /RESP|IMPED_TTHOR/, /^MDC_PRESS_BLD/, /^/]
const kindOf = ({ metric }: Signal): number => ORDER.findIndex((pattern) => pattern.test(metric))
/** The lead that most people look at. */
const isUsual = ({ metric }: Signal): boolean => /^MDC_ECG_(ELEC_POTL|LEAD)_II$/.test(metric)

/** One of each kind before a second of any. */
function chosen(signals: readonly Signal[]): readonly Signal[] {
  const ranked = signals.toSorted((one, other) => kindOf(one) - kindOf(other) || Number(isUsual(other)) - Number(isUsual(one)))
  const seen = new Map<number, number>()
  const turned = ranked.map((signal) => {
    const turn = seen.get(kindOf(signal)) ?? 0
    seen.set(kindOf(signal), turn + 1)
    return { signal, turn }
  })
  const first = new Set(turned.toSorted((one, other) => one.turn - other.turn).slice(0, liveWaveLimits.signalsMax).map(({ signal }) => signal))
  return ranked.filter((signal) => first.has(signal))
}

/** Whole buckets only: what is left of the last one waits for the samples that fill it. */
function linesOf({ stretches, follows, taken }: NewWaves): { readonly lines: readonly WaveLine[]; readonly taken: number } {
  const lines: WaveLine[] = []
  let room = liveWaveLimits.samplesPerSignalMax
  let read = taken
  for (const [place, stretch] of stretches.entries()) {
    const width = bucketOf(stretch.rateHz)
    room -= liveWaveLimits.stretchSamplesMax
    const isLast = place === stretches.length - 1
    const buckets = Math.min(isLast ? Math.floor(stretch.samples.length / width) : Math.ceil(stretch.samples.length / width), Math.floor(room / Math.min(width, 2)))
    if (buckets <= 0) break
    const count = Math.min(buckets * width, stretch.samples.length)
    const samples = width === 1 ? [...stretch.samples.subarray(0, count)] : peaksOf(stretch.samples.subarray(0, count), width)
    lines.push({ ...lineOf(stretch, width), follows: place === 0 && follows, samples })
    room -= samples.length
    read += count
    if (count < stretch.samples.length) break
  }
  return { lines, taken: read }
}

const lineOf = ({ from, rateHz, scale, offset, unit }: Stretch, width: number): Omit<WaveLine, 'follows' | 'samples'> => ({
  from: Math.round(from), rateHz: width === 1 ? rateHz : (2 * rateHz) / width, scale, offset, unit,
})

/** Samples that share one pair of the screen's. */
const bucketOf = (rateHz: number): number => (rateHz <= liveWaveLimits.rateHzMax ? 1 : Math.ceil((2 * rateHz) / liveWaveLimits.rateHzMax))

/** Of each bucket the lowest and the highest sample, in the order in which they came: no spike is lost. */
function peaksOf(samples: Int32Array, width: number): number[] {
  const peaks: number[] = []
  for (let begin = 0; begin < samples.length; begin += width) {
    let low = begin
    let high = begin
    for (let index = begin + 1; index < Math.min(samples.length, begin + width); index++) {
      if ((samples[index] ?? 0) < (samples[low] ?? 0)) low = index
      if ((samples[index] ?? 0) > (samples[high] ?? 0)) high = index
    }
    peaks.push(samples[Math.min(low, high)] ?? 0, samples[Math.max(low, high)] ?? 0)
  }
  return peaks
}
