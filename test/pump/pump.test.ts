import { describe, expect, it } from 'vitest'
import { alertId, bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { pumpLimits } from '../../src/limits.ts'
import type { CommitResult } from '../../src/seams.ts'
import { highRules, NOTHING_RESTORED, at, ward } from './fixture.ts'

/** A disk whose commits are answered by hand. */
function slowDisk() {
  const waiting: ((result: CommitResult) => void)[] = []
  return {
    disk: () => new Promise<CommitResult>((resolve) => void waiting.push(resolve)),
    answer: (result: CommitResult) => waiting.shift()?.(result),
    get waiting() {
      return waiting.length
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
async function turns(count = 5): Promise<void> {
  for (let index = 0; index < count; index++) await turn()
}
const DURABLE: CommitResult = { kind: 'durable', lastSeq: 1 }
const FAILED: CommitResult = { kind: 'failed', why: 'disk full' }

describe('acknowledgement', () => {
  it('a frame is answered only after its commit', async () => {
    const disk = slowDisk()
    const { connect } = ward(disk)
    const { say, answers } = connect('mon-1')
    say({ id: '1', hr: 80 })
    await turns()
    expect(disk.waiting).toBe(1)
    expect(answers).toEqual([])
    disk.answer(DURABLE)
    await turns()
    expect(answers).toEqual(['stored'])
  })

  it('a failed commit asks the sender to send again, and the retry is stored', async () => {
    const disk = slowDisk()
    const { connect, stored } = ward(disk)
    const { say, answers } = connect('mon-1')
    say({ id: '1', hr: 80 })
    await turns()
    disk.answer(FAILED)
    await turns()
    expect(answers).toEqual(['retry'])
    say({ id: '1', hr: 80 })
    await turns()
    disk.answer(DURABLE)
    await turns()
    expect(answers).toEqual(['retry', 'stored'])
    expect(stored()).toHaveLength(1)
  })

  it('a repeat is answered as stored before, and stored once', async () => {
    const { connect, stored } = ward()
    const { say, answers } = connect('mon-1')
    say({ id: '1', hr: 80 })
    await turns()
    say({ id: '1', hr: 80 })
    await turns()
    expect(answers).toEqual(['stored', 'repeated'])
    expect(stored()).toHaveLength(1)
  })

  it('a repeat that overtakes the commit waits for it, and fails with it', async () => {
    const disk = slowDisk()
    const { connect } = ward(disk)
    const { say, answers } = connect('mon-1')
    say({ id: '1', hr: 80 })
    await turns()
    say({ id: '1', hr: 80 })
    await turns()
    expect(answers).toEqual([])
    disk.answer(FAILED)
    await turns()
    expect(answers).toEqual(['retry', 'retry'])
  })

  it('a rebooted monitor that reuses its numbers loses nothing and is noticed', async () => {
    const { connect, stored, pump } = ward()
    const { say, answers } = connect('mon-1')
    say({ id: '1', hr: 80 })
    await turns()
    say({ id: '1', hr: 81 })
    await turns()
    expect(answers).toEqual(['stored', 'stored'])
    expect(stored()).toHaveLength(2)
    expect([...pump.lifecycle.open.values()].map(({ condition }) => condition)).toContain('technical/control-id-reused')
  })

  it('repeats are known after a restart', async () => {
    const first = ward()
    first.connect('mon-1').say({ id: '1', hr: 80 })
    await turns()
    const messages = first.ticks.flatMap((tick) => tick.messages)
    const second = ward({ restored: { ...NOTHING_RESTORED, messages } })
    const { say, answers } = second.connect('mon-1')
    say({ id: '1', hr: 80 })
    await turns()
    expect(answers).toEqual(['repeated'])
    expect(second.stored()).toEqual([])
  })

  it('what cannot be believed is kept, then refused', async () => {
    const { connect, ticks } = ward()
    const { say, answers } = connect('mon-1')
    say({ unbelievable: true })
    say({ bad: true })
    await turns()
    expect(answers).toEqual(['rejected', 'rejected'])
    expect(ticks.flatMap((tick) => tick.quarantined).map(({ why }) => why)).toEqual(['not for us', 'checksum'])
  })

  it('a device that makes up channels is bounded: what is beyond the limit is quarantined, the rest goes on', async () => {
    const { connect, stored, ticks } = ward()
    const { say } = connect('mon-1')
    for (let index = 0; index <= 400; index++) say({ hr: 80, channel: `c${index}` })
    say({ hr: 81, channel: 'x'.repeat(129) })
    say({ hr: 82, channel: 'c0' })
    await turns()
    expect(stored()).toHaveLength(401)
    expect(ticks.flatMap((tick) => tick.quarantined)).toHaveLength(2)
  })

  it('a partly unbelievable message is stored, acknowledged, kept in quarantine and noticed', async () => {
    const { connect, ticks, stored, pump } = ward()
    const { say, answers } = connect('mon-1')
    say({ id: '1', hr: 80, faults: [{ why: 'code and name disagree', at: 'OBX-3' }] })
    await turns()
    expect(answers).toEqual(['stored'])
    expect(stored()).toHaveLength(1)
    expect(ticks.flatMap((tick) => tick.quarantined)).toHaveLength(1)
    expect([...pump.lifecycle.open.values()].map(({ condition }) => condition)).toContain('technical/quarantine')
  })
})

describe('the alarm path', () => {
  it('publishes in the turn in which the bytes came, whatever the disk does', () => {
    const disk = slowDisk()
    const { connect, published } = ward(disk)
    connect('mon-1').say({ hr: 150 })
    expect(published.map((event) => event.kind === 'phase' && event.text)).toEqual(['HR 150'])
    expect(disk.waiting).toBe(0)
  })

  it('a dead disk loses no alert event: it is stored when the disk is back', async () => {
    const disk = slowDisk()
    const { connect, ticks, published, pump } = ward(disk)
    connect('mon-1').say({ id: '1', hr: 150 })
    await turns()
    disk.answer(FAILED)
    await turns()
    pump.tick()
    expect([...pump.lifecycle.open.values()].map(({ condition }) => condition)).toContain('technical/store-failing')
    void pump.close()
    await turns()
    disk.answer(DURABLE)
    await turns()
    const events = ticks.flatMap((tick) => tick.events).flatMap((stored) => (stored.kind === 'alert' ? [stored.event] : []))
    expect(events.map(({ alertId: id }) => id)).toContain(published[0]?.alertId)
  })

  it('a bug in a rule costs that stay its rule state and nothing else, and is said aloud', async () => {
    const { connect, published, clock, pump } = ward()
    connect('mon-1').say({ hr: 666 })
    connect('mon-2').say({ hr: 150 })
    expect(published.map((event) => event.kind === 'phase' && [event.bed, event.condition])).toEqual([
      ['bed-1', 'technical/rules-faulted'],
      ['bed-2', 'hr-high'],
    ])
    await clock.pass(60_000)
    pump.tick()
    expect([...pump.lifecycle.open.values()].map(({ condition }) => condition)).not.toContain('technical/rules-faulted')
  })

  it('what was open when a rule failed is ended by the rules that began anew', () => {
    // As the real ones do, they say a change once.
    const once: typeof highRules = {
      ...highRules,
      adopt: (state, open) => (open.some(({ condition }) => condition === 'hr-high') ? 1 : state),
      step(state, input) {
        const [signal, ...rest] = highRules.step(0, input).signals
        if (signal === undefined || (signal.kind === 'present') === (state === 1)) return { state, signals: rest }
        return { state: signal.kind === 'present' ? 1 : 0, signals: [signal, ...rest] }
      },
    }
    const { connect, pump } = ward({ rules: once })
    const { say } = connect('mon-1')
    for (const hr of [150, 666, 80]) say({ hr })
    expect([...pump.lifecycle.open.values()].map(({ condition }) => condition)).toEqual(['technical/rules-faulted'])
  })

  it('a bug in a driver costs one session its state, and the bytes are kept', async () => {
    const { connect, ticks, clock } = ward()
    const { say, answers } = connect('mon-1')
    say({ throws: true })
    say({ id: '2', hr: 80 })
    await clock.pass(pumpLimits.throwHoldMs)
    say({ id: '3', hr: 81 })
    await turns()
    expect(answers).toEqual(['stored'])
    expect(ticks.flatMap((tick) => tick.quarantined).map(({ why }) => why)).toEqual(['driver line failed on these bytes', 'not read: line failed on this conversation before'])
  })

  it('a conversation that is not read is said aloud until it is read again, and no other is held', async () => {
    const { connect, pump, clock } = ward()
    const held = (): string[] => [...pump.lifecycle.open.values()].filter(({ condition }) => condition === 'technical/session-held').map(({ priority, text }) => `${priority}: ${text}`)
    connect('mon-1').say({ throws: true })
    pump.tick()
    expect(held()).toEqual([expect.stringMatching(/^high: .*mon-1\. Watch that bed/)])
    const other = connect('mon-2')
    other.say({ id: '1', hr: 80 })
    await turns()
    expect(other.answers).toEqual(['stored'])
    await clock.pass(pumpLimits.throwHoldMs)
    pump.tick()
    expect(held()).toEqual([])
  })

  it('keeps no more of a conversation that is not read than its bound', async () => {
    const { connect, pump, ticks } = ward()
    const { say } = connect('mon-1')
    say({ throws: true })
    for (let chunk = 0; chunk <= pumpLimits.heldChunksKeptMax; chunk++) say({ id: `${chunk}`, hr: 80 })
    await turns()
    // Nobody waits for garbage: it gathers, for a commit a line would wear the disk.
    expect(ticks).toEqual([])
    await pump.close()
    expect(ticks.flatMap((tick) => tick.quarantined)).toHaveLength(1 + pumpLimits.heldChunksKeptMax)
  })

  it('a device that says nothing is an alert, and ends it when it speaks', async () => {
    const { connect, pump, clock } = ward()
    const { say } = connect('mon-1')
    say({ hr: 80 })
    const silent = () => [...pump.lifecycle.open.values()].filter(({ condition, device }) => condition === 'silence/device' && device === 'mon-1')
    await clock.pass(9_999)
    pump.tick()
    expect(silent()).toHaveLength(0)
    await clock.pass(1)
    pump.tick()
    expect(silent().map(({ text }) => text)).toEqual(['No data from mon-1: look at the monitor'])
    say({ hr: 80 })
    expect(silent()).toHaveLength(0)
  })

  it('a lost connection is an alert at once', () => {
    const { connect, pump } = ward()
    const { line, say } = connect('mon-1')
    say({ hr: 80 })
    line.status('down', 'last will')
    expect([...pump.lifecycle.open.values()].map(({ text }) => text)).toEqual(['Connection to mon-1 lost (last will): look at the monitor'])
  })

  it('a wall clock that steps neither raises nor hides silence', async () => {
    const { connect, pump, clock } = ward()
    connect('mon-1').say({ hr: 80 })
    connect('mon-2').say({ hr: 80 })
    connect('oximeter-1').say({ hr: 80 })
    connect('loose').say({ hr: 80 })
    clock.step(365 * 86_400_000)
    await clock.pass(5_000)
    pump.tick()
    expect([...pump.lifecycle.open.values()].map(({ text }) => text)).toEqual(['The clock of the gateway was set forward by 365 d: times around now are those of two clocks'])
    clock.step(-2 * 365 * 86_400_000)
    await clock.pass(5_000)
    pump.tick()
    expect([...pump.lifecycle.open.values()].filter(({ condition }) => condition === 'silence/device')).toHaveLength(4)
  })
})

describe('whose values these are', () => {
  it('a device that names another patient ends the stay, its alerts, and everything said of it', async () => {
    const { connect, stored, pump, ticks } = ward()
    const { say } = connect('mon-1')
    say({ mrn: 'A', hr: 150 })
    pump.changeContext(stayId('stay-1'), { infectionSuspected: true }, 'Ana')
    say({ mrn: 'B', hr: 80 })
    await turns()
    const [first, second] = stored()
    expect(first?.stay).not.toBe(second?.stay)
    expect([...pump.lifecycle.open.values()]).toEqual([])
    const bed = pump.beds.get(bedId('bed-1'))
    expect(bed?.stay).toMatchObject({ identity: { mrn: 'B' }, context: { infectionSuspected: false } })
    expect(ticks.flatMap((tick) => tick.stays).filter(({ closedAt }) => closedAt !== null)).toHaveLength(1)
  })

  it('a device that names nobody speaks of whoever is in the bed', async () => {
    const { connect, stored } = ward()
    connect('mon-1').say({ mrn: 'A', hr: 80 })
    connect('oximeter-1').say({ hr: 81 })
    await turns()
    expect(new Set(stored().map(({ stay }) => stay)).size).toBe(1)
  })

  it('a message that leaves out the record number, or comes from a device that knows the name alone, speaks of the same patient', async () => {
    const { connect, stored, pump } = ward()
    const { say } = connect('mon-1')
    say({ mrn: 'A', name: 'Ash, Ada', hr: 80 })
    say({ name: 'Ash, Ada', hr: 80 })
    connect('oximeter-1').say({ name: 'Ash, Ada', hr: 81 })
    await turns()
    expect(new Set(stored().map(({ stay }) => stay)).size).toBe(1)
    expect([...pump.lifecycle.open.values()]).toEqual([])
  })

  it('two patients of one name are two where their record numbers differ', async () => {
    const { connect, stored } = ward()
    const { say } = connect('mon-1')
    say({ mrn: 'A', name: 'Ash, Ada', hr: 80 })
    say({ mrn: 'B', name: 'Ash, Ada', hr: 80 })
    await turns()
    expect(new Set(stored().map(({ stay }) => stay)).size).toBe(2)
  })

  it('a patient who becomes known does not inherit what came before', async () => {
    const { connect, stored } = ward()
    const { say } = connect('mon-1')
    say({ hr: 80 })
    say({ mrn: 'A', hr: 80 })
    await turns()
    expect(new Set(stored().map(({ stay }) => stay)).size).toBe(2)
  })

  it('two devices that name different patients in one bed: nobody is guessed, and it is an alert', async () => {
    const { connect, stored, pump } = ward()
    connect('mon-1').say({ mrn: 'A', hr: 80 })
    connect('oximeter-1').say({ mrn: 'B', hr: 200 })
    await turns()
    expect(stored().map(({ stay }) => stay !== null)).toEqual([true, false])
    expect([...pump.lifecycle.open.values()].map(({ condition, priority }) => [condition, priority])).toEqual([['technical/patient-conflict', 'high']])
  })

  it('a device bound to no bed is kept, and belongs to nobody', async () => {
    const { connect, stored } = ward()
    connect('loose').say({ hr: 200 })
    await turns()
    expect(stored()).toMatchObject([{ device: 'loose', bed: null, stay: null }])
  })

  it('an unknown device is kept, shown and said, and there is a limit to strangers', async () => {
    const { pump, stored } = ward()
    const line = (address: string) => pump.openFor('line')({ address, device: null }, () => undefined)
    for (let index = 0; index <= 64; index++) line(`10.0.0.${index}:40000`).receive(new TextEncoder().encode('{"hr":80}'))
    await turns()
    expect(stored()).toHaveLength(64)
    expect(pump.devices.all().filter(({ unknown }) => unknown)).toHaveLength(64)
    expect(pump.devices.get(deviceId('10.0.0.3'))).toMatchObject({ bed: null, unknown: true })
    expect([...pump.lifecycle.open.values()].filter(({ condition }) => condition === 'technical/unknown-device')).toHaveLength(64)
  })
})

describe('a restart', () => {
  const stay = { id: stayId('stay-1'), bed: bedId('bed-1'), identity: { mrn: 'A', name: null }, openedAt: at(0), closedAt: null, context: { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: true } } as const

  it('an open alert goes on under its id, and one that was shown but not stored begins anew', async () => {
    const before = ward()
    before.connect('mon-1').say({ mrn: 'A', hr: 150 })
    before.connect('mon-2').say({ mrn: 'B', hr: 160 })
    await turns()
    const stays = before.ticks.flatMap((tick) => tick.stays)
    const [kept] = before.published
    const restored = { stays, alertEvents: kept ? [kept] : [], recent: before.stored(), messages: [] }
    const after = ward({ restored })
    const open = [...after.pump.lifecycle.open.values()]
    expect(open.map(({ bed, text }) => [bed, text])).toEqual([
      ['bed-1', 'HR 150'],
      ['bed-2', 'HR 160'],
    ])
    expect(open[0]?.id).toBe(kept?.alertId)
    expect(after.published.map((event) => event.kind === 'phase' && [event.phase, event.bed])).toEqual([['start', 'bed-2']])
  })

  it('what was said of the stay is still said', () => {
    const { pump } = ward({ restored: { ...NOTHING_RESTORED, stays: [stay] } })
    expect(pump.beds.get(bedId('bed-1'))?.stay).toMatchObject({ id: 'stay-1', context: { infectionSuspected: true } })
  })

  it('an acknowledgement after the restart reaches the alert', async () => {
    const before = ward()
    before.connect('mon-1').say({ mrn: 'A', hr: 150 })
    await turns()
    const after = ward({ restored: { stays: before.ticks.flatMap((tick) => tick.stays), alertEvents: before.published, recent: [], messages: [] } })
    expect(after.pump.acknowledge(alertId(before.published[0]?.alertId ?? ''), 'Ana')).toBe(true)
    expect(after.pump.acknowledge(alertId('nobody'), 'Ana')).toBe(false)
  })
})
