/** What a route is: one row of the table in routes.ts. */

import { z } from 'zod'
import type { Session } from '../security/sessions.ts'
import type { Role } from './wire.ts'

/** Who may. There is no third kind, and a route without one does not come to be. */
export type Access = 'public' | readonly Role[]

/** The only codes a failure has; 413, 415 and their like are 400. */
export const FAILURES = [400, 401, 403, 404, 409, 422, 429, 500] as const
export type Failure = (typeof FAILURES)[number]

export type Answer = {
  readonly status: 200 | Failure
  readonly body: unknown
  /** A token to set as the session cookie; null clears it; left out leaves it. */
  readonly cookie?: string | null
  /** How long the browser keeps it, where that is not the usual time. */
  readonly cookieSeconds?: number
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

/** A request as `act` gets it. */
export type Call<Params, Query, Body> = Pick<Asked, 'session' | 'address'> & { readonly params: Params; readonly query: Query; readonly body: Body }

type Shown = {
  readonly method: 'GET' | 'POST'
  /** As in OpenAPI: `/api/beds/{id}/trend`. */
  readonly path: string
  readonly access: Access
  readonly summary: string
  readonly params: z.ZodType
  readonly query: z.ZodType
  readonly body: z.ZodType
  /** null: JSON without a schema of ours. */
  readonly gives: z.ZodType | null
}

export type Route = Shown & { readonly run: (asked: Asked) => Promise<Answer> }

type Spec<Params, Query, Body> = Omit<Shown, 'params' | 'query' | 'body'> & {
  readonly params: z.ZodType<Params>
  readonly query: z.ZodType<Query>
  readonly body: z.ZodType<Body>
  readonly act: (call: Call<Params, Query, Body>) => Answer | Promise<Answer>
}

const none = z.object({})

/** For routes that take nothing. */
export const bare = { params: none, query: none, body: none } as const

/** Puts the schemas before the act: 404 for a name that can be nobody's, 422 for the rest. */
export function route<Params, Query, Body>({ act, ...shown }: Spec<Params, Query, Body>): Route {
  const run = async ({ params, query, body, session, address }: Asked): Promise<Answer> => {
    const [named, asked, sent] = [shown.params.safeParse(params), shown.query.safeParse(query), shown.body.safeParse(body ?? {})]
    if (!named.success) return failure(404, 'There is no such thing.')
    if (!asked.success) return failure(422, sentenceOf(asked.error))
    if (!sent.success) return failure(422, sentenceOf(sent.error))
    return await act({ params: named.data, query: asked.data, body: sent.data, session, address })
  }
  return { ...shown, run }
}

export const answer = (body: unknown): Answer => ({ status: 200, body })
export const failure = (status: Failure, detail: string): Answer => ({ status, body: { detail } })
export const tooMany = (detail: string, waitMs: number): Answer => ({ ...failure(429, detail), retryAfterSeconds: Math.ceil(waitMs / 1_000) })

const ISSUES_SHOWN_MAX = 5

/** What is wrong where. Says nothing of the values: an answer may be logged by whoever asked. */
function sentenceOf({ issues }: z.ZodError): string {
  return issues
    .slice(0, ISSUES_SHOWN_MAX)
    .map(({ path, message, code }) => {
      const place = path.length > 0 ? path.join('.') : 'request'
      return `${place}: ${code === 'unrecognized_keys' ? 'has a key that is not known' : message}`
    })
    .join('; ')
}
