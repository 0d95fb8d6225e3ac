/** A paging system as a pure state machine: who runs it has the wire and the clock. */

export type Page = { readonly address: string; readonly text: string; readonly fields: Readonly<Record<string, string>>; readonly atMs: number }

export interface SimulatedPaging {
  /** Bytes from the gateway came. Returns what is answered. */
  hear(bytes: Uint8Array, atMs: number): readonly Uint8Array[]
  /** Called several times a second. Returns what is sent unasked. */
  tick(atMs: number): readonly Uint8Array[]
  /** All that it put on the air, in order. */
  readonly pages: readonly Page[]
}

/** The telephone book of a simulated system is short, and its memory too. */
export const PAGES_MAX = 10_000
