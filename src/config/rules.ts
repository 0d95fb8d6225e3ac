/** A file of rule settings by itself: limits and the numbers of the alert policy. What `vigil replay --rules` and `vigil evaluate --rules` read. */

import { z } from 'zod'
import { POPULATIONS } from '../domain/population.ts'
import { DEFAULT_SETTINGS, type RuleSettings } from '../rules/watcher.ts'
import { contractsOf } from './limits.ts'
import { loadProfiles, parseYaml, textOf, type Wrong } from './load.ts'
import { policyOf, policySchema } from './policy.ts'
import { contract } from './schema.ts'

export const rulesSchema = z.strictObject({
  name: z.string().min(1).max(64).optional().describe('What the report calls these rules.'),
  limits: z.partialRecord(z.enum(POPULATIONS), z.string().min(1)).default({}).describe('Files of alarm limits by population, relative to this file.'),
  policy: policySchema.optional(),
  periodicSeconds: z.int().min(1).max(3_600).optional().describe('How often a monitor promises a periodic value.'),
  devices: z.array(z.strictObject({ id: z.string().min(1), contract })).default([]).describe('Contracts of devices, as in the site file.'),
})

const rulesJsonSchema = (): object => z.toJSONSchema(rulesSchema, { io: 'input' })

/** An empty file is Vigil as it ships. */
export function loadRules(file: string): { readonly kind: 'ok'; readonly settings: RuleSettings; readonly name: string } | Wrong {
  const text = textOf(file, 'config/rules.example.yaml')
  if (typeof text !== 'string') return text
  const parsed = parseYaml(text.trim() === '' ? '{}' : text, file, { schema: rulesSchema, jsonSchema: rulesJsonSchema, cross: () => [] })
  if (parsed.kind === 'wrong') return parsed
  const { name, limits, policy, periodicSeconds, devices } = parsed.value
  const loaded = loadProfiles({ limits }, file)
  if (loaded.kind === 'wrong') return loaded
  const periodicIntervalMs = periodicSeconds === undefined ? DEFAULT_SETTINGS.periodicIntervalMs : periodicSeconds * 1_000
  const settings = { ...DEFAULT_SETTINGS, profiles: loaded.profiles, periodicIntervalMs, contracts: contractsOf(devices), policy: policyOf(policy) }
  return { kind: 'ok', name: name ?? file, settings }
}
