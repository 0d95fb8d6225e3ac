/** Random tokens, of which only the hash is ever kept. */

import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits (ASVS 7.2.3 asks for 128), as 43 characters of base64url. */
export const newToken = (): string => randomBytes(32).toString('base64url')

export const isToken = (text: string): boolean => /^[\w-]{43}$/.test(text)

/** SHA-256 in hex. A plain hash is enough here: 256 random bits cannot be guessed back. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/** A short random mark for "since this moment it is a different one". */
export const newEpoch = (): string => randomBytes(9).toString('base64url')
