/**
 * From a broker's messages to rows. A message is one event; the broker is told that it was taken only after it is stored, and the key of the event
 * drops what comes again: at least once on the wire, once in effect.
 */

import { createHash } from 'node:crypto'
import { centralLimits } from '../../../src/limits.ts'
import type { Clock } from '../../../src/seams.ts'
import { parsedText } from '../body.ts'
import { ingest, readRows } from '../ingest.ts'
import type { Batch, Store } from '../ingest.ts'
import type { Live } from '../live.ts'

export type Message = { readonly text: string; readonly lane: string }

/** Messages that came together, and how the broker is told that they are stored. */
export type Delivery = { readonly messages: readonly Message[]; readonly settle: () => Promise<void> }

export type IntakeDependencies = {
  readonly store: Store
  readonly clock: Clock
  readonly live: Live
  readonly stop: AbortSignal
  readonly note: (line: string) => void
}

/** Whose messages these are, and by which broker they came. */
export type Source = { readonly organizationId: string; readonly via: 'kafka' | 'nats' }

/** Where the next messages come from; null when there are none and `stop` has been asked for. Rejects when the broker fails. */
export type Deliveries = { next(): Promise<Delivery | null>; close(): Promise<void> }

const NO_FAULT = (): boolean => false
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Takes messages until stopped. A broker that fails is tried again after `centralLimits.intakeRetryMs`: what was not settled comes again. */
export async function runIntake(source: Source, open: () => Promise<Deliveries>, dependencies: IntakeDependencies): Promise<void> {
  const { clock, stop, note } = dependencies
  while (!stop.aborted) {
    let deliveries: Deliveries | null = null
    try {
      deliveries = await open()
      for (let delivery = await deliveries.next(); delivery !== null; delivery = await deliveries.next()) {
        await take(delivery.messages, source, dependencies)
        await delivery.settle()
      }
    } catch (error) {
      if (!stop.aborted) {
        note(`Messages of ${source.via} are not taken: ${error instanceof Error ? error.message : String(error)}`)
        await clock.sleep(centralLimits.intakeRetryMs, stop)
      }
    } finally {
      await deliveries?.close().catch(() => undefined)
    }
  }
}

/** Stores what came together; rejects when it is not stored. What cannot be read is kept as rejected, for sending it again would not help. */
export async function take(messages: readonly Message[], source: Source, { store, clock, live, stop }: IntakeDependencies): Promise<void> {
  for (const batch of batchesOf(messages, source)) {
    const result = await ingest(store, batch, { atMs: clock.wall(), instance: null, via: source.via }, stop)
    if (result.kind === 'refused') throw new Error(result.refusal.detail)
    if (result.kind === 'stored' && batch.lane === 'live') {
      live.publish(batch.organizationId, result.alerts.map(({ subject, atMs, alert }) => ({ patient_id: subject, timestamp: new Date(atMs), ...alert })))
    }
  }
}

type Parsed = { readonly raw: unknown; readonly text: string; readonly gatewayId: string; readonly epoch: string; readonly lane: string }

/** One for each gateway and lane; its name is that of its contents, so that the same messages are the same batch. */
export function batchesOf(messages: readonly Message[], { organizationId, via }: Source): readonly Batch[] {
  const parsed = messages.map((message): Parsed => {
    const raw = parsedText(message.text)
    return { raw, text: message.text, lane: message.lane === 'release' ? 'release' : 'live', ...gatewayOf(raw, via) }
  })
  return [...Map.groupBy(parsed, ({ gatewayId, lane }) => JSON.stringify([gatewayId, lane])).values()].flatMap((group): readonly Batch[] => {
    const [first] = group
    if (first === undefined) return []
    const { gatewayId, lane, epoch } = first
    const events = group.map(({ raw }) => raw)
    const hash = sha256(JSON.stringify(group.map(({ text }) => text)))
    const { events: read, repeatedWithin, rejected } = readRows(events, NO_FAULT)
    return [{
      batchId: `${via}:${hash}`, sha256: hash, bytes: group.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
      metadata: JSON.stringify({ source: via, size: group.length, organizationId, gatewayId, lane, keyEpoch: epoch }),
      organizationId, gatewayId, lane, epoch, version: null, through: null, reach: 0, ahead: null, events: read, repeatedWithin, rejected,
    }]
  })
}

/** In the live lane a key begins with gateway and epoch (contract with central §1); in the release lane it is drawn by lot, and names nobody. */
function gatewayOf(raw: unknown, via: string): { readonly gatewayId: string; readonly epoch: string } {
  const key = typeof raw === 'object' && raw !== null && 'key' in raw && typeof raw.key === 'string' ? raw.key : ''
  const [gateway = '', epoch = '', ...rest] = key.split('/')
  // %00: no text of PostgreSQL holds it.
  if (rest.length < 4 || gateway === '' || /%00/.test(gateway + epoch)) return { gatewayId: `by ${via}`, epoch: '' }
  try {
    return { gatewayId: decodeURIComponent(gateway).slice(0, 200), epoch: decodeURIComponent(epoch) }
  } catch {
    return { gatewayId: `by ${via}`, epoch: '' }
  }
}
