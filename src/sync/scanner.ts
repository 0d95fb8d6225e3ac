/**
 * The egress scanner: the last look at an event before its bytes leave. It does not trust the allow-list. A leaf is clean
 * when its form proves what it is (a word of the vocabulary, a time, a surrogate, a range of seqs); any other text is
 * searched for every identifier that this ward knows. Numbers are proved by the schema of the lane.
 */

import { isSurrogate } from '../domain/batch.ts'
import { syncLimits } from '../limits.ts'
import { VOCABULARY, isAtc, isCondition, isVersion } from './anonymise-vocabulary.ts'
import { RELEASE_FIELDS, RELEASE_WORDS } from './release-schema.ts'

export type ScanResult =
  | { readonly kind: 'clean' }
  /** `at` is the path of the leaf, as in `data.condition`. What was found is not repeated: reports travel too. */
  | { readonly kind: 'hit'; readonly at: string }

export interface Scanner {
  /** Names, record numbers, device ids, bed labels, in any spelling; parts of names count too. Beyond the bound the oldest are forgotten. */
  learn(identifiers: Iterable<string>): void
  /** Words that the site has chosen to send, as they are: names of its own fields. */
  trust(words: Iterable<string>): void
  scan(event: unknown): ScanResult
}

const CLEAN: ScanResult = { kind: 'clean' }

/** An identifier of fewer characters is found as a whole word only: inside longer words it would be everywhere. */
const INSIDE_WORDS_FROM_CHARS = 4
const NESTING_MAX = 12

/** Names of fields of the live lane. Any other field name is searched like a value. */
const FIELDS: ReadonlySet<string> = new Set([
  'streamId', 'eventType', 'partitionKey', 'key', 'revision', 'data', 'timestamp', 'metric', 'mdc', 'loinc', 'unit', 't', 'v', 'q', 'alertId',
  'phase', 'state', 'priority', 'severity', 'type', 'rule', 'version', 'because', 'condition', 'inputs', 'name', 'value', 'limit', 'missing',
  'userId', 'action', 'resource', 'id', 'metadata', 'subject', 'change', 'forMs', 'supersedes', 'kind', 'keys', 'from', 'to', 'reason',
  'medicationId', 'system', 'code', 'status', 'dose', 'amount', 'per', 'until', 'messages', 'values', 'absent', 'clockOffsetMs', 'load', 'memoryFree', 'diskFree',
  'lagRows', 'deadLetters',
])

/** An id of ours (RFC 9562): of nobody in its parts, which are many, and short enough to stand in any token. */
const DRAWN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
const SEQS = /^\d{1,16}-\d{1,16}$/
const REVISION = /^\d{1,4}$/
/** Tells events apart that are alike in all else of the key. */
const ORDINAL = /\.\d{1,4}$/

/** Letters and digits in one case and one form, everything else a space: `Doe^Jané` is `doe jane`. */
const wordsOf = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim()

/** @param ours The configured words of a key (gateway id, epoch), which are sent by contract. */
export function createScanner(ours: readonly string[]): Scanner {
  const inside = new Set<string>()
  const whole = new Set<string>()
  const trusted = new Set<string>()
  const constants: ReadonlySet<string> = new Set(ours.flatMap((word) => [word, encodeURIComponent(word)]))

  const contains = (text: string): boolean => {
    const words = wordsOf(text)
    const compact = words.replaceAll(' ', '')
    for (const identifier of inside) if (compact.includes(identifier)) return true
    return words.split(' ').some((word) => whole.has(word))
  }
  const isKey = (text: string): boolean => {
    const [gatewayId = '', epoch = '', subject = '', metric = '', seqs = '', revision = '', ...more] = text.split('/')
    return (
      more.length === 0 && constants.has(gatewayId) && constants.has(epoch) && isSurrogate(subject) &&
      VOCABULARY.has(metric.replace(ORDINAL, '')) && SEQS.test(seqs) && REVISION.test(revision)
    )
  }
  // What most leaves are is asked first.
  const proven = (text: string): boolean =>
    isSurrogate(text) || TIME.test(text) || VOCABULARY.has(text) || isKey(text) || RELEASE_WORDS.has(text) || trusted.has(text) || isVersion(text) || isCondition(text) || isAtc(text)

  function hitIn(value: unknown, at: string, depth: number): string | null {
    if (typeof value === 'string') return proven(value) || !contains(value) ? null : at
    if (typeof value !== 'object' || value === null) return null
    if (depth >= NESTING_MAX) return at
    if (Array.isArray(value)) {
      for (const element of value) {
        if (typeof element === 'number') continue
        const hit = hitIn(element, at, depth + 1)
        if (hit !== null) return hit
      }
      return null
    }
    for (const [name, field] of Object.entries(value)) {
      const known = FIELDS.has(name) || RELEASE_FIELDS.has(name)
      if (!known && contains(name)) return `${at} (a field name)`
      if (typeof field === 'number') continue
      const hit = hitIn(field, known ? (at === '' ? name : `${at}.${name}`) : `${at}.*`, depth + 1)
      if (hit !== null) return hit
    }
    return null
  }

  return {
    learn(identifiers) {
      for (const identifier of identifiers) {
        const words = wordsOf(identifier)
        if (words === '') continue
        for (const part of DRAWN.test(identifier) ? [words] : new Set([words, ...words.split(' ')])) {
          const compact = part.replaceAll(' ', '')
          remember(compact.length >= INSIDE_WORDS_FROM_CHARS ? inside : whole, compact)
        }
      }
    },
    trust(words) {
      for (const word of words) trusted.add(word)
    },
    scan(event) {
      const at = hitIn(event, '', 0)
      return at === null ? CLEAN : { kind: 'hit', at }
    },
  }
}

function remember(known: Set<string>, identifier: string): void {
  // Moved to the end: who is still here is not forgotten.
  known.delete(identifier)
  known.add(identifier)
  if (known.size <= syncLimits.identifiersMax) return
  const [oldest] = known
  if (oldest !== undefined) known.delete(oldest)
}
