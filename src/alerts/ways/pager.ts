/** A conversation with a paging system over a line of bytes: a pure state machine, one call at a time. */

import type { MonoMs } from '../../domain/time.ts'

export type PagerCall = {
  readonly address: string
  /** Printable ASCII. */
  readonly text: string
  readonly urgency: 'alarm' | 'high' | 'normal'
}

export type PagerWord =
  /** The call under way was taken. */
  | { readonly kind: 'taken'; readonly note: string | null }
  /** It was not; `isRefused`: the line works, this call is not wanted. */
  | { readonly kind: 'failed'; readonly why: string; readonly isRefused: boolean }
  /** The other end is there. */
  | { readonly kind: 'up' }
  | { readonly kind: 'down'; readonly why: string }
  /** What the paging system says later of a call to an address, in its own word. */
  | { readonly kind: 'status'; readonly address: string; readonly status: string }

export type PagerOutput = { readonly send: readonly Uint8Array[]; readonly words: readonly PagerWord[]; readonly wakeAt: MonoMs | null }

export interface PagerSession {
  /** A call at a time: the next one only after `taken` or `failed`. */
  call(call: PagerCall, now: MonoMs): PagerOutput
  receive(bytes: Uint8Array, now: MonoMs): PagerOutput
  /** The line opened, or the time asked for has come. */
  wake(now: MonoMs): PagerOutput
}

export const ACK = 0x06
export const NAK = 0x15
export const EOT = 0x04
export const ENQ = 0x05
export const SOH = 0x01
export const STX = 0x02
export const ETX = 0x03
export const ESC = 0x1b
export const RS = 0x1e
export const US = 0x1f
export const CR = 0x0d

export const bytesOf = (...parts: readonly (number | string)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : Array.from(part, (character) => character.charCodeAt(0) & 0x7f))))
