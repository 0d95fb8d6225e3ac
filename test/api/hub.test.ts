import { onTestFinished, expect, test } from 'vitest'
import { Hub, type HubParts } from '../../src/api/hub.ts'
import type { Wire } from '../../src/api/page-line.ts'
import type { Role, ServerMessage, WavesView } from '../../src/api/wire.ts'
import { apiLimits } from '../../src/limits.ts'
import type { Session } from '../../src/security/sessions.ts'
import { monoMs } from '../../src/domain/time.ts'
import { fakeClock, fakeLog } from '../security/support.ts'
import { aBed, anAlert, fakeWard } from './support.ts'

const { heartbeatMs, bedsPushMs, pulseMs, socketBacklogBytesMax, socketSlowBytes } = apiLimits

type FakeWire = Wire & { waiting: number; readonly sent: ServerMessage[]; readonly ends: (number | 'cut')[]; pings: number; of(type: string): ServerMessage[] }

function fakeWire(): FakeWire {
  const wire: FakeWire = {
    waiting: 0,
    sent: [],
    ends: [],
    pings: 0,
    waitingBytes: () => wire.waiting,
    send: (message) => void wire.sent.push(JSON.parse(Buffer.from(message).toString('utf8')) as ServerMessage),
    ping: () => void (wire.pings += 1),
    close: (code) => void wire.ends.push(code),
    cut: () => void wire.ends.push('cut'),
    of: (type) => wire.sent.filter((message) => message.type === type),
  }
  return wire
}

function ward() {
  const fake = fakeWard()
  fake.isTicking = false
  const log = fakeLog()
  const listeners = new Set<(id: string) => void>()
  let sweeps = 0
  const sessions: HubParts['sessions'] = {
    onEnd: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    sweep: () => void (sweeps += 1),
  }
  let now = 0
  const hub = new Hub({ ward: fake, sessions, clock: fakeClock(), log, now: () => now })
  onTestFinished(() => hub.cutAll())
  let count = 0
  const join = (role: Role = 'nurse', id = `session-${(count += 1)}`) => {
    const wire = fakeWire()
    const session: Session = { id, you: { name: role, role }, epoch: null, endsAt: monoMs(1e9) }
    return { wire, session, joined: hub.join(wire, session) }
  }
  /** Lets real time pass, with rules that tick once a second, or stand still. */
  const pass = (ms: number, rules: 'tick' | 'stand still' = 'tick'): void => {
    const until = now + ms
    while (now < until) {
      now += pulseMs
      if (rules === 'tick' && now % 1_000 === 0) fake.seq += 1
      hub.pulse()
    }
  }
  return { fake, hub, log, join, pass, end: (id: string) => listeners.forEach((listener) => listener(id)), sweeps: () => sweeps }
}

test('a page first gets everything, then what changes, without a gap', () => {
  const { fake, join } = ward()
  const { wire } = join()
  fake.change({ alerts: [anAlert('alert-2')] })
  expect(wire.sent.map(({ type }) => type)).toEqual(['snapshot', 'alerts'])
  expect(wire.sent[0]).toMatchObject({ you: { name: 'nurse', role: 'nurse' }, beds: [{ id: 'bed-1' }, { id: 'bed-2' }], alerts: [{ id: 'alert-1' }] })
})

test('alerts leave at once, each time; beds together at most twice a second, the newest of each', () => {
  const { fake, join, pass } = ward()
  const { wire } = join()
  for (let index = 0; index < 100; index += 1) fake.change({ beds: [aBed('bed-1', `${index}`)], alerts: [anAlert(`alert-${index}`)] })
  expect(wire.of('alerts')).toHaveLength(100)
  expect(wire.of('beds')).toHaveLength(0)
  pass(bedsPushMs)
  expect(wire.of('beds')).toMatchObject([{ beds: [{ id: 'bed-1', patient: { name: '99' } }] }])
  for (let step = 0; step < 8; step += 1) {
    fake.change({ beds: [aBed('bed-2')] })
    pass(pulseMs)
  }
  expect(wire.of('beds')).toHaveLength(1 + (8 * pulseMs) / bedsPushMs)
  pass(10_000)
  expect(wire.of('beds')).toHaveLength(5)
})

test('a heartbeat comes every second while the rules advance', () => {
  const { join, pass } = ward()
  const { wire } = join()
  pass(20_000)
  expect(wire.of('heartbeat')).toHaveLength(20)
})

test('rules that stand still are silence, whatever else happens, and their return is heard within a beat', () => {
  const { fake, hub, join, pass } = ward()
  const { wire } = join()
  pass(3_000)
  const before = wire.of('heartbeat').length
  for (let second = 0; second < 12; second += 1) {
    fake.change({ beds: [aBed('bed-1')], alerts: [anAlert('alert-1')] })
    pass(1_000, 'stand still')
  }
  expect(wire.of('heartbeat')).toHaveLength(before)
  expect(hub.rulesStandStillMs()).toBe(12_000)
  pass(1_000)
  expect(wire.of('heartbeat')).toHaveLength(before + 1)
  pass(heartbeatMs * 10)
  expect(wire.of('heartbeat')).toHaveLength(before + 11)
})

test('a slow page gets every alert, and of each bed only the newest when it has caught up', () => {
  const { fake, join, pass } = ward()
  const slow = join().wire
  const quick = join().wire
  slow.waiting = socketSlowBytes + 1
  for (let index = 0; index < 20; index += 1) {
    fake.change({ beds: [aBed(`bed-${index % 2}`, `${index}`)], alerts: [anAlert(`alert-${index}`)] })
    pass(bedsPushMs)
  }
  expect(slow.of('alerts')).toHaveLength(20)
  expect(slow.of('beds')).toHaveLength(0)
  expect(quick.of('beds')).toHaveLength(20)
  slow.waiting = 0
  pass(bedsPushMs)
  expect(slow.of('beds')).toMatchObject([{ beds: [{ id: 'bed-0', patient: { name: '18' } }, { id: 'bed-1', patient: { name: '19' } }] }])
  fake.change({ beds: [aBed('bed-1', 'again')] })
  pass(bedsPushMs)
  expect(slow.of('beds')).toHaveLength(2)
})

test('a page with a backlog gets no heartbeat: it does not see the present', () => {
  const { join, pass } = ward()
  const { wire } = join()
  wire.waiting = socketSlowBytes + 1
  pass(5_000)
  expect(wire.of('heartbeat')).toHaveLength(0)
})

test('a page is cut at one byte beyond the backlog limit, and never left with a gap', () => {
  const { fake, join, log } = ward()
  const { wire } = join()
  fake.change({ alerts: [anAlert('alert-1')] })
  const bytes = Buffer.byteLength(JSON.stringify(wire.of('alerts')[0]))
  wire.waiting = socketBacklogBytesMax - bytes
  fake.change({ alerts: [anAlert('alert-1')] })
  expect(wire.ends).toEqual([])
  expect(wire.of('alerts')).toHaveLength(2)
  wire.waiting = socketBacklogBytesMax - bytes + 1
  fake.change({ alerts: [anAlert('alert-1')] })
  expect(wire.ends).toEqual(['cut'])
  fake.change({ alerts: [anAlert('alert-1')] })
  expect(wire.of('alerts')).toHaveLength(2)
  expect(log.text()).toContain('does not read')
  expect(log.text()).not.toContain('SpO')
})

test('a first snapshot beyond the limit does not count against the page', () => {
  const { fake, hub, pass } = ward()
  const wire = fakeWire()
  wire.waiting = socketBacklogBytesMax * 2
  hub.join(wire, { id: 'large', you: { name: 'anna', role: 'nurse' }, epoch: null, endsAt: monoMs(1e9) })
  fake.change({ alerts: [anAlert('alert-1')] })
  expect(wire.ends).toEqual([])
  wire.waiting = 0
  pass(pulseMs)
  wire.waiting = socketBacklogBytesMax
  fake.change({ alerts: [anAlert('alert-1')] })
  expect(wire.ends).toEqual(['cut'])
})

test('when all pages together hold too much, the slowest goes and the others stay', () => {
  const { join, pass } = ward()
  const pages = Array.from({ length: 17 }, () => join().wire)
  for (const wire of pages) wire.waiting = apiLimits.socketBacklogTotalBytesMax / 17
  pass(pulseMs)
  expect(pages.flatMap(({ ends }) => ends)).toEqual([])
  const [first] = pages
  if (first) first.waiting += 1
  pass(pulseMs)
  expect(pages.map(({ ends }) => ends.length)).toEqual([1, ...Array.from({ length: 16 }, () => 0)])
})

test('when a session ends its pages are told, and one that does not go is cut within a second', () => {
  const { end, join, pass } = ward()
  const first = join('nurse', 'shared')
  const second = join('nurse', 'shared')
  const other = join()
  end('shared')
  expect([first.wire.ends, second.wire.ends, other.wire.ends]).toEqual([[4401], [4401], []])
  first.joined.gone()
  pass(750)
  expect(first.wire.ends).toEqual([4401])
  expect(second.wire.ends[1]).toBe('cut')
  expect(other.wire.ends).toEqual([])
})

test('a page that was told to go hears nothing more, and is not heard', () => {
  const { fake, end, join } = ward()
  const { wire, joined } = join('nurse', 'mine')
  end('mine')
  fake.change({ alerts: [anAlert('alert-2')] })
  joined.received('{"type":"displayed","alerts":["alert-2"]}')
  expect(wire.of('alerts')).toEqual([])
  expect(fake.asked).toEqual([])
})

test('sessions are swept several times a second', () => {
  const { pass, sweeps } = ward()
  pass(1_000)
  expect(sweeps()).toBe(1_000 / pulseMs)
})

test('a page that answers no ping is gone, whatever TCP says', () => {
  const { join, pass } = ward()
  const dead = join()
  const alive = join()
  for (let second = 0; second < 40; second += 1) {
    pass(1_000)
    alive.joined.ponged()
  }
  expect(dead.wire.ends[0]).toBe('cut')
  expect(alive.wire.ends).toEqual([])
  expect(alive.wire.pings).toBe(4)
})

test('one tab more than a session may have closes the oldest', () => {
  const { join } = ward()
  const tabs = Array.from({ length: apiLimits.socketsPerSessionMax + 1 }, () => join('nurse', 'mine').wire)
  expect(tabs.map(({ ends }) => ends)).toEqual([[4409], ...Array.from({ length: apiLimits.socketsPerSessionMax }, () => [])])
})

test('one page more than the limit is not taken, nor any after closing', () => {
  const { hub, join } = ward()
  const pages = Array.from({ length: apiLimits.socketsMax }, () => join())
  expect(hub.takesMore).toBe(false)
  pages[0]?.joined.gone()
  expect(hub.takesMore).toBe(true)
  hub.close()
  expect(hub.takesMore).toBe(false)
  expect(pages[1]?.wire.ends).toEqual([1001])
})

test('a receipt counts only from a nurse: elsewhere nobody can go to the bed', () => {
  const { fake, join } = ward()
  for (const role of ['biomed', 'admin', 'nurse'] as const) join(role).joined.received('{"type":"displayed","alerts":["alert-1","alert-2"]}')
  expect(fake.asked).toEqual(['displayed alert-1,alert-2 by nurse'])
})

test.each([
  '',
  'null',
  '7',
  '{}',
  '{"type":"acknowledge","alerts":["alert-1"]}',
  '{"type":"displayed"}',
  '{"type":"displayed","alerts":["<img src=x>"]}',
  '{"type":"displayed","alerts":[1]}',
  '{"type":"displayed","alerts":[],"by":"anna"}',
  '{"type":"waves"}',
  '{"type":"waves","bed":7}',
  '{"type":"waves","bed":"bed 1"}',
  '{"type":"waves","bed":"bed-1","all":true}',
])(
  'what is no message (%s) does nothing, is logged once without its words, and does not cut the page',
  (text) => {
    const { fake, join, log } = ward()
    const { wire, joined } = join()
    joined.received(text)
    joined.received(text)
    expect(fake.asked).toEqual([])
    expect(wire.ends).toEqual([])
    expect(log.lines).toHaveLength(1)
    expect(log.text()).not.toContain('img')
  },
)

test('one alert more than a receipt may name is no receipt', () => {
  const { fake, join } = ward()
  const { joined } = join()
  const ids = Array.from({ length: apiLimits.displayedAlertsMax }, (_, index) => `a${index}`)
  joined.received(JSON.stringify({ type: 'displayed', alerts: [...ids, 'one-more'] }))
  expect(fake.asked).toEqual([])
  joined.received(JSON.stringify({ type: 'displayed', alerts: ids }))
  expect(fake.asked).toHaveLength(1)
})

test('one message more in a second than the limit closes the page', () => {
  const { join, pass } = ward()
  const { wire, joined } = join()
  const babble = (times: number): void => {
    for (let index = 0; index < times; index += 1) joined.received('{"type":"displayed","alerts":[]}')
  }
  babble(apiLimits.socketMessagesPerSecondMax)
  pass(1_000)
  babble(apiLimits.socketMessagesPerSecondMax)
  expect(wire.ends).toEqual([])
  babble(1)
  expect(wire.ends).toEqual([1008])
})

test('an engineer sees no names, a nurse no devices that stand nowhere', () => {
  const { fake, join, pass } = ward()
  const pages = { nurse: join('nurse').wire, biomed: join('biomed').wire, admin: join('admin').wire, station: join('station').wire }
  fake.change({ beds: [aBed('bed-1')] })
  pass(1_000)
  const text = (role: Role): string => JSON.stringify(pages[role].sent)
  expect(pages.biomed.sent.map(({ type }) => type)).toEqual(['snapshot', 'beds', 'heartbeat'])
  const whoSees = (what: string): Role[] => (['nurse', 'biomed', 'admin', 'station'] as const).filter((role) => text(role).includes(what))
  expect([whoSees('Ada'), whoSees('4711'), whoSees('stray')]).toEqual([['nurse', 'admin', 'station'], ['nurse', 'admin', 'station'], ['biomed', 'admin']])
})

const waves = (from: number): WavesView => ({
  bed: 'bed-1', more: 0, signals: [{ key: 'ecg', metric: 'MDC_ECG_ELEC_POTL_II', channel: '', lines: [{ from, rateHz: 250, scale: 0.005, offset: 0, unit: 'mV', follows: false, samples: [1, 2] }] }],
})

test('waveforms go to the page that asked for them, a few times a second, and no longer than it asks', () => {
  const { fake, join, pass } = ward()
  const one = join()
  const other = join()
  one.joined.received('{"type":"waves","bed":"bed-1"}')
  fake.waves.push(waves(1), waves(2))
  expect(one.wire.of('waves')).toEqual([])
  pass(pulseMs)
  expect(one.wire.of('waves')).toMatchObject([{ bed: 'bed-1', signals: [{ lines: [{ from: 1 }] }] }])
  pass(10 * pulseMs)
  expect(one.wire.of('waves')).toHaveLength(2)
  one.joined.received('{"type":"waves","bed":null}')
  fake.waves.push(waves(3))
  pass(10 * pulseMs)
  expect(one.wire.of('waves')).toHaveLength(2)
  expect(other.wire.of('waves')).toEqual([])
  expect(fake.asked).toEqual(['waves bed-1'])
})

test('however often a page asks for waveforms, it gets them with the next pulse', () => {
  const { fake, join, pass } = ward()
  const { wire, joined } = join()
  for (let index = 0; index < apiLimits.socketMessagesPerSecondMax; index++) {
    joined.received('{"type":"waves","bed":"bed-1"}')
    fake.waves.push(waves(index))
  }
  pass(pulseMs)
  expect(wire.of('waves')).toHaveLength(1)
})

test('a page that lags loses waveforms first, before beds, and never alerts', () => {
  const { fake, join, pass } = ward()
  const { wire, joined } = join()
  joined.received('{"type":"waves","bed":"bed-1"}')
  fake.waves.push(...Array.from({ length: 50 }, (_, index) => waves(index)))
  const counts = (): number[] => {
    fake.change({ beds: [aBed('bed-1')], alerts: [anAlert('alert-1')] })
    pass(bedsPushMs)
    const sent = wire.sent.splice(0)
    return ['waves', 'beds', 'alerts'].map((type) => sent.filter((message) => message.type === type).length)
  }
  wire.sent.splice(0)
  wire.waiting = apiLimits.socketWavesBytes
  expect(counts()).toEqual([2, 1, 1])
  wire.waiting = apiLimits.socketWavesBytes + 1
  expect(counts()).toEqual([0, 1, 1])
  wire.waiting = socketSlowBytes + 1
  expect(counts()).toEqual([0, 0, 1])
  wire.waiting = 0
  expect(counts()).toEqual([2, 1, 1])
})

test('a page that is told to go gets no waveforms', () => {
  const { end, fake, join, pass } = ward()
  const { wire, joined } = join('nurse', 'mine')
  joined.received('{"type":"waves","bed":"bed-1"}')
  fake.waves.push(waves(1))
  end('mine')
  pass(pulseMs)
  expect(wire.of('waves')).toEqual([])
})

test('the alert of the sentinel comes on the way of all alerts, beside them and never among them, and to a page that opens meanwhile', () => {
  const { fake, join } = ward()
  const { wire } = join()
  const alert = { ...anAlert('sentinel-1'), bed: null }
  fake.heldSentinel = alert
  fake.change({ sentinel: alert })
  expect(wire.of('alerts')).toMatchObject([{ alerts: [], sentinel: { id: 'sentinel-1' } }])
  expect(join().wire.sent[0]).toMatchObject({ type: 'snapshot', alerts: [{ id: 'alert-1' }], sentinel: { id: 'sentinel-1' } })
})

test('a page counts as a screen once it has shown an alert to somebody who watches, and until it is gone', () => {
  const { hub, join } = ward()
  const [nurse, engineer, mute] = [join(), join('biomed'), join()]
  expect(hub.screens).toBe(0)
  for (const { joined } of [nurse, engineer]) joined.received(JSON.stringify({ type: 'displayed', alerts: ['alert-1'] }))
  expect(hub.screens).toBe(1)
  mute.joined.gone()
  nurse.joined.gone()
  expect(hub.screens).toBe(0)
})
