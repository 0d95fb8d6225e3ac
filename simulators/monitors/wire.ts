/** What the monitors of a ward have in common: a message, and the wire that carries it. */

/** One measured value inside a message: never an absent one. `metric` is the MDC reference id, `value` in the unit sent. */
export type SentValue = { readonly metric: string; readonly value: number }

/** One message as the device sends it, and sends again: the same bytes. */
export type Outgoing = { readonly id: string; readonly bytes: Uint8Array; readonly values: readonly SentValue[] }

/** `pulled`: the network or serial cable is out, the monitor goes on. `dead`: no power, and what it remembered is gone. */
export type Plug = 'plugged' | 'pulled' | 'dead'

/** What becomes of a message on a wire that has acknowledgements; serial lines have none and say nothing. */
export type Settled = (message: Outgoing, how: 'acknowledged' | 'refused') => void

export interface Wire {
  /** Takes a message for sending. Never waits; false when it was dropped, because too much waits already. */
  offer(message: Outgoing): boolean
  plug(state: Plug): void
  /** Runs until stopped. A gateway that is away, slow or wrong is waited for, never a reason to end. */
  run(stop: AbortSignal): Promise<void>
}

export type WireEvents = {
  /** One sentence for the person who watches the ward. */
  readonly note: (line: string) => void
  readonly settled: Settled
}
