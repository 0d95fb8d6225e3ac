import { join } from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { absent } from '../../src/domain/reading.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { storeLimits } from '../../src/limits.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { readOpening, recentSnapshots } from '../../src/store/opening.ts'
import { START, anySnapshot, gatewayEvent, heartRate, metric, phase, snapshot, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

function damage(folder: string, sql: string): void {
  const db = new Database(join(folder, 'vigil.db'))
  db.exec(`PRAGMA foreign_keys = OFF; ${sql}`)
  db.close()
}

describe('a snapshot', () => {
  it('comes back as it was, whatever it was', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    using reader = openLogReader(folder.path)
    fc.assert(
      fc.property(fc.array(anySnapshot, { minLength: 1, maxLength: 6 }), (snapshots) => {
        const before = reader.lastSeq()
        expect(open.write(tick({ snapshots }))).toMatchObject([{ kind: 'durable' }])
        const back = reader.read(before, 100).map((row) => row.kind === 'snapshot' && row.snapshot)
        expect(back).toStrictEqual(snapshots.map((one) => ({ ...one, at: monoMs(one.receivedAt) })))
      }),
      { numRuns: 60 },
    )
    expect(reader.damaged()).toEqual([])
  })
})

describe('a wall time of minus zero', () => {
  it('is kept as zero, and does not look like damage', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: [heartRate(80, { receivedAt: -0, sentAt: -0 })] }))
    using reader = openLogReader(folder.path)
    expect(reader.read(0, 10)).toMatchObject([{ snapshot: { receivedAt: 0, sentAt: 0 } }])
  })
})

describe('damage', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a value', `UPDATE snapshot SET readings = CAST(substr(readings, 1, 4) || x'5b' || substr(readings, 6) AS BLOB) WHERE seq = 2`],
    ['the time of arrival', 'UPDATE snapshot SET received_at = received_at + 1 WHERE seq = 2'],
    ['the time of sending', 'UPDATE snapshot SET sent_at = 5 WHERE seq = 2'],
    ['whose it is', 'UPDATE snapshot SET stream = stream + 1 WHERE seq = 2'],
    ['the checksum', 'UPDATE snapshot SET crc = crc + 1 WHERE seq = 2'],
  ]

  it.each(cases)('to %s is found, told, and never shown as a value', (_what, sql) => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: [heartRate(80), heartRate(81), heartRate(82, { device: 'monitor-2' })] }))
    damage(folder.path, sql)
    using reader = openLogReader(folder.path)
    expect(reader.read(0, 10).map(({ seq }) => seq)).toEqual([1, 3])
    expect(reader.damaged()).toMatchObject([{ table: 'snapshot', row: 2 }])
    expect(reader.countValues().map(({ device, values }) => [device, values])).toEqual([['monitor-1', 1], ['monitor-2', 1]])
  })

  it('to the number of a row is found: nothing is told under a number that it was not written with', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: [heartRate(80), heartRate(81)], events: [gatewayEvent('a')] }))
    damage(folder.path, 'UPDATE snapshot SET seq = 10 WHERE seq = 2; UPDATE event SET seq = 11 WHERE seq = 3')
    using reader = openLogReader(folder.path)
    expect(reader.read(0, 10).map(({ seq }) => seq)).toEqual([1])
    expect(reader.damaged().map(({ table, row }) => [table, row])).toEqual([['snapshot', 10], ['event', 11]])
  })

  it('to a name takes every value under it out of sight', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: [heartRate(80), snapshot({ device: 'monitor-2', values: [['MDC_PULS_OXIM_SAT_O2', 97]] })] }))
    damage(folder.path, `UPDATE series SET metric = 'MDC_RESP_RATE', unit = '/min' WHERE metric = 'MDC_PULS_OXIM_SAT_O2'`)
    damage(folder.path, `UPDATE stream SET device = 'monitor-9' WHERE device = 'monitor-1'`)
    using reader = openLogReader(folder.path)
    expect(reader.read(0, 10)).toEqual([])
    expect(reader.damaged().map(({ why }) => why)).toEqual([expect.stringMatching(/stream 1 is damaged/), expect.stringMatching(/series 2 is damaged/)])
  })

  it('to a name does not spread: the gateway names the same thing anew', () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(tick({ snapshots: [heartRate(80)] }))
    }
    damage(folder.path, `UPDATE series SET metric = 'MDC_RESP_RATE'; UPDATE stream SET device = 'monitor-9'`)
    using open = writing(folder.path)
    open.write(tick({ snapshots: [heartRate(81)] }))
    using reader = openLogReader(folder.path)
    expect(reader.read(0, 10)).toMatchObject([{ seq: 2, snapshot: { device: 'monitor-1' } }])
  })

  it('to an event is found', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ events: [phase('alert-1', 'active'), gatewayEvent('b')] }))
    damage(folder.path, `UPDATE event SET body = replace(body, 'medium', 'low') WHERE seq = 1`)
    using reader = openLogReader(folder.path)
    expect(reader.read(0, 10)).toEqual([{ kind: 'event', seq: 2, stored: gatewayEvent('b') }])
    expect(reader.damaged()).toMatchObject([{ table: 'event', row: 1 }])
  })

  it('to whole pages of rows does not look like the end of the log', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: Array.from({ length: 40 }, (_, count) => heartRate(count)) }))
    damage(folder.path, 'UPDATE snapshot SET crc = 7 WHERE seq BETWEEN 3 AND 38')
    using reader = openLogReader(folder.path)
    expect(reader.read(2, 5).map(({ seq }) => seq)).toEqual([39, 40])
    expect(reader.damaged()).toHaveLength(36)
  })

  it('is named up to a bound', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: Array.from({ length: storeLimits.damagedRowsNamedMax + 1 }, (_, count) => heartRate(count)) }))
    damage(folder.path, 'UPDATE snapshot SET crc = 7')
    using reader = openLogReader(folder.path)
    expect(reader.read(0, 10_000)).toEqual([])
    expect(reader.damaged()).toHaveLength(storeLimits.damagedRowsNamedMax)
  })
})

describe('a metric', () => {
  it('that the table no longer holds in that unit is never shown in another', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: [heartRate(80), snapshot({ values: [['MDC_TEMP_CORE', 37]] })] }))
    using other = openLogReader(folder.path, (id) => (id === 'MDC_TEMP_CORE' ? { ...metric(id), unit: '[degF]' } : undefined))
    expect(other.read(0, 10)).toEqual([])
    const [first, second] = other.damaged()
    expect([first?.why, second?.why]).toEqual([expect.stringContaining('MDC_ECG_HEART_RATE in /min'), expect.stringContaining('MDC_TEMP_CORE in Cel')])
  })
})

describe('counted values', () => {
  it('are the measured ones, for each device and metric, all channels together', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(
      tick({ snapshots: Array.from({ length: storeLimits.readerPageRowsMax + 1 }, () => heartRate(80)) }),
      tick({
        snapshots: [
          snapshot({ values: [['MDC_ECG_HEART_RATE', absent('lead-off')], ['MDC_TEMP_CORE', 0]] }),
          heartRate(81, { channel: '2', device: 'monitor-2' }), heartRate(82, { device: 'monitor-2' }),
        ],
      }),
    )
    using reader = openLogReader(folder.path)
    expect(reader.countValues()).toEqual([
      { device: 'monitor-1', metric: 'MDC_ECG_HEART_RATE', values: storeLimits.readerPageRowsMax + 1 },
      { device: 'monitor-1', metric: 'MDC_TEMP_CORE', values: 1 },
      { device: 'monitor-2', metric: 'MDC_ECG_HEART_RATE', values: 2 },
    ])
  })
})

describe('the last minutes', () => {
  const MINUTE = 60_000
  const recent = (folder: string, from: number): number[] => [...recentSnapshots(folder, wallMs(from), () => {})].map(({ receivedAt }) => receivedAt - START)

  it('are all that was received since, in the order of the log', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const times = [0, 59_999, 60_000, 61_000, 119_999, 120_000, 400_000]
    for (const after of times) open.write(tick({ snapshots: [heartRate(80, { receivedAt: START + after })], events: [gatewayEvent('between')] }))
    for (const from of [0, 1, 60_000, 60_001, 119_999, 120_001, 400_000, 400_001]) {
      expect(recent(folder.path, START + from)).toEqual(times.filter((after) => after >= from))
    }
  })

  it('are found across a wall clock that was set back, and across a restart', () => {
    using folder = tempFolder()
    const times = [0, MINUTE, 100 * MINUTE, 101 * MINUTE, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE]
    for (const after of times) {
      using open = writing(folder.path)
      open.write(tick({ snapshots: [heartRate(80, { receivedAt: START + after })] }))
    }
    expect(recent(folder.path, START + 3 * MINUTE)).toEqual([100, 101, 3, 4].map((minutes) => minutes * MINUTE))
  })

  it('may be more than a page, and may be left early', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: Array.from({ length: storeLimits.readerPageRowsMax + 3 }, (_, count) => heartRate(80, { receivedAt: START + count })) }))
    expect(recent(folder.path, START)).toHaveLength(storeLimits.readerPageRowsMax + 3)
    for (const first of recentSnapshots(folder.path, START, () => {})) {
      expect(first.receivedAt).toBe(START)
      break
    }
  })

  it('tell damaged rows, and pass them over', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: [heartRate(80), heartRate(81)] }))
    damage(folder.path, 'UPDATE snapshot SET crc = 7 WHERE seq = 1')
    const met: unknown[] = []
    expect([...recentSnapshots(folder.path, START, (one) => met.push(one))]).toHaveLength(1)
    expect(met).toMatchObject([{ table: 'snapshot', row: 1 }])
  })
})

it('a disk that is away for a moment makes nobody step over rows that are whole', () => {
  using folder = tempFolder()
  using open = writing(folder.path)
  open.write(tick({ snapshots: [heartRate(80), heartRate(81)] }))
  using reader = openLogReader(folder.path)
  const statement: { all(...parameters: unknown[]): unknown[] } = Object.getPrototypeOf(new Database(':memory:').prepare('SELECT 1'))
  const read = vi.spyOn(statement, 'all').mockImplementationOnce(() => {
    throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_READ')
  })
  const rows = reader.read(0, 10)
  read.mockRestore()
  expect(rows.map(({ seq }) => seq)).toEqual([1, 2])
  expect(reader.damaged()).toEqual([])
})

it('a file with a torn page is refused as damaged, not read around', () => {
  using folder = tempFolder()
  writing(folder.path).writer.close()
  const db = new Database(join(folder.path, 'vigil.db'))
  db.unsafeMode()
  db.exec('PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 9999 WHERE name = \'stay_open\'')
  db.close()
  expect(readOpening(folder.path)).toMatchObject({ kind: 'refused', how: 'damaged' })
})
