import { hash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { backupLimits } from '../../src/limits.ts'
import { makeBackup } from '../../src/store/backup.ts'
import { lockFolder } from '../../src/store/database.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { openWhateverItHolds } from '../../src/store/recover.ts'
import { restoreBackup } from '../../src/store/restore.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { verifyFolder } from '../../src/store/verify-folder.ts'
import { failingAt } from './failing-disk.ts'
import { START, heartRate, phase, snapshot, stay, tempFolder, tick } from './fixture.ts'
import { type Writing, writing } from './writing.ts'

const NEVER = new AbortController().signal
const ignore = (): void => undefined

const backup = (folder: string, target: string, withKeys = false) => makeBackup({ folder, target, withKeys, version: '1.2.3', now: START }, ignore, NEVER)
const restore = (from: string, folder: string) => restoreBackup({ from, folder, now: START }, ignore, NEVER)

async function findings(folder: string): Promise<readonly string[]> {
  const found: string[] = []
  const { verdict } = await verifyFolder({
    folder, pages: true,
    onPages: (why) => found.push(`page ${why}`),
    onDamage: ({ table, row }) => found.push(`${table} ${row}`),
    onTampering: ({ firstSeq, lastSeq, why }) => found.push(`tampering ${firstSeq}-${lastSeq}: ${why}`),
    onProgress: ignore,
  }, NEVER)
  return [...found, `${verdict.sealed} sealed, ${verdict.unproved} unproved`]
}

/** Rows for two whole blocks, sealed. */
function sealedRows(open: Writing): void {
  for (let count = 0; count < 17; count++) open.write(tick({ snapshots: Array.from({ length: 500 }, (_, index) => heartRate(60 + (index % 90), { receivedAt: START + count * 500 + index })) }))
  for (let steps = 0; steps < 200; steps++) {
    open.writer.seal()
    if (steps % 20 === 19) open.write(tick({ snapshots: [heartRate(80)] }))
  }
}

function change(folder: string, sql: string): void {
  const db = new Database(join(folder, 'vigil.db'))
  db.exec(sql)
  db.close()
}

describe('a backup', () => {
  it('is given up before what the gateway writes meanwhile fills its disk', async () => {
    using place = tempFolder()
    const data = join(place.path, 'data')
    mkdirSync(data)
    {
      using open = writing(data)
      open.write(tick({ snapshots: [snapshot()] }))
    }
    writeFileSync(join(data, 'vigil.db-wal'), '')
    truncateSync(join(data, 'vigil.db-wal'), backupLimits.walBytesMax)
    expect((await backup(data, join(place.path, 'one'))).kind).toBe('done')
    truncateSync(join(data, 'vigil.db-wal'), backupLimits.walBytesMax + 1)
    expect(await backup(data, join(place.path, 'two'))).toEqual({ kind: 'failed', why: expect.stringContaining('name a faster disk') })
    expect(readdirSync(place.path).toSorted()).toEqual(['data', 'one'])
  })

  it('is made while rows are written, holds all of one instant, and says what it is', async () => {
    using place = tempFolder()
    const data = join(place.path, 'data')
    mkdirSync(data)
    using open = writing(data)
    open.write(tick({ snapshots: [snapshot(), heartRate(81)], stays: [stay('stay-1')], events: [phase('alert-1', 'active')] }))
    openSyncLedger(data).close()
    const target = join(place.path, 'backups', 'one')
    const making = backup(data, target)
    open.write(tick({ snapshots: [heartRate(82)] }))
    const made = await making
    expect(made).toMatchObject({ kind: 'done', target, manifest: { gateway: 'gateway-1', kind: 'demo', rows: 3, lastSeq: 3, damagedRows: 0, hasKeys: false, vigil: '1.2.3' } })
    expect(readdirSync(target).toSorted()).toEqual(['manifest.json', 'sync.db', 'vigil.db'])
    using log = openLogReader(target)
    expect(log.read(0, 10).map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(statSync(join(target, 'vigil.db')).size).toBeGreaterThan(4_096)
  })

  it('is refused where it cannot be, with what to do, and leaves nothing behind', async () => {
    using place = tempFolder()
    writing(place.path).writer.close()
    mkdirSync(join(place.path, 'there'))
    expect(await backup(place.path, join(place.path, 'inside'))).toMatchObject({ kind: 'failed', why: expect.stringContaining('inside the data folder') })
    using other = tempFolder()
    expect(await backup(place.path, other.path)).toMatchObject({ kind: 'failed', why: expect.stringContaining('is there already') })
    expect(await backup(other.path, join(other.path, 'x'))).toMatchObject({ kind: 'failed', why: expect.stringContaining('no database') })
    const stop = new AbortController()
    stop.abort()
    const stopped = await makeBackup({ folder: place.path, target: join(other.path, 'b'), withKeys: false, version: '1', now: START }, ignore, stop.signal)
    expect(stopped).toEqual({ kind: 'failed', why: 'Stopped; nothing was kept.' })
    expect(readdirSync(other.path)).toEqual([])
  })
})

describe('a restore', () => {
  it('brings the rows back under a new epoch, sets aside what is there, and keeps the ledger that knows more', async () => {
    using place = tempFolder()
    const [data, target] = [join(place.path, 'data'), join(place.path, 'backup')]
    mkdirSync(data)
    let epoch = ''
    {
      using open = writing(data)
      epoch = open.writer.epoch
      open.write(tick({ snapshots: [heartRate(80), heartRate(81)] }))
      {
        using ledger = openSyncLedger(data)
        ledger.openEpoch(epoch)
      }
      await backup(data, target)
      open.write(tick({ snapshots: [heartRate(82)] }))
      using ledger = openSyncLedger(data)
      ledger.advance('https-batch', epoch, 3)
    }
    const done = await restore(target, data)
    expect(done).toMatchObject({ kind: 'done', ledger: 'kept', setAside: expect.stringContaining('set-aside'), damagedRows: 0, tampered: 0 })
    expect(existsSync(join(done.kind === 'done' ? (done.setAside ?? '') : '', 'vigil.db'))).toBe(true)
    using open = writing(data)
    expect(open.write(tick({ snapshots: [heartRate(83)] }))).toEqual([{ kind: 'durable', lastSeq: 3 }])
    using log = openLogReader(data)
    expect(log.epochs.map(({ why, firstSeq }) => [why, firstSeq])).toEqual([['created', 1], ['restored', 3]])
    using ledger = openSyncLedger(data)
    expect(ledger.cursor('https-batch', epoch)).toBe(3)
  })

  it('into an empty folder takes the ledger of the backup; the same backup twice makes two epochs', async () => {
    using place = tempFolder()
    const [data, target] = [join(place.path, 'data'), join(place.path, 'backup')]
    mkdirSync(data)
    {
      using open = writing(data)
      open.write(tick({ snapshots: [heartRate(80)] }))
      openSyncLedger(data).close()
      await backup(data, target)
    }
    const results = [await restore(target, join(place.path, 'new')), await restore(target, join(place.path, 'new'))]
    expect(results).toMatchObject([{ kind: 'done', ledger: 'restored', setAside: null }, { kind: 'done', setAside: expect.any(String) }])
    const epochs = results.map((result) => result.kind === 'done' && result.epoch)
    expect(epochs[0]).not.toBe(epochs[1])
  })

  it('refuses while a gateway runs, a backup that is not as it was written, and the rows of another ward', async () => {
    using place = tempFolder()
    const [data, target, other] = [join(place.path, 'data'), join(place.path, 'backup'), join(place.path, 'other')]
    for (const folder of [data, other]) mkdirSync(folder)
    writing(data).writer.close()
    writing(other, {}, { kind: 'real' }).writer.close()
    await backup(data, target)
    const lock = lockFolder(data)
    expect(await restore(target, data)).toMatchObject({ kind: 'failed', why: expect.stringContaining('is running') })
    if (lock.kind === 'locked') lock.release()
    expect(await restore(target, other)).toMatchObject({ kind: 'failed', why: expect.stringContaining('holds the rows of the gateway') })
    const bytes = readFileSync(join(target, 'vigil.db'))
    bytes[5_000] = (bytes[5_000] ?? 0) ^ 1
    writeFileSync(join(target, 'vigil.db'), bytes)
    expect(await restore(target, data)).toMatchObject({ kind: 'failed', why: expect.stringContaining('not as it was written') })
    expect(await restore(place.path, data)).toMatchObject({ kind: 'failed', why: expect.stringContaining('manifest.json') })
    expect(existsSync(join(data, 'set-aside'))).toBe(false)
  })
})

/** What is in a folder: names and hashes; not what opening it makes, nor what a restore made ready and had no time to sweep up. */
function contentOf(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder, { recursive: true }).map(String)
  const files = names.filter((name) => !/^lock\.db|^restoring|-shm$/.test(name) && statSync(join(folder, name)).isFile())
  return new Map(files.map((name) => [name, readFileSync(join(folder, name))] as const).filter(([, bytes]) => bytes.length > 0).map(([name, bytes]) => [name, hash('sha256', bytes)]))
}

describe('a restore on a disk that lets us down', () => {
  /** A ward with a stay and an alert, and a backup of before, with another key. */
  async function ward(place: string): Promise<{ readonly data: string; readonly target: string }> {
    const [data, target] = [join(place, 'data'), join(place, 'backup')]
    mkdirSync(data)
    {
      using open = writing(data)
      open.write(tick({ snapshots: [heartRate(80)] }))
      openSyncLedger(data).close()
      await backup(data, target, true)
    }
    // A ledger of another history, so that the backup's comes as well.
    rmSync(join(data, 'sync.db'))
    openSyncLedger(data).close()
    writeFileSync(join(data, 'keys', 'seal.key'), Buffer.alloc(32, 7))
    using open = writing(data)
    open.write(tick({ snapshots: [heartRate(81)], stays: [stay('stay-1')], events: [phase('alert-1', 'active')] }))
    return { data, target }
  }

  it('at one moment leaves the folder as it was, and says so', async () => {
    using place = tempFolder()
    const { data, target } = await ward(place.path)
    const before = contentOf(data)
    let failures = 0
    for (let nth = 1; ; nth++) {
      const now = join(place.path, String(nth))
      cpSync(data, now, { recursive: true })
      const { result, failed } = await failingAt(nth, 'once', () => restore(target, now))
      if (!failed) break
      // Where it was only what is swept up afterwards, the backup is back.
      if (!(result instanceof Error) && result.kind === 'done') continue
      failures++
      expect(result, `failed at ${nth}`).toMatchObject({ kind: 'failed', why: expect.stringContaining('The data folder is as it was.') })
      expect(contentOf(now), `failed at ${nth}`).toEqual(before)
    }
    expect(failures).toBeGreaterThan(10)
  })

  it('for good, or cut off, loses nothing: where it cannot put back it says what lies where, and a start after it takes up what was open', async () => {
    using place = tempFolder()
    const { data, target } = await ward(place.path)
    const before = contentOf(data)
    let displaced = 0
    for (let nth = 1; ; nth++) {
      const now = join(place.path, String(nth))
      cpSync(data, now, { recursive: true })
      const { result, failed } = await failingAt(nth, 'ever', () => restore(target, now))
      if (!failed || result instanceof Error || result.kind === 'done') break
      const after = contentOf(now)
      const all = new Set(after.values())
      for (const [name, bytes] of before) expect(all.has(bytes), `${name}, failed at ${nth}`).toBe(true)
      const isAsItWas = [...before].every(([name, bytes]) => after.get(name) === bytes)
      if (!isAsItWas) displaced++
      expect(result.why, `at ${nth}`).toContain(isAsItWas && result.why.includes('as it was') ? 'The data folder is as it was.' : join(now, 'set-aside'))
      const opened = openWhateverItHolds({ folder: now, identity: { kind: 'demo', gatewayId: 'gateway-1', createdAt: START }, asked: {}, condemned: null, monoMs: () => 0 })
      if (opened.kind === 'refused') throw new Error(opened.why)
      // Or it is the backup after all, and people are told where the other lies.
      if (opened.epochs.some(({ why }) => why === 'restored')) expect(opened.setAside?.folder).toContain(join(now, 'set-aside'))
      else expect([opened.opening.stays.length, opened.opening.openAlertEvents.length], `at ${nth}`).toEqual([1, 1])
      opened.db.close()
    }
    expect(displaced).toBeGreaterThan(3)
  })

  it('brings the keys of the backup beside those that are here, however often, and overwrites none', async () => {
    using place = tempFolder()
    const { data, target } = await ward(place.path)
    for (let times = 0; times < 2; times++) expect(await restore(target, data)).toMatchObject({ kind: 'done' })
    writeFileSync(join(target, 'keys', 'seal.key'), Buffer.alloc(32, 9))
    expect(await restore(target, data)).toMatchObject({ kind: 'done' })
    expect(readdirSync(join(data, 'keys')).toSorted()).toEqual([expect.stringMatching(/^from-backup-[0-9a-f]{16}\.key$/), expect.stringMatching(/^from-backup-[0-9a-f]{16}\.key$/), 'seal.key'])
    expect(readFileSync(join(data, 'keys', 'seal.key'))).toEqual(Buffer.alloc(32, 7))
    expect(readdirSync(data).toSorted()).toEqual(['keys', 'lock.db', 'set-aside', 'sync.db', 'vigil.db'])
  })
})

describe('a verification', () => {
  it('finds nothing in what was written, sealed or not', async () => {
    using place = tempFolder()
    using open = writing(place.path)
    sealedRows(open)
    expect(await findings(place.path)).toEqual(['2 sealed, 0 unproved'])
    expect(statSync(join(place.path, 'keys', 'seal.key')).mode & 0o777).toBe(0o600)
  })

  it('finds a row that somebody changed and gave a right CRC, a row that was deleted, and a name that was changed', async () => {
    using place = tempFolder()
    using open = writing(place.path)
    sealedRows(open)
    const forged = `UPDATE snapshot SET received_at = s.received_at, readings = s.readings, sent_at = s.sent_at, crc = (s.crc | 0) FROM (SELECT * FROM snapshot WHERE seq = 5) AS s WHERE snapshot.seq = 9`
    change(place.path, `${forged}; UPDATE snapshot SET crc = (SELECT crc FROM snapshot WHERE seq = 5) WHERE seq = 9`)
    change(place.path, 'DELETE FROM snapshot WHERE seq = 5000')
    const found = await findings(place.path)
    expect(found).toEqual(expect.arrayContaining([expect.stringMatching(/^tampering 0-4095/), expect.stringMatching(/^tampering 4096-8191: it holds 4095 rows, and 4096 were sealed/), '0 sealed, 0 unproved']))
  })

  it('finds sealed blocks of which every row was deleted', async () => {
    using place = tempFolder()
    using open = writing(place.path)
    sealedRows(open)
    change(place.path, 'DELETE FROM snapshot WHERE seq < 4096; DELETE FROM event WHERE seq < 4096')
    expect(await findings(place.path)).toEqual([expect.stringMatching(/^tampering 0-4095: it holds 0 rows, and 4095 were sealed/), '1 sealed, 0 unproved'])
    change(place.path, 'DELETE FROM snapshot WHERE seq < 8192; DELETE FROM event WHERE seq < 8192; DELETE FROM mark')
    expect(await findings(place.path)).toEqual(expect.arrayContaining([expect.stringMatching(/^tampering 0-4095/), expect.stringMatching(/^tampering 4096-8191: it holds 0 rows, and 4096/), '0 sealed, 0 unproved']))
  })

  it('finds a block whose seal was taken away', async () => {
    using place = tempFolder()
    using open = writing(place.path)
    sealedRows(open)
    change(place.path, 'DELETE FROM segment WHERE block = 0')
    expect(await findings(place.path)).toContain('tampering 0-4095: its seal is gone')
  })

  it('says which blocks it cannot prove, where the key is not: a backup holds it only if asked', async () => {
    using place = tempFolder()
    const data = join(place.path, 'data')
    mkdirSync(data)
    using open = writing(data)
    sealedRows(open)
    const [without, withKeys] = [join(place.path, 'without'), join(place.path, 'with')]
    await backup(data, without)
    await backup(data, withKeys, true)
    expect([await findings(without), await findings(withKeys)]).toEqual([['0 sealed, 2 unproved'], ['2 sealed, 0 unproved']])
  })

  it('finds rows whose columns changed their type', async () => {
    using place = tempFolder()
    {
      using open = writing(place.path)
      open.write(tick({ snapshots: [heartRate(80), heartRate(81)], events: [phase('alert-1', 'active')] }))
    }
    const db = new Database(join(place.path, 'vigil.db'))
    db.unsafeMode()
    db.exec(`PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(replace(sql, 'BLOB NOT NULL', 'BLOB'), 'STRICT', '') WHERE name = 'snapshot'`)
    db.close()
    change(place.path, 'UPDATE snapshot SET readings = NULL WHERE seq = 2')
    using log = openLogReader(place.path)
    expect(log.read(0, 10).map(({ seq }) => seq)).toEqual([1, 3])
    expect(log.damaged()).toMatchObject([{ table: 'snapshot', row: 2 }])
    expect(await findings(place.path)).toContain('snapshot 2')
  })
})
