/** Ids that a replay of the same inputs gives again: drawn from a secret of this life of the gateway and a count. */

import { createHash } from 'node:crypto'
import { type AlertId, type StayId, alertId, stayId } from '../domain/ids.ts'

export type Mint = { readonly alert: () => AlertId; readonly stay: () => StayId; /** How many were given. */ readonly given: () => number }

/** @param run random: nobody who does not hold the recording can tell the next id. */
export function mintOf(run: string, before = 0): Mint {
  let given = before
  const next = (): string => {
    const hex = createHash('sha256').update(`${run} ${given++}`).digest('hex')
    // RFC 9562 §5.8: version 8 is for ids that a program makes in its own way.
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  }
  return { alert: () => alertId(next()), stay: () => stayId(next()), given: () => given }
}
