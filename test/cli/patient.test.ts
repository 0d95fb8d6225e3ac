import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { ACCESS_FILE } from '../../src/cli/access.ts'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { register as patient } from '../../src/cli/patient.ts'
import { register as sync } from '../../src/cli/sync.ts'
import { bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { realClock } from '../../src/ops/clock.ts'
import { Block, MAGIC, framedBlock } from '../../src/record/format.ts'
import { lockFolder } from '../../src/store/database.ts'
import { findPerson, whoseSurrogate } from '../../src/store/person.ts'
import { createCutter } from '../../src/sync/cutter.ts'
import { frame, tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'
import { type FakeCentral, NEVER, bodyOf, scratch } from '../sync/fakes.ts'
import { type Lain, HOUR_MS, SINK, START, openWard, recordOf, runUntil, wardClock, write } from '../sync/release-ward.ts'

async function run(folder: string, ...args: readonly string[]): Promise<{ readonly lines: readonly string[]; readonly notes: readonly string[] }> {
  const [lines, notes]: [string[], string[]] = [[], []]
  const context: CliContext = {
    write: (line) => void lines.push(line), note: (line) => void notes.push(line), stdin: (async function* () {})(), env: {},
    stop: new AbortController().signal, root: folder, node: '', pid: 0, isTerminal: false, clockOf: realClock, parent: null,
  }
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  patient(program, context)
  sync(program, context)
  for (const command of program.commands.flatMap((one) => [one, ...one.commands])) command.exitOverride().configureOutput({ writeErr: () => undefined })
  await program.parseAsync([...args, '--data', folder], { from: 'user' })
  return { lines, notes }
}

const WHY = ['--by', 'Ada', '--reason', 'asked for by the patient'] as const
const TWO: readonly Lain[] = [{ id: 'stay-0', from: 0, to: 30, mrn: '4711' }, { id: 'stay-1', from: 40, to: 60, mrn: '4712', bed: 'bed-2', device: 'monitor-2' }]

/** All bytes of a folder, those of a WAL too. */
const bytesOf = (folder: string): string => readdirSync(folder).filter((name) => /\.db(-wal)?$/.test(name)).map((name) => readFileSync(join(folder, name), 'latin1')).join('')

async function sentLive(folder: string): Promise<FakeCentral> {
  const ward = openWard(folder, wardClock(), { over: { lane: 'live', cutterOf: createCutter } })
  while ((await ward.pump.step(NEVER)).kind !== 'idle') ward.clock.now += 1_000
  ward.close()
  return ward.central
}
const subjectsOf = (central: FakeCentral): readonly string[] => [...new Set([...central.held.values()].map(({ partitionKey }) => partitionKey))]
const whoseOf = (folder: string, central: FakeCentral): readonly (string | undefined)[] => subjectsOf(central).map((subject) => whoseSurrogate(folder, subject)?.stay)

describe('vigil patient erase', () => {
  it('leaves nobody who could say whose values central holds, and the other patient as before', async () => {
    using place = scratch()
    write(place.folder, TWO)
    const central = await sentLive(place.folder)
    expect(whoseOf(place.folder, central).filter((stay) => stay !== undefined).toSorted()).toEqual(['stay-0', 'stay-1'])
    const theirs = subjectsOf(central).find((subject) => whoseSurrogate(place.folder, subject)?.stay === 'stay-0') ?? ''
    expect(bytesOf(place.folder)).toContain(theirs)
    const { lines } = await run(place.folder, 'patient', 'erase', '4711', ...WHY)
    expect(lines.join()).toMatch(/who lay in 1 stays/)
    expect(whoseOf(place.folder, central).filter((stay) => stay !== undefined)).toEqual(['stay-1'])
    const bytes = bytesOf(place.folder)
    expect(['4711', 'Doe^stay-0'].filter((name) => bytes.includes(name))).toEqual([])
    expect(findPerson(place.folder, '4712')?.stays).toHaveLength(1)
    expect(bytes.includes(theirs)).toBe(false)
  })

  it('leaves nothing that leads from a medicine at central to the order it was given by', async () => {
    using place = scratch()
    write(place.folder, TWO)
    const given = (id: string, stay: string) => ({
      at: wallMs(START + 60_000), kind: 'given' as const, subject: { bed: bedId('bed-1'), stay: stayId(stay), device: null },
      given: { id, code: 'C01CA03', system: 'ATC', name: 'Norepinephrine', route: 'IV', from: null, until: null, status: 'complete' as const, action: 'added' as const, flags: [] },
    })
    {
      using open = writing(place.folder)
      open.write(tick({ events: [given('order-1', 'stay-0'), given('order-2', 'stay-1')] }))
    }
    const central = await sentLive(place.folder)
    const known = [...central.held.values()].flatMap(({ data }) => (typeof data['medicationId'] === 'string' ? [data['medicationId']] : []))
    const here = (): readonly boolean[] => known.map((surrogate) => bytesOf(place.folder).includes(surrogate))
    expect(here()).toEqual([true, true])
    await run(place.folder, 'patient', 'erase', '4711', ...WHY)
    expect(here()).toEqual([false, true])
  })

  it('takes frames that name the patient, facts, and nothing of anybody else', async () => {
    using place = scratch()
    write(place.folder, TWO)
    const said = { source: 'adt', by: 'HIS', learnedAt: START, effectiveAt: START } as const
    const placed = (id: number, mrn: string, name: string) => ({ ...said, id, body: { kind: 'placed' as const, how: 'admitted' as const, patient: { mrn, name }, visit: null, bed: bedId('bed-1'), prior: null } })
    {
      using open = writing(place.folder)
      open.write(tick({ facts: [placed(1, '4711', 'Quist^Pelle'), placed(2, '4712', 'Lind^Eva')], quarantined: ['PID|||4711', 'PID|||Quist', 'PID|||4712'].map((text) => frame('not believed', { bytes: Buffer.from(text) })) }))
    }
    const { lines } = await run(place.folder, 'patient', 'erase', 'stay-0', ...WHY)
    expect(lines.join()).toMatch(/1 stays, 1 words of who lay where, 2 frames in quarantine/)
    expect(['4711', 'Quist', '4712', 'Lind'].map((name) => bytesOf(place.folder).includes(name))).toEqual([false, false, true, true])
  })

  it('keeps a stay of the release lane that has not left from leaving', async () => {
    using place = scratch()
    write(place.folder, TWO)
    const clock = wardClock()
    const before = openWard(place.folder, clock)
    await runUntil(before, 61)
    expect(before.ledger.releases.states(SINK)).toEqual({ waiting: 2 })
    before.ledger.nameSinks([{ id: SINK, kind: SINK, lane: 'release' }])
    before.close()
    await run(place.folder, 'patient', 'erase', '4711', ...WHY)
    const after = openWard(place.folder, clock)
    await runUntil(after, 30 * 60)
    expect([...after.central.held.values()].filter(({ eventType }) => eventType === 'visit')).toHaveLength(1)
    after.close()
  })

  it('ends a release of which only pieces of the patient were left, so that others may leave after it', async () => {
    using place = scratch()
    write(place.folder, TWO)
    const clock = wardClock()
    const before = openWard(place.folder, clock, { settings: { staysMin: 1, delayToMs: HOUR_MS } })
    while (before.ledger.releases.states(SINK).leaving !== 1) await before.pump.step(NEVER).then(() => (clock.now += 300_000))
    before.ledger.nameSinks([{ id: SINK, kind: SINK, lane: 'release' }])
    before.close()
    await run(place.folder, 'patient', 'erase', '4711', ...WHY)
    const after = openWard(place.folder, clock, { seed: 2 })
    await runUntil(after, 30 * 60)
    expect(after.ledger.releases.states(SINK)).toEqual({ released: 2 })
    expect([...after.central.held.values()].filter(({ eventType }) => eventType === 'visit')).toHaveLength(1)
    after.close()
  })

  it('takes what recordings hold of the patient, and names the copies that are left', async () => {
    using place = scratch()
    write(place.folder, TWO)
    const said = [{ line: 1, text: 'PID|4711' }, { line: 1, text: 'PID|4712' }]
    const block = new Block()
    for (const { line, text } of said) block.add({ kind: 'bytes', line, bytes: Buffer.from(text), settled: true }, { wall: START, mono: 0 })
    const bytes = block.take()
    mkdirSync(join(place.folder, 'frames'))
    mkdirSync(join(place.folder, 'set-aside', 'of-then'), { recursive: true })
    writeFileSync(join(place.folder, 'frames', '00000001.vfr'), Buffer.concat([MAGIC, framedBlock(zstdCompressSync(bytes), bytes.length)]))
    const { lines, notes } = await run(place.folder, 'patient', 'erase', '4711', ...WHY)
    expect(lines.join()).toContain('1 records in 1 recordings are gone.')
    expect(notes.join()).toContain(join(place.folder, 'set-aside', 'of-then'))
  })

  it('changes nothing while a gateway runs, while the patient lies there, or for nobody', async () => {
    using place = scratch()
    write(place.folder, [...TWO, { id: 'stay-2', from: 0, to: null, mrn: '4713' }])
    const lock = lockFolder(place.folder)
    await expect(run(place.folder, 'patient', 'erase', '4711', ...WHY)).rejects.toThrow(/stop it for the moment/)
    if (lock.kind === 'locked') lock.release()
    await expect(run(place.folder, 'patient', 'erase', '4713', ...WHY)).rejects.toThrow(/still lies in bed bed-1/)
    await expect(run(place.folder, 'patient', 'erase', '9999', ...WHY)).rejects.toThrow(/nobody of this number/)
    expect(findPerson(place.folder, '4711')?.stays).toHaveLength(1)
  })

  it('is written down with name and reason, without who was erased, and is not done without', async () => {
    using place = scratch()
    write(place.folder, TWO)
    await expect(run(place.folder, 'patient', 'erase', '4711', '--by', ' ', '--reason', 'x')).rejects.toThrow(UsageError)
    expect(findPerson(place.folder, '4711')).not.toBeNull()
    await run(place.folder, 'patient', 'erase', '4711', ...WHY)
    const log = readFileSync(join(place.folder, ACCESS_FILE), 'utf8')
    expect(JSON.parse(log)).toMatchObject({ by: 'Ada', reason: 'asked for by the patient', stays: ['stay-0'] })
    expect(log).not.toContain('4711')
  })
})

describe('vigil patient export', () => {
  it('holds every value, alert and word of the patient with time and unit, and nothing of another', async () => {
    using place = scratch()
    write(place.folder, TWO)
    const out = join(place.folder, 'out')
    await run(place.folder, 'patient', 'export', '4711', '--out', out, ...WHY)
    const [values = '', alerts = '', words = ''] = ['values', 'alerts', 'words'].map((name) => readFileSync(join(out, `${name}.csv`), 'utf8'))
    expect(values.trim().split('\n')).toHaveLength(1 + 30 * 13)
    expect(values).toContain('2026-01-15T02:00:00.500Z,2026-01-15T02:00:00.500Z,HR,MDC_ECG_HEART_RATE,60,/min,')
    expect(alerts).toMatch(/alert-stay-0,start,active,medium,physiological,SpO₂ 84 % below 90/)
    expect(words).toMatch(/what was watched/)
    expect(['stay-1', 'monitor-2'].filter((other) => (values + alerts + words).includes(other))).toEqual([])
    expect(JSON.parse(readFileSync(join(out, 'person.json'), 'utf8'))).toMatchObject({ mrn: '4711', stays: [{ id: 'stay-0', bed: 'bed-1' }] })
    expect(readFileSync(join(out, 'README.txt'), 'utf8')).toMatch(/390 measured values/)
    await expect(run(place.folder, 'patient', 'export', '4712', '--out', out, ...WHY)).rejects.toThrow(/is there already/)
  })

  it('gives no spreadsheet a formula to run', async () => {
    using place = scratch()
    write(place.folder, TWO)
    {
      using open = writing(place.folder)
      open.write(tick({ events: [{ at: wallMs(START), kind: 'gateway', what: '=HYPERLINK("http://bad","x")', subject: { bed: bedId('bed-1'), stay: recordOf({ id: 'stay-0', from: 0, to: 1 }).id, device: null } }] }))
    }
    const out = join(place.folder, 'out')
    await run(place.folder, 'patient', 'export', 'stay-0', '--out', out, ...WHY)
    expect(readFileSync(join(out, 'words.csv'), 'utf8')).toContain(`"'=HYPERLINK(""http://bad"",""x"")"`)
  })
})

describe('vigil sync explain', () => {
  it('tells lane, method, every field and every event of a batch in words', async () => {
    using place = scratch()
    write(place.folder, TWO.slice(0, 1))
    const ward = openWard(place.folder, wardClock())
    await runUntil(ward, 30 * 60)
    ward.close()
    const [call] = ward.central.calls
    const file = join(place.folder, 'body.json')
    writeFileSync(file, call?.body ?? '')
    const text = (await run(place.folder, 'sync', 'explain', file)).lines.join('\n')
    expect(text).toMatch(/Lane: release \(safe-harbor\)/)
    const paths = (value: unknown, path = ''): readonly string[] =>
      Array.isArray(value) ? paths(value[0], `${path}[]`) : typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([name, of]) => paths(of, path === '' ? name : `${path}.${name}`)) : [path]
    const events = bodyOf(call?.body ?? new Uint8Array()).events
    for (const path of new Set(events.flatMap((event) => paths(event)))) expect(text).toContain(`  ${path} `)
    expect(text.match(/^ {2}\d+\. /gm)).toHaveLength(events.length)
    expect(text).toMatch(/stay 1: SpO₂ 97 %, in the minute of 2026-01-01T00:00:00.000Z/)
    expect(text).toMatch(/the stay itself: 30 minutes, age none/)
  })

  it('says whose it is only with name and reason, which are written down; of a release nobody can say it any more', async () => {
    using place = scratch()
    write(place.folder, TWO.slice(0, 1))
    const file = join(place.folder, 'body.json')
    const [live] = (await sentLive(place.folder)).calls
    writeFileSync(file, live?.body ?? '')
    expect((await run(place.folder, 'sync', 'explain', file)).lines.join('\n')).not.toMatch(/4711|stay-0/)
    await expect(run(place.folder, 'sync', 'explain', file, '--who')).rejects.toThrow(UsageError)
    expect(existsSync(join(place.folder, ACCESS_FILE))).toBe(false)
    expect((await run(place.folder, 'sync', 'explain', file, '--who', ...WHY)).lines.at(-1)).toBe('  stay 1: stay-0, bed bed-1, patient 4711, Doe^stay-0')
    expect(readFileSync(join(place.folder, ACCESS_FILE), 'utf8')).toContain('"by":"Ada"')

    using other = scratch()
    write(other.folder, TWO.slice(0, 1))
    const ward = openWard(other.folder, wardClock(), { settings: { delayFromMs: HOUR_MS } })
    await runUntil(ward, 30 * 60)
    ward.close()
    writeFileSync(file, ward.central.calls[0]?.body ?? '')
    expect((await run(other.folder, 'sync', 'explain', file, '--who', ...WHY)).lines.at(-1)).toBe('  stay 1: nobody can say it any more')
  })

  it('shows every field of every part of a list, and reads what is packed in either way that a gateway packs', async () => {
    using place = scratch()
    const file = join(place.folder, 'batch')
    const inputs = [{ name: 'SpO₂' }, { name: 'HR', comment: 'Doe' }]
    writeFileSync(file, zstdCompressSync(JSON.stringify({ batchId: 'b', events: [{ eventType: 'alerts', partitionKey: 's', data: { because: { inputs } } }], metadata: { lane: 'live' } })))
    expect((await run(place.folder, 'sync', 'explain', file)).lines.join('\n')).toMatch(/data\.because\.inputs\[\]\.comment +1 +Doe/)
  })

  it('explains a batch that still waits, by its id, and says how to come by one that was taken', async () => {
    using place = scratch()
    write(place.folder, TWO.slice(0, 1))
    const ward = openWard(place.folder, wardClock(), { over: { lane: 'live', cutterOf: createCutter } })
    ward.central.plan = () => 'unavailable'
    await ward.pump.step(NEVER)
    const id = ward.ledger.pending(SINK)?.batchId ?? ''
    ward.close()
    expect((await run(place.folder, 'sync', 'explain', id)).lines[0]).toMatch(new RegExp(`^Batch ${id}: \\d+ events of 1 stays`))
    await expect(run(place.folder, 'sync', 'explain', 'ffff')).rejects.toThrow(CommandFailed)
    writeFileSync(join(place.folder, 'no.json'), '{"a":1}')
    await expect(run(place.folder, 'sync', 'explain', join(place.folder, 'no.json'))).rejects.toThrow(/no batch of Vigil/)
  })
})
