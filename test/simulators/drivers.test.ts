import { describe, expect, it } from 'vitest'
import hl7 from '../../drivers/hl7/driver.ts'
import masimo from '../../drivers/masimo-ascii/driver.ts'
import mqttJson from '../../drivers/mqtt-json/driver.ts'
import { createBedside } from '../../simulators/monitors/bedside.ts'
import type { BedPlan, Transport } from '../../simulators/monitors/plan.ts'
import { SCENARIO_NAMES } from '../../simulators/patients/scenarios.ts'
import type { Reading } from '../../src/domain/reading.ts'
import { monoMs } from '../../src/domain/time.ts'
import type { Driver, Frame } from '../../src/seams.ts'

const START = Date.UTC(2026, 0, 1)
const NOW = monoMs(0)

type Case = readonly [name: string, driver: Driver, transport: Transport, frame: (bytes: Uint8Array) => Uint8Array]
const mllp = (bytes: Uint8Array): Uint8Array => Buffer.concat([Buffer.from([0x0b]), bytes, Buffer.from([0x1c, 0x0d])])
const asItIs = (bytes: Uint8Array): Uint8Array => bytes
const CASES: readonly Case[] = [
  ['an HL7 monitor that wants accept acknowledgements', hl7, { kind: 'hl7', host: 'x', port: 1, style: 'accept' }, mllp],
  ['an HL7 monitor that wants application acknowledgements', hl7, { kind: 'hl7', host: 'x', port: 1, style: 'application' }, mllp],
  ['a Radical-7', masimo, { kind: 'serial', link: 'x', model: 'radical-7' }, asItIs],
  ['a Rad-8', masimo, { kind: 'serial', link: 'x', model: 'rad-8' }, asItIs],
  ['an MQTT module', mqttJson, { kind: 'mqtt', url: 'x', username: 'x', password: 'x' }, asItIs],
]

type Good = Extract<Frame, { kind: 'good' }>
const measuredOf = (readings: readonly Reading[]): readonly string[] =>
  readings.flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [`${metric.id} ${measurement.value}`] : [])).sort()

// The two sides share no code, so what they agree on here was agreed on by two readings of the same public documents.
describe.each(CASES)('%s', (_, driver, transport, frame) => {
  it.each(SCENARIO_NAMES)('is understood by its driver, value for value, through %s', (scenario) => {
    const plan: BedPlan = { bed: 'bed-1', device: 'monitor-1', scenario: `${scenario}@30`, patient: { mrn: 'DEMO-1', name: 'Ada Ash' }, transport }
    const bedside = createBedside(17, plan, START)
    const session = driver.open({})
    let partial = 0
    for (let second = 0; second < 420; second++) {
      const { moment, message } = bedside.next(START + second * 1_000)
      if (message === null) continue
      const { frames } = session.receive(frame(message.bytes), NOW)
      const good = frames.filter((found): found is Good => found.kind === 'good')
      if (good.length === 0) {
        expect(message.values, JSON.stringify(frames)).toEqual([])
        partial++
        continue
      }
      expect(good).toHaveLength(1)
      expect(good[0]?.faults).toEqual([])
      // Measured when the monitor measured it, a cuff at its own earlier time; a clock that is not set yet is another matter.
      if (scenario !== 'monitor-rebooted') {
        const times = new Set([second, moment.signs.cuff?.second ?? second].map((at) => START + at * 1_000))
        expect(good[0]?.readings.filter(({ deviceAt }) => deviceAt === null || !times.has(deviceAt))).toEqual([])
      }
      expect(measuredOf(good[0]?.readings ?? [])).toEqual(message.values.map(({ metric, value }) => `${metric} ${value}`).sort())
    }
    // A serial line is heard from the middle of a line once at the start and after each replug or restart.
    expect(partial).toBeLessThanOrEqual(transport.kind === 'serial' ? 2 : 0)
  })
})
