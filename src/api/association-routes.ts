/** Who lies where: what is shown of it, and what people at the bedside say. */

import type { AssociationAnswer, Refusal } from '../pump/ledger-hands.ts'
import { ASSOCIATION_SCHEMAS, lookupRequestSchema, scanSchema, typedSchema } from './association-views.ts'
import { associationFactsFor, associationFor } from './audience.ts'
import { answer, bare, failure, route, type Answer, type Failure, type Route } from './route.ts'
import { bedParams, factParams, nothingSchema, stayParams } from './views.ts'
import type { Ward } from './ward.ts'
import type { AssociationDone, Role, You } from './wire.ts'

const ANYONE_SIGNED_IN: readonly Role[] = ['nurse', 'biomed', 'admin']
/** Those who stand at the bed: an administrator reads along. */
const AT_THE_BED: readonly Role[] = ['nurse', 'biomed']
/** Names come back. */
const NURSES: readonly Role[] = ['nurse']

type Parts = { readonly ward: Pick<Ward, 'associations' | 'association' | 'associate' | 'lookup' | 'given'> }
type Signed = { readonly you: You } | null

export const associationRoutes = (parts: Parts): readonly Route[] => [...readRoutes(parts), ...sayRoutes(parts), ...answerRoutes(parts)]

const readRoutes = ({ ward }: Parts): readonly Route[] => [
  route({
    ...bare,
    method: 'GET',
    path: '/api/associations',
    access: ANYONE_SIGNED_IN,
    summary: 'Whose each bed is, and what does not fit together; engineers see no names.',
    gives: ASSOCIATION_SCHEMAS.Associations,
    act: ({ session }) => {
      const { beds, ...rest } = ward.associations()
      return answer({ ...rest, beds: beds.map((bed) => associationFor(you(session).role, bed)) })
    },
  }),
  route({
    ...bare,
    method: 'GET',
    path: '/api/beds/{id}/association',
    access: ANYONE_SIGNED_IN,
    summary: 'Whose one bed is, and all that was said of it, the newest first.',
    params: bedParams,
    gives: ASSOCIATION_SCHEMAS.BedAssociation,
    act: ({ params, session }) => {
      const bed = ward.association(params.id)
      return bed ? answer(associationFactsFor(you(session).role, bed)) : failure(404, 'There is no such bed.')
    },
  }),
  route({
    ...bare,
    method: 'GET',
    path: '/api/stays/{id}/given',
    access: ['nurse', 'admin'],
    summary: 'Medicines given in the last day, as they were said last.',
    params: stayParams,
    gives: ASSOCIATION_SCHEMAS.Given,
    act: async ({ params }) => {
      const given = await ward.given(params.id)
      return given ? answer(given) : failure(500, 'The medicines cannot be read now.')
    },
  }),
]

const sayRoutes = ({ ward }: Parts): readonly Route[] => [
  route({
    ...bare,
    method: 'POST',
    path: '/api/associations/scan',
    access: AT_THE_BED,
    summary: 'Wristband and bed, or wristband and device, were scanned at the bedside: it counts at once.',
    body: scanSchema,
    gives: ASSOCIATION_SCHEMAS.AssociationDone,
    act: ({ body: { bed, device, ...who }, session }) =>
      answerOf(ward.associate({ what: 'scan', patient: { name: null, ...who }, ...(bed === undefined ? {} : { bed }), ...(device === undefined ? {} : { device }) }, you(session).name)),
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/associations/type',
    access: AT_THE_BED,
    summary: 'Number and bed were typed: it waits for a second person.',
    body: typedSchema,
    gives: ASSOCIATION_SCHEMAS.AssociationDone,
    act: ({ body: { bed, ...who }, session }) => answerOf(ward.associate({ what: 'type', patient: { name: null, ...who }, bed }, you(session).name)),
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/registry/lookup',
    access: NURSES,
    summary: "Asks the hospital's registry whose number this is. That it does not answer never means that there is no such patient.",
    body: lookupRequestSchema,
    gives: ASSOCIATION_SCHEMAS.RegistryLookup,
    act: async ({ body, session }) => answer(await ward.lookup(body.number, you(session).name)),
  }),
]

const answerRoutes = ({ ward }: Parts): readonly Route[] => [
  route({
    ...bare,
    method: 'POST',
    path: '/api/associations/{fact}/confirm',
    access: AT_THE_BED,
    summary: 'A second person agrees with what was typed.',
    params: factParams,
    body: nothingSchema,
    gives: ASSOCIATION_SCHEMAS.AssociationDone,
    act: ({ params, session }) => answerOf(ward.associate({ what: 'confirm', fact: params.fact }, you(session).name)),
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/associations/{fact}/withdraw',
    access: AT_THE_BED,
    summary: 'What was typed is taken back.',
    params: factParams,
    body: nothingSchema,
    gives: ASSOCIATION_SCHEMAS.AssociationDone,
    act: ({ params, session }) => answerOf(ward.associate({ what: 'withdraw', fact: params.fact }, you(session).name)),
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/beds/{id}/unassign',
    access: AT_THE_BED,
    summary: 'None of those who are said to lie there does: the bed goes on as not identified.',
    params: bedParams,
    body: nothingSchema,
    gives: ASSOCIATION_SCHEMAS.AssociationDone,
    act: ({ params, session }) => answerOf(ward.associate({ what: 'unassign', bed: params.id }, you(session).name)),
  }),
]

/** What a person reads who was refused: what is wrong, and what to do. */
export const REFUSED: Readonly<Record<Refusal, { readonly status: Failure; readonly words: string }>> = {
  'unknown-bed': { status: 404, words: 'No bed of this ward has this code. Nothing was changed: scan the bed or its monitor.' },
  'unknown-device': { status: 404, words: 'Neither a bed nor a monitor of this ward has this code. Nothing was changed: scan the bed or its monitor.' },
  'device-at-no-bed': { status: 409, words: 'This monitor is bound to no bed. Nothing was changed: scan the bed itself, and tell biomedical engineering.' },
  'device-at-another-bed': { status: 409, words: 'This monitor is bound to another bed. Nothing was changed: look which bed you stand at.' },
  'no-number': { status: 422, words: 'This wristband has no number that can be used. Nothing was changed.' },
  'no-such-proposal': { status: 409, words: 'This was confirmed or taken back already. Look again.' },
  'same-person': { status: 409, words: 'You typed this yourself: a second person must confirm it, or scan the wristband.' },
  'too-many': { status: 409, words: 'Too much is waiting already. Confirm or take back what was typed before.' },
}

function answerOf(answered: AssociationAnswer): Answer {
  if (answered.kind !== 'refused') return answer({ kind: answered.kind, fact: answered.fact } satisfies AssociationDone)
  const { status, words } = REFUSED[answered.why]
  return failure(status, words)
}

/** @throws Error when a route of the signed-in runs without a session: the guard let it through. */
function you(session: Signed): You {
  if (!session) throw new Error('a route of the signed-in ran without a session')
  return session.you
}
