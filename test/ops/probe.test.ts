import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/codec/bytes.ts'
import { DRIVERS, driverOf } from '../../src/drivers.ts'
import { toolLimits } from '../../src/limits.ts'
import { type LineSetting, lineText, readLine } from '../../src/links/ports.ts'
import { type Attempt, type ProbeResult, asks, probe } from '../../src/ops/probe.ts'
import { listenedLines, usualLines } from '../../src/ops/serial-lines.ts'
import type { Composer } from '../../simulators/monitors/composer.ts'
import { createDraeger } from '../../simulators/monitors/draeger-medibus.ts'
import type { SimulatedDevice } from '../../simulators/monitors/device.ts'
import { createGeS5 } from '../../simulators/monitors/ge-s5.ts'
import { ivyComposer } from '../../simulators/monitors/ivy-450c.ts'
import { masimoLine } from '../../simulators/monitors/masimo-ascii.ts'
import { nellcorComposer } from '../../simulators/monitors/nellcor-ascii.ts'
import { noninComposer } from '../../simulators/monitors/nonin.ts'
import { createIntellivue } from '../../simulators/monitors/philips-intellivue.ts'
import { createPatient, type Moment } from '../../simulators/patients/patient.ts'
import { createWaves } from '../../simulators/patients/waves.ts'
import { type FakeClock, fakeClock } from '../fakes/clock.ts'

const START = Date.UTC(2026, 3, 1)
const MONITOR_TICK_MS = 100

function lineOf(text: string): LineSetting {
  const line = readLine(text)
  if (line === null) throw new Error(text)
  return line
}
const drivers = [...DRIVERS.values()].filter(({ transport }) => transport !== 'mqtt')
const listened = listenedLines(drivers.filter(({ transport }) => transport === 'serial'))
const ask = ['philips-intellivue', 'ge-s5', 'draeger-medibus'].flatMap((id) => usualLines({ id }).map((text) => ({ driver: driverOf(id), line: lineOf(text) })))

/** Bytes as they are heard at another speed or parity: no fewer, and none of them right. */
const garbled = (bytes: Uint8Array): Uint8Array => bytes.map((byte, index) => (Math.imul(byte + 7, 167) + index * 59) & 0xff)

type Cable = { readonly result: ProbeResult; readonly attempts: readonly Attempt[]; readonly tookMs: number; readonly said: number; readonly opened: number; readonly closed: number }

/** A device at the end of a cable that is set as `set` says, and a probe of it on a clock that stands still by itself. */
async function probed(device: SimulatedDevice, set: string, { mayAsk = true, isGone = false } = {}): Promise<Cable> {
  const clock: FakeClock = fakeClock()
  const patient = createPatient(7, 'bed-1', { name: 'stable', delayS: 0 })
  let moment: Moment = patient.next()
  let listener: ((bytes: Uint8Array) => void) | null = null
  let isRight = false
  const attempts: Attempt[] = []
  const counts = { said: 0, opened: 0, closed: 0 }
  const say = (pieces: readonly Uint8Array[]): void => {
    for (const piece of pieces) listener?.(isRight ? piece : garbled(piece))
  }
  const running = probe(
    {
      open: async (line, heard) => {
        if (isGone) return { kind: 'failed', why: 'it is not there' }
        counts.opened++
        listener = heard
        isRight = line !== null && lineText(line) === set
        return {
          kind: 'open',
          closed: new Promise(() => undefined),
          write: (bytes) => {
            counts.said += bytes.length
            say(device.hear(isRight ? bytes : garbled(bytes), clock.mono()))
          },
          close: async () => {
            counts.closed++
            listener = null
          },
        }
      },
      drivers, listen: listened.map(lineOf), ask: mayAsk ? ask : [], clock,
      tried: (attempt) => attempts.push(attempt),
    },
    new AbortController().signal,
  )
  let result: ProbeResult | null = null
  void running.then((done) => (result = done))
  for (let tick = 0; result === null && tick < 1_000; tick++) {
    if (tick % (1_000 / MONITOR_TICK_MS) === 0) moment = patient.next()
    say(device.tick(moment, clock.mono()))
    await clock.pass(MONITOR_TICK_MS)
  }
  return { result: await running, attempts, tookMs: clock.mono(), ...counts }
}

/** One that only talks, once a second. */
function talker(compose: (moment: Moment, atMs: number) => { readonly bytes: Uint8Array }): SimulatedDevice {
  let saidAt = 0
  return {
    hear: () => [],
    tick(moment, atMs) {
      if (atMs - saidAt < 1_000) return []
      saidAt = atMs
      return [compose(moment, START + atMs).bytes]
    },
  }
}

const waves = createWaves(7)
const ASCII = new TextEncoder()
const masimo = (): SimulatedDevice => talker(({ signs }, at) => ({ bytes: ASCII.encode(masimoLine(signs, at, { device: 'm', model: 'radical-7' })) }))
const composed = (composer: Composer): SimulatedDevice => talker((moment, at) => composer.compose(moment, at))
const intellivue = (): SimulatedDevice => createIntellivue({ device: 'm', framing: 'rs232', startedAt: START, patient: null })
const s5 = (): SimulatedDevice => createGeS5({ name: 'g', level: 9, tellsCuffTime: false, waves, clock: (ms) => START + ms })
const evita = (): SimulatedDevice => createDraeger({ waves, clock: (ms) => START + ms })

describe('a probe', () => {
  it.each([
    ['masimo-ascii', '9600 8N1', masimo()],
    ['masimo-ascii', '19200 8N1', masimo()],
    ['masimo-ascii', '57600 8N1', masimo()],
    ['nellcor-ascii', '9600 8N1', composed(nellcorComposer('n', 'n-595'))],
    ['nonin', '9600 8N1', composed(noninComposer('x', 'format-7', waves))],
    ['ivy-450c', '4800 8N1', composed(ivyComposer('i', waves))],
    ['philips-intellivue', '115200 8N1', intellivue()],
    ['ge-s5', '19200 8E1', s5()],
    ['ge-s5', '115200 8E1', s5()],
    ['draeger-medibus', '19200 8E1', evita()],
    ['draeger-medibus', '38400 8N1', evita()],
  ])('names %s at %s in less than 30 s, and closes what it opened', async (id, set, device) => {
    const { result, tookMs, opened, closed } = await probed(device, set)
    expect(result).toMatchObject({ kind: 'found', line: lineOf(set), guessed: { driver: { id } } })
    expect(result.kind === 'found' && result.guessed.sureness).toBeGreaterThan(0.6)
    expect(tookMs).toBeLessThan(30_000)
    expect(opened).toBe(closed)
  })

  it('tells those that talk from those that must be asked without a word', async () => {
    const { result, said } = await probed(masimo(), '9600 8N1')
    expect([result.kind, said]).toEqual(['found', 0])
    const silent = await probed(s5(), '19200 8E1', { mayAsk: false })
    expect([silent.result, silent.said]).toEqual([{ kind: 'nothing', bytes: 0 }, 0])
  })

  it('of a device that nobody speaks to says how much it heard, in time', async () => {
    const stranger = talker(() => ({ bytes: utf8('$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9*47\r\n') }))
    const { result, tookMs } = await probed(stranger, '9600 8N1')
    expect(result).toEqual({ kind: 'nothing', bytes: expect.any(Number) })
    expect(result.kind === 'nothing' && result.bytes).toBeGreaterThan(100)
    expect(tookMs).toBeLessThan(30_000)
  })

  it('of nothing at all tries everything it has, one after the other, and ends', async () => {
    const { result, attempts, tookMs } = await probed({ hear: () => [], tick: () => [] }, '9600 8N1')
    expect(result).toEqual({ kind: 'nothing', bytes: 0 })
    const asked = attempts.flatMap(({ asked: driver, line }) => (driver === null || line === null ? [] : [`${driver.id} ${lineText(line)}`]))
    expect(asked).toEqual(ask.map(({ driver, line }) => `${driver.id} ${lineText(line)}`))
    expect(tookMs).toBeLessThanOrEqual(toolLimits.probeMs + MONITOR_TICK_MS)
  })

  it('of a port that cannot be opened says why, at once', async () => {
    const { result, tookMs } = await probed(masimo(), '9600 8N1', { isGone: true })
    expect(result).toEqual({ kind: 'failed', why: 'it is not there' })
    expect(tookMs).toBeLessThanOrEqual(MONITOR_TICK_MS)
  })
})

describe('drivers that ask', () => {
  it('are those whose device is silent', () => {
    const now = fakeClock().mono()
    expect(drivers.filter((driver) => asks(driver, now)).map(({ id }) => id)).toEqual(expect.arrayContaining(['draeger-medibus', 'ge-s5', 'mindray-pds', 'philips-intellivue']))
    for (const id of ['masimo-ascii', 'nonin', 'hl7', 'astm']) expect(asks(driverOf(id), now)).toBe(false)
  })

  it('have lines to be tried that can be set', () => {
    for (const text of [...listened, ...drivers.flatMap(usualLines)]) expect(lineText(lineOf(text))).toBe(text)
  })

  it('are listened to at every line that they may have, the likeliest first, each once, in the time there is', () => {
    const serial = drivers.filter(({ transport }) => transport === 'serial')
    for (const driver of serial) {
      expect(listened).toEqual(expect.arrayContaining([...usualLines(driver)]))
    }
    expect(listened.slice(0, 3)).toEqual(['9600 8N1', '9600 8E1', '9600 7E1'])
    for (const [index, line] of listened.entries()) if (line.endsWith('8N1')) expect(listened.findIndex((other) => other.split(' ')[0] === line.split(' ')[0])).toBe(index)
    expect(new Set(listened).size).toBe(listened.length)
    expect(listened.length * toolLimits.probeListenMs).toBeLessThan(toolLimits.probeMs)
  })
})
