/** Which alerts the gateway is told of as displayed. */

import type { AlertView } from '../api/wire.ts'

/** A change of an alert (a rise in priority, a re-trigger) wants a receipt of its own. */
const receiptKey = (alert: AlertView): string => `${alert.id}@${alert.changedAt}`

/**
 * The ids not yet receipted among those `shown`, and what to remember: never more than is on the screen.
 */
export function receiptsFor(shown: readonly AlertView[], sent: ReadonlySet<string>): { readonly ids: readonly string[]; readonly sent: ReadonlySet<string> } {
  return {
    ids: shown.filter((alert) => !sent.has(receiptKey(alert))).map((alert) => alert.id),
    sent: new Set(shown.map(receiptKey)),
  }
}
