/** What the errors of a Kafka broker mean for a batch (protocol.html of Apache Kafka, error codes). Pure. */

import { syncLimits } from '../../limits.ts'
import type { SinkAnswer } from '../../seams.ts'

const NESTING_MAX = 8
const UNKNOWN_TOPIC = 'Unknown topic'

/** Names of all faults in an error and in those it was caused by: of the protocol where it is one, else of the client or of the network. */
export function kafkaFaults(error: unknown, depth = 0): readonly string[] {
  if (typeof error !== 'object' || error === null || depth > NESTING_MAX) return []
  // The client gives this one no name of its own.
  if (error instanceof Error && error.message.startsWith(UNKNOWN_TOPIC)) return ['UNKNOWN_TOPIC_OR_PARTITION', error.message]
  const own = 'apiId' in error && typeof error.apiId === 'string' ? error.apiId : 'code' in error && typeof error.code === 'string' ? error.code : null
  const inner = [...('errors' in error && Array.isArray(error.errors) ? error.errors : []), ...('cause' in error ? [error.cause] : [])]
  return [...new Set([...(own === null ? [] : [own]), ...inner.flatMap((one: unknown) => kafkaFaults(one, depth + 1))])]
}

/** A person must mend these: our name, our rights, a topic that is not there, a client that is not installed. */
const PAUSES: ReadonlySet<string> = new Set([
  'PLT_KFK_AUTHENTICATION', 'SASL_AUTHENTICATION_FAILED', 'UNSUPPORTED_SASL_MECHANISM', 'ILLEGAL_SASL_STATE',
  'TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED',
  'UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION', 'POLICY_VIOLATION', 'SECURITY_DISABLED', 'UNSUPPORTED_VERSION',
  'PLT_KFK_UNSUPPORTED_API', 'ERR_MODULE_NOT_FOUND', 'INVALID_REQUIRED_ACKS',
])
/** The broker looked at the records and will not have them. */
const DEAD: ReadonlySet<string> = new Set(['INVALID_RECORD', 'INVALID_TIMESTAMP'])
/** Names of the client that say little where there is another. */
const WRAPPERS: ReadonlySet<string> = new Set(['PLT_KFK_MULTIPLE', 'PLT_KFK_RESPONSE', 'PLT_KFK_PROTOCOL', 'PLT_KFK_NETWORK'])

export function answerOfErrors(error: unknown): SinkAnswer {
  const faults = kafkaFaults(error)
  const said = faults.find((fault) => !WRAPPERS.has(fault)) ?? faults[0] ?? (error instanceof Error ? error.message : String(error))
  const why = `Kafka: ${said}`.slice(0, syncLimits.reasonCharsMax)
  const pause = faults.find((fault) => PAUSES.has(fault))
  if (pause === 'ERR_MODULE_NOT_FOUND') return { kind: 'refused', how: 'pause', why: '@platformatic/kafka is not installed here: npm ci, in the folder of the program' }
  // The client says which topic that is.
  if (pause !== undefined) return { kind: 'refused', how: 'pause', why: `Kafka refuses us: ${[pause, ...faults.filter((fault) => fault.startsWith(UNKNOWN_TOPIC))].join(', ')}`.slice(0, syncLimits.reasonCharsMax) }
  if (faults.some((fault) => DEAD.has(fault))) return { kind: 'refused', how: 'dead', why }
  return { kind: 'retry', why, afterMs: null }
}
