/** Passwords: how long, how hashed, how compared. Never blocks: scrypt runs beside the main thread, one at a time. */

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { apiLimits } from '../limits.ts'

/** scrypt's N is 2 to the power of `logN`. */
export type PasswordCost = { readonly logN: number; readonly r: number; readonly p: number }

/** OWASP Password Storage, scrypt: 32 MiB a check, which a small ward computer can spare. */
export const PASSWORD_COST: PasswordCost = { logN: 15, r: 8, p: 3 }

/**
 * Of PINs and badges, which are typed at each tap: a third of the time. No cost would make up for four digits; what guards them is
 * that they open nothing without a signed-in screen, and the throttle.
 */
export const tapCost = (cost: PasswordCost = PASSWORD_COST): PasswordCost => ({ ...cost, p: 1 })

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

/**
 * What is wrong with a new PIN, as a sentence; null when nothing is. It is typed beside the name, by people in a hurry, and is
 * guarded by its throttle more than by its length.
 */
export function pinWeaknessOf(pin: string): string | null {
  const { pinDigitsMin: fewest, pinDigitsMax: most } = apiLimits
  if (!isPin(pin)) return `A PIN has ${fewest} to ${most} digits, and nothing else.`
  const steps = new Set(Array.from(pin).slice(1).map((digit, index) => Number(digit) - Number(pin[index])))
  const [step] = steps
  return steps.size === 1 && step !== undefined && Math.abs(step) <= 1 ? 'A PIN must not be one digit again and again, nor a row like 1234.' : null
}

export const isPin = (text: string): boolean => /^[0-9]+$/.test(text) && text.length >= apiLimits.pinDigitsMin && text.length <= apiLimits.pinDigitsMax

/** As a scanner types it; null when it can be no badge. */
export function badgeCode(text: string): string | null {
  const code = text.normalize('NFKC').trim()
  return code.length >= apiLimits.badgeCharsMin && code.length <= apiLimits.badgeCharsMax ? code : null
}

/**
 * `scrypt:logN:r:p:salt:key`: the cost travels along, so that it can rise without locking anyone out. `like`: with the salt and the
 * cost of that hash, so that equal codes have equal hashes: a badge says no name, and is looked up by what it says.
 */
export async function hashPassword(password: string, cost: PasswordCost = PASSWORD_COST, like?: string): Promise<string> {
  const salted = like === undefined ? null : partsOf(like)
  if (salted) return rehashed(password, salted)
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
  const parts = partsOf(stored)
  if (!parts) return false
  return timingSafeEqual(await derive(password, parts.salt, parts.cost), parts.key)
}

/**
 * The hashes among `stored` that are of this code: each salt and cost is tried once, `nobody` in place of none, and all keys are
 * compared, so that it takes the same time whoever it is.
 */
export async function hashesOf(code: string, stored: readonly string[], nobody: string): Promise<readonly string[]> {
  const groups = Map.groupBy(stored.length === 0 ? [nobody] : stored, (one) => one.slice(0, one.lastIndexOf(':')))
  const found: string[] = []
  for (const [, [first = nobody, ...others]] of groups) {
    const parts = partsOf(first)
    if (!parts) continue
    const key = await derive(code, parts.salt, parts.cost)
    found.push(...[first, ...others].filter((one) => {
      const own = partsOf(one)
      return own !== null && timingSafeEqual(key, own.key)
    }))
  }
  return found
}

type Parts = { readonly cost: PasswordCost; readonly salt: Buffer; readonly key: Buffer }

function partsOf(stored: string): Parts | null {
  const cost = costOf(stored)
  const [, , , , salt, key] = stored.split(':')
  return cost && salt !== undefined && key !== undefined ? { cost, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') } : null
}

async function rehashed(password: string, { cost, salt }: Parts): Promise<string> {
  const key = await derive(password, salt, cost)
  return ['scrypt', cost.logN, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join(':')
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
