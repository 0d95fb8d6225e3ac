/**
 * All that leaves in the `release` lane, field by field (HIPAA Safe Harbor, 45 CFR 164.514(b)(2)); src/sync/README.md is made of it.
 * Nothing but this module makes a ReleaseEvent, and it makes one of what the schema names.
 */

import { isSurrogate } from '../domain/batch.ts'
import { METRICS } from '../domain/metrics.ts'
import { releaseLimits, syncLimits } from '../limits.ts'
import { WATCHED } from '../rules/armed.ts'
import {
  type Allowed, NOTHING, type Record, always, either, encoderOf, fieldNamesOf, form, list, maybe, quantity, record, whole, word, wordsOf,
} from './allow-list.ts'
import { OTHER, PHASES, PRIORITY_WORDS, SEVERITIES, STATES, TYPES, WATCH_STATES, isCondition, isVersion, nameWord, unitWord, valueWord } from './anonymise-vocabulary.ts'
import { AGE_BANDS, AGE_GROUPS, SEXES } from './release-classes.ts'

/** Known to this module alone: a raw row, or an event of another lane, is none of these. */
const released: unique symbol = Symbol('cleared for release')

const YEAR_MS = 366 * 86_400_000
const REVISION = whole(0, 0, 'always 0: what was released is never corrected')

const random = (what: string) => form(isSurrogate, `random, drawn anew for each release: ${what}`)
const KEY = form(isSurrogate, 'random, of this event alone; drawn when it was cut')
const TIME = form((text) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.000Z$/.test(text), 'relative to the beginning of the stay, which is shown as the first instant of its year (or its dates are shifted); whole seconds')
const known = (is: (text: string) => string, says: string) => form((text) => text === OTHER || is(text) === text, says)
const CONDITION = form(isCondition, 'words of the vocabulary, joined by `/`, `-`, `.` or `_`')
const OFFSET = whole(-YEAR_MS, YEAR_MS, 'ms from the timestamp of the event, whole seconds')
const VALUE = quantity(-1e9, 1e9, 'a number')

const stream = <const Type extends string, Data extends Record>(type: Type, data: Data) => record({
  streamId: random('the device, of this stay alone'),
  eventType: always(type),
  partitionKey: random('the stay'),
  key: KEY,
  revision: REVISION,
  data,
  timestamp: TIME,
})

export const RELEASE = {
  'vital-signs': stream('vital-signs', record({
    metric: word(METRICS.map(({ id }) => id), 'MDC reference id of the metric'),
    mdc: whole(0, 2 ** 32, 'its code'),
    loinc: maybe(word(METRICS.flatMap(({ loinc }) => (loinc === null ? [] : [loinc])), 'its LOINC code')),
    unit: word(METRICS.map(({ unit }) => unit), 'its UCUM unit'),
    t: list(whole(0, 59_000, 'ms within the minute, whole seconds'), syncLimits.readingsPerEventMax),
    v: list(maybe(VALUE), syncLimits.readingsPerEventMax),
    q: list(whole(0, 399, 'quality code'), syncLimits.readingsPerEventMax),
  })),
  alerts: stream('alerts', record({
    alertId: random('the alert'),
    phase: word(PHASES, 'phase'),
    state: word(STATES, 'state'),
    priority: word(PRIORITY_WORDS, 'priority'),
    severity: word(SEVERITIES, 'severity'),
    type: word(TYPES, 'type'),
    rule: CONDITION,
    version: form((text) => text === OTHER || isVersion(text), 'up to three small numbers'),
    because: record({
      condition: CONDITION,
      inputs: list(record({
        name: known(nameWord, 'a metric, its label, or a word of the vocabulary'),
        value: either(VALUE, known(valueWord, 'or a word of the vocabulary')),
        unit: known(unitWord, 'a unit'),
        t: OFFSET,
      }), syncLimits.alertInputsMax),
      limit: list(VALUE, 6),
      missing: list(known(nameWord, 'a word of the vocabulary'), syncLimits.alertInputsMax),
    }),
  })),
  gaps: stream('gaps', record({
    rule: list(word(WATCHED, 'a rule of the watch ledger'), 1_000),
    state: list(word(WATCH_STATES, '`armed`, or why not'), 1_000),
    t: list(OFFSET, 1_000),
  })),
  visit: record({
    patientId: random('the stay'),
    eventType: always('visit'),
    key: KEY,
    revision: REVISION,
    metadata: record({
      timestamp: TIME,
      provider: NOTHING,
      location: NOTHING,
      details: record({
        minutes: whole(0, 10_000_000, 'how long the stay was'),
        ageBand: word(AGE_BANDS, `age in tens of years, 90 and above in one; \`none\` unless stays of ${releaseLimits.classStaysMin} patients in the release share it and all that is told with it`),
        ageGroup: word(AGE_GROUPS, 'adult or child, under the same condition'),
        sex: word(SEXES, 'under the same condition'),
        site: list(record({
          name: form((text) => /^[a-z][A-Za-z0-9]{0,31}$/.test(text), 'name of a field that the site has added (`sync.fields`)'),
          value: form((text) => text.length <= releaseLimits.fieldCharactersMax, 'what mask or tokenize made of it, under the same condition'),
        }), releaseLimits.fieldsMax),
      }),
    }),
    context: record({ sessionId: NOTHING, sourceSystem: always('vigil') }),
  }),
} as const

export type ReleaseType = keyof typeof RELEASE
export type ReleaseContent<Type extends ReleaseType> = Allowed<(typeof RELEASE)[Type]>
export type ReleaseEvent = { readonly [released]: true; readonly key: string; readonly eventType: ReleaseType; readonly data?: object }

const ENCODERS = {
  'vital-signs': encoderOf(RELEASE['vital-signs']), alerts: encoderOf(RELEASE.alerts), gaps: encoderOf(RELEASE.gaps), visit: encoderOf(RELEASE.visit),
}

export type Clearance = { readonly kind: 'cleared'; readonly event: ReleaseEvent } | { readonly kind: 'refused'; readonly at: string }

/** The event, with the fields that the schema names and no others; refused where one of them has not its shape. */
export function clear<const Type extends ReleaseType>(type: Type, content: ReleaseContent<Type>): Clearance {
  const encoded = ENCODERS[type](content)
  return encoded.kind === 'refused' ? encoded : { kind: 'cleared', event: { [released]: true, ...encoded.value } }
}

/** For the egress scanner: what it need not look into. */
export const RELEASE_FIELDS: ReadonlySet<string> = new Set(Object.values(RELEASE).flatMap(fieldNamesOf))
export const RELEASE_WORDS: ReadonlySet<string> = new Set(Object.values(RELEASE).flatMap(wordsOf))
