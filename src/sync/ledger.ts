/** What the sync thread asks of its ledger. The store implements it; the composition root joins the two. */

import type {
  CutBatch, CutStretch, DeadEvent, DeadLetter, EventOrigin, KnownCut, SeqRange, StoredBatch, Surrogate, SurrogateKind, SyncStatus, Withheld,
} from '../domain/batch.ts'
import type { AlertId, DeviceId } from '../domain/ids.ts'
import type { WallMs } from '../domain/time.ts'

/** What stands for whom, in one epoch. Inside one `transaction` of the ledger: a rollback takes back what was drawn. */
export interface Surrogates {
  /** The same for the same id for as long as the epoch lasts; drawn at random the first time. */
  of(kind: SurrogateKind, id: string): Surrogate
  /** Which of several sensors of one kind: 0 for the first one seen, whatever it is called. */
  sensorOf(device: DeviceId, metric: string, channel: string): number
  /** The subject that the alert's first phase named; null when that phase was never seen. */
  subjectOfAlert(alert: AlertId): Surrogate | null
  rememberAlert(alert: AlertId, subject: Surrogate): void
}

/** What became of a batch. */
export type Settlement = { readonly acknowledged: readonly EventOrigin[]; readonly dead: readonly DeadEvent[]; readonly at: WallMs }

/** Every call is one transaction, durable when it returns; inside `transaction` all calls are one. */
export interface SyncLedger {
  transaction<Result>(work: () => Result): Result
  /** Makes this epoch the current one: a new one begins at cursor 0. */
  openEpoch(epoch: string): void
  /** The ledger before this one was lost, and with it how far central is with this epoch. */
  lostIn(epoch: string): boolean
  /** The greatest number of this epoch that was cut or needs nothing more. */
  reach(sink: string, epoch: string): number
  surrogates(epoch: string): Surrogates
  /** The last seq of this epoch that needs nothing more; 0 at the beginning. */
  cursor(sink: string, epoch: string): number
  /** Moves past rows that made no event. */
  advance(sink: string, epoch: string, seq: number): void
  withhold(sink: string, epoch: string, withheld: readonly Withheld[]): void
  /** Stores batches, in the order in which they are to be sent. */
  keep(sink: string, epoch: string, movesCursor: boolean, batches: readonly CutBatch[]): void
  /** Stores batches that are to be sent before all that waits, but for others that were stored like this; they move no cursor. */
  keepEarly(sink: string, epoch: string, batches: readonly CutBatch[]): void
  /** Stretches behind the cursor's place that were cut already, in their order. A cursor that comes to one goes on at its end. */
  ahead(sink: string, epoch: string): readonly SeqRange[]
  addAhead(sink: string, epoch: string, range: SeqRange): void
  /** Up to here all alerts were cut, whatever the cursor says; null where that was never said. */
  alertsTo(sink: string, epoch: string): number | null
  moveAlerts(sink: string, epoch: string, seq: number): void
  /** The newest `syncLimits.cutsRememberedMax` are known. */
  rememberCut(sink: string, epoch: string, cut: CutStretch): void
  /** The cut that holds this row; null: none is known. */
  cutHolding(sink: string, epoch: string, seq: number): KnownCut | null
  amendCut(id: number, passed: KnownCut['passed']): void
  /** The batch to be sent next. */
  pending(sink: string): StoredBatch | null
  /** Removes the batch, counts what was acknowledged, keeps what died, moves the cursor when the range is done. */
  settle(sink: string, batch: StoredBatch, settlement: Settlement): void
  /** Puts the parts of a batch in its place, to be sent before anything else. */
  replace(sink: string, batch: StoredBatch, parts: readonly CutBatch[]): void
  addDead(sink: string, epoch: string, at: WallMs, dead: readonly DeadEvent[]): void
  /** Dead letters of one epoch that a person wants tried again, oldest first. */
  lettersToRetry(sink: string, lettersMax: number): readonly DeadLetter[]
  /** These letters are in a batch now, or (with a reason) stay where they are. */
  removeDead(ids: readonly number[]): number
  refuseRetry(id: number, why: string): void
  deadCount(sink: string): number
  /** What was saved last; null before the first. */
  status(sink: string): { readonly lastAcceptedAt: WallMs | null } | null
  saveStatus(sink: string, at: WallMs, status: Omit<SyncStatus, 'fenced'>): void
  /** What a sink must not forget over a restart. */
  memory(sink: string, name: string): string | null
  remember(sink: string, name: string, value: string | null): void
  count(sink: string, what: string, times: number): void
}

/** The part of the ledger that one sink may use: its own memory and its own counts. */
export interface SinkMemory {
  get(name: string): string | null
  /** null forgets. */
  put(name: string, value: string | null): void
  count(what: string, times?: number): void
}

export const memoryOf = (ledger: Pick<SyncLedger, 'memory' | 'remember' | 'count'>, sink: string): SinkMemory => ({
  get: (name) => ledger.memory(sink, name),
  put: (name, value) => ledger.remember(sink, name, value),
  count: (what, times = 1) => ledger.count(sink, what, times),
})
