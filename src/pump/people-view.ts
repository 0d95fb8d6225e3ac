/** What the screens see of the shift, and of a bed at handover. Pure. */

import type { BedNurse, HandoverBed, WardPeopleView, WardShift } from '../api/shift-wire.ts'
import type { Site } from '../config/schema.ts'
import { type Alert, rankOf } from '../domain/alert.ts'
import type { Shift } from '../people/shift.ts'
import { isGone, isOver, whoHas } from '../people/who-has.ts'
import { contextOf, effectiveContext } from '../rules/context.ts'
import type { Bed } from './beds.ts'
import { standingSet } from './stay-hands.ts'
import type { Now } from './watch.ts'

type Of = { readonly shift: Shift | null; readonly undo: number | null; readonly setting: Site['escalation']; readonly now: Now }

export function shiftView(beds: Iterable<Pick<Bed, 'id' | 'label'>>, { shift, undo, setting: { buddySeconds, chargeSeconds, team }, now }: Of): WardShift {
  return {
    at: now.wall,
    shift: shift && {
      ...shift,
      isOver: isOver(shift, now.wall),
      isGone: isGone(shift, now.wall),
      nurses: shift.nurses.map((one) => ({ ...one, onBreak: one.onBreak && { ...one.onBreak, isOver: now.wall >= one.onBreak.until } })),
    },
    beds: [...beds].map(({ id, label }) => {
      const { assigned, holder, buddy } = whoHas(shift, id, now.wall)
      return { bed: id, label, assigned, holder, buddy }
    }),
    undo,
    times: { buddySeconds, chargeSeconds, team: team ? { name: team.name, seconds: team.seconds } : null },
  }
}

/** null where nobody ever said who has which bed. */
export function bedNurse(shift: Shift | null, bed: Bed['id'], now: Now): BedNurse | null {
  if (shift === null) return null
  const { assigned, holder } = whoHas(shift, bed, now.wall)
  return { assigned, holder, isStale: isOver(shift, now.wall) }
}

export const wardPeople = (shift: Shift | null, now: Now): WardPeopleView => ({ isSet: shift !== null, isOver: shift !== null && isOver(shift, now.wall), charge: whoHas(shift, null, now.wall).charge })

/** `open`: all open alerts of the ward. */
export function handoverBed({ id, stay }: Bed, { shift, open, now }: { readonly shift: Shift | null; readonly open: Iterable<Alert>; readonly now: Now }): HandoverBed {
  const context = stay && effectiveContext(contextOf(stay, now.wall), now.wall).context
  const newest = stay && standingSet(stay.context)
  return {
    nurse: bedNurse(shift, id, now),
    alerts: [...open].filter(({ bed }) => bed === id).toSorted((a, b) => rankOf(b.priority) - rankOf(a.priority) || a.startedAt - b.startedAt)
      .map(({ text, state, priority, startedAt, acknowledged }) => ({ text: state === 'latched' ? `${text} (over)` : text, priority, since: startedAt, acknowledged })),
    limits: (context?.limits ?? []).map(({ variable, side, beyond, by, until }) => ({ variable, side, beyond, by, until })),
    observed: newest && { at: newest.set.takenAt, by: newest.set.by, news2: newest.news2.total, complete: newest.news2.complete },
  }
}
