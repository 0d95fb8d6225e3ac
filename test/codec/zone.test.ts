import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixedZone, offsetMinutesOf, readZone } from '../../src/codec/zone.ts'
import { isoOf } from '../../src/domain/time.ts'

const instant = (zone: string, local: string): string => {
  const found = readZone(zone)
  return found === null ? 'no such zone' : isoOf(found.instantOf(Date.parse(`${local}Z`)))
}

describe('a zone', () => {
  it.each([
    ['UTC', '2026-07-01T12:00:00', '2026-07-01T12:00:00.000Z'],
    ['+05:30', '2026-07-01T12:00:00', '2026-07-01T06:30:00.000Z'],
    ['-0330', '2026-07-01T12:00:00', '2026-07-01T15:30:00.000Z'],
    ['Europe/Berlin', '2026-07-01T12:00:00', '2026-07-01T10:00:00.000Z'],
    ['Europe/Berlin', '2026-01-01T12:00:00', '2026-01-01T11:00:00.000Z'],
    ['America/New_York', '2026-01-01T00:30:00', '2026-01-01T05:30:00.000Z'],
    ['Asia/Kathmandu', '2026-01-01T00:00:00', '2025-12-31T18:15:00.000Z'],
    ['Pacific/Kiritimati', '2026-01-01T00:00:00', '2025-12-31T10:00:00.000Z'],
  ])('%s shows %s at %s', (zone, local, iso) => expect(instant(zone, local)).toBe(iso))

  it('takes the earlier of two instants when clocks are set back', () => {
    // Berlin, 25 October 2026: 03:00 CEST becomes 02:00 CET.
    expect(instant('Europe/Berlin', '2026-10-25T01:59:59')).toBe('2026-10-24T23:59:59.000Z')
    expect(instant('Europe/Berlin', '2026-10-25T02:30:00')).toBe('2026-10-25T00:30:00.000Z')
    expect(instant('Europe/Berlin', '2026-10-25T03:00:00')).toBe('2026-10-25T02:00:00.000Z')
  })

  it('moves a time that clocks jump over forward by the jump', () => {
    // Berlin, 29 March 2026: 02:00 CET becomes 03:00 CEST.
    expect(instant('Europe/Berlin', '2026-03-29T01:59:59')).toBe('2026-03-29T00:59:59.000Z')
    expect(instant('Europe/Berlin', '2026-03-29T02:30:00')).toBe('2026-03-29T01:30:00.000Z')
    expect(instant('Europe/Berlin', '2026-03-29T03:00:00')).toBe('2026-03-29T01:00:00.000Z')
  })

  it('shows again what it was given, for every time that clocks show', () => {
    const zone = readZone('America/St_Johns')
    const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/St_Johns', dateStyle: 'short', timeStyle: 'medium' })
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2040, 0) }), (ms) => {
        const local = Math.floor(ms / 1_000) * 1_000
        const text = new Date(local).toISOString().slice(0, 19).replace('T', ' ')
        const at = zone?.instantOf(local) ?? 0
        // A time that is jumped over is shown an hour later; there is one such hour a year.
        expect([text, new Date(local + 3_600_000).toISOString().slice(0, 19).replace('T', ' ')]).toContain(shown.format(at))
      }),
    )
  })

  it.each(['', 'Europe/Atlantis', '+25:00', '+05:75', '5', 'now', '+14:01', '../etc'])('%j is none', (name) => expect(readZone(name)).toBeNull())

  it('has one name', () => {
    expect([fixedZone(0).name, fixedZone(330).name, fixedZone(-90).name, readZone('Europe/Paris')?.name]).toEqual(['UTC', '+05:30', '-01:30', 'Europe/Paris'])
    expect(['+0000', '-00:30', '+14:00', 'x'].map(offsetMinutesOf)).toEqual([0, -30, 840, null])
  })
})
