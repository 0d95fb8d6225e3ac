/** The sounds of this screen: what stands, what the gateway's silence says and what a person chose, brought to the loudspeaker. */

import { effect, type ReadonlySignal, signal, type Signal } from '@preact/signals'
import { webLimits } from '../limits.ts'
import type { AlertRow } from './order.ts'
import type { Receiver } from './receiver.ts'
import { createOutput, type SoundHealth } from './sound-output.ts'
import { BURSTS, type Sound } from './sound-pattern.ts'
import { planSound, QUIET } from './sound-plan.ts'
import type { Score } from './sound-player.ts'
import { defaultSettings, GAINS, readSettings, type SoundSettings, type Volume, type Word } from './sound-settings.ts'

/** `asked`: all were played, and somebody should say whether they were heard. */
export type SoundTest = { readonly kind: 'idle' | 'asked' } | { readonly kind: 'playing'; readonly sound: Sound } | { readonly kind: 'cut' }

export interface Sounds {
  readonly settings: Signal<SoundSettings>
  /** The browser keeps the settings over a reload. */
  readonly isKept: Signal<boolean>
  readonly health: ReadonlySignal<SoundHealth>
  readonly test: Signal<SoundTest>
  /** Page time until which the failure signal is paused; null: it is not. */
  readonly pausedUntil: Signal<number | null>
  readonly panelShown: Signal<boolean>
  /** To be called from a tap: a browser lets a page sound only after one. */
  readonly unblock: () => void
  readonly choose: (volume: Volume) => void
  /** Plays each sound once, low to failure. Whatever really sounds cuts it. */
  readonly play: () => void
  /** A person heard all sounds of the test. */
  readonly confirm: () => void
  readonly pauseFailure: () => void
}

/** Where the settings of this screen are kept in its browser. */
const KEY = 'vigil.sound'
const TEST_ORDER = ['low', 'medium', 'high', 'failure'] as const
const TEST_PAUSE_S = 1
const UNBLOCK_MS = 500

/** As in the style sheet: wider is a ward screen, narrower a phone. */
const isStationScreen = (): boolean => window.matchMedia('(min-width: 1001px)').matches

/** What a browser forbids to keep or to read is as if it were not there. */
function stored(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}

function store(settings: SoundSettings): boolean {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings))
    return true
  } catch {
    return false
  }
}

export type SoundSource = {
  readonly receiver: Receiver
  readonly rows: ReadonlySignal<readonly AlertRow[]>
  /** This screen shows a ward: not where nobody is logged in. */
  readonly isWatching: () => boolean
}

export function createSounds({ receiver, rows, isWatching }: SoundSource, stop: AbortSignal): Sounds {
  const settings = signal(readSettings(stored(), defaultSettings(isStationScreen())))
  const isKept = signal(true)
  const test = signal<SoundTest>({ kind: 'idle' })
  const pausedUntil = signal<number | null>(null)
  let plan = QUIET
  let testVoices: Score['voices'] = []
  const output = createOutput({ gain: GAINS[settings.peek().volume], renewed: () => ((plan = QUIET), follow()) }, stop)

  /** Page time at which the gateway has been silent too long: a look of the page later than NOT RECEIVING, so that a page that is alive says it first. */
  function failureDueMs(): number {
    const dueMs = receiver.connection.value.heardAt + webLimits.silentAfterMs + webLimits.lookEveryMs
    return Math.max(dueMs, pausedUntil.value ?? dueMs)
  }

  function follow(): void {
    const standing = rows.value
    const { reception } = receiver.connection.value
    const dueMs = failureDueMs()
    const isOn = settings.value.volume !== 'off' && isWatching()
    const nowS = output.nowS()
    if (nowS === null) return
    plan = isOn && reception !== 'silent' ? planSound(plan, standing, nowS) : QUIET
    if (plan.voices.some(({ untilS }) => untilS === null) || reception === 'silent' || !isOn) cutTest()
    output.play({ voices: [...plan.voices, ...testVoices], failureS: isOn ? nowS + (dueMs - receiver.clocks().now) / 1_000 : null })
  }

  function cutTest(): void {
    testVoices = []
    if (test.peek().kind === 'playing') test.value = { kind: 'cut' }
  }

  async function playTest(): Promise<void> {
    // The tap that asks for it may be the first: then the browser takes a moment to let it through.
    if (output.nowS() === null) await pause(UNBLOCK_MS)
    const nowS = output.nowS()
    if (nowS === null) return void (test.value = { kind: 'cut' })
    let fromS = nowS + 0.1
    const voices = TEST_ORDER.map((sound) => {
      const voice = { sound, fromS, untilS: fromS + BURSTS[sound].lengthMs / 1_000 }
      fromS = voice.untilS + TEST_PAUSE_S
      return voice
    })
    testVoices = voices
    test.value = { kind: 'playing', sound: 'low' }
    follow()
    for (const voice of voices) {
      if (testVoices !== voices) return
      test.value = { kind: 'playing', sound: voice.sound }
      await pause((voice.untilS + TEST_PAUSE_S / 2 - (output.nowS() ?? 0)) * 1_000)
    }
    if (testVoices !== voices) return
    testVoices = []
    test.value = { kind: 'asked' }
  }

  /** A screen of the ward is nobody's: there it is somebody. */
  const word = (): Word => {
    const you = receiver.ward.peek()?.you
    return { by: you === undefined || you.role === 'station' ? 'somebody here' : you.name, at: receiver.moment.peek().server }
  }

  function keep(change: Partial<SoundSettings>): void {
    settings.value = { ...settings.peek(), ...change }
    isKept.value = store(settings.peek())
    output.setGain(GAINS[settings.peek().volume])
  }

  const stopFollowing = effect(follow)
  const stopLooking = effect(() => {
    const { now, reception } = receiver.moment.value
    output.look()
    // The pause is for this silence, not for the next one.
    if (pausedUntil.peek() !== null && (reception === 'receiving' || now >= (pausedUntil.peek() ?? 0))) pausedUntil.value = null
  })
  for (const name of ['pointerup', 'click', 'keydown']) window.addEventListener(name, output.unblock, { signal: stop, capture: true })
  stop.addEventListener('abort', () => (stopFollowing(), stopLooking()))

  return {
    settings, isKept, test, pausedUntil,
    health: output.health,
    panelShown: signal(false),
    unblock: output.unblock,
    choose: (volume) => keep({ volume, chosen: word() }),
    play: () => void playTest(),
    confirm() {
      keep({ heard: word() })
      test.value = { kind: 'idle' }
    },
    pauseFailure: () => void (pausedUntil.value = receiver.clocks().now + webLimits.soundPauseMs),
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
