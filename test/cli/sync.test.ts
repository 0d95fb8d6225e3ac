import { Command } from 'commander'
import { expect, it } from 'vitest'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { register } from '../../src/cli/sync.ts'
import { wallMs } from '../../src/domain/time.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { START, heartRate, tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'
import { scratch } from '../sync/fakes.ts'

const SINK = 'https-batch'

async function run(...args: readonly string[]): Promise<{ readonly out: readonly string[]; readonly notes: readonly string[] }> {
  const out: string[] = []
  const notes: string[] = []
  const context: CliContext = {
    write: (line) => void out.push(line), note: (line) => void notes.push(line), stdin: (async function* () {})(), env: {}, stop: new AbortController().signal, root: '/nowhere', node: '', pid: 1,
    isTerminal: false, clockOf: () => realClock(REAL_TIME), parent: null,
  }
  const program = new Command('vigil').exitOverride()
  register(program, context)
  await program.parseAsync(['sync', ...args], { from: 'user' })
  return { out, notes }
}

/** Five rows, ten seconds apart; central has two; one dead letter. */
function folderWithBacklog(folder: string): void {
  using store = writing(folder)
  store.write(tick({ snapshots: [0, 1, 2, 3, 4].map((index) => heartRate(80, { receivedAt: START + index * 10_000 })) }))
  const log = openLogReader(folder)
  const { epoch } = log
  log.close()
  const ledger = openSyncLedger(folder)
  ledger.openEpoch(epoch)
  ledger.advance(SINK, epoch, 2)
  ledger.withhold(SINK, epoch, [{ reason: 'no-stay', rows: 1, readings: 12 }])
  ledger.addDead(SINK, epoch, wallMs(0), [{ event: '{"key":"secret-name"}', origin: null, retries: 0, why: 'ANALYTICS_003: unit', seqFrom: 1, seqTo: 2 }])
  ledger.saveStatus(SINK, START, { kind: 'paused', lagRows: 3, why: 'central refuses our token', lastAcceptedAt: START, deadLetters: 1, stoppedByScanner: 0, breaker: 'closed' })
  ledger.close()
}

it('`sync status` shows the lag in rows and seconds, the pause and its reason', async () => {
  using place = scratch()
  folderWithBacklog(place.folder)
  const { out } = await run('status', '--data', place.folder, '--json')
  expect(out).toHaveLength(1)
  expect(JSON.parse(out[0] ?? '')).toEqual({
    sink: SINK, kind: 'paused', why: 'central refuses our token', lagRows: 3, lagSeconds: 20, breaker: 'closed', lastAcceptedAt: '2026-01-15T02:00:00.000Z', statusAt: '2026-01-15T02:00:00.000Z',
    cursor: 2, lastSeq: 5, deadLetters: 1, deadLettersDropped: 0, stoppedByScanner: 0, withheld: [{ reason: 'no-stay', rows: 1, readings: 12 }], counts: [],
  })
  const text = (await run('status', '--data', place.folder)).out.join('\n')
  expect(text).toContain('https-batch: PAUSED: central refuses our token')
  expect(text).toContain('lag: 3 rows, 20 s')
})

it('Each of several sinks is shown with what is its own, and dead letters say whose they are', async () => {
  using place = scratch()
  folderWithBacklog(place.folder)
  {
    using ledger = openSyncLedger(place.folder)
    ledger.nameSinks([{ id: 'kafka', kind: 'kafka', lane: 'live' }, { id: SINK, kind: SINK, lane: 'live' }])
    ledger.count('kafka', 'batches sent through the fallback', 3)
  }
  const reports = (await run('status', '--data', place.folder, '--json')).out.map((line) => JSON.parse(line))
  expect(reports).toMatchObject([
    { sink: 'kafka', kind: 'off', cursor: 0, lagRows: 5, counts: [{ what: 'batches sent through the fallback', times: 3 }] }, { sink: SINK, kind: 'paused', cursor: 2, counts: [] },
  ])
  expect((await run('status', '--data', place.folder)).out).toEqual(expect.arrayContaining(['kafka: off: nothing was ever sent from this folder', 'batches sent through the fallback: 3', `${SINK}: PAUSED: central refuses our token`]))
  expect((await run('dead-letters', 'list', '--data', place.folder)).out).toEqual([expect.stringMatching(/^https-batch {2}1 {2}/)])
})

it('`sync status` of a sink of the release lane tells of stays, not of rows', async () => {
  using place = scratch()
  folderWithBacklog(place.folder)
  {
    using ledger = openSyncLedger(place.folder)
    ledger.nameSinks([{ id: SINK, kind: SINK, lane: 'release' }])
    const known = { stay: 'stay-1', state: 'waiting' as const, delayMs: 1, shiftDays: 1, openedAt: START, closedAt: START, fromSeq: 1, throughSeq: 0, told: '' }
    ledger.releases.putStay(SINK, known)
    ledger.releases.putStay(SINK, { ...known, stay: 'stay-2', state: 'leaving' })
    ledger.releases.addPiece(SINK, { stay: 'stay-2', kind: 'rows', seqFrom: 1, seqTo: 2 }, 0.5)
  }
  const [report] = (await run('status', '--data', place.folder, '--json')).out.map((line) => JSON.parse(line))
  expect(report).toMatchObject({ lagRows: 1, lagSeconds: 0, release: { waiting: 1, leaving: 1, released: 0, pieces: 1, batches: 0 } })
  expect((await run('status', '--data', place.folder)).out).toContain('stays: 1 wait for their time, 1 leave (1 pieces and 0 batches to go), 0 have left')
})

it('`sync status` of a folder that never sent says so and makes no file', async () => {
  using place = scratch()
  using store = writing(place.folder)
  store.write(tick({ snapshots: [heartRate(80)] }))
  const { out } = await run('status', '--data', place.folder, '--json')
  expect(JSON.parse(out[0] ?? '')).toMatchObject({ kind: 'off', lagRows: 1, cursor: 0 })
  await expect(run('dead-letters', 'list', '--data', place.folder)).rejects.toThrow(CommandFailed)
  expect(() => openSyncLedger(place.folder, { mode: 'existing' })).toThrow()
})

it('A folder without a database is wrong use, and the default is the demo\'s', async () => {
  using place = scratch()
  await expect(run('status', '--data', place.folder)).rejects.toThrow(UsageError)
  await expect(run('status')).rejects.toThrow('/nowhere/.vigil/demo')
})

it('Dead letters are listed without what they say, asked for again, and dropped by number', async () => {
  using place = scratch()
  folderWithBacklog(place.folder)
  const list = async () => (await run('dead-letters', 'list', '--data', place.folder, '--json')).out.map((line) => JSON.parse(line))
  const [letter] = await list()
  expect(letter).toEqual({ id: 1, at: '1970-01-01T00:00:00.000Z', why: 'ANALYTICS_003: unit', retries: 0, retryAsked: false, seqFrom: 1, seqTo: 2, metric: null })
  expect((await run('dead-letters', 'list', '--data', place.folder)).out.join()).not.toContain('secret-name')
  await run('dead-letters', 'retry', '1', '--data', place.folder)
  expect(await list()).toMatchObject([{ id: 1, retryAsked: true }])
  await run('dead-letters', 'drop', '1', '--data', place.folder)
  expect(await list()).toEqual([])
  await expect(run('dead-letters', 'drop', '1', '--data', place.folder)).rejects.toThrow(CommandFailed)
  await expect(run('dead-letters', 'retry', '1', '--data', place.folder)).rejects.toThrow(CommandFailed)
  await expect(run('dead-letters', 'retry', 'one', '--data', place.folder)).rejects.toThrow(UsageError)
})
