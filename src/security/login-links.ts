/**
 * Login links that work once. One file a link, named by the hash of its token: deleting it is taking it, which the file
 * system lets only one process do, so commands and gateway need no lock between them.
 */

import { mkdir, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Role } from '../api/wire.ts'
import { wallMs, type WallMs } from '../domain/time.ts'
import { apiLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import { codeOf, isRecord, readText, writeWhole } from './files.ts'
import { hashToken, isToken, newToken } from './tokens.ts'
import { isRole } from './user-file.ts'

/** Whom a link signs in: a user (over when the user's epoch changes), or whoever holds it, in one role under a given name. */
export type LinkFor = { readonly name: string; readonly role: Role; readonly epoch: string | null }

export type Issued = { readonly kind: 'issued'; readonly token: string; readonly expiresAt: WallMs } | { readonly kind: 'refused'; readonly why: string }

export interface LoginLinks {
  /** `minutes` from 1 to `loginLinkMinutesMax`. */
  issue(who: LinkFor, minutes: number): Promise<Issued>
  /** Exactly one of any number of callers gets it; null when it is unknown, taken or expired. */
  take(token: string): Promise<LinkFor | null>
}

/** In the fragment, which a browser sends to nobody: the token reaches no log, no proxy and no Referer. */
export const linkPath = (token: string): string => `/login#token=${token}`

/** `clock` is real time also in a demo. */
export function openLoginLinks({ folder, clock }: { readonly folder: string; readonly clock: Clock }): LoginLinks {
  const place = join(folder, 'login-links')
  const pathOf = (hash: string): string => join(place, `${hash}.json`)

  const removeExpired = async (): Promise<number> => {
    let kept = 0
    for (const name of (await readdir(place)).filter((file) => file.endsWith('.json'))) {
      const link = linkOf(await readText(join(place, name)))
      if (link && clock.wall() < link.expiresAt) kept += 1
      else await remove(join(place, name))
    }
    return kept
  }

  return {
    issue: async (who, minutes) => {
      if (!(minutes >= 1 && minutes <= apiLimits.loginLinkMinutesMax)) return refused(`A login link lasts 1 to ${apiLimits.loginLinkMinutesMax} minutes.`)
      await mkdir(place, { recursive: true, mode: 0o700 })
      const unused = await removeExpired()
      if (unused >= apiLimits.loginLinksMax) return refused(`There are already ${unused} unused login links: they expire by themselves.`)
      const token = newToken()
      const expiresAt = wallMs(clock.wall() + minutes * 60_000)
      const saved = await writeWhole(pathOf(hashToken(token)), JSON.stringify({ ...who, expiresAt }))
      return saved.kind === 'saved' ? { kind: 'issued', token, expiresAt } : refused(`The login link could not be saved: ${saved.why}.`)
    },
    take: async (token) => {
      if (!isToken(token)) return null
      const path = pathOf(hashToken(token))
      const link = linkOf(await readText(path))
      // Whoever deletes it has it.
      if (!link || !(await remove(path)) || clock.wall() >= link.expiresAt) return null
      // A power cut must not bring it back.
      await using taken = await open(place, 'r')
      await taken.sync()
      return { name: link.name, role: link.role, epoch: link.epoch }
    },
  }
}

/** Where the gateway of this data folder can be reached, for commands that print links. */
export const saveWebAddress = (folder: string, url: string) => writeWhole(join(folder, 'web-address'), `${url}\n`)

/** The address that the gateway last saved; null when none did. */
export async function readWebAddress(folder: string): Promise<string | null> {
  const text = (await readText(join(folder, 'web-address')))?.trim() ?? ''
  return URL.canParse(text) ? text : null
}

const refused = (why: string): Issued => ({ kind: 'refused', why })

async function remove(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

function linkOf(text: string | null): (LinkFor & { readonly expiresAt: number }) | null {
  const json = parsed(text ?? '')
  if (!isRecord(json)) return null
  const { name, role, epoch, expiresAt } = json
  if (typeof name !== 'string' || !isRole(role) || (epoch !== null && typeof epoch !== 'string') || typeof expiresAt !== 'number') return null
  return { name, role, epoch, expiresAt }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
