/**
 * How a command hands rows to a running gateway, which alone may write its database: a file in `inbox/`, made whole under
 * another name first; the gateway stores what it says and removes it. A crash in between brings it in twice, and the store
 * takes it once.
 */

import { mkdir, open, readFile, readdir, rename, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { type Metric, metricOfId } from '../domain/metrics.ts'
import type { Observation, Snapshot } from '../domain/observation.ts'
import { recordLimits } from '../limits.ts'
import type { Clock, Store, Tick } from '../seams.ts'

export const INBOX_FOLDER = 'inbox'
const FILE = /^\d+\.json$/
/** What the gateway can never take keeps its name, with this behind it. */
export const REFUSED = '.refused'

/** A tick as JSON: metrics by their reference id. */
type HandedObservation = Omit<Observation, 'metric'> & { readonly metric: string }
type HandedSnapshot = Omit<Snapshot, 'observations'> & { readonly observations: readonly HandedObservation[] }
type Handed = Pick<Tick, 'events' | 'replayed'> & { readonly version: 1; readonly snapshots: readonly HandedSnapshot[] }

export const handedText = ({ snapshots, events, replayed = [] }: Tick): string =>
  JSON.stringify({
    version: 1, events, replayed,
    snapshots: snapshots.map((snapshot) => ({
      ...snapshot,
      observations: snapshot.observations.map((observation) => ({ ...observation, metric: observation.metric.id })),
    })),
  } satisfies Handed)

/** @throws RangeError or SyntaxError when the text is none of `handedText` by this version. */
export function handedTick(text: string): Tick {
  const handed: Handed = JSON.parse(text)
  if (handed.version !== 1) throw new RangeError('it is of another version')
  const { events, replayed = [] } = handed
  const snapshots = handed.snapshots.map((snapshot) => ({
    ...snapshot,
    observations: snapshot.observations.map((observation) => ({ ...observation, metric: metricNamed(observation.metric) })),
  }))
  return { snapshots, events, stays: [], quarantined: [], messages: [], replayed }
}

function metricNamed(id: string): Metric {
  const metric = metricOfId(id)
  if (!metric) throw new RangeError(`there is no metric ${id}`)
  return metric
}

/** Lays a tick down under a number of its own. @throws Error of the file system. */
export async function handOver(folder: string, number: number, tick: Tick): Promise<string> {
  const inbox = join(folder, INBOX_FOLDER)
  await mkdir(inbox, { recursive: true, mode: 0o700 })
  const path = join(inbox, `${number}.json`)
  // What was laid aside under this number is tried anew.
  await rm(`${path}${REFUSED}`, { force: true })
  {
    await using file = await open(`${path}.new`, 'w', 0o600)
    await file.writeFile(handedText(tick))
    await file.sync()
  }
  await rename(`${path}.new`, path)
  return path
}

/** What is still to be taken, by path. */
export async function handedFiles(folder: string): Promise<readonly string[]> {
  const names = (await readdir(join(folder, INBOX_FOLDER)).catch(() => [])).filter((name) => FILE.test(name))
  return names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).map((name) => join(folder, INBOX_FOLDER, name))
}

export type InboxParts = { readonly folder: string; readonly store: Store; readonly realTime: Clock; readonly log: Logger }

/** The gateway's side: looks until stopped. */
export async function watchInbox({ folder, store, realTime, log }: InboxParts, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    for (const path of await handedFiles(folder)) {
      if (stop.aborted) return
      if (!(await takeIn(path, store, log))) break
    }
    await realTime.sleep(recordLimits.inboxLookMs, stop)
  }
}

const REMEDY = 'Mend the driver that read it, or update Vigil; then run "vigil quarantine replay" again.'

/** False when the store cannot take anything now: it is tried again. What it can never take is laid aside. */
async function takeIn(path: string, store: Store, log: Logger): Promise<boolean> {
  const layAside = async (why: string, what: string): Promise<true> => {
    log.error({ path: `${path}${REFUSED}`, why, remedy: REMEDY }, what)
    await rename(path, `${path}${REFUSED}`).catch(() => undefined)
    return true
  }
  let tick: Tick
  try {
    tick = handedTick(await readFile(path, 'utf8'))
  } catch (error) {
    return layAside(whyOf(error), 'What was handed over cannot be read; it is laid aside.')
  }
  const result = await store.commit(tick)
  if (result.kind === 'failed' && result.isFinal) return layAside(result.why, 'What was handed over can never be stored; it is laid aside.')
  // A frame that was brought before: the store refuses the tick as a whole, and always will.
  const isRefused = result.kind === 'failed' && /read again before|SQLITE_CONSTRAINT/.test(result.why)
  const failure = isRefused ? 'What was handed over is stored already.' : 'What was handed over is not stored yet.'
  if (result.kind === 'failed') log.warn({ path, why: result.why }, failure)
  else log.info({ path, snapshots: tick.snapshots.length }, 'What was handed over is stored.')
  if (result.kind === 'failed' && !isRefused) return false
  // Somebody else may have removed it meanwhile.
  await unlink(path).catch((error: unknown) => log.error({ path, why: whyOf(error) }, 'What was handed over cannot be removed.'))
  return true
}

const whyOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
