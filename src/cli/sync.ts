/** `vigil sync`: how delivery to central stands, and what to do with what it would not take. Reads the folder, not the gateway. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DeadLetter, SyncStatus } from '../domain/batch.ts'
import { type WallMs, isoOf } from '../domain/time.ts'
import { syncLimits } from '../limits.ts'
import type { LogReader, LoggedRow } from '../seams.ts'
import type { Ledger } from '../store/sync-ledger.ts'
import { positionOf } from '../sync/position.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'
import { type FolderOptions, dataFolder, withFolder } from './folder.ts'
import { registerExplain } from './sync-explain.ts'

/** Where nothing says which sinks there are: a folder of a version that knew but one. */
const SINK = 'https-batch'
type JsonOption = FolderOptions & { readonly json?: boolean }

export const register: Register = (program, context) => {
  const sync = program.command('sync').description('delivery to central: status and dead letters')

  withFolder(sync.command('status').description('how far central is behind, in rows and seconds, and why'))
    .option('--json', 'one JSON object a line, for each sink')
    .action(async (options: JsonOption) => {
      const reports = await statusOf(await folderOf(context, options))
      if (options.json) for (const report of reports) context.write(JSON.stringify(report))
      else reports.forEach((report, place) => [...(place === 0 ? [] : ['']), ...sentencesOf(report)].forEach((line) => context.write(line)))
    })

  const letters = sync.command('dead-letters').description('events that central or the egress scanner would not take')
  withFolder(letters.command('list').description('the oldest first; what they say is not printed'))
    .option('--json', 'one JSON object a line')
    .action(async (options: JsonOption) => {
      using ledger = await openLedger(await folderOf(context, options))
      const names = new Set([...namesIn(ledger), ...ledger.sinksLeft().filter((sink) => ledger.deadCount(sink) > 0)])
      for (const sink of names) {
        const about = names.size > 1 ? { sink } : {}
        for (const letter of ledger.deadLetters(sink, syncLimits.deadLettersMax)) {
          context.write(options.json ? JSON.stringify({ ...publicPart(letter), ...about }) : [...Object.values(about), lineOf(letter)].join('  '))
        }
        const dropped = ledger.deadDropped(sink)
        if (dropped > 0) context.note(`${dropped} older ones were lost: at most ${syncLimits.deadLettersMax} are kept.`)
      }
    })
  withFolder(letters.command('retry <id>').description('send it again, when the gateway next looks (it keeps its key)'))
    .action(async (id: string, options: FolderOptions) => {
      using ledger = await openLedger(await folderOf(context, options))
      if (!ledger.askRetry(idOf(id))) throw new CommandFailed(`there is no dead letter ${id}`)
      context.note(`Dead letter ${id} is sent again as soon as nothing else waits.`)
    })
  withFolder(letters.command('drop <id>').description('forget it: central will never have it'))
    .action(async (id: string, options: FolderOptions) => {
      using ledger = await openLedger(await folderOf(context, options))
      if (ledger.removeDead([idOf(id)]) === 0) throw new CommandFailed(`there is no dead letter ${id}`)
      context.note(`Dead letter ${id} is gone.`)
    })

  registerExplain(sync, context)
}

async function folderOf(context: CliContext, options: FolderOptions): Promise<string> {
  const folder = await dataFolder(options, context)
  if (!existsSync(join(folder, 'vigil.db'))) throw new UsageError(`${folder} holds no gateway's database: name its folder with --data`)
  return folder
}

function idOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`"${text}" is no number of a dead letter: \`vigil sync dead-letters list\` shows them`)
  return Number(text)
}

/** Loaded when asked for, so that other commands do not wait for the database library. */
async function openLedger(folder: string) {
  const { openSyncLedger, SYNC_FILE } = await import('../store/sync-ledger.ts')
  if (!existsSync(join(folder, SYNC_FILE))) throw new CommandFailed(`nothing was ever sent from ${folder}`)
  return openSyncLedger(folder, { mode: 'existing' })
}

/** Those of the configuration, as the gateway last saw it. */
function namesIn(ledger: Pick<Ledger, 'sinks'>): readonly string[] {
  const named = ledger.sinks().map(({ id }) => id)
  return named.length > 0 ? named : [SINK]
}

type Report = {
  readonly sink: string
  readonly kind: SyncStatus['kind']
  readonly why: string
  readonly lagRows: number
  /** From the oldest row that central has not acknowledged to the newest row, by the ward's own clock. */
  readonly lagSeconds: number
  readonly breaker: SyncStatus['breaker']
  readonly lastAcceptedAt: string | null
  readonly statusAt: string | null
  readonly cursor: number
  readonly lastSeq: number
  readonly deadLetters: number
  readonly deadLettersDropped: number
  readonly stoppedByScanner: number
  readonly withheld: readonly { readonly reason: string; readonly rows: number; readonly readings: number }[]
  /** What the sink did beside: sets that were not whole, batches that went through its fallback. */
  readonly counts: readonly { readonly what: string; readonly times: number }[]
  /** Of the release lane: stays that wait for their time, leave, and have left, and what is still to be cut and sent of those that leave. */
  readonly release?: { readonly waiting: number; readonly leaving: number; readonly released: number; readonly pieces: number; readonly batches: number }
}

/** One for each sink, in the order of the configuration. */
async function statusOf(folder: string): Promise<readonly Report[]> {
  const [{ openLogReader }, { SYNC_FILE, openSyncLedger }] = await Promise.all([import('../store/log-reader.ts'), import('../store/sync-ledger.ts')])
  using log = openLogReader(folder)
  const lastSeq = log.lastSeq()
  if (!existsSync(join(folder, SYNC_FILE))) return [{ ...NEVER, lagRows: lastSeq, lastSeq, lagSeconds: lagSeconds(log, 0, lastSeq) }]
  using ledger = openSyncLedger(folder, { mode: 'existing' })
  return namesIn(ledger).map((sink) => reportOf(sink, ledger, log))
}

/** Stays, not rows, are what the release lane follows. */
function releaseOf(sink: string, ledger: Ledger): NonNullable<Report['release']> | null {
  if (!ledger.sinks().some(({ id, lane }) => id === sink && lane === 'release')) return null
  const { waiting = 0, leaving = 0, released = 0 } = ledger.releases.states(sink)
  const { pieces, batches } = ledger.releases.waiting(sink)
  return { waiting, leaving, released, pieces, batches }
}

function reportOf(sink: string, ledger: Ledger, log: LogReader): Report {
  const release = releaseOf(sink, ledger)
  const lastSeq = log.lastSeq()
  const cursor = positionOf(ledger, log, sink)
  const saved = ledger.status(sink)
  return {
    sink,
    kind: saved?.kind ?? 'off',
    why: saved?.why ?? NEVER.why,
    lagRows: release ? release.pieces + release.batches : Math.max(0, lastSeq - cursor),
    lagSeconds: release ? 0 : lagSeconds(log, cursor, lastSeq),
    breaker: saved?.breaker ?? 'closed',
    lastAcceptedAt: isoOrNull(saved?.lastAcceptedAt ?? null),
    statusAt: isoOrNull(saved?.at ?? null),
    cursor,
    lastSeq,
    deadLetters: ledger.deadCount(sink),
    deadLettersDropped: ledger.deadDropped(sink),
    stoppedByScanner: saved?.stoppedByScanner ?? 0,
    withheld: ledger.withheld(sink, log.epoch),
    counts: ledger.counts(sink),
    ...(release ? { release } : {}),
  }
}

const NEVER: Report = {
  sink: SINK, kind: 'off', why: 'nothing was ever sent from this folder', lagRows: 0, lagSeconds: 0, breaker: 'closed',
  lastAcceptedAt: null, statusAt: null, cursor: 0, lastSeq: 0, deadLetters: 0, deadLettersDropped: 0, stoppedByScanner: 0, withheld: [], counts: [],
}

const isoOrNull = (at: WallMs | null): string | null => (at === null ? null : isoOf(at))
const timeOf = (row: LoggedRow): WallMs => (row.kind === 'snapshot' ? row.snapshot.receivedAt : row.stored.at)

function lagSeconds(log: LogReader, cursor: number, lastSeq: number): number {
  const oldest = log.read(cursor, 1)[0]
  const newest = log.read(Math.max(0, lastSeq - 1), 1)[0]
  return oldest === undefined || newest === undefined ? 0 : Math.max(0, Math.round((timeOf(newest) - timeOf(oldest)) / 1_000))
}

function sentencesOf(report: Report): readonly string[] {
  const state = { off: 'off', ok: 'ok', behind: 'behind', paused: 'PAUSED' }[report.kind]
  return [
    `${report.sink}: ${state}${report.why === '' ? '' : `: ${report.why}`}`,
    report.release
      ? `stays: ${report.release.waiting} wait for their time, ${report.release.leaving} leave (${report.release.pieces} pieces and ${report.release.batches} batches to go), ${report.release.released} have left`
      : `lag: ${report.lagRows} rows, ${report.lagSeconds} s (central has ${report.cursor} of ${report.lastSeq})`,
    `last accepted: ${report.lastAcceptedAt ?? 'never'}; circuit breaker: ${report.breaker}`,
    `dead letters: ${report.deadLetters}${report.deadLettersDropped > 0 ? ` (and ${report.deadLettersDropped} lost)` : ''}`,
    `stopped by the egress scanner since the gateway started: ${report.stoppedByScanner}`,
    ...report.counts.map(({ what, times }) => `${what}: ${times}`),
    ...report.withheld.map(({ reason, rows, readings }) => `not sent, ${reason}: ${rows} rows, ${readings} readings`),
  ]
}

/** What the event says stays in the ledger: a letter that the scanner stopped holds a name. */
const publicPart = ({ id, at, why, retries, retryAsked, seqFrom, seqTo, origin }: DeadLetter) => ({
  id, at: isoOf(at), why, retries, retryAsked, seqFrom, seqTo, metric: origin?.metric ?? null,
})

const lineOf = ({ id, at, origin, seqFrom, seqTo, retries, retryAsked, why }: DeadLetter): string =>
  [id, isoOf(at), origin?.metric ?? 'alert', `seq ${seqFrom}-${seqTo}`, `retried ${retries}×${retryAsked ? ', waits to be sent' : ''}`, why].join('  ')
