/** Who has which bed: what is shown of it, and what nurses say. */

import type { Users } from '../security/users.ts'
import { answer, bare, failure, route, type Route } from './route.ts'
import { SHIFT_SCHEMAS, shiftRequestSchema } from './shift-views.ts'
import type { Ward } from './ward.ts'
import type { Role } from './wire.ts'

const ANYONE_SIGNED_IN: readonly Role[] = ['nurse', 'biomed', 'admin']

type Parts = { readonly ward: Pick<Ward, 'shift' | 'changeShift'>; readonly users: Pick<Users, 'people' | 'find'> }

export const shiftRoutes = ({ ward, users }: Parts): readonly Route[] => {
  /** As the account is spelled, where there is one: whoever signs in as anna is the Anna of the shift. */
  const spelled = (name: string): string => users.find(name)?.name ?? name
  return [
    route({
      ...bare,
      method: 'GET',
      path: '/api/shift',
      access: ANYONE_SIGNED_IN,
      summary: 'Who has which bed in this shift, who is told if they do not answer, and who may be named.',
      gives: SHIFT_SCHEMAS.Shift,
      act: () => answer({ ...ward.shift(), people: users.people() }),
    }),
    route({
      ...bare,
      method: 'POST',
      path: '/api/shift',
      access: ['nurse'],
      summary: 'Begins a shift, gives beds to a nurse, names a buddy or the charge nurse, sends on a break and back, or takes the newest change back.',
      body: shiftRequestSchema,
      gives: SHIFT_SCHEMAS.Shift,
      act: ({ body, session }) => {
        if (!session) throw new Error('a route of the signed-in ran without a session')
        const named = {
          ...body,
          ...('nurse' in body && body.nurse !== null ? { nurse: spelled(body.nurse) } : {}),
          ...('buddy' in body && body.buddy !== null ? { buddy: spelled(body.buddy) } : {}),
        }
        const done = ward.changeShift(named, session.you.name)
        return done.kind === 'refused' ? failure(409, done.why) : answer({ ...ward.shift(), people: users.people() })
      },
    }),
  ]
}
