/** Single values are kept for so many days; roll-ups, alerts and the keys of events stay. */

import { centralLimits } from '../../src/limits.ts'
import type { Clock } from '../../src/seams.ts'
import type { Partitions } from './partitions.ts'

export type Retention = {
  readonly partitions: Pick<Partitions, 'dropValuesBefore'>
  readonly days: number
  readonly clock: Clock
  readonly stop: AbortSignal
  readonly note: (line: string) => void
}

const DAY_MS = 86_400_000

/** At once and then each day, until stopped. A database that fails is asked again the next day. */
export async function keepValues({ partitions, days, clock, stop, note }: Retention): Promise<void> {
  while (!stop.aborted) {
    try {
      await partitions.dropValuesBefore(clock.wall() - days * DAY_MS)
    } catch (error) {
      if (!stop.aborted) note(`Old values were not dropped: ${error instanceof Error ? error.message : String(error)}`)
    }
    await clock.sleep(centralLimits.retentionPauseMs, stop)
  }
}
