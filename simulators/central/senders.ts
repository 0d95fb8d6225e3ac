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

type Numbers = Readonly<Record<string, number>>

/** Up to which number everything of these incarnations is here, and the greatest of each that came at all. */
export async function throughOf(sql: Sql, { organizationId, gatewayId, epochs }: Claim): Promise<{ readonly through: Numbers; readonly reach: Numbers }> {
  const rows = await sql.query<{ epoch: string; through: number; reach: number }>(
    'SELECT epoch, through::float8 AS through, greatest(reach, through)::float8 AS reach FROM sent_through WHERE organization = $1 AND gateway = $2 AND epoch = ANY ($3::text[])',
    [organizationId, gatewayId, epochs],
  )
  return { through: Object.fromEntries(rows.map(({ epoch, through }) => [epoch, through])), reach: Object.fromEntries(rows.map(({ epoch, reach }) => [epoch, reach])) }
}

export type Through = { readonly organizationId: string; readonly gatewayId: string; readonly epoch: string; readonly through: number; readonly reach: number }

export async function noteThrough(sql: Sql, { organizationId, gatewayId, epoch, through, reach }: Through): Promise<void> {
  await sql.query(
    `INSERT INTO sent_through (organization, gateway, epoch, through, reach) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (organization, gateway, epoch) DO UPDATE
    SET through = greatest(sent_through.through, excluded.through), reach = greatest(sent_through.reach, excluded.reach)`,
    [organizationId, gatewayId, epoch, through, reach],
  )
}
