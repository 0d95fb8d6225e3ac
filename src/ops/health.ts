/** How the machine stands that the gateway runs on, in numbers that say nothing of who and where. */

import { statfsSync } from 'node:fs'
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os'

const share = (part: number, whole: number): number | null => (whole > 0 ? Math.round((part / whole) * 1_000) / 1_000 : null)

/** `folder`: on the disk that is asked about. */
export function machineHealth(folder: string): { readonly load: number | null; readonly memoryFree: number | null; readonly diskFree: number | null } {
  const [minute = 0] = loadavg()
  return { load: share(minute, availableParallelism()), memoryFree: share(freemem(), totalmem()), diskFree: diskFree(folder) }
}

function diskFree(folder: string): number | null {
  try {
    const { bavail, blocks } = statfsSync(folder)
    return share(bavail, blocks)
  } catch {
    return null
  }
}
