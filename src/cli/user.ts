/** `vigil user`: who may sign in. Works on the data folder, whether the gateway runs or not; a running one follows at once. */

import { mkdir } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { isoOf } from '../domain/time.ts'
import { apiLimits } from '../limits.ts'
import { REAL_TIME } from '../ops/clock.ts'
import { readText } from '../security/files.ts'
import { linkPath, openLoginLinks, readWebAddress, type LinkFor } from '../security/login-links.ts'
import { PASSWORD_COST, type PasswordCost } from '../security/passwords.ts'
import {
  addUser,
  changeBadge,
  changePassword,
  changePin,
  damaged,
  disableUser,
  type Edited,
  type EditPlace,
  enableUser,
  isRole,
  parseUsers,
  ROLES,
  type User,
  userFileOf,
  userName,
} from '../security/user-file.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'
import { type FolderOptions, dataFolder, withFolder } from './folder.ts'
import { askHidden } from './hidden.ts'

/** Asks at the terminal without showing what is typed; null when nobody sits at one. */
export type AskHidden = ((question: string, stop: AbortSignal) => Promise<string>) | null

type LinkOptions = FolderOptions & { readonly role?: string; readonly minutes: string; readonly url?: string; readonly json?: boolean }

const LINK_MINUTES = 60
const STDIN_BYTES_MAX = 4_096

/** `cost`: of password hashes, when not the usual one. */
export type UserParts = { readonly ask: AskHidden; readonly cost?: PasswordCost }

export const register: Register = (program, context) => userCommands(program, context, { ask: askHidden() })

export function userCommands(program: Command, context: CliContext, { ask, cost = PASSWORD_COST }: UserParts): void {
  const placeOf = async (options: FolderOptions): Promise<EditPlace> => ({ ...(await placeIn(options, context)), cost })
  const user = program.command('user').description('who may sign in at the nurse station')
  withFolder(user.command('add <name>').description('add a user; the password comes from standard input, or is asked at a terminal'))
    .addOption(new Option('--role <role>', 'what the user may do').choices(ROLES).makeOptionMandatory())
    .action(async (name: string, options: FolderOptions & { readonly role: string }) => {
      if (!isRole(options.role)) throw new UsageError(`There is no role ${options.role}.`)
      const place = await placeOf(options)
      const { user: added } = must(await addUser(place, { name, role: options.role, password: await newPassword(context, ask, name) }))
      context.note(`${added.name} may sign in now, as ${added.role}.`)
    })
  withFolder(user.command('password <name>').description('give a user a new password; open sessions of the user end'))
    .action(async (name: string, options: FolderOptions) => {
      const place = await placeOf(options)
      const { user: changed } = must(await changePassword(place, name, await newPassword(context, ask, name)))
      context.note(`${changed.name} has a new password, and is signed out everywhere.`)
    })
  withFolder(user.command('pin <name>').description('give a user a PIN, typed beside the name at a screen of the ward; it comes from standard input, or is asked at a terminal'))
    .option('--remove', 'take the PIN away')
    .action(async (name: string, options: FolderOptions & { readonly remove?: boolean }) => {
      const place = await placeOf(options)
      const pin = options.remove === true ? null : await newSecret(context, ask, { what: 'PIN', question: `New PIN for ${name}, at least ${apiLimits.pinDigitsMin} digits (not shown): ` })
      const { user: changed } = must(await changePin(place, name, pin))
      context.note(pin === null ? `${changed.name} has no PIN any more.` : `${changed.name} has a new PIN.`)
    })
  withFolder(user.command('badge <name>').description('give a user a badge, whose code says who taps at a screen of the ward; it comes from standard input, or is scanned at a terminal'))
    .option('--remove', 'take the badge away')
    .action(async (name: string, options: FolderOptions & { readonly remove?: boolean }) => {
      const place = await placeOf(options)
      const code = options.remove === true ? null : await newSecret(context, ask, { what: 'badge', question: `Scan the badge of ${name} (not shown): ` })
      const { user: changed } = must(await changeBadge(place, name, code))
      context.note(code === null ? `${changed.name} has no badge any more.` : `${changed.name} has a new badge.`)
    })
  withFolder(user.command('disable <name>').description('keep a user out; open sessions of the user end at once'))
    .action(async (name: string, options: FolderOptions) => {
      const { user: disabled } = must(await disableUser(await placeOf(options), name))
      context.note(`${disabled.name} is disabled, and signed out everywhere.`)
    })
  withFolder(user.command('enable <name>').description('let a disabled user in again, and forget failed sign-ins'))
    .action(async (name: string, options: FolderOptions) => {
      const { user: enabled } = must(await enableUser(await placeOf(options), name))
      context.note(`${enabled.name} may sign in again.`)
    })
  withFolder(user.command('list').description('show all users'))
    .option('--json', 'one JSON object a line')
    .action(async (options: FolderOptions & { readonly json?: boolean }) => list(await dataFolder(options, context), options.json === true, context))
  withFolder(user.command('link [name]').description('print a login link that works once, for a user or, with --role, for whoever opens it'))
    .addOption(new Option('--role <role>', 'a link for a role instead of a user').choices(ROLES))
    .option('--minutes <minutes>', `how long it can be used, at most ${apiLimits.loginLinkMinutesMax}`, String(LINK_MINUTES))
    .option('--url <url>', 'address of the gateway, when it is not known from its last start')
    .option('--json', 'one JSON object')
    .action(async (name: string | undefined, options: LinkOptions) => link(name, options, context))
}

/** People sign in in real time, also where the ward runs faster. */
async function placeIn(options: FolderOptions, context: CliContext): Promise<EditPlace> {
  const folder = await dataFolder(options, context)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return { folder, clock: context.clockOf(REAL_TIME), stop: context.stop }
}

function must(edited: Edited): { readonly user: User } {
  if (edited.kind === 'refused') throw new CommandFailed(edited.why)
  return edited
}

async function usersOf(folder: string): Promise<readonly User[]> {
  const users = parseUsers(await readText(userFileOf(folder)))
  if (!users) throw new CommandFailed(damaged(folder))
  return users
}

async function list(folder: string, isJson: boolean, { write, note }: CliContext): Promise<void> {
  const users = await usersOf(folder)
  if (users.length === 0) note(`There are no users in ${folder}.`)
  for (const { name, role, disabled, pin, badge, createdAt } of users) {
    const taps = [...(pin === undefined ? [] : ['PIN']), ...(badge === undefined ? [] : ['badge'])]
    const line = `${name.padEnd(32)} ${role.padEnd(7)} ${disabled ? 'disabled' : 'enabled '} since ${createdAt.slice(0, 10)}${taps.length === 0 ? '' : `  ${taps.join(', ')}`}`
    write(isJson ? JSON.stringify({ name, role, disabled, pin: pin !== undefined, badge: badge !== undefined, createdAt }) : line)
  }
}

async function link(name: string | undefined, options: LinkOptions, context: CliContext): Promise<void> {
  const minutes = /^\d{1,4}$/.test(options.minutes) ? Number(options.minutes) : 0
  if (minutes < 1 || minutes > apiLimits.loginLinkMinutesMax) throw new UsageError(`--minutes must be from 1 to ${apiLimits.loginLinkMinutesMax}.`)
  const { folder, clock } = await placeIn(options, context)
  const who = await linkFor(name, options.role, folder)
  const base = options.url ?? (await readWebAddress(folder))
  if (base !== null && !URL.canParse(base)) throw new UsageError(`--url must be a whole address, as https://ward3.hospital.example, not ${base}.`)
  const issued = await openLoginLinks({ folder, clock }).issue(who, minutes)
  if (issued.kind === 'refused') throw new CommandFailed(issued.why)
  const url = base === null ? linkPath(issued.token) : `${base.replace(/\/+$/, '')}${linkPath(issued.token)}`
  context.write(options.json === true ? JSON.stringify({ link: url, name: who.name, role: who.role, expiresAt: isoOf(issued.expiresAt) }) : url)
  if (base === null) context.note('The address of the gateway is not known here: put it in front, or give --url.')
  context.note(`Signs in ${who.name} (${who.role}), once, until ${isoOf(issued.expiresAt)}. Whoever has it can use it: send it to nobody else.`)
}

async function linkFor(name: string | undefined, role: string | undefined, folder: string): Promise<LinkFor> {
  if ((name === undefined) === (role === undefined)) {
    throw new UsageError('A login link is for a user or for a role: `vigil user link anna`, or `vigil user link --role nurse`.')
  }
  if (name === undefined) {
    if (!isRole(role)) throw new UsageError(`There is no role ${String(role)}.`)
    if (role === 'station') throw new UsageError('A screen of the ward is a user of its own, so that it can be ended: `vigil user add screen-1 --role station`, then `vigil user link screen-1`.')
    // With spaces, so that it can never be the name of a user.
    return { name: `${role} by link`, role, epoch: null }
  }
  const user = (await usersOf(folder)).find((known) => known.name === userName(name))
  if (!user) throw new CommandFailed('There is no such user: `vigil user list` shows them.')
  if (user.disabled) throw new CommandFailed(`${user.name} is disabled: \`vigil user enable ${user.name}\` comes first.`)
  return { name: user.name, role: user.role, epoch: user.epoch }
}

/** Never from an argument: those stand in the shell's history and in the list of processes. */
const newPassword = (context: CliContext, ask: AskHidden, name: string): Promise<string> =>
  newSecret(context, ask, { what: 'password', question: `New password for ${name}, at least ${apiLimits.passwordCharsMin} characters (not shown): ` })

async function newSecret(context: CliContext, ask: AskHidden, { what, question }: { readonly what: 'password' | 'PIN' | 'badge'; readonly question: string }): Promise<string> {
  if (!ask) return await firstLine(context.stdin, what)
  const first = await ask(question, context.stop)
  const second = await ask('Once more: ', context.stop)
  if (first !== second) throw new CommandFailed(`The two ${what}s differ. Nothing was changed.`)
  return first
}

async function firstLine(stdin: AsyncIterable<Uint8Array>, what: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    chunks.push(chunk)
    bytes += chunk.length
    if (chunk.includes(0x0a) || bytes > STDIN_BYTES_MAX) break
  }
  const [line = ''] = Buffer.concat(chunks).toString('utf8').split(/\r?\n/)
  if (line === '') throw new UsageError(`Give the ${what} on standard input, as in: ${what === 'password' ? 'vigil user add anna --role nurse < password.txt' : `vigil user ${what.toLowerCase()} anna < ${what.toLowerCase()}.txt`}`)
  return line
}
