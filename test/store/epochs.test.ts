import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { storeLimits } from '../../src/limits.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { moveAside } from '../../src/store/set-aside.ts'
import { type Opened, openStore } from '../../src/store/store.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { fakeClock } from '../fakes/clock.ts'
import { fakeDisk, openedStore } from './fake-disk.ts'
import { acknowledged, heartRate, phase, stay, tempFolder, tick } from './fixture.ts'

const SINK = 'https-batch'
const settings = (folder: string) => ({ folder, kind: 'demo', gatewayId: 'gateway-1', clock: fakeClock() }) as const

async function withStore<Result>(folder: string, work: (opened: Opened) => Promise<Result>): Promise<Result> {
  const opened = await openedStore(settings(folder))
  try {
    return await work(opened)
  } finally {
    await opened.store.close()
  }
}

const epochsIn = (folder: string) => {
  using log = openLogReader(folder)
  return log.epochs.map(({ why, firstSeq }) => [why, firstSeq])
}

const FULL = tick({
  stays: [stay('stay-1')],
  snapshots: [heartRate(80), heartRate(81)],
  events: [phase('alert-1', 'active'), acknowledged('alert-1', 'anna'), phase('alert-2', 'active'), phase('alert-2', 'inactive')],
})

describe('what is set aside', () => {
  it('is never what makes room for itself, though the clock stands at 1970', () => {
    using place = tempFolder()
    for (let times = 0; times < storeLimits.setAsideMax; times++) mkdirSync(join(place.path, 'set-aside', `2026-01-0${times + 1}T00-00-00Z`), { recursive: true })
    writeFileSync(join(place.path, 'vigil.db'), 'rows')
    const moved = moveAside(place.path, ['vigil.db'], new Date(0))
    expect(readFileSync(join(moved, 'vigil.db'), 'utf8')).toBe('rows')
    expect(readdirSync(join(place.path, 'set-aside'))).toHaveLength(storeLimits.setAsideMax)
  })
})

describe('an incarnation', () => {
  it('goes on over a restart, a renamed folder and a touched file', async () => {
    using place = tempFolder()
    const one = join(place.path, 'one')
    const first = await withStore(one, async (opened) => (await opened.store.commit(FULL), opened.epoch))
    renameSync(one, join(place.path, 'two'))
    utimesSync(join(place.path, 'two', 'vigil.db'), 1, 1)
    for (let times = 0; times < 2; times++) {
      expect(await withStore(join(place.path, 'two'), async ({ epoch, began }) => [epoch, began])).toEqual([first, null])
    }
  })

  it('ends where the folder was copied: rows of before keep it, rows of after carry another; the original goes on', async () => {
    using place = tempFolder()
    const [one, two] = [join(place.path, 'one'), join(place.path, 'two')]
    const first = await withStore(one, async (opened) => (await opened.store.commit(FULL), opened.epoch))
    cpSync(one, two, { recursive: true, preserveTimestamps: true })
    const copy = await withStore(two, async (opened) => (await opened.store.commit(tick({ snapshots: [heartRate(9)] })), opened))
    expect(copy.began).toBe('cloned')
    expect(copy.epoch).not.toBe(first)
    expect(epochsIn(two)).toEqual([['created', 1], ['cloned', 7]])
    expect(await withStore(two, async ({ epoch, began }) => [epoch, began])).toEqual([copy.epoch, null])
    expect(await withStore(one, async ({ epoch, began }) => [epoch, began])).toEqual([first, null])
  })

  it('ends where the file is older than what was sent of it', async () => {
    using place = tempFolder()
    await withStore(place.path, async ({ store }) => store.commit(FULL))
    const epoch = await withStore(place.path, async (opened) => opened.epoch)
    {
      using ledger = openSyncLedger(place.path)
      ledger.openEpoch(epoch)
      ledger.advance(SINK, epoch, 6)
    }
    expect(await withStore(place.path, async ({ began }) => began)).toBeNull()
    {
      using ledger = openSyncLedger(place.path)
      ledger.keep(SINK, epoch, true, [{ batchId: 'b', body: new Uint8Array(), items: [], seqFrom: 7, seqTo: 9 }])
    }
    expect(await withStore(place.path, async ({ began }) => began)).toBe('rolled-back')
    expect(await withStore(place.path, async ({ began }) => began)).toBeNull()
    expect(epochsIn(place.path)).toEqual([['created', 1], ['rolled-back', 7]])
  })

  it('is begun anew while the gateway runs, where central knows more than this file', async () => {
    using place = tempFolder()
    await withStore(place.path, async (opened) => {
      await opened.store.commit(FULL)
      expect(await opened.beginEpoch('rolled-back', 4)).toBe(true)
      expect(await opened.store.commit(tick({ snapshots: [heartRate(82)] }))).toEqual({ kind: 'durable', lastSeq: 7 })
    })
    expect(epochsIn(place.path)).toEqual([['created', 1], ['rolled-back', 5]])
  })
})

/** What may be done to a file. */
const DAMAGES: readonly (readonly [string, (file: string) => void])[] = [
  ['that is nothing but zeros', (file) => writeFileSync(file, new Uint8Array(20_000))],
  ['that is garbage', (file) => writeFileSync(file, 'x'.repeat(9_000))],
  ['that is another program\'s', (file) => {
    rmSync(file)
    const db = new Database(file)
    db.exec('CREATE TABLE theirs (id INTEGER)')
    db.close()
  }],
  ['that was cut short', (file) => truncateSync(file, Math.floor(statSync(file).size / 4_096 / 2) * 4_096)],
  ['whose header is gone', (file) => overwrite(file, 0, 100)],
  ['whose schema is gone', (file) => overwrite(file, 100, 4_096)],
  ['that is a folder', (file) => (rmSync(file), mkdirSync(file))],
  ['whose WAL is a folder', (file) => mkdirSync(`${file}-wal`)],
  ['whose place in its own tables is wrong', (file) => {
    const db = new Database(file)
    db.unsafeMode()
    db.exec(`PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'stay_open'`)
    db.close()
  }],
  ['whose name of a gateway lost a bit', (file) => {
    const db = new Database(file)
    db.exec(`UPDATE meta SET gateway = 'gatewax-1'`)
    db.close()
  }],
  ['whose version lost a bit', (file) => {
    const db = new Database(file)
    db.pragma('user_version = 66')
    db.close()
  }],
]

function overwrite(file: string, from: number, to: number): void {
  const noise = Buffer.alloc(to - from, 0xa5)
  const bytes = readFileSync(file)
  noise.copy(bytes, from)
  writeFileSync(file, bytes)
}

describe('a database', () => {
  it.each(DAMAGES)('%s is set aside, and the gateway starts under a new epoch; the next start is as any other', async (_name, damage) => {
    using place = tempFolder()
    const before = await withStore(place.path, async (opened) => (await opened.store.commit(FULL), opened.epoch))
    damage(join(place.path, 'vigil.db'))
    const opened = await withStore(place.path, async (found) => (await found.store.commit(tick({ snapshots: [heartRate(1)] })), found))
    expect(opened).toMatchObject({ began: 'set-aside', setAside: { folder: expect.stringContaining(join(place.path, 'set-aside')) } })
    expect(opened.epoch).not.toBe(before)
    expect(existsSync(join(opened.setAside?.folder ?? '', 'vigil.db'))).toBe(true)
    const after = await withStore(place.path, async (found) => found)
    expect(after).toMatchObject({ epoch: opened.epoch, began: null, setAside: null, damaged: [] })
  })

  it('of which open stays and alerts can be believed hands them over, with the numbers by which central knows them', async () => {
    using place = tempFolder()
    await withStore(place.path, async ({ store }) => store.commit(FULL))
    const db = new Database(join(place.path, 'vigil.db'))
    const page = Number(db.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'mark_by_seq'`).pluck().get())
    db.close()
    overwrite(join(place.path, 'vigil.db'), (page - 1) * 4_096, page * 4_096)
    await withStore(place.path, async (opened) => {
      expect(opened).toMatchObject({ stays: [stay('stay-1')], lastSeq: 6, setAside: { stays: 1, alerts: 1, isPartial: false } })
      expect(opened.openAlertEvents.map(({ kind, alertId }) => [kind, alertId])).toEqual([['phase', 'alert-1'], ['acknowledged', 'alert-1']])
      expect(await opened.store.commit(tick({ snapshots: [heartRate(1)] }))).toEqual({ kind: 'durable', lastSeq: 7 })
    })
    using log = openLogReader(place.path)
    expect(log.read(0, 10).map(({ seq }) => seq)).toEqual([3, 4, 7])
    expect(epochsIn(place.path)).toEqual([['created', 1], ['set-aside', 7]])
  })

  it('that takes no row any more is set aside while the gateway runs, and the next rows are stored', async () => {
    using place = tempFolder()
    const disk = fakeDisk()
    const said: unknown[] = []
    const clock = fakeClock()
    const opened = await openedStore({ ...settings(place.path), clock, thread: disk.thread, replaced: (facts) => said.push(facts) })
    await opened.store.commit(FULL)
    disk.fault('corrupt')
    for (let tries = 0; tries < 3; tries++) expect(await opened.store.commit(tick({ snapshots: [heartRate(tries)] }))).toMatchObject({ kind: 'failed' })
    disk.fault('none')
    let stored = await opened.store.commit(tick({ snapshots: [heartRate(1)] }))
    for (; stored.kind === 'failed'; stored = await opened.store.commit(tick({ snapshots: [heartRate(1)] }))) await clock.pass(storeLimits.restartDelayMsMax)
    expect(stored).toEqual({ kind: 'durable', lastSeq: 7 })
    expect(said).toMatchObject([{ stays: 1, alerts: 1, isPartial: false }])
    await opened.store.close()
    expect(epochsIn(place.path)).toEqual([['created', 1], ['set-aside', 7]])
  })

  it('of another gateway, or of a demo, is refused and stays where it is, however often it is tried', async () => {
    using place = tempFolder()
    await withStore(place.path, async ({ store }) => store.commit(FULL))
    for (const other of [{ gatewayId: 'gateway-2' }, { kind: 'real' }] as const) {
      expect(await openStore({ ...settings(place.path), ...other })).toMatchObject({ kind: 'refused', how: expect.stringMatching(/^other-/) })
    }
    expect(existsSync(join(place.path, 'set-aside'))).toBe(false)
  })

  it('that is set aside leaves no more behind than the bound', async () => {
    using place = tempFolder()
    for (let times = 0; times <= storeLimits.setAsideMax; times++) {
      writeFileSync(join(place.path, 'vigil.db'), `garbage ${times}`.repeat(1_000))
      await withStore(place.path, async ({ setAside }) => expect(setAside).not.toBeNull())
    }
    expect(readdirSync(join(place.path, 'set-aside'))).toHaveLength(storeLimits.setAsideMax)
  })

  it('whose lock.db is garbage or a folder is opened all the same', async () => {
    using place = tempFolder()
    writeFileSync(join(place.path, 'lock.db'), 'x'.repeat(5_000))
    await withStore(place.path, async ({ setAside }) => expect(setAside).toBeNull())
    rmSync(join(place.path, 'lock.db'))
    mkdirSync(join(place.path, 'lock.db'))
    await withStore(place.path, async ({ setAside }) => expect(setAside).toBeNull())
  })

  it('of the first version is taken over where it lies, without a new epoch', async () => {
    using place = tempFolder()
    cpSync(join(import.meta.dirname, 'fixtures', 'vigil-1.db'), join(place.path, 'vigil.db'))
    await withStore(place.path, async (opened) => {
      expect(opened).toMatchObject({ began: null, setAside: null, epoch: '2bc56d674fa68c88', lastSeq: 11, damaged: [] })
    })
    expect(epochsIn(place.path)).toEqual([['created', 1]])
  })
})

it('a row of the epochs that was changed is damage, not another epoch', async () => {
  using place = tempFolder()
  await withStore(place.path, async ({ store }) => store.commit(FULL))
  const db = new Database(join(place.path, 'vigil.db'))
  db.exec('UPDATE epoch SET first_seq = 3')
  db.close()
  expect(await withStore(place.path, async ({ setAside }) => setAside)).toMatchObject({ why: expect.stringContaining('not as it was written') })
})
