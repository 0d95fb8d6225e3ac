import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIntellivue } from '../../simulators/monitors/philips-intellivue.ts'
import { createPatient } from '../../simulators/patients/patient.ts'
import { captureHead, captureLines } from '../../src/cli/capture-file.ts'
import { concat, utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { linesOf, register } from '../../src/cli/decode.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { DRIVERS } from '../../src/drivers.ts'
import { toolLimits } from '../../src/limits.ts'
import { realClock } from '../../src/ops/clock.ts'
import { GATEWAY, MONITOR, ethernet, pcap, pcapng, tcp, udp } from '../codec/network.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const IDS = [...DRIVERS.keys()]
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-decode-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

type Ran = { readonly out: string[]; readonly notes: string[] }

async function run(args: readonly string[], stdin: AsyncIterable<Uint8Array> = chunksOf(), stop = new AbortController().signal): Promise<Ran> {
  const out: string[] = []
  const notes: string[] = []
  const context: CliContext = {
    write: (line) => out.push(line),
    note: (line) => notes.push(line),
    stdin,
    env: {},
    stop,
    root: ROOT,
    node: process.execPath,
    pid: process.pid,
    isTerminal: false,
    clockOf: realClock,
    parent: null,
  }
  const program = new Command('vigil').exitOverride().configureOutput({ writeOut: (text) => out.push(text), writeErr: (text) => notes.push(text) })
  register(program, context)
  for (const command of program.commands) command.exitOverride().configureOutput({ writeOut: (text) => out.push(text), writeErr: (text) => notes.push(text) })
  await program.parseAsync(['decode', ...args], { from: 'user' })
  return { out, notes }
}

const file = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}
const message = (rows: readonly string[], id = '1'): Uint8Array =>
  mllpFrame(utf8([`MSH|^~\\&|M||||20260401070000||ORU^R01|${id}|P|2.6`, ...rows.map((row, index) => `OBX|${index + 1}|NM|${row}`)].join('\r')))
const HR = (value: string): string => `147842^MDC_ECG_HEART_RATE^MDC|1.1|${value}|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R`

describe('vigil decode --json', () => {
  it('prints readings, what was not believed, and a summary last', async () => {
    const partly = message([HR('80'), '150456^MDC_CO2_ET^MDC|1.2|35|266016^MDC_DIM_MMHG^MDC', HR(''), '150344^MDC_TEMP^MDC|2|99.5|°F'])
    const capture = file('mixed.hl7', concat([utf8('junk'), partly, message([HR('81'), '108^X^99X||1'], '2'), utf8('\x0bMSH|^~\\&|cut')]))
    const { out, notes } = await run(['--driver', 'hl7', capture, '--json'])
    expect(out).toEqual([
      '{"kind":"frame","result":"skipped","why":"bytes outside of messages","offset":0}',
      '{"kind":"reading","metric":"MDC_ECG_HEART_RATE","value":80,"unit":"/min","channel":"1.1","deviceAt":"2026-04-01T07:00:00.000Z","flags":["zone-assumed"]}',
      '{"kind":"reading","metric":"MDC_ECG_HEART_RATE","absent":"not-measured","unit":"/min","channel":"1.1","deviceAt":"2026-04-01T07:00:00.000Z","flags":["zone-assumed"]}',
      '{"kind":"reading","metric":"MDC_TEMP","value":37.5,"unit":"Cel","channel":"2","deviceAt":"2026-04-01T07:00:00.000Z","flags":["zone-assumed"]}',
      '{"kind":"frame","result":"quarantined","why":"OBX 2 (150456): code 150456 is MDC_PULS_OXIM_SAT_O2, and is called MDC_CO2_ET here","offset":4}',
      '{"kind":"reading","metric":"MDC_ECG_HEART_RATE","value":81,"unit":"/min","channel":"1.1","deviceAt":"2026-04-01T07:00:00.000Z","flags":["zone-assumed"]}',
      expect.stringMatching(/^\{"kind":"frame","result":"bad","why":"cut off before its end block","offset":\d+\}$/),
      '{"kind":"summary","frames":{"good":1,"bad":1,"skipped":1,"quarantined":1},"readings":4,"absent":1,"alarms":0,"waveforms":0}',
    ])
    expect(notes).toEqual(['Left out: 1 × a code of the vendor.'])
  })

  it('reads standard input, in whatever chunks it comes', async () => {
    const bytes = message([HR('80')])
    const { out } = await run(['--driver', 'hl7', '-', '--json'], chunksOf(bytes.slice(0, 10), bytes.slice(10)))
    expect(out.map((line) => JSON.parse(line).kind)).toEqual(['reading', 'summary'])
  })

  it('takes settings of the driver', async () => {
    const { out } = await run(['--driver', 'hl7', '--settings', 'zone=Europe/Berlin', '-', '--json'], chunksOf(message([HR('80')])))
    expect(JSON.parse(out[0] ?? '').deviceAt).toBe('2026-04-01T05:00:00.000Z')
  })

  it.each([
    ['masimo-ascii', '03/17/16 19:19:36 SPO2=098% BPM=123 ALARM=000000 EXC=0000C00\r', ['MDC_PULS_OXIM_SAT_O2', 'MDC_PULS_OXIM_PULS_RATE']],
    ['mqtt-json', '{"id":"1","at":"2026-04-01T07:00:00Z","readings":[{"mdc":147842,"value":80,"unit":"/min"}]}', ['MDC_ECG_HEART_RATE']],
    ['hl7', 'MSH|^~\\&|M||||20260401||ORU^R01|1|P|2.6\nOBX|1|NM|147842||80|bpm\n', ['MDC_ECG_HEART_RATE']],
  ])('speaks %s', async (driver, text, metrics) => {
    const { out } = await run(['--driver', driver, '-', '--json'], chunksOf(utf8(text)))
    expect(out.map((line) => JSON.parse(line).metric)).toEqual([...metrics, undefined])
  })

  it('of nothing is a summary of nothing', async () => {
    const { out } = await run(['--driver', 'hl7', '-', '--json'])
    expect(out).toEqual(['{"kind":"summary","frames":{"good":0,"bad":0,"skipped":0,"quarantined":0},"readings":0,"absent":0,"alarms":0,"waveforms":0}'])
  })
})

describe('vigil decode for people', () => {
  it('prints a line a value', async () => {
    const { out } = await run(['--driver', 'hl7', '-'], chunksOf(message([HR('80'), HR('')])))
    expect(out.map((line) => line.split(/ {2,}/))).toEqual([
      ['2026-04-01T07:00:00.000Z', 'MDC_ECG_HEART_RATE', '80 /min', '1.1', 'zone-assumed'],
      ['2026-04-01T07:00:00.000Z', 'MDC_ECG_HEART_RATE', '(not-measured)', '1.1', 'zone-assumed'],
      ['1 frames good, 0 quarantined, 0 bad, 0 skipped; 2 readings, 1 of them absent; 0 alarms, 0 waveforms'],
    ])
  })

  it('prints who came and went without saying who it is, and medicines without whose they are', async () => {
    const registry = await run([join(ROOT, 'drivers/hl7/fixtures/adt.hl7')])
    expect(registry.notes[0]).toMatch(/^Read as hl7,/)
    expect(registry.out).toContain('2026-04-01T08:05:00.000Z  patient transferred  ICU^1^2')
    expect(registry.out).toContain('2026-04-01T07:00:00.000Z  patient admitted, cancelled')
    const pharmacy = await run([join(ROOT, 'drivers/hl7/fixtures/medication.hl7'), '--driver', 'hl7'])
    expect(pharmacy.out).toContain('2026-04-01T07:19:00.000Z  medicine  RXN 4332  norepinephrine  0.1 ug/kg/min  IV  complete')
    expect([...registry.out, ...pharmacy.out].join('\n')).not.toMatch(/Quist|Dahl|Oyelaran|L-9001|1001/)
  })

  it('lists the drivers in its help', async () => {
    await expect(run(['--help'])).rejects.toMatchObject({ code: 'commander.helpDisplayed' })
    const out: string[] = []
    const program = new Command('vigil').exitOverride().configureOutput({ writeOut: (text) => out.push(text) })
    register(program, { root: ROOT } as CliContext)
    program.commands[0]?.configureOutput({ writeOut: (text) => out.push(text) }).outputHelp()
    expect(out.join('').replaceAll(/\s+/g, ' ')).toContain(`Drivers: ${IDS.join(', ')}`)
  })
})

describe('wrong use', () => {
  it.each([
    [['--driver', 'hl77', '-'], `there is no driver "hl77". Did you mean "hl7"? There are: ${IDS.join(', ')}.`],
    [['--driver', 'hl7', '--settings', 'zon=UTC', '-'], 'driver hl7 has no setting "zon". Did you mean "zone"? There are: zone, profile, authority, query, queryEverySeconds.'],
    [['--driver', 'mqtt-json', '--settings', 'zone=UTC', '-'], 'driver mqtt-json has no setting "zone". There are none.'],
    [['--driver', 'hl7', '--settings', 'zone', '-'], '--settings zone: write name=value'],
    [['--driver', 'hl7', '--settings', 'zone=Mars', '-'], 'zone: there is no time zone "Mars"'],
    [['--driver', 'hl7', '/no/such/file'], '/no/such/file cannot be read'],
    [['--driver', 'hl7', '/tmp'], '/tmp cannot be read'],
  ])('%j: %s', async (args, why) => {
    const failure = await run(args).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(UsageError)
    expect(failure).toMatchObject({ message: expect.stringContaining(why) })
  })

  it('settings without a driver are refused: they are those of one', async () => {
    await expect(run(['--settings', 'zone=UTC', '-'])).rejects.toThrow('--settings are those of a driver: say which with --driver')
  })
})

/** A frame of the monitor a second, as it goes over the network. */
function intellivueDatagrams(seconds: number): { readonly fromMonitor: readonly Uint8Array[]; readonly toMonitor: readonly Uint8Array[] } {
  const monitor = createIntellivue({ device: 'm', framing: 'lan', startedAt: Date.UTC(2026, 3, 1), patient: null })
  const session = DRIVERS.get('philips-intellivue')?.open({ framing: 'lan' })
  if (session === undefined) throw new Error('no driver')
  const patient = createPatient(7, 'bed-1', { name: 'stable', delayS: 0 })
  const [fromMonitor, toMonitor]: [Uint8Array[], Uint8Array[]] = [[], []]
  let wakeAt: number | null = 0
  const say = (sent: readonly Uint8Array[], atMs: number): void => {
    for (const bytes of sent) {
      toMonitor.push(bytes)
      for (const answer of monitor.hear(bytes, atMs)) hear(answer, atMs)
    }
  }
  const hear = (bytes: Uint8Array, atMs: number): void => {
    fromMonitor.push(bytes)
    const output = session.receive(bytes, monoMs(atMs))
    wakeAt = output.wakeAt
    say(output.send, atMs)
  }
  let moment = patient.next()
  for (let atMs = 0; atMs < seconds * 1_000; atMs += 50) {
    if (atMs % 1_000 === 0) moment = patient.next()
    if (wakeAt !== null && atMs >= wakeAt) {
      const output = session.wake(monoMs(atMs))
      wakeAt = output.wakeAt
      say(output.send, atMs)
    }
    for (const bytes of monitor.tick(moment, atMs)) hear(bytes, atMs)
  }
  return { fromMonitor, toMonitor }
}

const summaryIn = ({ out }: Ran): { frames: Record<string, number>; readings: number } => JSON.parse(out.at(-1) ?? '{}')
const isAbout = (line: string): { kind: string; driver?: string; stream?: string; metric?: string; value?: number } => JSON.parse(line)

describe('without --driver', () => {
  it('the one that believes most reads, and is named', async () => {
    const { out, notes } = await run(['-', '--json'], chunksOf(message([HR('80'), HR('81')])))
    expect(isAbout(out[0] ?? '')).toEqual({ kind: 'driver', driver: 'hl7', sureness: expect.any(Number) })
    expect(out.slice(1, 3).map((line) => isAbout(line).value)).toEqual([80, 81])
    expect(notes.join('\n')).toMatch(/^Read as hl7, \d+ % sure/)
  })

  it('reads as with it, noise of a logger or not', async () => {
    const lines = Array.from({ length: 30 }, (_, second) => `03/17/16 19:19:${String(second + 10)} SPO2=098% BPM=1${second + 10} ALARM=000000 EXC=0000C00\r\n`)
    const noisy = utf8(lines.map((line) => `-- 12:00:00.001 COM3 --\r\n${line}`).join(''))
    const given = await run(['-', '--json', '--driver', 'masimo-ascii'], chunksOf(noisy))
    const found = await run(['-', '--json'], chunksOf(noisy.slice(0, 700), noisy.slice(700)))
    expect(found.out.slice(1)).toEqual(given.out)
    expect(summaryIn(found)).toMatchObject({ frames: { good: 30 }, readings: 60 })
  })

  it('of what nobody speaks says so, and what may be wrong', async () => {
    await expect(run(['-'], chunksOf(utf8('hello\r\nworld\r\n'.repeat(100))))).rejects.toThrow(/No driver knows what this is.*speed and parity/)
    await expect(run(['-'])).rejects.toBeInstanceOf(CommandFailed)
  })

  it('finds who begins to speak late, and holds no more than it may meanwhile', async () => {
    const quiet = Array.from({ length: 3 }, () => new Uint8Array(toolLimits.headBytesMax))
    const { out, notes } = await run(['-', '--json'], chunksOf(...quiet, message([HR('80')]), message([HR('81')])))
    expect(isAbout(out[0] ?? '').driver).toBe('hl7')
    expect(summaryIn({ out, notes })).toMatchObject({ readings: 2 })
    expect(notes).toContain(`Not read: ${3 * toolLimits.headBytesMax} bytes in which no driver finds a good frame.`)
  })
})

describe('a capture of a network', () => {
  const AT = Date.UTC(2026, 3, 1)
  const hl7 = [message([HR('80')]), message([HR('81')]), message([HR('82')])]
  const conversation = concat(hl7)
  const sender = { address: [10, 0, 0, 7], port: 50_000 }
  const listener = { address: [10, 0, 0, 9], port: 2_575 }
  const middle = Math.floor(conversation.length / 2)
  const segments = [
    tcp(sender, listener, { sequence: 99, isBegin: true }),
    tcp(sender, listener, { sequence: 100 + middle }, conversation.slice(middle)),
    tcp(sender, listener, { sequence: 100 }, conversation.slice(0, middle)),
    tcp(listener, sender, { sequence: 7 }, utf8('\u000bMSH|^~\\&|V||||20260401||ACK|1|P|2.6\rMSA|AA|1\r\u001c\r')),
    tcp(sender, listener, { sequence: 100 + conversation.length, isEnd: true }),
  ]
  const web = tcp({ address: [10, 0, 0, 8], port: 60_000 }, { address: [10, 0, 0, 1], port: 80 }, { sequence: 1 }, utf8('GET / HTTP/1.1\r\n\r\n'.repeat(20)))

  it.each([
    ['pcap', pcap],
    ['pcapng', pcapng],
  ])('(%s) is read as it is: each monitor by its own driver, the rest passed by', async (_, write) => {
    const { fromMonitor, toMonitor } = intellivueDatagrams(8)
    const packets = [...segments, web, ...fromMonitor.map((bytes) => udp(MONITOR, GATEWAY, bytes)), ...toMonitor.map((bytes) => udp(GATEWAY, MONITOR, bytes))]
    const ran = await run(['-', '--json'], chunksOf(write(packets.map((packet, index) => ({ bytes: ethernet(packet), atMs: AT + index })))))
    const found = ran.out.map(isAbout).filter(({ kind }) => kind === 'driver')
    expect(found.map(({ driver, stream }) => `${stream}: ${driver}`).sort()).toEqual(['10.0.0.5:24105 → 10.0.0.9:40000 (UDP): philips-intellivue', '10.0.0.7:50000 → 10.0.0.9:2575 (TCP): hl7'])
    const hearts = ran.out.map(isAbout).filter(({ stream, metric }) => stream?.startsWith('10.0.0.7') === true && metric === 'MDC_ECG_HEART_RATE')
    expect(hearts.map(({ value }) => value)).toEqual([80, 81, 82])
    expect(summaryIn(ran).frames['good']).toBeGreaterThan(6)
    expect(summaryIn(ran).frames['bad']).toBe(0)
    // The driver given, what it finds nothing in is somebody else's.
    const given = await run(['-', '--json', '--driver', 'hl7'], chunksOf(write(packets.map((packet, index) => ({ bytes: ethernet(packet), atMs: AT + index })))))
    expect(summaryIn(given)).toMatchObject({ frames: { good: 3, bad: 0 }, readings: 3 })
  })

  it('with a hole, or cut off, says so, and believes nothing across the hole', async () => {
    const holey = pcap([segments[0], segments[1]].flatMap((bytes) => (bytes === undefined ? [] : [{ bytes: ethernet(bytes), atMs: AT }])))
    const { out, notes } = await run(['-', '--json'], chunksOf(holey.slice(0, -3), holey.slice(-3), utf8('xy')))
    expect(out.map(isAbout).flatMap(({ value }) => (value === undefined ? [] : [value]))).toEqual([82])
    expect(notes.join('\n')).toContain('Not captured: 1 stretches')
    expect(notes.join('\n')).toContain('was not read to its end: it ends within a packet')
  })

  it('of more conversations than one looks at counts the others', async () => {
    const many = Array.from({ length: toolLimits.conversationsMax + 1 }, (_, index) => udp({ address: [10, 1, index >> 8, index & 255], port: 9 }, GATEWAY, utf8('x')))
    const { notes } = await run(['-', '--driver', 'hl7', '--json'], chunksOf(pcap([...many, ...many].map((packet) => ({ bytes: ethernet(packet), atMs: AT })))))
    expect(notes).toContain(`Passed by: 2 packets, of more conversations than ${toolLimits.conversationsMax}.`)
  })
})

describe('a capture of a port', () => {
  it('is read without what was sent to the device', async () => {
    const text =
      captureHead('/dev/ttyUSB0 9600 8N1', wallMs(0)) +
      captureLines({ atMs: 0, direction: 'from-device', bytes: message([HR('80')]).slice(0, 40) }) +
      captureLines({ atMs: 1, direction: 'to-device', bytes: utf8('poll') }) +
      captureLines({ atMs: 2, direction: 'from-device', bytes: message([HR('80')]).slice(40) })
    const { out, notes } = await run(['-', '--driver', 'hl7', '--json'], chunksOf(utf8(text)))
    expect(out.map((line) => isAbout(line).value)).toEqual([80, undefined])
    expect(notes).toEqual(['Passed by: 1 pieces that were sent to the device.'])
  })
})

describe('stopping', () => {
  it('ends at once, also while the input is silent', async () => {
    const stop = new AbortController()
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield message([HR('80')])
      stop.abort()
      await new Promise(() => undefined)
    }
    await expect(run(['--driver', 'hl7', '-'], silent(), stop.signal)).rejects.toBeInstanceOf(CommandFailed)
  })
})

describe('lines of output', () => {
  it('have a shape for device alarms and waveforms too', () => {
    const deviceAt = wallMs(Date.UTC(2026, 3, 1))
    const lines = linesOf({
      kind: 'good',
      offset: 0,
      length: 1,
      bytes: new Uint8Array(1),
      sender: { name: null, location: null },
      messageId: null,
      sentAt: null,
      readings: [],
      waveforms: [{ metric: 'MDC_ECG_LEAD_II', channel: '1', rateHz: 500, scale: 0.001, offset: 0, unit: 'mV', samples: Int16Array.of(1, -2), deviceAt }],
      alarms: [{ id: '1', code: 'MDC_EVT_LEAD_OFF', text: 'ECG leads off', source: 'ECG', priority: 'low', type: 'technical', phase: 'start', state: 'active', inactivation: ['audio-paused'], flags: [], deviceAt }],
      faults: [],
      identity: null,
      reply: null,
    })
    expect(lines.map((line) => JSON.stringify(line))).toEqual([
      '{"kind":"alarm","id":"1","code":"MDC_EVT_LEAD_OFF","text":"ECG leads off","source":"ECG","priority":"low","type":"technical","phase":"start","state":"active","inactivation":["audio-paused"],"flags":[],"deviceAt":"2026-04-01T00:00:00.000Z"}',
      '{"kind":"waveform","metric":"MDC_ECG_LEAD_II","rate":500,"samples":[1,-2],"scale":0.001,"offset":0,"unit":"mV","channel":"1","deviceAt":"2026-04-01T00:00:00.000Z"}',
    ])
  })
})
