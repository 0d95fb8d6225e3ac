import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { register } from '../../src/cli/counts.ts'
import { deviceId } from '../../src/domain/ids.ts'
import { absent } from '../../src/domain/reading.ts'
import { realClock } from '../../src/ops/clock.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { START, heartRate, snapshot, tempFolder, tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'

async function run(root: string, ...args: readonly string[]): Promise<{ readonly lines: readonly string[]; readonly notes: readonly string[] }> {
  const lines: string[] = []
  const notes: string[] = []
  const context: CliContext = {
    write: (line) => void lines.push(line),
    note: (line) => void notes.push(line),
    stdin: (async function* () {})(),
    env: {},
    stop: new AbortController().signal,
    root,
    node: '',
    pid: 0,
    isTerminal: false,
    clockOf: realClock,
    parent: null,
  }
  const program = new Command().exitOverride()
  register(program, context)
  await program.parseAsync(['counts', ...args], { from: 'user' })
  return { lines, notes }
}

function ward(folder: string): void {
  using open = writing(folder)
  open.write(tick({ snapshots: [
    heartRate(80, { device: 'monitor-2' }),
    snapshot({ values: [['MDC_PULS_OXIM_SAT_O2', 97], ['MDC_ECG_HEART_RATE', 0]] }),
    snapshot({ values: [['MDC_PULS_OXIM_SAT_O2', 96], ['MDC_ECG_HEART_RATE', absent('lead-off')]] }),
  ] }))
}

describe('vigil counts', () => {
  it('prints one object for each device and metric, sorted, and nothing else', async () => {
    using folder = tempFolder()
    ward(folder.path)
    const { lines, notes } = await run('/nowhere', '--json', '--data', folder.path)
    expect(lines).toEqual([
      '{"device":"monitor-1","metric":"MDC_ECG_HEART_RATE","stored":1,"acknowledged":0}',
      '{"device":"monitor-1","metric":"MDC_PULS_OXIM_SAT_O2","stored":2,"acknowledged":0}',
      '{"device":"monitor-2","metric":"MDC_ECG_HEART_RATE","stored":1,"acknowledged":0}',
    ])
    expect(notes).toEqual([])
  })

  it('looks in the folder of the demo by itself, at one device where one is named', async () => {
    using root = tempFolder()
    const demo = join(root.path, '.vigil', 'demo')
    await expect(run(root.path, '--json')).rejects.toThrow(CommandFailed)
    mkdirSync(demo, { recursive: true })
    ward(demo)
    expect((await run(root.path, '--json', '--device', 'monitor-2')).lines).toHaveLength(1)
    const nobody = await run(root.path, '--json', '--device', 'monitor-9')
    expect([nobody.lines, nobody.notes]).toEqual([[], ['Nothing is stored of "monitor-9".']])
  })

  it('counts what central has acknowledged, also of values that are no longer here', async () => {
    using folder = tempFolder()
    ward(folder.path)
    using log = openLogReader(folder.path)
    const ledger = openSyncLedger(folder.path)
    ledger.openEpoch(log.epoch)
    const batch = (batchId: string, metric: string, measured: number) => ({
      batchId, body: new Uint8Array([1]), seqFrom: 1, seqTo: 3, items: [{ origin: { device: deviceId('monitor-1'), metric, measured }, retries: 0 }],
    })
    for (const [batchId, metric, measured] of [['b1', 'MDC_PULS_OXIM_SAT_O2', 2], ['b2', 'MDC_TEMP_CORE', 5]] as const) {
      ledger.keep('https-batch', log.epoch, true, [batch(batchId, metric, measured)])
      const stored = ledger.pending('https-batch')
      if (!stored) throw new Error('no batch')
      ledger.settle('https-batch', stored, { acknowledged: stored.items.flatMap(({ origin }) => (origin ? [origin] : [])), dead: [], at: START })
    }
    ledger.close()
    const counts = (await run('/nowhere', '--json', '--data', folder.path)).lines.map((line) => Object.values(JSON.parse(line)))
    expect(counts).toContainEqual(['monitor-1', 'MDC_PULS_OXIM_SAT_O2', 2, 2])
    expect(counts).toContainEqual(['monitor-1', 'MDC_TEMP_CORE', 0, 5])
    expect(counts).toContainEqual(['monitor-1', 'MDC_ECG_HEART_RATE', 1, 0])
  })

  it('does not count a damaged row, and says that there is one', async () => {
    using folder = tempFolder()
    ward(folder.path)
    const db = new Database(join(folder.path, 'vigil.db'))
    db.exec('UPDATE snapshot SET crc = 7 WHERE seq = 1')
    db.close()
    const { lines, notes } = await run('/nowhere', '--data', folder.path)
    expect(lines).toEqual(['monitor-1  MDC_ECG_HEART_RATE  1 stored  0 acknowledged', 'monitor-1  MDC_PULS_OXIM_SAT_O2  2 stored  0 acknowledged'])
    expect(notes).toEqual(['Damaged rows: 1. They are not counted.'])
  })

  it('says in words when there is no database, and when the site file is wrong', async () => {
    using folder = tempFolder()
    await expect(run('/nowhere', '--data', folder.path)).rejects.toThrow(/no database/)
    await expect(run('/nowhere', '--config', join(folder.path, 'site.yaml'))).rejects.toThrow(UsageError)
  })
})
