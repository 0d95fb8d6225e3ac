/** The ring of messages taken from each device, as the table `message` holds it. */

import type { MessageIdentity } from '../seams.ts'
import { messageCrc } from './rows.ts'
import type { Connection } from './writer-connection.ts'

/** Which row of the table holds which slot of which device; what a group changes counts only once it is committed. */
export class MessageRing {
  readonly #rows = new Map<string, number>()
  #changed = new Map<string, number>()
  #keptRow = 0
  #lastRow = 0

  constructor(connection: Connection) {
    for (const { row, device, slot } of connection.messages.all()) {
      this.#rows.set(slotKey(device, slot), row)
      this.#keptRow = row
    }
    this.#lastRow = this.#keptRow
  }

  put(connection: Connection, message: MessageIdentity): void {
    const key = slotKey(message.device, message.slot)
    const before = this.#changed.get(key) ?? this.#rows.get(key)
    const row = ++this.#lastRow
    // Added first: where the database refuses it, the one before keeps its slot.
    connection.addMessage.run({ row, ...message, crc: messageCrc(message) })
    if (before !== undefined) connection.removeMessage.run({ row: before })
    this.#changed.set(key, row)
  }

  keep(): void {
    for (const [key, row] of this.#changed) this.#rows.set(key, row)
    this.#changed.clear()
    this.#keptRow = this.#lastRow
  }

  forget(): void {
    this.#changed = new Map()
    this.#lastRow = this.#keptRow
  }
}

const slotKey = (device: string, slot: number): string => `${device}\u0000${slot}`
