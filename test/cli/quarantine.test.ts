import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { register } from '../../src/cli/quarantine.ts'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { toolLimits } from '../../src/limits.ts'
import { realClock, REAL_TIME } from '../../src/ops/clock.ts'
import { handOver, handedFiles, handedText, handedTick, watchInbox } from '../../src/record/inbox.ts'
import type { Store } from '../../src/seams.ts'
import { lockFolder } from '../../src/store/database.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { fakeClock } from '../fakes/clock.ts'
import { openedStore } from '../store/fake-disk.ts'
import { framed, oru } from '../bench/oru.ts'
import { log } from '../record/ward.ts'
import { START, frame, heartRate, snapshot, stay, tempFolder, tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'

async function run(folder: string, ...args: readonly string[]): Promise<{ readonly lines: readonly string[]; readonly notes: readonly string[] }> {
  const lines: string[] = []
  const notes: string[] = []
  const context: CliContext = {
    write: (line) => void lines.push(line), note: (line) => void notes.push(line), stdin: (async function* () {})(), env: {},
    stop: new AbortController().signal, root: folder, node: '', pid: 0, isTerminal: false, clockOf: realClock, parent: null,
  }
  const program = new Command().exitOverride()
  register(program, context)
  const failure = await program.parseAsync(['quarantine', ...args, ...(args.includes('--config') ? [] : ['--data', folder])], { from: 'user' }).then(() => null, (error: unknown) => error)
  if (failure instanceof UsageError || (failure instanceof CommandFailed && lines.length === 0)) throw failure
  return { lines, notes }
}

function site(folder: string): string {
  const file = join(folder, 'site.yaml')
  writeFileSync(file, `
gateway: { id: gateway-1, ward: Ward, data: '${folder}' }
beds: [{ id: bed-1, label: '1' }]
links: [{ kind: mllp-listen, id: in, port: 0 }]
devices: [{ id: MON-1, driver: hl7, bed: bed-1, match: { sender: MON-1 } }]
`)
  return file
}

const MON = deviceId('MON-1')
const at = wallMs(START + 5_000)
const whole = (id: string, mrn?: string): Uint8Array => framed(oru('MON-1', id, mrn))

function rowsOf(folder: string) {
  using reader = openLogReader(folder)
  const rows = reader.read(0, 1_000)
  return { snapshots: rows.flatMap((row) => (row.kind === 'snapshot' ? [row.snapshot] : [])), events: rows.flatMap((row) => (row.kind === 'event' ? [row.stored] : [])) }
}

describe('vigil quarantine list and show', () => {
  it('lists the newest first, without what they say', async () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(tick({ quarantined: [frame('first'), frame('second', { device: null, bytes: whole('1') })] }))
    }
    const { lines } = await run(folder.path, 'list', '--json')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ id: 2, device: null, why: 'second', replayedAt: null }, { id: 1, device: 'monitor-1', bytes: 3 }])
    expect(lines.join()).not.toMatch(/Example/)
    expect((await run(folder.path, 'list', '--device', 'monitor-1')).lines).toHaveLength(1)
    expect((await run(folder.path, 'list', '--limit', '1')).lines).toHaveLength(1)
    await expect(run(folder.path, 'list', '--limit', 'many')).rejects.toThrow(UsageError)
  })

  it('shows one without the patient; as it came only after that was written down', async () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(tick({ quarantined: [frame('why', { bytes: whole('1') })] }))
    }
    const access = join(folder.path, 'quarantine-access.log')
    const shown = (await run(folder.path, 'show', '1')).lines.join('\n')
    expect(shown).not.toMatch(/Example|10001\^/)
    expect(shown).toContain('MDC_ECG_HEART_RATE')
    expect(existsSync(access)).toBe(false)
    const asked = ['show', '1', '--unredacted', '--by', 'Ana Biomed', '--reason', 'driver reads OBX-6 wrongly']
    expect((await run(folder.path, ...asked)).lines.join('\n')).toContain('Example^Ada')
    expect(JSON.parse(readFileSync(access, 'utf8'))).toMatchObject({ what: 'shown unredacted', frame: 1, device: 'monitor-1', by: 'Ana Biomed', reason: 'driver reads OBX-6 wrongly', account: expect.any(String) })
    expect(statSync(access).mode & 0o777).toBe(0o600)
    expect(rowsOf(folder.path).events).toMatchObject([{ kind: 'gateway', what: expect.stringMatching(/^quarantine: frame 1 shown unredacted to "Ana Biomed", account .*: "driver reads OBX-6 wrongly"$/), subject: { device: 'monitor-1' } }])
    await expect(run(folder.path, 'show', '2')).rejects.toThrow(/no frame 2/)
    await expect(run(folder.path, 'show', 'x')).rejects.toThrow(UsageError)
  })

  it('shows none as it came to who does not say who and why, or cannot read the keys', async () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(tick({ quarantined: [frame('why', { bytes: whole('1') })] }))
    }
    const unredacted = ['show', '1', '--unredacted']
    const long = 'x'.repeat(toolLimits.accessWordsCharsMax + 1)
    for (const said of [[], ['--by', 'ana'], ['--reason', 'why'], ['--by', ' ', '--reason', 'why'], ['--by', 'ana', '--reason', 'a\nb'], ['--by', 'ana', '--reason', long]]) {
      await expect(run(folder.path, ...unredacted, ...said), said.join()).rejects.toThrow(UsageError)
    }
    renameSync(join(folder.path, 'keys', 'seal.key'), join(folder.path, 'elsewhere.key'))
    await expect(run(folder.path, ...unredacted, '--by', 'ana', '--reason', 'why')).rejects.toThrow(/no key that you may read/)
    expect([existsSync(join(folder.path, 'quarantine-access.log')), rowsOf(folder.path).events]).toEqual([false, []])
  })

  it('has a running gateway write down who looks', async () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ quarantined: [frame('why', { bytes: whole('1') })] }))
    const lock = lockFolder(folder.path)
    const stop = new AbortController()
    const store = { commit: (one: Parameters<typeof open.write>[0]) => Promise.resolve(open.write(one)[0] ?? ({ kind: 'failed', why: '' } as const)), close: () => Promise.resolve() }
    const watching = watchInbox({ folder: folder.path, store, realTime: { ...realClock(REAL_TIME), sleep: () => new Promise((resolve) => setImmediate(resolve)) }, log }, stop.signal)
    expect((await run(folder.path, 'show', '1', '--unredacted', '--by', 'ana', '--reason', 'why')).lines.join('\n')).toContain('Example^Ada')
    stop.abort()
    await watching
    if (lock.kind === 'locked') lock.release()
    expect(rowsOf(folder.path).events).toHaveLength(1)
  })
})

describe('vigil quarantine replay', () => {
  it('brings what a mended driver reads as history, once, for whoever lay there then', async () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(tick({
        stays: [stay('stay-1', { identity: { mrn: '10001', name: null } })],
        quarantined: [
          frame('a bug of yesterday', { at, device: MON, bytes: whole('100000001') }),
          frame('sent again', { at: wallMs(at + 1_000), device: MON, bytes: whole('100000001') }),
          frame('of somebody else', { at: wallMs(at + 2_000), device: MON, bytes: whole('100000002', '20002') }),
          frame('of nobody known', { at: wallMs(at + 3_000), device: null, bytes: whole('100000003') }),
          frame('still bad', { at, device: MON, bytes: Buffer.from('\x0bMSH|^~\\&|MON-1\x1c\r') }),
        ],
      }))
    }
    const { lines } = await run(folder.path, 'replay', '--all', '--config', site(folder.path))
    expect(lines).toMatchObject([/^1: 12 values stored/, /^2: SQLITE_CONSTRAINT/, /^3: 12 values/, /^4: 12 values/, /^5: still not believed/])
    const { snapshots, events } = rowsOf(folder.path)
    expect(snapshots.map(({ device, bed, stay: of, receivedAt }) => ({ device, bed, of, receivedAt }))).toEqual([
      { device: MON, bed: bedId('bed-1'), of: stayId('stay-1'), receivedAt: at },
      { device: MON, bed: bedId('bed-1'), of: null, receivedAt: at + 2_000 },
      { device: MON, bed: bedId('bed-1'), of: stayId('stay-1'), receivedAt: at + 3_000 },
    ])
    expect(snapshots.every(({ observations }) => observations.length === 12 && observations.every(({ flags }) => flags.includes('history')))).toBe(true)
    expect(events.filter((stored) => stored.kind === 'alert')).toEqual([])
    expect(events.map((stored) => stored.kind === 'gateway' && stored.what)).toContain('quarantine: frame 1 read again, 12 values')
    expect((await run(folder.path, 'replay', '1', '--config', site(folder.path))).lines).toEqual(['1: nothing to do: it was read again before'])
    expect(rowsOf(folder.path).snapshots).toHaveLength(3)
  })

  it('of a frame that was stored in part brings the rest', async () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      const stored = snapshot({ device: 'MON-1', stay: 'stay-9', receivedAt: at, deviceAt: START, channel: '1.1.1.147842', values: [['MDC_ECG_HEART_RATE', 78]] })
      open.write(tick({ snapshots: [stored], quarantined: [frame('OBX 2: unit', { at, device: MON, bytes: whole('100000001') })] }))
    }
    expect((await run(folder.path, 'replay', '--device', 'MON-1', '--config', site(folder.path))).lines).toEqual(['1: 11 values stored as history'])
    expect(rowsOf(folder.path).snapshots.map(({ stay: of }) => of)).toEqual(['stay-9', 'stay-9'])
  })

  it('brings nothing that was sent again and taken, or of which bytes are missing', async () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      const bytes = whole('100000001')
      const { crc32 } = await import('node:zlib')
      open.write(tick({
        messages: [{ device: MON, slot: 0, id: '100000001', hash: bytes.length * 2 ** 32 + crc32(bytes) }],
        quarantined: [frame('mended since', { at, device: MON, bytes }), frame('long', { at, device: MON, bytes: new Uint8Array(70_000) })],
      }))
    }
    expect((await run(folder.path, 'replay', '1', '2', '--config', site(folder.path))).lines).toMatchObject([/^1: nothing to do: its sender sent it again/, /^2: still not believed: only 65536 of its 70000/])
  })

  it('asks which frames, and which site', async () => {
    using folder = tempFolder()
    writing(folder.path).writer.close()
    await expect(run(folder.path, 'replay', '--config', site(folder.path))).rejects.toThrow(/say which frames/)
    await expect(run(folder.path, 'replay', '--all')).rejects.toThrow(/--config/)
  })
})

describe('a running gateway', () => {
  it('is handed the values and stores them, once', async () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ quarantined: [frame('x', { at })] }))
    const given = tick({ snapshots: [heartRate(80, { flags: ['history'] })], replayed: [{ id: 1, at, hash: 'h' }] })
    expect(handedTick(handedText(given))).toEqual(given)
    await handOver(folder.path, 1, given)
    await handOver(folder.path, 2, given)
    mkdirSync(join(folder.path, 'inbox'), { recursive: true })
    writeFileSync(join(folder.path, 'inbox', '3.json'), '{"version":2}')
    const stop = new AbortController()
    const real = realClock(REAL_TIME)
    const realTime = { ...real, sleep: () => Promise.resolve(stop.abort()) }
    let failing = 1
    const store = { commit: (one: Parameters<typeof open.write>[0]) => Promise.resolve(failing-- > 0 ? ({ kind: 'failed', why: 'the disk is full' } as const) : (open.write(one)[0] ?? ({ kind: 'failed', why: '' } as const))), close: () => Promise.resolve() }
    await watchInbox({ folder: folder.path, store, realTime, log }, stop.signal)
    expect(await handedFiles(folder.path)).toHaveLength(3)
    const again = new AbortController()
    await watchInbox({ folder: folder.path, store, realTime: { ...real, sleep: () => Promise.resolve(again.abort()) }, log }, again.signal)
    expect(readdirSync(join(folder.path, 'inbox'))).toEqual(['3.json.refused'])
    expect(rowsOf(folder.path).snapshots).toHaveLength(1)
  })

  it('lays aside what it can never store, at once and with what to do, and who handed it over hears of it', async () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(tick({ quarantined: [frame('a bug of yesterday', { at, device: MON, bytes: whole('100000001') })] }))
    }
    const opened = await openedStore({ folder: folder.path, kind: 'demo', gatewayId: 'gateway-1', clock: fakeClock() })
    const errors: unknown[] = []
    const loud = pino({ level: 'error' }, { write: (line) => void errors.push(JSON.parse(line)) })
    const stop = new AbortController()
    let commits = 0
    // A value that no encoder takes: as where a newer Vigil handed it over.
    const store: Store = { ...opened.store, commit: (one) => (commits++, opened.store.commit({ ...one, snapshots: one.snapshots.map((row) => ({ ...row, observations: [1n] as never })) })) }
    const watching = watchInbox({ folder: folder.path, store, realTime: { ...realClock(REAL_TIME), sleep: () => new Promise((resolve) => setImmediate(resolve)) }, log: loud }, stop.signal)
    await expect(run(folder.path, 'replay', '1', '--config', site(folder.path))).rejects.toThrow(/can never store 1.*\.refused/)
    stop.abort()
    await watching
    expect(commits).toBe(1)
    expect(errors).toMatchObject([{ why: expect.stringContaining('cannot be encoded'), remedy: expect.stringContaining('vigil quarantine replay'), path: expect.stringContaining('1.json.refused') }])
    expect(readdirSync(join(folder.path, 'inbox'))).toEqual(['1.json.refused'])
    // After a mend it is handed over anew.
    await handOver(folder.path, 1, tick({}))
    expect(readdirSync(join(folder.path, 'inbox'))).toEqual(['1.json'])
    await opened.store.close()
  })

  it('lives on when somebody removed the file while it was being stored', async () => {
    using folder = tempFolder()
    const path = await handOver(folder.path, 1, tick({}))
    const stop = new AbortController()
    const realTime = { ...realClock(REAL_TIME), sleep: () => Promise.resolve(stop.abort()) }
    const store = { commit: () => Promise.resolve(unlinkSync(path)).then(() => ({ kind: 'durable', lastSeq: 1 }) as const), close: () => Promise.resolve() }
    await watchInbox({ folder: folder.path, store, realTime, log }, stop.signal)
    expect(await handedFiles(folder.path)).toEqual([])
  })
})
