/** How far a sink has come in a batch whose events it sends one by one: a batch that comes again goes on where it stopped. */

import { syncLimits } from '../../limits.ts'
import type { SinkMemory } from '../ledger.ts'
import { fieldsOf, textOf } from './events.ts'

export type RejectedRow = { readonly index: number; readonly code: string; readonly detail: string }

export type Progress = { readonly done: number; readonly rejected: readonly RejectedRow[] }

const NAME = 'progress'
const TOO_MANY = 'refused, and so were too many others to remember why'
const BEGINNING: Progress = { done: 0, rejected: [] }

/** Of this batch; from the beginning where the last one that was under way was another. */
export function progressOf(memory: SinkMemory, batchId: string): Progress {
  const text = memory.get(NAME)
  if (text === null) return BEGINNING
  const { batch, done, reasons, rejected } = fieldsOf(JSON.parse(text))
  if (textOf(batch) !== batchId || typeof done !== 'number' || !Array.isArray(reasons) || !Array.isArray(rejected)) return BEGINNING
  return { done, rejected: rejected.map((row: unknown) => rowOf(row, reasons)) }
}

function rowOf(row: unknown, reasons: readonly unknown[]): RejectedRow {
  const [index, place]: readonly unknown[] = Array.isArray(row) ? row : []
  const { code, detail } = fieldsOf(typeof place === 'number' ? reasons[place] : null)
  return { index: typeof index === 'number' ? index : 0, code: textOf(code), detail: textOf(detail) }
}

/** A far end that refuses all of a batch says the same of each, or nearly: each reason stands once, and of those beyond the bound that they were. */
export function saveProgress(memory: SinkMemory, batchId: string, { done, rejected }: Progress): void {
  const reasons = new Map<string, { readonly place: number; readonly code: string; readonly detail: string }>()
  const rows = rejected.map(({ index, code, detail }) => {
    const isKnown = reasons.size < syncLimits.progressReasonsMax || reasons.has(`${code}\u0000${detail}`)
    const reason = { code, detail: isKnown ? detail : TOO_MANY }
    const name = `${code}\u0000${reason.detail}`
    const { place } = reasons.get(name) ?? { place: reasons.size }
    reasons.set(name, { place, ...reason })
    return [index, place]
  })
  memory.put(NAME, JSON.stringify({ batch: batchId, done, reasons: [...reasons.values()].map(({ code, detail }) => ({ code, detail })), rejected: rows }))
}

export const forgetProgress = (memory: SinkMemory): void => memory.put(NAME, null)
