/**
 * Values that a person has confirmed, to the hospital's own record: one ORU^R01 for what was measured together, over MLLP, the next one when the last
 * is acknowledged. It names the patient, so it takes batches of the hospital lane alone and refuses any other. Receivers tell repeats by MSH-3 and MSH-10.
 */

import { readHl7 } from '../../codec/hl7.ts'
import { syncLimits } from '../../limits.ts'
import type { Sink, SinkAnswer, SinkBatch } from '../../seams.ts'
import type { SinkMemory } from '../ledger.ts'
import { readBatch } from './events.ts'
import { createScanner } from '../scanner.ts'
import { type MllpPlace, createMllpCaller } from './mllp-call.ts'
import { type OruGroup, type OruHeader, type StayIdentity, controlIdOf, groupsOf, oruOf } from './oru.ts'
import { progressOf, saveProgress } from './progress.ts'
import { faultOf, within } from './within.ts'

export type Hl7OruSettings = MllpPlace & {
  readonly id: string
  readonly header: OruHeader
  readonly memory: SinkMemory
  /** null: nobody is known to have lain there, or the name is erased. */
  readonly identityOf: (stay: string) => StayIdentity | null
  readonly timeoutMs?: number
}

type Unfinished = Extract<SinkAnswer, { kind: 'retry' | 'refused' }>
type Outcome = { readonly kind: 'taken' } | { readonly kind: 'rejected'; readonly code: string; readonly detail: string } | Unfinished

const UNKNOWN: Outcome = { kind: 'rejected', code: 'NO-IDENTITY', detail: 'nobody with a record number is known to have lain there' }

/** HL7 table 0357: the receiver does not take such messages at all, so a person has to mend one of the two. */
const MISFIT: ReadonlySet<string> = new Set(['200', '201', '202', '203'])

export function createHl7Oru(settings: Hl7OruSettings): Sink & { close(): void } {
  const { id, header, memory, identityOf, timeoutMs = syncLimits.callTimeoutMs } = settings
  const caller = createMllpCaller(settings)

  async function tell(group: OruGroup, stop: AbortSignal): Promise<Outcome> {
    const identity = identityOf(group.stay)
    if (identity === null || identity.mrn === null) return UNKNOWN
    const outcome = await within(async (over) => caller.call(await oruOf(group, identity, header), over), timeoutMs, stop)
    switch (outcome.kind) {
      case 'done':
        return acknowledged(outcome.result, group, identity)
      case 'failed':
        return { kind: 'retry', why: `the hospital's system cannot be reached: ${faultOf(outcome.error)}`, afterMs: null }
      case 'late':
        return { kind: 'retry', why: `the hospital's system did not acknowledge within ${timeoutMs / 1_000} s`, afterMs: null }
      case 'stopped':
        return { kind: 'retry', why: 'stopped', afterMs: null }
    }
  }

  async function send(batch: SinkBatch, stop: AbortSignal): Promise<SinkAnswer> {
    const { events, lane } = readBatch(batch)
    if (lane !== 'hospital') return { kind: 'refused', how: 'pause', why: `this sink takes the hospital lane alone, not "${lane}"` }
    let { done, rejected } = progressOf(memory, batch.batchId)
    const groups = groupsOf(events)
    const wasDone = done === groups.length && groups.length > 0
    for (const group of groups.slice(done)) {
      const outcome = await tell(group, stop)
      if (outcome.kind === 'retry' || outcome.kind === 'refused') return outcome
      if (outcome.kind === 'rejected') rejected = [...rejected, ...group.events.map(({ index }) => ({ index, code: outcome.code, detail: outcome.detail }))]
      done++
      saveProgress(memory, batch.batchId, { done, rejected })
    }
    if (rejected.length > 0) return { kind: 'partly', rejected }
    return { kind: wasDone ? 'duplicate' : 'accepted' }
  }

  return { id, send, close: () => caller.close() }
}

/** What a receiver says of a message may repeat whom it is about, and stands in logs and on screens here. */
function namesOne(words: string, { stay, device }: OruGroup, { mrn, name, bed }: StayIdentity): boolean {
  const scanner = createScanner([])
  scanner.learn([stay, device, bed, mrn ?? '', name ?? ''])
  return scanner.scan(words).kind === 'hit'
}

/** HL7 2.6, §2.9.2: AA and CA take it; AE and CE find fault with it; AR and CR have other reasons, some of which pass. */
function acknowledged(content: Uint8Array, group: OruGroup, identity: StayIdentity): Outcome {
  const retry = (why: string): Outcome => ({ kind: 'retry', why, afterMs: null })
  const read = readHl7(content, { segmentsMax: syncLimits.ackSegmentsMax })
  if (read.kind === 'broken') return retry(`what came back is no acknowledgement: ${read.why}`)
  const msa = read.message.segments.find((segment) => segment.id === 'MSA')
  if (!msa) return retry('what came back is no acknowledgement: no MSA')
  if (msa.value(2) !== controlIdOf(group)) return retry('the acknowledgement is of another message')
  const err = read.message.segments.find((segment) => segment.id === 'ERR')
  const code = err?.value(3) ?? ''
  const words = [code, err?.value(8) ?? '', msa.value(3)].filter((text) => text !== '').join(', ').slice(0, syncLimits.reasonCharsMax)
  const said = namesOne(words, group, identity) ? (/^\d{3}$/.test(code) ? code : 'in words that name the patient') : words
  switch (msa.value(1)) {
    case 'AA':
    case 'CA':
      return { kind: 'taken' }
    case 'AE':
    case 'CE':
      return { kind: 'rejected', code: msa.value(1), detail: said }
    case 'AR':
    case 'CR':
      if (MISFIT.has(code)) return { kind: 'refused', how: 'pause', why: `the hospital's system takes no such message: ${said}` }
      return retry(`the hospital's system does not take it now${said === '' ? '' : `: ${said}`}`)
    default:
      return retry(`the acknowledgement says neither yes nor no: "${msa.value(1).slice(0, 8)}"`)
  }
}
