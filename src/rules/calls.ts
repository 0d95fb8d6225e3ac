/** When a nurse was last called for one thing, and whether the next call may come. */

import type { MonoMs } from '../domain/time.ts'

/** `worst`: the gravest that a call told since the quiet time began. */
export type Call = { readonly at: MonoMs; readonly worst: number }

export const isQuiet = (call: Call | null, at: MonoMs, quietMs: number): boolean => call !== null && at - call.at < quietMs

/** What is remembered of a call that is made now. */
export const called = (before: Call | null, now: Call, quietMs: number): Call =>
  ({ at: now.at, worst: before !== null && isQuiet(before, now.at, quietMs) ? Math.max(before.worst, now.worst) : now.worst })
