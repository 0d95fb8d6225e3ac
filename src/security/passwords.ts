/** Passwords: how long, how hashed, how compared. Never blocks: scrypt runs beside the main thread, one at a time. */

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { apiLimits } from '../limits.ts'

/** scrypt's N is 2 to the power of `logN`. */
export type PasswordCost = { readonly logN: number; readonly r: number; readonly p: number }

/** OWASP Password Storage, scrypt: 32 MiB a check, which a small ward computer can spare. */
export const PASSWORD_COST: PasswordCost = { logN: 15, r: 8, p: 3 }

const SALT_BYTES = 16
const KEY_BYTES = 32
const STORED = /^scrypt:(\d{1,2}):(\d{1,2}):(\d{1,2}):([\w-]{22}):([\w-]{43})$/
const LOG_N_MAX = 20
const R_MAX = 32
const P_MAX = 16

/** What is wrong with a new password, as a sentence for who chooses it; null when nothing is (SP 800-63B: length before signs). */
export function weaknessOf(password: string, name: string): string | null {
  const { passwordCharsMin: fewest, passwordCharsMax: most } = apiLimits
  const characters = Array.from(password.normalize('NFKC'))
  if (characters.length < fewest) return `A password needs at least ${fewest} characters: four ordinary words will do.`
  if (characters.length > most) return `A password has at most ${most} characters.`
  if (new Set(characters).size < 5) return 'A password needs at least five different characters.'
  if (password.normalize('NFKC').toLowerCase().replaceAll(name, '').length < 8) return 'A password must not be made of the user name.'
  return null
}

/** `scrypt:logN:r:p:salt:key`: the cost travels along, so that it can rise without locking anyone out. */
export async function hashPassword(password: string, cost: PasswordCost = PASSWORD_COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const key = await derive(password, salt, cost)
  return ['scrypt', cost.logN, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join(':')
}

/** The hash of nothing, as dear to check as a real one. To make it costs nothing: a start has no time for scrypt. */
export const hashOfNobody = ({ logN, r, p }: PasswordCost): string =>
  ['scrypt', logN, r, p, randomBytes(SALT_BYTES).toString('base64url'), randomBytes(KEY_BYTES).toString('base64url')].join(':')

/** Whether `stored` is a hash of ours; one that is not opens nothing. */
export const isPasswordHash = (stored: string): boolean => costOf(stored) !== null

/** Takes the same time whatever the answer. A hash that is none of ours is a no. */
export async function checkPassword(password: string, stored: string): Promise<boolean> {
  const cost = costOf(stored)
  const [, , , , salt, key] = stored.split(':')
  if (!cost || salt === undefined || key === undefined) return false
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64url'), cost), Buffer.from(key, 'base64url'))
}

function costOf(stored: string): PasswordCost | null {
  const [logN, r, p] = (STORED.exec(stored) ?? []).slice(1, 4).map(Number)
  if (logN === undefined || r === undefined || p === undefined) return null
  const within = logN >= 1 && logN <= LOG_N_MAX && r >= 1 && r <= R_MAX && p >= 1 && p <= P_MAX
  return within ? { logN, r, p } : null
}

const derive = (password: string, salt: Buffer, { logN, r, p }: PasswordCost): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options = { N: 2 ** logN, r, p, maxmem: 2 ** logN * r * 128 * 2 + 1_048_576 }
    // The same password typed on another keyboard may come as other code points: NFKC makes them one.
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
