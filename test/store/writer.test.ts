import { renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, vi } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import { pumpLimits, storeLimits } from '../../src/limits.ts'
import type { MessageIdentity } from '../../src/seams.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { readOpening } from '../../src/store/opening.ts'
import { StoreCondemned, type WriterHooks } from '../../src/store/writer.ts'
import { START, acknowledged, frame, gatewayEvent, heartRate, phase, snapshot, stay, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const rowsIn = (folder: string): readonly number[] => {
  using reader = openLogReader(folder)
  return reader.read(0, 100_000).map(({ seq }) => seq)
}

const opening = (folder: string) => {
  const found = readOpening(folder)
  if (found.kind === 'refused') throw new Error(found.why)
  return found
}

/** A disk that fails the next commits with these codes, null for one that works; then it works. */
function failing(...codes: readonly (string | null)[]): WriterHooks {
  const left = [...codes]
  return {
    beforeCommit() {
      const code = left.shift() ?? null
      if (code !== null) throw new Database.SqliteError('the disk says so', code)
    },
  }
}

describe('a group', () => {
  it('is one transaction, and each tick hears its own last number', () => {
    using folder = tempFolder()
    let commits = 0
    using open = writing(folder.path, { beforeCommit: () => void commits++ })
    expect(open.write(tick({ snapshots: [heartRate(1), heartRate(2)] }), tick({ events: [gatewayEvent('a')] }), tick({ snapshots: [heartRate(3)] }))).toEqual([
      { kind: 'durable', lastSeq: 2 }, { kind: 'durable', lastSeq: 3 }, { kind: 'durable', lastSeq: 4 },
    ])
    expect(commits).toBe(1)
  })

  it('numbers go on after the last one when the file is opened again', () => {
    using folder = tempFolder()
    for (const expected of [[1, 2], [1, 2, 3, 4]]) {
      using open = writing(folder.path)
      open.write(tick({ snapshots: [heartRate(80)], events: [gatewayEvent('a')] }))
      expect(rowsIn(folder.path)).toEqual(expected)
    }
  })

  it('numbers are never given again below the floor that retention leaves', () => {
    using folder = tempFolder()
    writing(folder.path).writer.close()
    const db = new Database(join(folder.path, 'vigil.db'))
    db.exec('UPDATE meta SET seq_floor = 500')
    db.close()
    using open = writing(folder.path)
    expect(open.write(tick({ snapshots: [heartRate(80)] }))).toEqual([{ kind: 'durable', lastSeq: 501 }])
  })

  it('a row that the database refuses goes to quarantine with the reason, takes no number, and the rest of its tick is written', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const message = (slot: number, id: string): MessageIdentity => ({ device: deviceId('monitor-1'), slot, id, hash: 1 })
    const event = gatewayEvent('a')
    const poisoned = tick({
      messages: [message(0.5, 'BAD'), message(1, 'GOOD')],
      snapshots: [heartRate(98), Object.assign(heartRate(99), { receivedAt: Number.NaN }), heartRate(100)],
      events: [Object.assign({ ...event }, { at: Number.NaN }), gatewayEvent('b')],
      stays: [Object.assign(stay('stay-1'), { openedAt: Number.NaN }), stay('stay-2')],
      quarantined: [frame('good'), Object.assign(frame('bad'), { at: Number.NaN })],
    })
    expect(open.write(tick({ snapshots: [heartRate(1)] }), poisoned, tick({ snapshots: [heartRate(2)] }))).toEqual([
      { kind: 'durable', lastSeq: 1 }, { kind: 'durable', lastSeq: 4, refused: 5 }, { kind: 'durable', lastSeq: 5 },
    ])
    expect(rowsIn(folder.path)).toEqual([1, 2, 3, 4, 5])
    using reader = openLogReader(folder.path)
    expect(reader.quarantined(10).map(({ why }) => why.replace(/: .*/, '')).toSorted()).toEqual([
      'good', 'the database refuses this event', 'the database refuses this frame', 'the database refuses this message identity',
      'the database refuses this snapshot', 'the database refuses this stay',
    ])
    expect(reader.quarantined(10).find(({ why }) => why.includes('snapshot'))).toMatchObject({ device: 'monitor-1', peer: 'store' })
    expect(opening(folder.path)).toMatchObject({ messages: [{ id: 'GOOD' }], stays: [{ id: 'stay-2' }], damaged: [] })
    using db = closing(new Database(join(folder.path, 'vigil.db'), { readonly: true }))
    expect(db.prepare('SELECT count(*) FROM patient').pluck().get()).toBe(1)
  })

  it('a message that is refused leaves its slot to the one before', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const message = (id: string, hash: number): MessageIdentity => ({ device: deviceId('monitor-1'), slot: 0, id, hash })
    open.write(tick({ messages: [message('A', 1)] }))
    expect(open.write(tick({ messages: [message('B', 0.5)] }))).toMatchObject([{ kind: 'durable', refused: 1 }])
    expect(opening(folder.path).messages.map(({ id }) => id)).toEqual(['A'])
  })

  it('a bug is not an answer: it flies, and nothing was committed', () => {
    using folder = tempFolder()
    using open = writing(folder.path, { beforeCommit: () => { throw new Error('a bug') } })
    expect(() => open.write(tick({ snapshots: [heartRate(1)] }))).toThrow('a bug')
    expect(rowsIn(folder.path)).toEqual([])
  })

  it('a number that stands for two names is a bug, for a value must never change its meaning', () => {
    using folder = tempFolder()
    using first = writing(folder.path)
    using second = writing(folder.path)
    first.write(tick({ snapshots: [snapshot({ values: [['MDC_ECG_HEART_RATE', 80]] })] }))
    expect(() => second.write(tick({ snapshots: [snapshot({ values: [['MDC_PULS_OXIM_SAT_O2', 97]] })] }))).toThrow(/means two things/)
  })
})

describe('a disk that fails', () => {
  it.each(['SQLITE_FULL', 'SQLITE_IOERR_FSYNC', 'SQLITE_IOERR_WRITE', 'SQLITE_READONLY', 'SQLITE_BUSY', 'SQLITE_READONLY_DBMOVED', 'SQLITE_CORRUPT'])(
    '%s: every tick of the group is told, nothing stays, and the next group is written',
    (code) => {
      using folder = tempFolder()
      using open = writing(folder.path, failing(code))
      const failed = { kind: 'failed', why: `${code}: the disk says so` }
      expect(open.write(tick({ snapshots: [heartRate(1)] }), tick({ events: [gatewayEvent('a')] }))).toEqual([failed, failed])
      expect(rowsIn(folder.path)).toEqual([])
      expect(open.write(tick({ snapshots: [heartRate(2)] }))).toEqual([{ kind: 'durable', lastSeq: 1 }])
      expect(rowsIn(folder.path)).toEqual([1])
    },
  )

  it('that goes on failing is opened anew, and heals by itself when it is back', () => {
    using folder = tempFolder()
    using open = writing(folder.path, failing(...Array.from({ length: 8 }, () => 'SQLITE_IOERR_WRITE')))
    for (let count = 0; count < 8; count++) expect(open.write(tick({ snapshots: [heartRate(count)] }))).toMatchObject([{ kind: 'failed' }])
    expect(open.write(tick({ snapshots: [heartRate(9)] }))).toEqual([{ kind: 'durable', lastSeq: 1 }])
  })

  it('that reads nothing for a while is waited for: what is whole is set aside only where that goes on', () => {
    using folder = tempFolder()
    using open = writing(folder.path, failing('SQLITE_CANTOPEN'))
    const write = () => open.write(tick({ snapshots: [heartRate(1)] }))
    expect(write()).toMatchObject([{ kind: 'failed' }])
    const away = vi.spyOn(Database.prototype, 'pragma').mockImplementation(() => {
      throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_READ')
    })
    // Whole, so that what is added to it is exactly what passes.
    const now = Math.ceil(performance.now())
    const time = vi.spyOn(performance, 'now')
    try {
      for (const passed of [0, 1_000, storeLimits.unreadableMsMax - 1]) {
        time.mockReturnValue(now + passed)
        expect(write()).toEqual([{ kind: 'failed', why: expect.stringContaining('SQLITE_IOERR_READ') }])
      }
      time.mockReturnValue(now + storeLimits.unreadableMsMax)
      expect(write).toThrow(StoreCondemned)
    } finally {
      away.mockRestore()
      time.mockRestore()
    }
    expect(write()).toEqual([{ kind: 'durable', lastSeq: 1 }])
  })

  it('that is really full says so, keeps what it had, and goes on when there is room', () => {
    using folder = tempFolder()
    let room: number | null = null
    const hooks = {
      beforeCommit(db: Database.Database) {
        room ??= Number(db.pragma('page_count', { simple: true })) + 3
        db.pragma(`max_page_count = ${room}`)
      },
    }
    using open = writing(folder.path, hooks)
    const ten = tick({ snapshots: Array.from({ length: 10 }, () => snapshot()) })
    const results = Array.from({ length: 60 }, () => open.write(ten)[0])
    const durable = results.filter((result) => result?.kind === 'durable').length
    expect(durable).toBeGreaterThan(5)
    expect(results.at(-1)).toMatchObject({ kind: 'failed', why: expect.stringContaining('SQLITE_FULL') })
    expect(rowsIn(folder.path)).toHaveLength(durable * 10)
    room = 10_000
    open.write(tick())
    expect(open.write(tick({ snapshots: [snapshot()] }))).toEqual([{ kind: 'durable', lastSeq: durable * 10 + 1 }])
  })

  it('a file that was swapped under a running gateway is not written to', () => {
    using folder = tempFolder()
    using other = tempFolder()
    writing(other.path).writer.close()
    using open = writing(folder.path, failing('SQLITE_READONLY_DBMOVED'))
    open.write(tick({ snapshots: [heartRate(1)] }))
    renameSync(join(other.path, 'vigil.db'), join(folder.path, 'vigil.db'))
    expect(open.write(tick({ snapshots: [heartRate(2)] }))).toEqual([{ kind: 'failed', why: expect.stringContaining('was replaced') }])
  })
})

describe('what a gateway takes up again', () => {
  it('stays that are open, as last written', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ stays: [stay('stay-1', { identity: null }), stay('stay-2'), stay('stay-3')] }))
    const named = stay('stay-1', { identity: { mrn: null, name: 'Kim^Lee' }, context: { ...stay('x').context, onOxygen: true, spo2Scale: 2 } })
    open.write(tick({ stays: [named, stay('stay-2', { closedAt: START }), stay('stay-3', { identity: null })] }))
    expect(opening(folder.path).stays).toEqual([named, stay('stay-3', { identity: null })])
  })

  it('names of persons stand in one table, and are gone when they are taken back', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ stays: [stay('stay-1')] }))
    open.write(tick({ stays: [stay('stay-1', { identity: null })] }))
    using db = closing(new Database(join(folder.path, 'vigil.db'), { readonly: true }))
    expect(db.prepare('SELECT id, mrn, name FROM patient').all()).toEqual([{ id: 1, mrn: null, name: null }])
  })

  it('all events of the alerts that are open, and of no other', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ events: [phase('alert-1', 'active'), phase('alert-2', 'active'), acknowledged('alert-1', 'anna')] }))
    open.write(tick({ events: [phase('alert-2', 'inactive'), phase('alert-3', 'latched'), gatewayEvent('a'), acknowledged('alert-3', 'bo')] }))
    const expected = [phase('alert-1', 'active'), acknowledged('alert-1', 'anna'), phase('alert-3', 'latched'), acknowledged('alert-3', 'bo')]
    expect(opening(folder.path).openAlertEvents).toEqual(expected.map((stored) => stored.kind === 'alert' && stored.event))
    expect(opening(folder.path).damaged).toEqual([])
  })

  it('an alert that ended and came again under its id is open', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ events: [phase('alert-1', 'active'), phase('alert-1', 'inactive'), phase('alert-1', 'active')] }))
    expect(opening(folder.path).openAlertEvents).toHaveLength(3)
  })

  it('open alerts are found in the log when the short cut to them is damaged, and an acknowledgement never stands without its alert', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ events: [phase('alert-1', 'active'), acknowledged('alert-1', 'anna'), phase('alert-2', 'active'), acknowledged('alert-2', 'bo')] }))
    const db = new Database(join(folder.path, 'vigil.db'))
    db.exec(`UPDATE open_alert SET alert_id = 'alert-7' WHERE alert_id = 'alert-1'; UPDATE event SET body = replace(body, '84', '94') WHERE seq = 3`)
    db.close()
    const found = opening(folder.path)
    const expected = [phase('alert-1', 'active'), acknowledged('alert-1', 'anna')]
    expect(found.openAlertEvents).toEqual(expected.map((stored) => stored.kind === 'alert' && stored.event))
    expect(found.damaged.map(({ table, row }) => [table, row])).toEqual([['open_alert', 'alert-7'], ['event', 3]])
  })

  it('a name whose bytes were damaged is not shown, and told', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ stays: [stay('stay-1'), stay('stay-2')] }))
    const db = new Database(join(folder.path, 'vigil.db'))
    db.exec(`UPDATE patient SET name = 'Meier^Anna' WHERE id = 1; UPDATE stay SET bed = 'bed-2' WHERE id = 'stay-2'`)
    db.close()
    expect(opening(folder.path).stays).toEqual([stay('stay-1', { identity: null })])
    expect(opening(folder.path).damaged.map(({ table, row }) => [table, row])).toEqual([['patient', 'stay-1'], ['stay', 'stay-2']])
  })

  it('patients of two stays that were swapped by damage are not mixed up', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ stays: [stay('stay-1'), stay('stay-2', { identity: { mrn: '4712', name: 'Kim^Lee' } })] }))
    const db = new Database(join(folder.path, 'vigil.db'))
    db.exec('PRAGMA foreign_keys = OFF; UPDATE patient SET id = id + 10; UPDATE patient SET id = 13 - id')
    db.close()
    expect(opening(folder.path).stays.map(({ identity }) => identity)).toEqual([null, null])
  })

  it('the messages that were taken: in a slot the last one, in the order of arrival', () => {
    using folder = tempFolder()
    const message = (slot: number, id: string): MessageIdentity => ({ device: deviceId('monitor-1'), slot, id, hash: 7 })
    {
      using open = writing(folder.path)
      open.write(tick({ messages: [message(0, 'A'), message(1, 'B')] }), tick({ messages: [message(0, 'Z')] }))
      open.write(tick({ messages: [message(2, 'D'), message(2, 'E')] }))
    }
    using again = writing(folder.path)
    again.write(tick({ messages: [message(1, 'F')] }))
    expect(opening(folder.path).messages.map(({ id }) => id)).toEqual(['Z', 'E', 'F'])
  })

  it('a message of a group that failed is not remembered, and its slot keeps what it had', () => {
    using folder = tempFolder()
    using open = writing(folder.path, failing(null, 'SQLITE_FULL'))
    const message = (id: string): MessageIdentity => ({ device: deviceId('monitor-1'), slot: 0, id, hash: 7 })
    open.write(tick({ messages: [message('A')] }))
    open.write(tick({ messages: [message('B')] }))
    expect(opening(folder.path).messages.map(({ id }) => id)).toEqual(['A'])
    open.write(tick({ messages: [message('C')] }))
    expect(opening(folder.path).messages.map(({ id }) => id)).toEqual(['C'])
  })
})

describe('quarantine', () => {
  it('keeps the newest of each device up to the bound, and counts what had to go', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const of = (device: string | null, count: number) =>
      Array.from({ length: count }, (_, place) => frame(`fault ${place}`, { device: device === null ? null : deviceId(device) }))
    open.write(tick({ quarantined: of('monitor-1', pumpLimits.quarantinedFramesPerDeviceMax) }), tick({ quarantined: of(null, 3) }))
    using reader = openLogReader(folder.path)
    expect([reader.quarantined(10_000).length, reader.quarantineDropped()]).toEqual([pumpLimits.quarantinedFramesPerDeviceMax + 3, 0])
    open.write(tick({ quarantined: of('monitor-1', 1) }))
    expect([reader.quarantined(10_000).length, reader.quarantineDropped()]).toEqual([pumpLimits.quarantinedFramesPerDeviceMax + 3, 1])
    expect(reader.quarantined(10_000).filter(({ device }) => device === 'monitor-1').at(-1)?.why).toBe('fault 1')
    expect(reader.quarantined(1)).toMatchObject([{ device: 'monitor-1', peer: '10.0.0.5:40122', why: 'fault 0', at: START, length: 3 }])
    expect([...(reader.quarantined(1)[0]?.bytes ?? [])]).toEqual([77, 83, 72])
  })
})

describe('the WAL', () => {
  it('is emptied when nobody waits, long before its bound, and used again from its beginning', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const many = tick({ snapshots: Array.from({ length: 2_000 }, (_, count) => snapshot({ receivedAt: START + count })) })
    let longest = 0
    for (let count = 0; count < 40; count++) {
      open.write(many)
      longest = Math.max(longest, open.writer.relieve(true))
    }
    expect(longest).toBeGreaterThan(storeLimits.idleWalPagesMax / 2)
    expect(longest).toBeLessThan(storeLimits.idleWalPagesMax * 2)
    expect(statSync(join(folder.path, 'vigil.db-wal')).size).toBeLessThan(storeLimits.idleWalPagesMax * 2 * 4_120)
  })

  it('is emptied while somebody waits too, once it is as long as its bound', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const bytes = new Uint8Array(pumpLimits.quarantinedFrameBytesMax).fill(7)
    const large = tick({ quarantined: Array.from({ length: 100 }, () => frame('large', { bytes })) })
    let longest = 0
    for (let count = 0; count < 24; count++) {
      open.write(large)
      longest = Math.max(longest, open.writer.relieve(false) * 4_096)
    }
    expect(longest).toBeGreaterThan(storeLimits.walBytesMax / 2)
    expect(longest).toBeLessThan(storeLimits.walBytesMax * 1.5)
    expect(statSync(join(folder.path, 'vigil.db-wal')).size).toBeLessThan(storeLimits.walBytesMax * 1.5)
  })

  it('is left alone while somebody waits and it is short', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    for (let count = 0; count < 30; count++) open.write(tick({ snapshots: Array.from({ length: 2_000 }, () => snapshot()) }))
    expect(open.writer.relieve(false)).toBeGreaterThan(storeLimits.idleWalPagesMax)
    expect(open.writer.relieve(false)).toBeGreaterThan(storeLimits.idleWalPagesMax)
  })
})

const closing = (db: Database.Database): Database.Database & Disposable => Object.assign(db, { [Symbol.dispose]: () => void db.close() })
