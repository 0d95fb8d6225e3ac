import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { acknowledgementReader, mllpWire } from '../../../simulators/monitors/mllp.ts'
import type { Outgoing, Wire } from '../../../simulators/monitors/wire.ts'
import { simulatorLimits } from '../../../src/limits.ts'
import { type Answer, controlIdOf, fakeGateway, type FakeGateway, until } from '../fake-gateway.ts'

const message = (id: string): Outgoing => ({ id, bytes: new TextEncoder().encode(`MSH|^~\\&|m||||20260101||ORU^R01^ORU_R01|${id}|P|2.6\rOBX|1|NM|x||1\r`), values: [{ metric: 'x', value: Number(id) }] })

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type Bench = { readonly wire: Wire; readonly gateway: FakeGateway; readonly settled: string[]; readonly notes: string[] }

/** Patient, so that a busy machine is not mistaken for a silent gateway. */
const PATIENT_MS = 20_000
const IMPATIENT_MS = 150

function start(port: number, settled: string[], notes: string[], timeoutMs: number): Wire {
  const stop = new AbortController()
  const wire = mllpWire({ host: '127.0.0.1', port, name: 'm', timeoutMs }, { note: (line) => void notes.push(line), settled: ({ id }, how) => void settled.push(`${id} ${how}`) })
  const running = wire.run(stop.signal)
  closing.push(() => {
    stop.abort()
    return running
  })
  return wire
}

async function bench(answer?: (text: string, nth: number) => Answer, timeoutMs = PATIENT_MS): Promise<Bench> {
  const gateway = await fakeGateway(answer)
  closing.push(gateway.close)
  const settled: string[] = []
  const notes: string[] = []
  return { wire: start(gateway.port, settled, notes, timeoutMs), gateway, settled, notes }
}

describe('an MLLP sender', () => {
  it('sends in order, one after the acknowledgement of the other', async () => {
    const { wire, gateway, settled } = await bench((_, nth) => (nth % 2 === 0 ? 'AA' : 'CA'))
    for (const id of ['1', '2', '3', '4']) wire.offer(message(id))
    await until(() => settled.length === 4)
    expect(settled).toEqual(['1 acknowledged', '2 acknowledged', '3 acknowledged', '4 acknowledged'])
    expect(gateway.frames.map(controlIdOf)).toEqual(['1', '2', '3', '4'])
  })

  it('sends the same bytes again when no answer comes', async () => {
    const { wire, gateway, settled, notes } = await bench((_, nth) => (nth < 3 ? null : 'AA'), IMPATIENT_MS)
    wire.offer(message('1'))
    await until(() => settled.length === 1)
    expect(gateway.frames.length).toBeGreaterThanOrEqual(3)
    expect(new Set(gateway.frames).size).toBe(1)
    expect(gateway.connections()).toBe(1)
    expect(notes.some((line) => line.includes('no answer to message 1'))).toBe(true)
  })

  it('sends the same bytes again on the next connection when the line is lost', async () => {
    const { wire, gateway, settled } = await bench((_, nth) => (nth === 1 ? 'hang-up' : 'AA'))
    wire.offer(message('1'))
    await until(() => settled.length === 1)
    expect(gateway.frames).toHaveLength(2)
    expect(new Set(gateway.frames).size).toBe(1)
    expect(gateway.connections()).toBe(2)
  })

  it('takes no answer that is meant for another message', async () => {
    const { wire, gateway, settled } = await bench((_, nth) => (nth === 1 ? 'other-id' : 'AA'), IMPATIENT_MS)
    wire.offer(message('1'))
    await until(() => settled.length === 1)
    expect(gateway.frames.length).toBeGreaterThanOrEqual(2)
  })

  it('tries later what the gateway cannot take now, and gives up what it will never take', async () => {
    const { wire, gateway, settled } = await bench((text, nth) => (nth === 1 ? 'AE' : controlIdOf(text) === '2' ? 'AR' : 'AA'))
    for (const id of ['1', '2', '3']) wire.offer(message(id))
    await until(() => settled.length === 3)
    expect(settled).toEqual(['1 acknowledged', '2 refused', '3 acknowledged'])
    expect(gateway.frames.map(controlIdOf)).toEqual(['1', '1', '2', '3'])
  })

  it('keeps what it measured while the cable is out, and empties its memory in order afterwards', async () => {
    const { wire, gateway, settled } = await bench()
    wire.offer(message('1'))
    await until(() => settled.length === 1)
    wire.plug('pulled')
    for (const id of ['2', '3']) wire.offer(message(id))
    expect(gateway.frames).toHaveLength(1)
    wire.plug('plugged')
    await until(() => settled.length === 3)
    expect(gateway.frames.map(controlIdOf)).toEqual(['1', '2', '3'])
    expect(gateway.connections()).toBe(2)
  })

  it('forgets what it measured when the power goes, and takes nothing until it is back', async () => {
    const { wire, gateway, settled } = await bench((text) => (controlIdOf(text) === '1' ? null : 'AA'))
    wire.offer(message('1'))
    await gateway.frame(1)
    wire.plug('dead')
    expect(wire.offer(message('2'))).toBe(false)
    wire.plug('plugged')
    wire.offer(message('3'))
    await until(() => settled.length === 1)
    expect(settled).toEqual(['3 acknowledged'])
    expect(gateway.connections()).toBe(2)
  })

  it('holds no more than its bound: the oldest stay, the newest is lost', () => {
    const wire = mllpWire({ host: '127.0.0.1', port: 1, name: 'm' }, { note: () => undefined, settled: () => undefined })
    const kept = Array.from({ length: simulatorLimits.unacknowledgedMessagesMax + 1 }, (_, index) => wire.offer(message(String(index))))
    expect(kept.slice(0, -1).every(Boolean)).toBe(true)
    expect(kept.at(-1)).toBe(false)
  })

  it('says once that a gateway is away, keeps trying, and delivers when it comes', async () => {
    const gone = await fakeGateway()
    await gone.close()
    const settled: string[] = []
    const notes: string[] = []
    const wire = start(gone.port, settled, notes, PATIENT_MS)
    wire.offer(message('1'))
    await until(() => notes.length > 0)
    const gateway = await fakeGateway(undefined, gone.port)
    closing.push(gateway.close)
    await until(() => settled.length === 1)
    expect(notes.filter((line) => line.includes('does not answer'))).toHaveLength(1)
  })
})

describe('the reader of acknowledgements', () => {
  const frame = (text: string): number[] => [0x0b, ...new TextEncoder().encode(text), 0x1c, 0x0d]

  it('finds each answer however the bytes are cut', () => {
    const whole = [...frame('MSH|x\rMSA|AA|1\r'), 1, 2, 3, ...frame('MSH|x\nMSA|CE|two|text\n'), ...frame('MSH|only\r')]
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 10 }), (cuts) => {
        const read = acknowledgementReader()
        const places = [0, ...cuts.sort((one, other) => one - other), whole.length]
        const found = places.slice(1).flatMap((end, index) => read(Uint8Array.from(whole.slice(places[index], end))))
        expect(found).toEqual([{ code: 'AA', controlId: '1' }, { code: 'CE', controlId: 'two' }])
      }),
    )
  })

  it('survives an answer that never ends, and reads the next', () => {
    const read = acknowledgementReader()
    read(new Uint8Array(simulatorLimits.acknowledgementBytesMax + 1).fill(65))
    expect(read(Uint8Array.from(frame('MSH|x\rMSA|AA|1\r')))).toEqual([{ code: 'AA', controlId: '1' }])
  })
})
