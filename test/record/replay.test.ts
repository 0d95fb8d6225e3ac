import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { driverOf } from '../../src/drivers.ts'
import type { Instant, Recorded } from '../../src/record/format.ts'
import { readRecording, recordingFiles } from '../../src/record/reader.ts'
import { type ReplaySetting, type ReplaySummary, startReplay } from '../../src/record/replay.ts'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import type { Driver, Session, SessionOutput } from '../../src/seams.ts'
import { contentDigest } from '../../src/store/digest.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { Writer } from '../../src/store/writer.ts'
import { START, tempFolder } from '../store/fixture.ts'
import { clockOf, inFrames, life, log, message, shift } from './ward.ts'

const HERE = new AbortController().signal

async function replayed(from: string, into: string, part: Partial<ReplaySetting> = {}): Promise<ReplaySummary & { readonly torn: number }> {
  const running = startReplay({ into, driverOf, speed: null, from: null, to: null, device: null, realTime: clockOf(), log, ...part })
  let torn = 0
  for await (const read of readRecording(await recordingFiles(from))) {
    if (read.kind === 'record') await running.take(read.record, HERE)
    if (read.kind === 'torn') torn++
  }
  return { ...(await running.end()), torn }
}

function logOf(folder: string) {
  using reader = openLogReader(folder)
  const rows = reader.read(0, 100_000)
  return {
    snapshots: rows.flatMap((row) => (row.kind === 'snapshot' ? [row.snapshot] : [])),
    events: rows.flatMap((row) => (row.kind === 'event' ? [row.stored] : [])),
    quarantined: reader.quarantined(1_000).map(({ id: _id, ...frame }) => frame),
  }
}

describe('a replay', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-replay-'))
  const data = join(folder, 'data')
  beforeAll(async () => {
    const clock = clockOf()
    const first = life(folder, clock)
    await shift(first, clock)
    await first.end()
    // The same folder, another life: open stays, alerts and messages are taken up again.
    await clock.pass(4_000)
    const second = life(folder, clock)
    await shift(second, clock, 30)
    await second.end()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('stores what the ward stored: values, alerts with their ids, quarantine; and counts it', async () => {
    using into = tempFolder()
    const copy = join(into.path, 'copy')
    const summary = await replayed(data, copy)
    const [original, again] = [logOf(data), logOf(copy)]
    expect(original.snapshots.length).toBeGreaterThan(90)
    expect(original.events.length).toBeGreaterThan(10)
    expect(again).toEqual(original)
    expect(summary).toMatchObject({ runs: 2, torn: 0, missing: 0, wakes: 0, frames: { bad: 0, quarantined: 2 } })
    expect(summary.frames.good).toBeGreaterThan(original.snapshots.length)
    expect(summary.alerts).toBe(original.events.filter((stored) => stored.kind === 'alert' && stored.event.kind === 'phase' && stored.event.phase === 'start').length)
    expect(summary.quarantined).toBe(original.quarantined.length)
  })

  it('is the same every time, at whatever speed', async () => {
    using into = tempFolder()
    const clock = clockOf()
    const paced = replayed(data, join(into.path, 'b'), { speed: 60, realTime: { ...clock, sleep: (ms) => clock.pass(Math.max(0, ms)) } })
    const [a, b] = [await replayed(data, join(into.path, 'a')), await paced]
    expect(a).toEqual(b)
    expect(clock.mono()).toBeGreaterThan(1_000)
    expect(contentDigest(join(into.path, 'a'))).toBe(contentDigest(join(into.path, 'b')))
  })

  it('of a part holds that part, of one device that device', async () => {
    using into = tempFolder()
    const { snapshots } = logOf(data)
    // A message came in two pieces. Behind the messages that were sent twice: what is not replayed is not known as taken.
    const middle = snapshots.at(-20)?.receivedAt ?? 0
    await replayed(data, join(into.path, 'late'), { from: middle - 100 })
    const late = logOf(join(into.path, 'late')).snapshots
    // How surely a time is known depends on what was heard of the device's clock before.
    const told = (all: typeof snapshots) => all.map(({ receivedAt, observations }) => ({ receivedAt, observations: observations.map(({ boundMs: _bound, ...one }) => one) }))
    expect(told(late)).toEqual(told(snapshots.filter(({ receivedAt }) => receivedAt >= middle)))
    const summary = await replayed(data, join(into.path, 'one'), { device: 'wearable', to: middle })
    const one = logOf(join(into.path, 'one')).snapshots
    expect(one).toHaveLength(snapshots.filter(({ device, receivedAt }) => device === 'wearable' && receivedAt <= middle).length)
    expect(summary.frames.good).toBeGreaterThanOrEqual(one.length)
  })

  it('tolerates a torn tail, and says so', async () => {
    using into = tempFolder()
    const torn = join(into.path, 'torn')
    mkdirSync(torn)
    for (const name of readdirSync(inFrames(folder))) writeFileSync(join(torn, name), readFileSync(join(inFrames(folder), name)))
    const last = join(torn, readdirSync(torn).sort().at(-1) ?? '')
    const whole = await replayed(torn, join(into.path, 'whole'))
    appendFileSync(last, Buffer.from([200, 0, 0, 0, 9, 9]))
    expect(await replayed(torn, join(into.path, 'a'))).toEqual({ ...whole, torn: 1 })
    const bytes = readFileSync(last)
    bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1
    writeFileSync(last, bytes)
    const damaged = await replayed(torn, join(into.path, 'b'))
    expect([damaged.torn, damaged.records < whole.records]).toEqual([1, true])
    writeFileSync(last, Buffer.from('something else'))
    expect((await replayed(torn, join(into.path, 'c'))).runs).toBe(1)
  })

  it('goes under a name of its own, so that no gateway takes the copy for its database', async () => {
    using into = tempFolder()
    await replayed(data, join(into.path, 'copy'))
    expect(Writer.open({ folder: join(into.path, 'copy'), kind: 'real', gatewayId: 'gw', createdAt: clockOf().wall(), epoch: null })).toMatchObject({ kind: 'refused', how: 'other-gateway' })
  })
})

describe('a replay of a life in which a conversation was held', () => {
  it('does not read it either, until it was released', async () => {
    using folder = tempFolder()
    const clock = clockOf()
    const heldUntil = wallMs(clock.wall() + 60_000)
    const ward = life(folder.path, clock, { known: [{ key: '10.0.0.5', threw: 0, stalls: 2, deaths: 0, lastAt: clock.wall(), heldUntil }] })
    const line = ward.connect('hl7', { address: '10.0.0.5:4000', device: null })
    for (let second = 0; second < 10; second++) {
      line.receive(message(second, 80))
      if (second === 5) expect(ward.release('10.0.0.5')).toBe(true)
      await ward.stored()
      ward.tick()
      await clock.pass(1_000)
    }
    await ward.end()
    const original = logOf(join(folder.path, 'data'))
    expect([original.quarantined.length, original.snapshots.length]).toEqual([6, 4])
    await replayed(join(folder.path, 'data'), join(folder.path, 'copy'))
    expect(logOf(join(folder.path, 'copy'))).toEqual(original)
  })
})

describe('a replay of a driver that waits, or that talks', () => {
  const nothing: SessionOutput = { frames: [], send: [], wakeAt: null }
  const began = { wall: START, mono: 1_000 }
  const at = (ms: number): Instant => ({ wall: began.wall + ms, mono: began.mono + ms })
  const site = {
    gateway: { id: 'gw', ward: 'Ward', data: '/nowhere' }, beds: [{ id: 'bed-1', label: '1' }],
    links: [{ kind: 'mllp-listen', id: 'in', port: 0 }], devices: [{ id: 'MON-1', driver: 'hl7', bed: 'bed-1' }],
  }
  const head = (run: string): Recorded => ({ ...began, kind: 'head', head: { version: 1, run, began, gateway: 'gw', kind: 'real', site, profiles: DEFAULT_PROFILES, minted: 0 } })
  const opened = (ms: number, line: number): Recorded => ({ ...at(ms), kind: 'opened', line, of: { link: 'in', driver: 'x', address: `10.0.0.${line}:1`, device: deviceId('MON-1') } })
  const bytes = (ms: number, line = 1): Recorded => ({ ...at(ms), kind: 'bytes', line, bytes: Uint8Array.of(ms % 256), settled: false })

  async function run(driver: Driver, records: readonly Recorded[]): Promise<ReplaySummary> {
    using into = tempFolder()
    const running = startReplay({ into: join(into.path, 'copy'), driverOf: () => driver, speed: null, from: null, to: null, device: null, realTime: clockOf(), log })
    for (const record of records) await running.take(record, HERE)
    return running.end()
  }
  const base = { id: 'x', title: '', integrity: 'none', settings: [] } as const

  it('wakes it at the recorded time for which it asked, between the records, each conversation in its turn', async () => {
    const calls: string[] = []
    const driver: Driver = {
      ...base, transport: 'serial',
      open() {
        let own = ''
        const say = (what: string, now: number, wakeAt: number | null): SessionOutput => {
          calls.push(`${own} ${what} ${now - began.mono}`)
          return { ...nothing, wakeAt: wakeAt === null ? null : monoMs(wakeAt) }
        }
        return {
          receive: (given, now) => ((own ||= String(given[0])), say('hears', now, now + 30)),
          // Woken late, it asks for a moment that is over, once.
          wake: (now) => say('wakes', now, now < began.mono + 45 ? now - 5 : null),
          end: (now) => say('ends', now, now + 1),
        }
      },
    }
    const records = [head('one'), opened(0, 1), opened(0, 2), bytes(10, 1), bytes(15, 2), { ...at(25), kind: 'tick' } as const, bytes(100, 1), { ...at(110), kind: 'closed', line: 1, why: '' } as const, { ...at(300), kind: 'tick' } as const]
    const summary = await run(driver, records)
    expect(calls).toEqual([
      '10 hears 10', '15 hears 15',
      '10 wakes 40', '10 wakes 41', '10 wakes 42', '10 wakes 43', '10 wakes 44', '10 wakes 45', '15 wakes 46',
      '10 hears 100', '10 ends 110',
    ])
    expect(summary.wakes).toBe(7)
    // Whoever lived before is not woken by the time of the next life.
    calls.length = 0
    await run(driver, [head('one'), opened(0, 1), bytes(10), head('two'), { ...at(200), kind: 'tick' }])
    expect(calls).toEqual(['10 hears 10'])
  })

  it.each(['tcp', 'udp'] as const)('reads a dialogue over %s as the capture that it is: it says nothing, and keeps nothing of what says nothing', async (transport) => {
    const opens: string[] = []
    const session = (kind: string): Session => ({
      receive: (given) => (opens.push(`${kind} ${given.length}`), { frames: [{ kind: 'skipped', offset: 0, length: given.length, why: 'a greeting' }], send: [Uint8Array.of(1)], wakeAt: null }),
      wake: () => (opens.push(`${kind} woken`), nothing),
      end: () => nothing,
    })
    const driver: Driver = { ...base, transport, open: () => session('dialogue'), openCapture: () => session('capture') }
    const summary = await run(driver, [head('one'), opened(0, 1), bytes(10), { ...at(20), kind: 'tick' }, bytes(30)])
    expect(opens).toEqual(['capture 1', 'capture 1'])
    expect(summary).toMatchObject({ quarantined: 0, wakes: 0, frames: { skipped: 2, bad: 0 } })
  })
})
