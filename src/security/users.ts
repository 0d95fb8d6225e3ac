/** The users as the gateway sees them: read at start and again whenever a command changed the file. */

import { stat } from 'node:fs/promises'
import type { Role } from '../api/wire.ts'
import { apiLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import { codeOf, readText, whyOf } from './files.ts'
import type { Log } from './log.ts'
import { checkPassword, hashOfNobody, PASSWORD_COST, type PasswordCost } from './passwords.ts'
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

  const queue = oneAtATime(checkOne)
  await refresh()
  return {
    ...queue,
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

type Check = (name: string, password: string) => Promise<PasswordAnswer>

/** A flood of sign-ins may cost one core and 32 MiB, not the alarm path. */
function oneAtATime(check: Check): { readonly check: Check; readonly isBusy: () => boolean } {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  const isBusy = (): boolean => waiting >= apiLimits.loginsWaitingMax
  return {
    isBusy,
    check: async (name, password) => {
      if (isBusy()) return { kind: 'busy' }
      waiting += 1
      const mine = last.then(() => check(name, password))
      last = mine.catch(() => undefined)
      try {
        return await mine
      } finally {
        waiting -= 1
      }
    },
  }
}
