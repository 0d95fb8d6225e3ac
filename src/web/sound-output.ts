/** The browser's way to the loudspeaker, and whether anything comes out of it, as far as a page can know. */

import { type ReadonlySignal, signal } from '@preact/signals'
import { webLimits } from '../limits.ts'
import { createPlayer, type Score, type SoundPlayer } from './sound-player.ts'

/**
 * `blocked`: the browser waits for a tap. `stalled`: its audio clock stands still. `no-output`: no loudspeaker is there.
 * `unsupported`: it has no Web Audio. That a loudspeaker is turned down no page can see: for that there is the test.
 */
export type SoundHealth = 'ok' | 'blocked' | 'stalled' | 'no-output' | 'unsupported'

export interface SoundOutput {
  readonly health: ReadonlySignal<SoundHealth>
  /** Seconds of the audio clock; null while it does not run: then there is nothing to be played either. */
  nowS(): number | null
  play(score: Score): void
  setGain(gain: number): void
  /** From a tap. */
  readonly unblock: () => void
  /** To be called about once a second. */
  look(): void
}

/** How far the audio clock came, by the page's clock. */
export type Progress = { readonly atMs: number; readonly audioS: number; readonly isStalled: boolean }

/** Judged over a few seconds at a time: a context that runs and goes nowhere plays nothing, and says nothing of it. */
export function progressOf(before: Progress, atMs: number, audioS: number): Progress {
  const passedMs = atMs - before.atMs
  if (passedMs < webLimits.soundStalledMs) return before
  return { atMs, audioS, isStalled: (audioS - before.audioS) * 1_000 < passedMs / 2 }
}

const begun = (context: AudioContext): Progress => ({ atMs: performance.now(), audioS: context.currentTime, isStalled: false })

type Engine = { readonly context: AudioContext; readonly player: SoundPlayer; readonly bornAt: number; progress: Progress }

/** A browser takes a moment to say that a new context runs. */
const BIRTH_MS = 1_000

/** `renewed`: the audio clock began, or began anew: what is to be heard must be said again. */
export function createOutput(setting: { readonly gain: number; readonly renewed: () => void }, stop: AbortSignal): SoundOutput {
  let { gain } = setting
  let hasOutput = true
  let countedAt = Number.NEGATIVE_INFINITY
  let isOver = false
  const health = signal<SoundHealth>('ok')
  let engine = open()

  function open(): Engine | null {
    if (typeof AudioContext === 'undefined') {
      health.value = 'unsupported'
      return null
    }
    const context = new AudioContext({ latencyHint: 'balanced' })
    context.addEventListener('statechange', () => {
      if (engine?.context !== context) return
      if (context.state === 'running') {
        engine.progress = begun(context)
        setting.renewed()
      }
      health.value = judged(engine)
    })
    return { context, player: createPlayer(context, gain), bornAt: performance.now(), progress: begun(context) }
  }

  function judged({ context, bornAt, progress }: Engine): SoundHealth {
    if (context.state !== 'running') return performance.now() - bornAt < BIRTH_MS ? 'ok' : 'blocked'
    if (progress.isStalled) return 'stalled'
    return hasOutput ? 'ok' : 'no-output'
  }

  /** Browsers other than Chromium do not tell a page without a microphone of loudspeakers: from them, none means nothing. */
  async function countOutputs(): Promise<void> {
    if (!('setSinkId' in AudioContext.prototype) || !('mediaDevices' in navigator)) return
    const devices = await navigator.mediaDevices.enumerateDevices().catch(() => null)
    if (devices !== null) hasOutput = devices.some(({ kind }) => kind === 'audiooutput')
  }

  function revive(): void {
    void engine?.context.close().catch(() => undefined)
    engine = open()
    setting.renewed()
  }

  stop.addEventListener('abort', () => {
    isOver = true
    void engine?.context.close().catch(() => undefined)
  })

  return {
    health,
    nowS: () => (engine?.context.state === 'running' ? engine.context.currentTime : null),
    play: (score) => engine?.player.play(score),
    setGain(value) {
      gain = value
      engine?.player.setGain(value)
    },
    unblock() {
      // Rejected only for a context that was closed: the next look says what is so.
      if (engine !== null && engine.context.state !== 'running') void engine.context.resume().catch(() => undefined)
    },
    look() {
      if (engine === null || isOver) return
      const now = performance.now()
      if (now - countedAt >= webLimits.soundOutputEveryMs) {
        countedAt = now
        void countOutputs()
      }
      engine.progress = progressOf(engine.progress, now, engine.context.currentTime)
      health.value = judged(engine)
      if (health.peek() === 'stalled' && now - engine.bornAt >= webLimits.soundReviveEveryMs) revive()
    },
  }
}
