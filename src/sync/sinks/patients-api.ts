/**
 * Sets of vital signs to the platform's patients API: `POST {base}/api/v1/patients/{id}/vital-signs` (contract with central, §2). The
 * platform has no idempotency: of a call whose answer was lost nobody knows, it is made again, and counted as one that may have come twice.
 *
 * A patient row must be there first: it is made of placeholders that say so, and the id that comes back is kept for the pseudonym.
 */

import { syncLimits } from '../../limits.ts'
import type { Sink, SinkAnswer, SinkBatch } from '../../seams.ts'
import type { SinkMemory } from '../ledger.ts'
import { type WireEvent, fieldsOf, readBatch } from './events.ts'
import { type HttpSettings, createPoster } from './http.ts'
import { type HttpAnswer, afterMsOf } from './https-answer.ts'
import { type DueSet, type Folded, foldSets, stateOf, textOfState } from './patients-sets.ts'
import { type RejectedRow, forgetProgress, progressOf, saveProgress } from './progress.ts'

export type PatientsApiSettings = HttpSettings & {
  readonly id: string
  readonly memory: SinkMemory
  readonly freshMs: number
  readonly everyMs: number
  /** Fields of the patient row that the platform requires, with what is said instead of them. */
  readonly placeholders: Readonly<Record<string, string>>
}

/** The platform's own bound. */
const PATIENT_ID_CHARS_MAX = 10
const STATE = 'sets'
const patientName = (subject: string): string => `patient ${subject}`

export const COUNTED = {
  posted: 'sets posted',
  incomplete: 'sets not posted because one of the six was missing or too old',
  twice: 'calls that may have come twice',
  others: 'events passed by, for the platform takes vital signs here and nothing else',
  untold: 'corrections that the platform cannot take: its sets may hold values of another patient',
} as const

type Unfinished = Extract<SinkAnswer, { kind: 'retry' | 'refused' }>
type Outcome = { readonly kind: 'taken' } | { readonly kind: 'rejected'; readonly code: string; readonly detail: string } | Unfinished

const encoded = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** @throws RangeError for a wrong address or a token that no header can carry. */
export function createPatientsApi(settings: PatientsApiSettings): Sink & { close(): void } {
  const { id, memory, freshMs, everyMs, placeholders, ...http } = settings
  const poster = createPoster('api/v1/patients', http)
  const rules = { freshMs, everyMs, subjectsMax: syncLimits.setSubjectsMax }

  async function post(path: string, body: object, stop: AbortSignal): Promise<HttpAnswer | Unfinished> {
    const answer = await poster.post({ path, body: encoded(body), headers: {} }, stop)
    // Refused connections were never heard; of all else that went unanswered nobody knows.
    if ('kind' in answer && !/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|CERT|SELF_SIGNED|stopped/.test(answer.why)) memory.count(COUNTED.twice)
    return answer
  }

  /** The platform's id of this pseudonym; a row is made where there is none. */
  async function patientOf(subject: string, stop: AbortSignal): Promise<string | Outcome> {
    const known = memory.get(patientName(subject))
    if (known !== null) return known
    const answer = await post('', placeholders, stop)
    if ('kind' in answer) return answer
    const outcome = outcomeOf(answer)
    if (outcome.kind !== 'taken') return outcome
    const made = idIn(answer.body)
    const none = `what answered (${answer.status}) named no patient id of at most ${PATIENT_ID_CHARS_MAX} characters`
    if (made === null) return { kind: 'refused', how: 'pause', why: none }
    memory.put(patientName(subject), made)
    return made
  }

  async function postSet({ subject, set }: DueSet, stop: AbortSignal): Promise<Outcome> {
    const patient = await patientOf(subject, stop)
    if (typeof patient !== 'string') return patient
    const answer = await post(`patients/${encodeURIComponent(patient)}/vital-signs`, { patient_id: patient, ...set }, stop)
    if ('kind' in answer) return answer
    if (answer.status === 404) {
      // The platform has lost its rows: the next try makes a new one.
      memory.put(patientName(subject), null)
      return { kind: 'retry', why: `the platform knows patient ${patient} no more`, afterMs: null }
    }
    const outcome = outcomeOf(answer)
    if (outcome.kind === 'taken') memory.count(COUNTED.posted)
    return outcome
  }

  function finish(batchId: string, { state, incomplete, corrections, others }: Folded & { readonly corrections: number; readonly others: number }, rejected: readonly RejectedRow[]): SinkAnswer {
    memory.put(STATE, textOfState(state))
    memory.put('done', batchId)
    forgetProgress(memory)
    if (incomplete > 0) memory.count(COUNTED.incomplete, incomplete)
    if (corrections > 0) memory.count(COUNTED.untold, corrections)
    if (others > 0) memory.count(COUNTED.others, others)
    return rejected.length === 0 ? { kind: 'accepted' } : { kind: 'partly', rejected }
  }

  async function send(batch: SinkBatch, stop: AbortSignal): Promise<SinkAnswer> {
    // We ourselves posted all of it, and the ledger was not told before we ended.
    if (memory.get('done') === batch.batchId) return { kind: 'duplicate' }
    const { events } = readBatch(batch)
    // Sent anew because something else of their minute was another's: these values were posted.
    const fresh = events.filter((event) => !isRemainder(event))
    const folded = foldSets(stateOf(memory.get(STATE)), fresh, rules)
    let { done, rejected } = progressOf(memory, batch.batchId)
    for (const due of folded.sets.slice(done)) {
      const outcome = await postSet(due, stop)
      if (outcome.kind === 'retry' || outcome.kind === 'refused') return outcome
      const { index } = due
      if (outcome.kind === 'rejected' && !rejected.some((row) => row.index === index)) rejected = [...rejected, { index, code: outcome.code, detail: outcome.detail }]
      done++
      saveProgress(memory, batch.batchId, { done, rejected })
    }
    const corrections = events.filter(({ eventType }) => eventType === 'corrections').length
    const others = events.filter(({ eventType }) => eventType !== 'corrections' && eventType !== 'vital-signs').length
    return finish(batch.batchId, { ...folded, corrections, others }, rejected)
  }

  return { id, inOrder: true, send, close: () => poster.close() }
}

/** What is left of an event keeps its key but for the revision. */
const isRemainder = ({ key, fields }: WireEvent): boolean => {
  const { supersedes } = fields
  const stem = (text: string): string => text.slice(0, text.lastIndexOf('/'))
  return typeof supersedes === 'string' && stem(supersedes) === stem(key)
}

/** The whole call is refused (401, 403, 429 …), or this row of it alone. */
function outcomeOf({ status, retryAfter, body }: HttpAnswer): Outcome {
  const { detail } = fieldsOf(json(body))
  const said = typeof detail === 'string' ? `: ${detail}` : ''
  const why = `the platform answered ${status}${said}`.slice(0, syncLimits.reasonCharsMax)
  if (status >= 200 && status < 300) return { kind: 'taken' }
  if (status === 429) return { kind: 'retry', why, afterMs: afterMsOf(retryAfter) ?? syncLimits.retryDelayMsMax }
  if (status === 408 || status >= 500) return { kind: 'retry', why, afterMs: afterMsOf(retryAfter) }
  if (status === 400 || status === 422) return { kind: 'rejected', code: String(status), detail: why }
  return { kind: 'refused', how: 'pause', why }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function idIn(body: string): string | null {
  const { id, patient_id: patient } = fieldsOf(json(body))
  const found = [patient, id].find((value) => typeof value === 'string' || typeof value === 'number')
  const text = found === undefined ? '' : String(found)
  return text !== '' && text.length <= PATIENT_ID_CHARS_MAX ? text : null
}
