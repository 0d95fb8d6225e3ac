/** What a folder says of its files is on the disk. */

import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Also of a file: what was written to it is on the disk. @throws Error with a code when the disk does not let it. */
export function flush(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
