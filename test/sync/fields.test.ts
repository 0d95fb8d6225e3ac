import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wallMs } from '../../src/domain/time.ts'
import { releaseLimits } from '../../src/limits.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { type AnonymizationConfig, type FieldParts, anonymised } from '../../src/sync/fields.ts'
import { scratch } from './fakes.ts'
import { seeded } from './release-ward.ts'

const KEY = Buffer.alloc(32, 7)
const NOW = wallMs(1_000_000)

function partsOf(over: Partial<FieldParts> = {}): FieldParts & { readonly table: Map<string, { token: string; until: number }> } {
  const table = new Map<string, { token: string; until: number }>()
  const parts: FieldParts = {
    hmac: (text) => createHmac('sha256', KEY).update(text).digest(), random: seeded(1).random, now: NOW,
    tokens: {
      of: (field, value) => {
        const found = table.get(`${field}/${value}`)
        return found !== undefined && found.until > (over.now ?? NOW) ? found.token : null
      },
      isTaken: (field, token) => [...table].some(([name, kept]) => name.startsWith(`${field}/`) && kept.token === token),
      put: (field, value, token, until) => void table.set(`${field}/${value}`, { token, until }),
    },
    ...over,
  }
  return { ...parts, table }
}

const rule = (method: AnonymizationConfig['method'], preserveFormat = false, ttl: number | null = null): readonly AnonymizationConfig[] => [{ fields: ['room', 'care'], method, preserveFormat, ttl }]
const classes = (text: string): string => Array.from(text, (character) => (/\p{N}/u.test(character) ? '0' : /\p{Lu}/u.test(character) ? 'A' : /[\p{L}\p{M}]/u.test(character) ? 'a' : character)).join('')

describe('a field that the site has added', () => {
  it('does not leave unless a rule names it', () => {
    expect(anonymised('floor', '3', rule('mask'), partsOf())).toBeNull()
    expect(anonymised('room', '', rule('mask'), partsOf())).toBeNull()
    expect(anonymised('room', 'x'.repeat(releaseLimits.fieldCharactersMax), rule('mask'), partsOf())).toBe('***')
    expect(anonymised('room', 'x'.repeat(releaseLimits.fieldCharactersMax + 1), rule('mask'), partsOf())).toBeNull()
  })

  it.each([
    ['4B-12', '0A-00'], ['Intensiv Süd', 'Aaaaaaaa Aaa'], ['№ 7', '№ 0'],
  ])('masked, %s has its form left: %s', (value, masked) => {
    expect(anonymised('room', value, rule('mask', true), partsOf())).toBe(masked)
    expect(anonymised('room', value, rule('mask'), partsOf())).toBe('***')
  })

  it('hashed, is an HMAC under the key of the site, of the field too: never a plain hash', () => {
    // HMAC-SHA-256, key of 32 bytes 07, of "room", NUL and "4B-12": the first 16 bytes.
    const expected = '783a13a8156c3b2bd7aee031c4ef2186'
    expect(anonymised('room', '4B-12', rule('hash'), partsOf())).toBe(expected)
    expect(anonymised('care', '4B-12', rule('hash'), partsOf())).not.toBe(expected)
    const otherKey = partsOf({ hmac: (text) => createHmac('sha256', Buffer.alloc(32, 8)).update(text).digest() })
    expect(anonymised('room', '4B-12', rule('hash'), otherKey)).not.toBe(expected)
    const shaped = anonymised('room', '4B-12', rule('hash', true), partsOf())
    expect([shaped, classes(shaped ?? '')]).toEqual([anonymised('room', '4B-12', rule('hash', true), partsOf()), '0A-00'])
  })

  it('keeps its form whatever it is, where it is to', () => {
    fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 40 }), fc.constantFrom('hash' as const, 'mask' as const), (value, method) => {
      const left = anonymised('room', value, rule(method, true), partsOf())
      expect(classes(left ?? '').replaceAll(/[^\p{ASCII}]/gu, '?')).toBe(classes(value).replaceAll(/[^\p{ASCII}]/gu, '?'))
    }))
  })

  it('tokenized, has the same token until its time is over, then another', () => {
    const parts = partsOf()
    const token = anonymised('room', '4B-12', rule('tokenize', true, 60), parts)
    expect(token).toMatch(/^\d[A-Z]-\d\d$/)
    expect(anonymised('room', '4B-12', rule('tokenize', true, 60), parts)).toBe(token)
    const later = { ...parts, tokens: { ...parts.tokens, of: () => null }, now: wallMs(NOW + 61_000) }
    expect(anonymised('room', '4B-12', rule('tokenize', true, 60), later)).not.toBe(token)
    expect(anonymised('room', '4B-13', rule('tokenize'), parts)).toMatch(/^\d{16}$/)
  })

  it('never gets the token of another, nor its own value; when none is left that looks like it, it does not leave', () => {
    const parts = partsOf()
    const tokens = Array.from({ length: 10 }, (_, value) => anonymised('room', String(value), rule('tokenize', true), parts))
    const drawn = tokens.filter((token) => token !== null)
    expect(new Set(drawn).size).toBe(drawn.length)
    expect(tokens.every((token, value) => token !== String(value))).toBe(true)
    expect(Array.from({ length: 5 }, (_, more) => anonymised('room', `${more}x`.slice(0, 1), rule('tokenize', true), parts)).every((token) => token === null || drawn.includes(token))).toBe(true)
    expect(anonymised('room', '-', rule('tokenize', true), parts)).toBeNull()
  })

  it('has its tokens and its key in the ledger, over a restart', () => {
    using place = scratch()
    const before = openSyncLedger(place.folder)
    const key = Buffer.from(before.releases.siteKey()).toString('hex')
    before.releases.putToken('room', '12', '77', wallMs(2_000))
    before.close()
    using ledger = openSyncLedger(place.folder)
    expect([Buffer.from(ledger.releases.siteKey()).toString('hex'), key.length]).toEqual([key, 64])
    expect([ledger.releases.tokenOf('room', '12', wallMs(1_999)), ledger.releases.tokenOf('room', '12', wallMs(2_000)), ledger.releases.tokenOf('care', '12', wallMs(0))]).toEqual(['77', null, null])
    expect([ledger.releases.isToken('room', '77'), ledger.releases.isToken('care', '77')]).toEqual([true, false])
    for (let value = 0; value <= releaseLimits.tokensMax; value++) ledger.releases.putToken('room', `v${value}`, `t${value}`, wallMs(9_000))
    expect([ledger.releases.tokenOf('room', '12', wallMs(0)), ledger.releases.tokenOf('room', 'v0', wallMs(0)), ledger.releases.tokenOf('room', 'v1', wallMs(0))]).toEqual([null, null, 't1'])
  })
})
