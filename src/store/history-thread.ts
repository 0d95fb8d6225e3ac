/** The history thread: one query after the other on a read-only connection. It may be slow without hurting anybody. */

import type { MessagePort } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { StoreUnreadable, openReaderDatabase, whyOf } from './database.ts'
import { type RawTrend, type TrendQuery, readTrend } from './trend.ts'

export type ToHistory = { readonly kind: 'trend'; readonly id: number; readonly query: TrendQuery } | { readonly kind: 'close' }
export type FromHistory =
  | { readonly kind: 'trend'; readonly id: number; readonly trend: RawTrend }
  | { readonly kind: 'failed'; readonly id: number; readonly why: string }

/** Serves until told to close. The file is opened at the first question, and anew after one that failed. */
export function serveHistory(port: MessagePort, folder: string): void {
  let open: ReturnType<typeof openReaderDatabase> | null = null
  port.on('message', (message: ToHistory) => {
    if (message.kind === 'close') {
      open?.db.close()
      port.close()
      return
    }
    try {
      open ??= openReaderDatabase(folder)
      const trend = readTrend(open.db, message.query)
      const buffers = trend.series.flatMap(({ t, v }) => [t.buffer, v.buffer])
      port.postMessage({ kind: 'trend', id: message.id, trend } satisfies FromHistory, buffers)
    } catch (error) {
      open?.db.close()
      open = null
      if (!(error instanceof StoreUnreadable || error instanceof Database.SqliteError)) throw error
      const why = error instanceof StoreUnreadable ? error.message : `History cannot be read: ${whyOf(error)}`
      port.postMessage({ kind: 'failed', id: message.id, why } satisfies FromHistory)
    }
  })
}
