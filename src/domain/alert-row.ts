/**
 * A row: the open alerts that a nurse sees as one thing. A cause with what follows from it; the monitor's own alarm and ours
 * for the same. Who stands in which row is a fold over the open alerts, so it is the same after a restart.
 */

import { type Alert, rankOf } from './alert.ts'
import { isQuietened } from './bed-state.ts'

export type Row<One> = {
  /** The cause, or the gravest of those that say the same: its id names the row. */
  readonly head: One
  /** Others that speak in this row: their priority counts, they sound, and one tap acknowledges them with the head. */
  readonly others: readonly One[]
  /** What follows from the head: named in its row, and silent. None of them is graver than those that speak. */
  readonly carried: readonly One[]
}

type Speaking = Pick<Alert, 'state' | 'priority' | 'acknowledged' | 'audioPaused' | 'bedside'> & Partial<Pick<Alert, 'type' | 'condition'>>

export const voicesOf = <One>({ head, others }: Row<One>): readonly One[] => [head, ...others]

/** The highest of those that speak; of equals the head, then the first. */
export const gravestOf = <One extends Speaking>(row: Row<One>): One =>
  voicesOf(row).reduce((best, voice) => (rankOf(voice.priority) > rankOf(best.priority) ? voice : best))

/** Somebody at the bedside has silenced or acknowledged this alarm of the monitor, which goes on: nobody knows of one that is over. */
export const isSilencedThere = ({ state, bedside }: Speaking): boolean => state === 'active' && bedside !== undefined && bedside.isOver !== true

/** What is not graver than an alarm of its row that was silenced at the bedside is quiet here meanwhile. */
export const isQuietAtBedside = <One extends Speaking>(voice: One, row: Row<One>): boolean =>
  voicesOf(row).some((other) => isSilencedThere(other) && rankOf(voice.priority) <= rankOf(other.priority))

/** All that speak were acknowledged. */
export const isAcknowledged = <One extends Speaking>(row: Row<One>): boolean => voicesOf(row).every(({ acknowledged }) => acknowledged !== null)

/**
 * Those that are to be heard: active, acknowledged by nobody, not paused here, not silenced at the bedside, no prompt of
 * comfort care. The gravest first.
 * What is latched is seen and not heard.
 */
export const soundingOf = <One extends Speaking>(row: Row<One>): readonly One[] =>
  voicesOf(row)
    .filter((voice) => voice.state === 'active' && voice.acknowledged === null && voice.audioPaused === null && !isQuietAtBedside(voice, row) && !isQuietened(voice))
    .toSorted((one, other) => rankOf(other.priority) - rankOf(one.priority))

/** Whether a row is to be heard; with which priority, says the first of `soundingOf`. */
export const isSounding = <One extends Speaking>(row: Row<One>): boolean => soundingOf(row).length > 0
