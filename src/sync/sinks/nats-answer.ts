/** What the errors of a NATS server mean for a batch (ADR-1 and errors.json of nats-server). Pure. */

import { syncLimits } from '../../limits.ts'
import type { SinkAnswer } from '../../seams.ts'

/** err_code of JetStream: the message is larger than the stream takes. */
const MESSAGE_SIZE_EXCEEDED = 10_054
const NESTING_MAX = 6

const nameOf = (fault: unknown): string => (fault instanceof Error ? fault.name : '')
const textOf = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault))

function* chain(fault: unknown): Generator {
  for (let one = fault, depth = 0; one !== undefined && one !== null && depth < NESTING_MAX; depth++) {
    yield one
    one = typeof one === 'object' && 'cause' in one ? one.cause : undefined
  }
}

function codeOf(fault: unknown): number | null {
  if (typeof fault !== 'object' || fault === null || !('code' in fault)) return null
  return typeof fault.code === 'number' ? fault.code : null
}

/** Of a stream, or of the server (its max_payload). */
export const isTooLarge = (fault: unknown): boolean =>
  [...chain(fault)].some((one) => codeOf(one) === MESSAGE_SIZE_EXCEEDED || /max_payload|maximum payload|message size exceeds/i.test(textOf(one)))

const PAUSES: ReadonlySet<string> = new Set(['AuthorizationError', 'UserAuthenticationExpiredError', 'PermissionViolationError'])

/** What is no matter of rights or size is tried again: no leader, no room (10023, 10047, 10077), no answer. */
export function answerOfFault(fault: unknown): SinkAnswer {
  const all = [...chain(fault)]
  const refused = (why: string): SinkAnswer => ({ kind: 'refused', how: 'pause', why })
  if (all.some((one) => typeof one === 'object' && one !== null && 'code' in one && one.code === 'ERR_MODULE_NOT_FOUND')) {
    return refused('@nats-io is not installed here: npm ci, in the folder of the program')
  }
  const denied = all.find((one) => PAUSES.has(nameOf(one)) || /authorization violation|permissions? violation|authentication/i.test(textOf(one)))
  if (denied !== undefined) return refused(`NATS refuses us: ${textOf(denied)}`.slice(0, syncLimits.reasonCharsMax))
  // While a cluster elects a leader nobody answers either, so this may pass by itself: it is tried again, and says what to look for.
  if (all.some((one) => nameOf(one) === 'JetStreamNotEnabled' || nameOf(one) === 'NoRespondersError')) {
    return { kind: 'retry', why: 'no stream takes our subjects (vigil.>), or its cluster has no leader just now', afterMs: null }
  }
  return { kind: 'retry', why: `NATS: ${nameOf(fault)}: ${textOf(fault)}`.slice(0, syncLimits.reasonCharsMax), afterMs: null }
}
