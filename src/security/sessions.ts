/** Who is signed in. Only hashes of tokens are kept; they outlive a restart of the gateway, so that no ward screen goes dark. */

import { join } from 'node:path'
import type { You } from '../api/wire.ts'
import { monoMs, type MonoMs, wallMs, type WallMs } from '../domain/time.ts'
import { apiLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import { isRecord, openSaver, readText, whyOf } from './files.ts'
import type { Log } from './log.ts'
import { hashToken, isToken, newToken } from './tokens.ts'
import { isRole } from './user-file.ts'
import type { Users } from './users.ts'

export type Session = {
  /** Hash of the token. */
  readonly id: string
  readonly you: You
  /** Epoch of the user it belongs to; null when a login link for a role opened it. */
  readonly epoch: string | null
  readonly endsAt: MonoMs
  /** When it was opened, and from which address; not there where nobody wrote it down. */
  readonly since?: WallMs
  readonly from?: string
}

export type SessionFor = Pick<Session, 'you' | 'epoch' | 'from'>

export type Opened =
  /** The token is told once, here. */
  | { readonly kind: 'opened'; readonly token: string; readonly session: Session }
  | { readonly kind: 'full' }

export interface Sessions {
  open(who: SessionFor): Opened
  /** The session of a token, or null when there is none, or it is over, or its user was disabled. */
  find(token: string): Session | null
  /** Those that go on, in the order of their opening. */
  all(): readonly Session[]
  /** Over at once; resolves when that was tried to be saved. */
  end(id: string): Promise<void>
  /** Ends what is over by time or by its user. Called by the API several times a second. */
  sweep(): void
  /** Called with the id of each session that ended, whatever the reason. Returns the way to stop. */
  onEnd(listener: (id: string) => void): () => void
  settled(): Promise<void>
}

export type SessionsSetting = { readonly folder: string; readonly clock: Clock; readonly users: Users; readonly log: Pick<Log, 'warn'> }

/** How long a session lasts. A screen of the ward goes dark for no shift and no silence: it ends with its user, or when it is signed out. */
export const lifetimeMs = (role: You['role']): number => (role === 'station' ? apiLimits.stationSessionHoursMax : apiLimits.sessionHoursMax) * 3_600_000

/** `clock` is real time also in a demo. Lifetimes count on the clock that never steps: a wrong date throws nobody out. */
export async function openSessions({ folder, clock, users, log }: SessionsSetting): Promise<Sessions> {
  const path = join(folder, 'sessions.json')
  // In the order of their opening.
  const sessions = new Map<string, Session>()
  const listeners = new Set<(id: string) => void>()
  const saver = openSaver(
    path,
    () => JSON.stringify({ sessions: [...sessions.values()].map((session) => ({ ...session, endsAt: clock.wall() + session.endsAt - clock.mono() })) }),
    (why) => log.warn({ why }, 'Sessions could not be saved: a restart would end them.'),
  )
  const isAllowed = ({ you, epoch, endsAt }: Session): boolean => {
    if (clock.mono() >= endsAt) return false
    return epoch === null || users.find(you.name)?.epoch === epoch
  }
  const remove = (id: string): void => {
    if (!sessions.delete(id)) return
    saver.save()
    for (const listener of listeners) listener(id)
  }
  const sweep = (): void => {
    for (const session of sessions.values()) if (!isAllowed(session)) remove(session.id)
  }

  for (const session of await readSessions(path, clock, log)) if (isAllowed(session)) sessions.set(session.id, session)
  users.onChange(sweep)

  return {
    open: ({ you, epoch, from }) => {
      sweep()
      const own = [...sessions.values()].filter((session) => session.you.name === you.name)
      for (const session of own.slice(0, Math.max(0, own.length + 1 - apiLimits.sessionsPerUserMax))) remove(session.id)
      if (sessions.size >= apiLimits.sessionsMax) return { kind: 'full' }
      const token = newToken()
      const session: Session = { id: hashToken(token), you, epoch, endsAt: monoMs(clock.mono() + lifetimeMs(you.role)), since: clock.wall(), ...(from === undefined ? {} : { from }) }
      sessions.set(session.id, session)
      saver.save()
      return { kind: 'opened', token, session }
    },
    find: (token) => {
      const session = isToken(token) ? sessions.get(hashToken(token)) : undefined
      return session && isAllowed(session) ? session : null
    },
    all: () => [...sessions.values()].filter(isAllowed),
    end: async (id) => {
      remove(id)
      await saver.settled()
    },
    sweep,
    onEnd: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    settled: () => saver.settled(),
  }
}

async function readSessions(path: string, clock: Clock, log: Pick<Log, 'warn'>): Promise<readonly Session[]> {
  try {
    const json: unknown = JSON.parse((await readText(path)) ?? '{}')
    const stored: readonly unknown[] = isRecord(json) && Array.isArray(json['sessions']) ? json['sessions'] : []
    return stored.slice(0, apiLimits.sessionsMax).flatMap((value) => sessionOf(value, clock) ?? [])
  } catch (error) {
    log.warn({ why: whyOf(error) }, 'Sessions of before could not be read: everybody signs in again.')
    return []
  }
}

function sessionOf(value: unknown, clock: Clock): Session | null {
  if (!isRecord(value) || !isRecord(value['you'])) return null
  const { id, epoch, endsAt, since, from } = value
  const { name, role } = value['you']
  if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id) || typeof name !== 'string' || !isRole(role)) return null
  if ((epoch !== null && typeof epoch !== 'string') || typeof endsAt !== 'number') return null
  // A wall clock that was set back must not lengthen it.
  const leftMs = Math.min(endsAt - clock.wall(), lifetimeMs(role))
  const opened = { ...(typeof since === 'number' ? { since: wallMs(since) } : {}), ...(typeof from === 'string' ? { from } : {}) }
  return { id, you: { name, role }, epoch, endsAt: monoMs(clock.mono() + leftMs), ...opened }
}
