/** What a prove is: a claim of Vigil, tried against the real thing, and the same trial with the promise taken away, which must fail. */

export type ProveSetting = {
  /** Small enough for every run of the tests: at most ten seconds. */
  readonly quick: boolean
  /** Everything random comes from it; printed, so that a failure can be had again. */
  readonly seed: number
  /** A line for the person who watches. */
  readonly say: (line: string) => void
}

export type ProveResult =
  | {
      readonly kind: 'judged'
      readonly pass: boolean
      readonly figures: Readonly<Record<string, number | string>>
      /** The trial with the promise taken away; null where the claim has none. A control that does not fail means that the trial is blind. */
      readonly control: { readonly ran: boolean; readonly failed: boolean } | null
    }
  /** A part that only some machines have is not here; never in CI. */
  | { readonly kind: 'skipped'; readonly why: string }

export type Prove = (setting: ProveSetting) => Promise<ProveResult>

/** xorshift32: the same seed, the same trial. */
export function randomOf(seed: number): { readonly int: (below: number) => number; readonly bytes: (length: number) => Uint8Array } {
  let state = seed >>> 0 || 0x9e3779b9
  const next = (): number => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
  return {
    int: (below) => next() % below,
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
  }
}
