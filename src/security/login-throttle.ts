/**
 * Failed sign-ins make the next ones wait, for the user name and for the address (SP 800-63B-4, 3.2.2: growing delay, at
 * most 100 in a row). Names that do not exist wait alike. Sessions that are open are never touched.
 */

import { isIPv4, isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { MonoMs } from '../domain/time.ts'
import { apiLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import { isRecord, openSaver, readText, whyOf } from './files.ts'
import type { Log } from './log.ts'
import { userName } from './user-file.ts'
import type { Users } from './users.ts'

export type Verdict =
  | { readonly kind: 'go' }
  | { readonly kind: 'wait'; readonly ms: number }
  /** No password opens this account until an administrator acts (`vigil user enable`, a new password, a login link). */
  | { readonly kind: 'stopped' }

export interface LoginThrottle {
  /** Asks for one try and, with `go`, counts it as failed until `succeeded` says otherwise: tries side by side count too. */
  attempt(name: string, address: string): Verdict
  succeeded(name: string, address: string): void
  /** Forgets what was counted for one user. */
  forgive(name: string): void
  settled(): Promise<void>
}

type Failures = { readonly count: number; readonly lastAt: MonoMs }

export type ThrottleSetting = {
  readonly folder: string
  readonly clock: Clock
  readonly users: Pick<Users, 'find' | 'onChange'>
  readonly log: Pick<Log, 'warn'>
  /** Of what; password sign-ins when nothing is said. */
  readonly of?: Throttled
}

/** `failuresMax` tries are free, then each waits twice as long as the one before, from `delayMs` to `delayMsMax`. */
export type Throttled = { readonly file: string; readonly failuresMax: number; readonly delayMs: number; readonly delayMsMax: number }

const SIGN_INS: Throttled = { file: 'login-failures.json', failuresMax: apiLimits.loginFailuresMax, delayMs: apiLimits.loginDelayMs, delayMsMax: apiLimits.loginDelayMsMax }

/** PINs and badges. Colleagues at one screen share its address, and must not lock out one another: who asks gives an address of his own to each name. */
const ACTORS: Throttled = { file: 'pin-failures.json', failuresMax: apiLimits.actorFailuresMax, delayMs: apiLimits.actorDelayMs, delayMsMax: apiLimits.actorDelayMsMax }

/** How long the next try must wait after `failures` in a row, in milliseconds: of sign-ins 0, then 30 s, doubling up to an hour. */
export function delayAfter(failures: number, { failuresMax, delayMs, delayMsMax }: Throttled = SIGN_INS): number {
  return failures < failuresMax ? 0 : Math.min(delayMs * 2 ** (failures - failuresMax), delayMsMax)
}

/** For taps: a new PIN forgets what was counted against the old one. */
export const openActorThrottle = ({ users, ...setting }: Omit<ThrottleSetting, 'users' | 'of'> & { readonly users: Users }): Promise<LoginThrottle> =>
  openLoginThrottle({
    ...setting,
    of: ACTORS,
    users: {
      find: (name) => {
        const account = users.find(name)
        return account && { ...account, epoch: users.pinMark(name) ?? account.epoch }
      },
      onChange: (listener) => users.onChange(listener),
    },
  })

/** The counts of real users outlive a restart, so that a restart is no way around them; names nobody has are never written down. */
export async function openLoginThrottle({ folder, clock, users, log, of = SIGN_INS }: ThrottleSetting): Promise<LoginThrottle> {
  const path = join(folder, of.file)
  const known = new Map<string, Failures>()
  const strangers = new Map<string, Failures>()
  const addresses = new Map<string, Failures>()
  const epochs = new Map<string, string>()

  const saver = openSaver(
    path,
    () => JSON.stringify(Object.fromEntries([...known].map(([name, { count }]) => [name, count]))),
    (why) => log.warn({ why }, 'Failed sign-ins could not be saved.'),
  )
  const forget = (key: string): void => {
    strangers.delete(key)
    if (known.delete(key)) saver.save()
  }
  const tableOf = (key: string): Map<string, Failures> => (users.find(key) || known.has(key) ? known : strangers)

  for (const [name, count] of await countsOf(path, log)) {
    // The wait begins anew: how long the restart took is not known.
    known.set(name, { count, lastAt: clock.mono() })
    epochs.set(name, users.find(name)?.epoch ?? '')
  }
  users.onChange(() => {
    for (const name of known.keys()) {
      const epoch = users.find(name)?.epoch
      // An administrator changed this user. One who is disabled keeps the count until enabled.
      if (epoch !== undefined && epoch !== epochs.get(name)) forget(name)
    }
  })

  return {
    attempt: (typed, from) => {
      const name = keyOfName(typed)
      const address = keyOfAddress(from)
      const now = clock.mono()
      const ofName = tableOf(name).get(name)
      if (ofName && ofName.count >= apiLimits.loginFailuresInRowMax) return { kind: 'stopped' }
      const ofAddress = recent(addresses.get(address), now, of)
      const ms = Math.max(waitOf(ofName, now, of), waitOf(ofAddress, now, of))
      if (ms > 0) return { kind: 'wait', ms }
      remember(tableOf(name), name, { count: (ofName?.count ?? 0) + 1, lastAt: now })
      remember(addresses, address, { count: (ofAddress?.count ?? 0) + 1, lastAt: now })
      const account = users.find(name)
      if (account) {
        epochs.set(name, account.epoch)
        saver.save()
      }
      return { kind: 'go' }
    },
    succeeded: (typed, from) => {
      const name = keyOfName(typed)
      const address = keyOfAddress(from)
      const own = tableOf(name).get(name)?.count ?? 0
      forget(name)
      // What one mistyped on a shared workstation goes with it; guesses at other names stay.
      const there = addresses.get(address)
      if (!there || there.count <= own) addresses.delete(address)
      else addresses.set(address, { ...there, count: there.count - own })
    },
    forgive: (typed) => forget(keyOfName(typed)),
    settled: () => saver.settled(),
  }
}

/** What cannot be a name is one stranger. */
const keyOfName = (typed: string): string => userName(typed) ?? '?'

/** One network of IPv6 (a /64) is one address: its owner has as many as he likes. */
export function keyOfAddress(address: string): string {
  const mapped = address.replace(/^::ffff:/i, '')
  if (isIPv4(mapped) || !isIPv6(address)) return mapped
  const [before = '', after] = (address.split('%')[0] ?? '').split('::')
  const head = before === '' ? [] : before.split(':')
  const tail = after === undefined || after === '' ? [] : after.split(':')
  const groups = after === undefined ? head : [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail]
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}

const waitOf = (failures: Failures | null | undefined, now: MonoMs, of: Throttled): number =>
  failures ? Math.max(0, failures.lastAt + delayAfter(failures.count, of) - now) : 0

/** An address is not a person: after an hour of peace it starts afresh. */
const recent = (failures: Failures | undefined, now: MonoMs, of: Throttled): Failures | null =>
  failures && now - failures.lastAt < of.delayMsMax + delayAfter(failures.count, of) ? failures : null

/** The newest stands last; one too many pushes out the one that was quiet for longest. */
function remember(table: Map<string, Failures>, key: string, failures: Failures): void {
  table.delete(key)
  table.set(key, failures)
  const oldest = table.keys().next()
  if (table.size > apiLimits.loginFailureKeysMax && oldest.done === false) table.delete(oldest.value)
}

async function countsOf(path: string, log: Pick<Log, 'warn'>): Promise<readonly (readonly [string, number])[]> {
  try {
    const json: unknown = JSON.parse((await readText(path)) ?? '{}')
    if (!isRecord(json)) return []
    return Object.entries(json).flatMap(([name, count]) => (userName(name) === name && typeof count === 'number' && count > 0 ? [[name, count] as const] : []))
  } catch (error) {
    log.warn({ why: whyOf(error) }, 'Failed sign-ins of before could not be read.')
    return []
  }
}
