/** How far a sink has come in a batch whose events it sends one by one: a batch that comes again goes on where it stopped. */

import type { SinkMemory } from '../ledger.ts'
import { type Fields, fieldsOf, textOf } from './events.ts'

export type RejectedRow = { readonly index: number; readonly code: string; readonly detail: string }

export type Progress = { readonly done: number; readonly rejected: readonly RejectedRow[] }

const NAME = 'progress'
const BEGINNING: Progress = { done: 0, rejected: [] }

/** Of this batch; from the beginning where the last one that was under way was another. */
export function progressOf(memory: SinkMemory, batchId: string): Progress {
  const text = memory.get(NAME)
  if (text === null) return BEGINNING
  const { batch, done, rejected } = fieldsOf(JSON.parse(text))
  if (textOf(batch) !== batchId || typeof done !== 'number' || !Array.isArray(rejected)) return BEGINNING
  return { done, rejected: rejected.map((row: unknown) => rowOf(fieldsOf(row))) }
}

const rowOf = ({ index, code, detail }: Fields): RejectedRow => ({ index: typeof index === 'number' ? index : 0, code: textOf(code), detail: textOf(detail) })

export const saveProgress = (memory: SinkMemory, batchId: string, { done, rejected }: Progress): void =>
  memory.put(NAME, JSON.stringify({ batch: batchId, done, rejected }))

export const forgetProgress = (memory: SinkMemory): void => memory.put(NAME, null)
