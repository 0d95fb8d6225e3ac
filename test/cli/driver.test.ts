import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/codec/bytes.ts'
import { captureHead, captureLines } from '../../src/cli/capture-file.ts'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { register as registerDriver } from '../../src/cli/driver.ts'
import { register as registerProbe, yamlOf } from '../../src/cli/probe.ts'
import { parseDocument } from 'yaml'
import { siteSchema } from '../../src/config/schema.ts'
import { wallMs } from '../../src/domain/time.ts'
import { driverOf } from '../../src/drivers.ts'
import { toolLimits } from '../../src/limits.ts'
import { readLine, targetOf } from '../../src/links/ports.ts'
import { realClock } from '../../src/ops/clock.ts'
import { createGeS5 } from '../../simulators/monitors/ge-s5.ts'
import type { SimulatedDevice } from '../../simulators/monitors/device.ts'
import { masimoLine } from '../../simulators/monitors/masimo-ascii.ts'
import { createPatient } from '../../simulators/patients/patient.ts'
import { createWaves } from '../../simulators/patients/waves.ts'
import { hasPty, openPty } from '../../simulators/pty.ts'
import { createServer } from 'node:net'

const folder = mkdtempSync(join(tmpdir(), 'vigil-driver-'))
afterAll(() => rmSync(folder, { recursive: true }))
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const there = hasPty()
const WHY = 'no usable `script` (bsdutils) on this machine: no pseudo-terminals'
let files = 0
const path = (name: string): string => join(folder, `${files++}-${name}`)

type Ran = { readonly out: string[]; readonly notes: string[]; readonly failure: unknown }

/** `until` looks at what was printed: once it says yes, somebody presses Ctrl-C. */
async function run(args: readonly string[], until: (out: readonly string[], notes: readonly string[]) => boolean = () => false, { isTerminal = false, speed = 1 } = {}): Promise<Ran> {
  const out: string[] = []
  const notes: string[] = []
  const stop = new AbortController()
  const seen = (list: string[]) => (line: string) => {
    list.push(line)
    if (until(out, notes)) stop.abort()
  }
  const context: CliContext = {
    write: seen(out), note: seen(notes), stdin: (async function* () {})(), env: {}, stop: stop.signal, root: resolve(import.meta.dirname, '../..'),
    node: process.execPath, pid: process.pid, isTerminal, clockOf: () => realClock({ originMs: 0, speed }), parent: null,
  }
  const program = new Command('vigil').exitOverride()
  registerDriver(program, context)
  registerProbe(program, context)
  const failure = await program.parseAsync(args, { from: 'user' }).then(() => null, (error: unknown) => error)
  return { out, notes, failure }
}

/** A device at a pseudo-terminal, whose ward runs fast so that the test does not wait. */
async function terminal(device: SimulatedDevice, everyMs = 50): Promise<string> {
  const pty = await openPty(path('port'))
  if (pty === null) throw new Error('no pseudo-terminal, though hasPty() says yes')
  const patient = createPatient(7, 'bed-1', { name: 'stable', delayS: 0 })
  let atMs = 0
  let moment = patient.next()
  pty.onData((bytes) => {
    for (const answer of device.hear(bytes, atMs)) pty.write(answer)
  })
  const timer = setInterval(() => {
    atMs += 250
    if (atMs % 1_000 === 0) moment = patient.next()
    for (const bytes of device.tick(moment, atMs)) pty.write(bytes)
  }, everyMs)
  closing.push(async () => {
    clearInterval(timer)
    await pty.close()
  })
  return pty.path
}

const START = Date.UTC(2026, 3, 1)
const masimo: SimulatedDevice = { hear: () => [], tick: ({ signs }, atMs) => (atMs % 1_000 === 0 ? [utf8(masimoLine(signs, START + atMs, { device: 'm', model: 'rad-8' }))] : []) }
const s5 = (): SimulatedDevice => createGeS5({ name: 'g', level: 10, tellsCuffTime: false, waves: createWaves(7), clock: (ms) => START + ms })
const silent: SimulatedDevice = { hear: () => [], tick: () => [] }
const bytesIn = (text: string): number => [...text.matchAll(/(\d+) s, (\d+) bytes/g)].reduce((most, [, , bytes]) => Math.max(most, Number(bytes)), 0)

describe('vigil driver capture', () => {
  it('records what a port says until Ctrl-C, and vigil driver try plays it back', async (context) => {
    if (!there) context.skip(WHY)
    const out = path('a.capture')
    const captured = await run(['driver', 'capture', await terminal(masimo), '--out', out], (_, notes) => bytesIn(notes.join('\n')) > 300, { isTerminal: true })
    expect(captured.failure).toBeNull()
    expect(captured.out.join('\n')).toMatch(/bytes in \d+ s. Look at it with: vigil decode/)
    const text = readFileSync(out, 'utf8')
    expect(text).toMatch(/^# vigil capture 1\n# port .* 9600 8N1\n# begun /)
    expect(statSync(out).mode & 0o777).toBe(0o600)
    const played = await run(['driver', 'try', out, '--driver', 'masimo-ascii', '--speed', '1000'])
    expect(played.failure).toBeNull()
    expect(played.out.at(-1)).toMatch(/^\d+ frames good, 0 quarantined, [01] bad/)
    expect(played.out.join('\n')).toContain('MDC_PULS_OXIM_SAT_O2')
  })

  it('asks as a driver asks, and records both directions', async (context) => {
    if (!there) context.skip(WHY)
    const out = path('b.capture')
    const { failure } = await run(['driver', 'capture', await terminal(s5()), '--out', out, '--driver', 'ge-s5', '--line', '19200 8E1'], (_, notes) => bytesIn(notes.join('\n')) > 1_000, { isTerminal: true })
    expect(failure).toBeNull()
    expect(readFileSync(out, 'utf8')).toMatch(/\d > 7e [^]*\d < 7e /)
  })

  it('never writes over a file, nor for a port that is not there', async () => {
    const out = path('c.capture')
    writeFileSync(out, 'precious')
    expect((await run(['driver', 'capture', '127.0.0.1:1', '--out', out])).failure).toBeInstanceOf(UsageError)
    expect(readFileSync(out, 'utf8')).toBe('precious')
    expect((await run(['driver', 'capture', join(folder, 'nowhere'), '--out', path('d.capture')])).failure).toEqual(new CommandFailed(`${join(folder, 'nowhere')} cannot be opened: ${join(folder, 'nowhere')} is not there`))
  })

  it('is full with so many bytes, and says so; what came before is there', async () => {
    const chunk = Buffer.alloc(1_048_576)
    const chunks = toolLimits.captureBytesMax / chunk.length
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      for (let sent = 0; sent <= chunks; sent++) socket.write(chunk)
    }).listen(0, '127.0.0.1')
    await new Promise((done) => server.once('listening', done))
    closing.push(() => new Promise((done) => server.close(() => done())))
    const address = server.address()
    const out = path('e.capture')
    const { failure } = await run(['driver', 'capture', `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, '--out', out])
    expect(failure).toEqual(new CommandFailed(`It is full: ${toolLimits.captureBytesMax} bytes were recorded.`))
    expect(statSync(out).size).toBeGreaterThan(toolLimits.captureBytesMax * 2)
  })
})

describe('vigil driver cut', () => {
  it('makes a fixture of a stretch of a capture: what the device said, and no more', async () => {
    const capture = path('g.capture')
    const piece = (atMs: number, text: string, direction: 'from-device' | 'to-device' = 'from-device'): string => captureLines({ atMs, direction, bytes: utf8(text) })
    writeFileSync(capture, captureHead('x', wallMs(0)) + piece(0, 'early ') + piece(1_000, 'first ') + piece(1_500, 'poll', 'to-device') + piece(1_999, 'last') + piece(2_000, 'late'))
    const out = path('fixture.bin')
    expect((await run(['driver', 'cut', capture, '--out', out, '--from', '1', '--to', '2'])).out).toEqual([`${out}: 10 bytes`])
    expect(readFileSync(out, 'utf8')).toBe('first last')
    expect((await run(['driver', 'cut', capture, '--out', out])).failure).toBeInstanceOf(UsageError)
    expect((await run(['driver', 'cut', out, '--out', path('other.bin')])).failure).toEqual(new CommandFailed(`${out} is no file that driver capture wrote`))
  })
})

describe('vigil driver try', () => {
  it('decodes a device that must be asked, live: values in a table', async (context) => {
    if (!there) context.skip(WHY)
    const { failure, notes } = await run(['driver', 'try', await terminal(s5()), '--driver', 'ge-s5', '--line', '19200 8E1'], (_, all) => /SpO₂ +\d+ %/.test(all.at(-1) ?? ''), { isTerminal: true })
    expect(failure).toBeNull()
    expect(notes.at(-1)).toMatch(/as ge-s5: \d+ s, \d+ bytes heard, \d+ sent\nframes: \d+ good, 0 quarantined, 0 bad/)
  })

  it('prints lines where no terminal looks, and opens a port again that was lost', async () => {
    let calls = 0
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      calls++
      socket.end(Buffer.from(`03/17/16 19:19:36 SPO2=09${calls}% BPM=123 ALARM=000000 EXC=0000C00\r\n`))
    }).listen(0, '127.0.0.1')
    await new Promise((done) => server.once('listening', done))
    closing.push(() => new Promise((done) => server.close(() => done())))
    const address = server.address()
    const port = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    const { out, notes } = await run(['driver', 'try', port, '--driver', 'masimo-ascii'], (printed) => printed.some((line) => line.includes('92 %')), { speed: 10 })
    expect(out.filter((line) => line.includes('SAT_O2')).map((line) => line.split(/ {2,}/)[2])).toEqual(['91 %', '92 %'])
    expect(notes).toContain('the other end closed the connection; opening it again.')
  })

  it('says in words when nothing comes, though it asks', async (context) => {
    if (!there) context.skip(WHY)
    const { notes } = await run(['driver', 'try', await terminal(silent), '--driver', 'ge-s5'], (_, all) => all.some((line) => line.includes('does not answer')), { speed: 20 })
    expect(notes.at(-1)).toMatch(/^It was asked \(\d+ bytes were sent\) and does not answer for 5 s/)
  })

  it('plays a file with its times', async () => {
    const out = path('f.capture')
    const line = (saturation: number): Uint8Array => utf8(`03/17/16 19:19:36 SPO2=0${saturation}% BPM=123 ALARM=000000 EXC=0000C00\r\n`)
    const piece = (atMs: number, bytes: Uint8Array): string => captureLines({ atMs, direction: 'from-device', bytes })
    writeFileSync(out, captureHead('x', wallMs(0)) + piece(0, line(91)) + piece(3_600_000, line(92)))
    const { out: printed } = await run(['driver', 'try', out, '--driver', 'masimo-ascii'], (lines) => lines.length > 0)
    expect(printed.join('\n')).toContain('91 %')
    expect(printed.join('\n')).not.toContain('92 %')
  })
})

describe('vigil probe', () => {
  it('finds who talks at the end of a real port, and binds nothing', async (context) => {
    if (!there) context.skip(WHY)
    const port = await terminal(masimo, 250)
    const { failure, out } = await run(['probe', port])
    expect(failure).toBeNull()
    const text = out.join('\n')
    expect(text).toMatch(/9600 8N1 +listened +\d+ B {2}masimo-ascii \d\d %: \d+ frames good/)
    expect(text).toMatch(/masimo-ascii, \d\d % sure: Masimo/)
    expect(text).toContain('Nothing is bound to a bed.')
    expect(text).not.toMatch(/^ +bed:/m)
  })

  it('without a port lists the ports, with a wrong one says so', async () => {
    expect((await run(['probe'])).notes.join('')).toMatch(/No serial port has a device|Connect the monitor to one of them/)
    expect((await run(['probe', join(folder, 'nowhere')])).failure).toEqual(new CommandFailed(`${join(folder, 'nowhere')} cannot be used: ${join(folder, 'nowhere')} is not there`))
    expect((await run(['probe', 'udp:127.0.0.1:1'])).failure).toBeInstanceOf(UsageError)
  })

  it.each(['/dev/serial/by-id/usb-FTDI', '10.0.0.5:4001'])('prints for %s what a site file takes as it is', (port) => {
    const yaml = yamlOf(driverOf('ge-s5'), targetOf(port, readLine('19200 8E1') ?? expect.fail()))
    const site = siteSchema.parse({ gateway: { id: 'g', ward: 'W', data: '/x' }, beds: [{ id: 'bed-1', label: '1' }], ...(parseDocument(yaml).toJS() as object) })
    expect(site.devices).toMatchObject([{ id: 'monitor-1', driver: 'ge-s5' }])
    expect(site.devices[0]?.bed).toBeUndefined()
    expect(site.links).toMatchObject([port.startsWith('/') ? { kind: 'serial', path: port, baudRate: 19_200, dataBits: 8, parity: 'even', stopBits: 1 } : { kind: 'tcp-connect', host: '10.0.0.5', port: 4_001 }])
  })
})

describe('wrong use', () => {
  it.each([
    [['driver', 'try', '/dev/ttyS9', '--driver', 'masimo-asci'], 'there is no driver "masimo-asci". Did you mean "masimo-ascii"?'],
    [['driver', 'try', '/dev/ttyS9', '--driver', 'ge-s5', '--settings', 'waves=xyz'], 'waves: there is no waveform "xyz"'],
    [['driver', 'try', '/dev/ttyS9', '--driver', 'ge-s5', '--line', '9600 9N1'], '--line 9600 9N1: write it like 9600 8N1'],
    [['driver', 'capture', '/dev/ttyS9', '--out', 'x', '--seconds', '0'], '--seconds 0: write a number above 0'],
  ])('%j: %s', async (args, why) => {
    const { failure } = await run(args)
    expect(failure).toBeInstanceOf(UsageError)
    expect(failure).toMatchObject({ message: expect.stringContaining(why) })
    expect(existsSync('x')).toBe(false)
  })
})
