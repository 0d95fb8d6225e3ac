import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { Fact } from '../../src/domain/association.ts'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { associationLimits, storeLimits } from '../../src/limits.ts'
import type { LoggedRow, Reissue } from '../../src/seams.ts'
import { openReaderDatabase } from '../../src/store/database.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { readOpening, recentSnapshots } from '../../src/store/opening.ts'
import { readTrend } from '../../src/store/trend.ts'
import { openVerified } from './verified.ts'
import { START, heartRate, snapshot, stay, tempFolder, tick } from './fixture.ts'
import { type Writing, writing } from './writing.ts'

const MINUTE = 60_000
const DAY_MS = 86_400_000

const reissue = (from: number, to: number, part: Partial<Reissue> = {}): Reissue => ({
  of: { bed: bedId('bed-1') }, from: wallMs(from), to: wallMs(to), stay: stayId('stay-2'), bed: bedId('bed-1'), devices: [deviceId('monitor-1')], learnedAt: wallMs(START + 10 * MINUTE), ...part,
})

const fact = (id: number): Fact => ({
  id, learnedAt: wallMs(START + id), effectiveAt: wallMs(START), source: 'adt', by: 'his',
  body: { kind: 'placed', how: 'admitted', patient: { mrn: `${4710 + id}`, name: 'Meyer^Anna' }, visit: 'v1', bed: bedId('bed-1'), prior: null },
})

/** One value a minute of one bed, all under one stay. */
const minutes = (count: number, part: Parameters<typeof heartRate>[1] = {}) => Array.from({ length: count }, (_, minute) => heartRate(60 + minute, { receivedAt: START + minute * MINUTE, ...part }))

/** Steps until nothing is left to do; how many it took. */
function putRight({ writer }: Writing): number {
  for (let steps = 0; ; steps++) if (writer.reissue() === 'nothing') return steps
}

function rowsIn(folder: string): readonly LoggedRow[] {
  using reader = openLogReader(folder)
  expect(reader.damaged()).toEqual([])
  return reader.read(0, 10_000)
}

const currentIn = (folder: string) => rowsIn(folder).flatMap((row) => (row.kind === 'snapshot' && row.isSuperseded !== true ? [row] : []))

function trendOf(folder: string, of: string) {
  const { db } = openReaderDatabase(folder)
  try {
    const trend = readTrend(db, { stay: of, from: START - MINUTE, to: START + 60 * MINUTE })
    return trend.series.flatMap(({ v }) => [...v]).filter((value) => !Number.isNaN(value))
  } finally {
    db.close()
  }
}

describe('rows that are another patient’s', () => {
  it('are written again under the right stay, and say which row they take the place of', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ stays: [stay('stay-1'), stay('stay-2')], snapshots: minutes(6) }), tick({ reissues: [reissue(START + 2 * MINUTE, START + 4 * MINUTE)] }))
    putRight(open)
    const rows = rowsIn(folder.path)
    expect(rows.slice(0, 6).map((row) => row.kind === 'snapshot' && row.isSuperseded === true)).toEqual([false, false, true, true, false, false])
    expect(rows.slice(6)).toMatchObject([
      { seq: 7, supersedes: 3, revision: 1, snapshot: { stay: 'stay-2', bed: 'bed-1', device: 'monitor-1', receivedAt: START + 2 * MINUTE, observations: [{ measurement: { value: 62 } }] } },
      { seq: 8, supersedes: 4, revision: 1, snapshot: { stay: 'stay-2' } },
      { seq: 9, kind: 'event', stored: { kind: 'gateway', what: 'association: 2 rows put right', at: START + 10 * MINUTE } },
    ])
    expect([trendOf(folder.path, 'stay-1'), trendOf(folder.path, 'stay-2')]).toEqual([[60, 61, 64, 65], [62, 63]])
    using reader = openLogReader(folder.path)
    expect(reader.countValues()).toEqual([{ device: 'monitor-1', metric: 'MDC_ECG_HEART_RATE', values: 6 }])
  })

  it('become two where values of two patients came in one, and lose none of them', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const whole = snapshot({ sentAt: START, deviceAt: START - 20, values: [['MDC_ECG_HEART_RATE', 80], ['MDC_PULS_OXIM_SAT_O2', 97]] })
    const [first, second] = whole.observations
    if (!first || !second) throw new Error('two values')
    const late = { ...second, deviceAt: wallMs(START - 10 * MINUTE), correctedAt: wallMs(START - 10 * MINUTE) }
    open.write(tick({ snapshots: [{ ...whole, observations: [first, late] }], reissues: [reissue(START - 11 * MINUTE, START - 5 * MINUTE)] }))
    putRight(open)
    expect(currentIn(folder.path).map(({ snapshot: { stay: of, observations }, supersedes }) => [of, observations, supersedes])).toEqual([['stay-2', [late], 1], ['stay-1', [first], 1]])
  })

  it('are found among all that come at once, a bounded number in a step, and after a restart in the middle', () => {
    using folder = tempFolder()
    const count = associationLimits.reissueRowsPerStepMax + 1
    {
      using open = writing(folder.path)
      open.write(tick({ snapshots: minutes(count) }), tick({ reissues: [reissue(START, START + DAY_MS)] }))
      expect(open.writer.reissue()).toBe('more')
      expect(currentIn(folder.path).filter(({ snapshot: { stay: of } }) => of === 'stay-2')).toHaveLength(associationLimits.reissueRowsPerStepMax)
    }
    using again = writing(folder.path)
    again.write(tick({ snapshots: [heartRate(99, { receivedAt: START + DAY_MS })] }))
    putRight(again)
    const current = currentIn(folder.path)
    expect(current.filter(({ snapshot: { stay: of } }) => of === 'stay-2')).toHaveLength(count)
    expect(current).toHaveLength(count + 1)
  })

  it('are put right as often as more is learned, in its order: the newest revision counts', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: minutes(3) }), tick({ reissues: [reissue(START, START + 2 * MINUTE), reissue(START, START + MINUTE, { stay: stayId('stay-3') }), reissue(START + MINUTE, START + 2 * MINUTE, { stay: stayId('stay-1') })] }))
    putRight(open)
    expect(currentIn(folder.path).map(({ snapshot: { stay: of, observations }, revision = 0 }) => [of, observations[0]?.measurement, revision])).toEqual([
      ['stay-1', { kind: 'measured', value: 62 }, 0], ['stay-3', { kind: 'measured', value: 60 }, 2], ['stay-1', { kind: 'measured', value: 61 }, 2],
    ])
    expect([trendOf(folder.path, 'stay-1'), trendOf(folder.path, 'stay-2'), trendOf(folder.path, 'stay-3')]).toEqual([[61, 62], [], [60]])
  })

  it('of a device that goes from bed to bed are found by the device, and get the bed', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const spot = { device: 'spot-1', bed: null, stay: null }
    open.write(tick({ snapshots: [...minutes(2, spot), ...minutes(2)] }), tick({ reissues: [reissue(START + MINUTE, START + 2 * MINUTE, { of: { device: deviceId('spot-1') }, devices: [deviceId('spot-1')] })] }))
    putRight(open)
    expect(currentIn(folder.path).map(({ snapshot: { device, bed, stay: of } }) => [device, bed, of])).toEqual([
      ['spot-1', null, null], ['monitor-1', 'bed-1', 'stay-1'], ['monitor-1', 'bed-1', 'stay-1'], ['spot-1', 'bed-1', 'stay-2'],
    ])
  })

  it('that are damaged, or of a device that nobody named, stay as they are, and the log says how many', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: [...minutes(2), ...minutes(1, { device: 'stranger' })] }))
    const db = new Database(join(folder.path, 'vigil.db'))
    db.exec('UPDATE snapshot SET received_at = received_at + 1 WHERE seq = 1')
    db.close()
    open.write(tick({ reissues: [reissue(START, START + DAY_MS)] }))
    putRight(open)
    using reader = openLogReader(folder.path)
    expect(reader.read(0, 100).map((row) => (row.kind === 'event' ? row.stored : row.snapshot.stay))).toMatchObject(['stay-1', 'stay-1', 'stay-2', { what: 'association: 1 rows put right, 2 could not be' }])
  })

  it('lie where they were when the rules are fed with the last minutes again', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: minutes(5) }), tick({ reissues: [reissue(START + MINUTE, START + 3 * MINUTE)] }))
    putRight(open)
    const recent = [...recentSnapshots(folder.path, START, () => expect.unreachable())]
    expect(recent.map(({ stay: of, receivedAt }) => [of, (receivedAt - START) / MINUTE])).toEqual([['stay-1', 0], ['stay-2', 1], ['stay-2', 2], ['stay-1', 3], ['stay-1', 4]])
  })

  it('are put right at once in a store without a thread, so that two replays are the same', async () => {
    using folder = tempFolder()
    const local = openLocalStore({ folder: folder.path, kind: 'demo', gatewayId: 'gateway-1', createdAt: START, durability: 'copy' })
    if (local.kind === 'refused') throw new Error(local.why)
    await local.store.commit(tick({ snapshots: minutes(3), reissues: [reissue(START, START + MINUTE)] }))
    await local.store.close()
    expect(currentIn(folder.path).map(({ snapshot: { stay: of } }) => of)).toEqual(['stay-1', 'stay-1', 'stay-2'])
  })

  it('leave nothing for who looks for rot and tampering; a changed revision is found', () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(tick({ facts: [fact(1)], snapshots: minutes(3), reissues: [reissue(START, START + MINUTE)] }))
      putRight(open)
      open.write(tick({ reissues: [reissue(START, START + 2 * MINUTE)] }))
    }
    expect(openVerified(folder.path)).toEqual([])
    const db = new Database(join(folder.path, 'vigil.db'))
    db.exec(`UPDATE revision SET supersedes = 2; UPDATE fact SET body = replace(body, 'Anna', 'Eva'); UPDATE reissue SET stay = 'stay-9'`)
    db.close()
    expect(openVerified(folder.path)).toEqual(['fact 1', 'revision 4', 'reissue 1'])
  })
})

it('stays that ended are known at a start, the newest of so many, oldest first', () => {
  using folder = tempFolder()
  using open = writing(folder.path)
  const count = storeLimits.pastStaysMax + 1
  open.write(tick({ stays: Array.from({ length: count }, (_, place) => stay(`stay-${place}`, { identity: null, closedAt: wallMs(START + place) })) }))
  const found = readOpening(folder.path)
  if (found.kind === 'refused') throw new Error(found.why)
  expect([found.pastStays.length, found.pastStays[0]?.id, found.pastStays.at(-1)?.id]).toEqual([storeLimits.pastStaysMax, 'stay-1', `stay-${count - 1}`])
})

it('that a row took the place of another is forgotten with the other', () => {
  using folder = tempFolder()
  using open = writing(folder.path)
  open.write(tick({ stays: [stay('stay-1', { closedAt: wallMs(START + 10 * MINUTE) }), stay('stay-2')], snapshots: minutes(3) }), tick({ reissues: [reissue(START, START + MINUTE)] }))
  putRight(open)
  const order = { identityMs: DAY_MS, numericsMs: DAY_MS, framesMs: DAY_MS, stripsMs: DAY_MS, databaseBytesMax: 1e12, freeBytes: 1e12, hold: { kind: 'none' } } as const
  const now = wallMs(START + 3 * DAY_MS)
  for (let report = open.writer.retain({ ...order, now }); report.kind === 'done' && report.more; report = open.writer.retain({ ...order, now }));
  // Those of stay-1 are gone, and the one that was put right is of a patient who is still here.
  expect(currentIn(folder.path).map(({ seq, snapshot: { stay: of } }) => [seq, of])).toEqual([[4, 'stay-2']])
  const db = new Database(join(folder.path, 'vigil.db'), { readonly: true })
  expect(db.prepare('SELECT count(*) AS rows FROM revision').get()).toEqual({ rows: 0 })
  db.close()
})

describe('facts', () => {
  it('are known at the next start, each once, however often they are told', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ facts: [fact(1), fact(2)] }), tick({ facts: [fact(2), fact(3)] }))
    expect(readOpening(folder.path)).toMatchObject({ facts: [fact(1), fact(2), fact(3)], damaged: [] })
  })

  it('that are damaged are as if nobody had said them, and are told', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ facts: [fact(1), fact(2)] }))
    const db = new Database(join(folder.path, 'vigil.db'))
    db.exec('UPDATE fact SET effective_at = effective_at + 1 WHERE id = 1')
    db.close()
    expect(readOpening(folder.path)).toMatchObject({ facts: [fact(2)], damaged: [{ table: 'fact', row: 1 }] })
  })

  it('of patients who are gone are erased by retention, and leave no trace of their name in the file', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ facts: [fact(1), { ...fact(2), body: { ...fact(2).body, patient: { mrn: '1', name: 'Unmistakable^Name' } } as Fact['body'] }] }))
    open.writer.retain({
      now: wallMs(START + DAY_MS), identityMs: DAY_MS, numericsMs: DAY_MS, framesMs: DAY_MS, stripsMs: DAY_MS, databaseBytesMax: 1e12, freeBytes: 1e12, hold: { kind: 'none' }, facts: [2],
    })
    expect(readOpening(folder.path)).toMatchObject({ facts: [fact(1)] })
    expect(open.writer.eraseTraces()).toBe(true)
    const db = new Database(join(folder.path, 'vigil.db'), { readonly: true })
    const bytes = db.serialize()
    db.close()
    expect(bytes.includes('Unmistakable')).toBe(false)
    expect(bytes.includes('Meyer^Anna')).toBe(true)
  })
})
