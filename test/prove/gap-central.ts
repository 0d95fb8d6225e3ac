/** What the reference central itself makes of the events that are sent: its completeness, asked of its read API. */

import { createHash, randomUUID } from 'node:crypto'
import { startCentral } from './central.ts'

export type Posted = { readonly partitionKey: string; readonly timestamp: string }
/** Minutes of one subject and metric. */
export type Completeness = { readonly heard: number; readonly expected: number }

const EVENTS_PER_BATCH = 1_000
/** As far back as central shows completeness. */
const HOURS = 168

type Row = Completeness & { readonly subject: string; readonly metric: string }

/** By subject. @throws Error when central rejects one of them. */
export async function completenessAtCentral(metric: string, events: readonly Posted[]): Promise<ReadonlyMap<string, Completeness>> {
  await using central = await startCentral()
  const authorization = `Bearer ${central.token}`
  for (let from = 0; from < events.length; from += EVENTS_PER_BATCH) {
    const some = events.slice(from, from + EVENTS_PER_BATCH)
    const batchId = randomUUID()
    const answer = await fetch(`${central.url}/api/v1/analytics/batches`, {
      method: 'POST', headers: { authorization, 'content-type': 'application/json', 'idempotency-key': batchId },
      body: JSON.stringify({
        batchId, events: some,
        metadata: {
          timestamp: some[0]?.timestamp, source: 'vigil', size: some.length, schemaVersion: 1, organizationId: 'prove', gatewayId: 'gw', lane: 'live', method: 'limited-data-set',
          keyEpoch: 'e1', sha256: createHash('sha256').update(JSON.stringify(some)).digest('hex'),
        },
      }),
    })
    const receipt: { readonly accepted?: number; readonly rejected?: readonly unknown[] } = JSON.parse(await answer.text())
    if (receipt.accepted !== some.length) throw new Error(`central took ${receipt.accepted} of ${some.length} events: ${JSON.stringify(receipt.rejected ?? receipt).slice(0, 300)}`)
  }
  const asked = await fetch(`${central.url}/api/v1/analytics/completeness?hours=${HOURS}`, { headers: { authorization } })
  if (!asked.ok) throw new Error(`completeness: ${asked.status}`)
  const rows: readonly Row[] = JSON.parse(await asked.text())
  const bySubject = Map.groupBy(rows.filter((row) => row.metric === metric), ({ subject }) => subject)
  return new Map([...bySubject].map(([subject, hours]) => [
    subject, hours.reduce((sum, { heard, expected }) => ({ heard: sum.heard + heard, expected: sum.expected + expected }), { heard: 0, expected: 0 }),
  ]))
}
