/** How alerts behave in this ward: what may stand under `alerts`. */

import { z } from 'zod'
import type { LifecycleSettings } from '../alerts/lifecycle.ts'
import { alertLimits } from '../limits.ts'

const minutes = (standardMs: number) => z.int().min(1).max(alertLimits.acknowledgedMinutesMax).default(standardMs / 60_000)

export const alerts = z
  .strictObject({
    besideMonitor: z
      .enum(['quiet', 'both'])
      .default('quiet')
      .describe("Where a monitor's own alarms are heard, a simple limit of ours that is not of high priority leaves the word to the monitor, and speaks when the monitor does not. both: it speaks at once, in one row with the monitor's."),
    acknowledgedMinutes: z
      .strictObject({ high: minutes(alertLimits.acknowledgedHighMs), medium: minutes(alertLimits.acknowledgedMediumMs), low: minutes(alertLimits.acknowledgedLowMs) })
      .prefault({})
      .describe('How long an acknowledgement holds while the condition goes on; then the alert sounds again.'),
  })
  .prefault({})
  .describe('How alerts behave.')

/** As the life cycle of alerts wants them. */
export const lifecycleSettings = ({ acknowledgedMinutes: { high, medium, low } }: z.output<typeof alerts>): LifecycleSettings => ({
  acknowledgedMs: { high: high * 60_000, medium: medium * 60_000, low: low * 60_000 },
})
