/** Rows of sync.db to and from the nouns of domain/batch. What was written here is checked again when it is read. */

import type { BatchItem, DeadLetter, EventOrigin, StoredBatch, SyncStatus } from '../domain/batch.ts'
import { deviceId } from '../domain/ids.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { bytesCrc, rowCrc } from './crc.ts'

export type BatchRow = {
  readonly id: number
  readonly epoch: string
  readonly batchId: string
  readonly seqFrom: number
  readonly seqTo: number
  readonly movesCursor: number
  readonly isEarly: number
  readonly body: Uint8Array
  readonly items: string
  readonly crc: number | null
}

export const batchCrc = ({ epoch, batchId, seqFrom, seqTo, body, items }: Pick<BatchRow, 'epoch' | 'batchId' | 'seqFrom' | 'seqTo' | 'body' | 'items'>): number =>
  bytesCrc(body, epoch, batchId, seqFrom, seqTo, items)

export const cursorCrc = (sink: string, epoch: string, seq: number): number => rowCrc(sink, epoch, seq)

export type AheadRow = { readonly seqFrom: number; readonly seqTo: number; readonly crc: number }

export const aheadCrc = (sink: string, epoch: string, lane: string, { seqFrom, seqTo }: Omit<AheadRow, 'crc'>): number => rowCrc(sink, epoch, lane, seqFrom, seqTo)

export type LetterRow = {
  readonly id: number
  readonly epoch: string
  readonly seqFrom: number
  readonly seqTo: number
  readonly at: number
  readonly why: string
  readonly retries: number
  readonly retryAsked: number
  readonly event: string
  readonly origin: string
}

export type StatusRow = {
  readonly at: number
  readonly kind: string
  readonly why: string
  readonly breaker: string
  readonly lastAcceptedAt: number | null
  readonly stoppedByScanner: number
}

export const originText = (origin: EventOrigin | null): string => JSON.stringify(origin)
export const itemsText = (items: readonly BatchItem[]): string => JSON.stringify(items)

/** What stands in sync.db is not what was written: it is set aside at the next opening. */
export class LedgerDamaged extends Error {
  override readonly name = 'LedgerDamaged'
}

export const damaged = (what: string): LedgerDamaged => new LedgerDamaged(`sync.db is damaged: ${what} cannot be read`)
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

function originOf(value: unknown): EventOrigin | null {
  if (value === null) return null
  if (!isObject(value) || !('device' in value && 'metric' in value && 'measured' in value)) throw damaged('the origin of an event')
  const { device, metric, measured } = value
  if (typeof device !== 'string' || typeof metric !== 'string' || typeof measured !== 'number') throw damaged('the origin of an event')
  return { device: deviceId(device), metric, measured }
}

function itemOf(value: unknown): BatchItem {
  if (!isObject(value) || !('origin' in value && 'retries' in value) || typeof value.retries !== 'number') throw damaged('an item of a batch')
  return { origin: originOf(value.origin), retries: value.retries }
}

export function storedBatchOf({ movesCursor, isEarly, items, crc, ...row }: BatchRow): StoredBatch {
  if (crc !== null && crc !== batchCrc({ ...row, items })) throw damaged('a batch')
  const parsed: unknown = JSON.parse(items)
  if (!Array.isArray(parsed)) throw damaged('the items of a batch')
  const { id, epoch, batchId, seqFrom, seqTo, body } = row
  return { id, epoch, batchId, seqFrom, seqTo, body, movesCursor: movesCursor === 1, isEarly: isEarly === 1, items: parsed.map(itemOf) }
}

export const letterOf = ({ at, retryAsked, origin, ...row }: LetterRow): DeadLetter => {
  const parsed: unknown = JSON.parse(origin)
  return { ...row, at: wallMs(at), retryAsked: retryAsked === 1, origin: originOf(parsed) }
}

const KINDS: readonly SyncStatus['kind'][] = ['off', 'ok', 'behind', 'paused']
const BREAKERS: readonly SyncStatus['breaker'][] = ['closed', 'open', 'half-open']

export function statusOf(row: StatusRow): Omit<SyncStatus, 'lagRows' | 'deadLetters' | 'fenced'> & { readonly at: WallMs } {
  const { at, kind, why, breaker, lastAcceptedAt, stoppedByScanner } = row
  const knownKind = KINDS.find((known) => known === kind)
  const knownBreaker = BREAKERS.find((known) => known === breaker)
  if (knownKind === undefined || knownBreaker === undefined) throw damaged('the status')
  const acceptedAt = lastAcceptedAt === null ? null : wallMs(lastAcceptedAt)
  return { at: wallMs(at), kind: knownKind, why, breaker: knownBreaker, lastAcceptedAt: acceptedAt, stoppedByScanner }
}
