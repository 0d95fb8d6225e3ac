import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import { recordLimits } from '../../src/limits.ts'
import { Block, type Input, type Recorded, recordsOf } from '../../src/record/format.ts'
import { mintOf } from '../../src/record/mint.ts'
import { readRecording, recordingFiles } from '../../src/record/reader.ts'
import { openRecorder } from '../../src/record/recorder.ts'
import { Tape, type TapeParts } from '../../src/record/tape.ts'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import { realClock, REAL_TIME } from '../../src/ops/clock.ts'
import type { Line } from '../../src/seams.ts'
import { tempFolder } from '../store/fixture.ts'
import { clockOf, inFrames, life, log, shift } from './ward.ts'

async function read(folder: string): Promise<Recorded[]> {
  const records: Recorded[] = []
  for await (const one of readRecording(await recordingFiles(folder))) if (one.kind === 'record') records.push(one.record)
  return records
}

const real = realClock(REAL_TIME)
const at = { wall: 1_000, mono: 5 }
const ofLine = { link: 'in', driver: 'hl7', address: '10.0.0.5:1', device: null }
const bytes = (length: number, fill = 7): Input => ({ kind: 'bytes', line: 1, bytes: new Uint8Array(length).fill(fill), settled: false })

/** A tape that writes until the test ends it. */
function taping(folder: string, part: Partial<TapeParts> = {}) {
  const tape = new Tape({ folder, bytesMax: 1e9, keptMs: 1e9, realTime: real, log, preface: () => [{ kind: 'opened', line: 1, of: ofLine, again: true }], ...part })
  return {
    tape,
    write: async (): Promise<void> => {
      const stop = new AbortController()
      stop.abort()
      await tape.run(stop.signal)
    },
  }
}

/** Bytes that do not pack. */
function noise(length: number): Input {
  const random = new Uint8Array(length)
  for (let place = 0; place < length; place++) random[place] = Math.imul(place + length, 2_654_435_761) >>> 21
  return { kind: 'bytes', line: 1, bytes: random, settled: false }
}

describe('the format', () => {
  const anyInput: fc.Arbitrary<Input> = fc.oneof(
    fc.record({ kind: fc.constant('bytes' as const), line: fc.nat(), bytes: fc.uint8Array({ maxLength: 300 }), settled: fc.boolean() }),
    fc.record({ kind: fc.constant('status' as const), line: fc.nat(), state: fc.constantFrom('up' as const, 'down' as const), why: fc.string() }),
    fc.record({ kind: fc.constant('closed' as const), line: fc.nat(), why: fc.string() }),
    fc.record({ kind: fc.constant('opened' as const), line: fc.nat(), of: fc.record({ link: fc.string(), driver: fc.string(), address: fc.string(), device: fc.constantFrom(null, deviceId('mon-1')) }), again: fc.boolean() }),
    fc.constant<Input>({ kind: 'tick' }),
    fc.record({ kind: fc.constant('gap' as const), records: fc.nat(), bytes: fc.nat() }),
  )

  it('gives back what was recorded', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyInput, fc.double({ noNaN: true }), fc.double({ noNaN: true })), { maxLength: 40 }), (inputs) => {
        const block = new Block()
        for (const [input, wall, mono] of inputs) expect(block.add(input, { wall, mono })).toBe(true)
        const plain = (records: readonly Recorded[]) => records.map((record) => (record.kind === 'bytes' ? { ...record, bytes: [...record.bytes] } : record))
        expect(plain([...recordsOf(block.take())])).toEqual(plain(inputs.map(([input, wall, mono]) => ({ ...input, wall, mono }))))
      }),
      { numRuns: 60 },
    )
  })

  it('a block takes what fits and no more', () => {
    const block = new Block()
    expect(block.add(bytes(recordLimits.blockBytesMax - 25), at)).toBe(true)
    expect(block.add({ kind: 'tick' }, at)).toBe(false)
    block.take()
    expect(block.add(bytes(recordLimits.blockBytesMax - 24), at)).toBe(false)
  })
})

describe('the tape', () => {
  it('is for this user alone', async () => {
    using folder = tempFolder()
    const { tape, write } = taping(join(folder.path, 'frames'))
    tape.add(bytes(10), at)
    await write()
    expect(statSync(join(folder.path, 'frames')).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(folder.path, 'frames')).map((name) => statSync(join(folder.path, 'frames', name)).mode & 0o777)).toEqual([0o600])
  })

  it('drops what the disk does not take in time, and says so where it is missing', async () => {
    using folder = tempFolder()
    const { tape, write } = taping(folder.path)
    const each = recordLimits.blockBytesMax - 100
    const fit = Math.floor(recordLimits.waitingBytesMax / each)
    // One more waits in the block itself.
    for (let count = 0; count < fit + 4; count++) tape.add(bytes(each, count), at)
    expect(tape.health().droppedRecords).toBe(3)
    await write()
    tape.add({ kind: 'tick' }, at)
    await write()
    const records = await read(folder.path)
    expect(records.filter(({ kind }) => kind === 'bytes')).toHaveLength(fit + 1)
    expect(records.filter(({ kind }) => kind === 'gap')).toMatchObject([{ records: 3 }])
  })

  it('a record that no block can hold is dropped alone', async () => {
    using folder = tempFolder()
    const { tape, write } = taping(folder.path)
    tape.add(bytes(recordLimits.blockBytesMax + 1), at)
    tape.add(bytes(5), at)
    await write()
    expect((await read(folder.path)).map(({ kind }) => kind)).toEqual(['opened', 'gap', 'bytes'])
  })

  it('heals when the disk does: what came meanwhile is a gap, the rest goes to a file of its own', async () => {
    using folder = tempFolder()
    const frames = join(folder.path, 'frames')
    writeFileSync(frames, 'a file where the folder should be')
    const { tape, write } = taping(frames)
    tape.add(bytes(5), at)
    tape.add(bytes(6), at)
    await write()
    expect(tape.health()).toMatchObject({ droppedRecords: 2, why: /EEXIST|ENOTDIR/ })
    rmSync(frames)
    tape.add(bytes(7), at)
    await write()
    expect(tape.health().why).toBeNull()
    expect((await read(frames)).map(({ kind }) => kind)).toEqual(['opened', 'gap', 'bytes'])
  })

  it('begins a new segment when one is full, and each can be read alone', async () => {
    using folder = tempFolder()
    const { tape, write } = taping(folder.path)
    const blocks = Math.ceil(recordLimits.segmentBytesMax / recordLimits.blockBytesMax) + 2
    for (let count = 0; count < blocks; count++) {
      tape.add(noise(recordLimits.blockBytesMax - 100), at)
      await write()
      if (count === 0) chmodSync(folder.path, 0o700)
    }
    const files = await recordingFiles(folder.path)
    expect(files.length).toBe(blocks)
    for (const { path } of files) expect((await read(path))[0]?.kind).toBe('opened')
  })

  it('lets the oldest go: beyond the space, and past their time', async () => {
    using folder = tempFolder()
    mkdirSync(join(folder.path, 'f'))
    const old = (number: number, size: number, ageMs: number): void => {
      const path = join(folder.path, 'f', `0000000${number}.vfr`)
      writeFileSync(path, Buffer.alloc(size))
      utimesSync(path, (Date.now() - ageMs) / 1_000, (Date.now() - ageMs) / 1_000)
    }
    old(1, 10, 5_000_000)
    old(2, 600, 100)
    old(3, 600, 50)
    const { tape, write } = taping(join(folder.path, 'f'), { bytesMax: 1_000, keptMs: 4_000_000 })
    tape.add(bytes(5), at)
    await write()
    expect(readdirSync(join(folder.path, 'f')).sort()).toEqual(['00000003.vfr', '00000004.vfr'])
  })
})

describe('the recorder', () => {
  it('time stands still while a frame is acted upon, and goes on after it', async () => {
    using folder = tempFolder()
    let wall = 100
    const clock = { ...real, wall: () => real.wall() }
    const moving = { ...clock, wall: () => Object.assign(clock.wall(), {}), mono: () => clock.mono() }
    const recorder = openRecorder({ folder: folder.path, setting: { enabled: true, megabytes: 16 }, keptMs: 1e9, clock: moving, realTime: real, of: { gateway: 'g', kind: 'demo', site: {}, profiles: DEFAULT_PROFILES }, log })
    const seen: number[] = []
    const line: Line = {
      receive: () => {
        const until = performance.now() + 5
        seen.push(recorder.clock.mono())
        while (performance.now() < until) wall++
        seen.push(recorder.clock.mono())
        return 1
      },
      status: () => undefined,
      close: () => undefined,
    }
    const opened = recorder.recorded(() => line, { link: 'in', driver: 'hl7' })({ address: 'a', device: null }, () => undefined)
    expect(opened.receive(new Uint8Array([1]))).toBe(1)
    expect(seen[0]).toBe(seen[1])
    expect(recorder.clock.mono()).toBeGreaterThan(seen[1] ?? 0)
    const stop = new AbortController()
    stop.abort()
    await recorder.run(stop.signal)
    expect((await read(folder.path)).find(({ kind }) => kind === 'bytes')?.mono).toBe(seen[0])
  })

  it('what a driver or rule throws goes through, and is recorded all the same', async () => {
    using folder = tempFolder()
    const recorder = openRecorder({ folder: folder.path, setting: { enabled: true, megabytes: 16 }, keptMs: 1e9, clock: real, realTime: real, of: { gateway: 'g', kind: 'demo', site: {}, profiles: DEFAULT_PROFILES }, log })
    expect(() => recorder.tick(() => {
      throw new Error('a bug')
    })).toThrow('a bug')
    const before = recorder.clock.mono()
    while (recorder.clock.mono() === before) continue
    const stop = new AbortController()
    stop.abort()
    await recorder.run(stop.signal)
    expect((await read(folder.path)).map(({ kind }) => kind)).toEqual(['head', 'tick'])
  })

  it('records nothing when it is switched off, and the ward goes on', async () => {
    using folder = tempFolder()
    const clock = clockOf()
    const off = life(folder.path, clock, { enabled: false })
    await shift(off, clock)
    await off.end()
    expect(existsSync(inFrames(folder.path))).toBe(false)
  })

  it('ids come from the life of the gateway and a count, and look like others', () => {
    const [one, again, other] = [mintOf('life'), mintOf('life'), mintOf('another')]
    const first = one.alert()
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
    expect([again.alert(), other.alert() === first]).toEqual([first, false])
    expect(mintOf('life', 1).stay()).toBe(one.stay())
  })
})
