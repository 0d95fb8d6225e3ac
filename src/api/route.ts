/** What a route is: one row of the table in routes.ts. */

import type { z } from 'zod'
import type { Session } from '../security/sessions.ts'
import { SCHEMA_NAMES, type SchemaName } from './views.ts'
import type { Role } from './wire.ts'

/** Who may. There is no third kind, and a route without one does not come to be. */
export type Access = 'public' | readonly Role[]

export type Failure = 400 | 401 | 403 | 404 | 409 | 422 | 429 | 500

export type Answer = {
  readonly status: 200 | Failure
  readonly body: unknown
  /** A token to set as the session cookie; null clears it; left out leaves it. */
  readonly cookie?: string | null
  readonly retryAfterSeconds?: number
}

/** A request as it came, before it is believed. */
export type Asked = {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly session: Session | null
  /** IP address of the other end. */
  readonly address: string
}

export type Route = {
  readonly method: 'GET' | 'POST'
  /** As in OpenAPI: `/api/beds/{id}/trend`. */
  readonly path: string
  readonly access: Access
  readonly summary: string
  readonly params: z.ZodType | null
  readonly query: z.ZodType | null
  readonly takes: SchemaName | null
  readonly gives: SchemaName | null
  readonly run: (asked: Asked) => Promise<Answer>
}

/** A request as `act` gets it. */
export type Call<Params, Query, Body> = { readonly params: Params; readonly query: Query; readonly body: Body; readonly session: Session | null; readonly address: string }

type Taken<Name extends SchemaName | null> = Name extends SchemaName ? z.output<(typeof SCHEMA_NAMES)[Name]> : undefined

type Spec<Params extends z.ZodType | null, Query extends z.ZodType | null, Takes extends SchemaName | null> = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly access: Access
  readonly summary: string
  readonly params?: Params
  readonly query?: Query
  readonly takes?: Takes
  readonly gives: SchemaName | null
  readonly act: (call: Call<Parsed<Params>, Parsed<Query>, Taken<Takes>>) => Answer | Promise<Answer>
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

export const answer = (body: unknown): Answer => ({ status: 200, body })
export const failure = (status: Failure, detail: string): Answer => ({ status, body: { detail } })
export const tooMany = (detail: string, waitMs: number): Answer => ({ ...failure(429, detail), retryAfterSeconds: Math.ceil(waitMs / 1_000) })
