import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { driverOf } from '../../src/drivers.ts'
import { readRecording, recordingFiles } from '../../src/record/reader.ts'
import { type ReplaySetting, type ReplaySummary, startReplay } from '../../src/record/replay.ts'
import { contentDigest } from '../../src/store/digest.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { Writer } from '../../src/store/writer.ts'
import { tempFolder } from '../store/fixture.ts'
import { clockOf, inFrames, life, log, shift } from './ward.ts'

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
    expect(late.map(({ receivedAt, observations }) => ({ receivedAt, observations }))).toEqual(
      snapshots.filter(({ receivedAt }) => receivedAt >= middle).map(({ receivedAt, observations }) => ({ receivedAt, observations })),
    )
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
