/**
 * Who taps. A session of one's own says it; a screen of the ward is nobody, and at each tap that changes something whoever taps
 * proves who she is, by badge or by PIN. Nothing is remembered from one tap to the next.
 */

import type { Log } from '../security/log.ts'
import type { LoginThrottle } from '../security/login-throttle.ts'
import type { Session } from '../security/sessions.ts'
import type { Users } from '../security/users.ts'
import { failure, tooMany, type Access, type Answer } from './route.ts'
import { actorSchema } from './shift-views.ts'
import type { ActorProof } from './shift-wire.ts'
import type { Role } from './wire.ts'

export type TapParts = {
  readonly users: Pick<Users, 'checkActor' | 'refresh'>
  /** Of PINs and badges. */
  readonly pins: Pick<LoginThrottle, 'attempt' | 'succeeded'>
  readonly log: Pick<Log, 'info' | 'warn'>
}

export type Tap = { readonly session: Session | null; readonly access: Access; readonly method: string; readonly body: unknown }

/** `session`: in the name of who taps. `body`: without the proof. */
export type Tapped = { readonly kind: 'known'; readonly session: Session | null; readonly body: unknown } | { readonly kind: 'refused'; readonly answer: Answer }

/** A screen of the ward may see what a nurse may, and ask for what a nurse may once it is known who taps. */
export const mayCome = (access: readonly Role[], role: Role): boolean => access.includes(role) || (role === 'station' && access.includes('nurse'))

const SAY_WHO = 'Say who you are: scan your badge, or choose your name and type your PIN.'
/** The same for whatever was wrong. Not 401: the screen itself stays signed in. */
const NOT_RIGHT = 'Badge or PIN is not right.'
const BUSY_RETRY_MS = 2_000

export async function whoTaps(parts: TapParts, { session, access, method, body }: Tap): Promise<Tapped> {
  const refused = (answer: Answer): Tapped => ({ kind: 'refused', answer })
  if (session === null || access === 'public' || method !== 'POST') return { kind: 'known', session, body }
  const { actor, rest } = parted(body)
  if (actor === undefined) return access.includes(session.you.role) ? { kind: 'known', session, body } : refused(failure(403, SAY_WHO))
  const proof = actorSchema.safeParse(actor)
  if (!proof.success) return refused(failure(422, 'actor: must be a name and a PIN, or a badge'))
  const checked = await check(parts, proof.data, session)
  if ('answer' in checked) return refused(checked.answer)
  if (!access.includes(checked.role)) return refused(failure(403, 'Your role does not allow this.'))
  parts.log.info({ user: checked.name, screen: session.you.name }, 'Tapped at a screen of the ward.')
  return { kind: 'known', session: { ...session, you: checked }, body: rest }
}

type Checked = Session['you'] | { readonly answer: Answer }

async function check({ users, pins, log }: TapParts, proof: ActorProof, session: Session): Promise<Checked> {
  await users.refresh()
  // A badge names nobody before it is known: its tries are counted by the screen.
  const key = 'badge' in proof ? session.id.slice(0, 32) : proof.name
  const verdict = pins.attempt(key, key)
  const by = 'badge' in proof ? 'name and PIN' : 'your badge'
  if (verdict.kind === 'wait') return { answer: tooMany(`Too many wrong tries. Wait ${Math.ceil(verdict.ms / 1_000)} s, or use ${by}.`, verdict.ms) }
  if (verdict.kind === 'stopped') return { answer: failure(429, `Too many wrong tries. Use ${by}, or ask an administrator for a new PIN.`) }
  const checked = await users.checkActor(proof)
  switch (checked.kind) {
    case 'right': {
      pins.succeeded(key, key)
      const { name, role } = checked.account
      return { name, role }
    }
    case 'wrong':
      log.warn({ screen: session.you.name, how: 'badge' in proof ? 'badge' : 'PIN' }, 'Nobody was known by this badge or PIN.')
      return { answer: failure(403, NOT_RIGHT) }
    case 'busy':
      return { answer: tooMany('Too many people tap at this moment. Try again.', BUSY_RETRY_MS) }
  }
}

function parted(body: unknown): { readonly actor?: unknown; readonly rest: unknown } {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || !('actor' in body)) return { rest: body }
  const { actor, ...rest } = body
  return { actor, rest }
}
