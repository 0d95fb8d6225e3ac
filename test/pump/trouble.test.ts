import { describe, expect, it } from 'vitest'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import type { AlertEvent } from '../../src/domain/alert.ts'
import type { Snapshot } from '../../src/domain/observation.ts'
import { monoMs } from '../../src/domain/time.ts'
import { parseSite } from '../../src/config/load.ts'
import { driverOf } from '../../src/drivers.ts'
import { pumpLimits } from '../../src/limits.ts'
import { Committer } from '../../src/pump/committer.ts'
import { driverTroubles } from '../../src/pump/driver-settings.ts'
import type { CommitResult, StayRecord, Tick } from '../../src/seams.ts'
import { NOTHING_RESTORED, at, ward } from './fixture.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
async function turns(count = 5): Promise<void> {
  for (let index = 0; index < count; index++) await turn()
}
const DURABLE: CommitResult = { kind: 'durable', lastSeq: 1 }
const FAILED: CommitResult = { kind: 'failed', why: 'disk full' }

const snapshotAt = (ms: number): Snapshot => ({ device: deviceId('mon-1'), bed: null, stay: null, receivedAt: at(ms), at: monoMs(ms), sentAt: null, observations: [] })

/** A committer over a disk whose commits are answered by hand. */
function committing() {
  const ticks: Tick[] = []
  const waiting: ((result: CommitResult) => void)[] = []
  const store = {
    commit: (tick: Tick) => new Promise<CommitResult>((resolve) => void (ticks.push(tick), waiting.push(resolve))),
    close: () => Promise.resolve(),
  }
  const committer = new Committer({ store, settled: () => undefined })
  const say = (what: string): void => {
    committer.filling.events.push({ at: at(0), kind: 'gateway', what, subject: { bed: null, stay: null, device: null } })
    committer.filling.waiters.push(() => undefined)
    committer.soon()
  }
  const whats = (tick: Tick | undefined): string[] => (tick?.events ?? []).map((event) => (event.kind === 'gateway' ? event.what : ''))
  return { committer, say, ticks, whats, answer: (result: CommitResult) => waiting.shift()?.(result) }
}

describe('a disk that fails', () => {
  it('keeps the order of what was on its way: an end never comes before its start', async () => {
    const { say, ticks, whats, answer } = committing()
    for (const what of ['start', 'acknowledged', 'end']) {
      say(what)
      await turns()
    }
    // What has to be told in order overtakes nothing that may still fail.
    expect(ticks.map(whats)).toEqual([['start']])
    answer(FAILED)
    await turns()
    say('next')
    await turns()
    expect(ticks).toHaveLength(2)
    answer(FAILED)
    await turns()
    expect(whats(ticks.at(-1))).toEqual(['start', 'acknowledged', 'end', 'next'])
  })

  it('a long fault is made up for in parts, in order, and what happened meanwhile comes last', async () => {
    const { committer, say, ticks, whats, answer } = committing()
    const { heldRowsPerTickMax } = pumpLimits
    const words = Array.from({ length: heldRowsPerTickMax + 1 }, (_, index) => `${index}`)
    for (const word of words) say(word)
    await turns()
    const answered = async (result: CommitResult): Promise<void> => {
      answer(result)
      await turns()
    }
    while (committer.state.kind === 'ok') await answered(FAILED)
    say('late')
    await turns()
    const from = ticks.length - 1
    for (let parts = 0; parts < 3; parts++) await answered(DURABLE)
    const told = ticks.slice(from).map(whats)
    expect(told.flat()).toEqual([...words, 'late'])
    expect(told.map((part) => part.length).every((length) => length <= 2 * heldRowsPerTickMax)).toBe(true)
    expect(told.length).toBeGreaterThan(1)
    expect(committer.state).toEqual({ kind: 'ok' })
  })

  it('a disk that hangs is no heap without a bound: who sends again is told so, and the order of the rest stays', async () => {
    const { committer, say, ticks, whats, answer } = committing()
    const told: string[] = []
    say('start')
    await turns()
    say('end')
    for (let index = 1; index < pumpLimits.waitersBehindMax; index++) {
      committer.filling.waiters.push(({ kind }) => void told.push(kind))
      committer.soon()
    }
    await turns()
    expect([told.length, committer.state.kind]).toEqual([0, 'ok'])
    committer.filling.waiters.push(({ kind }) => void told.push(kind))
    committer.soon()
    await turns()
    expect(new Set(told)).toEqual(new Set(['failed']))
    expect([committer.filling.waiters.length, committer.state.kind]).toEqual([0, 'failing'])
    answer(FAILED)
    await turns()
    say('next')
    await turns()
    expect(whats(ticks.at(-1))).toEqual(['start', 'end', 'next'])
    answer(DURABLE)
    await turns()
    expect(committer.state).toEqual({ kind: 'ok' })
  })

  it('what gathered behind a disk that hung goes in parts, once and in order', async () => {
    const { committer, say, ticks, answer } = committing()
    say('start')
    await turns()
    const { heldRowsPerTickMax } = pumpLimits
    const all = Array.from({ length: 2 * heldRowsPerTickMax + 1 }, (_, index) => snapshotAt(index))
    for (const snapshot of all) committer.filling.snapshots.push({ snapshot, answered: false })
    committer.soon()
    for (let parts = 0; parts < 4; parts++) {
      answer(DURABLE)
      await turns()
    }
    expect(ticks.map(({ snapshots }) => snapshots.length)).toEqual([0, heldRowsPerTickMax, heldRowsPerTickMax, 1])
    expect(ticks.flatMap(({ snapshots }) => snapshots)).toEqual(all)
  })

  it('what can never be stored is lost, and said to be, and holds up nothing behind it', async () => {
    const { committer, say, ticks, whats, answer } = committing()
    say('held')
    await turns()
    answer(FAILED)
    await turns()
    say('poison')
    await turns()
    answer({ kind: 'failed', why: 'cannot be encoded', isFinal: true })
    await turns()
    expect(committer.state).toEqual({ kind: 'failing', why: 'cannot be encoded', lost: { snapshots: 0, others: 2 } })
    say('next')
    await turns()
    expect(whats(ticks.at(-1))).toEqual(['next'])
    answer(DURABLE)
    await turns()
    expect([committer.state, committer.lost]).toEqual([{ kind: 'ok' }, { snapshots: 0, others: 2 }])
  })

  it('says how much had to make room when more is held than may be', async () => {
    const { committer, ticks, answer } = committing()
    const word = { at: at(0), kind: 'gateway' as const, what: 'x', subject: { bed: null, stay: null, device: null } }
    for (let index = 0; index <= pumpLimits.heldEventsMax; index++) committer.filling.events.push(word)
    for (let index = 0; index <= pumpLimits.heldEventsMax; index++) committer.filling.standing.push({ key: `bed/${index}`, at: at(0), value: null })
    committer.soon()
    await turns()
    answer(FAILED)
    await turns()
    expect(ticks).toHaveLength(1)
    expect(committer.state).toMatchObject({ kind: 'failing', lost: { snapshots: 0, others: 2 } })
  })

  it('that does not answer at all is told of, and taken back when it does', async () => {
    const answers: (() => void)[] = []
    const { pump, connect, clock } = ward({ disk: () => new Promise((resolve) => answers.push(() => resolve(DURABLE))) })
    const isTold = (): boolean => [...pump.lifecycle.open.values()].some(({ condition, text }) => condition === 'technical/store-failing' && text.includes('does not answer'))
    connect('mon-1').say({ hr: 80 })
    await turns()
    pump.tick()
    await clock.pass(pumpLimits.commitSilenceMs - 1)
    pump.tick()
    expect(isTold()).toBe(false)
    await clock.pass(1)
    pump.tick()
    expect(isTold()).toBe(true)
    while (answers.length > 0) {
      answers.shift()?.()
      await turns()
    }
    pump.tick()
    expect(isTold()).toBe(false)
  })

  it('is given up at the stop: nothing is tried again once the store is going', async () => {
    const { committer, say, ticks, answer } = committing()
    say('start')
    const drained = committer.drain()
    await turns()
    answer(FAILED)
    await drained
    say('later')
    await turns()
    expect(ticks).toHaveLength(1)
  })

  it('what comes while the last commit is on its way is committed too', async () => {
    const { committer, say, ticks, whats, answer } = committing()
    say('start')
    await turns()
    const drained = committer.drain()
    say('end')
    answer(DURABLE)
    await turns()
    answer(DURABLE)
    await drained
    expect(ticks.map(whats)).toEqual([['start'], ['end']])
  })

  it('holds a bounded copy of damaged frames: a tick of them fits through the store', async () => {
    const { committer, ticks, answer } = committing()
    const frame = { at: at(0), device: null, peer: '', why: '', bytes: new Uint8Array(pumpLimits.quarantinedFrameBytesMax) }
    for (let index = 0; index <= pumpLimits.heldQuarantinedFramesMax; index++) committer.filling.quarantined.push(frame)
    committer.soon()
    await turns()
    answer(FAILED)
    await turns()
    committer.soon()
    await turns()
    expect(ticks.at(-1)?.quarantined).toHaveLength(pumpLimits.heldQuarantinedFramesMax)
    expect(pumpLimits.heldQuarantinedFramesMax * pumpLimits.quarantinedFrameBytesMax).toBeLessThan(pumpLimits.uncommittedBytesMax / 2)
  })

  it('an MQTT message that the broker will send again is stored once', async () => {
    const results = [FAILED]
    const { pump, stored } = ward({ disk: () => Promise.resolve(results.shift() ?? DURABLE) })
    const line = pump.openFor('line')({ address: 'mqtt:mon-1', device: deviceId('mon-1') }, () => undefined)
    const outcomes: string[] = []
    const publish = (): void => void line.receive(new TextEncoder().encode('{"id":"1","hr":80,"noReply":true}'), ({ kind }) => void outcomes.push(kind))
    publish()
    await turns()
    publish()
    await turns()
    expect(outcomes).toEqual(['retry', 'stored'])
    expect(stored()).toHaveLength(1)
  })
})

describe('a driver that cannot be opened', () => {
  const troubles = (driver: string, zone: string): string[] => {
    const loaded = parseSite(`
gateway: { id: gw, ward: Ward, data: /nowhere }
beds: [{ id: bed-1, label: '1' }]
links: [{ kind: mllp-listen, id: in, port: 0, driver: ${driver} }]
devices: [{ id: mon-1, driver: ${driver}, bed: bed-1, settings: { zone: '${zone}' } }]
`, 'test.yaml')
    if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
    return driverTroubles(loaded.site, driverOf)
  }

  it('is told of before the first monitor connects', () => {
    expect(troubles('hl7', 'UTC')).toEqual([])
    expect(troubles('hl77', 'UTC')).toEqual([expect.stringContaining('in: There is no driver'), expect.stringContaining('mon-1: There is no driver')])
    expect(troubles('hl7', 'Mars/Crater')).toEqual([expect.stringContaining('mon-1: ')])
  })
})

describe('strangers beyond the limit', () => {
  it('are kept in quarantine and refused, so that they block nobody behind them', async () => {
    const { pump, ticks } = ward()
    const outcomes: string[] = []
    for (let index = 0; index <= pumpLimits.unknownDevicesMax; index++) {
      const line = pump.openFor('line')({ address: 'mqtt:x', device: deviceId(`x-${index}`) }, () => undefined)
      line.receive(new TextEncoder().encode('{"hr":80}'), ({ kind }) => void outcomes.push(kind))
      await turns()
    }
    expect(outcomes.at(-2)).toBe('stored')
    expect(outcomes.at(-1)).toBe('rejected')
    expect(ticks.flatMap(({ quarantined }) => quarantined)).toMatchObject([{ device: null, why: 'too many unknown devices' }])
  })
})

describe('a wall clock that is set back', () => {
  it('does not freeze the values on the screen', async () => {
    const { pump, connect, clock } = ward()
    const { say } = connect('mon-1')
    say({ hr: 80 })
    clock.step(-3_600_000)
    await clock.pass(1_000)
    say({ hr: 30 })
    const values = [...(pump.beds.get(bedId('bed-1'))?.latest.values() ?? [])]
    expect(values.map(({ observation }) => observation.measurement)).toEqual([{ kind: 'measured', value: 30 }])
  })

  it('before a restart leaves no value of the future on the screen', async () => {
    const before = ward()
    before.clock.step(3_600_000)
    before.connect('mon-1').say({ hr: 80, mrn: 'A' })
    await turns()
    const recent = before.stored().map((snapshot) => ({ ...snapshot, at: before.pump.now().at }))
    const after = ward({ restored: { ...NOTHING_RESTORED, stays: before.ticks.flatMap(({ stays }) => stays), recent } })
    await after.clock.pass(1_000)
    after.connect('mon-1').say({ hr: 30, mrn: 'A' })
    const values = [...(after.pump.beds.get(bedId('bed-1'))?.latest.values() ?? [])]
    expect(values.map(({ observation }) => observation.measurement)).toEqual([{ kind: 'measured', value: 30 }])
  })
})

describe('alerts that were open at a stop', () => {
  const stayOf = (bed: string, id: string): StayRecord => ({ id: stayId(id), bed: bedId(bed), identity: null, openedAt: at(0), closedAt: null, context: { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false } })
  /** What a ward left behind: the events of its alerts, and its stays. */
  async function left(act: (before: ReturnType<typeof ward>) => void) {
    const before = ward()
    act(before)
    await turns()
    return { ...NOTHING_RESTORED, alertEvents: before.published, stays: before.ticks.flatMap(({ stays }) => stays) }
  }
  const conditions = ({ pump }: ReturnType<typeof ward>): string[] => [...pump.lifecycle.open.values()].map(({ condition }) => condition)

  it('a technical condition of a device ends after the restart when nothing renews it', async () => {
    const after = ward({ restored: await left(({ connect }) => connect('mon-1').say({ bad: true })) })
    expect(conditions(after)).toEqual(['technical/quarantine'])
    await after.clock.pass(pumpLimits.conditionHoldMs)
    after.pump.tick()
    expect(conditions(after)).not.toContain('technical/quarantine')
  })

  it('those of a device that is configured no more end', async () => {
    const after = ward({ restored: await left(({ pump }) => pump.openFor('line')({ address: '10.0.0.9:1', device: null }, () => undefined).receive(new TextEncoder().encode('{"hr":80}'))) })
    expect(conditions(after)).toEqual([])
  })

  it('those of a device that stands at another bed now end: the wrong bed is not shown', async () => {
    const restored = await left(({ connect }) => connect('mon-1').line.status('down', 'gone'))
    const moved = restored.alertEvents.map((event): AlertEvent => (event.kind === 'phase' ? { ...event, bed: bedId('bed-2') } : event))
    expect(conditions(ward({ restored }))).toEqual(['silence/device'])
    expect(conditions(ward({ restored: { ...restored, alertEvents: moved } }))).toEqual([])
  })

  it('where two monitors name different patients, the first to speak does not take the bed', async () => {
    const before = ward()
    before.connect('mon-1').say({ hr: 80, mrn: 'A' })
    await turns()
    const stays = before.ticks.flatMap((tick) => tick.stays)
    const after = ward({ restored: { ...NOTHING_RESTORED, stays, recent: before.stored() } })
    after.connect('oximeter-1').say({ hr: 90, mrn: 'B' })
    expect(after.pump.beds.get(bedId('bed-1'))?.stay?.identity).toMatchObject({ mrn: 'A' })
    expect(conditions(after)).toEqual(['technical/patient-conflict'])
  })

  it('those of a stay that holds no bed any more end', async () => {
    const restored = await left(({ connect }) => connect('mon-1').say({ hr: 150 }))
    expect(conditions(ward({ restored }))).toEqual(['hr-high'])
    expect(conditions(ward({ restored: { ...restored, stays: [stayOf('bed-gone', 'stay-1')] } }))).toEqual([])
  })

  it('"rules failed" ends: the rules did begin afresh', async () => {
    const after = ward({ restored: await left(({ connect }) => connect('mon-1').say({ hr: 666 })) })
    expect(conditions(after)).toEqual(['technical/rules-faulted'])
    after.pump.tick()
    expect(conditions(after)).toEqual([])
  })
})
