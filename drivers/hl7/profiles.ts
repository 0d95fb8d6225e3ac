/**
 * What monitors of one maker say in their own way, as tables. A profile adds meanings and never takes one away: what the
 * standard's own table believes is believed whatever the profile. Codes of a maker's own system need no profile to be known;
 * codes that a maker gives another meaning than the standard count under its profile alone.
 */

import { type Hl7Message, type Segment, type SettingSpec, type Separators, part } from '#driver'

export type Profile = {
  readonly id: string
  /** `auto` takes the profile when MSH-3 or MSH-4 begins so. */
  readonly senders: RegExp | null
  /** `auto` takes the profile when a code of the message is of one of these systems. */
  readonly systems: readonly string[]
  /** OBX-3 as `code^name^system` (an empty name: whatever it says), the metric's reference id, and a channel where OBX-4 does not tell sensors apart. */
  readonly codes: readonly (readonly [code: string, metric: string, channel?: string])[]
  /** Codes that are understood and are no metric, and what they are. */
  readonly others: readonly (readonly [code: string, why: string])[]
  /** Codes in alarm messages for the attributes of PCD-04 (68480 and following). */
  readonly attributes: readonly (readonly [code: string, attribute: string])[]
  /** OBX-3 says 0 or 1, and OBX-4 which analyte it is. */
  readonly hasAnalytesInPlace: boolean
}

const NONE = { senders: null, systems: [], codes: [], others: [], attributes: [], hasAnalytesInPlace: false } as const

export const PROFILES: readonly Profile[] = [
  {
    ...NONE,
    id: 'mindray',
    senders: /^MINDRAY/i,
    systems: ['99MNDRY'],
    others: [['108^MNDRY_ECG_PAUSE_RATE^99MNDRY', 'pauses of the heart a minute']],
  },
  {
    ...NONE,
    id: 'philips',
    senders: /^(?:Philips|PIIC|Efficia|SureSigns)/i,
    systems: ['MDIL', 'MDIL-ALERT', '99PHL'],
    // Codes of IntelliVue that have another metric than their number; the rest are MDC codes in hexadecimal.
    codes: [
      ['0002-4822^^MDIL', 'MDC_PULS_OXIM_PULS_RATE'],
      ['0002-f0e5^^MDIL', 'MDC_PULS_RATE_NON_INV'],
      ['0002-480a^^MDIL', 'MDC_PULS_RATE'],
      // Efficia CM Series Data Export Guide, 3-17: respiration from the ECG, in breaths a minute.
      ['0002-5000^^MDIL', 'MDC_RESP_RATE'],
      ['0002-4bc8^^MDIL', 'MDC_PULS_OXIM_SAT_O2', 'left'],
      ['0002-4bcc^^MDIL', 'MDC_PULS_OXIM_SAT_O2', 'right'],
      ['0002-f09c^^MDIL', 'MDC_PULS_OXIM_SAT_O2', 'telemetry'],
      ['0002-f1c0^^MDIL', 'MDC_PULS_OXIM_SAT_O2_PRE_DUCTAL'],
      ['0002-f1d4^^MDIL', 'MDC_PULS_OXIM_SAT_O2_POST_DUCTAL'],
      ['0002-50b0^^MDIL', 'MDC_CONC_AWAY_CO2_ET'],
      ['0002-7498^^MDIL', 'MDC_CONC_AWAY_O2_INSP'],
      ['0002-4261^^MDIL', 'MDC_ECG_V_P_C_RATE'],
    ],
    others: [['0402-f8f5^^MDIL', 'the mode of the monitor']],
  },
  {
    ...NONE,
    id: 'ge',
    senders: /^(?:VSP$|GE[ _]|GE$)/,
    systems: ['B1X5_GE'],
    attributes: [['68164', 'source'], ['68165', 'phase'], ['68166', 'state'], ['68167', 'inactivation']],
  },
  {
    ...NONE,
    id: 'comen',
    senders: /^COMEN/i,
    systems: ['99COMEN'],
    // To the standard 149522 is a pulse from an arterial line, which a spot check does not have.
    codes: [['149522^MDC_PULS_RATE^MDC', 'MDC_PULS_RATE']],
    others: [['2267^COMEN_ACVPU^99COMEN', 'how awake the patient is, in a word'], ['2010^COMEN_AGE^99COMEN', 'the age of the patient']],
  },
  { ...NONE, id: 'edan', senders: /^EDAN/i, hasAnalytesInPlace: true },
  { ...NONE, id: 'masimo', senders: /^(?:MASIMO|PSN$)/i },
  { ...NONE, id: 'pcd01' },
]

/** What `auto` takes where no sign of a maker is found: the standard alone. */
export const UNKNOWN: Profile = { ...NONE, id: 'unknown' }

export const PROFILE_SETTING: SettingSpec = {
  name: 'profile',
  help: 'Whose dialect the sender speaks: auto looks at MSH-3, MSH-4 and the coding systems of each message; pcd01 believes the standard alone.',
  default: 'auto',
  choices: ['auto', ...PROFILES.map(({ id }) => id).sort()],
}

/** @throws RangeError when there is no such profile. Null: each message tells. */
export function profileSetting(name: string): Profile | null {
  if (name === 'auto') return null
  const profile = PROFILES.find(({ id }) => id === name)
  if (profile === undefined) throw new RangeError(`profile: there is no "${name.slice(0, 64)}" (${PROFILE_SETTING.choices?.join(', ') ?? ''})`)
  return profile
}

/** An analyte where OBX-4 names a place, in a row of a code that is none. */
const ANALYTE_ROW = /^OBX\|[^|]*\|(?:NM|ST)\|[01]\|(?:pH|pCO2|pO2|Lac|Na\+?|K\+?|Glu)\|/

/** Whose message it is, by what it says of itself. */
export function profileOf({ header, segments, separators }: Hl7Message): Profile {
  const names = [header.value(3), header.value(4)]
  const named = PROFILES.find(({ senders }) => senders !== null && names.some((name) => senders.test(name)))
  if (named !== undefined) return named
  const bySystem = PROFILES.find(({ systems }) => systems.length > 0 && segments.some((segment) => isNamedIn(segment, systems, separators)))
  if (bySystem !== undefined) return bySystem
  return segments.some((segment) => segment.id === 'OBX' && ANALYTE_ROW.test(segment.raw)) ? (PROFILES.find(({ id }) => id === 'edan') ?? UNKNOWN) : UNKNOWN
}

/** Coding systems stand in OBR-4 and OBX-3, the maker of a part in OBX-18. */
function isNamedIn(segment: Segment, systems: readonly string[], { component }: Separators): boolean {
  if (segment.id !== 'OBX' && segment.id !== 'OBR') return false
  const code = segment.field(segment.id === 'OBX' ? 3 : 4)
  if (systems.includes(part(code, component, 3)) || systems.includes(part(code, component, 6))) return true
  return segment.id === 'OBX' && !segment.isEmpty(18) && systems.includes(part(segment.field(18), component, 2))
}
