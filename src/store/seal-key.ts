/**
 * The key of the seals: drawn at the first start, kept in `keys/` of the data folder for the owner alone, and in no backup
 * unless it is asked for. Who can read that folder can make seals; who can only write to the database cannot.
 */

import { createHash, randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { flush } from './flush.ts'

export type SealKey = { readonly id: string; readonly bytes: Buffer }

export const KEYS = 'keys'
const CURRENT = 'seal.key'
const KEY_BYTES = 32

export const keyOf = (bytes: Buffer): SealKey => ({ id: createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes })

/** The key that seals from now on, made where there is none. @throws Error with a code when the disk does not let it. */
export function openSealKey(folder: string): SealKey {
  const keys = join(folder, KEYS)
  const file = join(keys, CURRENT)
  mkdirSync(keys, { recursive: true, mode: 0o700 })
  if (existsSync(file)) {
    const bytes = readFileSync(file)
    if (bytes.length === KEY_BYTES) return keyOf(bytes)
    // Cut short or emptied by a power cut: what it sealed can no longer be proved, and the next blocks are sealed by another.
  }
  const bytes = randomBytes(KEY_BYTES)
  const descriptor = openSync(file, 'w', 0o600)
  try {
    writeSync(descriptor, bytes)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  flush(keys)
  flush(folder)
  return keyOf(bytes)
}

/** Every key that is here, by its id: those that a backup brought too. */
export function sealKeys(folder: string): ReadonlyMap<string, SealKey> {
  const keys = join(folder, KEYS)
  const found = existsSync(keys) ? readdirSync(keys).filter((name) => name.endsWith('.key')) : []
  return new Map(found.map((name) => keyOf(readFileSync(join(keys, name)))).map((key) => [key.id, key]))
}
