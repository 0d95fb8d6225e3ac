/** Main's side of history: questions go to a thread of their own, so that a long look back holds up nobody. */

import { Worker } from 'node:worker_threads'
import { storeLimits } from '../limits.ts'
import { whyOf } from './database.ts'
import type { KeptDeliveries } from './deliveries.ts'
import type { Finding, FromHistory, ToHistory } from './history-thread.ts'
import type { GivenQuery, KeptGiven } from './given.ts'
import type { CommissioningView } from '../api/house-wire.ts'
import type { BedId } from '../domain/ids.ts'
import type { SaidQuery } from './said.ts'
import type { KeptStrips } from './strips.ts'
import type { RawSeries, TrendQuery } from './trend.ts'
import type { KeptWatch, WatchQuery } from './watch.ts'

export type { TrendQuery } from './trend.ts'

/** As the page's TrendView has it, and where the values come from. `t` in wall ms, growing; null in `v` is a gap. */
export type TrendSeries = {
  readonly device: string
  readonly metric: string
  /** Empty when the device has one sensor of the kind. */
  readonly channel: string
  readonly label: string
  readonly unit: string
  readonly decimals: number
  readonly t: readonly number[]
  readonly v: readonly (number | null)[]
}

export type Trend =
  | {
      readonly kind: 'series'
      readonly series: readonly TrendSeries[]
      /** Rows passed over because they cannot be believed. */
      readonly damagedRows: number
      /** More rows or values than the bounds in `storeLimits`: the latest are missing. Ask for a shorter span. */
      readonly isCut: boolean
    }
  /** No lines, because they could not be read: not because there are no values. */
  | { readonly kind: 'failed'; readonly why: string; readonly series: readonly [] }

/** The waveforms that were kept with one alert; none is an answer too. */
export type Strips = ({ readonly kind: 'strips' } & KeptStrips) | { readonly kind: 'failed'; readonly why: string }

/** How far one alert came; none is an answer too. */
export type ReadDeliveries = ({ readonly kind: 'deliveries' } & KeptDeliveries) | { readonly kind: 'failed'; readonly why: string }

/** What the watch ledger holds of a time. */
export type Watched = ({ readonly kind: 'ledger' } & KeptWatch) | { readonly kind: 'failed'; readonly why: string }

/** What the rules said, summed up. */
export type SaidFigures = { readonly kind: 'figures'; readonly figures: CommissioningView } | { readonly kind: 'failed'; readonly why: string }

/** Medicines given; none is an answer too. */
export type Given = ({ readonly kind: 'given' } & KeptGiven) | { readonly kind: 'failed'; readonly why: string }

export interface History {
  /** Never rejects. At most `storeLimits.historyQueriesWaitingMax` wait; more fail at once. */
  trend(query: TrendQuery): Promise<Trend>
  /** Likewise. */
  strips(alertId: string): Promise<Strips>
  /** Likewise. */
  deliveries(alertId: string): Promise<ReadDeliveries>
  /** Likewise. */
  given(query: GivenQuery): Promise<Given>
  /** Likewise. */
  watched(query: WatchQuery): Promise<Watched>
  /** What the rules said in a time, summed up for these beds. Likewise. */
  said(query: SaidQuery, beds: readonly { readonly id: BedId; readonly label: string }[]): Promise<SaidFigures>
  /** The file was replaced: it is read anew. */
  reopen(): void
  close(): Promise<void>
}

const THREAD = new URL('../thread-history.ts', import.meta.url)

/**
 * The thread starts with the first question, and again with the next one after it died. With `onFound` it starts at once, and
 * looks for rot and tampering whenever nobody asks.
 */
export const openHistory = (folder: string, onFound: ((finding: Finding) => void) | null = null): History => new HistoryThread(folder, onFound)

class HistoryThread implements History {
  readonly #folder: string
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #running: { readonly worker: Worker; readonly ended: Promise<void> } | null = null
  #lastId = 0
  #isClosed = false

  readonly #onFound: ((finding: Finding) => void) | null

  constructor(folder: string, onFound: ((finding: Finding) => void) | null) {
    this.#folder = folder
    this.#onFound = onFound
    if (onFound) this.#running = this.#start()
  }

  reopen(): void {
    this.#running?.worker.postMessage({ kind: 'reopen' } satisfies ToHistory)
  }

  async trend(query: TrendQuery): Promise<Trend> {
    const answer = await this.#ask((id) => ({ kind: 'trend', id, query }))
    if (answer.kind === 'trend') return { ...answer.trend, kind: 'series', series: answer.trend.series.map(plain) }
    return { kind: 'failed', why: whyNot(answer), series: [] }
  }

  async strips(alertId: string): Promise<Strips> {
    const answer = await this.#ask((id) => ({ kind: 'strips', id, alertId }))
    return answer.kind === 'strips' ? { kind: 'strips', ...answer.strips } : { kind: 'failed', why: whyNot(answer) }
  }

  async deliveries(alertId: string): Promise<ReadDeliveries> {
    const answer = await this.#ask((id) => ({ kind: 'deliveries', id, alertId }))
    return answer.kind === 'deliveries' ? { kind: 'deliveries', ...answer.deliveries } : { kind: 'failed', why: whyNot(answer) }
  }

  async watched(query: WatchQuery): Promise<Watched> {
    const answer = await this.#ask((id) => ({ kind: 'ledger', id, query }))
    return answer.kind === 'ledger' ? { kind: 'ledger', ...answer.ledger } : { kind: 'failed', why: whyNot(answer) }
  }

  async said(query: SaidQuery, beds: readonly { readonly id: BedId; readonly label: string }[]): Promise<SaidFigures> {
    const answer = await this.#ask((id) => ({ kind: 'said', id, query, beds }))
    return answer.kind === 'said' ? { kind: 'figures', figures: answer.figures } : { kind: 'failed', why: whyNot(answer) }
  }

  async given(query: GivenQuery): Promise<Given> {
    const answer = await this.#ask((id) => ({ kind: 'given', id, query }))
    return answer.kind === 'given' ? { kind: 'given', ...answer.given } : { kind: 'failed', why: whyNot(answer) }
  }

  #ask(question: (id: number) => ToHistory): Promise<Answer> {
    if (this.#isClosed) return failed('History is closed.')
    if (this.#waiting.size >= storeLimits.historyQueriesWaitingMax) return failed('Too many questions to history are waiting.')
    this.#running ??= this.#start()
    const id = ++this.#lastId
    this.#running.worker.postMessage(question(id))
    return new Promise((answer) => this.#waiting.set(id, answer))
  }

  /** Answers what was asked before, then ends. */
  async close(): Promise<void> {
    this.#isClosed = true
    const running = this.#running
    running?.worker.postMessage({ kind: 'close' } satisfies ToHistory)
    await running?.ended
  }

  #start(): { readonly worker: Worker; readonly ended: Promise<void> } {
    const worker = new Worker(THREAD, { workerData: { folder: this.#folder } })
    const ended = Promise.withResolvers<void>()
    let why = 'The history thread ended.'
    if (this.#onFound) worker.postMessage({ kind: 'watch' } satisfies ToHistory)
    worker.on('message', (message: FromHistory) => {
      if (message.kind === 'found') {
        this.#onFound?.(message.finding)
        return
      }
      this.#waiting.get(message.id)?.(message)
      this.#waiting.delete(message.id)
    })
    worker.on('error', (error) => {
      why = `The history thread died: ${whyOf(error)}`
    })
    worker.on('exit', () => {
      this.#running = null
      const all = [...this.#waiting.values()]
      this.#waiting.clear()
      for (const answer of all) answer({ kind: 'failed', why })
      ended.resolve()
    })
    return { worker, ended: ended.promise }
  }
}

type Answer = Exclude<FromHistory, { kind: 'found' | 'failed' }> | { readonly kind: 'failed'; readonly why: string }

const whyNot = (answer: Answer): string => (answer.kind === 'failed' ? answer.why : 'History answered another question.')

const plain = ({ t, v, ...series }: RawSeries): TrendSeries => ({ ...series, t: [...t], v: Array.from(v, (value) => (Number.isNaN(value) ? null : value)) })

const failed = (why: string): Promise<Answer> => Promise.resolve({ kind: 'failed', why })
