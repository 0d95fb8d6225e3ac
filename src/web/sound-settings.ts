/** How this screen sounds. It is the screen's own affair and is kept in its browser: the gateway knows nothing of it. */

import { clockText, momentText } from './age.ts'

export type Volume = 'off' | 'low' | 'middle' | 'full'
export const VOLUMES: readonly Volume[] = ['off', 'low', 'middle', 'full']

/** Who said so, and when on the gateway's clock; null where the gateway was not heard. */
export type Word = { readonly by: string; readonly at: number | null }

export type SoundSettings = {
  readonly volume: Volume
  /** null: nobody chose, it is what a screen of its kind does by itself. */
  readonly chosen: Word | null
  /** Somebody heard every sound of the test. */
  readonly heard: Word | null
}

/** Amplitude. The least is 12 dB below the most: what is not off is heard. */
export const GAINS: Readonly<Record<Volume, number>> = { off: 0, low: 0.25, middle: 0.5, full: 1 }

/** A ward screen sounds unless somebody turns it off; a phone in a pocket, only where somebody turned it on. */
export const defaultSettings = (isStation: boolean): SoundSettings => ({ volume: isStation ? 'full' : 'off', chosen: null, heard: null })

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

function wordOf(value: unknown): Word | null {
  if (!isObject(value) || !('by' in value) || typeof value.by !== 'string') return null
  return { by: value.by, at: 'at' in value && typeof value.at === 'number' && Number.isFinite(value.at) ? value.at : null }
}

/** Total: what is damaged, older or not there is as if nobody had chosen. */
export function readSettings(text: string | null, otherwise: SoundSettings): SoundSettings {
  let found: unknown = null
  try {
    found = JSON.parse(text ?? 'null')
  } catch {
    return otherwise
  }
  if (!isObject(found) || !('volume' in found)) return otherwise
  const volume = VOLUMES.find((one) => one === found.volume)
  if (volume === undefined) return otherwise
  return { volume, chosen: 'chosen' in found ? wordOf(found.chosen) : null, heard: 'heard' in found ? wordOf(found.heard) : null }
}

export const volumeText = (volume: Volume): string => (volume === 'off' ? 'Off' : volume === 'low' ? 'Low' : volume === 'middle' ? 'Middle' : 'Full')

/** `M. Ferreira, 22:14`. */
export const wordText = ({ by, at }: Word, server: number | null): string => `${by}${at === null ? '' : `, ${server === null ? clockText(at) : momentText(at, server)}`}`
