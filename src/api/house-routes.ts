/** How beds are, what treatments are for, and how the ward is watched. */

import type { HouseAnswer } from '../pump/house-requests.ts'
import { bedStateSchema, commissioningQuery, goalRequestSchema, HOUSE_SCHEMAS, modeRequestSchema } from './house-views.ts'
import { answer, bare, failure, route, type Answer, type Route } from './route.ts'
import { bedParams, nothingSchema, SCHEMAS, stayParams } from './views.ts'
import type { Ward } from './ward.ts'
import type { Role, You } from './wire.ts'

const ANYONE_SIGNED_IN: readonly Role[] = ['nurse', 'biomed', 'admin']
const NURSES: readonly Role[] = ['nurse']
const AT_THE_BED: readonly Role[] = ['nurse', 'biomed']
const ENGINEERS: readonly Role[] = ['biomed', 'admin']

type Parts = { readonly ward: Pick<Ward, 'sayHouse' | 'commissioning'> }

export const houseRoutes = (parts: Parts): readonly Route[] => [...bedRoutes(parts), ...wardRoutes(parts)]

const bedRoutes = ({ ward }: Parts): readonly Route[] => [
  route({
    ...bare,
    method: 'POST',
    path: '/api/beds/{id}/state',
    access: AT_THE_BED,
    summary: 'How a bed is. What is measured is watched, whatever is said. Engineers say that its monitor is tested, or no longer.',
    params: bedParams,
    body: bedStateSchema,
    gives: SCHEMAS.Done,
    act: ({ params, body, session }) => {
      const { role, name } = you(session)
      // "Occupied" suspends nothing: it may be said by whoever tested the monitor.
      if (role === 'biomed' && body.state !== 'maintenance' && body.state !== 'occupied') return failure(403, 'Only nurses say where a patient is.')
      return answerOf(ward.sayHouse({ what: 'bed', bed: params.id, ...body }, name), 'There is no such bed.')
    },
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/stays/{id}/goal',
    access: NURSES,
    summary: 'What the treatment of a stay is for, as a named clinician decided it. Comfort care quietens prompts, and no limit.',
    params: stayParams,
    body: goalRequestSchema,
    gives: SCHEMAS.Done,
    act: ({ params, body, session }) => answerOf(ward.sayHouse({ what: 'goal', stay: params.id, ...body }, you(session).name), 'There is no such stay.'),
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/stays/{id}/goal/review',
    access: NURSES,
    summary: 'The goal was looked at, and stays.',
    params: stayParams,
    body: nothingSchema,
    gives: SCHEMAS.Done,
    act: ({ params, session }) => answerOf(ward.sayHouse({ what: 'review', stay: params.id }, you(session).name), 'There is no such stay.'),
  }),
]

const wardRoutes = ({ ward }: Parts): readonly Route[] => [
  route({
    ...bare,
    method: 'POST',
    path: '/api/ward/mode',
    access: ENGINEERS,
    summary: 'How the ward is watched: an administrator signs that it goes live; maintenance is shown on every screen, and silences nothing.',
    body: modeRequestSchema,
    gives: SCHEMAS.Done,
    act: ({ body, session }) => {
      const { role, name } = you(session)
      if (body.mode === 'live' && role !== 'admin') return failure(403, 'Only an administrator signs that a ward goes live.')
      return answerOf(ward.sayHouse({ what: 'mode', ...body }, name), 'There is no such ward.')
    },
  }),
  route({
    ...bare,
    method: 'GET',
    path: '/api/commissioning',
    access: ANYONE_SIGNED_IN,
    summary: 'What the rules said, or would have said while the ward was silent: by rule, bed and day.',
    query: commissioningQuery,
    gives: HOUSE_SCHEMAS.Commissioning,
    act: async ({ query: { days } }) => {
      const figures = await ward.commissioning(days ?? null)
      return figures ? answer(figures) : failure(500, 'What the rules said cannot be read now.')
    },
  }),
]

function answerOf(said: HouseAnswer, unknown: string): Answer {
  switch (said.kind) {
    case 'done':
      return answer({ done: true })
    case 'unknown':
      return failure(404, unknown)
    case 'refused':
      return failure(409, said.why)
  }
}

/** @throws Error when a route of the signed-in runs without a session: the guard let it through. */
function you(session: { readonly you: You } | null): You {
  if (!session) throw new Error('a route of the signed-in ran without a session')
  return session.you
}
