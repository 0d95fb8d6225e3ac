import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { type Identity, type Refused, StoreUnreadable, isAtLeast, lockFolder, openReaderDatabase, openWriterDatabase } from '../../src/store/database.ts'
import { rowCrc } from '../../src/store/crc.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { START, heartRate, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const identity = { kind: 'demo', gatewayId: 'gateway-1', createdAt: START } as const

/** Opens and closes; says how it was refused, or null. */
function refusal(folder: string, part: Partial<Identity> = {}, asked: { epoch?: string } = {}): Refused | null {
  const opened = openWriterDatabase(folder, { ...identity, ...part }, asked)
  if (opened.kind === 'refused') return opened
  opened.db.close()
  return null
}

function made(): ReturnType<typeof tempFolder> {
  const folder = tempFolder()
  writing(folder.path).writer.close()
  return folder
}

function change(folder: string, sql: string): void {
  const db = new Database(join(folder, 'vigil.db'))
  db.exec(sql)
  db.close()
}

describe('the lock on a folder', () => {
  it('lets one in, and the next one when it is released', () => {
    using folder = tempFolder()
    const path = join(folder.path, 'a', 'b')
    const first = lockFolder(path)
    expect(first.kind).toBe('locked')
    expect(lockFolder(path)).toMatchObject({ kind: 'refused', how: 'locked', why: expect.stringContaining('Another Vigil is running') })
    if (first.kind === 'locked') first.release()
    const second = lockFolder(path)
    expect(second.kind).toBe('locked')
    if (second.kind === 'locked') second.release()
  })

  it('keeps another process out, and dies with its holder', () => {
    using folder = tempFolder()
    const script = `
      import { lockFolder } from ${JSON.stringify(new URL('../../src/store/database.ts', import.meta.url).href)}
      process.stdout.write(lockFolder(process.argv[1]).kind)
      process.kill(process.pid, 'SIGKILL')
    `
    const asAnother = (): string => {
      try {
        return execFileSync(process.execPath, ['--input-type=module', '-e', script, folder.path], { encoding: 'utf8' })
      } catch (error) {
        return error instanceof Error && 'stdout' in error ? String(error.stdout) : 'nothing'
      }
    }
    expect(asAnother()).toBe('locked')
    const mine = lockFolder(folder.path)
    expect(mine.kind).toBe('locked')
    expect(asAnother()).toBe('refused')
    if (mine.kind === 'locked') mine.release()
    expect(asAnother()).toBe('locked')
  })

  it('makes a folder that only its owner may read', () => {
    using folder = tempFolder()
    const path = join(folder.path, 'ward', 'one')
    const lock = lockFolder(path)
    expect([statSync(path).mode & 0o777, statSync(join(folder.path, 'ward')).mode & 0o777]).toEqual([0o700, 0o700])
    if (lock.kind === 'locked') lock.release()
  })

  it('says what is wrong with a folder that cannot be made', () => {
    using folder = tempFolder()
    writeFileSync(join(folder.path, 'file'), '')
    expect(lockFolder(join(folder.path, 'file', 'below'))).toMatchObject({ kind: 'refused', how: 'disk' })
  })
})

describe('a database', () => {
  it('has an epoch of its own, which stays', () => {
    using first = made()
    using second = made()
    const epochs = [first, second, first].map(({ path }) => {
      const { db, epoch } = openReaderDatabase(path)
      db.close()
      return epoch
    })
    expect(epochs[0]).toMatch(/^[0-9a-f]{16}$/)
    expect(epochs[2]).toBe(epochs[0])
    expect(epochs[1]).not.toBe(epochs[0])
  })

  it('writes as it must: WAL, every commit synced, no memory map, no check-point behind our back', () => {
    using folder = tempFolder()
    const opened = openWriterDatabase(folder.path, identity)
    if (opened.kind === 'refused') throw new Error(opened.why)
    const pragma = (name: string): unknown => opened.db.pragma(name, { simple: true })
    expect(['journal_mode', 'synchronous', 'mmap_size', 'wal_autocheckpoint', 'foreign_keys'].map(pragma)).toEqual(['wal', 2, 0, 0, 1])
    opened.db.close()
  })

  it.each([
    ['demo', 'real', 'holds the rows of a demo'],
    ['real', 'demo', 'holds the rows of a real ward'],
  ] as const)('of kind %s is refused as %s, and left as it was', (kind, asked, sentence) => {
    using folder = tempFolder()
    writing(folder.path, {}, { kind }).writer.close()
    const before = readFileSync(join(folder.path, 'vigil.db'))
    expect(refusal(folder.path, { kind: asked })).toMatchObject({ how: 'other-kind', why: expect.stringContaining(sentence) })
    expect(readFileSync(join(folder.path, 'vigil.db')).equals(before)).toBe(true)
    expect(refusal(folder.path, { kind })).toBeNull()
  })

  it('of another gateway is refused, for its rows carry that name', () => {
    using folder = made()
    expect(refusal(folder.path, { gatewayId: 'gateway-2' })).toMatchObject({ how: 'other-gateway', why: expect.stringMatching(/gateway-1.*gateway-2/) })
  })

  it('of a later version is refused, and read by nobody', () => {
    using folder = made()
    const later = (MIGRATIONS.at(-1)?.version ?? 0) + 1
    const { db, meta } = openReaderDatabase(folder.path)
    db.close()
    const crc = rowCrc(meta.epoch, meta.kind, meta.gateway, meta.createdAt, meta.place, later)
    change(folder.path, `PRAGMA user_version = ${later}; UPDATE meta SET version = ${later}, crc = ${crc}`)
    expect(refusal(folder.path)).toMatchObject({ how: 'newer' })
    expect(() => openReaderDatabase(folder.path)).toThrow(StoreUnreadable)
  })

  it('of which one word says another version than the other is damaged, not of a later version', () => {
    using folder = made()
    for (const version of [(MIGRATIONS.at(-1)?.version ?? 0) + 1, (MIGRATIONS.at(-1)?.version ?? 0) - 1, 0]) {
      change(folder.path, `PRAGMA user_version = ${version}`)
      expect(refusal(folder.path)).toMatchObject({ how: 'damaged' })
    }
  })

  it('of another program is refused, and not turned into a WAL', () => {
    using folder = tempFolder()
    change(folder.path, 'CREATE TABLE theirs (id INTEGER)')
    const before = readFileSync(join(folder.path, 'vigil.db'))
    expect(refusal(folder.path)).toMatchObject({ how: 'foreign' })
    expect(readFileSync(join(folder.path, 'vigil.db')).equals(before)).toBe(true)
  })

  it('that is no database at all is refused as damaged', () => {
    using folder = tempFolder()
    writeFileSync(join(folder.path, 'vigil.db'), 'x'.repeat(9_000))
    expect(refusal(folder.path)).toMatchObject({ how: 'damaged' })
    expect(() => openReaderDatabase(folder.path)).toThrow(StoreUnreadable)
  })

  it.each(['vigil.db', 'vigil.db-wal', 'vigil.db-shm'])('of which %s is a folder is refused as damaged', (name) => {
    using folder = tempFolder()
    mkdirSync(join(folder.path, name))
    expect(refusal(folder.path)).toMatchObject({ how: 'damaged' })
  })

  it('that is missing or another one when it must be this very one is refused', () => {
    using folder = tempFolder()
    expect(refusal(folder.path, {}, { epoch: '0011223344556677' })).toMatchObject({ how: 'disk' })
    writing(folder.path).writer.close()
    expect(refusal(folder.path, {}, { epoch: '0011223344556677' })).toMatchObject({ how: 'foreign' })
  })

  it('of which only the first step was made is finished at the next start', () => {
    using folder = made()
    change(folder.path, 'DELETE FROM meta')
    expect(() => openReaderDatabase(folder.path)).toThrow(/not finished/)
    using open = writing(folder.path)
    expect(open.write(tick({ snapshots: [heartRate(80)] }))).toEqual([{ kind: 'durable', lastSeq: 1 }])
  })

  it('is read while it is written', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: [heartRate(80)] }))
    const { db } = openReaderDatabase(folder.path)
    expect(() => db.exec('DELETE FROM snapshot')).toThrow(/readonly/)
    open.write(tick({ snapshots: [heartRate(81)] }))
    expect(db.prepare('SELECT count(*) FROM snapshot').pluck().get()).toBe(2)
    db.close()
  })
})

it('a version of SQLite that can corrupt a WAL is told from one that cannot', () => {
  const versions = ['3.51.2', '3.50.9', '2.99.9', '3.51.3', '3.51.10', '3.52', '4', '3.54.1']
  expect(versions.map((version) => isAtLeast(version, '3.51.3'))).toEqual([false, false, false, true, true, true, true, true])
})
