/** A file of alarm limits: one population's limits by variable. `config/limits/` holds those that Vigil ships. */

import { z } from 'zod'
import { VARIABLES } from '../domain/metrics.ts'
import { POPULATIONS } from '../domain/population.ts'
import { type DeviceId, deviceId } from '../domain/ids.ts'
import type { Contracts, DeviceContract, MetricContract } from '../rules/contract.ts'
import type { Grade, LimitProfile, VariableLimits } from '../rules/profile.ts'
import type { DeviceSetting } from './schema.ts'

const grade = z.strictObject({
  beyond: z.number(),
  priority: z.enum(['low', 'medium', 'high']),
  delaySeconds: z.number().min(0).max(600),
  samples: z.int().min(1).max(100).optional(),
  onlyOnOxygen: z.literal(true).optional(),
})

const variable = z.strictObject({
  draft: z.boolean().describe('Rests on memory: acts in a demo alone until the profile is signed.'),
  clearMargin: z.number().min(0),
  averageSeconds: z.number().min(2).max(60).optional().describe('Values of so long are averaged before they are compared.'),
  low: z.array(grade).max(5),
  high: z.array(grade).max(5),
})

export const profileSchema = z.strictObject({
  name: z.string().min(1).max(64),
  population: z.enum(POPULATIONS),
  setBy: z.string().min(1).max(64).describe('Who answers for these limits: the nurse reads it in every alert.'),
  signedBy: z
    .strictObject({ name: z.string().min(3).max(64), at: z.iso.date() })
    .optional()
    .describe('The clinician who answers for these limits, and the day. Without it drafts do not act on patients.'),
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

export function profileOf({ variables, signedBy, ...rest }: Parsed): LimitProfile {
  const limits = Object.entries(variables).map(([name, { low, high, averageSeconds, ...of }]): [string, VariableLimits] => {
    const sides = { ...of, low: low.map(gradeOf), high: high.map(gradeOf) }
    return [name, averageSeconds === undefined ? sides : { ...sides, averageSeconds }]
  })
  const profile = { ...rest, variables: Object.fromEntries(limits) }
  return signedBy === undefined ? profile : { ...profile, signedBy }
}

/** What the site says that its devices promise. */
export function contractsOf(devices: readonly Pick<DeviceSetting, 'id' | 'contract'>[]): Contracts {
  return new Map(devices.flatMap(({ id, contract }): [DeviceId, DeviceContract][] => (contract === undefined ? [] : [[deviceId(id), contractOf(contract)]])))
}

function contractOf({ everySeconds, metrics = {} }: NonNullable<DeviceSetting['contract']>): DeviceContract {
  const own = Object.entries(metrics).map(([id, { kind, everySeconds: every, scoredHours }]): [string, MetricContract] => [
    id,
    {
      ...(kind === undefined ? {} : { kind }),
      ...(every === undefined ? {} : { everyMs: every * 1_000 }),
      ...(scoredHours === undefined ? {} : { scoredMs: scoredHours * 3_600_000 }),
    },
  ])
  return { ...(everySeconds === undefined ? {} : { everyMs: everySeconds * 1_000 }), metrics: Object.fromEntries(own) }
}
