/**
 * A backup is made while messages come; the ward goes on, and central receives what came since; then the gateway is killed
 * and its disk is gone. The backup is put back into an empty folder, the ward goes on, and central, which knows more than
 * the backup does, receives the rest: each row that was acknowledged and is in the backup is there once, here and at central;
 * nothing is there twice; nothing new is taken for a repeat.
 *
 * The control keeps the old epoch and never asks central: numbers are given twice.
 */

import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../bench/gateway-process.ts'
import { type CentralProcess, startCentral } from './central.ts'
import { ROWS_PER_BATCH } from './rows-per-batch.ts'
import { ProveWard } from './gateway.ts'
import { Ledger, type Values, holdingsOf, judge } from './oracle.ts'
import type { Prove } from './prove.ts'
import { rest } from './senders.ts'

const DRAIN_MS = 120_000
const NUMBER = 'MDC_VOL_AWAY_TIDAL'
const PER_STEP = 100_000
const CONTROL = join(import.meta.dirname, 'controls', 'no-epoch.ts')
const EAGER = join(import.meta.dirname, 'controls', 'eager-sync.ts')
/** Slow enough for a batch of each row, and too fast for central to have all of them when the backup is made. */
const PACE_MS = 60
const run = promisify(execFile)

export const prove: Prove = async ({ quick, say }) => {
  const size = quick ? { phaseMs: 400, devices: 2, controlMs: 300 } : { phaseMs: 8_000, devices: 8, controlMs: 3_000 }
  const trying = lifeAfterLife({ ...size, isControl: false, say })
  // Side by side where time is short: neither is judged by its speed.
  if (!quick) await trying
  const [trial, control] = await Promise.all([trying, lifeAfterLife({ ...size, isControl: true, say: (line) => say(`control: ${line}`) })])
  return {
    kind: 'judged',
    pass: isRight(trial),
    figures: {
      'acknowledged; in the backup; lost with the disk': `${trial.acknowledged}; ${trial.backedUp}; ${trial.lost}`,
      'sent to central after the backup, before the disk was gone': trial.sentSince,
      'of the backup missing here': trial.missingHere,
      'rows here: missing, twice at central': `${trial.rows}: ${trial.missing}, ${trial.twice}`,
      'never issued, at central': trial.spurious,
      'dead letters': trial.deadLetters,
      'backup, restore (ms)': `${trial.backupMs}, ${trial.restoreMs}`,
      'control: missing, twice at central': `${control.missing}, ${control.twice}`,
    },
    control: { ran: true, failed: !isRight(control) },
  }
}

type Setting = { readonly phaseMs: number; readonly devices: number; /** How long the control's central is waited for, which never has all. */ readonly controlMs: number; readonly isControl: boolean; readonly say: (line: string) => void }
type Trial = {
  readonly acknowledged: number
  readonly backedUp: number
  /** Acknowledged after the backup: gone with the disk, whatever anybody does. */
  readonly lost: number
  readonly sentSince: number
  readonly missingHere: number
  readonly rows: number
  readonly missing: number
  readonly twice: number
  readonly spurious: number
  readonly deadLetters: number
  readonly backupMs: number
  readonly restoreMs: number
}

const isRight = (trial: Trial): boolean =>
  trial.backedUp > 0 && trial.sentSince > 0 && trial.missingHere + trial.missing + trial.twice + trial.spurious + trial.deadLetters === 0

async function lifeAfterLife({ phaseMs, devices, controlMs, isControl, say }: Setting): Promise<Trial> {
  await using central = await startCentral()
  await using ward = await ProveWard.open({ devices: { mllp: devices }, central })
  const imports = isControl ? [EAGER, CONTROL] : [EAGER]
  const vigil = (...args: readonly string[]): Promise<unknown> =>
    run(process.execPath, [...(isControl ? ['--import', CONTROL] : []), join(ROOT, 'src', 'vigil.mjs'), ...args])
  const backup = join(ward.folder, 'backup')
  const ledger = new Ledger()
  let gateway = await ward.start({ imports, env: { [ROWS_PER_BATCH]: '1' } })
  let senders = ward.devices.map((device) => ward.senderOf(device, ledger))
  const sending = (): { stop(): Promise<void> } => {
    const stop = new AbortController()
    const all = Promise.all(senders.map((sender) => sender.run(PACE_MS, stop.signal)))
    return { stop: async () => (stop.abort(), void (await all)) }
  }

  const first = sending()
  await rest(phaseMs)
  const [backupMs] = await timed(() => vigil('backup', backup, '--data', ward.data))
  const inBackup = holdingsOf(backup).rows
  const before = ledger.ids(({ fate }) => fate === 'accepted').filter((id) => inBackup.has(id))
  say(`backup of ${inBackup.size} messages in ${backupMs} ms; going on`)
  await rest(phaseMs)
  await first.stop()
  // Central has rows that the backup has not.
  const sentSince = await waitFor(async () => idsOf(await central.values()).filter(([id]) => !inBackup.has(id)).length, (count) => count > 0)
  await gateway.kill()
  for (const sender of senders) sender.close()
  rmSync(ward.data, { recursive: true, force: true })
  const lost = ledger.ids(({ fate }) => fate === 'accepted').filter((id) => !inBackup.has(id)).length

  const [restoreMs] = await timed(() => vigil('restore', backup, '--data', ward.data))
  say(`killed, disk gone, restored in ${restoreMs} ms; ${sentSince} rows at central that the backup has not`)
  // Cut otherwise, rows that central has would come under other keys; cut alike, the control's new rows come under old ones.
  gateway = await ward.start({ imports, env: { [ROWS_PER_BATCH]: isControl ? '1' : '7' } })
  senders = ward.devices.map((device) => ward.senderOf(device, ledger))
  const second = sending()
  await rest(phaseMs)
  await second.stop()
  const here = holdingsOf(ward.data).rows
  const there = await drained(central, here, isControl ? controlMs : DRAIN_MS)
  await gateway.stop()
  for (const sender of senders) sender.close()

  const counts = new Map(there)
  return {
    acknowledged: ledger.count('accepted'), backedUp: before.length, lost, sentSince,
    missingHere: before.filter((id) => here.get(id) !== 1).length,
    rows: here.size,
    missing: [...here.keys()].filter((id) => !counts.has(id)).length,
    twice: there.filter(([, count]) => count > 1).length,
    spurious: judge(ledger, holdingsOf(ward.data)).spurious + there.filter(([id]) => ledger.get(id) === undefined).length,
    deadLetters: await deadLetters(ward.data),
    backupMs, restoreMs,
  }
}

/** Numbers of messages at central, with how often each is there. */
const idsOf = (values: Values): readonly (readonly [number, number])[] => [...(values.get(NUMBER) ?? [])].map(([value, count]) => [Math.round(value * PER_STEP), count])

/** Waits until central has every row that is here, or the patience ends. */
async function drained(central: CentralProcess, here: ReadonlyMap<number, number>, patienceMs: number): Promise<readonly (readonly [number, number])[]> {
  for (const until = performance.now() + patienceMs; ; await rest(50)) {
    const there = idsOf(await central.values())
    const known = new Set(there.map(([id]) => id))
    if ([...here.keys()].every((id) => known.has(id)) || performance.now() > until) return there
  }
}

async function waitFor(ask: () => Promise<number>, isEnough: (count: number) => boolean): Promise<number> {
  for (const until = performance.now() + DRAIN_MS; ; await rest(50)) {
    const count = await ask()
    if (isEnough(count) || performance.now() > until) return count
  }
}

async function deadLetters(folder: string): Promise<number> {
  const { openSyncLedger } = await import('../../src/store/sync-ledger.ts')
  using ledger = openSyncLedger(folder, { mode: 'existing' })
  return ledger.deadCount('https-batch')
}

async function timed(work: () => Promise<unknown>): Promise<readonly [number]> {
  const from = performance.now()
  await work()
  return [Math.round(performance.now() - from)]
}
