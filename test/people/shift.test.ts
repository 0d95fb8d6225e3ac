import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BedId, bedId } from '../../src/domain/ids.ts'
import { type WallMs, wallMs } from '../../src/domain/time.ts'
import { peopleLimits } from '../../src/limits.ts'
import { type Shift, type ShiftRequest, changeShift, personName } from '../../src/people/shift.ts'
import { parseShift } from '../../src/people/standing.ts'
import { isGone, isOver, overdue, whoHas } from '../../src/people/who-has.ts'

const BEDS = ['bed-1', 'bed-2', 'bed-3'].map(bedId)
const [ONE, TWO, THREE] = BEDS as [BedId, BedId, BedId]
const HOUR = 3_600_000
const AT = wallMs(Date.UTC(2026, 0, 1))
const later = (ms: number): WallMs => wallMs(AT + ms)

const say = (before: Shift | null, ...requests: readonly ShiftRequest[]): Shift =>
  requests.reduce<Shift | null>((shift, request) => {
    const change = changeShift(shift, request, { by: 'carla', at: AT, beds: BEDS })
    if (change.kind === 'refused') throw new Error(change.why)
    return change.shift
  }, before) ?? expect.fail('no shift')
const refusal = (before: Shift | null, request: ShiftRequest): string => {
  const change = changeShift(before, request, { by: 'carla', at: AT, beds: BEDS })
  return change.kind === 'refused' ? change.why : expect.fail('it was done')
}

const WARD = say(
  null,
  { what: 'begin', hours: 8, keep: false },
  { what: 'assign', nurse: 'anna', beds: [ONE] },
  { what: 'assign', nurse: 'ben', beds: [TWO] },
  { what: 'buddy', nurse: 'anna', buddy: 'ben' },
  { what: 'buddy', nurse: 'ben', buddy: 'anna' },
  { what: 'charge', nurse: 'carla' },
)

describe('who has a bed', () => {
  it('is its nurse, then her buddy, then the charge nurse', () => {
    expect(whoHas(WARD, ONE, AT)).toEqual({ assigned: 'anna', holder: 'anna', buddy: 'ben', charge: 'carla' })
  })

  it('is the charge nurse where nobody was named', () => {
    expect(whoHas(WARD, THREE, AT)).toEqual({ assigned: null, holder: 'carla', buddy: null, charge: 'carla' })
    expect(whoHas(WARD, null, AT)).toMatchObject({ assigned: null, holder: 'carla' })
  })

  it('is the whole ward where there is no charge nurse either, and before anybody said anything', () => {
    expect(whoHas(say(WARD, { what: 'charge', nurse: null }), THREE, AT)).toEqual({ assigned: null, holder: null, buddy: null, charge: null })
    expect(whoHas(null, ONE, AT)).toEqual({ assigned: null, holder: null, buddy: null, charge: null })
  })

  it('is the buddy during a break, and the next to be told is somebody else', () => {
    const away = say(WARD, { what: 'break', nurse: 'anna', minutes: 30 })
    expect(whoHas(away, ONE, AT)).toEqual({ assigned: 'anna', holder: 'ben', buddy: 'carla', charge: 'carla' })
    expect(whoHas(say(away, { what: 'back', nurse: 'anna' }), ONE, AT)).toMatchObject({ holder: 'anna' })
  })

  it('stays with the buddy when the break is over, until she is back, and that is told', () => {
    const away = say(WARD, { what: 'break', nurse: 'anna', minutes: 30 })
    expect(overdue(away, later(29 * 60_000))).toEqual([])
    expect(overdue(away, later(30 * 60_000)).map(({ name }) => name)).toEqual(['anna'])
    expect(whoHas(away, ONE, later(45 * 60_000))).toMatchObject({ holder: 'ben' })
  })

  it('is the charge nurse when both buddies are on break', () => {
    const away = say(WARD, { what: 'break', nurse: 'anna', minutes: 30 }, { what: 'break', nurse: 'ben', minutes: 30 })
    expect(whoHas(away, ONE, AT)).toEqual({ assigned: 'anna', holder: 'carla', buddy: null, charge: 'carla' })
  })

  it('nobody goes on break while nobody would be told in her place', () => {
    const alone = say(WARD, { what: 'charge', nurse: null }, { what: 'break', nurse: 'ben', minutes: 30 })
    expect(refusal(alone, { what: 'break', nurse: 'anna', minutes: 30 })).toContain('Nobody would be told')
    expect(refusal(WARD, { what: 'break', nurse: 'carla', minutes: 30 })).toContain('Nobody would be told')
    expect(refusal(WARD, { what: 'break', nurse: 'anna', minutes: peopleLimits.breakMinutesMax + 1 })).toContain('up to 120 minutes')
  })

  it('is still told after the end of the shift, marked as of before, and an hour later the whole ward is', () => {
    expect(isOver(WARD, later(8 * HOUR - 1))).toBe(false)
    expect(isOver(WARD, later(8 * HOUR))).toBe(true)
    expect(whoHas(WARD, ONE, later(8 * HOUR))).toMatchObject({ holder: 'anna' })
    expect(isGone(WARD, later(8 * HOUR + peopleLimits.shiftOverToldMs))).toBe(true)
    expect(whoHas(WARD, ONE, later(8 * HOUR + peopleLimits.shiftOverToldMs))).toEqual({ assigned: 'anna', holder: null, buddy: null, charge: null })
  })
})

describe('a change', () => {
  it('gives a bed to one nurse, who takes it from the other', () => {
    const next = say(WARD, { what: 'assign', nurse: 'anna', beds: [TWO, ONE] })
    expect(next.nurses.map(({ name, beds }) => [name, beds])).toEqual([['anna', [ONE, TWO]], ['ben', []], ['carla', []]])
  })

  it('begins a shift with nobody, or with everybody where they were', () => {
    expect(say(WARD, { what: 'begin', hours: 12, keep: false })).toMatchObject({ charge: null, nurses: [], endsAt: AT + 12 * HOUR })
    expect(say(WARD, { what: 'begin', hours: 12, keep: true })).toMatchObject({ charge: 'carla', nurses: WARD.nurses })
    expect(refusal(WARD, { what: 'begin', hours: peopleLimits.shiftHoursMax + 1, keep: false })).toContain('up to 24 hours')
  })

  it('lets whoever goes home be nobody’s nurse, buddy or charge', () => {
    const next = say(WARD, { what: 'leave', nurse: 'ben' })
    expect(whoHas(next, TWO, AT)).toMatchObject({ assigned: null, holder: 'carla' })
    expect(whoHas(next, ONE, AT)).toMatchObject({ buddy: 'carla' })
    expect(say(WARD, { what: 'leave', nurse: 'carla' }).charge).toBeNull()
    expect(refusal(WARD, { what: 'leave', nurse: 'dora' })).toContain('not on this shift')
  })

  it('refuses a bed that there is not, a buddy of oneself, and one nurse too many', () => {
    expect(refusal(WARD, { what: 'assign', nurse: 'anna', beds: [bedId('bed-9')] })).toContain('no bed bed-9')
    expect(refusal(WARD, { what: 'buddy', nurse: 'anna', buddy: 'anna' })).toContain('own buddy')
    const full = Array.from({ length: peopleLimits.nursesPerShiftMax }, (_, index) => ({ what: 'assign', nurse: `n${index}`, beds: [] }) as const)
    expect(refusal(say(null, ...full), { what: 'assign', nurse: 'one-more', beds: [] })).toContain('already 60 people')
  })

  it('knows a name from what is none', () => {
    expect(personName('  Mary-Ann O’Neill ')).toBe('Mary-Ann O’Neill')
    expect([personName(''), personName('x'.repeat(peopleLimits.nameCharsMax + 1)), personName('a\u0000b'), personName('<b>')]).toEqual([null, null, null, null])
    expect(personName('x'.repeat(peopleLimits.nameCharsMax))).not.toBeNull()
  })
})

// ── Whatever is said, in whatever order ──────────────────────────────────────────────────────────────────────────────

const name = fc.constantFrom('anna', 'ben', 'carla', 'dora')
const request: fc.Arbitrary<ShiftRequest> = fc.oneof(
  fc.record({ what: fc.constant('begin' as const), hours: fc.integer({ min: 1, max: 12 }), keep: fc.boolean() }),
  fc.record({ what: fc.constant('assign' as const), nurse: name, beds: fc.subarray([...BEDS]) }),
  fc.record({ what: fc.constant('buddy' as const), nurse: name, buddy: fc.option(name) }),
  fc.record({ what: fc.constant('charge' as const), nurse: fc.option(name) }),
  fc.record({ what: fc.constant('break' as const), nurse: name, minutes: fc.integer({ min: 1, max: 120 }) }),
  fc.record({ what: fc.constant('back' as const), nurse: name }),
  fc.record({ what: fc.constant('leave' as const), nurse: name }),
)
const shifts = fc.array(request, { maxLength: 25 }).map((requests) =>
  requests.reduce<Shift | null>((shift, one) => {
    const change = changeShift(shift, one, { by: 'carla', at: AT, beds: BEDS })
    return change.kind === 'done' ? change.shift : shift
  }, null))

it('whatever was said: nobody who is told is away, nobody is told twice in a row, and the charge nurse stands in for all', () => {
  fc.assert(fc.property(shifts, fc.constantFrom(...BEDS, null), (shift, bed) => {
    const { holder, buddy, charge } = whoHas(shift, bed, AT)
    const away = new Set((shift?.nurses ?? []).flatMap((one) => (one.onBreak === null ? [] : [one.name])))
    for (const told of [holder, buddy, charge]) expect(told !== null && away.has(told)).toBe(false)
    expect(holder !== null && holder === buddy).toBe(false)
    expect(holder === null && charge !== null).toBe(false)
    expect(buddy === null && charge !== null && charge !== holder).toBe(false)
    const had = (shift?.nurses ?? []).flatMap(({ beds }) => beds)
    expect(new Set(had).size).toBe(had.length)
  }))
})

it('what stands in the store is read back as it was, and damage of any kind is as if nobody had said it', () => {
  fc.assert(fc.property(shifts, (shift) => {
    expect(parseShift(JSON.parse(JSON.stringify(shift)), BEDS)).toEqual(shift)
  }))
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    expect(() => parseShift(value, BEDS)).not.toThrow()
  }))
  const broken = { ...WARD, nurses: [{ name: 'anna', beds: 'bed-1' }] }
  expect([parseShift(broken, BEDS), parseShift(undefined, BEDS), parseShift({ ...WARD, endsAt: 'soon' }, BEDS)]).toEqual([null, null, null])
})

it('a bed that the ward has no more is nobody’s, and a charge nurse who is not among the people is none', () => {
  const stored: unknown = JSON.parse(JSON.stringify({ ...WARD, charge: 'zoe' }))
  expect(parseShift(stored, [TWO])).toMatchObject({ charge: null, nurses: [{ name: 'anna', beds: [] }, { name: 'ben', beds: [TWO] }, { name: 'carla' }] })
})
