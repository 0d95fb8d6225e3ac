/** One stay at the bedside: take an observation, and see and change its limits. */

import type { StayId } from '../domain/ids.ts'
import type { ObservationAnswer } from '../pump/stay-hands.ts'
import { answer, bare, failure, route, type Answer, type Route } from './route.ts'
import { limitRequestSchema, observationSchema, STAY_SCHEMAS, takeBackSchema, wardLimitSchema } from './stay-views.ts'
import type { LimitChange } from './stay-ward.ts'
import { SCHEMAS, stayParams } from './views.ts'
import type { Ward } from './ward.ts'
import type { Role, You } from './wire.ts'

const READERS: readonly Role[] = ['nurse', 'admin']
const NURSES: readonly Role[] = ['nurse']
const UNKNOWN = 'There is no such stay.'

type Parts = { readonly ward: Pick<Ward, 'freeze' | 'observe' | 'takeBack' | 'limits' | 'limitChange' | 'wardLimitChange' | 'changeContext'> }
type Signed = { readonly you: You } | null

export const stayRoutes = (parts: Parts): readonly Route[] => [...observationRoutes(parts), ...limitRoutes(parts)]

const observationRoutes = ({ ward }: Parts): readonly Route[] => [
  route({
    ...bare,
    method: 'GET',
    path: '/api/stays/{id}/freeze',
    access: NURSES,
    summary: 'What the sensors say now, with ages and sources, and what is missing: where a set of vital signs begins.',
    params: stayParams,
    gives: STAY_SCHEMAS.Frozen,
    act: ({ params }) => {
      const frozen = ward.freeze(params.id)
      return frozen ? answer(frozen) : failure(404, UNKNOWN)
    },
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/stays/{id}/observations',
    access: NURSES,
    summary: 'A set that was looked at, corrected and confirmed: a NEWS2. Acts at once, saved soon after.',
    params: stayParams,
    body: observationSchema,
    gives: SCHEMAS.Done,
    act: ({ params, body, session }) => answerOf(ward.observe(params.id, body, nameOf(session))),
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/stays/{id}/observations/take-back',
    access: NURSES,
    summary: 'The newest set was a mistake. It stays in the log, and counts no more; possible for a few minutes.',
    params: stayParams,
    body: takeBackSchema,
    gives: SCHEMAS.Done,
    act: ({ params, body, session }) => answerOf(ward.takeBack(params.id, body.confirmedAt, nameOf(session))),
  }),
]

const limitRoutes = ({ ward }: Parts): readonly Route[] => [
  route({
    ...bare,
    method: 'GET',
    path: '/api/stays/{id}/limits',
    access: READERS,
    summary: 'Alarm limits in force, who set them, how far they may be moved, and what the last hour proposes.',
    params: stayParams,
    gives: STAY_SCHEMAS.Limits,
    act: async ({ params }) => {
      const limits = await ward.limits(params.id)
      return limits ? answer(limits) : failure(404, UNKNOWN)
    },
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/stays/{id}/limits',
    access: NURSES,
    summary: 'A limit of this stay in place of the ward’s, with its reason.',
    params: stayParams,
    body: limitRequestSchema,
    gives: SCHEMAS.Done,
    act: ({ params, body, session }) => changed(ward, params.id, ward.limitChange(params.id, body, nameOf(session)), nameOf(session)),
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/stays/{id}/limits/ward',
    access: NURSES,
    summary: 'The ward’s limit again.',
    params: stayParams,
    body: wardLimitSchema,
    gives: SCHEMAS.Done,
    act: ({ params, body, session }) => changed(ward, params.id, ward.wardLimitChange(params.id, body.variable, body.side), nameOf(session)),
  }),
]

function changed(ward: Parts['ward'], stay: StayId, judged: LimitChange, by: string): Answer {
  return answerOf(judged.kind === 'change' ? ward.changeContext(stay, judged.change, by) : judged)
}

function answerOf(done: ObservationAnswer | { readonly kind: 'done' }): Answer {
  switch (done.kind) {
    case 'done':
      return answer({ done: true })
    case 'unknown':
      return failure(404, UNKNOWN)
    case 'refused':
      return failure(409, done.why)
  }
}

/** @throws Error when a route of the signed-in runs without a session: the guard let it through. */
function nameOf(session: Signed): string {
  if (!session) throw new Error('a route of the signed-in ran without a session')
  return session.you.name
}
