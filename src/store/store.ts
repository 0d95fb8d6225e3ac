/**
 * Main's side of the store. `commit` answers when the rows are on the disk, or says why they are not; it never throws and
 * never keeps more waiting than its bound. Nothing of the alarm path waits for it.
 */

import { Worker } from 'node:worker_threads'
import type { AlertEvent } from '../domain/alert.ts'
import type { Snapshot } from '../domain/observation.ts'
import type { WallMs } from '../domain/time.ts'
import { pumpLimits, storeLimits } from '../limits.ts'
import type { Clock, CommitResult, EpochReason, MessageIdentity, StayRecord, Store, Tick } from '../seams.ts'
import { type FolderLock, type Refused, type StoreKind, lockFolder, whyOf } from './database.ts'
import { Names } from './names.ts'
import { type Opening, recentSnapshots } from './opening.ts'
import type { SetAside } from './recover.ts'
import type { RetentionOrder, RetentionReport } from './retention.ts'
import type { Damage } from './rows.ts'
import { Scratch } from './scratch.ts'
import { encodeTick, withoutUnnameable } from './tick-codec.ts'
import { takeStoreThread } from './warm-thread.ts'
import type { FromWriter, ToWriter } from './writer-thread.ts'
import type { WriterSettings } from './writer.ts'

export type StoreSettings = {
  /** Made where there is none; one gateway at a time. */
  readonly folder: string
  readonly kind: StoreKind
  readonly gatewayId: string
  readonly clock: Clock
  /** The file was set aside while the gateway runs: whoever reads it reads it anew, and what is open and not in it is to be written again. */
  readonly replaced?: (set: SetAside, opening: Opening) => void
  /** Another module to run as the store thread, for tests: the place of a fake disk. `data` reaches it as `workerData.data`. */
  readonly thread?: { readonly module: URL; readonly data: unknown }
}

export type StoreHealth = {
  readonly waitingTicks: number
  readonly waitingBytes: number
  readonly walPages: number
  /** Why the WAL cannot be emptied; null while it can. */
  readonly checkpointTrouble: string | null
  /** Times that the store thread has died since the store was opened. */
  readonly restarts: number
  /** Rows that the database would not take and that lie in quarantine, since the store was opened. */
  readonly refusedRows: number
}

export type Opened = {
  readonly kind: 'opened'
  readonly store: Store
  /** This incarnation of the database: a part of the key of every event. */
  readonly epoch: string
  /** Why it began just now; null when the one before goes on. */
  readonly began: EpochReason | null
  /** The file that was found could not be used. */
  readonly setAside: SetAside | null
  readonly lastSeq: number
  readonly stays: readonly StayRecord[]
  /** Of each alert that is still open all events, from a start on, in the order of the log. */
  readonly openAlertEvents: readonly AlertEvent[]
  /** How far those alerts came. */
  readonly openDeliveries: Opening['openDeliveries']
  /** Messages that were taken, in the order in which they were. */
  readonly messages: readonly MessageIdentity[]
  /** What was learned of who lies where, and the newest stays that ended. */
  readonly facts: Opening['facts']
  readonly pastStays: Opening['pastStays']
  /** What stands of the house. */
  readonly standing: Opening['standing']
  /** When the newest row came; null in an empty log. */
  readonly aliveAt: Opening['aliveAt']
  /** Rows that could not be believed while opening: for a technical alert. */
  readonly damaged: readonly Damage[]
  /** Snapshots received since, in the order of the log, read page by page while you iterate. */
  recent(from: WallMs, onDamage?: (damage: Damage) => void): Iterable<Snapshot>
  health(): StoreHealth
  /** Rows behind `afterSeq` (null: those to come) get a new incarnation. False when the store cannot write it now. */
  beginEpoch(why: EpochReason, afterSeq: number | null): Promise<boolean>
  /** One bounded step of retention, when nobody waits for a commit. Never rejects. One at a time: ask again when it has answered. */
  retain(order: RetentionOrder): Promise<RetentionReport>
}

/** Opens the store of a data folder, or says in a sentence why not. */
export async function openStore(settings: StoreSettings): Promise<Opened | Refused> {
  const lock = lockFolder(settings.folder)
  if (lock.kind === 'refused') return lock
  const thread = new StoreThread(settings, lock)
  const started = await thread.open()
  if (started.kind === 'refused') {
    await thread.close()
    return started
  }
  const { epoch, lastSeq, began, setAside, opening } = started
  return {
    kind: 'opened',
    store: thread,
    epoch,
    lastSeq,
    began,
    setAside,
    stays: opening.stays,
    openAlertEvents: opening.openAlertEvents,
    openDeliveries: opening.openDeliveries,
    messages: opening.messages,
    facts: opening.facts,
    pastStays: opening.pastStays,
    standing: opening.standing,
    aliveAt: opening.aliveAt,
    damaged: opening.damaged,
    recent: (from, onDamage = () => {}) => recentSnapshots(settings.folder, from, onDamage),
    health: () => thread.health(),
    beginEpoch: (why, afterSeq) => thread.beginEpoch(why, afterSeq),
    retain: (order) => thread.retain(order),
  }
}

type Started = Extract<FromWriter, { kind: 'opened' }>
type State =
  | { readonly kind: 'up'; readonly worker: Worker; readonly names: Names }
  | { readonly kind: 'down'; readonly why: string }
  | { readonly kind: 'closed' }
type Waiting = { readonly bytes: number; /** Rows that main refused before. */ readonly refused: number; readonly answer: (result: CommitResult) => void }

class StoreThread implements Store {
  readonly #settings: StoreSettings
  readonly #lock: FolderLock
  readonly #stop = new AbortController()
  readonly #scratch = new Scratch()
  readonly #waiting = new Map<number, Waiting>()
  #state: State = { kind: 'down', why: 'The store is not open yet.' }
  #epoch: string | null = null
  #condemned: string | null = null
  #epochAnswer: ((epoch: string | null) => void) | null = null
  #waitingBytes = 0
  #lastId = 0
  #walPages = 0
  #checkpointTrouble: string | null = null
  #retaining: ((report: RetentionReport) => void) | null = null
  #restarts = 0
  #refusedRows = 0
  /** Settles when the thread has ended; the supervision of a thread that died is part of it. */
  #ended: Promise<void> = Promise.resolve()
  #closing: Promise<void> | null = null

  constructor(settings: StoreSettings, lock: FolderLock) {
    this.#settings = settings
    this.#lock = lock
  }

  async open(): Promise<Started | Refused> {
    const started = await this.#start()
    return started
  }

  commit(tick: Tick): Promise<CommitResult> {
    const state = this.#state
    if (state.kind !== 'up') return failed(state.kind === 'closed' ? 'The store is closed.' : state.why)
    if (this.#waitingBytes >= pumpLimits.uncommittedBytesMax) return failed(BACKLOG)
    let buffer: ArrayBuffer
    let refused = 0
    try {
      buffer = encodeTick(tick, state.names, this.#scratch)
    } catch {
      try {
        // A snapshot that cannot be written down now never will be: it goes to quarantine, so that nobody tries for ever.
        const rest = withoutUnnameable(tick, state.names)
        refused = tick.snapshots.length - rest.snapshots.length
        buffer = encodeTick(rest, state.names, this.#scratch)
      } catch (error) {
        return Promise.resolve({ kind: 'failed', why: `The rows cannot be encoded: ${whyOf(error)}`, isFinal: true })
      }
    }
    const bytes = buffer.byteLength
    if (this.#waitingBytes + bytes > pumpLimits.uncommittedBytesMax) return failed(BACKLOG)
    const id = ++this.#lastId
    state.worker.postMessage({ kind: 'tick', id, buffer } satisfies ToWriter, [buffer])
    state.names.sent()
    this.#waitingBytes += bytes
    return new Promise((answer) => this.#waiting.set(id, { bytes, refused, answer }))
  }

  retain(order: RetentionOrder): Promise<RetentionReport> {
    const state = this.#state
    if (state.kind !== 'up') return Promise.resolve({ kind: 'failed', why: state.kind === 'closed' ? 'The store is closed.' : state.why })
    if (this.#retaining) return Promise.resolve({ kind: 'failed', why: 'The step before is not done.' })
    state.worker.postMessage({ kind: 'retain', order } satisfies ToWriter)
    return new Promise((answer) => (this.#retaining = answer))
  }

  #retained(report: RetentionReport): void {
    const answer = this.#retaining
    this.#retaining = null
    answer?.(report)
  }

  async beginEpoch(why: EpochReason, afterSeq: number | null): Promise<boolean> {
    const state = this.#state
    if (state.kind !== 'up' || this.#epochAnswer) return false
    const answered = new Promise<string | null>((resolve) => {
      this.#epochAnswer = resolve
    })
    state.worker.postMessage({ kind: 'epoch', why, afterSeq, now: this.#settings.clock.wall() } satisfies ToWriter)
    const epoch = await answered
    this.#epochAnswer = null
    this.#epoch = epoch ?? this.#epoch
    return epoch !== null
  }

  /** Waits for what is on its way. Later commits fail. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  health(): StoreHealth {
    return {
      waitingTicks: this.#waiting.size,
      waitingBytes: this.#waitingBytes,
      walPages: this.#walPages,
      checkpointTrouble: this.#checkpointTrouble,
      restarts: this.#restarts,
      refusedRows: this.#refusedRows,
    }
  }

  async #close(): Promise<void> {
    const state = this.#state
    this.#state = { kind: 'closed' }
    this.#stop.abort()
    if (state.kind === 'up') state.worker.postMessage({ kind: 'close' } satisfies ToWriter)
    await this.#ended
    this.#lock.release()
  }

  /** Starts a thread and waits for its first word. */
  #start(): Promise<Started | Refused> {
    const { folder, kind, gatewayId, clock, thread } = this.#settings
    const settings: WriterSettings = { folder, kind, gatewayId, createdAt: clock.wall(), epoch: this.#epoch, condemned: this.#condemned }
    const worker = thread ? new Worker(thread.module, { workerData: { settings, data: thread.data } }) : takeStoreThread(settings)
    const first = Promise.withResolvers<Started | Refused>()
    const ended = Promise.withResolvers<void>()
    this.#ended = ended.promise
    let why = 'The store thread ended.'
    worker.on('message', (message: FromWriter) => {
      if (message.kind === 'opened') this.#opened(worker, message)
      if (message.kind === 'opened' || message.kind === 'refused') first.resolve(message)
      if (message.kind === 'answered') this.#answered(message)
      if (message.kind === 'epoch') this.#epochAnswer?.(message.epoch)
      if (message.kind === 'condemned') {
        why = `The database cannot be written to: ${message.why}`
        this.#condemned = why
      }
      if (message.kind === 'retained') this.#retained(message.report)
    })
    worker.on('error', (error) => {
      why = `The store thread died: ${whyOf(error)}`
    })
    worker.on('exit', () => {
      first.resolve({ kind: 'refused', how: 'disk', why })
      const wasUp = this.#state.kind === 'up'
      if (wasUp) this.#state = { kind: 'down', why: `${why} It is being started again.` }
      this.#failAll(why)
      this.#epochAnswer?.(null)
      if (wasUp) void this.#revive().then(ended.resolve, ended.reject)
      else ended.resolve()
    })
    return first.promise
  }

  #opened(worker: Worker, { names, epoch, setAside, opening }: Started): void {
    this.#condemned = null
    // At the first opening the facts go to who opens; later somebody has to be told.
    if (this.#epoch !== null && setAside) this.#settings.replaced?.(setAside, opening)
    this.#epoch = epoch
    if (this.#state.kind === 'closed') worker.postMessage({ kind: 'close' } satisfies ToWriter)
    else this.#state = { kind: 'up', worker, names: new Names(names) }
  }

  #answered(message: Extract<FromWriter, { kind: 'answered' }>): void {
    this.#walPages = message.walPages
    this.#checkpointTrouble = message.checkpointTrouble
    for (const { id, result } of message.answers) {
      const waiting = this.#waiting.get(id)
      if (!waiting) continue
      this.#waiting.delete(id)
      this.#waitingBytes -= waiting.bytes
      waiting.answer(this.#counted(result, waiting.refused))
    }
  }

  #counted(result: CommitResult, before: number): CommitResult {
    const refused = before + (result.kind === 'durable' ? (result.refused ?? 0) : 0)
    if (result.kind === 'failed' || refused === 0) return result
    this.#refusedRows += refused
    return { ...result, refused }
  }

  #failAll(why: string): void {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#waitingBytes = 0
    for (const { answer } of all) answer({ kind: 'failed', why })
    this.#retained({ kind: 'failed', why })
  }

  /** Tries until a thread runs again or the store is closed; the wait doubles. */
  async #revive(): Promise<void> {
    const { clock } = this.#settings
    for (let delayMs: number = storeLimits.restartDelayMs; ; delayMs = Math.min(delayMs * 2, storeLimits.restartDelayMsMax)) {
      await clock.sleep(delayMs, this.#stop.signal)
      if (this.#stop.signal.aborted) return
      this.#restarts++
      const started = await this.#start()
      if (started.kind === 'opened') return this.#ended
      await this.#ended
      if (this.#state.kind === 'down') this.#state = { kind: 'down', why: started.why }
    }
  }
}

const BACKLOG = `More than ${pumpLimits.uncommittedBytesMax} bytes wait for the disk.`

const failed = (why: string): Promise<CommitResult> => Promise.resolve({ kind: 'failed', why })
