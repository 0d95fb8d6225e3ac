import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../src/codec/bytes.ts'
import { DRIVERS, driverOf } from '../../src/drivers.ts'
import { Guess, percent } from '../../src/ops/guess.ts'

const ROOT = resolve(import.meta.dirname, '../../drivers')
const fixtures = [...DRIVERS.keys()].flatMap((id) => {
  const folder = join(ROOT, id, 'fixtures')
  return readdirSync(folder).filter((name) => !name.endsWith('.json')).map((name) => ({ id, name, bytes: new Uint8Array(readFileSync(join(folder, name))) }))
})

function guessed(...pieces: readonly Uint8Array[]): Guess {
  const guess = new Guess(DRIVERS.values(), false)
  for (const piece of pieces) guess.receive(piece)
  guess.end()
  return guess
}

/** In which the driver itself finds a frame that is good. */
const read = fixtures.filter(({ id, bytes }) => {
  const guess = new Guess([driverOf(id)], false)
  guess.receive(bytes)
  guess.end()
  return guess.ranked().length > 0
})

describe('the driver that believes most', () => {
  it('is found for nearly all fixtures there are', () => {
    expect(read.length).toBeGreaterThan(fixtures.length * 0.9)
  })

  it.each(read)('is $id for its $name', ({ id, bytes }) => {
    expect(guessed(bytes).ranked()[0]?.driver.id).toBe(id)
  })

  it('stays the same with the time stamps and remarks of a logger around the recording', () => {
    for (const { id, name, bytes } of read) {
      const noise = utf8('\r\n[2026-04-01 07:00:00.123] connected to COM3, 9600 baud\r\n')
      expect(guessed(noise, bytes, noise, bytes).ranked()[0]?.driver.id, `${id} ${name}`).toBe(id)
    }
  })
})

describe('sureness', () => {
  const line = utf8('03/17/16 19:19:36 SPO2=098% BPM=123 ALARM=000000 EXC=0000C00\r\n')
  const sureness = (...pieces: readonly Uint8Array[]): number => guessed(...pieces).ranked()[0]?.sureness ?? 0

  it('grows with each good frame, and is never complete', () => {
    const grown = [1, 2, 5, 50].map((count) => sureness(...Array.from({ length: count }, () => line)))
    expect(grown).toEqual(grown.toSorted((a, b) => a - b))
    expect(grown[0]).toBeLessThan(0.75)
    expect(grown[3]).toBeGreaterThan(0.9)
    expect(percent(grown[3] ?? 0)).toBe('97 %')
    expect(percent(1)).toBe('99 %')
  })

  it('falls with damage, with lines that are none of the device, and with noise', () => {
    const clean = sureness(line, line, line)
    expect(sureness(line, utf8('03/17/16 19:1\u0001:36 SPO2\r\n'), line, line)).toBeLessThan(clean)
    expect(sureness(line, utf8('HELLO WORLD\r\n'), line, line)).toBeLessThan(clean)
    expect(sureness(line, new Uint8Array(500), line, line)).toBeLessThan(clean)
  })

  it('is there sooner where a checksum was right', () => {
    const displayed = fixtures.find(({ id, name }) => id === 'ge-s5' && name === 'displayed.bin')?.bytes ?? new Uint8Array(0)
    expect(guessed(displayed).ranked()[0]?.belief.frames.good).toBe(1)
    expect(sureness(displayed)).toBeGreaterThan(sureness(line))
  })

  it('is nothing for noise, for the text of another world, and for nothing', () => {
    const noise = Uint8Array.from({ length: 20_000 }, (_, index) => (Math.imul(index + 1, 2_654_435_761) >>> 16) & 0xff)
    const web = utf8('GET / HTTP/1.1\r\nHost: example\r\nAccept: */*\r\n\r\n{"a":1}\r\n'.repeat(200))
    for (const bytes of [noise, web, new Uint8Array(0)]) expect(guessed(bytes).ranked()).toEqual([])
  })
})

describe('frames of which none is believed', () => {
  it('name the protocol all the same, where it has frames', () => {
    const unknown = utf8('\u000bMSH|^~\\&|A|B|||20260401||XYZ^Z99|1|P|2.6\r\u001c\r'.repeat(5))
    expect(guessed(unknown).ranked()).toEqual([])
    expect(guessed(unknown).framed().map(({ id }) => id)).toContain('hl7')
    expect(guessed(utf8('some lines\r\nof a text\r\n')).framed()).toEqual([])
  })
})

describe('datagrams', () => {
  it('are parted by the driver that has a framing for them, and each is a message for all others', () => {
    const lan = readFileSync(join(ROOT, 'philips-intellivue/fixtures/lan-from-the-middle.bin'))
    const guess = new Guess(DRIVERS.values(), true)
    guess.receive(new Uint8Array(lan))
    guess.receive(concat([utf8('03/17/16 19:19:36 SPO2=098% BPM=123 ALARM=000000 EXC=0000C00')]))
    expect(guess.ranked().map(({ driver }) => driver.id)).toContain('masimo-ascii')
    expect(guess.ranked()[0]?.driver.id).toBe('philips-intellivue')
  })
})
