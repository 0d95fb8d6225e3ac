/** A file of alarm limits: one population's limits by variable. `config/limits/` holds those that Vigil ships. */

import { z } from 'zod'
import { VARIABLES } from '../domain/metrics.ts'
import type { Grade, LimitProfile, VariableLimits } from '../rules/profile.ts'

const grade = z.strictObject({
  beyond: z.number(),
  priority: z.enum(['low', 'medium', 'high']),
  delaySeconds: z.number().min(0).max(600),
  samples: z.int().min(1).max(100).optional(),
  onlyOnOxygen: z.literal(true).optional(),
})

const variable = z.strictObject({ draft: z.boolean(), clearMargin: z.number().min(0), low: z.array(grade).max(5), high: z.array(grade).max(5) })

export const profileSchema = z.strictObject({
  name: z.string().min(1).max(64),
  population: z.enum(['adult', 'paediatric', 'neonate']),
  setBy: z.string().min(1).max(64).describe('Who answers for these limits: the nurse reads it in every alert.'),
  variables: z.partialRecord(z.enum(VARIABLES), variable),
})

export const profileJsonSchema = (): object => z.toJSONSchema(profileSchema, { io: 'input' })

type Parsed = z.output<typeof profileSchema>
type ParsedGrade = z.output<typeof grade>

/** Absent stays absent: a key whose value is undefined is something else. */
function gradeOf({ beyond, priority, delaySeconds, samples, onlyOnOxygen }: ParsedGrade): Grade {
  const grade: Grade = { beyond, priority, delaySeconds }
  const counted: Grade = samples === undefined ? grade : { ...grade, samples }
  return onlyOnOxygen === undefined ? counted : { ...counted, onlyOnOxygen }
}

export function profileOf({ variables, ...rest }: Parsed): LimitProfile {
  const limits = Object.entries(variables).map(([name, { low, high, ...of }]): [string, VariableLimits] => [name, { ...of, low: low.map(gradeOf), high: high.map(gradeOf) }])
  return { ...rest, variables: Object.fromEntries(limits) }
}
