import { describe, expect, it } from 'vitest'
import { isoTime } from '../../src/codec/iso-time.ts'
import { isoOf } from '../../src/domain/time.ts'

const read = (text: string): string | null => {
  const at = isoTime(text)
  return at === null ? null : isoOf(at)
}

describe('an ISO 8601 instant', () => {
  it.each([
    ['2026-01-31T13:45:00Z', '2026-01-31T13:45:00.000Z'],
    ['2026-01-31T13:45:00.5Z', '2026-01-31T13:45:00.500Z'],
    ['2026-01-31T13:45:00.123456789+01:00', '2026-01-31T12:45:00.123Z'],
    ['2026-01-31T13:45-0330', '2026-01-31T17:15:00.000Z'],
    ['2026-01-31t13:45:00z', '2026-01-31T13:45:00.000Z'],
  ])('%s', (text, iso) => expect(read(text)).toBe(iso))

  it.each([
    '2026-01-31T13:45:00', '2026-01-31', '2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-31T24:00:00Z', '2026-01-31T13:45:61Z',
    '2026-01-31 13:45:00Z', '1769867100', '', '2026-01-31T13:45:00+15:00',
  ])('%j is none', (text) => expect(read(text)).toBeNull())
})
