/** Knows a repeated message: (device, control id, hash of its bytes). What is remembered here is remembered on disk too. */

import { ownText } from '../codec/bytes.ts'
import type { DeviceId } from '../domain/ids.ts'
import { pumpLimits } from '../limits.ts'
import type { MessageIdentity } from '../seams.ts'

export type Verdict<Waiting> =
  | { readonly kind: 'new'; readonly identity: MessageIdentity; /** The same control id came with another body: a rebooted monitor. */ readonly reused: boolean }
  /** Taken before; `waiting` is the commit it is still part of, null when that is durable. */
  | { readonly kind: 'repeat'; readonly waiting: Waiting | null }

type Entry<Waiting> = { readonly identity: MessageIdentity; waiting: Waiting | null }

/**
 * `Waiting` is the caller's handle for a commit under way. A message is remembered from the moment it is taken, so that a
 * repeat which overtakes the commit is not stored twice; `forget` undoes that when the commit fails, else the sender's
 * retry would be taken for a repeat and lost.
 */
export class MessageMemory<Waiting> {
  readonly #devices = new Map<DeviceId, { next: number; readonly byId: Map<string, Entry<Waiting>>; readonly slots: (Entry<Waiting> | undefined)[] }>()

  constructor(stored: readonly MessageIdentity[]) {
    for (const identity of stored) this.#put({ identity, waiting: null })
  }

  take(device: DeviceId, id: string, hash: number, waiting: Waiting): Verdict<Waiting> {
    const known = this.#devices.get(device)?.byId.get(id)
    if (known && known.identity.hash === hash) return { kind: 'repeat', waiting: known.waiting }
    const identity = { device, slot: this.#devices.get(device)?.next ?? 0, id: ownText(id), hash }
    this.#put({ identity, waiting })
    return { kind: 'new', identity, reused: known !== undefined }
  }

  /** The commit that took these is durable. */
  settled(identities: readonly MessageIdentity[]): void {
    for (const { device, id, hash } of identities) {
      const entry = this.#devices.get(device)?.byId.get(id)
      if (entry && entry.identity.hash === hash) entry.waiting = null
    }
  }

  /** The commit that took these failed. */
  forget(identities: readonly MessageIdentity[]): void {
    for (const { device, id, hash } of identities) {
      const memory = this.#devices.get(device)
      const entry = memory?.byId.get(id)
      if (memory && entry && entry.identity.hash === hash) {
        memory.byId.delete(id)
        memory.slots[entry.identity.slot] = undefined
      }
    }
  }

  #put(entry: Entry<Waiting>): void {
    const { device, slot, id } = entry.identity
    let memory = this.#devices.get(device)
    if (!memory) {
      memory = { next: 0, byId: new Map(), slots: [] }
      this.#devices.set(device, memory)
    }
    const displaced = memory.slots[slot]
    // Its id may have come again since.
    if (displaced && memory.byId.get(displaced.identity.id) === displaced) memory.byId.delete(displaced.identity.id)
    memory.slots[slot] = entry
    memory.byId.set(id, entry)
    memory.next = (slot + 1) % pumpLimits.messagesRememberedPerDevice
  }
}
