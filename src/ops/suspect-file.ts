/**
 * What the gateway remembers of conversations that did harm, beyond its own death: `suspects.json` in the data folder, and
 * `release/`, where the command line leaves the names of those that may speak again.
 */

import { readFileSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, unlink, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { wallMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { Suspect } from '../pump/suspects.ts'
import type { Clock } from '../seams.ts'

export const suspectFile = (folder: string): string => join(folder, 'suspects.json')
const releaseFolder = (folder: string): string => join(folder, 'release')

/** None where there is no file, or none that can be read: then the worst is one restart more. */
export function readSuspects(folder: string): readonly Suspect[] {
  try {
    const parsed: unknown = JSON.parse(readFileSync(suspectFile(folder), 'utf8'))
    return Array.isArray(parsed) ? parsed.slice(0, pumpLimits.suspectsMax).flatMap(suspectOf) : []
  } catch {
    return []
  }
}

function suspectOf(row: unknown): Suspect[] {
  if (typeof row !== 'object' || row === null || !('key' in row) || typeof row.key !== 'string') return []
  const fields: Record<string, unknown> = { ...row }
  const numberOf = (name: string): number => {
    const value = fields[name]
    return typeof value === 'number' && Number.isFinite(value) ? value : 0
  }
  return [{
    key: row.key, threw: numberOf('threw'), stalls: numberOf('stalls'), deaths: numberOf('deaths'), lastAt: wallMs(numberOf('lastAt')), heldUntil: wallMs(numberOf('heldUntil')),
  }]
}

/** For the command line: takes effect within some seconds where a gateway runs, else when it starts. */
export async function askRelease(folder: string, key: string): Promise<void> {
  await mkdir(releaseFolder(folder), { recursive: true, mode: 0o700 })
  const name = createHash('sha256').update(key).digest('hex').slice(0, 16)
  const path = join(releaseFolder(folder), name)
  // Whole or not there: the gateway may look at any moment.
  await writeFile(`${path}.new`, key.slice(0, pumpLimits.suspectKeyBytesMax), { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** Looks for names that may speak again, until stopped. Never rejects. */
export async function watchReleases(folder: string, of: { readonly clock: Pick<Clock, 'sleep'>; readonly release: (key: string) => boolean; readonly log: Logger }, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const names = await readdir(releaseFolder(folder)).catch(() => [])
    for (const name of names.filter((name) => !name.endsWith('.new')).slice(0, pumpLimits.suspectsMax)) {
      const path = join(releaseFolder(folder), name)
      const key = await readFile(path, 'utf8').catch(() => null)
      await unlink(path).catch(() => undefined)
      if (key !== null) of.log.warn({ key, wasHeld: of.release(key) }, 'Released by hand.')
    }
    await of.clock.sleep(pumpLimits.releaseLookMs, stop)
  }
}
