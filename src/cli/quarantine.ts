/** `vigil quarantine`: frames that were not believed. Listed, shown without the patient, and read again after a driver was mended. */

import { appendFile, chmod } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import type { Site } from '../config/schema.ts'
import { deviceId, isId } from '../domain/ids.ts'
import { isoOf, wallMs } from '../domain/time.ts'
import { pumpLimits, toolLimits } from '../limits.ts'
import { REAL_TIME } from '../ops/clock.ts'
import { askRelease, readSuspects } from '../ops/suspect-file.ts'
import type { Tick } from '../seams.ts'
import type { FrameHead, QuarantineReader } from '../store/quarantine-reader.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'
import { type FolderOptions, dataFolder, withFolder } from './folder.ts'

type ListOptions = FolderOptions & { readonly json?: boolean; readonly device?: string; readonly limit: string }
type ShowOptions = FolderOptions & { readonly unredacted?: boolean; readonly by?: string; readonly reason?: string }
type ReplayOptions = FolderOptions & { readonly device?: string; readonly all?: boolean }

export const register: Register = (program, context) => {
  const quarantine = program.command('quarantine').description('frames that were not believed: list, show, replay; and conversations that are not read: held, release')

  withFolder(quarantine.command('list').description('the newest first; what they say is not printed'))
    .option('--json', 'one JSON object a line')
    .option('--device <id>', 'of this device alone')
    .option('--limit <frames>', 'so many at most', '50')
    .action(async (options: ListOptions) => {
      using reader = await openReader(await dataFolder(options, context))
      const frames = reader.heads(pumpLimits.quarantinedFramesMax).filter(({ device }) => options.device === undefined || device === options.device)
      for (const head of frames.slice(0, limitOf(options.limit))) context.write(options.json === true ? jsonOf(head) : lineOf(head))
      if (frames.length === 0) context.note('Quarantine is empty.')
    })

  withFolder(quarantine.command('show <id>').description('one frame, without what names people'))
    .option('--unredacted', "as it came, names too: for who may read the gateway's keys; with --by and --reason, which are written down first")
    .option('--by <name>', 'who looks')
    .option('--reason <words>', 'what for')
    .action(async (id: string, options: ShowOptions) => show(idOf(id), await dataFolder(options, context), { options, context }))

  withFolder(quarantine.command('replay [ids...]').description("through today's driver into the log, as history: no alert comes of it"))
    .option('--device <id>', 'all of this device')
    .option('--all', 'all that were not replayed yet')
    .addHelpText('after', '\nWithout --config the site is taken from the newest recording. A running gateway stores the result itself.')
    .action(async (ids: readonly string[], options: ReplayOptions) => replay(ids.map(idOf), options, context))

  registerHeld(quarantine, context)
}

/** Conversations whose bytes did harm. */
function registerHeld(quarantine: Command, context: CliContext): void {
  withFolder(quarantine.command('held').description('conversations that are not read, because their data stopped the gateway or its driver'))
    .option('--json', 'one JSON object a line')
    .action(async (options: FolderOptions & { readonly json?: boolean }) => {
      const now = context.clockOf(REAL_TIME).wall()
      const held = readSuspects(await dataFolder(options, context)).filter(({ heldUntil }) => heldUntil > now)
      for (const { key, stalls, deaths, lastAt, heldUntil } of held) {
        const row = { session: key, since: isoOf(lastAt), until: isoOf(heldUntil), stalls, deaths }
        context.write(options.json === true ? JSON.stringify(row) : `${key.padEnd(24)} ${row.since} to ${row.until}  hung the gateway ${stalls} times, died ${deaths} times`)
      }
      if (held.length === 0) context.note('No conversation is held.')
    })

  withFolder(quarantine.command('release <session>').description('let a conversation speak again: a device, or the address it speaks from'))
    .action(async (session: string, options: FolderOptions) => {
      const folder = await dataFolder(options, context)
      if (!readSuspects(folder).some(({ key }) => key === session)) throw new CommandFailed(`"${session}" is not held: \`vigil quarantine held\` shows who is`)
      await askRelease(folder, session)
      context.note('A running gateway reads it again within seconds, else the next one does. If it does harm again, it is held again.')
    })
}

/** Loaded when asked for, so that other commands do not wait for the database library. */
async function openReader(folder: string): Promise<QuarantineReader> {
  const [{ StoreUnreadable }, { openQuarantineReader }] = await Promise.all([import('../store/database.ts'), import('../store/quarantine-reader.ts')])
  try {
    return openQuarantineReader(folder)
  } catch (error) {
    throw error instanceof StoreUnreadable ? new CommandFailed(error.message) : error
  }
}

function jsonOf({ id, at, device, peer, why, length, replayedAt }: FrameHead): string {
  const replayed = replayedAt === null ? null : isoOf(replayedAt)
  return JSON.stringify({ id, at: isoOf(at), device: device === '' ? null : device, peer, why, bytes: length, replayedAt: replayed })
}

const lineOf = ({ id, at, device, peer, why, length, replayedAt }: FrameHead): string =>
  [
    String(id).padStart(6), isoOf(at), (device === '' ? `(${peer})` : device).padEnd(20), `${length} bytes`.padStart(12),
    `${replayedAt === null ? '' : '[replayed] '}${why}`,
  ].join('  ')

function idOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`"${text}" is no number of a frame: \`vigil quarantine list\` shows them`)
  return Number(text)
}

function limitOf(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError(`--limit ${text}: write a whole number above 0`)
  return limit
}

// ── show ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function show(id: number, folder: string, { options, context }: { readonly options: ShowOptions; readonly context: CliContext }): Promise<void> {
  using reader = await openReader(folder)
  const frame = reader.frame(id)
  if (frame === null) throw new CommandFailed(`there is no frame ${id}`)
  if (frame === 'damaged') throw new CommandFailed(`frame ${id} is damaged: its bytes are not those that were written`)
  const { redacted, unredacted } = await import('../record/redact.ts')
  // Written down first: what cannot be written down is not shown.
  if (options.unredacted === true) await writeAccess(folder, { frame: { id, device: frame.device }, of: reader.of, options, context })
  context.write(lineOf(frame).trim())
  if (frame.bytes.length < frame.length) context.note(`Only ${frame.bytes.length} of its ${frame.length} bytes were kept.`)
  for (const line of options.unredacted === true ? unredacted(frame.bytes) : redacted(frame.bytes)) context.write(line)
}

const ACCESS_FILE = 'quarantine-access.log'

type Access = {
  readonly frame: { readonly id: number; readonly device: string }
  readonly of: QuarantineReader['of']
  readonly options: ShowOptions
  readonly context: CliContext
}

/**
 * Who may is for the operating system to say: the account that may read the keys may read the database as well. Here it is
 * asked who that is and why, and kept: a line that stays, and an event in the log, which is sealed.
 */
async function writeAccess(folder: string, { frame, of, options, context }: Access): Promise<void> {
  const by = words('--by', options.by)
  const reason = words('--reason', options.reason)
  await demandKeys(folder)
  const at = context.clockOf(REAL_TIME).wall()
  const path = join(folder, ACCESS_FILE)
  const line = { at: isoOf(at), by, reason, account: account(), what: 'shown unredacted', frame: frame.id, device: frame.device }
  await appendFile(path, `${JSON.stringify(line)}\n`, { mode: 0o600, flush: true })
  await chmod(path, 0o600)
  const subject = { bed: null, stay: null, device: isId(frame.device) ? deviceId(frame.device) : null }
  const what = `quarantine: frame ${frame.id} shown unredacted to ${JSON.stringify(by)}, account ${line.account}: ${JSON.stringify(reason)}`
  await using sink = await openSink(folder, of)
  // Named by its time, so that it takes the name of no frame that waits there.
  const why = await sink.store(at, { snapshots: [], events: [{ at, kind: 'gateway', what, subject }], stays: [], quarantined: [], messages: [] }, context.stop)
  if (why !== null) throw new CommandFailed(`that it is shown cannot be written down, so it is not: ${why}`)
}

function words(option: string, text: string | undefined): string {
  const said = text?.trim() ?? ''
  const isRight = said !== '' && said.length <= toolLimits.accessWordsCharsMax && !/\p{Cc}/u.test(said)
  if (!isRight) throw new UsageError(`--unredacted shows names: say ${option} in 1 to ${toolLimits.accessWordsCharsMax} characters; it is written down`)
  return said
}

async function demandKeys(folder: string): Promise<void> {
  const { KEYS, sealKeys } = await import('../store/seal-key.ts')
  try {
    if (sealKeys(folder).size > 0) return
  } catch {
    // Said below.
  }
  throw new CommandFailed(`${join(folder, KEYS)} holds no key that you may read: a frame as it came is for the gateway's own account, or root`)
}

/** Not every account has a name. */
function account(): string {
  try {
    return userInfo().username
  } catch {
    return 'unnamed'
  }
}

// ── replay ───────────────────────────────────────────────────────────────────────────────────────────────────────────

async function replay(ids: readonly number[], options: ReplayOptions, context: CliContext): Promise<void> {
  const ways = [ids.length > 0, options.device !== undefined, options.all === true]
  if (ways.filter(Boolean).length !== 1) throw new UsageError('say which frames: their numbers, --device <id>, or --all')
  const folder = await dataFolder(options, context)
  const site = await siteOf(options, folder)
  const [{ readAgain }, { driverOf }, { handedFiles }, { REAL_TIME }] = await Promise.all([
    import('../record/read-again.ts'), import('../drivers.ts'), import('../record/inbox.ts'), import('../ops/clock.ts'),
  ])
  if ((await handedFiles(folder)).length > 0) throw new CommandFailed('What was handed to the gateway before still waits to be stored: is it running?')
  const now = context.clockOf(REAL_TIME).wall()
  using reader = await openReader(folder)
  const waiting = reader.heads(pumpLimits.quarantinedFramesMax).filter(({ replayedAt, device }) => replayedAt === null && (options.device ?? device) === device)
  const wanted = ids.length > 0 ? ids : waiting.map(({ id }) => id)
  const result = { stored: 0, known: 0, refused: 0 }
  await using sink = await openSink(folder, reader.of)
  // The oldest first, as they came.
  for (const id of wanted.toSorted((a, b) => a - b)) {
    if (context.stop.aborted) throw new CommandFailed('stopped before the end')
    const frame = reader.frame(id)
    const read = frame === null || frame === 'damaged' ? unreadable(frame) : readAgain(frame, { site, driverOf, stored: reader, now })
    if (read.kind !== 'read') {
      result[read.kind]++
      context.write(`${id}: ${read.kind === 'known' ? 'nothing to do' : 'still not believed'}: ${read.why}`)
      continue
    }
    const why = read.readings === 0 && read.left.length > 0 ? 'nothing new' : await sink.store(id, read.tick, context.stop)
    if (why === null) result.stored++
    else result.known++
    const left = read.left.length > 0 ? `; still not believed: ${read.left.join('; ')}` : ''
    context.write(`${id}: ${why ?? `${read.readings} values stored as history`}${left}`)
  }
  context.note(`${result.stored} frames read, ${result.known} known already, ${result.refused} still not believed.`)
  if (result.refused > 0) throw new CommandFailed('Some frames are still not believed.')
}

const unreadable = (frame: 'damaged' | null) => ({ kind: 'refused', why: frame === null ? 'there is no such frame' : 'it is damaged' }) as const

/** Of the site file, else as the gateway last recorded it. */
async function siteOf({ config }: FolderOptions, folder: string): Promise<Site> {
  const { loadSite, parseSite } = await import('../config/load.ts')
  if (config !== undefined) {
    const loaded = loadSite(config)
    if (loaded.kind === 'wrong') throw new UsageError(loaded.problems.join('\n'))
    return loaded.site
  }
  const { readRecording, recordingFiles } = await import('../record/reader.ts')
  const newest = (await recordingFiles(folder).catch(() => [])).at(-1)
  for await (const read of readRecording(newest ? [newest] : [])) {
    if (read.kind !== 'record' || read.record.kind !== 'head') continue
    const parsed = parseSite(JSON.stringify(read.record.head.site), 'the recorded site')
    if (parsed.kind === 'ok') return parsed.site
  }
  throw new UsageError(`${dirname(join(folder, '.'))} holds no recording that tells the site: name the site file with --config`)
}

/** Where the values go, under a number of their own: null when stored, else why not. @throws CommandFailed when they can never be. */
type Sink = AsyncDisposable & { store(number: number, tick: Tick, stop: AbortSignal): Promise<string | null> }

/** Straight into the database where no gateway runs on it; else the gateway is handed them and stores them itself. */
async function openSink(folder: string, of: QuarantineReader['of']): Promise<Sink> {
  const [{ openLocalStore }, { REFUSED, handOver }, { existsSync }] = await Promise.all([import('../store/local-store.ts'), import('../record/inbox.ts'), import('node:fs')])
  const local = openLocalStore({ folder, kind: of.kind, gatewayId: of.gateway, createdAt: wallMs(0), durability: 'durable' })
  if (local.kind === 'opened') {
    return {
      async store(number, tick) {
        const result = await local.store.commit(tick)
        if (result.kind === 'failed' && result.isFinal) throw new CommandFailed(`${number}: ${result.why} Mend the driver that read it, or update Vigil.`)
        return result.kind === 'durable' ? null : result.why
      },
      [Symbol.asyncDispose]: () => local.store.close(),
    }
  }
  if (local.how !== 'locked') throw new CommandFailed(local.why)
  return {
    async store(number, tick, stop) {
      const path = await handOver(folder, number, tick)
      if (!(await isTaken(path, stop))) {
        const waited = `The gateway has not taken ${number} within ${toolLimits.handOverMs / 1_000} s.`
        throw new CommandFailed(`${waited} It lies in ${path} and is stored when the gateway looks.`)
      }
      if (existsSync(`${path}${REFUSED}`)) throw new CommandFailed(`The gateway can never store ${number}: its log says why, and what to do. It lies in ${path}${REFUSED}.`)
      if (tick.replayed === undefined) return null
      using reader = await openReader(folder)
      const stored = reader.frame(number)
      return stored !== null && stored !== 'damaged' && stored.replayedAt === null ? 'stored already' : null
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function isTaken(path: string, stop: AbortSignal): Promise<boolean> {
  const { existsSync } = await import('node:fs')
  const { setTimeout: delay } = await import('node:timers/promises')
  const lookMs = 100
  for (let waitedMs = 0; existsSync(path); waitedMs += lookMs) {
    if (stop.aborted || waitedMs >= toolLimits.handOverMs) return false
    await delay(lookMs)
  }
  return true
}
