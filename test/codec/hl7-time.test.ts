import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hl7Offset, hl7Time } from '../../src/codec/hl7-time.ts'
import { UTC, fixedZone } from '../../src/codec/zone.ts'
import { isoOf } from '../../src/domain/time.ts'

const read = (text: string, zone = UTC): string => {
  const time = hl7Time(text, zone)
  return time.kind === 'at' ? `${isoOf(time.at)}${time.zoned ? '' : ' assumed'}` : time.kind
}

describe('an HL7 time', () => {
  it.each([
    ['2026', '2026-01-01T00:00:00.000Z assumed'],
    ['202603', '2026-03-01T00:00:00.000Z assumed'],
    ['20260331', '2026-03-31T00:00:00.000Z assumed'],
    ['2026033107', '2026-03-31T07:00:00.000Z assumed'],
    ['202603310745', '2026-03-31T07:45:00.000Z assumed'],
    ['20260331074512', '2026-03-31T07:45:12.000Z assumed'],
    ['20260331074512.5', '2026-03-31T07:45:12.500Z assumed'],
    ['20260331074512.1106+0800', '2026-03-30T23:45:12.110Z'],
    ['20260727124424.0000+0000', '2026-07-27T12:44:24.000Z'],
    ['20260124124738000+0800', '2026-01-24T04:47:38.000Z'],
    ['20260124124738975', '2026-01-24T12:47:38.975Z assumed'],
    ['20180717051637.790-0700', '2018-07-17T12:16:37.790Z'],
    ['20260331+0530', '2026-03-30T18:30:00.000Z'],
    ['20240229', '2024-02-29T00:00:00.000Z assumed'],
    ['20161231235960+0000', '2017-01-01T00:00:00.000Z'],
    [' 20260331074512 ', '2026-03-31T07:45:12.000Z assumed'],
  ])('%j is %s', (text, iso) => expect(read(text)).toBe(iso))

  it.each(['', '   ', '""', '00000000000000', '00000000', '00000000000000.000+0000'])('%j is no time at all', (text) => expect(read(text)).toBe('none'))

  it.each([
    '20261301', '20260230', '20250229', '20260100', '20260331240000', '20260331076000', '20260331074561', '2026-03-31', '2026033',
    '202603310745123', '2026033107451234', '202603310745123456', '20260331.5', '20260331074512+5', '20260331074512+05300', '20260331074512+0560', '20260331074512+1500', '20260331074512Z',
    'yesterday', '-20260331', '0001', '00000101', '20260331074512.5.5',
  ])('%j is broken', (text) => expect(read(text)).toBe('broken'))

  it('without an offset is in the zone given', () => {
    expect(read('20260331074512', fixedZone(120))).toBe('2026-03-31T05:45:12.000Z assumed')
    expect(read('20260331074512+0000', fixedZone(120))).toBe('2026-03-31T07:45:12.000Z')
  })

  it('goes round for every instant', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1970, 0), max: Date.UTC(2100, 0) }), fc.integer({ min: -840, max: 840 }), (ms, offset) => {
        const local = new Date(ms + offset * 60_000).toISOString().replaceAll(/[-:TZ]/g, '')
        const sign = offset < 0 ? '-' : '+'
        const zone = `${sign}${String(Math.floor(Math.abs(offset) / 60)).padStart(2, '0')}${String(Math.abs(offset) % 60).padStart(2, '0')}`
        expect(read(`${local}${zone}`)).toBe(new Date(ms).toISOString())
        expect(read(`${local.replace('.', '')}${zone}`)).toBe(new Date(ms).toISOString())
      }),
    )
  })

  it('never fails on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('0', '1', '9', '.', '+', '-', ' ', 'x') }), (text) => {
        expect(['at', 'none', 'broken']).toContain(hl7Time(text, UTC).kind)
      }),
    )
  })
})

describe('the offset of a time', () => {
  it('is what stands at its end', () => {
    expect(['20260101+0530', '20260101-0330', '20260101', '', '+0100'].map(hl7Offset)).toEqual([330, -210, null, null, 60])
  })
})
