import { describe, expect, it } from 'vitest'
import { bedId, deviceId } from '../../src/domain/ids.ts'
import { correct } from '../../src/domain/observation.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import hl7 from '../../drivers/hl7/driver.ts'
import masimo from '../../drivers/masimo-ascii/driver.ts'
import mqttJson from '../../drivers/mqtt-json/driver.ts'
import type { Driver } from '../../src/seams.ts'
import { type Holdings, Ledger, type ProveDevice, compareValues, judge } from './oracle.ts'
import { foundIn, hl7Message, jsonMessage, serialLine } from './payload.ts'

const device: ProveDevice = { id: 'mllp-1', transport: 'mllp', bed: 'bed-1' }
const NOW = wallMs(Date.UTC(2026, 5, 1))

const holding = (ids: readonly number[], more: Partial<Holdings> = {}): Holdings => ({
  rows: new Map(ids.map((id) => [id, 1])),
  devices: new Map(ids.map((id) => [id, device.id])),
  corrupted: 0,
  damaged: 0,
  values: new Map(),
  ...more,
})

/** Three messages: the first acknowledged, the second refused, the third unanswered. */
function ledger(): Ledger {
  const issued = new Ledger()
  for (let id = 1; id <= 3; id++) issued.issue(device)
  issued.accepted(1)
  issued.refused(2)
  return issued
}

describe('the oracle', () => {
  it('is content when all that was acknowledged is there once; what was not acknowledged may be there or not', () => {
    expect(judge(ledger(), holding([1])).conserved).toBe(true)
    expect(judge(ledger(), holding([1, 2, 3]))).toMatchObject({ conserved: true, issued: 3, accepted: 1, delivered: 3 })
  })

  it.each([
    ['acknowledged and not there', holding([2, 3]), { missing: 1 }],
    ['there and never issued', holding([1, 4]), { spurious: 1 }],
    ['there under another name', holding([1], { devices: new Map([[1, 'mllp-2']]) }), { spurious: 1 }],
    ['there twice', holding([1], { rows: new Map([[1, 2]]) }), { duplicated: 1 }],
    ['there and changed', holding([1], { corrupted: 1 }), { corrupted: 1 }],
    ['there and damaged', holding([1], { damaged: 1 }), { corrupted: 1 }],
  ])('sees a message that is %s', (_name, holdings, seen) => {
    expect(judge(ledger(), holdings)).toMatchObject({ ...seen, conserved: false })
  })

  it('sees an answer that belongs to no message', () => {
    const issued = ledger()
    issued.strayAnswers++
    expect(judge(issued, holding([1])).conserved).toBe(false)
  })

  it('keeps a message acknowledged that was refused by a late answer', () => {
    const issued = ledger()
    issued.refused(1)
    expect(issued.get(1)?.fate).toBe('accepted')
  })

  it('tells what central lacks from what it has too often', () => {
    const ours = new Map([['a', new Map([[1, 2], [2, 1]])]])
    const central = new Map([['a', new Map([[1, 1], [2, 2]])], ['b', new Map([[3, 1]])]])
    expect(compareValues(ours, ours)).toEqual({ values: 3, missing: 0, extra: 0 })
    expect(compareValues(ours, central)).toEqual({ values: 3, missing: 1, extra: 2 })
  })
})

describe('a numbered message', () => {
  /** As a gateway would store it. */
  function stored(driver: Driver, bytes: Uint8Array) {
    const session = driver.open({ zone: 'UTC' })
    const frames = [...session.receive(bytes, monoMs(0)).frames, ...session.end(monoMs(0)).frames]
    const [frame] = frames
    if (frame?.kind !== 'good' || frames.length !== 1) throw new Error(JSON.stringify(frames))
    expect(frame.faults).toEqual([])
    const observations = frame.readings.map((reading) => ({ ...reading, ...correct({ receivedAt: NOW, sentAt: frame.sentAt, deviceAt: reading.deviceAt }) }))
    return { device: deviceId('d'), bed: bedId('b'), stay: null, receivedAt: NOW, at: monoMs(0), sentAt: frame.sentAt, observations }
  }

  it.each([1, 77, 1_000, 123_457, 8_388_608, 99_999_999])('%i is read back from what each driver makes of it', (id) => {
    expect(foundIn(stored(hl7, hl7Message('mllp-1', id)))).toEqual({ id, intact: true })
    expect(foundIn(stored(mqttJson, Buffer.from(jsonMessage(id))))).toEqual({ id, intact: true })
    expect(foundIn(stored(masimo, serialLine(id)))).toEqual({ id, intact: true })
  })

  it('is known as changed when one of its values is', () => {
    const snapshot = stored(hl7, hl7Message('mllp-1', 5))
    const [first, second] = snapshot.observations
    if (!first || !second) throw new Error('two values')
    expect(foundIn({ ...snapshot, observations: [first, { ...second, measurement: { kind: 'measured', value: 1 } }] })).toEqual({ id: 5, intact: false })
    expect(foundIn({ ...snapshot, observations: [first] })).toEqual({ id: 5, intact: false })
    expect(foundIn({ ...snapshot, sentAt: NOW })).toEqual({ id: 5, intact: false })
  })
})
