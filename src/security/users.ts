/** The users as the gateway sees them: read at start and again whenever a command changed the file. */

import { stat } from 'node:fs/promises'
import type { ActorProof } from '../api/shift-wire.ts'
import type { Role } from '../api/wire.ts'
import { apiLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import { codeOf, readText, whyOf } from './files.ts'
import type { Log } from './log.ts'
import { badgeCode, checkPassword, hashesOf, hashOfNobody, PASSWORD_COST, type PasswordCost, tapCost } from './passwords.ts'
import { parseUsers, type User, userFileOf, userName } from './user-file.ts'

export type Account = { readonly name: string; readonly role: Role; readonly epoch: string }

export type PasswordAnswer = { readonly kind: 'right'; readonly account: Account } | { readonly kind: 'wrong' } | { readonly kind: 'busy' }

export interface Users {
  /** A user who may sign in now; null for unknown and for disabled. */
  find(name: string): Account | null
  /** Same cost and same answer for a wrong password, an unknown user and a disabled one. `busy`: too many wait; nothing was checked. */
  check(name: string, password: string): Promise<PasswordAnswer>
  /** Whether `check` would say so now. */
  isBusy(): boolean
  /** Who taps. Same cost and same answer for a wrong PIN or badge, a user without one, an unknown and a disabled one. Waits behind no sign-in. */
  checkActor(proof: ActorProof): Promise<PasswordAnswer>
  /** Nurses who may sign in now, and whether they can say who they are at a screen of the ward. */
  people(): readonly { readonly name: string; readonly pin: boolean; readonly badge: boolean }[]
  /** Changes with the user's epoch and with the PIN; null for an unknown user. */
  pinMark(name: string): string | null
  /** Looks whether the file changed. Never rejects: while it cannot be read, the last users stay. */
  refresh(): Promise<void>
  /** Refreshes until stopped. */
  follow(stop: AbortSignal): Promise<void>
  /** Called after users changed. Returns the way to stop. */
  onChange(listener: () => void): () => void
}

export type UsersSetting = { readonly folder: string; readonly clock: Clock; readonly log: Pick<Log, 'info' | 'warn'>; readonly cost?: PasswordCost }

/** `clock` is real time also in a demo: people sign in at their own speed. */
export async function openUsers({ folder, clock, log, cost = PASSWORD_COST }: UsersSetting): Promise<Users> {
  const path = userFileOf(folder)
  // Checked in place of a user who is not there.
  const nobody = hashOfNobody(cost)
  const nobodyTaps = hashOfNobody(tapCost(cost))
  const listeners = new Set<() => void>()
  let users: ReadonlyMap<string, User> = new Map()
  let seen = ''

  const look = async (): Promise<void> => {
    const mark = await markOf(path)
    if (mark === seen) return
    seen = mark
    const read = await usersOf(path)
    if (read.kind === 'failed') {
      log.warn({ why: read.why }, 'The users file cannot be read: the users stay as they were.')
      return
    }
    users = new Map(read.users.map((user) => [user.name, user]))
    for (const listener of listeners) listener()
  }
  const refresh = oneBehind(look)

  const find = (name: string): User | null => {
    const user = users.get(userName(name) ?? '')
    return user && !user.disabled ? user : null
  }
  const checkOne = async (name: string, password: string): Promise<PasswordAnswer> => {
    const user = find(name)
    const isRight = await checkPassword(password, user?.password ?? nobody)
    // Disabled while it was being checked: no.
    return isRight && user && find(name)?.epoch === user.epoch ? { kind: 'right', account: accountOf(user) } : { kind: 'wrong' }
  }

  const byBadge = async (badge: string): Promise<User | null> => {
    const holders = [...users.values()].filter((user) => user.badge !== undefined)
    const found = await hashesOf(badgeCode(badge) ?? '', holders.flatMap((user) => user.badge ?? []), nobodyTaps)
    return holders.find((user) => user.badge !== undefined && found.includes(user.badge)) ?? null
  }
  const byPin = async (name: string, pin: string): Promise<User | null> => {
    const user = find(name)
    const isRight = await checkPassword(pin, user?.pin ?? nobodyTaps)
    return isRight && user?.pin !== undefined ? user : null
  }
  const actorOf = async (proof: ActorProof): Promise<PasswordAnswer> => {
    const user = await ('badge' in proof ? byBadge(proof.badge) : byPin(proof.name, proof.pin))
    // A screen is nobody, and taps for nobody.
    return user && user.role !== 'station' && find(user.name)?.epoch === user.epoch ? { kind: 'right', account: accountOf(user) } : { kind: 'wrong' }
  }

  const queue = oneAtATime((name: string, password: string) => checkOne(name, password))
  const actors = oneAtATime(actorOf)
  await refresh()
  return {
    ...queue,
    checkActor: actors.check,
    people: () => [...users.values()].filter(({ role, disabled }) => role === 'nurse' && !disabled).map(({ name, pin, badge }) => ({ name, pin: pin !== undefined, badge: badge !== undefined })),
    pinMark: (name) => {
      const user = find(name)
      return user && `${user.epoch} ${user.pin ?? ''}`
    },
    find: (name) => {
      const user = find(name)
      return user && accountOf(user)
    },
    refresh,
    follow: async (stop) => {
      while (!stop.aborted) {
        await refresh()
        await clock.sleep(apiLimits.usersRereadMs, stop)
      }
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

const accountOf = ({ name, role, epoch }: User): Account => ({ name, role, epoch })

/** Changes whenever the file was replaced: a rename brings a new inode. */
async function markOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(path)
    return `${ino} ${size} ${mtimeMs}`
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'none' : `unreadable ${whyOf(error)}`
  }
}

async function usersOf(path: string): Promise<{ readonly kind: 'read'; readonly users: readonly User[] } | { readonly kind: 'failed'; readonly why: string }> {
  try {
    const users = parseUsers(await readText(path))
    return users ? { kind: 'read', users } : { kind: 'failed', why: 'damaged' }
  } catch (error) {
    return { kind: 'failed', why: whyOf(error) }
  }
}

/** Runs one at a time; all who ask meanwhile share the next run, for the one under way may have looked before what they mean. */
function oneBehind(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null
  const start = (): Promise<void> => {
    running = run().finally(() => {
      running = null
    })
    return running
  }
  return () => {
    if (!running) return start()
    next ??= running.then(() => {
      next = null
      return start()
    })
    return next
  }
}

/** A flood of sign-ins may cost one core and 32 MiB, not the alarm path. */
function oneAtATime<Asked extends readonly unknown[]>(check: (...asked: Asked) => Promise<PasswordAnswer>): { readonly check: (...asked: Asked) => Promise<PasswordAnswer>; readonly isBusy: () => boolean } {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  const isBusy = (): boolean => waiting >= apiLimits.loginsWaitingMax
  return {
    isBusy,
    check: async (...asked) => {
      if (isBusy()) return { kind: 'busy' }
      waiting += 1
      const mine = last.then(() => check(...asked))
      last = mine.catch(() => undefined)
      try {
        return await mine
      } finally {
        waiting -= 1
      }
    },
  }
}
