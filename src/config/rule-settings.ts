/** The settings of the rules, from what the site says: live, in a replay, and in a demo. */

import { POPULATION_WORDS } from '../domain/population.ts'
import { type Profiles, unsigned, withoutDrafts } from '../rules/profile.ts'
import { DEFAULT_SETTINGS, type RuleSettings } from '../rules/watcher.ts'
import { VARIABLE_WORDS } from '../rules/words.ts'
import { contractsOf } from './limits.ts'
import { policyOf } from './policy.ts'
import type { Site } from './schema.ts'

/** Whose lives these are: drafts of limits act on simulated patients alone. */
export type Kind = 'demo' | 'real'

export const ruleSettingsOf = (site: Site, profiles: Profiles, kind: Kind): RuleSettings =>
  ({ ...DEFAULT_SETTINGS, profiles: kind === 'demo' ? profiles : withoutDrafts(profiles), contracts: contractsOf(site.devices), policy: policyOf(site.policy) })

/** What the ward does not watch because nobody signed it, as an alert for the nurse; null: everything is signed, or this is a demo. */
export function draftsText(profiles: Profiles, kind: Kind): string | null {
  const drafts = kind === 'demo' ? [] : unsigned(profiles)
  if (drafts.length === 0) return null
  const parts = drafts.map(({ population, variables }) => `${POPULATION_WORDS[population]}: ${variables.map((variable) => VARIABLE_WORDS[variable]).join(', ')}`)
  return `Limits are drafts and do not act until a clinician signs them (${parts.join('; ')})`
}

/** For the engineer, in the log. */
export const DRAFTS_HELP =
  'Copy the files of config/limits/ that this ward needs, have a clinician check them, add "signedBy: { name: …, at: YYYY-MM-DD }" to each and name them under "limits" in the site file.'
