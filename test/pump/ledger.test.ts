import { describe, expect, it } from 'vitest'
import type { Fact } from '../../src/domain/association.ts'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import type { PatientFact } from '../../src/domain/reading.ts'
import { type WallMs, monoMs, wallMs } from '../../src/domain/time.ts'
import { associationLimits } from '../../src/limits.ts'
import { createBeds, hasRows } from '../../src/pump/beds.ts'
import { Associations } from '../../src/pump/ledger.ts'
import type { StayRecord, Tick } from '../../src/seams.ts'
import { NOTHING_RESTORED, ward } from './fixture.ts'

const MINUTE = 60_000
const ONE = bedId('bed-1')
const TWO = bedId('bed-2')
const A = { mrn: 'A', name: 'Meyer^Anna' }
const B = { mrn: 'B', name: 'Kim^Lee' }

type Place = string | null
const admitted = (patient: typeof A, location: Place, at: WallMs | null = null): PatientFact => ({ kind: 'admitted', patient, location, visit: `v-${patient.mrn}`, effectiveAt: at })
const moved = (patient: typeof A, location: Place, at: WallMs | null = null): PatientFact => ({ kind: 'transferred', patient, location, prior: null, visit: `v-${patient.mrn}`, effectiveAt: at })
const gone = (patient: typeof A, at: WallMs | null = null): PatientFact => ({ kind: 'discharged', patient, location: null, visit: `v-${patient.mrn}`, effectiveAt: at })

/** A ward with its registry; bed-1 and bed-2 are ^^1 and ^^2 of it. */
function hospital(of: Parameters<typeof ward>[0] = {}) {
  const made = ward(of)
  const registry = made.connect('registry')
  const hear = (...facts: readonly PatientFact[]): void => registry.say({ facts })
  const stayOf = (bed = ONE): StayRecord | null => made.pump.beds.get(bed)?.stay ?? null
  const alerts = (): readonly string[] => {
    made.pump.tick()
    return [...made.pump.lifecycle.open.values()].map(({ condition, bed }) => `${condition} ${bed ?? ''}`.trim())
  }
  const pass = async (ms: number): Promise<void> => made.clock.pass(ms)
  const drained = async (): Promise<readonly Tick[]> => {
    await made.pump.close()
    return made.ticks
  }
  const monitor = made.connect('mon-1')
  return { ...made, registry, hear, stayOf, alerts, pass, drained, monitor }
}

/** As last written. */
const staysIn = (ticks: readonly Tick[]): readonly StayRecord[] => [...new Map(ticks.flatMap(({ stays }) => stays).map((stay) => [stay.id, stay])).values()]

describe('the registry', () => {
  it('opens a stay for whom it admits, and values are that patient’s', async () => {
    const { hear, monitor, stayOf, pump, drained, stored } = hospital()
    hear(admitted(A, '^^1'))
    expect(stayOf()).toMatchObject({ identity: A, closedAt: null })
    monitor.say({ hr: 80 })
    await drained()
    expect(stored().map(({ stay }) => stay)).toEqual([stayOf()?.id])
    expect(pump.association(ONE)).toMatchObject({ occupant: { kind: 'patient', patient: A, standing: 'registered' }, facts: [{ kind: 'placed', source: 'adt', by: 'registry', patient: A, bed: 'bed-1' }] })
  })

  it('gives a new patient nothing of what was said of the one before', async () => {
    const { hear, monitor, stayOf, pump, pass } = hospital()
    hear(admitted(A, '^^1'))
    monitor.say({ hr: 150 })
    await pass(1_000)
    const before = stayOf()
    if (before) pump.changeContext(before.id, { infectionSuspected: true }, 'Ana')
    hear(gone(A))
    hear(admitted(B, '^^1'))
    expect(stayOf()).toMatchObject({ identity: B, context: { infectionSuspected: false } })
    expect([...pump.lifecycle.open.values()].filter(({ stay }) => stay === before?.id)).toEqual([])
    expect(pump.beds.get(ONE)?.latest.size).toBe(0)
  })

  it('that discharges while values flow stops nobody from watching: the bed goes on unidentified, and that is shown until it is clear', async () => {
    const { hear, monitor, stayOf, pass, alerts, pump } = hospital()
    hear(admitted(A, '^^1'))
    monitor.say({ hr: 150 })
    await pass(1_000)
    hear(gone(A))
    await pass(1_000)
    monitor.say({ hr: 151 })
    expect(stayOf()).toMatchObject({ identity: null, closedAt: null })
    expect(alerts()).toEqual(['hr-high bed-1', 'technical/patient-unknown bed-1'])
    expect([...pump.lifecycle.open.values()].find(({ condition }) => condition === 'hr-high')?.stay).toBe(stayOf()?.id)
    expect(pump.association(ONE)).toMatchObject({ occupant: { kind: 'unidentified' } })
    pump.associate({ what: 'scan', bed: 'bed-1', patient: B }, 'Ana')
    expect(stayOf()).toMatchObject({ identity: B })
    expect(alerts()).not.toContain('technical/patient-unknown bed-1')
  })

  it('that puts two patients into one bed is not believed for either of them, and a scan settles it', async () => {
    const { hear, monitor, stayOf, pass, alerts, pump } = hospital()
    hear(admitted(A, '^^1'))
    monitor.say({ hr: 80 })
    await pass(1_000)
    hear(admitted(B, '^^1'))
    await pass(1_000)
    monitor.say({ hr: 81 })
    expect(stayOf()).toMatchObject({ identity: null })
    expect(alerts()).toEqual(['technical/patient-conflict bed-1'])
    expect(pump.association(ONE)).toMatchObject({ disputes: [{ kind: 'two-patients' }] })
    await pass(1_000)
    expect(pump.associate({ what: 'scan', device: 'mon-1', patient: B }, 'Ana')).toMatchObject({ kind: 'done' })
    expect(stayOf()).toMatchObject({ identity: B })
    // The registry still has A here.
    expect(pump.association(ONE)).toMatchObject({ disputes: [{ kind: 'registry-has-another' }] })
    hear(moved(A, '^^2'))
    expect(pump.association(ONE)).toMatchObject({ disputes: [] })
    expect(alerts()).toEqual([])
  })

  it('is not a monitor and not a stranger: what those say of admissions moves nobody', () => {
    const { monitor, stayOf, connect } = hospital()
    monitor.say({ facts: [admitted(A, '^^2')] })
    connect('stranger').say({ facts: [admitted(A, '^^2')] })
    connect('spot').say({ facts: [admitted(A, '^^2')] })
    expect(stayOf(TWO)).toBeNull()
  })

  it('tells of the whole hospital: nobody is known here who never lay here', () => {
    const { hear, pump } = hospital()
    hear(admitted(A, 'SURGERY^4^9'), gone(B), moved(A, 'SURGERY^4^8'), { kind: 'merged', patient: A, prior: 'C', visit: null, effectiveAt: null })
    expect(pump.whose.associations.ledger.size).toBe(0)
  })

  it('whose clock is a little ahead means now; a plan comes true when its time comes', async () => {
    const { hear, stayOf, clock, pump, pass } = hospital()
    hear(admitted(A, '^^1', wallMs(clock.wall() + associationLimits.clockAheadMsMax)))
    expect(stayOf()?.identity).toEqual(A)
    hear(admitted(B, '^^2', wallMs(clock.wall() + associationLimits.clockAheadMsMax + 1)))
    expect(stayOf(TWO)).toBeNull()
    await pass(associationLimits.clockAheadMsMax + 2)
    pump.tick()
    expect(stayOf(TWO)).toMatchObject({ identity: B, closedAt: null })
  })

  it('that is heard twice, because nobody answered, changes nothing the second time', async () => {
    const { hear, clock, drained } = hospital()
    hear(admitted(A, '^^1', clock.wall()))
    hear(admitted(A, '^^1', clock.wall()))
    expect((await drained()).flatMap(({ facts = [] }) => facts)).toHaveLength(1)
  })

  it('on leave: the bed is nobody’s until the patient is back', () => {
    const { hear, stayOf } = hospital()
    hear(admitted(A, '^^1'))
    hear({ kind: 'away', patient: A, location: null, visit: 'v-A', effectiveAt: null })
    expect(stayOf()).toBeNull()
    hear({ kind: 'returned', patient: A, location: null, visit: 'v-A', effectiveAt: null })
    expect(stayOf()).toMatchObject({ identity: A })
  })
})

describe('too much', () => {
  /** So many words about one patient who lies here, each of a visit of its own. */
  const known = (count: number): readonly Fact[] =>
    Array.from({ length: count }, (_, place) => ({
      id: place + 1, learnedAt: wallMs(place), effectiveAt: wallMs(place), source: 'adt', by: 'registry',
      body: { kind: 'placed', how: 'admitted', patient: A, visit: `${place}`, bed: ONE, prior: null },
    }))

  it('is not learned: one word more than there may be is refused, unless others are over', async () => {
    const full = hospital({ restored: { ...NOTHING_RESTORED, facts: known(associationLimits.factsMax) } })
    full.hear(admitted(B, '^^2'))
    expect([full.pump.whose.associations.refused, full.stayOf(TWO)]).toEqual([1, null])
    expect(full.alerts()).toContain('technical/association-full')
    const over: Fact = { id: associationLimits.factsMax, learnedAt: wallMs(1), effectiveAt: wallMs(1), source: 'adt', by: 'registry', body: { kind: 'discharged', patient: B, visit: null } }
    const room = hospital({ restored: { ...NOTHING_RESTORED, facts: [...known(associationLimits.factsMax - 1), over] } })
    room.hear(admitted(B, '^^2'))
    expect([room.pump.whose.associations.refused, room.stayOf(TWO)?.identity]).toEqual([0, B])
  })

  it('is not said again: what the registry tells ten times a day is one fact', async () => {
    const { hear, pass, pump } = hospital()
    for (let times = 0; times < 10; times++) {
      hear(times === 0 ? admitted(A, '^^1') : { kind: 'updated', patient: A, location: times % 2 === 0 ? '^^1' : null, visit: 'v-A', effectiveAt: null })
      await pass(MINUTE)
    }
    expect(pump.whose.associations.ledger.size).toBe(1)
    hear({ kind: 'updated', patient: { ...A, name: 'Schmidt^Anna' }, location: null, visit: 'v-A', effectiveAt: null })
    expect(pump.beds.get(ONE)?.stay?.identity?.name).toBe('Schmidt^Anna')
  })

  it('is forgotten when it is over: facts of who is gone, after the time that names are kept', async () => {
    const { hear, pass, pump, clock } = hospital()
    hear(admitted(A, '^^1'))
    await pass(MINUTE)
    hear(gone(A))
    const hours = (count: number) => wallMs(clock.wall() + count * 60 * MINUTE)
    expect(pump.whose.forgetOver(hours(71))).toEqual([])
    expect(pump.whose.forgetOver(hours(73))).toEqual([1, 2])
    expect(pump.whose.associations.ledger.size).toBe(0)
  })

  it('stays of one bed are not all remembered: the oldest that are over go', async () => {
    const { hear, pass, pump, stayOf, clock } = hospital()
    const began = clock.wall()
    for (let times = 0; times <= associationLimits.staysPerBedMax; times++) {
      const patient = { mrn: `${times}`, name: null as string | null } as typeof A
      hear(admitted(patient, '^^1'))
      await pass(MINUTE)
      hear(gone(patient))
      await pass(MINUTE)
    }
    hear(admitted(A, '^^1'))
    const bed = pump.beds.get(ONE)
    if (!bed) throw new Error('no bed')
    expect(stayOf()?.identity).toEqual(A)
    expect(pump.whose.associations.known(ONE)).toBe(associationLimits.staysPerBedMax)
    expect(clock.wall()).toBeGreaterThan(began)
  })
})

describe('values of the past', () => {
  it('in a message that straddles a change of patient are stored as those of two', async () => {
    const { hear, monitor, pass, drained, stored, pump, clock } = hospital()
    hear(admitted(A, '^^1'))
    await pass(MINUTE)
    monitor.say({ hr: 80 })
    await pass(MINUTE)
    hear(gone(A), admitted(B, '^^1'))
    await pass(MINUTE)
    monitor.say({ hr: 81, sentAt: clock.wall(), ageMs: 0, also: { metric: 'MDC_PULS_OXIM_SAT_O2', value: 97, ageMs: 2 * MINUTE } })
    const stays = staysIn(await drained())
    const nameOf = (stay: string | null) => stays.find(({ id }) => id === stay)?.identity?.mrn
    expect(stored().map(({ stay, observations }) => [nameOf(stay), observations.map(({ metric }) => metric.id)])).toEqual([
      ['A', ['MDC_ECG_HEART_RATE']], ['B', ['MDC_ECG_HEART_RATE']], ['A', ['MDC_PULS_OXIM_SAT_O2']],
    ])
    // The screen of B shows nothing of A.
    expect([...(pump.beds.get(ONE)?.latest.keys() ?? [])]).toEqual(['MDC_ECG_HEART_RATE'])
  })

  it('are put right when the registry is late, and the rules go on with what is known of the new patient', async () => {
    const { hear, monitor, pass, drained, stayOf, clock, pump } = hospital()
    for (let minute = 0; minute < 20; minute++) {
      monitor.say({ hr: 150 + minute })
      await pass(MINUTE)
    }
    const unidentified = stayOf()
    const since = wallMs(clock.wall() - 10 * MINUTE)
    hear(admitted(A, '^^1', since))
    expect(stayOf()).toMatchObject({ identity: A, openedAt: since })
    // What was shown is of the new patient: measured since.
    expect([...pump.lifecycle.open.values()].map(({ condition, stay }) => [condition, stay])).toEqual([['hr-high', stayOf()?.id]])
    const ticks = await drained()
    expect(ticks.flatMap(({ reissues = [] }) => reissues)).toMatchObject([{ of: { bed: 'bed-1' }, from: since, stay: stayOf()?.id, devices: expect.arrayContaining(['mon-1', 'oximeter-1', 'spot']) }])
    expect(staysIn(ticks).find(({ id }) => id === unidentified?.id)).toMatchObject({ identity: null, closedAt: since })
  })

  it('that were nobody’s get the name without being moved, where the patient lay there all the time', async () => {
    const { hear, monitor, pass, drained, stayOf, clock } = hospital()
    const since = clock.wall()
    await pass(MINUTE)
    monitor.say({ hr: 80 })
    const before = stayOf()
    await pass(MINUTE)
    hear(admitted(A, '^^1', since))
    expect(stayOf()).toMatchObject({ id: before?.id, identity: A })
    expect(staysIn(await drained())).toHaveLength(1)
  })

  it('of a bed from which the patient was moved an hour ago are no more his', async () => {
    const { hear, monitor, pass, drained, stayOf, clock } = hospital()
    hear(admitted(A, '^^1'))
    const first = stayOf()
    await pass(MINUTE)
    const since = clock.wall()
    for (let minute = 0; minute < 60; minute++) {
      monitor.say({ hr: 80 })
      await pass(MINUTE)
    }
    hear(moved(A, '^^2', since))
    expect([stayOf()?.identity, stayOf(TWO)?.identity]).toEqual([null, A])
    const ticks = await drained()
    expect(staysIn(ticks).find(({ id }) => id === first?.id)).toMatchObject({ closedAt: since, identity: A })
    expect(ticks.flatMap(({ reissues = [] }) => reissues)).toMatchObject([{ of: { bed: 'bed-1' }, from: since, stay: stayOf()?.id }])
  })

  it('that were stored longer ago than the bound stay where they are, and those of a stay are found among so many devices', async () => {
    const { hear, monitor, pass, drained, clock } = hospital()
    hear(admitted(A, '^^1'))
    const since = clock.wall()
    for (let hour = 0; hour < 30; hour++) {
      monitor.say({ hr: 80 })
      await pass(60 * MINUTE)
    }
    hear(moved(A, '^^2', wallMs(since + MINUTE)))
    expect((await drained()).flatMap(({ reissues = [] }) => reissues)).toMatchObject([{ from: clock.wall() - associationLimits.reissueBackMsMax }])

    const devices = Array.from({ length: associationLimits.reissueDevicesMax + 1 }, (_, place) => deviceId(`d${place}`))
    const beds = createBeds([{ id: 'bed-1', label: '1' }], [], 'adult')
    const bed = beds.get(ONE)
    if (!bed) throw new Error('no bed')
    const associations = new Associations({ beds, restored: { facts: [], stays: [] }, mint: () => stayId('s'), placeOf: () => ({ kind: 'unsaid' }), devicesAt: () => devices, roaming: [], identityMs: 72 * 60 * MINUTE })
    hasRows(bed, deviceId('d0'), { from: since, to: since })
    const now = { wall: wallMs(since + MINUTE), at: monoMs(0) }
    const body = { kind: 'placed', how: 'seen', patient: A, visit: null, bed: ONE, prior: null } as const
    expect(associations.learn([{ source: 'scan', by: 'Ana', effectiveAt: since, body }], now).reissues.map((one) => one.devices.length)).toEqual([associationLimits.reissueDevicesMax])
  })

  it('nobody gets back a bed because the clock was set back', async () => {
    const { hear, monitor, pass, clock, stayOf } = hospital()
    hear(admitted(A, '^^1'))
    await pass(MINUTE)
    hear(gone(A), admitted(B, '^^1'))
    clock.step(-60 * MINUTE)
    await pass(1_000)
    monitor.say({ hr: 80 })
    expect(stayOf()).toMatchObject({ identity: B })
  })
})

describe('what a monitor says of its patient', () => {
  it('is the weakest word: the registry’s patient gets the values, and the conflict is shown', async () => {
    const { hear, monitor, stayOf, alerts, pass, pump } = hospital()
    monitor.say({ hr: 80, mrn: 'A' })
    expect(stayOf()?.identity?.mrn).toBe('A')
    await pass(1_000)
    hear(admitted(B, '^^1'))
    await pass(1_000)
    monitor.say({ hr: 81, mrn: 'A' })
    expect(stayOf()?.identity).toEqual(B)
    expect(alerts()).toEqual(['technical/patient-conflict bed-1'])
    expect(pump.association(ONE)).toMatchObject({ disputes: [{ kind: 'monitor-names-another', device: 'mon-1' }] })
    await pass(1_000)
    monitor.say({ hr: 82, mrn: 'B' })
    expect(alerts()).toEqual([])
  })

  it('closes the association when it changes: who lay there by the registry does no more', async () => {
    const { hear, monitor, stayOf, pass, alerts } = hospital()
    hear(admitted(A, '^^1'))
    monitor.say({ hr: 80, mrn: 'A' })
    const first = stayOf()
    await pass(1_000)
    monitor.say({ hr: 81, mrn: 'B' })
    expect(stayOf()).toMatchObject({ identity: { mrn: 'B' } })
    expect(stayOf()?.id).not.toBe(first?.id)
    expect(alerts()).toEqual(['technical/patient-conflict bed-1'])
    await pass(1_000)
    hear(gone(A), admitted(B, '^^1'))
    expect(alerts()).toEqual([])
  })

  it('is nothing where it names nobody: such a word opens and closes no stay', async () => {
    const { monitor, stayOf, pass, drained } = hospital()
    monitor.say({ nameless: true })
    expect(stayOf()).toBeNull()
    monitor.say({ hr: 80, mrn: 'A' })
    const stay = stayOf()
    await pass(1_000)
    monitor.say({ hr: 81, nameless: true })
    monitor.say({ hr: 82 })
    expect(stayOf()).toBe(stay)
    expect(staysIn(await drained())).toHaveLength(1)
  })

  it('of a backlog is of then: values of before go to the patient of before', async () => {
    const { monitor, pass, stayOf, drained, stored, clock } = hospital()
    monitor.say({ hr: 80, mrn: 'A' })
    const first = stayOf()?.id
    await pass(10 * MINUTE)
    monitor.say({ hr: 81, mrn: 'B' })
    const second = stayOf()?.id
    await pass(MINUTE)
    monitor.say({ hr: 79, mrn: 'A', sentAt: clock.wall(), ageMs: 6 * MINUTE })
    monitor.say({ hr: 82, mrn: 'B' })
    await drained()
    expect(stored().map(({ stay }) => stay)).toEqual([first, second, first, second])
    expect(stayOf()?.id).toBe(second)
  })
})

describe('people', () => {
  it('who scan are believed more than the registry, and what is against it is shown', async () => {
    const { hear, pump, stayOf, pass, alerts } = hospital()
    hear(admitted(A, '^^2'))
    await pass(1_000)
    pump.associate({ what: 'scan', bed: 'bed-1', patient: A }, 'Ana')
    expect([stayOf()?.identity, stayOf(TWO)]).toEqual([A, null])
    expect(alerts()).toEqual(['technical/patient-conflict bed-1'])
    // What the registry has said before is no news.
    hear({ kind: 'updated', patient: A, location: '^^2', visit: 'v-A', effectiveAt: null })
    expect(stayOf()?.identity).toEqual(A)
    await pass(1_000)
    hear(moved(A, '^^1'))
    expect(alerts()).toEqual([])
  })

  it('who type need a second one', async () => {
    const { pump, stayOf } = hospital()
    const proposed = pump.associate({ what: 'type', bed: 'bed-1', patient: A }, 'Ana')
    expect(proposed).toMatchObject({ kind: 'proposed' })
    if (proposed.kind !== 'proposed') throw new Error('not proposed')
    expect(stayOf()).toBeNull()
    expect(pump.association(ONE)).toMatchObject({ proposals: [{ fact: proposed.fact, patient: A, by: 'Ana' }] })
    expect(pump.associate({ what: 'confirm', fact: proposed.fact }, 'Ana')).toEqual({ kind: 'refused', why: 'same-person' })
    expect(pump.associate({ what: 'confirm', fact: proposed.fact }, 'Bert')).toMatchObject({ kind: 'done' })
    expect(stayOf()).toMatchObject({ identity: A })
    expect(pump.association(ONE)).toMatchObject({ proposals: [], occupant: { standing: 'confirmed' } })
    expect(pump.associate({ what: 'confirm', fact: proposed.fact }, 'Carl')).toEqual({ kind: 'refused', why: 'no-such-proposal' })
  })

  it('may take back what was typed, and say that nobody known lies there', () => {
    const { pump, stayOf, hear } = hospital()
    const proposed = pump.associate({ what: 'type', bed: 'bed-1', patient: A }, 'Ana')
    if (proposed.kind !== 'proposed') throw new Error('not proposed')
    pump.associate({ what: 'withdraw', fact: proposed.fact }, 'Ana')
    expect(pump.associate({ what: 'confirm', fact: proposed.fact }, 'Bert')).toEqual({ kind: 'refused', why: 'no-such-proposal' })
    hear(admitted(B, '^^1'))
    expect(stayOf()?.identity).toEqual(B)
    pump.associate({ what: 'unassign', bed: 'bed-1' }, 'Ana')
    expect(stayOf()).toBeNull()
    expect(pump.association(ONE)).toMatchObject({ disputes: [] })
  })

  it('are refused in a word what cannot be', () => {
    const { pump } = hospital()
    const ask = (request: Parameters<typeof pump.associate>[0]) => pump.associate(request, 'Ana')
    expect([
      ask({ what: 'scan', bed: 'no such bed', patient: A }), ask({ what: 'scan', device: 'nobody', patient: A }), ask({ what: 'scan', device: 'loose', patient: A }),
      ask({ what: 'scan', device: 'mon-2', bed: 'bed-1', patient: A }), ask({ what: 'scan', bed: 'bed-1', patient: { mrn: ' ', name: 'Meyer^Anna' } }), ask({ what: 'confirm', fact: 7 }),
    ].map((answer) => (answer.kind === 'refused' ? answer.why : answer.kind))).toEqual(['unknown-bed', 'unknown-device', 'device-at-no-bed', 'device-at-another-bed', 'no-number', 'no-such-proposal'])
    for (let count = 0; count < associationLimits.proposalsPerBedMax; count++) expect(ask({ what: 'type', bed: 'bed-1', patient: { mrn: `${count}`, name: null } }).kind).toBe('proposed')
    expect(ask({ what: 'type', bed: 'bed-1', patient: A })).toEqual({ kind: 'refused', why: 'too-many' })
  })
})

describe('a device that goes from bed to bed', () => {
  it('measures the patient whom it names, wherever he lies, and its silence is no alarm', async () => {
    const { hear, connect, drained, stored, stayOf, pass, alerts, pump } = hospital()
    const spot = connect('spot')
    hear(admitted(A, '^^2'))
    spot.say({ hr: 80, mrn: 'A' })
    spot.say({ hr: 81, mrn: 'B' })
    spot.say({ hr: 82 })
    await pass(MINUTE)
    expect(alerts()).toEqual([])
    expect([...(pump.beds.get(TWO)?.latest.keys() ?? [])]).toEqual(['MDC_ECG_HEART_RATE'])
    const stay = stayOf(TWO)?.id
    await drained()
    expect(stored().map(({ bed, stay: of }) => [bed, of])).toEqual([['bed-2', stay], [null, null], [null, null]])
  })

  it('has its values given to the patient when it is known that he lay here', async () => {
    const { hear, connect, drained, pass, stayOf, clock } = hospital()
    const spot = connect('spot')
    const since = clock.wall()
    await pass(MINUTE)
    spot.say({ hr: 80, mrn: 'A' })
    await pass(MINUTE)
    hear(admitted(A, '^^2', since))
    const reissues = (await drained()).flatMap(({ reissues: some = [] }) => some)
    expect(reissues).toMatchObject([{ of: { device: 'spot' }, from: since + MINUTE, stay: stayOf(TWO)?.id, bed: 'bed-2', devices: ['spot'] }])
  })
})

describe('two senders', () => {
  it('that send the same variable for one bed are an alert, for as long as both do', async () => {
    const { monitor, connect, pass, alerts } = hospital()
    const oximeter = connect('oximeter-1')
    const speak = async (both: boolean): Promise<void> => {
      monitor.say({ hr: 80 })
      if (both) oximeter.say({ hr: 80 })
      await pass(1_000)
    }
    // One that takes the place of another is heard once beside it.
    await speak(true)
    expect(alerts()).toEqual([])
    await speak(true)
    expect(alerts()).toEqual(['technical/two-senders bed-1'])
    for (let seconds = 0; seconds < associationLimits.twoSendersMs / 1_000 + 61; seconds++) await speak(false)
    expect(alerts()).not.toContain('technical/two-senders bed-1')
  })

  it('that pass for one device are an alert; a monitor that got another address is none', async () => {
    const { pump, pass, alerts } = hospital()
    const encoder = new TextEncoder()
    const lineFrom = (address: string) => pump.openFor('line')({ address, device: deviceId('mon-1') }, () => undefined)
    const first = lineFrom('10.0.0.1:40000')
    const second = lineFrom('10.0.0.2:40000')
    const say = (line: typeof first): void => void line.receive(encoder.encode(JSON.stringify({ hr: 80 })))
    say(first)
    await pass(1_000)
    say(second)
    await pass(1_000)
    say(second)
    expect(alerts()).toEqual([])
    say(first)
    await pass(1_000)
    say(second)
    expect(alerts()).toEqual(['technical/two-senders bed-1'])
  })
})

describe('after a restart', () => {
  it('the same patients lie where they lay, and late words still put right what is stored', async () => {
    const before = hospital()
    before.hear(admitted(A, '^^1'))
    before.monitor.say({ hr: 80 })
    await before.pass(5 * MINUTE)
    before.monitor.say({ hr: 81, mrn: 'A' })
    const ticks = await before.drained()
    const stays = staysIn(ticks)
    const facts = ticks.flatMap(({ facts: some = [] }) => some)
    const after = hospital({ restored: { ...NOTHING_RESTORED, stays: stays.filter(({ closedAt }) => closedAt === null), pastStays: stays.filter(({ closedAt }) => closedAt !== null), facts, recent: before.stored() } })
    expect(after.stayOf()).toEqual(before.stayOf())
    await after.pass(MINUTE)
    after.monitor.say({ hr: 82 })
    await after.pass(5 * MINUTE)
    after.monitor.say({ hr: 83 })
    await after.pass(MINUTE)
    const since = wallMs(after.clock.wall() - 3 * MINUTE)
    after.hear(gone(A, since))
    const learned = await after.drained()
    expect(learned.flatMap(({ reissues = [] }) => reissues)).toMatchObject([{ of: { bed: 'bed-1' }, from: since }])
    expect(learned.flatMap(({ facts: some = [] }) => some).map(({ id }) => id)).toEqual([Math.max(...facts.map(({ id }) => id)) + 1])
  })

  it('a stay of a file that knew no facts yet goes on as its patient’s', async () => {
    const before = hospital()
    before.monitor.say({ hr: 80, mrn: 'A' })
    const stays = staysIn(await before.drained())
    const after = hospital({ restored: { ...NOTHING_RESTORED, stays } })
    after.monitor.say({ hr: 81, mrn: 'A' })
    expect(after.stayOf()).toEqual(before.stayOf())
    expect(staysIn(await after.drained())).toEqual([])
  })
})

describe('while the disk fails', () => {
  it('facts are held, told once, and not before the rows that they put right', async () => {
    let isBroken = true
    const { hear, monitor, pass, pump, ticks, clock, registry } = hospital({ disk: () => Promise.resolve(isBroken ? { kind: 'failed', why: 'away' } : { kind: 'durable', lastSeq: 1 }) })
    monitor.say({ hr: 80, noReply: true })
    await pass(10 * MINUTE)
    const since = wallMs(clock.wall() - 11 * MINUTE)
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    hear(admitted(A, '^^1', since))
    for (let turns = 0; turns < 5; turns++) await turn()
    // The sender was told to send it again, and does.
    expect(registry.answers).toEqual(['retry'])
    isBroken = false
    hear(admitted(A, '^^1', since))
    await pump.close()
    expect(ticks.flatMap(({ facts = [] }) => facts)).toHaveLength(1)
    const rowsAt = ticks.findIndex(({ snapshots }) => snapshots.length > 0)
    const ordersAt = ticks.findIndex(({ reissues }) => reissues !== undefined)
    expect(rowsAt).toBeGreaterThanOrEqual(0)
    expect(ordersAt === -1 || ordersAt >= rowsAt).toBe(true)
  })
})
