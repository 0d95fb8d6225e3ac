/**
 * Where a file lives, as a word that a copy of it cannot keep: the machine, the inode, and when that inode was born. A file
 * that is renamed or moved within its disk keeps all three; one that is copied, unpacked or carried to another machine does
 * not, for the original's inode is taken while it exists, and a number that is given again is born again. An image of a whole
 * machine keeps them too: that copy is found by central, not here.
 */

import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

const MACHINE_ID = '/etc/machine-id'

/** machine-id(5): confidential, and to be hashed with a word of the application before it is kept anywhere. */
const APPLICATION = 'vigil store place'

/** @throws Error with a code when the file is not there. */
export function placeOf(file: string): string {
  const { ino, birthtimeNs, ctimeNs } = statSync(file, { bigint: true })
  // A file system that keeps no birth tells the time of the last change instead, or nothing; a file a moment old may say the same.
  const born = birthtimeNs === 0n || birthtimeNs === ctimeNs ? '' : hash(String(birthtimeNs))
  return `${hash(machineId(), String(ino))}/${born}`
}

/** A birth that is not known says nothing. */
export function isSamePlace(one: string, other: string): boolean {
  const [spot, born = ''] = one.split('/')
  const [otherSpot, otherBorn = ''] = other.split('/')
  return spot === otherSpot && (born === '' || otherBorn === '' || born === otherBorn)
}

const hash = (...words: readonly string[]): string => createHash('sha256').update(JSON.stringify([APPLICATION, ...words])).digest('hex').slice(0, 16)

function machineId(): string {
  try {
    return readFileSync(MACHINE_ID, 'utf8').trim()
  } catch {
    return ''
  }
}
