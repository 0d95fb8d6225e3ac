/** What every driver must be: total on any bytes, indifferent to how they are cut, bounded, deterministic, exact on its fixtures. */

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { linesOf } from '../../src/cli/decode.ts'
import { isoOf, monoMs, type WallMs } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { Driver, DriverSettings, Frame, Reply, Session } from '../../src/seams.ts'
import { added, judgeOutput, valuesIn } from '../prove/driver-judge.ts'

const NOW = monoMs(0)

/** All frames of an input that comes in these chunks, the end of it included. */
export function framesOf(session: Session, chunks: Iterable<Uint8Array>): Frame[] {
  const frames: Frame[] = []
  for (const chunk of chunks) frames.push(...session.receive(chunk, NOW).frames)
  frames.push(...session.end(NOW).frames)
  return frames
}

export function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let from = 0
  for (const size of sizes) {
    if (from >= bytes.length) return
    yield bytes.slice(from, from + size)
    from += size
  }
  if (from < bytes.length) yield bytes.slice(from)
}

const isoOrNull = (at: WallMs | null): string | null => (at === null ? null : isoOf(at))

/** Bytes as text in which every byte can be seen. */
const visible = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte < 0x20 || byte > 0x7e ? `<${byte.toString(16).padStart(2, '0')}>` : String.fromCharCode(byte))).join('')

const answered = (reply: Reply | null): Record<string, string | null> | null =>
  reply === null
    ? null
    : Object.fromEntries(
        ([{ kind: 'stored' }, { kind: 'retry', why: 'the disk is full' }, { kind: 'rejected', why: 'not wanted' }] as const).map((outcome) => {
          const bytes = reply(outcome)
          return [outcome.kind, bytes === null ? null : visible(bytes)]
        }),
      )

/** A frame as its fixture's expectation writes it. */
export function described(frame: Frame): object {
  const { kind, offset, length } = frame
  switch (frame.kind) {
    case 'skipped':
      return { kind, offset, length, why: frame.why }
    case 'bad':
      return { kind, offset, length, why: frame.why, kept: frame.bytes.length, reply: answered(frame.reply) }
    case 'quarantined':
      return { kind, offset, length, why: frame.why, sender: frame.sender, reply: answered(frame.reply) }
    case 'good':
      return {
        kind,
        offset,
        length,
        sender: frame.sender,
        messageId: frame.messageId,
        sentAt: isoOrNull(frame.sentAt),
        identity: frame.identity,
        lines: linesOf(frame),
        leftOut: frame.leftOut ?? [],
        ...(frame.facts === undefined ? {} : { facts: frame.facts.map((fact) => ({ ...fact, effectiveAt: isoOrNull(fact.effectiveAt) })) }),
        reply: answered(frame.reply),
      }
  }
}

type Fixture = { readonly name: string; readonly bytes: Uint8Array; readonly expectedPath: string; readonly settings: DriverSettings }

/** `x.hl7` beside `x.json` (what it must decode to) and, where it needs settings, `x.settings.json`. */
function fixturesOf(folder: string): Fixture[] {
  const names = readdirSync(join(folder, 'fixtures')).filter((name) => !name.endsWith('.json'))
  return names.map((name) => {
    const path = join(folder, 'fixtures', name)
    const stem = path.slice(0, path.lastIndexOf('.'))
    const settings: DriverSettings = existsSync(`${stem}.settings.json`) ? JSON.parse(readFileSync(`${stem}.settings.json`, 'utf8')) : {}
    return { name, bytes: new Uint8Array(readFileSync(path)), expectedPath: `${stem}.json`, settings }
  })
}

/** One line a frame and one a reading, so that a difference is read at a glance. */
const printed = (frames: readonly object[]): string => `[\n${frames.map((frame) => JSON.stringify(frame, null, 1)).join(',\n')}\n]\n`

/** `folder`: the driver's own, with README.md and fixtures/. */
export function driverContract(driver: Driver, folder: string): void {
  const fixtures = fixturesOf(folder)
  /** As a recording is read: a dialogue answers nobody in it. */
  const open = (settings: DriverSettings = {}): Session => driver.openCapture?.(settings) ?? driver.open(settings)

  describe(`driver ${driver.id}`, () => {
    it('lives in the folder of its name, with a README', () => {
      expect(folder.endsWith(`/${driver.id}`)).toBe(true)
      expect(existsSync(join(folder, 'README.md'))).toBe(true)
    })

    it('has fixtures, each with what it must decode to', () => {
      expect(fixtures.length).toBeGreaterThan(0)
      expect(fixtures.filter(({ expectedPath }) => !existsSync(expectedPath)).map(({ name }) => name)).toEqual([])
    })

    it('explains its settings, and takes their defaults', () => {
      for (const setting of driver.settings) expect(setting.help.length).toBeGreaterThan(10)
      expect(() => open(Object.fromEntries(driver.settings.map(({ name, default: value }) => [name, value])))).not.toThrow()
    })

    for (const { name, bytes, expectedPath, settings } of fixtures) {
      it(`${name} decodes exactly`, async () => {
        await expect(printed(framesOf(open(settings), [bytes]).map(described))).toMatchFileSnapshot(expectedPath)
      })

      it(`${name} decodes to the same however it is cut`, () => {
        const whole = framesOf(open(settings), [bytes]).map(described)
        expect(framesOf(open(settings), cut(bytes, Array.from(bytes, () => 1))).map(described)).toEqual(whole)
        fc.assert(
          fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 60 }), (sizes) => {
            expect(framesOf(open(settings), cut(bytes, sizes)).map(described)).toEqual(whole)
          }),
          { numRuns: 60 },
        )
      })

      it(`${name} begins again after its end, with offsets that go on`, () => {
        const session = open(settings)
        const first = framesOf(session, [bytes])
        const second = framesOf(session, [bytes]).map((frame) => ({ ...frame, offset: frame.offset - bytes.length }))
        expect(second.map(described)).toEqual(first.map(described))
      })
    }

    it('says truly what notices a changed byte: on a serial line nothing does, or a checksum', () => {
      expect(driver.integrity === 'transport' && driver.transport === 'serial').toBe(false)
    })

    it('has a fixture in which a value is missing, and the reason is told', () => {
      const frames = fixtures.flatMap(({ bytes, settings }) => framesOf(open(settings), [bytes]))
      const readings = frames.flatMap((frame) => (frame.kind === 'good' ? frame.readings : []))
      expect(readings.map(({ measurement }) => measurement.kind)).toContain('absent')
      expect(readings.map(({ measurement }) => measurement.kind)).toContain('measured')
    })

    it('has no clock and no chance of its own: at any time and ever again the same', () => {
      const noClock = (): never => {
        throw new Error('a driver looked at a clock, or threw dice')
      }
      for (const { bytes, settings } of fixtures) {
        const early = framesOf(open(settings), [bytes]).map(described)
        const spies = [vi.spyOn(Date, 'now'), vi.spyOn(performance, 'now'), vi.spyOn(Math, 'random')]
        for (const spy of spies) spy.mockImplementation(noClock)
        try {
          const session = open(settings)
          const late = [...session.receive(bytes, monoMs(9e12)).frames, ...session.end(monoMs(9e12)).frames]
          expect(late.map(described)).toEqual(early)
        } finally {
          for (const spy of spies) spy.mockRestore()
        }
      }
    })

    // Over a network the transport has the checksum; where all is damaged there is nothing to lose.
    const hasValues = ({ bytes, settings }: Fixture): boolean => valuesIn(framesOf(open(settings), [bytes])).size > 0
    const checked = driver.integrity === 'checksum' ? fixtures.filter((fixture) => !fixture.name.includes('lan') && hasValues(fixture)) : []
    for (const { name, bytes, settings } of checked) {
      it(`${name} with a byte lost or changed never says a number that nobody sent`, () => {
        const frames = framesOf(open(settings), [bytes])
        const unharmed = valuesIn(frames)
        // What is damaged in the fixture may become right by one change more.
        const damaged = frames.filter(({ kind }) => kind === 'bad')
        const sound = [...bytes.keys()].filter((at) => !damaged.some(({ offset, length }) => at >= offset && at < offset + length))
        fc.assert(
          fc.property(fc.nat(sound.length - 1).map((index) => sound[index] ?? 0), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, by, isLost) => {
            const harmed = isLost ? Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]) : bytes.with(at, (bytes[at] ?? 0) ^ by)
            expect(added(valuesIn(framesOf(open(settings), [harmed])), unharmed)).toBeNull()
          }),
          { numRuns: 100 },
        )
      })
    }

    it('is total on any bytes, and its frames lie in order within them', () => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
          inOrder(framesOf(open(), chunks), chunks.reduce((length, chunk) => length + chunk.length, 0))
        }),
        { numRuns: 200 },
      )
    })

    it('is total in conversation too: on any bytes and at any waking it sends a bounded answer, and its frames lie in order', () => {
      const piece = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...fixtures.map(({ bytes }) => bytes.slice(0, 4_096))))
      fc.assert(
        fc.property(fc.array(fc.record({ piece, waitedMs: fc.nat(20_000) }), { maxLength: 20 }), (pieces) => {
          const session = driver.open({})
          let now = 0
          const outputs = [session.wake(monoMs(now))]
          for (const { piece: bytes, waitedMs } of pieces) outputs.push(session.receive(bytes, monoMs(now)), session.wake(monoMs((now += waitedMs))))
          outputs.push(session.end(monoMs(now)))
          inOrder(outputs.flatMap(({ frames }) => frames), pieces.reduce((length, { piece: bytes }) => length + bytes.length, 0))
          for (const { send, wakeAt } of outputs) {
            expect(send.reduce((length, bytes) => length + bytes.length, 0)).toBeLessThanOrEqual(65_536)
            expect(wakeAt === null || Number.isFinite(wakeAt)).toBe(true)
          }
        }),
        { numRuns: 100 },
      )
    })

    it('is total on damaged fixtures, and believes nothing out of range', () => {
      const originals = fixtures.map(({ bytes }) => bytes)
      const harm = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }), how: fc.constantFrom('replace', 'drop', 'double') })
      fc.assert(
        fc.property(fc.constantFrom(...originals), fc.array(harm, { maxLength: 8 }), (original, damages) => {
          const damaged = damages.reduce(damage, original)
          const frames = framesOf(open(), [damaged])
          expect(judgeOutput({ frames, send: [], wakeAt: null }, { heard: damaged.length, ended: 0 })).toBeNull()
        }),
        { numRuns: 400 },
      )
    })

    it('holds no more than its limits, whatever never ends', () => {
      for (const start of [...fixtures.map(({ bytes }) => bytes.slice(0, 40)), new Uint8Array(0)]) {
        const session = open()
        const frames = session.receive(start, NOW).frames.length
        const chunk = new Uint8Array(4_096).fill(0x31)
        let kept = frames
        for (let sent = 0; sent < driverLimits.hl7FrameBytesMax + 65_536; sent += chunk.length) {
          for (const frame of session.receive(chunk, NOW).frames) {
            kept++
            if ('bytes' in frame) expect(frame.bytes.length).toBeLessThanOrEqual(driverLimits.hl7FrameBytesMax + 2)
          }
        }
        session.end(NOW)
        expect(kept).toBeLessThan(200)
      }
    })

    it('answers a frame the same way every time it is asked', () => {
      for (const { bytes, settings } of fixtures) {
        for (const frame of framesOf(open(settings), [bytes])) {
          if (frame.kind === 'skipped' || frame.reply === null) continue
          expect(frame.reply({ kind: 'repeated' })).toEqual(frame.reply({ kind: 'stored' }))
        }
      }
    })

    it('says the same of its settings as it does: an unknown value is refused in words', () => {
      for (const { name } of driver.settings) expect(() => open({ [name]: 'no such value' })).toThrow(RangeError)
    })
  })
}

function inOrder(frames: readonly Frame[], length: number): void {
  let end = 0
  for (const frame of frames) {
    expect(frame.offset).toBeGreaterThanOrEqual(end)
    expect(frame.length).toBeGreaterThan(0)
    end = frame.offset + frame.length
    expect(end).toBeLessThanOrEqual(length)
  }
}

function damage(bytes: Uint8Array, { at, byte, how }: { at: number; byte: number; how: string }): Uint8Array {
  if (bytes.length === 0) return bytes
  const where = at % bytes.length
  const [before, after] = [Array.from(bytes.slice(0, where)), Array.from(bytes.slice(where + 1))]
  const middle = how === 'drop' ? [] : how === 'double' ? [bytes[where] ?? 0, bytes[where] ?? 0] : [byte]
  return Uint8Array.from([...before, ...middle, ...after])
}
