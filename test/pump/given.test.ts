import { describe, expect, it } from 'vitest'
import { wallMs } from '../../src/domain/time.ts'
import type { CommitResult, StoredEvent, Tick } from '../../src/seams.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { GIVEN, ward } from './fixture.ts'
import { tempFolder } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'

const turns = async (count = 5): Promise<void> => {
  for (let index = 0; index < count; index++) await new Promise((resolve) => setImmediate(resolve))
}
const givenIn = (ticks: readonly Tick[]): readonly (StoredEvent & { kind: 'given' })[] => ticks.flatMap(({ events }) => events.filter((stored) => stored.kind === 'given'))

describe('a medicine given', () => {
  it('belongs to the stay whose patient has the number, whoever tells it, and is stored before it is acknowledged', async () => {
    const { connect, ticks } = ward()
    connect('mon-1').say({ hr: 80, mrn: 'A-1' })
    connect('mon-2').say({ hr: 80, mrn: 'B-1' })
    const pharmacy = connect('loose')
    pharmacy.say({ id: '1', mrn: 'B-1', given: [{}, { code: 'J01CA04', name: 'Amoxicillin' }] })
    expect(pharmacy.answers).toEqual([])
    await turns()
    expect(pharmacy.answers).toEqual(['stored'])
    const stay = ticks.flatMap(({ stays }) => stays).find(({ identity }) => identity?.mrn === 'B-1')
    expect(givenIn(ticks).map(({ given, subject }) => [given.code, subject])).toEqual([
      ['C01CA03', { bed: 'bed-2', stay: stay?.id, device: 'loose' }], ['J01CA04', { bed: 'bed-2', stay: stay?.id, device: 'loose' }],
    ])
  })

  it.each([
    ['of a number that nobody here has', { mrn: 'C-1' }],
    ['of a name alone', { name: 'Meyer' }],
    ['of nobody', {}],
  ])('%s is kept, and is nobody\'s', async (_, who) => {
    const { connect, ticks } = ward()
    connect('mon-1').say({ hr: 80, mrn: 'A-1', name: 'Meyer' })
    connect('loose').say({ id: '1', given: [{}], ...who })
    await turns()
    expect(givenIn(ticks).map(({ subject }) => subject)).toEqual([{ bed: null, stay: null, device: 'loose' }])
  })

  it('of a number that a second monitor has taken is of the bed where it was said last', async () => {
    const { connect, ticks } = ward()
    connect('mon-1').say({ hr: 80, mrn: 'A-1' })
    connect('mon-2').say({ hr: 80, mrn: 'A-1' })
    connect('loose').say({ id: '1', mrn: 'A-1', given: [{}] })
    await turns()
    expect(givenIn(ticks).map(({ subject }) => subject.bed)).toEqual(['bed-2'])
  })

  it('told by a pump that stands at a bed is of the patient there, when it names none', async () => {
    const { connect, ticks } = ward()
    connect('mon-1').say({ hr: 80, mrn: 'A-1' })
    connect('oximeter-1').say({ id: '1', given: [{}] })
    await turns()
    expect(givenIn(ticks).map(({ subject }) => subject)).toMatchObject([{ bed: 'bed-1', device: 'oximeter-1' }])
  })

  it('told late by such a pump is not of who came since', async () => {
    const { connect, ticks, clock } = ward()
    const monitor = connect('mon-1')
    monitor.say({ hr: 80, mrn: 'A-1' })
    await clock.pass(60_000)
    const before = wallMs(clock.wall())
    await clock.pass(60_000)
    monitor.say({ hr: 80, mrn: 'B-1' })
    connect('oximeter-1').say({ id: '1', given: [{ from: before }, { from: wallMs(clock.wall()) }] })
    await turns()
    const stay = ticks.flatMap(({ stays }) => stays).findLast(({ identity }) => identity?.mrn === 'B-1')
    expect(givenIn(ticks).map(({ subject }) => subject.stay)).toEqual([null, stay?.id])
  })

  it('is stored once when the disk fails and its sender sends it again; one that is not sent again is held', async () => {
    const results: CommitResult[] = [{ kind: 'failed', why: 'disk full' }]
    const { connect, ticks } = ward({ disk: () => Promise.resolve(results.shift() ?? { kind: 'durable', lastSeq: 1 }) })
    const [pharmacy, infusion] = [connect('loose'), connect('mon-1')]
    pharmacy.say({ id: '1', given: [{ code: 'again' }] })
    infusion.say({ given: [{ code: 'once' }], noReply: true })
    await turns()
    expect(pharmacy.answers).toEqual(['retry'])
    pharmacy.say({ id: '1', given: [{ code: 'again' }] })
    await turns()
    pharmacy.say({ id: '1', given: [{ code: 'again' }] })
    await turns()
    expect(pharmacy.answers).toEqual(['retry', 'stored', 'repeated'])
    expect(givenIn(ticks).map(({ given }) => given.code).toSorted()).toEqual(['again', 'once'])
  })

  it('is read back from the log as it was told, beside the gateway\'s own words', async () => {
    const { connect, ticks } = ward()
    connect('loose').say({ id: '1', given: [{ action: 'deleted', flags: ['test'] }] })
    await turns()
    using folder = tempFolder()
    using open = writing(folder.path)
    for (const tick of ticks) open.write(tick)
    using reader = openLogReader(folder.path)
    const events = reader.read(0, 10).flatMap((row) => (row.kind === 'event' && row.stored.kind !== 'alert' ? [row.stored] : []))
    expect(events).toEqual([expect.objectContaining({ kind: 'given', given: { ...GIVEN, action: 'deleted', flags: ['test'] }, subject: { bed: null, stay: null, device: 'loose' } })])
    expect(reader.damaged()).toEqual([])
  })
})
