/**
 * What leaves in the `live` lane, field by field, for people: src/sync/lanes.md is made of it, and a test holds what anonymise.ts makes against it.
 * Only where the site names the data-use agreement that permits true times.
 */

import { isSurrogate } from '../domain/batch.ts'
import { METRICS } from '../domain/metrics.ts'
import { syncLimits } from '../limits.ts'
import { WATCHED } from '../rules/armed.ts'
import { always, either, form, list, maybe, quantity, record, whole, word } from './allow-list.ts'
import {
  DEVICE_STATES, DOSE_UNITS, GIVEN_ACTIONS, GIVEN_STATUSES, OTHER, PER_TIMES, PHASES, PRIORITY_WORDS, SEVERITIES, STATES, TYPES, WATCH_STATES, isAtc, isCondition, isVersion, nameWord, unitWord,
  valueWord,
} from './anonymise-vocabulary.ts'
import { CORRECTION_REASONS } from './corrections.ts'

const surrogate = (what: string) => form(isSurrogate, `random, the same for as long as the key epoch lasts: ${what}`)
const TIME = form((text) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(text), 'true time')
const KEY = form((text) => text.split('/').length === 6, '`gateway/epoch/subject/metric/firstSeq-lastSeq/revision`')
const REVISION = whole(0, 9_999, 'how often it was sent anew because it was put right')
const CONDITION = form(isCondition, 'words of the vocabulary, joined by `/`, `-`, `.` or `_`')
const known = (is: (text: string) => string, says: string) => form((text) => text === OTHER || is(text) === text, says)
const OFFSET = quantity(-1e12, 1e12, 'ms from the timestamp of the event')

const stream = <const Type extends string, const Data>(type: Type, data: Data) => ({
  streamId: surrogate('the device, one of its sensors, or the gateway'), eventType: always(type), partitionKey: surrogate('the stay; a device or the gateway where it is of no stay'),
  key: KEY, revision: REVISION, supersedes: maybe(KEY), data, timestamp: TIME,
})

const columns = <const Type extends string>(type: Type) => record(stream(type, record({
    metric: word(METRICS.map(({ id }) => id), 'MDC reference id of the metric'), mdc: whole(0, 2 ** 32, 'its code'),
    loinc: maybe(word(METRICS.flatMap(({ loinc }) => loinc ?? []), 'its LOINC code')), unit: word(METRICS.map(({ unit }) => unit), 'its UCUM unit'),
    t: list(whole(0, 59_999, 'ms within the minute'), syncLimits.readingsPerEventMax), v: list(maybe(quantity(-1e9, 1e9, 'a number')), syncLimits.readingsPerEventMax),
    q: list(whole(0, 399, 'quality code'), syncLimits.readingsPerEventMax),
  })))

const SHARE = maybe(quantity(0, 1_000, 'a share, 1 for all of it'))
const COUNT = whole(0, 1e12, 'a number of them')

export const LIVE = {
  'vital-signs': columns('vital-signs'),
  'lab-results': columns('lab-results'),
  medications: record(stream('medications', record({
    medicationId: maybe(surrogate('the dose, when it is said again, corrected or taken back')), system: always('ATC'), code: form(isAtc, 'class of the substance'),
    status: word(GIVEN_STATUSES, 'whether it was given'), action: word(GIVEN_ACTIONS, 'whether it is said anew, changed or taken back'),
    dose: maybe(record({ amount: quantity(0, 1e9, 'a number'), unit: word(DOSE_UNITS, 'its unit'), per: word(PER_TIMES, 'once, or in this time') })), from: maybe(OFFSET), until: maybe(OFFSET),
  }))),
  'device-metrics': record(stream('device-metrics', record({
    state: word(DEVICE_STATES, 'state'), messages: COUNT, values: COUNT, absent: COUNT, clockOffsetMs: maybe(quantity(-1e13, 1e13, 'its clock minus ours, in ms')),
  }))),
  'system-metrics': record(stream('system-metrics', record({ load: SHARE, memoryFree: SHARE, diskFree: SHARE, lagRows: COUNT, deadLetters: COUNT }))),
  alerts: record(stream('alerts', record({
    alertId: surrogate('the alert'), phase: word(PHASES, 'phase'), state: word(STATES, 'state'), priority: word(PRIORITY_WORDS, 'priority'), severity: word(SEVERITIES, 'severity'),
    type: word(TYPES, 'type'), rule: CONDITION, version: form((text) => text === OTHER || isVersion(text), 'up to three small numbers'),
    because: record({
      condition: CONDITION,
      inputs: list(record({
        name: known(nameWord, 'a metric, its label, or a word of the vocabulary'), value: either(quantity(-1e9, 1e9, 'a number'), known(valueWord, 'or a word of the vocabulary')),
        unit: known(unitWord, 'a unit'), t: OFFSET,
      }), syncLimits.alertInputsMax),
      limit: list(quantity(-1e9, 1e9, 'a number'), 6), missing: list(known(nameWord, 'a word of the vocabulary'), syncLimits.alertInputsMax),
    }),
  }))),
  gaps: record(stream('gaps', record({
    rule: list(word(WATCHED, 'a rule of the watch ledger'), 1_000), state: list(word(WATCH_STATES, '`armed`, or why not'), 1_000), t: list(OFFSET, 1_000),
  }))),
  corrections: record(stream('corrections', record({
    kind: word(['retract', 'reassign'], 'what becomes of the events'), keys: list(KEY, syncLimits.eventsPerBatchMax), subject: maybe(surrogate('whose they are')),
    from: TIME, to: TIME, reason: word(CORRECTION_REASONS, 'why'),
  }))),
  'user-interactions': record({
    userId: surrogate('the user'), action: always('edit'), resource: record({ type: always('alert'), id: surrogate('the alert') }), key: KEY, revision: REVISION, timestamp: TIME,
    metadata: record({ subject: surrogate('the stay'), change: word(['acknowledged', 'audio-paused'], 'what was done'), forMs: maybe(quantity(0, 1e12, 'ms')) }),
  }),
} as const
