/** Main's side of the sync thread: starts it, tells it of commits, starts it again when it dies. The ward never waits for it. */

import { Worker } from 'node:worker_threads'
import type { SyncStatus } from '../domain/batch.ts'
import type { ReleasedSoFar } from '../domain/releases.ts'
import { syncLimits } from '../limits.ts'
import type { ClockSetting } from '../ops/clock.ts'
import type { Clock } from '../seams.ts'
import { combined, slowest } from './combine.ts'
import type { Delivery } from './deliveries.ts'
import type { Fork } from './pump.ts'

/** All that the thread is given; plain data, for it is copied. */
export type SyncSettings = {
  /** Holds vigil.db and sync.db. */
  readonly folder: string
  readonly gatewayId: string
  readonly organizationId: string
  /** Of the program. */
  readonly version: string
  /** One or more, each with a name of its own. */
  readonly deliveries: readonly Delivery[]
  /** IANA name or offset: by whose clock a sink's hours are. */
  readonly timeZone: string
  /** Drawn at each start of the gateway: central tells two boxes with one name apart by it. */
  readonly instance: string
  readonly clock: ClockSetting
  /** Names from the configuration that must never leave: bed labels, the ward, senders. */
  readonly identifiers: readonly string[]
}

export type ToSync = { readonly type: 'committed'; readonly lastSeq: number } | { readonly type: 'stop' }
export type FromSync =
  | { readonly type: 'status'; readonly sink: string; readonly status: SyncStatus }
  | { readonly type: 'advanced'; readonly sink: string; readonly seq: number }
  | { readonly type: 'forked'; readonly fork: Fork }
  | { readonly type: 'set-aside'; readonly folder: string; readonly why: string }
  | { readonly type: 'released'; readonly sink: string; readonly so: ReleasedSoFar }

export interface SyncHandle {
  /** The store has committed up to here. Never waits, never throws. */
  committed(lastSeq: number): void
  status(): SyncStatus
  /** Called with each change; returns the way to stop. */
  onStatus(listener: (status: SyncStatus) => void): () => void
  /** How far every sink has everything: the store may delete up to here. Returns the way to stop. */
  onAdvanced(listener: (seq: number) => void): () => void
  /** Numbers would mean two things: begin another incarnation of the database, then `restart`. Returns the way to stop. */
  onForked(listener: (fork: Fork) => void): () => void
  /** A damaged sync.db was moved into this folder. Returns the way to stop. */
  onSetAside(listener: (folder: string, why: string) => void): () => void
  /** What has been released so far: to be kept beside the log, so that a ledger that is lost is missed. Returns the way to stop. */
  onReleased(listener: (sink: string, so: ReleasedSoFar) => void): () => void
  /** The thread reads its files anew. */
  restart(): void
  /** Resolves when the thread is gone. */
  stop(): Promise<void>
}

/** The part of a Worker that is used here, so that a test may stand in for it. */
export type SyncThread = {
  post(message: ToSync): void
  onMessage(listener: (message: FromSync) => void): void
  /** Once, with the reason, however it ended. */
  onEnd(listener: (why: string) => void): void
  kill(): Promise<void>
}

export type StartSyncParts = { readonly clock: Clock; readonly spawn?: (settings: SyncSettings) => SyncThread }

const STARTING: SyncStatus = {
  kind: 'behind', lagRows: 0, why: 'starting', lastAcceptedAt: null, deadLetters: 0, stoppedByScanner: 0, breaker: 'closed', fenced: false,
}

export function startSync(settings: SyncSettings, { clock, spawn = spawnThread }: StartSyncParts): SyncHandle {
  const ending = new AbortController()
  const statusListeners = new Set<(status: SyncStatus) => void>()
  const advanceListeners = new Set<(seq: number) => void>()
  const forkListeners = new Set<(fork: Fork) => void>()
  const setAsideListeners = new Set<(folder: string, why: string) => void>()
  const releaseListeners = new Set<(sink: string, so: ReleasedSoFar) => void>()
  const on = <Listener>(listeners: Set<Listener>) => (listener: Listener): (() => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  const ids = settings.deliveries.map(({ id }) => id)
  const statuses = new Map(ids.map((id) => [id, STARTING]))
  /** Of this life of the thread: the log may be another than before. */
  const positions = new Map<string, number>()
  let status = combined(statuses) ?? STARTING
  let advanced = -1
  let thread: SyncThread | null = null

  const changeStatus = (next: SyncStatus): void => {
    status = next
    for (const listener of statusListeners) listener(next)
  }

  /** One life of the thread; resolves with why it ended. */
  const live = (): Promise<string> =>
    new Promise((resolve) => {
      const current = spawn(settings)
      thread = current
      positions.clear()
      advanced = -1
      current.onMessage((message) => {
        switch (message.type) {
          case 'status':
            statuses.set(message.sink, message.status)
            changeStatus(combined(statuses) ?? STARTING)
            break
          case 'advanced': {
            positions.set(message.sink, message.seq)
            const all = slowest(ids, positions)
            if (all === null || all <= advanced) break
            advanced = all
            for (const listener of advanceListeners) listener(all)
            break
          }
          case 'forked':
            for (const listener of forkListeners) listener(message.fork)
            break
          case 'set-aside':
            for (const listener of setAsideListeners) listener(message.folder, message.why)
            break
          case 'released':
            for (const listener of releaseListeners) listener(message.sink, message.so)
            break
        }
      })
      current.onEnd((why) => {
        thread = null
        resolve(why)
      })
      if (ending.signal.aborted) current.post({ type: 'stop' })
    })

  async function supervise(): Promise<void> {
    let deaths = 0
    while (!ending.signal.aborted) {
      const startedAt = clock.mono()
      const why = await live()
      if (ending.signal.aborted) return
      deaths = clock.mono() - startedAt > syncLimits.restartDelayMsMax ? 1 : deaths + 1
      changeStatus({ ...status, kind: 'behind', why: `the sync thread ended and is started again: ${why}` })
      await clock.sleep(Math.min(syncLimits.restartDelayMsMax, syncLimits.retryDelayMsMin * 2 ** Math.min(deaths - 1, 20)), ending.signal)
    }
  }

  const supervised = supervise()
  return {
    committed: (lastSeq) => thread?.post({ type: 'committed', lastSeq }),
    status: () => status,
    onStatus: on(statusListeners),
    onAdvanced: on(advanceListeners),
    onForked: on(forkListeners),
    onSetAside: on(setAsideListeners),
    onReleased: on(releaseListeners),
    restart: () => thread?.post({ type: 'stop' }),
    async stop() {
      ending.abort()
      thread?.post({ type: 'stop' })
      const over = new AbortController()
      const late = clock.sleep(syncLimits.stopMs, over.signal).then(() => thread?.kill())
      await supervised
      over.abort()
      await late
    },
  }
}

function spawnThread(settings: SyncSettings): SyncThread {
  const worker = new Worker(new URL('../thread-sync.ts', import.meta.url), {
    workerData: settings,
    name: 'vigil-sync',
    // A leak here must end this thread, not the alarm path.
    resourceLimits: { maxOldGenerationSizeMb: syncLimits.heapMbMax },
  })
  let why = ''
  worker.on('error', (error: unknown) => {
    why = error instanceof Error ? error.message : String(error)
  })
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => void worker.on('message', listener),
    onEnd: (listener) => void worker.once('exit', (code) => listener(why === '' ? `exit ${code}` : why)),
    async kill() {
      await worker.terminate()
    },
  }
}
