import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CutBatch, DeadEvent, EventOrigin, SyncStatus } from '../../src/domain/batch.ts'
import { alertId, deviceId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { syncLimits } from '../../src/limits.ts'
import { type Ledger, acknowledgedCounts, openSyncLedger } from '../../src/store/sync-ledger.ts'
import { SYNC_MIGRATIONS, syncQueries } from '../../src/store/sync-queries.ts'

const SINK = 'https-batch'
const AT = wallMs(1_000)
const device = deviceId('monitor-1')
const HR: EventOrigin = { device, metric: 'MDC_ECG_HEART_RATE', measured: 3 }

let folder = ''
let ledger: Ledger
const open = (): Ledger => openSyncLedger(folder)
const reopen = (): void => {
  ledger.close()
  ledger = open()
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-ledger-'))
  ledger = open()
  ledger.openEpoch('e1')
})
afterEach(() => {
  ledger.close()
  rmSync(folder, { recursive: true, force: true })
})

const batch = (seqFrom: number, seqTo: number, origins: readonly (EventOrigin | null)[] = [HR]): CutBatch => ({
  batchId: `b${seqFrom}-${seqTo}-${origins.length}`, body: new TextEncoder().encode(`{"batchId":"${seqFrom}"}`), items: origins.map((origin) => ({ origin, retries: 0 })), seqFrom, seqTo,
})
const dead = (why: string): DeadEvent => ({ event: '{"key":"k"}', origin: HR, retries: 0, why, seqFrom: 1, seqTo: 2 })
const pending = () => {
  const found = ledger.pending(SINK)
  if (!found) throw new Error('a batch is pending')
  return found
}
const counted = (): number | undefined => acknowledgedCounts(folder).get('monitor-1\u0000MDC_ECG_HEART_RATE')

const CALLS = 30
const hasStrace = spawnSync('strace', ['-V']).status === 0

/** How often the WAL of a fresh sync.db was synced while this code ran. */
function syncsOf(code: string): number {
  const place = mkdtempSync(join(tmpdir(), 'vigil-ledger-'))
  const trace = join(place, 'trace')
  const script = `import { openSyncLedger } from ${JSON.stringify(new URL('../../src/store/sync-ledger.ts', import.meta.url).href)}
    import Database from 'better-sqlite3'
    const folder = ${JSON.stringify(place)}
    ${code}`
  const run = spawnSync('strace', ['-f', '-y', '-e', 'trace=fsync,fdatasync', '-o', trace, process.execPath, '--input-type=module', '-e', script], {
    encoding: 'utf8', cwd: new URL('../..', import.meta.url).pathname,
  })
  expect(run.status, run.stderr).toBe(0)
  const syncs = readFileSync(trace, 'utf8').match(/f(data)?sync\(\d+<[^>]*sync\.db-wal>/g)?.length ?? 0
  rmSync(place, { recursive: true })
  return syncs
}

describe('sync.db', () => {
  it('is readable by its owner only', () => {
    expect(statSync(join(folder, 'sync.db')).mode & 0o077).toBe(0)
  })

  it.runIf(hasStrace)('reaches the disk with each call, counted in the kernel; without FULL it would not', () => {
    const full = syncsOf(`const ledger = openSyncLedger(folder); for (let seq = 1; seq <= ${CALLS}; seq++) ledger.advance('s', 'e', seq); ledger.close()`)
    expect(full).toBeGreaterThanOrEqual(CALLS)
    const byDefault = syncsOf(`
      const db = new Database(folder + '/sync.db'); db.pragma('journal_mode = WAL'); db.exec('CREATE TABLE t (a)')
      for (let seq = 1; seq <= ${CALLS}; seq++) db.exec('INSERT INTO t VALUES (1)'); db.close()`)
    expect(byDefault).toBeLessThan(CALLS)
  })

  it('of a newer Vigil is refused with a sentence, and left alone', () => {
    ledger.close()
    const db = new Database(join(folder, 'sync.db'))
    db.pragma(`user_version = ${SYNC_MIGRATIONS.length + 1}`)
    db.close()
    expect(open).toThrow(/newer Vigil/)
    rmSync(join(folder, 'sync.db'))
    ledger = open()
  })

  it.each<readonly [string, (file: string) => void]>([
    ['is garbage', (file) => writeFileSync(file, 'x'.repeat(9_000))],
    ['is a folder', (file) => (rmSync(file), mkdirSync(file))],
    ['is of another program', (file) => {
      rmSync(file)
      const other = new Database(file)
      other.pragma('application_id = 77')
      other.close()
    }],
    ['holds a cursor that jumped ahead', (file) => {
      const db = new Database(file)
      db.exec('UPDATE cursor SET seq = seq + 4096')
      db.close()
    }],
  ])('that %s is set aside, and the next one knows that it was lost until another epoch begins', (_name, damage) => {
    ledger.advance(SINK, 'e1', 7)
    ledger.close()
    damage(join(folder, 'sync.db'))
    const said: string[] = []
    expect(() => openSyncLedger(folder, { mode: 'existing' }).cursor(SINK, 'e1')).toThrow()
    ledger = openSyncLedger(folder, { onSetAside: (moved) => said.push(moved) })
    expect(said).toEqual([expect.stringContaining('set-aside')])
    expect([ledger.cursor(SINK, 'e1'), ledger.lostIn('e1'), ledger.lostIn('e1')]).toEqual([0, true, true])
    expect([ledger.lostIn('e2'), ledger.lostIn('e1')]).toEqual([false, false])
  })

  it('finds a batch whose bytes are not those that were cut', () => {
    ledger.keep(SINK, 'e1', true, [batch(1, 10)])
    const db = new Database(join(folder, 'sync.db'))
    db.exec(`UPDATE batch SET body = X'00'`)
    db.close()
    expect(() => ledger.pending(SINK)).toThrow(/damaged: a batch/)
    // It would be the first to be sent after each start, and nothing behind it would ever go.
    reopen()
    expect([ledger.pending(SINK), ledger.cursor(SINK, 'e1'), ledger.lostIn('e1')]).toEqual([null, 0, true])
  })

  it('is not set aside for a disk that is away for a moment', () => {
    ledger.advance(SINK, 'e1', 7)
    ledger.close()
    const away = vi.spyOn(Database.prototype, 'pragma').mockImplementationOnce(() => {
      throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_READ')
    })
    ledger = open()
    away.mockRestore()
    expect(ledger.cursor(SINK, 'e1')).toBe(7)
  })

  it('is not made by a command that only looks', () => {
    const empty = mkdtempSync(join(tmpdir(), 'vigil-ledger-'))
    expect(() => openSyncLedger(empty, { mode: 'existing' })).toThrow(/nothing was ever sent/)
    expect(acknowledgedCounts(empty).size).toBe(0)
    writeFileSync(join(empty, 'sync.db'), '')
    expect(acknowledgedCounts(empty).size).toBe(0)
    rmSync(empty, { recursive: true })
  })

  it.each([
    ['FIRST_BATCH', 'batch_by_place'], ['DEAD_LETTERS', 'dead_letter_by_sink'], ['LETTERS_TO_RETRY', 'dead_letter_asked'], ['DEAD_COUNT', 'dead_letter_by_sink'],
    ['CURSOR', 'PRIMARY KEY'], ['SURROGATE', 'PRIMARY KEY'], ['ALERT_SUBJECT', 'sqlite_autoindex_alert_subject'], ['SENSOR', 'PRIMARY KEY'],
  ] as const)('answers %s by an index', (name, index) => {
    const db = new Database(join(folder, 'sync.db'), { readonly: true })
    const values = Object.fromEntries([...syncQueries[name].matchAll(/@(\w+)/g)].map(([, parameter]) => [parameter ?? '', 1]))
    const plan = db.prepare<[object], { detail: string }>(`EXPLAIN QUERY PLAN ${syncQueries[name]}`).all(values).map((row) => row.detail).join('; ')
    db.close()
    expect(plan).toContain(index)
    expect(plan).not.toMatch(/SCAN (?!.*USING)/)
  })
})

describe('the cursor', () => {
  it('moves with the batch that is settled, and the counts with it', () => {
    ledger.keep(SINK, 'e1', true, [batch(1, 10)])
    expect(ledger.cursor(SINK, 'e1')).toBe(0)
    ledger.settle(SINK, pending(), { acknowledged: [HR, HR, { ...HR, device: deviceId('monitor-2') }], dead: [], at: AT })
    reopen()
    expect(ledger.cursor(SINK, 'e1')).toBe(10)
    expect(ledger.pending(SINK)).toBeNull()
    expect(counted()).toBe(6)
    expect(acknowledgedCounts(folder).get('monitor-2\u0000MDC_ECG_HEART_RATE')).toBe(3)
  })

  it('lets what is early go before all parts of a batch that was split again and again', () => {
    ledger.keep(SINK, 'e1', true, [batch(1, 10)])
    for (const name of ['a', 'b', 'c', 'd']) {
      ledger.replace(SINK, pending(), [{ ...batch(1, 10), batchId: `${name}-left` }, { ...batch(1, 10), batchId: `${name}-right` }])
    }
    expect(pending().batchId).toBe('d-left')
    ledger.keepEarly(SINK, 'e1', [{ ...batch(11, 11), batchId: 'alert' }])
    expect(pending().batchId).toBe('alert')
  })

  it('waits for the last part of a batch that was split', () => {
    ledger.keep(SINK, 'e1', true, [batch(1, 10, [HR, HR])])
    ledger.replace(SINK, pending(), [{ ...batch(1, 10), batchId: 'left' }, { ...batch(1, 10), batchId: 'right' }])
    expect(pending().batchId).toBe('left')
    ledger.replace(SINK, pending(), [{ ...batch(1, 10), batchId: 'left-a' }, { ...batch(1, 10), batchId: 'left-b' }])
    const order: string[] = []
    while (ledger.pending(SINK)) {
      expect(ledger.cursor(SINK, 'e1')).toBe(0)
      order.push(pending().batchId)
      ledger.settle(SINK, pending(), { acknowledged: [HR], dead: [], at: AT })
    }
    expect(order).toEqual(['left-a', 'left-b', 'right'])
    expect(ledger.cursor(SINK, 'e1')).toBe(10)
  })

  it('never goes back, and begins at 0 in a new epoch', () => {
    ledger.advance(SINK, 'e1', 10)
    ledger.advance(SINK, 'e1', 5)
    expect(ledger.cursor(SINK, 'e1')).toBe(10)
    ledger.openEpoch('e2')
    expect(ledger.cursor(SINK, 'e2')).toBe(0)
    expect(ledger.currentEpoch()).toBe('e2')
    ledger.openEpoch('e1')
    expect(ledger.currentEpoch()).toBe('e1')
  })

  it('counts a batch once, though two threads settle it', () => {
    ledger.keep(SINK, 'e1', true, [batch(1, 10)])
    const sent = pending()
    ledger.settle(SINK, sent, { acknowledged: [HR], dead: [], at: AT })
    ledger.settle(SINK, sent, { acknowledged: [HR], dead: [dead('late')], at: AT })
    expect(counted()).toBe(3)
    expect(ledger.deadCount(SINK)).toBe(0)
  })

  it('counts what was acknowledged in all epochs, for the rows of all of them are here', () => {
    ledger.keep(SINK, 'e1', true, [batch(1, 10)])
    ledger.settle(SINK, pending(), { acknowledged: [HR], dead: [], at: AT })
    ledger.openEpoch('e2')
    ledger.keep(SINK, 'e2', true, [batch(11, 20)])
    ledger.settle(SINK, pending(), { acknowledged: [HR], dead: [], at: AT })
    expect(counted()).toBe(6)
  })

  it('takes all of a transaction back when it fails', () => {
    const before = ledger.surrogates('e1').of('stay', 'known')
    expect(() => ledger.transaction(() => {
      ledger.keep(SINK, 'e1', true, [batch(1, 10)])
      ledger.surrogates('e1').of('stay', 'lost')
      throw new Error('disk')
    })).toThrow('disk')
    expect(ledger.pending(SINK)).toBeNull()
    expect(ledger.surrogates('e1').of('stay', 'known')).toBe(before)
  })
})

describe('a stored batch', () => {
  it('is the same byte for byte after a restart', () => {
    const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => index % 256)
    ledger.keep(SINK, 'e1', true, [{ ...batch(1, 10, [HR, null]), body: bytes }])
    reopen()
    expect(Buffer.from(pending().body).equals(bytes)).toBe(true)
    expect(pending()).toMatchObject({ epoch: 'e1', movesCursor: true, seqFrom: 1, seqTo: 10, items: [{ origin: HR, retries: 0 }, { origin: null, retries: 0 }] })
  })
})

describe('surrogates', () => {
  it('are 128 random bits: the same for the same id, other for every other id, kind and epoch', () => {
    const drawn = new Set<string>()
    for (let index = 0; index < 500; index++) drawn.add(ledger.surrogates('e1').of('stay', `stay-${index}`))
    expect(drawn.size).toBe(500)
    for (const text of drawn) expect(text).toMatch(/^[0-9a-f]{32}$/)
    // 64,000 fair bits: the share of ones is within 5 standard deviations (0.2 % each) of a half.
    const ones = [...drawn].reduce((sum, text) => sum + [...text].reduce((bits, digit) => bits + (Number.parseInt(digit, 16).toString(2).match(/1/g)?.length ?? 0), 0), 0)
    expect(Math.abs(ones / 64_000 - 0.5)).toBeLessThan(0.01)
    const first = ledger.surrogates('e1').of('stay', 'stay-1')
    reopen()
    expect(ledger.surrogates('e1').of('stay', 'stay-1')).toBe(first)
    expect(ledger.surrogates('e1').of('device', 'stay-1')).not.toBe(first)
    expect(ledger.surrogates('e2').of('stay', 'stay-1')).not.toBe(first)
  })

  it('are derived from nothing: the same ward in another folder gets others', () => {
    const other = mkdtempSync(join(tmpdir(), 'vigil-ledger-'))
    const elsewhere = openSyncLedger(other)
    expect(elsewhere.surrogates('e1').of('stay', 'stay-1')).not.toBe(ledger.surrogates('e1').of('stay', 'stay-1'))
    elsewhere.close()
    rmSync(other, { recursive: true })
  })

  it('number the sensors of a device, and stop at the bound', () => {
    const surrogates = ledger.surrogates('e1')
    const numbers = Array.from({ length: syncLimits.sensorsPerMetricMax + 2 }, (_, index) => surrogates.sensorOf(device, 'MDC_TEMP', `T${index}`))
    expect(numbers.slice(0, 3)).toEqual([0, 1, 2])
    expect(numbers.slice(-3)).toEqual([15, 15, 15])
    expect(surrogates.sensorOf(device, 'MDC_TEMP', 'T1')).toBe(1)
    expect(surrogates.sensorOf(device, 'MDC_TEMP_SKIN', 'T9')).toBe(0)
  })

  it('remember whom an alert is about', () => {
    const surrogates = ledger.surrogates('e1')
    const subject = surrogates.of('stay', 's')
    expect(surrogates.subjectOfAlert(alertId('a'))).toBeNull()
    surrogates.rememberAlert(alertId('a'), subject)
    surrogates.rememberAlert(alertId('a'), subject)
    expect(ledger.surrogates('e1').subjectOfAlert(alertId('a'))).toBe(subject)
    expect(ledger.surrogates('e2').subjectOfAlert(alertId('a'))).toBeNull()
  })

  it('forget the oldest alert at the bound', () => {
    const surrogates = ledger.surrogates('e1')
    const subject = surrogates.of('stay', 's')
    const db = new Database(join(folder, 'sync.db'))
    db.prepare(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO alert_subject (epoch, alert, subject) SELECT 'e1', 'a' || i, ? FROM n`)
      .run(syncLimits.alertSubjectsMax - 1, subject)
    db.close()
    surrogates.rememberAlert(alertId('newest'), subject)
    expect(surrogates.subjectOfAlert(alertId('a0'))).toBeNull()
    expect(surrogates.subjectOfAlert(alertId('a1'))).toBe(subject)
  })
})

describe('dead letters', () => {
  it('keep error, time and retry count; are listed, asked for again and dropped by number', () => {
    ledger.addDead(SINK, 'e1', AT, [dead('one'), dead('two')])
    reopen()
    const [one, two] = ledger.deadLetters(SINK, 10)
    expect(one).toMatchObject({ why: 'one', at: AT, retries: 0, retryAsked: false, event: '{"key":"k"}', origin: HR, epoch: 'e1', seqFrom: 1, seqTo: 2 })
    if (!one || !two) throw new Error('two letters')
    expect(ledger.lettersToRetry(SINK, 10)).toEqual([])
    expect(ledger.askRetry(two.id)).toBe(true)
    expect(ledger.askRetry(999)).toBe(false)
    expect(ledger.lettersToRetry(SINK, 10).map((letter) => letter.why)).toEqual(['two'])
    ledger.refuseRetry(two.id, 'still bad')
    expect(ledger.lettersToRetry(SINK, 10)).toEqual([])
    expect(ledger.deadLetters(SINK, 10)[1]).toMatchObject({ why: 'still bad', retries: 1 })
    expect(ledger.removeDead([one.id, 999])).toBe(1)
    expect(ledger.deadCount(SINK)).toBe(1)
  })

  it('are tried again one epoch at a time', () => {
    ledger.addDead(SINK, 'e1', AT, [dead('one')])
    ledger.addDead(SINK, 'e2', AT, [dead('two')])
    for (const letter of ledger.deadLetters(SINK, 10)) ledger.askRetry(letter.id)
    expect(ledger.lettersToRetry(SINK, 10).map((letter) => letter.epoch)).toEqual(['e1'])
  })

  it('are bounded: the oldest makes room, and is counted', () => {
    ledger.addDead(SINK, 'e1', AT, Array.from({ length: syncLimits.deadLettersMax + 1 }, (_, index) => dead(`n${index}`)))
    expect(ledger.deadCount(SINK)).toBe(syncLimits.deadLettersMax)
    expect(ledger.deadDropped(SINK)).toBe(1)
    expect(ledger.deadLetters(SINK, 1)[0]?.why).toBe('n1')
  })

  it('do not move the cursor when they are sent again', () => {
    ledger.keep(SINK, 'e1', false, [batch(1, 50)])
    ledger.settle(SINK, pending(), { acknowledged: [HR], dead: [], at: AT })
    expect(ledger.cursor(SINK, 'e1')).toBe(0)
    expect(counted()).toBe(3)
  })
})

describe('the saved status', () => {
  const status: SyncStatus = { kind: 'paused', lagRows: 3, why: 'no', lastAcceptedAt: AT, deadLetters: 0, stoppedByScanner: 2, breaker: 'open', fenced: false }

  it('is there for a command that comes later, and keeps when central last took something', () => {
    expect(ledger.status(SINK)).toBeNull()
    ledger.saveStatus(SINK, AT, status)
    ledger.saveStatus(SINK, wallMs(2_000), { ...status, kind: 'ok', lastAcceptedAt: null })
    reopen()
    expect(ledger.status(SINK)).toEqual({ at: 2_000, kind: 'ok', why: 'no', breaker: 'open', lastAcceptedAt: AT, stoppedByScanner: 2 })
  })

  it('counts what was withheld, and why', () => {
    ledger.withhold(SINK, 'e1', [{ reason: 'no-stay', rows: 1, readings: 12 }])
    ledger.withhold(SINK, 'e1', [{ reason: 'no-stay', rows: 1, readings: 10 }, { reason: 'gateway-event', rows: 1, readings: 0 }])
    expect(ledger.withheld(SINK, 'e1')).toEqual([{ reason: 'gateway-event', rows: 1, readings: 0 }, { reason: 'no-stay', rows: 2, readings: 22 }])
  })
})
