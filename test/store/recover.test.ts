/** A damaged vigil.db, and a start that is cut off at any step of doing something about it. */

import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { createLifecycle } from '../../src/alerts/lifecycle.ts'
import type { Alert } from '../../src/domain/alert.ts'
import { alertId, deviceId } from '../../src/domain/ids.ts'
import { storeLimits } from '../../src/limits.ts'
import type { Refused } from '../../src/store/database.ts'
import type { Opening } from '../../src/store/opening.ts'
import { lookPatiently, openWhateverItHolds } from '../../src/store/recover.ts'
import { beginMove, endMove, filesOf, moveAside, unfinishedMove } from '../../src/store/set-aside.ts'
import { fakeClock } from '../fakes/clock.ts'
import { ward } from '../pump/fixture.ts'
import { failingAt } from './failing-disk.ts'
import { fakeDisk, openedStore } from './fake-disk.ts'
import { START, acknowledged, heartRate, phase, stay, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const AT = new Date(START)

/** What a start finds, and closed again. */
function start(folder: string, part: { readonly condemned?: string } = {}) {
  const identity = { kind: 'demo', gatewayId: 'gateway-1', createdAt: START } as const
  const opened = openWhateverItHolds({ folder, identity, asked: {}, condemned: null, monoMs: () => 0, ...part })
  if (opened.kind === 'refused') return opened
  const { opening, setAside, began, epoch } = opened
  opened.db.close()
  const alerts = new Set(opening.openAlertEvents.map(({ alertId }) => alertId)).size
  return { kind: 'open', stays: opening.stays.length, alerts, messages: opening.messages.length, setAside, began, epoch } as const
}

const setAsideIn = (folder: string): readonly string[] => (existsSync(join(folder, 'set-aside')) ? readdirSync(join(folder, 'set-aside')).toSorted() : [])

const EVENTS = [phase('alert-1', 'active'), acknowledged('alert-1', 'anna'), phase('alert-2', 'active'), phase('alert-2', 'inactive')]
const FULL = tick({ stays: [stay('stay-1')], snapshots: [heartRate(80)], events: EVENTS, messages: [{ device: deviceId('monitor-1'), slot: 3, id: '1', hash: 5 }] })
const ALL = { stays: 1, alerts: 1, messages: 1 }

function write(folder: string): void {
  using place = writing(folder)
  place.write(FULL)
}

/** Noise over an index that no start reads, and every start writes to. */
function damage(folder: string): void {
  const file = join(folder, 'vigil.db')
  const db = new Database(file)
  const page = Number(db.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'mark_by_seq'`).pluck().get())
  db.close()
  const bytes = readFileSync(file)
  bytes.fill(0xa5, (page - 1) * 4_096, page * 4_096)
  writeFileSync(file, bytes)
}

/** As a power cut leaves it: rows in the WAL, none of them in vigil.db. */
function writeUnchecked(folder: string): void {
  using other = tempFolder()
  {
    using place = writing(other.path)
    place.write(FULL)
    for (const name of ['vigil.db', 'vigil.db-wal']) writeFileSync(join(folder, name), readFileSync(join(other.path, name)))
  }
}

describe('a start that sets a damaged file aside', () => {
  it('is told of with all that was open by the start after it, wherever it was cut off', async () => {
    let cuts = 0
    for (; ; cuts++) {
      using place = tempFolder()
      write(place.path)
      damage(place.path)
      if (!(await failingAt(cuts, 'ever', () => (start(place.path), endMove(place.path)))).failed) break
      // Cut off in the telling itself, between the end of the note and the end of its folder: all is told.
      const isOver = unfinishedMove(place.path) === null && setAsideIn(place.path).length === 1
      const told = { folder: expect.stringContaining('set-aside'), why: expect.stringContaining('damaged'), stays: 1, alerts: 1, isPartial: false }
      expect(start(place.path), `cut at ${cuts}`).toMatchObject({ kind: 'open', ...ALL, setAside: isOver ? null : told })
      endMove(place.path)
      expect(start(place.path), `after a cut at ${cuts}`).toMatchObject({ kind: 'open', ...ALL, setAside: null })
      const [folder, ...more] = setAsideIn(place.path)
      expect([more, existsSync(join(place.path, 'set-aside', folder ?? '', 'vigil.db'))]).toEqual([[], true])
    }
    expect(cuts).toBeGreaterThan(10)
  })

  it('is told of again until the telling is stored', () => {
    using place = tempFolder()
    write(place.path)
    damage(place.path)
    const first = start(place.path)
    expect(start(place.path)).toMatchObject({ ...ALL, setAside: first.kind === 'open' && first.setAside, epoch: first.kind === 'open' && first.epoch })
    endMove(place.path)
    expect(start(place.path)).toMatchObject({ ...ALL, setAside: null })
  })

  it('begins once more from the first file where what it made instead is damaged, or cannot be written to', () => {
    using place = tempFolder()
    write(place.path)
    damage(place.path)
    start(place.path)
    writeFileSync(join(place.path, 'vigil.db'), 'x'.repeat(9_000))
    expect(start(place.path)).toMatchObject({ ...ALL, setAside: { stays: 1, alerts: 1 } })
    expect(start(place.path, { condemned: 'it takes no row' })).toMatchObject({ ...ALL, setAside: { stays: 1, alerts: 1 } })
    expect(setAsideIn(place.path)).toHaveLength(3)
  })

  it.each([[[]], [['vigil.db']], [['vigil.db-wal']], [['vigil.db', 'vigil.db-wal']]])('finds the rows of the WAL too, whichever of the renames outlived a power cut (%j)', (moved) => {
    using place = tempFolder()
    writeUnchecked(place.path)
    const move = beginMove(place.path, { files: filesOf('vigil.db'), why: 'it was damaged', at: AT })
    const aside = join(place.path, 'set-aside', move.into)
    // The note is on the disk before the first of them, and says "moved" after the last.
    writeFileSync(join(place.path, 'set-aside.json'), JSON.stringify({ ...move, isMoved: false }))
    for (const name of ['vigil.db', 'vigil.db-wal']) if (!moved.includes(name)) renameSync(join(aside, name), join(place.path, name))
    expect(start(place.path)).toMatchObject({ ...ALL, setAside: { folder: aside, why: 'it was damaged' } })
    expect(setAsideIn(place.path)).toHaveLength(1)
  })

  it.each([[['vigil.db']], [['sync.db']]])('goes on with a move that was cut off, also of what else is to go, and never over what lies there (%j)', (left) => {
    using place = tempFolder()
    const here = (name: string): string => join(place.path, name)
    for (const name of ['vigil.db', 'sync.db']) writeFileSync(here(name), `${name} of before`)
    const { into } = beginMove(place.path, { files: ['vigil.db'], why: 'it was damaged', at: AT })
    writeFileSync(here('set-aside.json'), JSON.stringify({ into, files: ['vigil.db'], why: 'it was damaged', isMoved: false }))
    for (const name of left) writeFileSync(here(name), `${name} of now`)
    const wanted = [...new Set(['sync.db', ...left])].map((name) => readFileSync(here(name), 'utf8'))
    beginMove(place.path, { files: ['vigil.db', 'sync.db'], why: 'a restore', at: AT })
    const all = setAsideIn(place.path).flatMap((name) => readdirSync(join(place.path, 'set-aside', name)).map((file) => readFileSync(join(place.path, 'set-aside', name, file), 'utf8')))
    expect(all.toSorted()).toEqual(['vigil.db of before', ...wanted].toSorted())
  })

  it('believes no note that is not as it was written', () => {
    for (const note of ['', '{}', '{"into":"../x","files":["vigil.db"],"why":"","isMoved":false}', '{"into":"x","files":["/etc/passwd"],"why":"","isMoved":false}']) {
      using place = tempFolder()
      write(place.path)
      writeFileSync(join(place.path, 'set-aside.json'), note)
      expect(start(place.path)).toMatchObject({ ...ALL, setAside: null })
    }
  })
})

describe('a note that the disk does not give', () => {
  it('is a reason not to start: what it says of might be all that there is of the ward', () => {
    using place = tempFolder()
    mkdirSync(join(place.path, 'set-aside.json'))
    expect(start(place.path)).toMatchObject({ kind: 'refused', how: 'disk', why: expect.stringContaining('EISDIR') })
    expect(existsSync(join(place.path, 'vigil.db'))).toBe(false)
  })
})

describe('a WAL that is left of a database', () => {
  it.each(['gone', 'empty'])('is set aside where vigil.db is %s: it is neither played into a new one nor deleted', (how) => {
    using place = tempFolder()
    writeUnchecked(place.path)
    const wal = readFileSync(join(place.path, 'vigil.db-wal'))
    rmSync(join(place.path, 'vigil.db'))
    if (how === 'empty') writeFileSync(join(place.path, 'vigil.db'), '')
    expect(start(place.path)).toMatchObject({ began: 'set-aside', stays: 0, setAside: { why: expect.stringContaining('its WAL is left'), isPartial: true } })
    expect(readFileSync(join(place.path, 'set-aside', setAsideIn(place.path)[0] ?? '', 'vigil.db-wal')).equals(wal)).toBe(true)
  })

  it('is nothing to speak of where it is empty, or its database is there', () => {
    using place = tempFolder()
    writeFileSync(join(place.path, 'vigil.db-wal'), '')
    expect(start(place.path)).toMatchObject({ began: null, setAside: null })
    using whole = tempFolder()
    writeUnchecked(whole.path)
    expect(start(whole.path)).toMatchObject({ ...ALL, setAside: null })
  })
})

describe('a damaged file that tells the same twice', () => {
  it('is carried over once, and more is not claimed', () => {
    using place = tempFolder()
    write(place.path)
    const db = new Database(join(place.path, 'vigil.db'))
    for (const table of ['open_alert', 'message', 'stay']) db.exec(`ALTER TABLE ${table} RENAME TO ${table}_once; CREATE VIEW ${table} AS SELECT * FROM ${table}_once UNION ALL SELECT * FROM ${table}_once`)
    // Another row for the same slot: the later counts.
    db.exec('DROP VIEW message; CREATE VIEW message AS SELECT * FROM message_once UNION ALL SELECT id + 1, device, slot, control_id, hash, crc FROM message_once')
    db.close()
    damage(place.path)
    expect(start(place.path)).toMatchObject({ kind: 'open', ...ALL, setAside: { stays: 1, alerts: 1, isPartial: true } })
    endMove(place.path)
    expect(start(place.path)).toMatchObject({ ...ALL, setAside: null })
  })
})

describe('a disk that stutters', () => {
  const unread: Refused = { kind: 'refused', how: 'damaged', why: 'vigil.db is damaged: SQLITE_IOERR_READ: disk I/O error' }
  const looking = (answers: readonly Refused[]) => {
    let now = 0
    let looks = 0
    const last = answers.at(-1) ?? unread
    const found = lookPatiently(() => answers[looks++] ?? last, { monoMs: () => now, pause: (ms) => void (now += ms) })
    return { found, looks, now }
  }
  const other: Refused = { kind: 'refused', how: 'damaged', why: 'SQLITE_CORRUPT: database disk image is malformed' }

  it('is asked again for a bounded time, and no longer than until it answers', () => {
    expect(looking([unread])).toEqual({ found: unread, looks: storeLimits.unreadableAtStartMsMax / storeLimits.readPauseMs + 1, now: storeLimits.unreadableAtStartMsMax })
    expect(looking([unread, unread, unread, unread, unread, other])).toEqual({ found: other, looks: 6, now: 5 * storeLimits.readPauseMs })
  })

  it('is not asked again for what it did read', () => {
    expect(looking([other])).toEqual({ found: other, looks: 1, now: 0 })
  })

  it('and one that is full is not waited for: nobody is watched meanwhile', () => {
    const full: Refused = { kind: 'refused', how: 'disk', why: 'vigil.db cannot be opened: SQLITE_IOERR_SHMSIZE: disk I/O error' }
    expect(looking([full, unread])).toEqual({ found: full, looks: 1, now: 0 })
  })
})

describe('what is set aside', () => {
  const folders = (folder: string, sizes: readonly number[]): void => {
    for (const [place, bytes] of sizes.entries()) {
      const target = join(folder, 'set-aside', `2026-01-${String(place + 1).padStart(2, '0')}T00-00-00Z`)
      mkdirSync(target, { recursive: true })
      writeFileSync(join(target, 'vigil.db'), new Uint8Array(bytes))
    }
  }

  it('makes room by what holds least, not by what is oldest: that may be the ward, and the rest what a failing disk left of empty ones', () => {
    using place = tempFolder()
    folders(place.path, [90_000, 4_096, 0, 4_096, 4_096, 4_096, 4_096, 4_096])
    writeFileSync(join(place.path, 'vigil.db'), '')
    const moved = moveAside(place.path, ['vigil.db'], AT)
    expect(setAsideIn(place.path)).toHaveLength(storeLimits.setAsideMax)
    expect(existsSync(moved)).toBe(true)
    expect(setAsideIn(place.path)).not.toContain('2026-01-03T00-00-00Z')
    moveAside(place.path, ['vigil.db'], new Date(START + 1_000))
    // The empty one of before went; of those that are alike the older one goes.
    moveAside(place.path, ['vigil.db'], new Date(START + 2_000))
    expect(setAsideIn(place.path)).toHaveLength(storeLimits.setAsideMax)
    expect(setAsideIn(place.path)[0]).toBe('2026-01-01T00-00-00Z')
  })
})

describe('a file of which nothing can be saved, set aside while the gateway runs', () => {
  it('leaves no stay and no alert behind: what is open is told to the new one, and a crash after that forgets none of it', async () => {
    using place = tempFolder()
    const disk = fakeDisk()
    const clock = fakeClock()
    const settings = { folder: place.path, kind: 'demo', gatewayId: 'gw', clock, thread: disk.thread } as const
    const seen: Opening[] = []
    const opened = await openedStore({ ...settings, replaced: (_facts, opening) => (seen.push(opening), pump.retell(opening)) })
    const { pump, connect } = ward({ disk: (part) => opened.store.commit(part) })
    const stored = async (): Promise<void> => {
      while (!pump.committer.filling.empty || pump.committer.progress.isWaiting) await new Promise((resolve) => setImmediate(resolve))
    }
    connect('mon-1').say({ hr: 150, mrn: '4711' })
    connect('mon-2').say({ hr: 160, mrn: '4712' })
    const [first, second] = [...pump.lifecycle.open.keys()]
    if (first !== undefined) pump.acknowledge(first, 'anna')
    if (second !== undefined) pump.pauseAudio(second, 'bert', 60_000)
    await stored()
    const open = [...pump.lifecycle.open.values()]
    expect(open).toHaveLength(2)

    disk.fault('corrupt')
    for (let tries = 0; tries < 3; tries++) await opened.store.commit(tick({ snapshots: [heartRate(1)] }))
    disk.fault('none')
    writeFileSync(join(place.path, 'vigil.db'), new Uint8Array(20_000))
    rmSync(join(place.path, 'vigil.db-wal'), { force: true })
    while (seen.length === 0) {
      await clock.pass(storeLimits.restartDelayMsMax)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(seen).toMatchObject([{ stays: [], openAlertEvents: [] }])
    await stored()
    await opened.store.close()

    const later = await openedStore(settings)
    await later.store.close()
    expect(later.stays.map(({ bed, identity }) => [bed, identity?.mrn])).toEqual([['bed-1', '4711'], ['bed-2', '4712']])
    const taken = createLifecycle(() => alertId('x'), later.openAlertEvents)
    const shown = ({ changedAt: _at, ...alert }: Alert): unknown => alert
    expect([...taken.open.values()].map(shown)).toEqual(open.map(shown))
  })
})
