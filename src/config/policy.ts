/** When the screen for deterioration and sepsis calls, as a ward may set it. */

import { z } from 'zod'
import { type AlertPolicy, DEFAULT_POLICY } from '../rules/policy.ts'

const seconds = z.int().min(0).max(43_200)
const hours = z.number().min(0).max(48)
const standard = (name: keyof AlertPolicy): string => `Default ${DEFAULT_POLICY[name]}.`

export const policySchema = z.strictObject({
  emergencySeconds: seconds.max(300).optional().describe(`NEWS2 of 7 or more must stand so long. ${standard('emergencySeconds')}`),
  supportedSeconds: seconds.max(900).optional().describe(`NEWS2 of 5 or 6 with low pressure or raised lactate must stand so long. ${standard('supportedSeconds')}`),
  urgentSeconds: seconds.optional().describe(`NEWS2 of 5 or 6 and nothing besides must stand so long. ${standard('urgentSeconds')}`),
  supportSirs: z.int().min(1).max(5).optional().describe(`SIRS criteria of four that support a NEWS2 of 5 or 6 too; 5: never. ${standard('supportSirs')}`),
  endBelow: z.int().min(1).max(5).optional().describe(`An alert of NEWS2 ends below this score. ${standard('endBelow')}`),
  endSeconds: seconds.optional().describe(`It must have stayed there so long. ${standard('endSeconds')}`),
  quietHours: hours.optional().describe(`After a call no other for the same; a rise, or 7 where it was less, calls all the same. ${standard('quietHours')}`),
  risePoints: z.int().min(1).max(5).optional().describe(`What counts as a rise. ${standard('risePoints')}`),
  feverAbove: z.number().min(37.5).max(45).optional().describe(`Above this temperature in °C the screen asks whether an infection is suspected. ${standard('feverAbove')}`),
  askSirs: z.int().min(1).max(5).optional().describe(`So many SIRS criteria with low pressure ask it too; 5: never. ${standard('askSirs')}`),
  askAgainHours: hours.optional().describe(`The same question is not asked again for so long; if it still stands then, it is. ${standard('askAgainHours')}`),
})

/** What is not set is as Vigil ships it. */
export function policyOf(set: z.output<typeof policySchema> = {}): AlertPolicy {
  const given = Object.entries(set).filter(([, value]) => value !== undefined)
  return { ...DEFAULT_POLICY, ...Object.fromEntries(given) }
}
