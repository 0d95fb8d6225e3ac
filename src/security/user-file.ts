/** users.json: who may sign in. Commands change it, the gateway only reads it. */

import { join } from 'node:path'
import type { Role } from '../api/wire.ts'
import { isoOf } from '../domain/time.ts'
import { apiLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import { changeWhole, isRecord } from './files.ts'
import { badgeCode, hashesOf, hashPassword, isPasswordHash, type PasswordCost, pinWeaknessOf, tapCost, weaknessOf } from './passwords.ts'
import { newEpoch } from './tokens.ts'

export const ROLES: readonly Role[] = ['nurse', 'biomed', 'admin', 'station']
export const isRole = (value: unknown): value is Role => ROLES.some((role) => role === value)

export type User = {
  /** Lower case, 1 to 32 letters, digits and `._@-`. */
  readonly name: string
  readonly role: Role
  readonly disabled: boolean
  /** New with every password, role, disabling and enabling: sessions and links of an older one are over. */
  readonly epoch: string
  readonly password: string
  /** Says who taps at a screen of the ward: hash of a PIN, which is known with the name, and of the code on a badge, which is nobody else's. */
  readonly pin?: string
  readonly badge?: string
  /** ISO 8601. */
  readonly createdAt: string
}

/** `refused` carries a sentence for who typed the command. */
export type Edited = { readonly kind: 'done'; readonly user: User } | { readonly kind: 'refused'; readonly why: string }

export type EditPlace = { readonly folder: string; readonly clock: Clock; readonly stop: AbortSignal; readonly cost?: PasswordCost }

export const userFileOf = (folder: string): string => join(folder, 'users.json')

export const damaged = (folder: string): string =>
  `${userFileOf(folder)} is damaged, and is left as it is. Bring it back from a backup, or move it away and add the users again.`

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,31}$/u

/** The one spelling of a user name, or null when it is none. */
export function userName(text: string): string | null {
  const name = text.normalize('NFKC').toLowerCase()
  return NAME.test(name) ? name : null
}

/** The users that a text names; null when it is no users file. No text: no users. */
export function parseUsers(text: string | null): readonly User[] | null {
  if (text === null) return []
  const json = parsed(text)
  if (!isRecord(json) || !Array.isArray(json['users'])) return null
  const users = json['users'].map(userOf)
  return users.length <= apiLimits.usersMax && users.every((user) => user !== null) ? users : null
}

export async function addUser(place: EditPlace, wanted: { readonly name: string; readonly role: Role; readonly password: string }): Promise<Edited> {
  const name = userName(wanted.name)
  if (name === null) return { kind: 'refused', why: 'A user name has 1 to 32 letters, digits and ._@- and begins with a letter or digit.' }
  const weakness = weaknessOf(wanted.password, name)
  if (weakness !== null) return { kind: 'refused', why: weakness }
  const password = await hashPassword(wanted.password, place.cost)
  return edit(place, (users) => {
    if (users.some((user) => user.name === name)) return refused(`There is already a user ${name}: \`vigil user password ${name}\` gives a new password.`)
    if (users.length >= apiLimits.usersMax) return refused(`There are already ${apiLimits.usersMax} users.`)
    return { kind: 'done', user: { name, role: wanted.role, disabled: false, epoch: newEpoch(), password, createdAt: isoOf(place.clock.wall()) } }
  })
}

/** Ends every session of the user within `usersRereadMs` and one second. */
export const disableUser = (place: EditPlace, name: string): Promise<Edited> => editOne(place, name, (user) => ({ ...user, disabled: true, epoch: newEpoch() }))

/** Also forgets failed sign-ins, even after the hard stop. */
export const enableUser = (place: EditPlace, name: string): Promise<Edited> => editOne(place, name, (user) => ({ ...user, disabled: false, epoch: newEpoch() }))

export async function changePassword(place: EditPlace, name: string, password: string): Promise<Edited> {
  const weakness = weaknessOf(password, userName(name) ?? name)
  if (weakness !== null) return { kind: 'refused', why: weakness }
  const hash = await hashPassword(password, place.cost)
  return editOne(place, name, (user) => ({ ...user, password: hash, epoch: newEpoch() }))
}

/** null takes it away. Sessions that are open stay. */
export async function changePin(place: EditPlace, name: string, pin: string | null): Promise<Edited> {
  const weakness = pin === null ? null : pinWeaknessOf(pin)
  if (weakness !== null) return { kind: 'refused', why: weakness }
  const hash = pin === null ? null : await hashPassword(pin, tapCost(place.cost))
  return editOne(place, name, ({ pin: _before, ...user }) => (hash === null ? user : { ...user, pin: hash }))
}

/** null takes it away. Nobody has a badge that is another's. */
export function changeBadge(place: EditPlace, name: string, badge: string | null): Promise<Edited> {
  const code = badge === null ? null : badgeCode(badge)
  if (badge !== null && code === null) return Promise.resolve(refused(`The code of a badge has ${apiLimits.badgeCharsMin} to ${apiLimits.badgeCharsMax} characters.`))
  return edit(place, async (users) => {
    const user = users.find((one) => one.name === userName(name))
    if (!user) return refused(NO_SUCH_USER)
    const { badge: _before, ...bare } = user
    if (code === null) return { kind: 'done', user: bare }
    const others = users.flatMap((one) => (one.name === user.name || one.badge === undefined ? [] : [{ name: one.name, badge: one.badge }]))
    const hash = await hashPassword(code, tapCost(place.cost), others[0]?.badge)
    const [taken] = await hashesOf(code, others.map((one) => one.badge), hash)
    const whose = others.find((one) => one.badge === taken)?.name
    return whose === undefined ? { kind: 'done', user: { ...bare, badge: hash } } : refused(`This badge is that of ${whose}.`)
  })
}

const NO_SUCH_USER = 'There is no such user: `vigil user list` shows them.'

const editOne = (place: EditPlace, wanted: string, change: (user: User) => User): Promise<Edited> =>
  edit(place, (users) => {
    const user = users.find(({ name }) => name === userName(wanted))
    return user ? { kind: 'done', user: change(user) } : refused(NO_SUCH_USER)
  })

const edit = ({ folder, clock, stop }: EditPlace, change: (users: readonly User[]) => Edited | Promise<Edited>): Promise<Edited> =>
  changeWhole<Edited>(userFileOf(folder), { clock, stop }, async (text) => {
    const users = parseUsers(text)
    if (!users) return { text: null, result: refused(damaged(folder)) }
    const result = await change(users)
    if (result.kind === 'refused') return { text: null, result }
    const others = users.filter(({ name }) => name !== result.user.name)
    const sorted = [...others, result.user].toSorted((a, b) => (a.name < b.name ? -1 : 1))
    return { text: `${JSON.stringify({ users: sorted }, null, 2)}\n`, result }
  })

const refused = (why: string): Edited => ({ kind: 'refused', why })

const isHashOrNone = (value: unknown): value is string | undefined => value === undefined || (typeof value === 'string' && isPasswordHash(value))

function userOf(value: unknown): User | null {
  if (!isRecord(value)) return null
  const { name, role, disabled, epoch, password, pin, badge, createdAt } = value
  if (typeof name !== 'string' || userName(name) !== name || !isRole(role) || typeof disabled !== 'boolean') return null
  if (typeof epoch !== 'string' || typeof password !== 'string' || !isPasswordHash(password) || typeof createdAt !== 'string') return null
  if (!isHashOrNone(pin) || !isHashOrNone(badge)) return null
  return { name, role, disabled, epoch, password, ...(pin === undefined ? {} : { pin }), ...(badge === undefined ? {} : { badge }), createdAt }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
