import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import { pumpLimits, storeLimits } from '../../src/limits.ts'
import { Names } from '../../src/store/names.ts'
import { unpackReadings } from '../../src/store/packed.ts'
import { decodeTick, encodeTick } from '../../src/store/tick-codec.ts'
import { wallMs } from '../../src/domain/time.ts'
import { START, acknowledged, anySnapshot, frame, gatewayEvent, heartRate, phase, snapshot, stay, tick } from './fixture.ts'

const noNames = (): Names => new Names({ streams: [], series: [], lastStream: 0, lastSeries: 0 })

describe('an encoded tick', () => {
  it('carries every snapshot, with the names that it needs', () => {
    fc.assert(
      fc.property(fc.array(anySnapshot, { maxLength: 8 }), (snapshots) => {
        const decoded = decodeTick(encodeTick(tick({ snapshots }), noNames()))
        const streams = new Map(decoded.names.streams.map(({ id, ...name }) => [id, name]))
        const series = new Map(decoded.names.series.map((name) => [name.id, name]))
        expect(decoded.snapshots).toHaveLength(snapshots.length)
        for (const [place, encoded] of decoded.snapshots.entries()) {
          const original = snapshots[place]
          if (!original) throw new Error('no such snapshot')
          expect(streams.get(encoded.stream)).toEqual({ device: original.device, bed: original.bed, stay: original.stay })
          expect([encoded.receivedAt, encoded.sentAt]).toStrictEqual([original.receivedAt, original.sentAt])
          const times = { receivedAt: wallMs(encoded.receivedAt), sentAt: encoded.sentAt === null ? null : wallMs(encoded.sentAt) }
          const readings = unpackReadings(encoded.readings, times)
          expect(readings.map((reading) => [series.get(reading.series)?.metric, series.get(reading.series)?.channel, reading.measurement])).toStrictEqual(
            original.observations.map(({ metric, channel, measurement }) => [metric.id, channel, measurement]),
          )
        }
      }),
      { numRuns: 100 },
    )
  })

  it('carries events, stays, messages and frames', () => {
    const whole = tick({
      events: [phase('alert-1', 'active'), acknowledged('alert-1', 'anna'), phase('alert-1', 'inactive'), gatewayEvent('started')],
      stays: [stay('stay-1')],
      messages: [{ device: deviceId('monitor-1'), slot: 3, id: 'MSG-1', hash: 123_456_789 }],
      quarantined: [frame('no MSH'), frame('no PID', { device: null, bytes: new Uint8Array() })],
    })
    const decoded = decodeTick(encodeTick(whole, noNames()))
    expect(decoded.events.map(({ kind, alertId, opens }) => [kind, alertId, opens])).toEqual([
      ['alert', 'alert-1', true], ['alert', 'alert-1', null], ['alert', 'alert-1', false], ['gateway', null, null],
    ])
    expect(decoded.stays).toEqual(whole.stays)
    expect(decoded.messages).toEqual(whole.messages)
    const frames = decoded.quarantined.map(({ device, why, length, bytes }) => [device, why, length, [...bytes]])
    expect(frames).toEqual([['monitor-1', 'no MSH', 3, [77, 83, 72]], ['', 'no PID', 0, []]])
  })

  it('keeps of a frame no more than the bound, and says how long it was', () => {
    const bytes = new Uint8Array(pumpLimits.quarantinedFrameBytesMax + 1).fill(7)
    const [kept] = decodeTick(encodeTick(tick({ quarantined: [frame('too long', { bytes })] }), noNames())).quarantined
    expect([kept?.length, kept?.bytes.length]).toEqual([pumpLimits.quarantinedFrameBytesMax + 1, pumpLimits.quarantinedFrameBytesMax])
  })
})

describe('names', () => {
  it('are sent once, after they were on their way', () => {
    const names = noNames()
    const first = decodeTick(encodeTick(tick({ snapshots: [snapshot()] }), names))
    const again = decodeTick(encodeTick(tick({ snapshots: [snapshot()] }), names))
    expect([first.names.streams.length, first.names.series.length]).toEqual([1, 12])
    expect(again.names).toEqual(first.names)
    names.sent()
    const later = decodeTick(encodeTick(tick({ snapshots: [snapshot({ receivedAt: START + 1_000 })] }), names))
    expect(later.names).toEqual({ streams: [], series: [] })
    expect(later.snapshots[0]?.stream).toBe(first.snapshots[0]?.stream)
  })

  it('tell another stay in the same bed apart, and know the first one again', () => {
    const names = noNames()
    const streamOf = (stayId: string): number => names.streamOf(heartRate(80, { stay: stayId }))
    const [first, second, third] = [streamOf('stay-1'), streamOf('stay-2'), streamOf('stay-1')]
    expect(second).not.toBe(first)
    expect(third).toBe(first)
  })

  it('that the store knows keep their numbers', () => {
    const names = new Names({
      streams: [{ id: 7, device: 'monitor-1', bed: 'bed-1', stay: 'stay-1' }],
      series: [{ id: 9, metric: 'MDC_ECG_HEART_RATE', channel: '', unit: '/min' }],
      lastStream: 12,
      lastSeries: 20,
    })
    const known = heartRate(80)
    expect([names.streamOf(known), ...known.observations.map((observation) => names.seriesOf(observation))]).toEqual([7, 9])
    const fresh = snapshot({ device: 'monitor-2', values: [['MDC_RESP_RATE', 12]] })
    expect([names.streamOf(fresh), ...fresh.observations.map((observation) => names.seriesOf(observation))]).toEqual([13, 21])
  })

  it('of a metric whose unit was changed since are new ones', () => {
    const names = new Names({ streams: [], series: [{ id: 1, metric: 'MDC_ECG_HEART_RATE', channel: '', unit: 'Hz' }], lastStream: 0, lastSeries: 1 })
    expect(heartRate(80).observations.map((observation) => names.seriesOf(observation))).toEqual([2])
  })

  it('of series end at the number that fits into a row, and the tick is refused', () => {
    const names = new Names({ streams: [], series: [], lastStream: 0, lastSeries: storeLimits.seriesMax - 1 })
    expect(() => encodeTick(tick({ snapshots: [heartRate(80)] }), names)).not.toThrow()
    expect(() => encodeTick(tick({ snapshots: [heartRate(80, { channel: 'one more' })] }), names)).toThrow(/65535/)
    expect(() => encodeTick(tick({ snapshots: [heartRate(80)] }), names)).not.toThrow()
  })

  it('of channels have a longest', () => {
    const channel = 'x'.repeat(storeLimits.channelCharactersMax)
    expect(() => encodeTick(tick({ snapshots: [heartRate(80, { channel })] }), noNames())).not.toThrow()
    expect(() => encodeTick(tick({ snapshots: [heartRate(80, { channel: `${channel}x` })] }), noNames())).toThrow(RangeError)
  })

  it('of more streams than are remembered are given anew, never given twice', () => {
    const names = noNames()
    const seen = new Set<number>()
    for (let count = 0; count <= storeLimits.streamsRememberedMax; count++) seen.add(names.streamOf(heartRate(80, { stay: `stay-${count}` })))
    expect(seen.size).toBe(storeLimits.streamsRememberedMax + 1)
    expect(seen.has(names.streamOf(heartRate(80, { stay: 'stay-0' })))).toBe(false)
  })
})
