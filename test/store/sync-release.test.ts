import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { surrogate } from '../../src/domain/batch.ts'
import { wallMs } from '../../src/domain/time.ts'
import { migrate } from '../../src/store/migrations.ts'
import { SYNC_FILE, openSyncLedger } from '../../src/store/sync-ledger.ts'
import { SYNC_MIGRATIONS } from '../../src/store/sync-queries.ts'
import { releaseQueries, stayQueries } from '../../src/store/sync-release-queries.ts'
import { openStayReader } from '../../src/store/sync-stays.ts'
import type { KnownStay } from '../../src/sync/release-ledger.ts'
import { START, heartRate, phase, stay, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const SINK = 'https-batch'
const KNOWN: KnownStay = {
  stay: 'stay-1', state: 'waiting', delayMs: 1_000.5, shiftDays: 3, openedAt: START, closedAt: null, fromSeq: 7, throughSeq: 0, told: '{"sex":"F"}',
}

describe('the ledger of the release lane', () => {
  it('keeps a stay as it was put last, and believes none that is not as it was put', () => {
    using folder = tempFolder()
    const last = { ...KNOWN, delayMs: 9, shiftDays: 0, state: 'leaving', closedAt: wallMs(START + 1) } as const
    {
      using ledger = openSyncLedger(folder.path)
      ledger.releases.putStay(SINK, KNOWN)
      ledger.releases.putStay(SINK, last)
    }
    using ledger = openSyncLedger(folder.path)
    expect(ledger.releases.stays('another')).toEqual([])
    expect(ledger.releases.stays(SINK)).toEqual([last])
    expect(ledger.releases.states(SINK)).toEqual({ leaving: 1 })
    const other = new Database(join(folder.path, SYNC_FILE))
    other.exec('UPDATE release_stay SET delay_ms = 0')
    other.close()
    expect(() => ledger.releases.stays(SINK)).toThrow(/cannot be read/)
  })

  it('leaves no trace in its files of what stood for whom, when a release has ended', () => {
    using folder = tempFolder()
    using ledger = openSyncLedger(folder.path)
    const written = (): string => [SYNC_FILE, `${SYNC_FILE}-wal`].map((name) => readFileSync(join(folder.path, name)).toString('latin1')).join('')
    const linked = (text: string): boolean => surrogates.some((one) => text.includes(`stay-1${one}`) || text.includes(`${one}${release}staystay-1`))
    const release = 'a'.repeat(32)
    const token = surrogate(release)
    ledger.releases.begin(SINK, { id: release, organization: token, gateway: token, method: 'safe-harbor', stays: 1 })
    const surrogates = [ledger.releases.surrogateOf(release, 'stay', 'stay-1')]
    // Enough that whole pages become free.
    for (let count = 0; count < 300; count++) ledger.releases.surrogateOf(release, 'alert', `alert-${count}`)
    expect(linked(written())).toBe(true)
    ledger.releases.end(SINK)
    ledger.releases.eraseTraces()
    expect(linked(written())).toBe(false)
  })

  it('gives pieces in the order of their places, shortens and removes them', () => {
    using folder = tempFolder()
    using ledger = openSyncLedger(folder.path)
    const piece = { stay: 'stay-1', kind: 'rows' as const, seqFrom: 1, seqTo: 9 }
    for (const [place, seqFrom] of [[0.9, 1], [0.1, 2], [0.5, 3]] as const) ledger.releases.addPiece(SINK, { ...piece, seqFrom }, place)
    const [first, second] = ledger.releases.nextPieces(SINK, 2)
    expect([first?.seqFrom, second?.seqFrom]).toEqual([2, 3])
    ledger.releases.shortenPiece(first?.id ?? 0, 8)
    ledger.releases.removePiece(second?.id ?? 0)
    expect(ledger.releases.nextPieces(SINK, 10).map(({ seqFrom }) => seqFrom)).toEqual([8, 1])
    expect(ledger.releases.waiting(SINK)).toEqual({ pieces: 2, batches: 0 })
  })

  it('forgets what stood for whom when a release ends, and nothing of another epoch', () => {
    using folder = tempFolder()
    using ledger = openSyncLedger(folder.path)
    const id = surrogate('ab'.repeat(16))
    const live = ledger.surrogates('e1').of('stay', 'stay-1')
    ledger.releases.begin(SINK, { id, organization: id, gateway: id, method: 'safe-harbor', stays: 2 })
    const released = ledger.releases.surrogateOf(id, 'stay', 'stay-1')
    expect([ledger.releases.surrogateOf(id, 'stay', 'stay-1'), released === live]).toEqual([released, false])
    expect(ledger.releases.current(SINK)).toMatchObject({ id, stays: 2 })
    ledger.releases.end(SINK)
    expect(ledger.releases.current(SINK)).toBeNull()
    expect(ledger.releases.surrogateOf(id, 'stay', 'stay-1')).not.toBe(released)
    expect(ledger.surrogates('e1').of('stay', 'stay-1')).toBe(live)
  })

  it('comes to a ledger that was made before it', () => {
    using folder = tempFolder()
    copyFileSync(join(import.meta.dirname, 'fixtures', 'sync-5.db'), join(folder.path, 'sync.db'))
    using ledger = openSyncLedger(folder.path)
    expect([ledger.releases.stays(SINK), ledger.releases.current(SINK), ledger.releases.waiting(SINK).pieces]).toEqual([[], null, 0])
    expect(ledger.deadLetters(SINK, 10)).toHaveLength(1)
  })
})

describe('a stay in vigil.db', () => {
  it('is read with its rows, its events and nothing else, a bounded number at a time', () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      const other = { stay: 'stay-2', bed: 'bed-2', device: 'monitor-2' }
      open.write(tick({
        stays: [stay('stay-1', { closedAt: wallMs(START + 600_000), context: { ...stay('x').context, population: 'infant' } }), stay('stay-2', { bed: bedId('bed-2') })],
        snapshots: [0, 1, 2, 3].flatMap((minute) => [heartRate(60, { receivedAt: START + minute * 60_000 }), heartRate(70, { ...other, receivedAt: START + minute * 60_000 })]),
        events: [phase('alert-1', 'active')],
      }))
      open.write(tick({ facts: [
        { id: 1, learnedAt: START, effectiveAt: START, source: 'adt', by: 'his', body: { kind: 'described', patient: { mrn: '4711', name: null, bornOn: '1940-05-01', sex: 'M' }, visit: null } },
        { id: 2, learnedAt: START, effectiveAt: START, source: 'adt', by: 'his', body: { kind: 'described', patient: { mrn: '4711', name: null, sex: 'F' }, visit: null } },
        { id: 3, learnedAt: START, effectiveAt: START, source: 'adt', by: 'his', body: { kind: 'described', patient: { mrn: '9', name: null, bornOn: '2000-01-01' }, visit: null } },
      ] }))
    }
    const reader = openStayReader(folder.path)
    expect(reader.stays()).toMatchObject([
      { stay: 'stay-1', bed: 'bed-1', openedAt: START, closedAt: START + 600_000, isChild: true }, { stay: 'stay-2', bed: 'bed-2', closedAt: null, isChild: false },
    ])
    expect(reader.personOf('stay-1')).toEqual({ mrn: '4711', bornOn: '1940-05-01', sex: 'F' })
    expect(reader.personOf('nobody')).toEqual({})
    const all = { seqFrom: 1, seqTo: 1_000 }
    const read = reader.rowsOf('stay-1', all, { rowsMax: 100, readingsMax: 100 })
    expect(read.rows.map((row) => (row.kind === 'snapshot' ? row.snapshot.stay : row.kind))).toEqual(['stay-1', 'stay-1', 'stay-1', 'stay-1', 'event'])
    expect([read.nextSeq, read.damaged]).toEqual([null, 0])
    expect(reader.rowsOf('stay-1', { seqFrom: 1, seqTo: 10_000 }, { rowsMax: 1, readingsMax: 100 })).toMatchObject({ nextSeq: 2_049 })
    expect([reader.firstSeqSince(START, wallMs(START + 1e9)), reader.firstSeqSince(wallMs(START + 120_000), wallMs(START + 1e9)), reader.firstSeqSince(wallMs(START + 1e9), wallMs(START + 2e9))]).toEqual([1, 5, null])
    reader.close()
  })

  it('tells of a row that was put right whose it is now and whose it was', () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(tick({ stays: [stay('stay-1'), stay('stay-2')], snapshots: [heartRate(60), heartRate(61, { receivedAt: START + 1_000 })] }))
      open.write(tick({ reissues: [{
        of: { bed: bedId('bed-1') }, from: wallMs(START + 500), to: wallMs(START + 60_000), stay: stayId('stay-2'), bed: bedId('bed-1'), devices: [deviceId('monitor-1')], learnedAt: START,
      }] }))
      while (open.writer.reissue() !== 'nothing');
    }
    const reader = openStayReader(folder.path)
    const revised = reader.revisedAfter(0, 10)
    expect(revised).toMatchObject([{ supersedes: 2, stay: 'stay-2', before: 'stay-1', readings: 1 }])
    expect(reader.revisedAfter(revised[0]?.seq ?? 0, 10)).toEqual([])
    expect(reader.rowsOf('stay-1', { seqFrom: 1, seqTo: 99 }, { rowsMax: 9, readingsMax: 9 }).rows.map((row) => [row.seq, 'isSuperseded' in row])).toEqual([[1, false], [2, true]])
    reader.close()
  })
})

const PLANS: Readonly<Record<string, RegExp>> = {
  STAYS: /^SEARCH release_stay USING PRIMARY KEY \(sink=\?\)$/,
  FORGET_STAY: /^SEARCH release_stay USING PRIMARY KEY/,
  CURRENT: /^SEARCH release USING PRIMARY KEY/,
  END: /^SEARCH release USING PRIMARY KEY/,
  FORGET_SURROGATES: /^SEARCH surrogate USING PRIMARY KEY \(epoch=\?\)$/,
  NEXT_PIECES: /^SEARCH release_piece USING INDEX release_piece_by_place \(sink=\?\)$/,
  SHORTEN_PIECE: /INTEGER PRIMARY KEY/,
  REMOVE_PIECE: /INTEGER PRIMARY KEY/,
  PIECES: /COVERING INDEX release_piece_by_place/,
  BATCHES: /COVERING INDEX batch_by_place/,
  STANDING: /^SEARCH release_stay USING PRIMARY KEY/,
  SITE_KEY: /INTEGER PRIMARY KEY/,
  TOKEN: /INDEX sqlite_autoindex_site_token_1 \(field=\? AND value=\?\)/,
  IS_TOKEN: /INDEX sqlite_autoindex_site_token_2 \(field=\? AND token=\?\)/,
  TRIM_TOKENS: /^SEARCH site_token USING (INTEGER PRIMARY KEY|COVERING INDEX)/,
}
const STAY_PLANS: Readonly<Record<string, RegExp>> = {
  // What is kept of stays is some days of them.
  STAYS: /^SCAN stay$/,
  MRN_OF_STAY: /^SEARCH stay USING PRIMARY KEY .* SEARCH patient USING INTEGER PRIMARY KEY/,
  FACTS_NEWEST: /^SCAN fact$/,
  FIRST_MARK_BETWEEN: /^SEARCH mark USING PRIMARY KEY \(minute>\? AND minute<\?\)$/,
  STREAMS_OF_STAY: /COVERING INDEX stream_by_stay/,
  SNAPSHOTS_OF_STREAM: /SEARCH s USING INDEX snapshot_by_block/,
  EVENTS_BETWEEN: /^SEARCH event USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)$/,
  REVISED_AFTER: /^SEARCH revision USING INTEGER PRIMARY KEY \(rowid>\?\)$/,
  REVISION: /^SEARCH revision USING INTEGER PRIMARY KEY \(rowid=\?\)$/,
  SNAPSHOT: /^SEARCH snapshot USING INTEGER PRIMARY KEY/,
}

describe('the plan of', () => {
  const ledger = new Database(':memory:')
  migrate(ledger, SYNC_MIGRATIONS)
  const ward = new Database(':memory:')
  migrate(ward)
  const planOf = (db: Database.Database, sql: string): string => {
    const parameters = Object.fromEntries([...sql.matchAll(/@(\w+)/g)].map(([, name = '']) => [name, 1]))
    return db.prepare<[object], { readonly detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(parameters).map(({ detail }) => detail).join(' | ')
  }
  it.each(Object.entries(releaseQueries).filter(([name]) => !/^(PUT|ADD|BEGIN)/.test(name)))('%s is the one that was thought of', (name, sql) => {
    expect(planOf(ledger, sql)).toMatch(PLANS[name] ?? /a line in this test/)
  })
  it.each(Object.entries(stayQueries))('%s, asked of vigil.db, is the one that was thought of', (name, sql) => {
    expect(planOf(ward, sql)).toMatch(STAY_PLANS[name] ?? /a line in this test/)
  })
})
