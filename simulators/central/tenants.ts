/**
 * Organisations that share one central, kept apart. Who reads for one of them does so in the role `central_tenant`, to which the database
 * itself shows no row of another (row-level security, deploy/central/schema/006-tenants.sql): a predicate that was forgotten shows nothing more.
 */

import { LOCKS } from './schema.ts'
import type { CentralDatabase, Sql } from './sql.ts'

/** An organisation; `all`: the operator of central. */
export type Tenant = { readonly kind: 'all' } | { readonly kind: 'organization'; readonly name: string }

export const OPERATOR: Tenant = { kind: 'all' }

/** What this tenant may see; it writes nothing. */
export function readerOf(database: CentralDatabase, tenant: Tenant): Pick<Sql, 'query'> {
  if (tenant.kind === 'all') return database
  return {
    query: (text, values) =>
      database.transaction(async sql => {
        const [found] = await sql.query<{ id: string }>('SELECT id::text FROM organization WHERE name = $1', [tenant.name])
        // One that has sent nothing yet is nobody: there is no organisation 0.
        await sql.query("SELECT set_config('central.organization', $1, true), set_config('role', 'central_tenant', true)", [found?.id ?? '0'])
        return sql.query(text, values)
      }),
  }
}

/** The id of an organisation, which is new when it is not known. */
export async function organizationOf(sql: Sql, name: string): Promise<number> {
  const find = (): Promise<readonly { readonly id: number }[]> => sql.query('SELECT id FROM organization WHERE name = $1', [name])
  const [known] = await find()
  if (known !== undefined) return known.id
  await sql.query('INSERT INTO organization (name) VALUES ($1) ON CONFLICT DO NOTHING', [name])
  const [made] = await find()
  if (made === undefined) throw new Error('an organisation that was added is there')
  return made.id
}

type Gateway = { readonly organizationId: string; readonly gatewayId: string }

/** Until the transaction ends, nobody else writes for this gateway. */
export async function lockGateway(sql: Sql, { organizationId, gatewayId }: Gateway): Promise<void> {
  await sql.query('SELECT pg_advisory_xact_lock($1::int, hashtext($2))', [LOCKS.ingest, JSON.stringify([organizationId, gatewayId])])
}
