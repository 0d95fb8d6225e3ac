/**
 * Voices on the browser's audio clock. A voice comes again by itself, and the failure signal is set for the time at which the
 * silence of the gateway will be too long: so both are heard though the page's timers are slowed, its tab is in the back, or it
 * stands still.
 */

import { BURSTS, SAMPLE_HZ, samplesOf, type Sound } from './sound-pattern.ts'

/** Times are seconds of the context's clock. */
export type Score = {
  readonly voices: readonly { readonly sound: Sound; readonly fromS: number; readonly untilS: number | null }[]
  /** When nothing but the failure signal is heard any more, unless it is moved before; null: never. */
  readonly failureS: number | null
}

export interface SoundPlayer {
  /** What is not in the score is cut off at once. */
  play(score: Score): void
  /** Amplitude of all, 0 to 1. */
  setGain(gain: number): void
}

/** Cut without a click, and well within a pulse. */
const FADE_S = 0.02

/** The same moment, told by two clocks. */
const SAME_S = 0.05

type Playing = { readonly source: AudioBufferSourceNode; readonly edge: GainNode; readonly fromS: number; endsS: number }

export function createPlayer(context: BaseAudioContext, gain: number): SoundPlayer {
  const out = context.createGain()
  out.gain.value = gain
  out.connect(context.destination)
  const buffers = new Map<Sound, AudioBuffer>()
  const playing = new Map<string, Playing>()
  let failure: Playing | null = null

  function bufferOf(sound: Sound): AudioBuffer {
    const known = buffers.get(sound)
    if (known !== undefined) return known
    const samples = samplesOf(sound)
    const buffer = context.createBuffer(1, samples.length, SAMPLE_HZ)
    buffer.copyToChannel(samples, 0)
    buffers.set(sound, buffer)
    return buffer
  }

  function start(sound: Sound, fromS: number): Playing {
    const source = context.createBufferSource()
    const edge = context.createGain()
    source.buffer = bufferOf(sound)
    source.loop = true
    source.connect(edge).connect(out)
    source.addEventListener('ended', () => edge.disconnect())
    const late = Math.max(0, context.currentTime - fromS)
    source.start(fromS + late, late % (BURSTS[sound].periodMs / 1_000))
    return { source, edge, fromS, endsS: Number.POSITIVE_INFINITY }
  }

  /** May be said again with another time, as long as the first has not come. */
  function end(one: Playing, atS: number): void {
    if (atS === one.endsS) return
    one.endsS = atS
    const fromS = Math.max(atS, context.currentTime)
    one.edge.gain.cancelScheduledValues(0)
    one.edge.gain.setValueAtTime(1, fromS)
    one.edge.gain.linearRampToValueAtTime(0, fromS + FADE_S)
    one.source.stop(fromS + FADE_S)
  }

  function guard(failureS: number | null): void {
    const now = context.currentTime
    if (failure !== null) {
      const isSame = failureS !== null && (Math.abs(failureS - failure.fromS) < SAME_S || Math.max(failureS, failure.fromS) <= now)
      if (isSame) return
      end(failure, now)
      failure = null
    }
    if (failureS !== null) failure = start('failure', Math.max(now, failureS))
  }

  return {
    play({ voices, failureS }) {
      guard(failureS)
      const wanted = new Set<string>()
      for (const { sound, fromS, untilS } of voices) {
        const key = `${sound} ${fromS}`
        const endsS = Math.min(untilS ?? Number.POSITIVE_INFINITY, failure?.fromS ?? Number.POSITIVE_INFINITY)
        if (endsS + FADE_S <= context.currentTime) continue
        wanted.add(key)
        let one = playing.get(key)
        if (one === undefined || one.endsS + FADE_S <= context.currentTime) one = start(sound, fromS)
        playing.set(key, one)
        if (Number.isFinite(endsS)) end(one, endsS)
      }
      for (const [key, one] of playing) {
        if (wanted.has(key)) continue
        end(one, Math.min(one.endsS, context.currentTime))
        playing.delete(key)
      }
    },
    setGain(value) {
      out.gain.value = value
    },
  }
}
