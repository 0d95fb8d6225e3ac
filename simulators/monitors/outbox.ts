/** What a monitor has measured and nobody has acknowledged: bounded, in order, the oldest kept. */

import type { Outgoing } from './wire.ts'

export interface Outbox {
  /** False when it is full: the newest is lost, as in a monitor that fills its memory. */
  add(message: Outgoing): boolean
  first(): Outgoing | undefined
  /** Takes `message` out, if it is still the first: a restart may have emptied the box meanwhile. */
  done(message: Outgoing): void
  clear(): void
  size(): number
}

export function createOutbox(messagesMax: number): Outbox {
  const messages: Outgoing[] = []
  return {
    add(message) {
      if (messages.length >= messagesMax) return false
      messages.push(message)
      return true
    },
    first: () => messages[0],
    done(message) {
      if (messages[0] === message) messages.shift()
    },
    clear() {
      messages.length = 0
    },
    size: () => messages.length,
  }
}
