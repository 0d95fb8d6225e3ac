/** Signing in and out. */

import type { Log } from '../security/log.ts'
import type { LinkFor, LoginLinks } from '../security/login-links.ts'
import type { LoginThrottle } from '../security/login-throttle.ts'
import { lifetimeMs, type Session, type SessionFor, type Sessions } from '../security/sessions.ts'
import type { Users } from '../security/users.ts'
import { answer, bare, failure, route, tooMany, type Answer, type Route } from './route.ts'
import { doneSchema, linkSchema, loginSchema, nothingSchema, SCHEMAS, sessionParams, youSchema } from './views.ts'
import type { Role } from './wire.ts'

export type SignInParts = {
  readonly users: Users
  readonly sessions: Sessions
  readonly links: LoginLinks
  readonly throttle: LoginThrottle
  readonly log: Pick<Log, 'info' | 'warn'>
}

type From = { readonly session: Session | null; readonly address: string }
type Login = From & { readonly body: { readonly name: string; readonly password: string } }
type Taking = From & { readonly body: { readonly token: string } }

const SIGNED_IN: readonly Role[] = ['nurse', 'biomed', 'admin', 'station']
const ADMINISTRATORS: readonly Role[] = ['admin']
const BUSY_RETRY_MS = 5_000
/** So much of the hash of a token names its session, and opens nothing. */
const nameOf = ({ id }: Session): string => id.slice(0, 16)

export function signInRoutes(parts: SignInParts): readonly Route[] {
  const { sessions } = parts
  return [
    route({
      ...bare,
      method: 'POST',
      path: '/api/login',
      access: 'public',
      summary: 'Signs in with name and password.',
      body: loginSchema,
      gives: youSchema,
      act: (login) => withPassword(parts, login),
    }),
    route({
      ...bare,
      method: 'POST',
      path: '/api/login/link',
      access: 'public',
      summary: 'Signs in with a login link; a link works once.',
      body: linkSchema,
      gives: youSchema,
      act: (taking) => withLink(parts, taking),
    }),
    route({
      ...bare,
      method: 'POST',
      path: '/api/logout',
      access: SIGNED_IN,
      summary: 'Ends this session on every tab.',
      body: nothingSchema,
      gives: doneSchema,
      act: async ({ session }) => {
        if (session) await sessions.end(session.id)
        return { ...answer({ done: true }), cookie: null }
      },
    }),
    route({
      ...bare,
      method: 'GET',
      path: '/api/me',
      access: SIGNED_IN,
      summary: 'Who is signed in.',
      gives: youSchema,
      act: ({ session }) => (session ? answer(session.you) : failure(401, 'Sign in first.')),
    }),
    route({
      ...bare,
      method: 'GET',
      path: '/api/sessions',
      access: ADMINISTRATORS,
      summary: 'Who is signed in, since when and from where.',
      gives: SCHEMAS.Sessions,
      act: ({ session }) => answer(sessions.all().map((one) => ({ id: nameOf(one), ...one.you, since: one.since ?? null, from: one.from ?? '', isThis: one.id === session?.id }))),
    }),
    route({
      ...bare,
      method: 'POST',
      path: '/api/sessions/{id}/end',
      access: ADMINISTRATORS,
      summary: 'Signs out one screen, on every tab; done too where it is signed out already.',
      params: sessionParams,
      body: nothingSchema,
      gives: doneSchema,
      act: async ({ params, session }) => {
        const ended = sessions.all().find((one) => nameOf(one) === params.id)
        if (ended) {
          await sessions.end(ended.id)
          parts.log.info({ user: ended.you.name, by: session?.you.name }, 'Signed out by an administrator.')
        }
        return answer({ done: true })
      },
    }),
  ]
}

async function withPassword({ users, throttle, ...parts }: SignInParts, { body, session, address }: Login): Promise<Answer> {
  // A user added a moment ago may sign in.
  await users.refresh()
  if (users.isBusy()) return tooMany('Too many people sign in at this moment. Try again.', BUSY_RETRY_MS)
  const verdict = throttle.attempt(body.name, address)
  if (verdict.kind === 'wait') return tooMany(`Too many failed sign-ins. Wait ${inWords(verdict.ms)}, or ask an administrator for a login link.`, verdict.ms)
  if (verdict.kind === 'stopped') return failure(429, 'Too many failed sign-ins. An administrator can let you in again.')
  const checked = await users.check(body.name, body.password)
  if (checked.kind !== 'right') {
    // What is no user's name may be a password in the wrong field: it is not written down.
    parts.log.warn({ user: users.find(body.name)?.name ?? 'unknown', address }, 'Sign-in failed.')
    return failure(401, 'Name or password is wrong.')
  }
  throttle.succeeded(body.name, address)
  const { name, role, epoch } = checked.account
  return open(parts, { you: { name, role }, epoch, from: address }, session)
}

async function withLink({ users, links, throttle, ...parts }: SignInParts, { body, session, address }: Taking): Promise<Answer> {
  await users.refresh()
  const link = await links.take(body.token)
  if (!link || !isStillMeant(users, link)) {
    parts.log.warn({ address }, 'A login link was refused.')
    return failure(401, 'This login link was used before, or is too old. Ask for a new one.')
  }
  if (link.epoch !== null) throttle.forgive(link.name)
  return open(parts, { you: { name: link.name, role: link.role }, epoch: link.epoch, from: address }, session)
}

const isStillMeant = (users: Users, { name, epoch }: LinkFor): boolean => epoch === null || users.find(name)?.epoch === epoch

/** A new token with every sign-in (ASVS 7.2.4); the one before is over. */
async function open({ sessions, log }: Pick<SignInParts, 'sessions' | 'log'>, who: SessionFor, before: Session | null): Promise<Answer> {
  if (before) await sessions.end(before.id)
  const opened = sessions.open(who)
  if (opened.kind === 'full') return failure(429, 'Too many people are signed in. Someone must sign out first.')
  log.info({ user: who.you.name, role: who.you.role }, 'Signed in.')
  return { ...answer(who.you), cookie: opened.token, cookieSeconds: lifetimeMs(who.you.role) / 1_000 }
}

function inWords(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`
}
