import { afterEach, describe, expect, it } from 'vitest'
import { demoWard, type DemoAddresses } from '../../simulators/demo-ward.ts'
import { type IssuedValue, parseWardPlan, runWard, type WardPlan } from '../../simulators/ward.ts'
import { createPatient } from '../../simulators/patients/patient.ts'
import { parseScenario } from '../../simulators/patients/scenarios.ts'
import { simulatorLimits } from '../../src/limits.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import type { Clock } from '../../src/seams.ts'
import { freePort } from '../free-port.ts'
import { controlIdOf, fakeGateway, type FakeGateway, until } from './fake-gateway.ts'

const START = Date.UTC(2026, 0, 1)

/** A ward clock that begins at one instant, runs as fast as it is told, and stands but for the sleeps of the ward: however late this process gets a processor. */
function fastClock(speed: number): Clock {
  let passed = 0
  return {
    wall: () => wallMs(START + passed),
    mono: () => monoMs(passed),
    sleep: (ms, stop) =>
      new Promise((resolve) => {
        const wake = (): void => {
          passed += ms
          clearTimeout(timer)
          resolve()
        }
        const timer = setTimeout(wake, ms / speed)
        stop.addEventListener('abort', wake, { once: true })
      }),
  }
}

const plan = (port: number, beds = 2, scenario = 'stable'): WardPlan => ({
  seed: 5,
  beds: Array.from({ length: beds }, (_, index) => ({
    bed: `bed-${index + 1}`, device: `monitor-${index + 1}`, scenario, patient: null, transport: { kind: 'hl7', host: '127.0.0.1', port, style: index % 2 === 0 ? 'accept' : 'application' },
  })),
})

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type Running = { readonly issued: IssuedValue[]; readonly notes: string[]; readonly stop: () => Promise<void> }

function start(what: WardPlan, speed: number): Running {
  const stopper = new AbortController()
  const issued: IssuedValue[] = []
  const notes: string[] = []
  const running = runWard(what, { clock: fastClock(speed), stop: stopper.signal, note: (line) => void notes.push(line), issued: (record) => void issued.push(record) })
  const stop = (): Promise<void> => {
    stopper.abort()
    return running
  }
  closing.push(stop)
  return { issued, notes, stop }
}

async function gateway(): Promise<FakeGateway> {
  const made = await fakeGateway()
  closing.push(made.close)
  return made
}

const deviceOf = (frame: string): string => frame.split('|')[2]?.split('^')[0] ?? ''
const framesOf = ({ frames }: FakeGateway, device: string, count: number): readonly string[] => frames.filter((frame) => deviceOf(frame) === device).slice(0, count)

describe('a ward', () => {
  it('sends the same bytes at any speed', async () => {
    const slow = await gateway()
    const fast = await gateway()
    start(plan(slow.port), 20)
    start(plan(fast.port), 400)
    await Promise.all([slow.frame(40), fast.frame(40)])
    for (const device of ['monitor-1', 'monitor-2']) {
      const frames = framesOf(slow, device, 15)
      expect(frames).toHaveLength(15)
      expect(framesOf(fast, device, 15)).toEqual(frames)
    }
  })

  it('reports exactly the values that were acknowledged', async () => {
    const there = await gateway()
    const { issued, stop } = start(plan(there.port), 100)
    await there.frame(20)
    await stop()
    const sent = there.frames.flatMap((frame) =>
      frame.split('\r').map((line) => line.split('|')).filter(([name, , type, , , value]) => name === 'OBX' && type === 'NM' && value !== '')
        .map((fields) => ({ device: deviceOf(frame), metric: fields[3]?.split('^')[1], value: Number(fields[5]), messageId: controlIdOf(frame) })),
    )
    const keys = (records: readonly { readonly device: string; readonly metric: string | undefined; readonly value: number; readonly messageId: string }[]): string[] => records.map((record) => `${record.device} ${record.metric} ${record.value} ${record.messageId}`).sort()
    const unacknowledged = sent.length - issued.length
    // At most one message of each of the two monitors was on its way when the ward was stopped.
    expect(unacknowledged).toBeLessThanOrEqual(2 * 12)
    expect(keys(sent)).toEqual(expect.arrayContaining(keys(issued)))
    expect(new Set(keys(issued)).size).toBe(issued.length)
  })

  it('lives without a gateway, says so once for each monitor, and stops when told', async () => {
    const { notes, issued, stop } = start(plan(await freePort(), 3), 100)
    await until(() => notes.length === 3)
    await stop()
    expect(issued).toEqual([])
    expect(notes.every((line) => line.includes('does not answer'))).toBe(true)
  })

  it('says when something begins', async () => {
    const there = await gateway()
    const { notes } = start(plan(there.port, 1, 'asystole@3'), 100)
    await until(() => notes.some((line) => line === 'bed-1: now begins: asystole'))
  })

  it('cuts the connection of a monitor that restarts, which then counts from 1', async () => {
    const there = await gateway()
    start(plan(there.port, 1, 'monitor-rebooted@10'), 60)
    const afterRestart = (): readonly string[] => there.frames.map(controlIdOf).slice(there.frames.map(controlIdOf).lastIndexOf('1'))
    // However late this process gets a processor: two connections, and two messages in the second.
    await until(() => there.connections() === 2 && afterRestart().length < there.frames.length && afterRestart().length >= 2)
    expect(afterRestart().slice(0, 2)).toEqual(['1', '2'])
  })
})

/** A clock that a test moves by hand; its sleep is one turn of the event loop. */
function handClock(): { readonly clock: Clock; readonly move: (by: { readonly monoMs?: number; readonly wallMs?: number }) => void } {
  let mono = 0
  let wall = START
  return {
    clock: { wall: () => wallMs(wall), mono: () => monoMs(mono), sleep: () => new Promise((resolve) => setImmediate(resolve)) },
    move(by) {
      mono += by.monoMs ?? 0
      wall += by.wallMs ?? by.monoMs ?? 0
    },
  }
}

describe('a ward whose machine stalls', () => {
  type Move = ReturnType<typeof handClock>['move']
  async function running(scenario = 'stable', noted: (line: string, move: Move) => void = () => undefined): Promise<{ readonly there: FakeGateway; readonly notes: string[]; readonly move: Move }> {
    const there = await gateway()
    const { clock, move } = handClock()
    const stopper = new AbortController()
    const notes: string[] = []
    const note = (line: string): void => {
      notes.push(line)
      noted(line, move)
    }
    const ended = runWard(plan(there.port, 1, scenario), { clock, stop: stopper.signal, note })
    closing.push(() => {
      stopper.abort()
      return ended
    })
    return { there, notes, move }
  }

  it('makes up for all of it, more than the bound of one go, second by second', async () => {
    const { there, move } = await running()
    const seconds = 2 * simulatorLimits.catchUpTicksMax + 1
    move({ monoMs: seconds * 1_000 })
    await there.frame(Math.floor(seconds / 2))
    const ids = there.frames.map(controlIdOf).map(Number)
    expect(ids).toEqual(ids.map((_, index) => index + 1))
    expect(there.frames.at(-1)).toMatch(/\|20260101000(359|400)\./)
  })

  it('in the middle of a second makes up for it too: no clock was set', async () => {
    const { there, notes, move } = await running('asystole@3', (line, by) => line.includes('begins') && by({ monoMs: 6_000 }))
    move({ monoMs: 4_000 })
    await there.frame(5)
    expect(there.frames.map(controlIdOf).map(Number)).toEqual(there.frames.map((_, index) => index + 1))
    expect(notes.filter((line) => line.includes('was set'))).toEqual([])
  })

  it('follows a clock that was set, and says so', async () => {
    const { there, notes, move } = await running()
    move({ monoMs: 4_000 })
    await there.frame(2)
    move({ wallMs: 3_600_000 })
    await until(() => notes.some((line) => line.includes('was set')))
    const before = there.frames.length
    move({ monoMs: 4_000 })
    await there.frame(before + 2)
    expect(there.frames.at(-1)).toContain('|2026010101000')
  })
})

const ADDRESSES: Omit<DemoAddresses, 'size'> = {
  seed: 1, hl7: { host: '127.0.0.1', port: 2575 }, mqtt: { url: 'mqtt://127.0.0.1:1883', passwordOf: (device) => `secret-${device}` },
  intellivue: { host: '127.0.0.1', port: 24_105 }, pds: { host: '127.0.0.1', port: 4_600, ownPort: 4_601 }, serialFolder: '/tmp/tty', registryPort: 2_576, tcpPortOf: () => 4_000,
}

describe("the demo's ward", () => {
  const demo = demoWard({ ...ADDRESSES, size: 'small' })
  const full = demoWard({ ...ADDRESSES, size: 'full' })

  it('is a valid plan of 12 beds on three transports, after JSON too', () => {
    expect(parseWardPlan(JSON.parse(JSON.stringify(demo)))).toEqual({ kind: 'plan', plan: demo })
    expect(demo.beds.map(({ bed }) => bed)).toEqual(Array.from({ length: 12 }, (_, index) => `bed-${index + 1}`))
    const kinds = demo.beds.map(({ transport }) => transport.kind)
    expect([kinds.filter((kind) => kind === 'hl7').length, kinds.filter((kind) => kind === 'mqtt').length, kinds.filter((kind) => kind === 'serial').length]).toEqual([5, 4, 3])
  })

  it('has both acknowledgement modes, and no patient who exists', () => {
    expect(new Set(demo.beds.map(({ transport }) => (transport.kind === 'hl7' ? transport.style : null)))).toEqual(new Set(['accept', 'application', null]))
    for (const { patient } of full.beds) expect(patient?.mrn).toMatch(/^DEMO-\d{4}$/)
  })

  it('is the beginning of the full ward, which is a valid plan too', () => {
    expect(parseWardPlan(JSON.parse(JSON.stringify(full)))).toEqual({ kind: 'plan', plan: full })
    const patients = ({ beds }: WardPlan) => beds.slice(0, 12).map(({ bed, device, scenario, patient }) => ({ bed, device, scenario, patient }))
    expect(patients(full)).toEqual(patients(demo))
    // Beside what more there is: monitors that tell their own alarms in both ways, one that must be asked, the other speech over MQTT, and a registry.
    const differ = full.beds.slice(0, 12).flatMap(({ transport }, place) => (JSON.stringify(transport) === JSON.stringify(demo.beds[place]?.transport) ? [] : [transport]))
    expect(differ).toMatchObject([{ alarms: 'first' }, { alarms: 'own' }, { model: 'efficia' }, { speaks: 'teleicu' }])
    const registry = { ...ADDRESSES.hl7, guests: { bed: 'bed-10', stayS: 180, emptyS: 0 } }
    expect([demo.registry, full.registry]).toEqual([{ ...registry, admits: 'guests' }, { ...registry, admits: 'everybody', ownPort: 2_576 }])
    expect(full.beds.length).toBeGreaterThan(20)
  })

  it('shows a newcomer a patient who is in danger within 75 seconds, with any seed', () => {
    const quick = demo.beds.find(({ scenario }) => scenario === 'desaturation')
    const scenario = parseScenario(quick?.scenario ?? '')
    if (quick === undefined || scenario === null) throw new Error('no quick deterioration in the demo')
    for (let seed = 0; seed < 50; seed++) {
      const patient = createPatient(seed, quick.bed, scenario)
      let saturation = 100
      for (let second = 0; second <= 75; second++) {
        const sign = patient.next().signs.saturation
        if (sign.kind === 'value') saturation = sign.value
      }
      expect(saturation).toBeLessThan(88)
    }
  })
})
