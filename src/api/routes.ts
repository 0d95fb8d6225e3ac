/**
 * Every route and who may: the table is the permission. Biomedical engineers see values and devices, not names, and do
 * nothing clinical; administrators read everything and do nothing clinical; only nurses act on alerts and stays. A screen of the
 * ward comes where a nurse does, and acts for whoever proves at the tap who she is (actor.ts).
 */

import { wallMs } from '../domain/time.ts'
import { apiLimits } from '../limits.ts'
import { associationRoutes } from './association-routes.ts'
import { bedsFor, devicesFor } from './audience.ts'
import { houseRoutes } from './house-routes.ts'
import type { Hub } from './hub.ts'
import { answer, bare, failure, route, type Answer, type Route } from './route.ts'
import { shiftRoutes } from './shift-routes.ts'
import { stayRoutes } from './stay-routes.ts'
import { signInRoutes, type SignInParts } from './sign-in.ts'
import { alertParams, bedParams, contextChangeSchema, handoverQuery, nothingSchema, pauseSchema, SCHEMAS, stayParams, trendQuery, wayParams } from './views.ts'
import type { Done, Ward } from './ward.ts'
import type { Role, You } from './wire.ts'

const ANYONE_SIGNED_IN: readonly Role[] = ['nurse', 'biomed', 'admin']
const NURSES: readonly Role[] = ['nurse']
const ENGINEERS: readonly Role[] = ['biomed', 'admin']

export type RouteParts = SignInParts & {
  readonly ward: Ward
  readonly hub: Pick<Hub, 'rulesStandStillMs'>
  /** The description of all routes, made after the table. */
  readonly describe: () => unknown
}

export const routesOf = (parts: RouteParts): readonly Route[] => [...signInRoutes(parts), ...openRoutes(parts), ...readRoutes(parts), ...nurseRoutes(parts), ...associationRoutes(parts), ...stayRoutes(parts), ...shiftRoutes(parts), ...houseRoutes(parts)]

const openRoutes = ({ ward, hub, describe }: RouteParts): readonly Route[] => [
  route({
    ...bare,
    method: 'GET',
    path: '/health',
    access: 'public',
    summary: 'Whether the ward is watched.',
    gives: SCHEMAS.Health,
    act: () => healthOf(ward, hub.rulesStandStillMs()),
  }),
  route({
    ...bare,
    method: 'GET',
    path: '/api/openapi.json',
    access: ANYONE_SIGNED_IN,
    summary: 'This description.',
    gives: null,
    act: () => answer(describe()),
  }),
]

const readRoutes = ({ ward }: RouteParts): readonly Route[] => [
  route({
    ...bare,
    method: 'GET',
    path: '/api/beds',
    access: ANYONE_SIGNED_IN,
    summary: 'All beds with their newest values; engineers see no names.',
    gives: SCHEMAS.Beds,
    act: ({ session }) => answer(bedsFor(you(session).role, ward.beds())),
  }),
  route({
    ...bare,
    method: 'GET',
    path: '/api/beds/{id}/trend',
    access: ANYONE_SIGNED_IN,
    summary: 'The past hours of one bed.',
    params: bedParams,
    query: trendQuery,
    gives: SCHEMAS.Trend,
    act: async ({ params, query }) => {
      const isKnown = ward.beds().some(({ id }) => id === params.id)
      return isKnown ? answer(await ward.trend(params.id, query.hours)) : failure(404, 'There is no such bed.')
    },
  }),
  route({
    ...bare,
    method: 'GET',
    path: '/api/alerts',
    access: ANYONE_SIGNED_IN,
    summary: 'Open alerts, highest priority first, then oldest.',
    gives: SCHEMAS.Alerts,
    act: () => answer(ward.alerts()),
  }),
  route({
    ...bare,
    method: 'GET',
    path: '/api/alerts/{id}/strip',
    access: ANYONE_SIGNED_IN,
    summary: 'Waveforms kept around an alert of high priority, 10 s before and 20 s after; none where there was no waveform.',
    params: alertParams,
    gives: SCHEMAS.Strip,
    act: async ({ params }) => {
      const strip = await ward.strip(params.id)
      return strip ? answer(strip) : failure(500, 'The waveforms of this alert cannot be read now.')
    },
  }),
  route({
    ...bare,
    method: 'GET',
    path: '/api/alerts/{id}/deliveries',
    access: ANYONE_SIGNED_IN,
    summary: 'How far an alert came: raised, sent, delivered, displayed, accepted, on each way; none of an alert that is not known.',
    params: alertParams,
    gives: SCHEMAS.Deliveries,
    act: async ({ params }) => {
      const deliveries = await ward.deliveries(params.id)
      return deliveries ? answer(deliveries) : failure(500, 'The receipts of this alert cannot be read now.')
    },
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/ways/{id}/test',
    access: ENGINEERS,
    summary: 'Sends a test on one way out of alerts: marked as a test, about nobody.',
    params: wayParams,
    body: nothingSchema,
    gives: SCHEMAS.Done,
    act: async ({ params, session }) => answerOf(await ward.testWay(params.id, you(session).name), 'There is no such way.'),
  }),
  route({
    ...bare,
    method: 'GET',
    path: '/api/handover',
    access: ANYONE_SIGNED_IN,
    summary: 'How long each bed was watched in the last hours, and for what reasons it was not.',
    query: handoverQuery,
    gives: SCHEMAS.Handover,
    act: async ({ query }) => {
      const handover = await ward.handover(query.hours)
      return handover ? answer(handover) : failure(500, 'What was watched cannot be read now.')
    },
  }),
  route({
    ...bare,
    method: 'GET',
    path: '/api/devices',
    access: ENGINEERS,
    summary: 'All devices, also those at no bed.',
    gives: SCHEMAS.Devices,
    act: ({ session }) => answer(devicesFor(you(session).role, ward.devices())),
  }),
]

const nurseRoutes = ({ ward }: RouteParts): readonly Route[] => [
  route({
    ...bare,
    method: 'POST',
    path: '/api/alerts/{id}/acknowledge',
    access: NURSES,
    summary: 'I take care of it. Acts at once, saved soon after.',
    params: alertParams,
    body: nothingSchema,
    gives: SCHEMAS.Done,
    act: ({ params, session }) => answerOf(ward.acknowledge(params.id, you(session).name), 'There is no such alert.'),
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/alerts/{id}/pause',
    access: NURSES,
    summary: 'Pauses the sound of one alert; it stays visible.',
    params: alertParams,
    body: pauseSchema,
    gives: SCHEMAS.Done,
    act: ({ params, body, session }) => answerOf(ward.pauseAudio(params.id, you(session).name, body.seconds * 1_000), 'There is no such alert.'),
  }),
  route({
    ...bare,
    method: 'POST',
    path: '/api/stays/{id}/context',
    access: NURSES,
    summary: 'What a nurse knows of a patient; keys left out stay as they are.',
    params: stayParams,
    body: contextChangeSchema,
    gives: SCHEMAS.Done,
    act: ({ params, body: { reason, hours, ...change }, session }) => {
      const until = hours === undefined ? {} : { until: wallMs(ward.rulesTick().at + hours * 3_600_000) }
      return answerOf(ward.changeContext(params.id, change, you(session).name, { ...(reason === undefined ? {} : { reason }), ...until }), 'There is no such stay.')
    },
  }),
]

function answerOf(done: Done, unknown: string): Answer {
  switch (done.kind) {
    case 'done':
      return answer({ done: true })
    case 'unknown':
      return failure(404, unknown)
    case 'refused':
      return failure(409, done.why)
  }
}

/** @throws Error when a route of the signed-in runs without a session: the guard let it through. */
function you(session: { readonly you: You } | null): You {
  if (!session) throw new Error('a route of the signed-in ran without a session')
  return session.you
}

/** Without these stages of the sentinel's way alerts are raised all the same, and something else says what is wrong. */
const QUIETER: ReadonlySet<string> = new Set(['store', 'screen'])

/** Public, so it names no ward, no version and no reason that an outsider could use; that it is a demo, everybody must see. */
function healthOf(ward: Ward, rulesStandStillMs: number): Answer {
  const { mode, store, sentinel, ways } = ward.gateway()
  const beside = {
    mode,
    ...(sentinel ? { sentinel: { state: sentinel.kind, stage: sentinel.kind === 'failing' ? sentinel.stage : null, okAgoSeconds: sentinel.okAgoSeconds } } : {}),
    ...(ways ? { ways: { configured: ways.length, failing: ways.filter(({ state }) => state === 'failing').length } } : {}),
  }
  const failing = (message: string): Answer => ({ status: 500, body: { status: 'failing', message, detail: message, ...beside } })
  if (rulesStandStillMs > apiLimits.rulesStandStillMsMax) return failing('The alarm rules stand still: do not rely on this gateway.')
  if (sentinel?.kind === 'failing' && !QUIETER.has(sentinel.stage)) return failing(`A synthetic alert does not come through (${sentinel.stage}): do not rely on this gateway.`)
  if (store.kind === 'failing') return failing('Alarms work, but readings cannot be stored.')
  return answer({ status: 'ok', message: 'The ward is watched.', ...beside })
}

