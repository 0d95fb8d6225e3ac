/**
 * A monitor that says nothing: technical, because the monitor's own alarm still stands, but nobody is told of it from
 * here. One fold a device, fed with the frames of that device and with time. A Rule like any other, with the conditions of
 * a device instead of a stay.
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
}

export interface SilenceRule extends Rule<SilenceState> {
  adopt(state: SilenceState, open: readonly OpenCondition[]): SilenceState
}

export const DEFAULT_SILENCE = { intervalMs: 1_000, silenceMs: pumpLimits.deviceSilenceMs } as const

const CLEARED: readonly Signal[] = [{ kind: 'cleared', condition: SILENCE_CONDITION }]

export function silence({ device, intervalMs, silenceMs }: SilenceSettings): SilenceRule {
  const limitMs = Math.max(silenceMs, 2 * intervalMs)
  const present = ({ heardWall }: SilenceState): Signal => ({
    kind: 'present',
    condition: SILENCE_CONDITION,
    priority: 'medium',
    type: 'technical',
    text: heardWall === null ? `No data from ${device} since the gateway started: look at the monitor` : `No data from ${device}: look at the monitor`,
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
          return { state: { heardAt: at, heardWall: receivedAt, told: false }, signals: state.told ? CLEARED : NO_SIGNALS }
        }
        case 'tick': {
          if (state.heardAt === null) return { state: { ...state, heardAt: input.at }, signals: NO_SIGNALS }
          if (state.told || input.at - state.heardAt < limitMs) return { state, signals: NO_SIGNALS }
          return { state: { ...state, told: true }, signals: [present(state)] }
        }
      }
    },
    adopt: (state, open) => (open.some(({ condition }) => condition === SILENCE_CONDITION) ? { ...state, told: true } : state),
  }
}
