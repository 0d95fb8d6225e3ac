/** What central's HTTP answer means for a batch (contract with central, §2). Pure. */

import { type SeqRange, TOO_OLD } from '../../domain/batch.ts'
import { syncLimits } from '../../limits.ts'
import type { ClaimAnswer, SinkAnswer, SinkBatch } from '../../seams.ts'

export type HttpAnswer = { readonly status: number; readonly retryAfter: string | null; readonly body: string }

/** Another gateway has taken over our name. */
const SUPERSEDED = 'GATEWAY_001'

type Fields = Readonly<Record<string, unknown>>

/**
 * 202 and 200 count only when the body is central's own JSON: a proxy or a log-in page that says 200 has stored nothing.
 * 400, 404 and other refusals of the call, not of the data, pause: a wrong address must not turn readings into dead letters.
 */
export function answerOf({ status, retryAfter, body }: HttpAnswer, batch: SinkBatch): SinkAnswer {
  const fields = jsonObject(body)
  const code = textOf(fields?.['code'])
  const why = sentence(status, code, textOf(fields?.['detail']))
  const retry = (afterMs: number | null): SinkAnswer => ({ kind: 'retry', why, afterMs })
  const refused = (how: Extract<SinkAnswer, { kind: 'refused' }>['how']): SinkAnswer => ({ kind: 'refused', how, why })
  if (status === 202 || status === 200) return taken(status, fields, batch)
  if (status === 408) return retry(null)
  if (status === 429) return retry(afterMsOf(retryAfter) ?? syncLimits.retryDelayMsMax)
  if (status >= 500) return retry(afterMsOf(retryAfter))
  if (status === 413) return refused('split')
  if (status === 409 && code === SUPERSEDED) return refused('fenced')
  if (code === TOO_OLD) return refused('stale')
  if (status === 422 || code === 'ANALYTICS_001') return refused('dead')
  return refused('pause')
}

/** Statuses of a server that does not know this address: a central without a record of who sends. */
const NO_RECORD: readonly number[] = [404, 405, 501]

export function claimAnswerOf({ status, retryAfter, body }: HttpAnswer): ClaimAnswer {
  if (NO_RECORD.includes(status)) return { kind: 'unknown' }
  const fields = jsonObject(body)
  const through = fieldsOf(fields?.['through'])
  const reach = fieldsOf(fields?.['reach'])
  const ahead = fieldsOf(fields?.['ahead'])
  if (status === 200 && through) {
    return { kind: 'granted', through: numbersIn(through), ...(reach === null ? {} : { reach: numbersIn(reach) }), ...(ahead === null ? {} : { ahead: rangesIn(ahead) }) }
  }
  const why = sentence(status, textOf(fields?.['code']), textOf(fields?.['detail']))
  if (status === 409 && fields?.['code'] === SUPERSEDED) return { kind: 'refused', how: 'fenced', why }
  if (status === 408 || status === 429 || status >= 500) return { kind: 'retry', why, afterMs: afterMsOf(retryAfter) }
  // What says 200 and is no central would be asked for ever; what it says to batches is judged there.
  return status < 300 ? { kind: 'unknown' } : { kind: 'refused', how: 'pause', why }
}

const isSeq = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

const numbersIn = (fields: Fields): ReadonlyMap<string, number> => new Map(Object.entries(fields).flatMap(([epoch, seq]) => (isSeq(seq) ? [[epoch, seq] as const] : [])))

/** `{ epoch: [[from, to], …] }` */
const rangesIn = (fields: Fields): ReadonlyMap<string, readonly SeqRange[]> =>
  new Map(Object.entries(fields).map(([epoch, list]) => [epoch, (Array.isArray(list) ? list : []).flatMap((pair: unknown) => rangeIn(pair))] as const))

function rangeIn(pair: unknown): readonly SeqRange[] {
  if (!Array.isArray(pair)) return []
  const [seqFrom, seqTo]: readonly unknown[] = pair
  return isSeq(seqFrom) && isSeq(seqTo) && seqFrom <= seqTo ? [{ seqFrom, seqTo }] : []
}

function taken(status: number, fields: Fields | null, batch: SinkBatch): SinkAnswer {
  const strange: SinkAnswer = { kind: 'retry', why: `what answered (${status}) is not central: no receipt for this batch`, afterMs: null }
  if (fields === null || fields['batchId'] !== batch.batchId) return strange
  // A repeat is answered with the receipt of the first time: a lost answer loses no rejected row.
  const rejected = rejectedOf(fields['rejected'] ?? [], batch.events)
  if (rejected === null) return strange
  if (rejected.length > 0) return { kind: 'partly', rejected }
  return { kind: status === 202 ? 'accepted' : 'duplicate' }
}

type Rejected = { readonly index: number; readonly code: string; readonly detail: string }

/** null when it is not a list of distinct places in this batch: then nothing of it can be believed. */
function rejectedOf(value: unknown, events: number): readonly Rejected[] | null {
  if (!Array.isArray(value)) return null
  const rejected: Rejected[] = []
  const seen = new Set<number>()
  for (const element of value) {
    const fields = fieldsOf(element)
    const index = fields?.['index']
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= events || seen.has(index)) return null
    seen.add(index)
    rejected.push({ index, code: textOf(fields?.['code']) || 'no code', detail: textOf(fields?.['detail']) })
  }
  return rejected
}

/** RFC 9110 §10.2.3: seconds. A date is not used, for it would need central's clock and ours to agree; null then. */
export function afterMsOf(retryAfter: string | null): number | null {
  if (retryAfter === null || !/^\d{1,9}$/.test(retryAfter.trim())) return null
  return Math.min(Number(retryAfter) * 1_000, syncLimits.retryAfterMsMax)
}

function jsonObject(body: string): Fields | null {
  try {
    const parsed: unknown = JSON.parse(body)
    return fieldsOf(parsed)
  } catch {
    return null
  }
}

const fieldsOf = (value: unknown): Fields | null => (typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null)
const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, syncLimits.reasonCharsMax) : '')

function sentence(status: number, code: string, detail: string): string {
  const said = [code, detail].filter((text) => text !== '').join(': ')
  const what = said === '' ? '' : ` (${said})`
  if (code === SUPERSEDED) return `another gateway sends under this identity${detail === '' ? '' : ` (${detail})`}: find and stop it, or give one of the two another gateway id; then restart this one`
  if (status === 401) return `central refuses our token${what}: put a valid one in place and restart`
  if (status === 403) return `central does not permit this gateway to send${what}`
  if (status >= 300 && status < 400) return `central's address answers with a redirect (${status}): name the final address`
  if (status === 404 || status === 405) return `there is no central at this address (${status}): check the base address`
  return `central answered ${status}${what}`
}
