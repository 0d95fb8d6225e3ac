/**
 * From the start of the process to listening on every port: with 10 GB of history, with an empty database, and a bare Node
 * process that listens on one port. Then, with both, after a ward that ran to this very minute (the rules are fed its last 15
 * minutes) and after a kill. `--gb` makes less history; VIGIL_BENCH_HISTORY names a folder that keeps it for the next run.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGatewayProcess } from './gateway-process.ts'
import { HISTORY_BEDS, writeHistory, writeLongHistory } from './history.ts'
import { median } from './measure.ts'
import { startCaller } from './mllp-caller.ts'
import type { Bench } from './run.ts'

const ROUNDS = 5
const GB = 10
const RECENT_SECONDS = 900
/** So long ago that nothing is fed to the rules. */
const OLD_MS = 3_600_000
const LOAD_MS = 1_000
const BARE = `require('node:http').createServer().listen(0, '127.0.0.1', () => process.send('up'))`
/** Retention has nothing to do. */
const KEEP_ALL = { retention: { numericsDays: 3_650, databaseGb: 10_000 } }

export const bench: Bench = async ({ gb }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'vigil-bench-startup-'))
  const full = process.env['VIGIL_BENCH_HISTORY'] ?? join(scratch, 'full')
  const empty = join(scratch, 'empty')
  const say = (line: string): void => void process.stderr.write(`startup     ${line}\n`)
  const file = join(full, 'data', 'vigil.db')
  if (!existsSync(file)) await writeLongHistory(join(full, 'data'), { bytes: (gb ?? GB) * 1e9, endMs: Date.now() - OLD_MS, say })
  await writeHistory(join(empty, 'data'), { fromMs: Date.now() - OLD_MS, seconds: 0 })

  const times = { bare: [] as number[], full: [] as number[], empty: [] as number[], fullRecent: [] as number[], emptyRecent: [] as number[], fullKilled: [] as number[], emptyKilled: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    times.bare.push(await bareMs())
    times.empty.push(await readyMs(empty))
    times.full.push(await readyMs(full))
  }
  for (const folder of [full, empty]) await writeHistory(join(folder, 'data'), { fromMs: Date.now() - RECENT_SECONDS * 1_000, seconds: RECENT_SECONDS })
  for (let round = 0; round < ROUNDS; round++) {
    times.emptyRecent.push(await readyMs(empty))
    times.fullRecent.push(await readyMs(full))
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [folder, list] of [[empty, times.emptyKilled], [full, times.fullKilled]] as const) {
      await killUnderLoad(folder)
      list.push(await readyMs(folder))
    }
  }
  const size = statSync(file).size / 1e9
  rmSync(scratch, { recursive: true, force: true })
  const of = (name: keyof typeof times): number => median(times[name])
  return {
    bench: 'startup',
    // Times: less is better, so a ratio says how many times as long.
    ratios: { empty: of('full') / of('empty'), recent: of('fullRecent') / of('emptyRecent'), killed: of('fullKilled') / of('emptyKilled'), timesOfBareNode: of('empty') / of('bare') },
    absolute: {
      historyGb: size,
      bareNodeMs: of('bare'),
      emptyMs: of('empty'),
      historyMs: of('full'),
      emptyRecentMs: of('emptyRecent'),
      historyRecentMs: of('fullRecent'),
      emptyKilledMs: of('emptyKilled'),
      historyKilledMs: of('fullKilled'),
    },
  }
}

async function readyMs(folder: string): Promise<number> {
  const gateway = await startGatewayProcess(HISTORY_BEDS, { folder, site: KEEP_ALL })
  await gateway.stop()
  return gateway.readyMs
}

/** What lies in the WAL stays there. */
async function killUnderLoad(folder: string): Promise<void> {
  const gateway = await startGatewayProcess(HISTORY_BEDS, { folder, site: KEEP_ALL })
  const caller = await startCaller({ port: gateway.hl7Port, connections: HISTORY_BEDS, answer: 'ack', messagesPerConnection: Number.MAX_SAFE_INTEGER })
  await caller.round(LOAD_MS)
  caller.stop()
  await gateway.stop('SIGKILL')
}

async function bareMs(): Promise<number> {
  const before = performance.now()
  const child = spawn(process.execPath, ['-e', BARE], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  await once(child, 'message')
  const ms = performance.now() - before
  child.kill()
  return ms
}
