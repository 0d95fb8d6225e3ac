/**
 * Who sends for which gateway. A gateway draws a word at each start; the one that came last is believed, and what another box
 * sends under the same name is refused from then on, for two that write one history would overwrite each other's numbers. One
 * that was superseded is let in again when the other has been silent for long: it was switched off.
 */

import { z } from 'zod'
import { centralLimits } from '../../src/limits.ts'
import type { Refusal } from './body.ts'
import type { Sql } from './sql.ts'

const name = z.string().min(1).max(200)

export const ClaimShape = z.strictObject({ organizationId: name, gatewayId: name, epochs: z.array(name).max(centralLimits.epochsPerClaimMax) })
export type Claim = z.output<typeof ClaimShape>

/** `instance`: null for a gateway that does not say; such a one is neither believed nor refused. */
export type Sender = { readonly organizationId: string; readonly gatewayId: string; readonly instance: string | null }

const SUPERSEDED: Refusal = { status: 409, code: 'GATEWAY_001', detail: 'another instance of this gateway has sent since' }

/** A word that a header may carry; null for none. */
export const instanceOf = (header: unknown): string | null => (typeof header === 'string' && /^[\x21-\x7e]{1,200}$/.test(header) ? header : null)

/** Null when the sender may go on. Within the transaction that stores what it sends. */
export async function admit(sql: Sql, { organizationId, gatewayId, instance }: Sender, nowMs: number): Promise<Refusal | null> {
  if (instance === null) return null
  const gateway = [organizationId, gatewayId]
  const [live] = await sql.query<{ instance: string; at: number; turn: number }>(
    `SELECT instance, (extract(epoch FROM heard_at) * 1000)::float8 AS at, turn::float8 AS turn FROM sender
    WHERE organization = $1 AND gateway = $2 ORDER BY turn DESC LIMIT 1`, gateway,
  )
  if (live !== undefined && live.instance !== instance && nowMs - live.at < centralLimits.senderLiveMs) {
    const [known] = await sql.query('SELECT turn FROM sender WHERE organization = $1 AND gateway = $2 AND instance = $3', [...gateway, instance])
    if (known !== undefined) return SUPERSEDED
  }
  const turn = live === undefined ? 1 : live.instance === instance ? live.turn : live.turn + 1
  await sql.query(
    `INSERT INTO sender (organization, gateway, instance, turn, heard_at) VALUES ($1, $2, $3, $4, to_timestamp($5::float8 / 1000))
    ON CONFLICT (organization, gateway, instance) DO UPDATE SET turn = excluded.turn, heard_at = excluded.heard_at`, [...gateway, instance, turn, nowMs],
  )
  await sql.query('DELETE FROM sender WHERE organization = $1 AND gateway = $2 AND turn <= $3', [...gateway, turn - centralLimits.sendersPerGatewayMax])
  return null
}

type ByEpoch<What> = Readonly<Record<string, What>>
type Range = readonly [from: number, to: number]
type Row = { readonly epoch: string; readonly through: number; readonly reach: number; readonly ahead: readonly Range[] }

/** What is here of a gateway: up to which number everything, the greatest number that came at all, and what of it overtook the rest. */
export type Known = { readonly through: ByEpoch<number>; readonly reach: ByEpoch<number>; readonly ahead: ByEpoch<readonly Range[]> }

export async function throughOf(sql: Sql, { organizationId, gatewayId, epochs }: Claim): Promise<Known> {
  const rows = await sql.query<Row>(
    `SELECT epoch, through::float8 AS through, greatest(reach, through)::float8 AS reach, ahead FROM sent_through
    WHERE organization = $1 AND gateway = $2 AND epoch = ANY ($3::text[])`,
    [organizationId, gatewayId, epochs],
  )
  const each = <What>(of: (row: Row) => What): ByEpoch<What> => Object.fromEntries(rows.map(row => [row.epoch, of(row)]))
  return { through: each(({ through }) => through), reach: each(({ reach }) => reach), ahead: each(({ ahead }) => ahead) }
}

export type Through = {
  readonly organizationId: string
  readonly gatewayId: string
  readonly epoch: string
  /** 0 where it was not said. */
  readonly through: number
  readonly reach: number
  /** Everything from one number to another is here, though not what lies before it. */
  readonly ahead: Range | null
}

/** Within a transaction that holds the lock of the gateway. */
export async function noteThrough(sql: Sql, { organizationId, gatewayId, epoch, through, reach, ahead }: Through): Promise<void> {
  const [before] = await sql.query<Pick<Row, 'through' | 'ahead'>>(
    'SELECT through::float8 AS through, ahead FROM sent_through WHERE organization = $1 AND gateway = $2 AND epoch = $3', [organizationId, gatewayId, epoch],
  )
  const reached = Math.max(before?.through ?? 0, through)
  const ranges = joined([...(before?.ahead ?? []), ...(ahead === null ? [] : [ahead])], reached)
  await sql.query(
    `INSERT INTO sent_through (organization, gateway, epoch, through, reach, ahead) VALUES ($1, $2, $3, $4, $5, $6::text::jsonb)
    ON CONFLICT (organization, gateway, epoch) DO UPDATE
    SET through = excluded.through, reach = greatest(sent_through.reach, excluded.reach), ahead = excluded.ahead`,
    [organizationId, gatewayId, epoch, reached, reach, JSON.stringify(ranges)],
  )
}

/** Those beyond `through`, in their order, with those that touch in one; of too many the newest. */
function joined(ranges: readonly Range[], through: number): readonly Range[] {
  const list: [number, number][] = []
  for (const [from, to] of ranges.filter(range => range[1] > through).toSorted((a, b) => a[0] - b[0])) {
    const last = list.at(-1)
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else list.push([from, to])
  }
  return list.slice(-centralLimits.aheadRangesMax)
}
