import { describe, expect, it } from 'vitest'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import hl7 from '../../drivers/hl7/driver.ts'
import { sentinelLimits } from '../../src/limits.ts'
import { SENTINEL_SPO2, SentinelSource, sentinelMessage } from '../../src/ops/sentinel-source.ts'
import { STAGES, Sentinel, type Stage } from '../../src/ops/sentinel.ts'

const AT = wallMs(Date.UTC(2026, 0, 15, 2, 0, 0))

describe('the monitor of the sentinel', () => {
  it('says what the driver reads, with nothing left out and nothing in doubt', () => {
    const { frames } = hl7.open({}).receive(sentinelMessage({ at: AT, count: 7, spo2: 70 }), monoMs(0))
    expect(frames).toHaveLength(1)
    const [frame] = frames
    if (frame?.kind !== 'good') throw new Error('not believed')
    expect([frame.faults, frame.messageId, frame.sentAt, frame.sender.name]).toEqual([[], 'sentinel-7', AT, 'sentinel'])
    expect(frame.identity).toBeNull()
    expect(frame.readings.map(({ metric, measurement }) => [metric.id, measurement])).toEqual([
      ['MDC_PULS_OXIM_SAT_O2', { kind: 'measured', value: 70 }],
      ['MDC_ECG_HEART_RATE', { kind: 'measured', value: 72 }],
      ['MDC_RESP_RATE', { kind: 'measured', value: 14 }],
    ])
  })

  it('speaks every five seconds, begins well, and desaturates for a quarter of each minute', () => {
    const source = new SentinelSource()
    const said: string[] = []
    for (let at = 0; at < 180_000; at += 500) {
      const saying = source.next({ at: monoMs(at), wall: AT })
      if (saying === null) continue
      const isLow = Buffer.from(saying.bytes).includes(`|${SENTINEL_SPO2.low}|`)
      said.push(`${at / 1_000} ${isLow ? 'low' : 'well'}${saying.begins ? ', begins' : ''}`)
    }
    expect(said.slice(0, 6)).toEqual(['0 well', '5 low, begins', '10 low', '15 low', '20 well', '25 well'])
    expect(said.filter((line) => line.includes('begins'))).toEqual(['5 low, begins', '65 low, begins', '125 low, begins'])
  })
})

describe('the judge of the sentinel', () => {
  const passing = (sentinel: Sentinel, at: number, stages: readonly Stage[] = STAGES): void => {
    for (const stage of stages) sentinel.passed(stage, monoMs(at))
  }
  /** Looks each half second, as the gateway does. */
  const look = (sentinel: Sentinel, from: number, to: number, screens = 1): void => {
    for (let at = from; at <= to; at += 500) sentinel.judge(monoMs(at), screens)
  }

  it('is well when all stages came by, and knows how long ago', () => {
    const sentinel = new Sentinel(monoMs(0))
    expect([sentinel.state, sentinel.okAgoMs(monoMs(0))]).toEqual([{ kind: 'starting' }, null])
    sentinel.begin(monoMs(1_000))
    passing(sentinel, 2_000)
    look(sentinel, 2_000, 3_000)
    expect([sentinel.state, sentinel.okAgoMs(monoMs(12_000)), sentinel.said(monoMs(12_000))]).toEqual([{ kind: 'ok', screen: 'shown' }, 10_000, null])
  })

  it('wants no screen to show it where none is open', () => {
    const sentinel = new Sentinel(monoMs(0))
    sentinel.begin(monoMs(0))
    passing(sentinel, 1_000, STAGES.filter((stage) => stage !== 'screen'))
    look(sentinel, 1_000, 1_000, 0)
    expect(sentinel.state).toEqual({ kind: 'ok', screen: 'none' })
  })

  it.each(STAGES)('names the stage "%s" when it and all behind it are missing, and is well again when it is back', (stage) => {
    const sentinel = new Sentinel(monoMs(0))
    sentinel.begin(monoMs(0))
    passing(sentinel, 1_000)
    look(sentinel, 1_000, 59_500)
    sentinel.begin(monoMs(60_000))
    passing(sentinel, 61_000, STAGES.slice(0, STAGES.indexOf(stage)))
    look(sentinel, 60_000, 60_000 + sentinelLimits.stageMs - 500)
    expect(sentinel.state.kind).toBe('ok')
    look(sentinel, 60_000 + sentinelLimits.stageMs, 60_000 + sentinelLimits.stageMs)
    expect(sentinel.state).toEqual({ kind: 'failing', stage })
    expect(sentinel.said(monoMs(80_000))?.text).toMatch(/^Sentinel: .* for 79 s\. /)
    look(sentinel, 80_500, 119_500)
    sentinel.begin(monoMs(120_000))
    passing(sentinel, 121_000)
    look(sentinel, 120_000, 121_000)
    expect([sentinel.state, sentinel.said(monoMs(121_000))]).toEqual([{ kind: 'ok', screen: 'shown' }, null])
  })

  it('says nothing of a pass during which we stood still ourselves', () => {
    const sentinel = new Sentinel(monoMs(0))
    sentinel.begin(monoMs(0))
    look(sentinel, 0, 5_000)
    look(sentinel, 5_000 + sentinelLimits.gapMsMax + 500, 60_000)
    expect(sentinel.state).toEqual({ kind: 'starting' })
  })
})
