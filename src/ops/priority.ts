/** Which thread goes first where there is not enough processor for all. */

import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

/**
 * The calling thread goes behind the others of its process. Linux knows threads by number (proc(5), /proc/thread-self), and setpriority(2) takes one;
 * elsewhere nothing changes.
 */
export function goBehind(): boolean {
  try {
    const thread = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1]
    if (thread === undefined) return false
    setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL)
    return true
  } catch {
    return false
  }
}
