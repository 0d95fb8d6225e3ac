/**
 * A monitor that says nothing: technical, because the monitor's own alarm still stands, but nobody is told of it from
 * here. One fold a device, fed with the frames of that device and with time. A Rule like any other, with the conditions of
 * a device instead of a stay. The next frame ends it; of one that falls silent again and again, frames that have come for a while.
 */

import type { MonoMs, WallMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { Rule, Signal } from '../seams.ts'
import { NO_SIGNALS, type OpenCondition } from './watcher.ts'

export const SILENCE_CONDITION = 'silence/device'
const ID = 'silence'
const VERSION = '1'

export type SilenceSettings = {
  /** What the nurse calls the device. */
  readonly device: string
  /** How often the device promises a frame; it is silent only when two are overdue. */
  readonly intervalMs: number
  readonly silenceMs: number
}

export type SilenceState = {
  /** Last frame; before the first one, the first tick. */
  readonly heardAt: MonoMs | null
  readonly heardWall: WallMs | null
  readonly told: boolean
  /** Until when it was well, after one that was told; since when frames come again, of one that is told still. */
  readonly endedAt?: MonoMs
  readonly backAt?: MonoMs
  /** Told as one that comes and goes, and nothing has come since. */
  readonly wavered?: true
}

export interface SilenceRule extends Rule<SilenceState> {
  adopt(state: SilenceState, open: readonly OpenCondition[]): SilenceState
}

export const DEFAULT_SILENCE = { intervalMs: 1_000, silenceMs: pumpLimits.deviceSilenceMs } as const

/** Silent again so soon: its connection comes and goes. Then frames have to come for so long. */
const AGAIN_MS = 60_000
const HOLDS_MS = 15_000

/** Told as silent: frames that were to last begin anew. `at`: when it was well last. */
const fallen = ({ backAt, ...state }: SilenceState, at: MonoMs | null): SilenceState =>
  ({ ...state, told: true, ...(!state.told || backAt === undefined || at === null ? {} : { endedAt: at, wavered: true }) })

const CLEARED: readonly Signal[] = [{ kind: 'cleared', condition: SILENCE_CONDITION }]

export function silence({ device, intervalMs, silenceMs }: SilenceSettings): SilenceRule {
  const limitMs = Math.max(silenceMs, 2 * intervalMs)
  const present = ({ heardWall, backAt }: SilenceState): Extract<Signal, { kind: 'present' }> => ({
    kind: 'present',
    condition: SILENCE_CONDITION,
    priority: 'medium',
    type: 'technical',
    text: backAt !== undefined ? `Data from ${device} comes and goes: look at its cable or network` : heardWall === null ? `No data from ${device} since the gateway started: look at the monitor` : `No data from ${device}: look at the monitor`,
    because: {
      rule: ID,
      version: VERSION,
      inputs: heardWall === null ? [] : [{ name: 'last frame', value: device, unit: '', at: heardWall }],
      limit: { text: `silent for ${limitMs / 1_000} s`, setBy: 'device settings' },
      missing: ['frames'],
    },
  })

  return {
    id: ID,
    version: VERSION,
    start: () => ({ heardAt: null, heardWall: null, told: false }),
    step(state, input) {
      switch (input.kind) {
        case 'context':
        case 'observation':
          return { state, signals: NO_SIGNALS }
        case 'snapshot': {
          const { at, receivedAt } = input.snapshot
          const { told, endedAt, backAt } = state
          const heard = { ...state, heardAt: at, heardWall: receivedAt }
          if (!told) return { state: heard, signals: NO_SIGNALS }
          const isLasting = backAt === undefined ? endedAt === undefined || at - endedAt >= AGAIN_MS : at - backAt >= HOLDS_MS
          if (isLasting) return { state: { heardAt: at, heardWall: receivedAt, told: false, endedAt: at }, signals: CLEARED }
          const back = { ...heard, backAt: backAt ?? at }
          return { state: back, signals: backAt === undefined ? [present(back)] : NO_SIGNALS }
        }
        case 'tick': {
          if (state.heardAt === null) return { state: { ...state, heardAt: input.at }, signals: NO_SIGNALS }
          if (input.at - state.heardAt < limitMs) return { state, signals: NO_SIGNALS }
          if (state.told && state.backAt === undefined) {
            if (state.wavered !== true || input.at - state.heardAt < Math.max(limitMs, AGAIN_MS)) return { state, signals: NO_SIGNALS }
            // Who acknowledged a loose cable has not seen that nothing comes any more.
            const { wavered: _wavered, ...lasting } = state
            return { state: lasting, signals: [{ ...present(lasting), again: true }] }
          }
          const silent = fallen(state, input.at)
          return { state: silent, signals: [present(silent)] }
        }
      }
    },
    adopt: (state, open) => (open.some(({ condition }) => condition === SILENCE_CONDITION) ? fallen(state, state.heardAt) : state),
  }
}
