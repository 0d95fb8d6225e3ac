/** Trouble that central can be told to make: `POST /control/faults`. Nothing here is random, so a test can count on it. */

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { centralLimits } from '../../src/limits.ts'

const share = z.number().min(0).max(1).default(1)
const delayMs = z.number().int().min(0).max(centralLimits.faultDelayMsMax)

/** `share`: of requests, or of rows for reject-rows. All but the last two concern everything under /api and /health. */
export const FaultShape = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('ok') }),
  /** Answers after `ms` of central's clock. */
  z.strictObject({ mode: z.literal('slow'), ms: delayMs.default(5_000), share }),
  /** Cuts the connection without an answer, and does nothing. */
  z.strictObject({ mode: z.literal('absent'), share }),
  z.strictObject({ mode: z.literal('wrong'), status: z.number().int().min(400).max(599).default(500), code: z.string().max(40).optional(), share }),
  z.strictObject({ mode: z.literal('unauthorized'), status: z.union([z.literal(401), z.literal(403)]).default(401), share }),
  /** 429; `ms` becomes Retry-After, in whole seconds. */
  z.strictObject({ mode: z.literal('busy'), ms: delayMs.default(1_000), share }),
  /** Commits a batch, then cuts the connection: the sender cannot know. */
  z.strictObject({ mode: z.literal('lose-response'), share }),
  /** Refuses rows of a batch; which ones depends on their keys alone. */
  z.strictObject({ mode: z.literal('reject-rows'), share }),
])
export type Fault = z.output<typeof FaultShape>

export type Faults = {
  readonly current: () => Fault
  readonly set: (fault: Fault) => void
  /** The fault this request meets. Each call counts towards `share`, spread evenly: a share of 0.25 hits every fourth. */
  readonly meet: () => Fault
}

const OK: Fault = { mode: 'ok' }
/** Ten times 0.1 is a little less than 1. */
const ROUNDING = 1e-9

export function createFaults(): Faults {
  let fault: Fault = OK
  let owed = 0
  return {
    current: () => fault,
    set(next) {
      fault = next
      owed = 0
    },
    meet() {
      // A share of rows concerns every batch.
      if (fault.mode === 'ok' || fault.mode === 'reject-rows') return fault
      owed += fault.share
      if (owed < 1 - ROUNDING) return OK
      owed -= 1
      return fault
    },
  }
}

/** Whether the row with this key is among the refused `share`. */
export const refusesRow = (key: string, shareOfRows: number): boolean =>
  createHash('sha256').update(key).digest().readUInt32BE(0) / 2 ** 32 < shareOfRows
