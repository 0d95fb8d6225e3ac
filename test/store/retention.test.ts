import { readFileSync, statSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { alertId, deviceId, stayId } from '../../src/domain/ids.ts'
import { type WallMs, wallMs } from '../../src/domain/time.ts'
import { retentionLimits } from '../../src/limits.ts'
import type { Strip } from '../../src/seams.ts'
import { openReaderDatabase } from '../../src/store/database.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { readOpening, recentSnapshots } from '../../src/store/opening.ts'
import type { RetentionOrder } from '../../src/store/retention.ts'
import { readTrend } from '../../src/store/trend.ts'
import { START, acknowledged, frame, gatewayEvent, heartRate, phase, stay, tempFolder, tick } from './fixture.ts'
import { type Writing, writing } from './writing.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const GIGABYTE = 1e9

const order = (now: number, part: Partial<RetentionOrder> = {}): RetentionOrder => ({
  now: wallMs(now), identityMs: 72 * HOUR_MS, numericsMs: 14 * DAY_MS, framesMs: 72 * HOUR_MS, stripsMs: 7 * DAY_MS, databaseBytesMax: 50 * GIGABYTE, freeBytes: 50 * GIGABYTE,
  hold: { kind: 'none' }, ...part,
})

/** Steps until a round is done, at most so many; what they did in all. */
function retained(open: Writing, given: RetentionOrder, stepsMax = 5_000) {
  const total = { identities: 0, frames: 0, strips: 0, rows: 0, unsent: 0, forced: 0, steps: 0 }
  for (let more = true; more && total.steps < stepsMax; ) {
    const report = open.writer.retain(given)
    if (report.kind === 'failed') throw new Error(report.why)
    total.steps++
    total.identities += report.identities
    total.frames += report.frames
    total.strips += report.strips
    total.rows += report.rows
    total.unsent += report.forced?.unsent ?? 0
    total.forced += report.forced?.rows ?? 0
    more = report.more
  }
  return total
}

function rowsIn(folder: string) {
  using reader = openLogReader(folder)
  return reader.read(0, 1_000_000)
}
const seqsIn = (folder: string): readonly number[] => rowsIn(folder).map(({ seq }) => seq)

function count(folder: string, table: string): number {
  const { db } = openReaderDatabase(folder)
  const { rows } = db.prepare<[], { rows: number }>(`SELECT count(*) AS rows FROM ${table}`).get() ?? { rows: -1 }
  db.close()
  return rows
}

/** One value a minute of each of these stays, `at` on. */
const minutes = (stays: readonly (string | null)[], at: number, rows: number) =>
  tick({ snapshots: Array.from({ length: rows }, (_, minute) => stays.map((of) => heartRate(60 + (minute % 60), { stay: of, device: `monitor-${of ?? 'loose'}`, receivedAt: at + minute * 60_000 }))).flat() })

const ended = (id: string, closedAt: number, name = 'Meyer^Anna') => stay(id, { closedAt: wallMs(closedAt), identity: { mrn: `mrn-${id}`, name } })

describe('a wall clock that was wrong for a while', () => {
  it.each([['back', 1_000_000], ['ahead', START + 4_000 * DAY_MS]])('and far %s makes no row of before old', (_name, wrong) => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(minutes([null], START, 100))
    open.write(minutes([null], wrong, 2))
    open.write(minutes([null], START + 100 * 60_000, 100))
    open.write(tick({ events: [gatewayEvent('said')] }))
    expect(retained(open, order(START + 5 * DAY_MS))).toMatchObject({ rows: 0 })
    // Nor is anything of now young for ever.
    expect(retained(open, order(START + 30 * DAY_MS)).rows).toBeGreaterThan(190)
  })
})

describe('old rows that cannot be read', () => {
  it('are no reason to give up a file that takes new ones', () => {
    using folder = tempFolder()
    let isRotten = true
    using open = writing(folder.path, { beforeCommit: () => { if (isRotten) throw new Database.SqliteError('an old page', 'SQLITE_CORRUPT') } })
    for (let round = 0; round < 10; round++) expect(open.writer.retain(order(START))).toMatchObject({ kind: 'failed' })
    isRotten = false
    expect(open.write(tick({ snapshots: [heartRate(80)] }))).toEqual([{ kind: 'durable', lastSeq: 1 }])
  })
})

describe('identity', () => {
  it('goes 72 h after discharge, byte for byte, from the file and the WAL', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const names = Array.from({ length: 200 }, (_, number) => `Zwiebelfisch^Nr${number}`)
    open.write(tick({ stays: names.map((name, number) => stay(`stay-${number}`, { identity: { mrn: `M${number}X`, name } })) }))
    open.write(tick({ stays: names.map((name, number) => stay(`stay-${number}`, { closedAt: START, identity: { mrn: `M${number}X`, name } })), quarantined: [frame('no', { bytes: Buffer.from('PID|Zwiebelfisch^Nr0') })] }))
    open.write(tick({ stays: [stay('present', { identity: { mrn: 'here', name: 'Present^Person' } })] }))
    expect(retained(open, order(START + 71 * HOUR_MS))).toMatchObject({ identities: 0, frames: 0 })
    expect(retained(open, order(START + 72 * HOUR_MS))).toMatchObject({ identities: 200, frames: 1, rows: 0 })
    expect(open.writer.eraseTraces()).toBe(true)
    for (const file of ['vigil.db', 'vigil.db-wal']) {
      const path = join(folder.path, file)
      const text = existsSync(path) ? readFileSync(path).toString('latin1') : ''
      expect(text.includes('Zwiebelfisch'), file).toBe(false)
      expect(text.includes('M7X'), file).toBe(false)
    }
    expect(readFileSync(join(folder.path, 'vigil.db')).toString('latin1')).toContain('Present^Person')
    expect(readOpening(folder.path)).toMatchObject({ kind: 'read', damaged: [], stays: [{ id: 'present', identity: { name: 'Present^Person' } }] })
  })

  it('is erased as soon as no reader looks at the pages of before', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ stays: [ended('stay-1', START, 'Zwiebelfisch^Ada')] }))
    const { db } = openReaderDatabase(folder.path)
    db.exec('BEGIN')
    db.prepare('SELECT * FROM patient').all()
    retained(open, order(START + 72 * HOUR_MS))
    expect(open.writer.eraseTraces()).toBe(false)
    db.close()
    expect(open.writer.eraseTraces()).toBe(true)
    expect(readFileSync(join(folder.path, 'vigil.db')).toString('latin1')).not.toContain('Zwiebelfisch')
  })

  it('a patient number is not given again, so that readers who follow the numbers pass nobody by', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ stays: [ended('stay-1', START)] }))
    retained(open, order(START + 30 * DAY_MS))
    open.write(tick({ stays: [stay('stay-2')] }))
    const { db } = openReaderDatabase(folder.path)
    expect(db.prepare('SELECT id, name FROM patient ORDER BY id').all()).toEqual([{ id: 1, name: null }, { id: 2, name: 'Meyer^Anna' }])
    db.close()
  })
})

describe('numerics', () => {
  it('go 14 d after discharge; a patient who is still there keeps all, however old', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ stays: [stay('long'), stay('short')] }), minutes(['long', 'short'], START, 600))
    open.write(tick({ stays: [ended('short', START + 10 * HOUR_MS)] }))
    expect(retained(open, order(START + 10 * HOUR_MS + 14 * DAY_MS - retentionLimits.logRoundMs))).toMatchObject({ rows: 0 })
    expect(retained(open, order(START + 10 * HOUR_MS + 14 * DAY_MS))).toMatchObject({ rows: 600, forced: 0 })
    expect(rowsIn(folder.path).map((row) => row.kind === 'snapshot' && row.snapshot.stay)).toEqual(Array.from({ length: 600 }, () => 'long'))
    expect(count(folder.path, 'stay')).toBe(1)
    const { db } = openReaderDatabase(folder.path)
    const trend = readTrend(db, { stay: 'long', from: START, to: START + DAY_MS })
    expect(trend.series.map(({ t }) => t.length)).toEqual([600])
    expect(readTrend(db, { stay: 'short', from: START, to: START + DAY_MS }).series).toEqual([])
    db.close()
    expect([...recentSnapshots(folder.path, START, () => {})]).toHaveLength(600)
  })

  it('what belongs to no stay counts from when it came', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(minutes([null], START, 1_200))
    expect(retained(open, order(START + 14 * DAY_MS))).toMatchObject({ rows: 0 })
    expect(retained(open, order(START + 14 * DAY_MS + HOUR_MS))).toMatchObject({ rows: 0 })
    expect(retained(open, order(START + 14 * DAY_MS + 10 * HOUR_MS))).toMatchObject({ rows: 600 })
    expect(retained(open, order(START + 15 * DAY_MS))).toMatchObject({ rows: 599 })
    expect(retained(open, order(START + 16 * DAY_MS))).toMatchObject({ rows: 0 })
    // The newest minute goes once a later one has begun.
    expect(seqsIn(folder.path)).toEqual([1_200])
  })

  it('a step is bounded, and the next one goes on where it stopped', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const rows = retentionLimits.seqsPerStretchMax + 1
    open.write(minutes(['short'], START, rows), tick({ stays: [ended('short', START + 40 * HOUR_MS)] }))
    const given = order(START + 20 * DAY_MS)
    const first = open.writer.retain(given)
    expect(first.kind === 'done' && first.rows <= retentionLimits.seqsPerStretchMax && first.more).toBe(true)
    expect(retained(open, given).rows).toBe(rows - (first.kind === 'done' ? first.rows : 0))
    expect(retained(open, given)).toMatchObject({ rows: 0 })
  })
})

describe('events', () => {
  it('go with their stay, never while their alert is open, and those of the gateway by age', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(
      tick({ stays: [stay('stay-1')], snapshots: [heartRate(1)], events: [phase('closed', 'active'), acknowledged('closed', 'anna'), phase('closed', 'inactive'), phase('open', 'active'), gatewayEvent('old')] }),
      tick({ snapshots: [heartRate(2, { receivedAt: START + HOUR_MS })] }),
    )
    expect(retained(open, order(START + 20 * DAY_MS))).toMatchObject({ rows: 1 })
    open.write(tick({ stays: [ended('stay-1', START)] }))
    const later = order(START + 20 * DAY_MS + retentionLimits.logRoundMs)
    retained(open, later)
    expect(rowsIn(folder.path).flatMap((row) => (row.kind === 'event' && row.stored.kind === 'alert' ? [row.stored.event.alertId] : []))).toEqual(['open'])
    expect(readOpening(folder.path)).toMatchObject({ openAlertEvents: [{ alertId: 'open' }], damaged: [] })
  })
})

describe('what central has not taken', () => {
  const stayed = (open: Writing) => open.write(tick({ stays: [stay('s')] }), minutes(['s', null], START, 60), tick({ stays: [ended('s', START + HOUR_MS)] }), minutes([null], START + 3 * DAY_MS, 2))
  const held = (seq: number, deadBefore: WallMs | null = null) => ({ kind: 'cursor' as const, seq, deadBefore })

  it('is kept beyond its time', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    stayed(open)
    let now = START + 20 * DAY_MS
    const next = (): number => (now += retentionLimits.logRoundMs)
    expect(retained(open, order(now, { hold: { kind: 'unknown' } }))).toMatchObject({ rows: 0 })
    expect(retained(open, order(next(), { hold: held(0) }))).toMatchObject({ rows: 0 })
    // Up to the cursor what belongs to nobody may go; of a stay all or nothing.
    expect(retained(open, order(next(), { hold: held(60) }))).toMatchObject({ rows: 30, unsent: 0 })
    expect(Math.min(...seqsIn(folder.path))).toBe(1)
    expect(retained(open, order(next(), { hold: held(122) }))).toMatchObject({ unsent: 0, forced: 0 })
    expect(seqsIn(folder.path)).toEqual([122])
  })

  it('goes once central has been dead for so long, and the log says which rows', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    stayed(open)
    const now = START + 60 * DAY_MS
    const total = retained(open, order(now, { hold: held(10, wallMs(now - 30 * DAY_MS)) }))
    expect(total).toMatchObject({ rows: 121, unsent: 111 })
    const said = rowsIn(folder.path).flatMap((row) => (row.kind === 'event' && row.stored.kind === 'gateway' ? [row.stored.what] : []))
    expect(said[0]).toMatch(/^retention: \d+ rows from \d+ to \d+ deleted before their time, \d+ of them never sent: central has taken nothing for too long$/)
    expect(count(folder.path, 'stay')).toBe(0)
  })
})

describe('when there is no room', () => {
  it('the oldest go first, of people who are present too, but nothing of the last day, and the log names them', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ stays: [stay('s')], events: [phase('open', 'active')] }), minutes(['s'], START, 3_000))
    const now = START + 3_000 * 60_000
    const given = order(now, { freeBytes: 1_000, hold: { kind: 'cursor', seq: 100, deadBefore: null } })
    const total = retained(open, given)
    expect(total.rows).toBe(3_000 - 1_440)
    expect(total.forced).toBe(total.rows)
    expect(total.unsent).toBe(total.rows - 99)
    const rows = rowsIn(folder.path)
    expect(rows.filter((row) => row.kind === 'event' && row.stored.kind === 'alert')).toHaveLength(1)
    const said = rows.flatMap((row) => (row.kind === 'event' && row.stored.kind === 'gateway' ? [row.stored.what] : []))
    expect(said[0]).toMatch(/^retention: \d+ rows from 2 to \d+ deleted .* the disk has room for \d+ MB only$/)
    expect(said.length).toBeGreaterThan(1)
    expect(retained(open, order(now)).rows).toBe(0)
  })

  it('a row that a wrong clock dated ahead does not keep the others', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const now = START + 10 * DAY_MS
    open.write(minutes(['s'], now + DAY_MS, 1), minutes(['s'], START, 100))
    expect(retained(open, order(now, { freeBytes: 1_000 })).rows).toBe(101)
  })

  it('a limit on the file counts the pages that hold something', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(minutes(['s'], START, 5_000))
    const now = START + 10 * DAY_MS
    expect(retained(open, order(now, { databaseBytesMax: 100 * 1e6 })).rows).toBe(0)
    expect(retained(open, order(now, { databaseBytesMax: 300_000 })).rows).toBeGreaterThan(1_000)
  })
})

describe('numbers', () => {
  it('are never given again, also after a restart with an empty log', () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(minutes(['s'], START, 50), tick({ stays: [ended('s', START + HOUR_MS)] }))
      retained(open, order(START + 30 * DAY_MS))
      expect(seqsIn(folder.path)).toEqual([])
    }
    using again = writing(folder.path)
    expect(again.write(tick({ snapshots: [heartRate(1)] }))).toEqual([{ kind: 'durable', lastSeq: 51 }])
  })

  it('a step that fails deletes nothing, and the floor stays where it was', () => {
    using folder = tempFolder()
    let fails = false
    using open = writing(folder.path, { beforeCommit: () => { if (fails) throw new Database.SqliteError('the disk says so', 'SQLITE_IOERR_WRITE') } })
    open.write(minutes(['s'], START, 50), tick({ stays: [ended('s', START + HOUR_MS)] }))
    fails = true
    expect(open.writer.retain(order(START + 30 * DAY_MS))).toMatchObject({ kind: 'failed' })
    fails = false
    expect(seqsIn(folder.path)).toHaveLength(50)
    expect(retained(open, order(START + 30 * DAY_MS))).toMatchObject({ rows: 50, identities: 1 })
  })
})

describe('space', () => {
  it('is used again: the file stops growing', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const sizes: number[] = []
    for (let day = 0; day < 24; day++) {
      const at = START + day * DAY_MS
      open.write(tick({ stays: [ended(`stay-${day}`, at + DAY_MS)] }))
      for (let part = 0; part < 6; part++) open.write(minutes([`stay-${day}`, null], at + part * 4 * HOUR_MS, 240))
      retained(open, order(at + DAY_MS, { numericsMs: 4 * DAY_MS }))
      while (open.writer.relieve(true) > 0 && !open.writer.eraseTraces()) continue
      sizes.push(statSync(join(folder.path, 'vigil.db')).size)
    }
    expect(sizes[23]).toBeLessThanOrEqual((sizes[10] ?? 0) * 1.15)
    expect(count(folder.path, 'mark')).toBeLessThan(8 * 1_440)
  })
})

describe('strips', () => {
  const strip = (id: string, at: number): Strip => ({
    alertId: alertId(id), at: wallMs(at), device: deviceId('monitor-1'), metric: 'MDC_ECG_ELEC_POTL_II', channel: '', rateHz: 250, scale: 1, offset: 0, unit: 'mV', from: wallMs(at - 10_000), samples: new Int32Array(7_500),
  })
  const stripsIn = (folder: string): readonly string[] => {
    const { db } = openReaderDatabase(folder)
    const rows = db.prepare<[], { alertId: string }>('SELECT alert_id AS alertId FROM strip ORDER BY id').all()
    db.close()
    return rows.map((row) => row.alertId)
  }

  it('are kept for 7 d, in steps of a bounded size', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const old = retentionLimits.stripsPerDeleteMax + 1
    open.write(tick({ strips: [...Array.from({ length: old }, () => strip('old', START)), strip('new', START + 1)] }))
    expect(retained(open, order(START + 7 * DAY_MS - 1))).toMatchObject({ strips: 0 })
    expect(retained(open, order(START + 7 * DAY_MS))).toMatchObject({ strips: old, rows: 0 })
    expect(stripsIn(folder.path)).toEqual(['new'])
  })

  it('go with the events of their alert, whatever their age', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(
      tick({ stays: [ended('gone', START)], snapshots: [heartRate(1, { stay: 'gone' })], events: [phase('over', 'active', START, { stay: stayId('gone') }), phase('over', 'inactive', START, { stay: stayId('gone') }), phase('open', 'active')] }),
      tick({ snapshots: [heartRate(2, { receivedAt: START + HOUR_MS })], strips: [strip('over', START + 30 * DAY_MS), strip('open', START + 30 * DAY_MS)] }),
    )
    expect(retained(open, order(START + 20 * DAY_MS))).toMatchObject({ strips: 1 })
    expect(stripsIn(folder.path)).toEqual(['open'])
  })

  it('go when there is no room, as old as the values that go', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ stays: [stay('s')], strips: [strip('first', START + HOUR_MS), strip('kept', START + 2_900 * 60_000)] }), minutes(['s'], START, 3_000))
    const now = START + 3_000 * 60_000
    expect(retained(open, order(now, { freeBytes: 1_000 })).strips).toBe(1)
    expect(stripsIn(folder.path)).toEqual(['kept'])
  })
})

describe('quarantine', () => {
  it('is kept for 72 h', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ quarantined: [frame('old'), frame('new', { at: wallMs(START + HOUR_MS), device: deviceId('monitor-2') })] }))
    expect(retained(open, order(START + 72 * HOUR_MS))).toMatchObject({ frames: 1 })
    using reader = openLogReader(folder.path)
    expect(reader.quarantined(10).map(({ why }) => why)).toEqual(['new'])
  })
})
