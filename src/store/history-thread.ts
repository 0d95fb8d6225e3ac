/** The history thread: one query after the other on a read-only connection. It may be slow without hurting anybody. */

import type { MessagePort } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { sealLimits } from '../limits.ts'
import { StoreUnreadable, openReaderDatabase, whyOf } from './database.ts'
import { type KeptDeliveries, readDeliveries } from './deliveries.ts'
import { type GivenQuery, type KeptGiven, readGiven } from './given.ts'
import type { CommissioningView } from '../api/house-wire.ts'
import type { BedId } from '../domain/ids.ts'
import { commissioningOf } from '../evaluate/commissioning.ts'
import type { Damage } from './rows.ts'
import { readSaid, type SaidQuery } from './said.ts'
import { sealKeys } from './seal-key.ts'
import { type KeptStrips, readStrips } from './strips.ts'
import { type RawTrend, type TrendQuery, readTrend } from './trend.ts'
import { type KeptWatch, type WatchQuery, readWatch } from './watch.ts'
import { type Tampering, type Verdict, type VerifyProgress, verifying } from './verify.ts'

export type ToHistory =
  | { readonly kind: 'trend'; readonly id: number; readonly query: TrendQuery }
  | { readonly kind: 'strips'; readonly id: number; readonly alertId: string }
  | { readonly kind: 'deliveries'; readonly id: number; readonly alertId: string }
  | { readonly kind: 'given'; readonly id: number; readonly query: GivenQuery }
  | { readonly kind: 'ledger'; readonly id: number; readonly query: WatchQuery }
  /** What the rules said, summed up for these beds. */
  | { readonly kind: 'said'; readonly id: number; readonly query: SaidQuery; readonly beds: readonly { readonly id: BedId; readonly label: string }[] }
  /** Looks for rot and tampering from now on, slowly, again and again. */
  | { readonly kind: 'watch' }
  /** The file was replaced: what is open is of the one before. */
  | { readonly kind: 'reopen' }
  | { readonly kind: 'close' }
export type FromHistory =
  | { readonly kind: 'trend'; readonly id: number; readonly trend: RawTrend }
  | { readonly kind: 'strips'; readonly id: number; readonly strips: KeptStrips }
  | { readonly kind: 'deliveries'; readonly id: number; readonly deliveries: KeptDeliveries }
  | { readonly kind: 'given'; readonly id: number; readonly given: KeptGiven }
  | { readonly kind: 'ledger'; readonly id: number; readonly ledger: KeptWatch }
  | { readonly kind: 'said'; readonly id: number; readonly figures: CommissioningView }
  | { readonly kind: 'failed'; readonly id: number; readonly why: string }
  | { readonly kind: 'found'; readonly finding: Finding }

/** What the watch came upon. */
export type Finding = { readonly kind: 'damage'; readonly damage: Damage } | { readonly kind: 'tampering'; readonly tampering: Tampering }

/** Serves until told to close. The file is opened at the first question, and anew after one that failed. */
export function serveHistory(port: MessagePort, folder: string): void {
  let open: ReturnType<typeof openReaderDatabase> | null = null
  let isWatched = false
  const watch = watchFor(folder, (finding) => port.postMessage({ kind: 'found', finding } satisfies FromHistory))
  port.on('message', (message: ToHistory) => {
    if (message.kind === 'watch') {
      isWatched = true
      watch.begin()
      return
    }
    if (message.kind === 'reopen' || message.kind === 'close') {
      open?.db.close()
      open = null
      watch.end()
      if (message.kind === 'close') port.close()
      else if (isWatched) watch.begin()
      return
    }
    try {
      open ??= openReaderDatabase(folder)
      if (message.kind === 'trend') {
        const trend = readTrend(open.db, message.query)
        const buffers = trend.series.flatMap(({ t, v }) => [t.buffer, v.buffer])
        port.postMessage({ kind: 'trend', id: message.id, trend } satisfies FromHistory, buffers)
      } else if (message.kind === 'ledger') {
        const ledger = readWatch(open.db, message.query)
        for (const damage of ledger.damaged) port.postMessage({ kind: 'found', finding: { kind: 'damage', damage } } satisfies FromHistory)
        port.postMessage({ kind: 'ledger', id: message.id, ledger } satisfies FromHistory)
      } else if (message.kind === 'said') {
        const said = readSaid(open.db, message.query)
        for (const damage of said.damaged) port.postMessage({ kind: 'found', finding: { kind: 'damage', damage } } satisfies FromHistory)
        port.postMessage({ kind: 'said', id: message.id, figures: commissioningOf(message.beds, said, message.query) } satisfies FromHistory)
      } else if (message.kind === 'given') {
        const given = readGiven(open.db, message.query)
        for (const damage of given.damaged) port.postMessage({ kind: 'found', finding: { kind: 'damage', damage } } satisfies FromHistory)
        port.postMessage({ kind: 'given', id: message.id, given } satisfies FromHistory)
      } else if (message.kind === 'deliveries') {
        const deliveries = readDeliveries(open.db, message.alertId)
        for (const damage of deliveries.damaged) port.postMessage({ kind: 'found', finding: { kind: 'damage', damage } } satisfies FromHistory)
        port.postMessage({ kind: 'deliveries', id: message.id, deliveries } satisfies FromHistory)
      } else {
        const strips = readStrips(open.db, message.alertId)
        for (const damage of strips.damaged) port.postMessage({ kind: 'found', finding: { kind: 'damage', damage } } satisfies FromHistory)
        port.postMessage({ kind: 'strips', id: message.id, strips } satisfies FromHistory, strips.strips.map(({ samples }) => samples.buffer))
      }
    } catch (error) {
      open?.db.close()
      open = null
      if (!(error instanceof StoreUnreadable || error instanceof Database.SqliteError)) throw error
      const why = error instanceof StoreUnreadable ? error.message : `History cannot be read: ${whyOf(error)}`
      port.postMessage({ kind: 'failed', id: message.id, why } satisfies FromHistory)
    }
  })
}

/** A pass over the whole file, a few rows at a time, on a connection of its own; then a rest, and another. */
function watchFor(folder: string, tell: (finding: Finding) => void): { begin(): void; end(): void } {
  let timer: NodeJS.Timeout | null = null
  let pass: { readonly db: Database.Database; readonly steps: Generator<VerifyProgress, Verdict, undefined> } | null = null
  const end = (): void => {
    if (timer) clearTimeout(timer)
    timer = null
    pass?.db.close()
    pass = null
  }
  const start = (): NonNullable<typeof pass> => {
    const { db } = openReaderDatabase(folder)
    const onDamage = (damage: Damage): void => tell({ kind: 'damage', damage })
    const onTampering = (tampering: Tampering): void => tell({ kind: 'tampering', tampering })
    return { db, steps: verifying({ db, keys: sealKeys(folder), onDamage, onTampering }) }
  }
  const look = (): void => {
    let pauseMs: number = sealLimits.lookPauseMs
    try {
      pass ??= start()
      if (pass.steps.next().done === true) {
        end()
        pauseMs = sealLimits.passPauseMs
      }
    } catch (error) {
      if (!(error instanceof StoreUnreadable || error instanceof Database.SqliteError)) throw error
      end()
      tell({ kind: 'damage', damage: { table: 'snapshot', row: 'unknown', why: whyOf(error) } })
      pauseMs = sealLimits.passPauseMs
    }
    timer = setTimeout(look, pauseMs)
  }
  return {
    begin: () => {
      timer ??= setTimeout(look, sealLimits.lookPauseMs)
    },
    end,
  }
}
