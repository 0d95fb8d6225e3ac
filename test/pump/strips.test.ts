import { describe, expect, it } from 'vitest'
import type { AlertEvent, AlertPhase, Priority } from '../../src/domain/alert.ts'
import { type BedId, alertId, bedId, deviceId } from '../../src/domain/ids.ts'
import type { Waveform } from '../../src/domain/reading.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { pumpLimits, waveLimits } from '../../src/limits.ts'
import { watchWaves } from '../../src/pump/live-waves.ts'
import { Strips } from '../../src/pump/strips.ts'
import { Waves } from '../../src/pump/waves.ts'
import type { CommitResult, Strip } from '../../src/seams.ts'
import { NOTHING_RESTORED, ward } from './fixture.ts'

const { stripBeforeMs, stripAfterMs, jitterMs, stripsWaitingMax, stripsPerTickMax, stripsPerAlertMax, stripStretchesMax, stripSamplesMax } = waveLimits
const READY_MS = stripAfterMs + jitterMs
const START = Date.UTC(2026, 0, 1)
const BED = bedId('bed-1')
const now = (ms: number) => ({ wall: wallMs(START + ms), at: monoMs(ms) })

function event(phase: AlertPhase, part: { readonly id?: string; readonly priority?: Priority; readonly bed?: BedId | null } = {}): AlertEvent {
  const { id = 'alert-1', priority = 'high', bed = BED } = part
  const state = phase === 'end' ? 'inactive' : 'active'
  const because = { rule: 'r', version: '1', inputs: [], limit: null, missing: [] }
  return { kind: 'phase', alertId: alertId(id), at: wallMs(START), phase, state, priority, type: 'physiological', condition: 'c', text: 't', because, bed, stay: null, device: null }
}

/** One second of samples at 100 a second, which count the hundredths since the start. */
const second = (index: number, part: Partial<Waveform> = {}): Waveform => ({
  metric: 'MDC_ECG_ELEC_POTL_II', channel: '', rateHz: 100, scale: 0.01, offset: 0, unit: 'mV', deviceAt: null,
  samples: Int32Array.from({ length: 100 }, (_, sample) => index * 100 + sample), ...part,
})

/** Two devices at bed-1, of which the first sends an ECG for a minute. */
function noted(of: { readonly heldSince?: number | null; readonly seconds?: number } = {}) {
  const waves = new Waves()
  for (let index = 0; index < (of.seconds ?? 60); index++) waves.add(deviceId('mon-1'), second(index), now((index + 1) * 1_000).wall)
  const leftOut: string[] = []
  const { heldSince = 0 } = of
  const strips = new Strips({
    waves,
    devicesAt: (bed) => (bed === BED ? [{ id: deviceId('mon-1') }, { id: deviceId('mon-2') }] : []),
    heldSince: () => (heldSince === null ? null : wallMs(START + heldSince)),
    leftOut: (alert, why) => leftOut.push(`${alert}: ${why}`),
  })
  return { waves, strips, leftOut }
}

/** Span in ms since the start, ends included, of each strip. */
const spans = (strips: readonly Strip[]) => strips.map(({ alertId: id, at, device, from, samples }) => [id, at - START, device, from - START, from - START + samples.length * 10])

describe('a strip', () => {
  it('holds what every device of the bed sent from 10 s before the alert to 20 s after, to the sample', () => {
    const { strips, waves } = noted()
    for (let index = 0; index < 60; index++) waves.add(deviceId('mon-2'), second(index, { metric: 'MDC_PULS_OXIM_PLETH', unit: '1' }), now((index + 1) * 1_000).wall)
    strips.note([event('start')], now(20_000))
    const taken = strips.due(now(20_000 + READY_MS))
    expect(spans(taken)).toEqual([['alert-1', 20_000, 'mon-1', 10_000, 40_000], ['alert-1', 20_000, 'mon-2', 10_000, 40_000]])
    expect(taken[0]).toMatchObject({ metric: 'MDC_ECG_ELEC_POTL_II', rateHz: 100, scale: 0.01, unit: 'mV' })
    expect([...(taken[0]?.samples ?? [])]).toEqual(Array.from({ length: 3_000 }, (_, index) => 1_000 + index))
  })

  it('is taken once, and not before what comes after the alert can be there', () => {
    const { strips } = noted()
    strips.note([event('start')], now(20_000))
    expect(strips.due(now(20_000 + READY_MS - 1))).toEqual([])
    expect(strips.due(now(20_000 + READY_MS))).toHaveLength(1)
    expect([strips.due(now(90_000)), strips.rest()]).toEqual([[], []])
  })

  it('belongs to an alert that becomes high, not to one that is less, goes on, or is of no bed', () => {
    const { strips } = noted()
    strips.note([event('start', { id: 'a', priority: 'medium' }), event('escalate', { id: 'b', priority: 'medium' }), event('update', { id: 'c' }), event('start', { id: 'd', bed: null })], now(20_000))
    expect(strips.rest()).toEqual([])
    strips.note([event('escalate', { id: 'a' })], now(20_000))
    expect(spans(strips.rest()).map(([id]) => id)).toEqual(['a'])
  })

  it('is there though its alert is over', () => {
    const { strips } = noted()
    strips.note([event('start')], now(20_000))
    strips.note([event('end')], now(22_000))
    expect(spans(strips.due(now(60_000)))).toEqual([['alert-1', 20_000, 'mon-1', 10_000, 40_000]])
  })

  it('is none where the bed sends no waveform', () => {
    const { strips, leftOut } = noted({ seconds: 0 })
    strips.note([event('start')], now(20_000))
    expect([strips.due(now(60_000)), leftOut]).toEqual([[], []])
  })

  it('is due by the time that never steps: a wall clock that is set neither hurries nor keeps it', () => {
    const { strips } = noted()
    strips.note([event('start')], now(20_000))
    expect(strips.due({ wall: wallMs(START + 9e9), at: monoMs(30_000) })).toEqual([])
    expect(strips.due({ wall: wallMs(START - 9e9), at: monoMs(20_000 + READY_MS) })).toHaveLength(1)
  })

  it('holds nothing of the patient before', () => {
    const { strips } = noted({ heldSince: 17_000 })
    strips.note([event('start')], now(20_000))
    expect(spans(strips.due(now(60_000)))).toEqual([['alert-1', 20_000, 'mon-1', 17_000, 40_000]])
    const unheld = noted({ heldSince: null })
    unheld.strips.note([event('start')], now(20_000))
    expect(spans(unheld.strips.due(now(60_000)))).toEqual([['alert-1', 20_000, 'mon-1', 20_000, 40_000]])
  })

  it('holds nothing of the patient who comes after', () => {
    const { strips } = noted()
    strips.note([event('start'), event('start', { id: 'elsewhere', bed: bedId('bed-2') })], now(20_000))
    expect(spans(strips.endAt(BED, now(25_000)))).toEqual([['alert-1', 20_000, 'mon-1', 10_000, 25_000]])
    expect(strips.endAt(BED, now(26_000))).toEqual([])
  })

  it('of a stop is what there is by then', () => {
    const { strips } = noted({ seconds: 21 })
    strips.note([event('start')], now(20_000))
    expect(spans(strips.rest())).toEqual([['alert-1', 20_000, 'mon-1', 10_000, 21_000]])
  })
})

describe('bounds', () => {
  it('one strip more than may wait is not kept, and that is said', () => {
    const { strips, leftOut } = noted()
    strips.note(Array.from({ length: stripsWaitingMax }, (_, index) => event('start', { id: `a${index}` })), now(20_000))
    expect(leftOut).toEqual([])
    strips.note([event('start', { id: 'one-more' })], now(20_000))
    expect(leftOut).toEqual([`one-more: more than ${stripsWaitingMax} strips wait`])
    expect(strips.rest()).toHaveLength(stripsWaitingMax)
  })

  it('one tick takes no more than its share, the rest comes with the next, in order', () => {
    const { strips } = noted()
    strips.note(Array.from({ length: stripsPerTickMax + 1 }, (_, index) => event('start', { id: `a${index}` })), now(20_000))
    expect(strips.due(now(60_000)).map(({ alertId: id }) => id)).toEqual(Array.from({ length: stripsPerTickMax }, (_, index) => `a${index}`))
    expect(strips.due(now(60_000)).map(({ alertId: id }) => id)).toEqual([`a${stripsPerTickMax}`])
  })

  it('an alert that goes up and down has so many strips and no more, until it is over; within half a minute it is one', () => {
    const { strips } = noted()
    let taken = 0
    for (let turn = 0; turn <= stripsPerAlertMax; turn++) {
      const at = 20_000 + turn * 100
      strips.note([event('escalate'), event('deescalate', { priority: 'medium' }), event('escalate')], now(at))
      taken += strips.rest().length
    }
    expect(taken).toBe(stripsPerAlertMax)
    strips.note([event('end')], now(30_000))
    strips.note([event('start')], now(30_000))
    expect(strips.rest()).toHaveLength(1)
  })

  it('one stretch more than a strip holds is left out, and that is said', () => {
    const { strips, waves, leftOut } = noted({ seconds: 0 })
    // A gap after each.
    for (let index = 0; index <= stripStretchesMax; index++) waves.add(deviceId('mon-1'), second(0, { samples: Int16Array.of(index), deviceAt: wallMs(index * 400) }), now(11_000 + index * 400).wall)
    strips.note([event('start')], now(20_000))
    expect(strips.rest()).toHaveLength(stripStretchesMax)
    expect(leftOut).toEqual(['alert-1: 1 stretches of waveforms are more than a strip holds'])
  })

  it('samples beyond what a strip holds are left out by whole stretches', () => {
    const { strips, waves, leftOut } = noted({ seconds: 0 })
    const fast = { rateHz: waveLimits.rateHzMax, samples: new Int16Array(waveLimits.rateHzMax * 30) }
    const channels = Math.floor(stripSamplesMax / fast.samples.length) + 1
    for (let channel = 0; channel < channels; channel++) waves.add(deviceId('mon-1'), second(0, { ...fast, channel: String(channel) }), now(40_000).wall)
    strips.note([event('start')], now(20_000))
    expect(strips.rest()).toHaveLength(channels - 1)
    expect(leftOut).toHaveLength(1)
  })
})

describe('the pump', () => {
  const wave = (turn: number) => ({ channel: '1', samples: Array.from({ length: 100 }, (_, index) => turn * 100 + index) })
  const storedStrips = (ticks: ReturnType<typeof ward>['ticks']) => ticks.flatMap(({ strips = [] }) => strips)

  it('keeps the waveforms around an alarm with its alert, after the alert itself was published and handed over', async () => {
    const { connect, pump, clock, published, ticks } = ward()
    const monitor = connect('mon-1')
    for (let turn = 0; turn < 45; turn++) {
      await clock.pass(1_000)
      monitor.say({ hr: 80, wave: wave(turn), ...(turn === 15 ? { alarms: [{}] } : {}) })
      pump.tick()
      if (turn === 15) expect(published).toContainEqual(expect.objectContaining({ phase: 'start', condition: 'monitor/a1', priority: 'high' }))
    }
    await pump.close()
    const [strip, ...others] = storedStrips(ticks)
    expect(others).toEqual([])
    const alert = [...pump.lifecycle.open.values()].find(({ priority }) => priority === 'high')
    expect(strip).toMatchObject({ alertId: alert?.id, at: alert?.startedAt, device: 'mon-1', channel: '1', from: (alert?.startedAt ?? 0) - stripBeforeMs })
    expect(strip?.samples.length).toBe((stripBeforeMs + stripAfterMs) / 10)
    expect(strip?.samples[0]).toBe(600)
  })

  it('stores at its end what there is of a strip that still waits', async () => {
    const { connect, pump, clock, ticks } = ward()
    const monitor = connect('mon-1')
    for (let turn = 0; turn < 3; turn++) {
      await clock.pass(1_000)
      monitor.say({ hr: 80, wave: wave(turn), ...(turn === 2 ? { alarms: [{}] } : {}) })
    }
    await pump.close()
    // The patient came with the first frame, whose samples are of before.
    expect(storedStrips(ticks).map(({ samples }) => samples.length)).toEqual([200])
  })

  it('ends a strip where the patient changes', async () => {
    const { connect, pump, clock, ticks } = ward()
    const monitor = connect('mon-1')
    for (let turn = 0; turn < 40; turn++) {
      await clock.pass(1_000)
      monitor.say({ hr: 80, mrn: turn < 15 ? 'first' : 'second', wave: wave(turn), ...(turn === 10 ? { alarms: [{}] } : {}) })
      pump.tick()
    }
    await pump.close()
    const [strip] = storedStrips(ticks)
    expect([...(strip?.samples.slice(-1) ?? [])]).toEqual([1_499])
  })

  it('forgets the samples of a patient who is followed by another: no screen that looks on gets them', async () => {
    const { connect, pump, clock } = ward()
    const monitor = connect('mon-1')
    const say = async (turn: number, mrn: string): Promise<void> => {
      await clock.pass(1_000)
      monitor.say({ hr: 80, mrn, wave: wave(turn) })
    }
    for (let turn = 0; turn < 15; turn++) await say(turn, 'first')
    expect(pump.waves.kept(deviceId('mon-1'), pump.now().wall).seconds).toBe(15)
    const look = watchWaves(pump.liveWaves, bedId('bed-1'))
    const seen = (): number[] => look()?.signals.flatMap(({ lines }) => lines.flatMap(({ samples }) => samples)) ?? []
    expect(seen()).toHaveLength(1_000)
    for (let turn = 15; turn < 18; turn++) await say(turn, 'second')
    // From the moment at which the monitor named the other.
    expect(seen()).toEqual(Array.from({ length: 200 }, (_, index) => 1_600 + index))
    expect(pump.waves.kept(deviceId('mon-1'), pump.now().wall).seconds).toBe(3)
  })

  it('makes no strip of an alert that was open before the start', async () => {
    const before = ward()
    before.connect('mon-1').say({ hr: 80, alarms: [{}] })
    await before.pump.close()
    const { connect, pump, clock, ticks } = ward({ restored: { ...NOTHING_RESTORED, alertEvents: before.published.map((one) => ({ ...one, alertId: alertId('of-before') })), stays: before.ticks.flatMap(({ stays }) => stays) } })
    const monitor = connect('mon-1')
    for (let turn = 0; turn < 30; turn++) {
      await clock.pass(1_000)
      monitor.say({ hr: 80, wave: wave(turn), alarms: [{ phase: 'continue' }] })
      pump.tick()
    }
    await pump.close()
    expect([pump.lifecycle.open.get(alertId('of-before'))?.priority, storedStrips(ticks)]).toEqual(['high', []])
  })

  it('holds strips while the disk fails, so many and no more: the oldest go', async () => {
    let answer: CommitResult = { kind: 'failed', why: 'disk full' }
    const { pump, ticks } = ward({ disk: () => Promise.resolve(answer) })
    const strip = (index: number): Strip => ({
      alertId: alertId(`a${index}`), at: wallMs(START), device: deviceId('mon-1'), metric: 'M', channel: '', rateHz: 100, scale: 1, offset: 0, unit: '', from: wallMs(START), samples: Int32Array.of(index),
    })
    const turns = async (): Promise<void> => { for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve)) }
    for (let index = 0; index <= pumpLimits.heldStripsMax; index++) {
      pump.committer.filling.strips.push(strip(index))
      pump.committer.soon()
      await turns()
    }
    answer = { kind: 'durable', lastSeq: 1 }
    pump.committer.soon()
    await turns()
    expect(storedStrips(ticks).map(({ alertId: id }) => id)).toEqual(Array.from({ length: pumpLimits.heldStripsMax }, (_, index) => `a${index + 1}`))
    await pump.close()
  })
})
