import { pino } from 'pino'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Alert, type AlertEvent, foldAlert, isOpen, type Priority } from '../../../src/domain/alert.ts'
import type { Delivery } from '../../../src/domain/delivery.ts'
import { alertId, deviceId } from '../../../src/domain/ids.ts'
import { wallMs } from '../../../src/domain/time.ts'
import { wayLimits } from '../../../src/limits.ts'
import { Outbox } from '../../../src/alerts/ways/outbox.ts'
import type { Notice, SendResult, Way, WayEvents } from '../../../src/alerts/ways/way.ts'
import { startWays, type WaySetting } from '../../../src/alerts/ways/ways.ts'
import { type FakeClock, fakeClock } from '../../fakes/clock.ts'
import { AT, alertOf, phase, placeOf, technical } from './alerts.ts'

const EVERYTHING = { types: ['physiological', 'technical', 'advisory'], priorities: ['high', 'medium', 'low'], beds: null } as const
const quiet = pino({ level: 'silent' })

type Opened = {
  readonly clock: FakeClock
  readonly said: Notice[]
  readonly reports: (readonly [string, string | null])[]
  readonly receipts: Delivery[]
  readonly ways: ReturnType<typeof startWays>
  readonly events: () => WayEvents | null
  answer: (notice: Notice) => SendResult | Promise<SendResult>
  readonly publish: (...events: AlertEvent[]) => Promise<void>
  readonly stop: AbortController
}

function opened(setting: Partial<WaySetting> & { readonly says?: Way['says'] } = {}, given: { open?: readonly Alert[]; restored?: readonly Delivery[]; restoredEvents?: readonly AlertEvent[]; noScreen?: Priority } = {}): Opened {
  const clock = fakeClock(AT)
  const said: Notice[] = []
  const reports: (readonly [string, string | null])[] = []
  const receipts: Delivery[] = []
  const stop = new AbortController()
  let events: WayEvents | null = null
  let minted = 0
  const way: Way = {
    id: 'pager',
    says: setting.says ?? 'calls',
    async run(told, stop) {
      events = told
      await clock.sleep(1e12, stop)
    },
    async send(notice) {
      const result = await all.answer(notice)
      if (result.kind === 'sent') said.push(notice)
      return result
    },
  }
  const all: Opened = {
    clock, said, reports, receipts, stop,
    events: () => events,
    answer: () => ({ kind: 'sent', messageId: null }),
    async publish(...events) {
      all.ways.publish(events)
      await clock.pass(5)
    },
    ways: startWays({
      ways: [{ way, sends: EVERYTHING, addresses: [], endings: false, patientData: true, failingAfterMs: 30_000, ...setting }],
      ward: 'Ward 3', clock, log: quiet, mint: () => `n${++minted}`, open: () => given.open ?? [], placeOf,
      report: (condition, what) => reports.push([condition, what?.text ?? null]),
      delivered: (delivery) => receipts.push(delivery), noScreen: given.noScreen ?? null,
      ...(given.restored ? { restored: given.restored } : {}),
      ...(given.restoredEvents ? { restoredEvents: given.restoredEvents } : {}),
    }, stop.signal),
  }
  return all
}

const ack = (id: string): AlertEvent => ({ kind: 'acknowledged', alertId: alertId(id), at: AT, by: 'Nurse A' })
const end = (id: string): AlertEvent => phase(id, { phase: 'end', state: 'inactive' })
const told = ({ said }: Opened): string[] => said.map(({ alert, phase }) => `${alert.id} ${phase}`)

describe('a way that calls people', () => {
  it('calls at the onset, and not again for what is no worse', async () => {
    const it = opened()
    await it.publish(phase('a'))
    await it.publish(phase('a', { phase: 'update', text: 'SpO₂ 83 % below 90' }))
    await it.publish(end('a'))
    expect(told(it)).toEqual(['a start'])
    expect(it.said[0]?.text).toBe('Bed 7: SpO₂ 84 % below 90')
  })

  it('calls again when the priority rises, and when an acknowledgement is taken away', async () => {
    const it = opened()
    await it.publish(phase('a', { priority: 'medium' }))
    await it.publish(phase('a', { phase: 'escalate', priority: 'high' }))
    await it.publish(ack('a'))
    await it.publish({ kind: 'acknowledgement-removed', alertId: alertId('a'), at: AT, why: 're-trigger' })
    await it.publish(phase('a', { phase: 'deescalate', priority: 'low' }))
    expect(told(it)).toEqual(['a start', 'a escalate', 'a update'])
  })

  it('calls again for what was over, unseen, and comes back: nobody has looked, and it is another time', async () => {
    const it = opened()
    await it.publish(phase('a'))
    await it.publish(phase('a', { phase: 'update', state: 'latched' }))
    expect(told(it)).toEqual(['a start'])
    await it.publish(phase('a', { phase: 'update', state: 'active' }))
    expect(told(it)).toEqual(['a start', 'a update'])
    await it.publish(phase('a', { phase: 'update', text: 'SpO₂ 83 % below 90' }))
    expect(told(it)).toEqual(['a start', 'a update'])
  })

  it('calls nobody again for what is not what this way calls for any more', async () => {
    const it = opened({ sends: { ...EVERYTHING, priorities: ['high'] } })
    await it.publish(phase('a'))
    await it.publish(phase('a', { phase: 'update', state: 'latched' }))
    await it.publish(phase('a', { phase: 'deescalate', priority: 'medium' }))
    await it.publish(ack('a'))
    await it.publish({ kind: 'acknowledgement-removed', alertId: alertId('a'), at: AT, why: 'expired' })
    expect(told(it)).toEqual(['a start'])
    await it.publish(phase('a', { phase: 'escalate' }))
    expect(told(it)).toHaveLength(2)
  })

  it('calls once for a cause, and for what followed from it when that stays', async () => {
    const because = (metric: string): Alert['because'] => ({ rule: 'technical', version: '1', inputs: [], limit: null, missing: [], sensors: [{ device: deviceId('mon-1'), metric }] })
    const leads = { type: 'technical', priority: 'medium', condition: 'technical/hr-off', text: 'HR: lead off', because: because('MDC_ECG_HEART_RATE') } as const
    const breaths = { type: 'technical', priority: 'low', condition: 'technical/rr-off', text: 'RR: lead off', because: because('MDC_TTHOR_RESP_RATE') } as const
    for (const says of ['calls', 'all'] as const) {
      const it = opened({ says })
      await it.publish(phase('leads', leads), phase('breaths', breaths))
      expect(told(it)).toEqual(['leads start'])
      await it.publish(phase('leads', { ...leads, phase: 'end', state: 'inactive' }))
      expect(told(it).filter((one) => one !== 'leads end')).toEqual(['leads start', 'breaths start'])
    }
    const technicalOnly = opened({ sends: { ...EVERYTHING, priorities: ['low'] } })
    await technicalOnly.publish(phase('leads', leads), phase('breaths', breaths))
    expect(told(technicalOnly)).toEqual(['breaths start'])
  })

  it('calls once for what the monitor and we say of the same, and again when ours is graver', async () => {
    const because = { rule: 'monitor', version: '1', inputs: [{ name: 'MDC_EVT_LO of MDC_PULS_OXIM_SAT_O2', value: 'SpO2 low', unit: '', at: AT }], limit: null, missing: [] }
    const it = opened()
    await it.publish(phase('theirs', { condition: 'monitor/a1', stay: null, device: deviceId('mon-1'), priority: 'medium', because }))
    await it.publish(phase('ours', { priority: 'medium', at: wallMs(AT + 1) }))
    expect(told(it)).toEqual(['theirs start'])
    await it.publish(phase('ours', { phase: 'escalate', priority: 'high', at: wallMs(AT + 1) }))
    expect(told(it)).toEqual(['theirs start', 'ours start'])
  })

  it('calls for what stands beside an alert that is over, or that somebody has acknowledged before', async () => {
    const because = { rule: 'monitor', version: '1', inputs: [{ name: 'MDC_EVT_LO of MDC_PULS_OXIM_SAT_O2', value: 'SpO2 low', unit: '', at: AT }], limit: null, missing: [] }
    const theirs = { condition: 'monitor/a1', stay: null, device: deviceId('mon-1'), because } as const
    const latched = opened()
    await latched.publish(phase('theirs', theirs), phase('theirs', { ...theirs, phase: 'update', state: 'latched' }))
    await latched.publish(phase('ours', { priority: 'medium' }))
    expect(told(latched)).toContain('ours start')
    const seen = opened()
    await seen.publish(phase('theirs', theirs))
    await seen.publish(ack('theirs'))
    await seen.publish(phase('ours', { at: wallMs(AT + 1) }))
    expect(told(seen)).toEqual(['theirs start', 'ours start'])
  })

  it('calls once for both when the acknowledgement of both runs out', async () => {
    const because = { rule: 'monitor', version: '1', inputs: [{ name: 'MDC_EVT_LO of MDC_PULS_OXIM_SAT_O2', value: 'SpO2 low', unit: '', at: AT }], limit: null, missing: [] }
    const it = opened()
    await it.publish(phase('theirs', { condition: 'monitor/a1', stay: null, device: deviceId('mon-1'), because }), phase('ours', { at: wallMs(AT + 1) }))
    await it.publish(ack('theirs'), ack('ours'))
    const over = (id: string): AlertEvent => ({ kind: 'acknowledgement-removed', alertId: alertId(id), at: AT, why: 'expired' })
    await it.publish(over('theirs'), over('ours'))
    expect(told(it)).toEqual(['theirs start', 'theirs update'])
  })

  it('does not call when somebody came before the call was out', async () => {
    const it = opened()
    it.answer = () => ({ kind: 'trouble', why: 'no line' })
    await it.publish(phase('a'), phase('b'))
    await it.publish(ack('a'))
    await it.publish(end('b'))
    it.answer = () => ({ kind: 'sent', messageId: null })
    await it.clock.pass(60_000)
    expect(told(it)).toEqual([])
  })

  it('says that it is over only where that is wanted, and only to those who were called', async () => {
    const it = opened({ endings: true })
    await it.publish(phase('a'))
    await it.publish(end('a'))
    it.answer = () => ({ kind: 'trouble', why: 'no line' })
    await it.publish(phase('b'))
    await it.publish(end('b'))
    it.answer = () => ({ kind: 'sent', messageId: null })
    await it.clock.pass(60_000)
    expect(told(it)).toEqual(['a start', 'a end'])
  })

  it('calls each of its addresses, and one that refuses does not keep the others', async () => {
    const it = opened({ addresses: ['4711', '4712'] })
    it.answer = ({ address }) => (address === '4711' ? { kind: 'refused', why: 'unknown pager' } : { kind: 'sent', messageId: null })
    await it.publish(phase('a'))
    expect(it.said.map(({ address }) => address)).toEqual(['4712'])
    expect(it.receipts.map(({ step, address, note }) => [step, address, note])).toEqual([['raised', '', null], ['failed', '4711', 'unknown pager'], ['sent', '4712', null]])
  })

  it('sends what its setting names, and what its setting names after a rise', async () => {
    const it = opened({ sends: { types: ['physiological'], priorities: ['high'], beds: ['bed-7'] } })
    await it.publish(phase('technical', technical), phase('low', { priority: 'low' }), phase('elsewhere', { bed: null }), phase('rises', { priority: 'medium' }))
    await it.publish(phase('rises', { phase: 'escalate', priority: 'high' }))
    expect(told(it)).toEqual(['rises start'])
  })

  it('says nothing of a patient unless it may', async () => {
    const it = opened({ patientData: false })
    await it.publish(phase('a'), phase('b', technical))
    expect(it.said.map(({ text }) => text)).toEqual(['Bed 7: open Vigil', 'Ward 3: Central is 3 hours behind'])
  })

  it('calls an address by name for whoever escalates, again, and only about what is open', async () => {
    const it = opened({ sends: { ...EVERYTHING, priorities: ['low'] }, addresses: ['1'] })
    await it.publish(phase('a'))
    expect(it.ways.call('pager', '99', alertId('a'))).toBe(true)
    await it.clock.pass(10)
    expect(it.ways.call('pager', '99', alertId('a'))).toBe(true)
    await it.clock.pass(10)
    expect(it.said.map(({ address, alert }) => [address, alert.id])).toEqual([['99', 'a'], ['99', 'a']])
    expect(it.ways.call('pager', '99', alertId('nothing'))).toBe(false)
    expect(it.ways.call('nobody', '99', alertId('a'))).toBe(false)
  })
})

describe('order', () => {
  it('is by priority, then by age; ends come last', async () => {
    const it = opened({ says: 'all' })
    await it.publish(phase('over'))
    const freed: (() => void)[] = []
    it.answer = () => new Promise((resolve) => freed.push(() => resolve({ kind: 'sent', messageId: null })))
    await it.publish(phase('first', { priority: 'low' }))
    await it.publish(end('over'), phase('medium-1', { priority: 'medium' }), phase('high', { priority: 'high' }), phase('medium-2', { priority: 'medium' }))
    for (let turn = 0; turn < 6; turn++) {
      freed.shift()?.()
      await it.clock.pass(5)
    }
    expect(told(it)).toEqual(['over start', 'first start', 'high start', 'medium-1 start', 'medium-2 start', 'over end'])
  })
})

describe('a way that keeps a list', () => {
  it('hears each change in its phase', async () => {
    const it = opened({ says: 'all' })
    await it.publish(phase('a', { priority: 'medium' }))
    await it.publish(phase('a', { phase: 'escalate', priority: 'high' }))
    await it.publish(ack('a'))
    await it.publish(phase('a', { phase: 'update', state: 'latched' }))
    await it.publish(phase('a', { phase: 'reset', state: 'inactive' }))
    expect(told(it)).toEqual(['a start', 'a escalate', 'a update', 'a update', 'a reset'])
  })

  it('a rise stays a rise although it takes the acknowledgement away', async () => {
    const it = opened({ says: 'all' })
    await it.publish(phase('a', { priority: 'medium' }))
    await it.publish(ack('a'))
    await it.publish(phase('a', { phase: 'escalate', priority: 'high' }), { kind: 'acknowledgement-removed', alertId: alertId('a'), at: AT, why: 'priority-rise' })
    expect(told(it).at(-1)).toBe('a escalate')
  })

  it('hears the end of what ended while it was being said, or of what it may have got without a word', async () => {
    const it = opened({ says: 'all' })
    const answers: ((result: SendResult) => void)[] = []
    it.answer = (notice) => (notice.phase === 'start' ? new Promise((resolve) => answers.push(resolve)) : { kind: 'sent', messageId: null })
    const cases: readonly [string, SendResult][] = [
      ['taken', { kind: 'sent', messageId: null }], ['unsure', { kind: 'trouble', why: 'no answer', mayHaveCome: true }], ['missed', { kind: 'trouble', why: 'not connected' }], ['refused', { kind: 'refused', why: 'AE' }],
    ]
    for (const [id, result] of cases) {
      await it.publish(phase(id, { at: it.clock.wall() }))
      await it.publish(phase(id, { phase: 'end', state: 'inactive', at: it.clock.wall() }))
      answers.pop()?.(result)
      await it.clock.pass(120_000)
    }
    expect(it.said.map(({ alert, phase: said }) => [alert.id, said])).toEqual([['taken', 'start'], ['taken', 'end'], ['unsure', 'end']])
    it.stop.abort()
  })

  it('after an outage hears how things stand: what ended and was told is ended, what came and went is history', async () => {
    const it = opened({ says: 'all' })
    await it.publish(phase('stays'), phase('ends'))
    it.answer = () => ({ kind: 'trouble', why: 'no route' })
    await it.publish(phase('passes'))
    await it.clock.pass(60_000)
    await it.publish(end('passes'), end('ends'), phase('new', { at: it.clock.wall() }))
    await it.clock.pass(3_600_000)
    await it.publish(phase('newest', { at: it.clock.wall() }))
    it.answer = () => ({ kind: 'sent', messageId: null })
    it.said.length = 0
    await it.clock.pass(wayLimits.retryMsMax + 1_000)
    // The first of them shows that the way works again: from then on all that is open is said anew.
    expect(told(it).toSorted()).toEqual(['ends end', 'new continue', 'newest start', 'stays continue'])
  })

  it('is told again what is open when it is there anew, each with a new id', async () => {
    const it = opened({ says: 'all' })
    await it.publish(phase('a'), phase('b'))
    it.events()?.resync()
    await it.clock.pass(10)
    expect(it.said.map(({ alert, phase, id }) => [alert.id, phase, id])).toEqual([['a', 'start', 'a'], ['b', 'start', 'b'], ['a', 'continue', 'n1'], ['b', 'continue', 'n2']])
  })

  it('tries the same again under the same id', async () => {
    const it = opened({ says: 'all' })
    const ids: string[] = []
    it.answer = ({ id }) => {
      ids.push(id)
      return ids.length < 3 ? { kind: 'trouble', why: 'no route' } : { kind: 'sent', messageId: null }
    }
    await it.publish(phase('a'), ack('a'))
    await it.clock.pass(10_000)
    expect(new Set(ids)).toEqual(new Set(['a']))
  })
})

describe('after a restart', () => {
  const restored: readonly Delivery[] = [{ alertId: alertId('told'), at: AT, way: 'pager', step: 'sent', address: '', by: null, note: null }]

  it('who was called is not called again, who was not is', async () => {
    const it = opened({}, { open: [alertOf('told'), alertOf('untold')], restored })
    await it.clock.pass(10)
    await it.clock.pass(2_000)
    expect(told(it)).toEqual(['untold start'])
  })

  it('an alert that began before the ways out did was raised, too', async () => {
    const it = opened({}, { open: [alertOf('early'), alertOf('told')], restored, restoredEvents: [phase('told')] })
    await it.clock.pass(2_000)
    const steps = (id: string): readonly string[] => it.ways.deliveries(alertId(id)).map(({ step }) => step)
    expect([steps('early'), steps('told')]).toEqual([['raised', 'sent'], ['raised', 'sent']])
  })

  it('what ended before the ways out began is ended for those who were told of it, and for nobody else', async () => {
    const restoredEvents = [phase('told'), phase('untold')]
    for (const setting of [{ says: 'all' }, { says: 'calls', endings: true }] as const) {
      const it = opened(setting, { restored, restoredEvents })
      await it.clock.pass(2_000)
      expect(told(it)).toEqual(['told end'])
    }
  })

  it('a failure that nobody will take back is taken back', () => {
    const it = opened({}, { open: [alertOf('x', { ...technical, condition: 'technical/way-failing:gone' })] })
    expect(it.reports).toContainEqual(['technical/way-failing:gone', null])
  })
})

describe('a way that fails', () => {
  it('is an alert after its time, and none when it works again', async () => {
    const it = opened()
    it.answer = () => ({ kind: 'trouble', why: 'no line' })
    await it.publish(phase('a'))
    await it.clock.pass(29_000)
    expect(it.reports.filter(([, text]) => text !== null)).toEqual([])
    await it.clock.pass(3_000)
    expect(it.reports.at(-1)).toEqual(['technical/way-failing:pager', 'Alerts do not leave by "pager": no line'])
    expect(it.ways.states()).toEqual([{ id: 'pager', state: 'failing', why: 'no line', waiting: 1, lastSentAt: null }])
    it.answer = () => ({ kind: 'sent', messageId: null })
    await it.clock.pass(wayLimits.retryMsMax + 1_000)
    expect(it.reports.at(-1)).toEqual(['technical/way-failing:pager', null])
    expect(told(it)).toEqual(['a start'])
  })

  it('is one although it has nothing to say: it tells of itself', async () => {
    const it = opened()
    await it.clock.pass(10)
    it.events()?.health('the cable was pulled')
    await it.clock.pass(31_000)
    expect(it.reports.at(-1)?.[1]).toBe('Alerts do not leave by "pager": the cable was pulled')
    it.events()?.health(null)
    expect(it.reports.at(-1)?.[1]).toBeNull()
  })

  it('is tried ever later, at most half a minute apart, and at once when it says that it works', async () => {
    const it = opened()
    const tries: number[] = []
    it.answer = () => {
      tries.push(it.clock.mono())
      return { kind: 'trouble', why: 'no line' }
    }
    await it.publish(phase('a'))
    await it.clock.pass(200_000)
    const gaps = tries.slice(1).map((at, index) => at - (tries[index] ?? 0))
    expect(gaps.slice(0, 4).map((gap) => Math.round(gap / 1_000))).toEqual([1, 2, 4, 8])
    expect(Math.max(...gaps)).toBeLessThanOrEqual(wayLimits.retryMsMax + 10)
    it.answer = () => ({ kind: 'sent', messageId: null })
    it.events()?.health(null)
    await it.clock.pass(10)
    expect(told(it)).toEqual(['a continue'])
  })

  it('gives a refused call up after its bound, says so, and calls for the next alert', async () => {
    const it = opened()
    it.answer = ({ alert }) => (alert.id === 'a' ? { kind: 'refused', why: 'unknown pager' } : { kind: 'sent', messageId: null })
    await it.publish(phase('a'))
    await it.clock.pass(wayLimits.refusalsMax * wayLimits.retryMsMax + 60_000)
    expect(it.reports.at(-1)?.[1]).toMatch(/^Alerts do not leave by "pager": calls refused for good: 1$/)
    await it.publish(phase('b', { at: it.clock.wall() }))
    expect(told(it)).toEqual(['b start'])
    expect(it.reports.at(-1)?.[1]).toBeNull()
  })

  it('that throws is one that fails, and goes on', async () => {
    const it = opened()
    it.answer = () => {
      throw new Error('a bug')
    }
    await it.publish(phase('a'))
    await it.clock.pass(40_000)
    expect(it.reports.at(-1)?.[1]).toContain('an error inside: a bug')
    it.answer = () => ({ kind: 'sent', messageId: null })
    await it.clock.pass(31_000)
    expect(told(it)).toEqual(['a start'])
  })

  it('never makes publish throw or wait', () => {
    const it = opened()
    it.answer = () => new Promise(() => undefined)
    expect(() => it.ways.publish([ack('unknown'), phase('a'), ack('a'), end('a'), end('unknown-2')])).not.toThrow()
  })

  it('stops when it is told to, whatever it was at', async () => {
    const it = opened()
    it.answer = () => ({ kind: 'trouble', why: 'no line' })
    await it.publish(phase('a'))
    it.stop.abort()
    await it.clock.pass(1)
    await it.ways.stopped
  })
})

describe('the delivery chain', () => {
  it('is raised, sent, delivered, displayed, accepted: each once, in the order in which it came', async () => {
    const it = opened({ addresses: ['4711'] })
    await it.publish(phase('a'))
    it.ways.displayed([alertId('a'), alertId('unknown')], 'station 1')
    it.ways.displayed([alertId('a')], 'station 1')
    it.events()?.heard({ step: 'delivered', alertId: null, address: '4711', by: null, note: 'status 3' })
    it.events()?.heard({ step: 'accepted', alertId: alertId('a'), address: null, by: 'Nurse B', note: null })
    await it.publish(ack('a'))
    const chain = it.ways.deliveries(alertId('a')).map(({ way, step, address, by }) => [way, step, address, by])
    expect(chain).toEqual([
      ['vigil', 'raised', '', null],
      ['pager', 'sent', '4711', null],
      ['screen', 'displayed', '', 'station 1'],
      ['pager', 'delivered', '4711', null],
      ['pager', 'accepted', '', 'Nurse B'],
      ['screen', 'accepted', '', 'Nurse A'],
    ])
    expect(it.receipts).toEqual(it.ways.deliveries(alertId('a')))
  })

  it('is kept for so many alerts, and so many receipts of each', async () => {
    const it = opened()
    for (let index = 0; index <= wayLimits.alertsWithReceiptsMax; index++) {
      it.ways.publish([phase(`a${index}`)])
      if (index % 500 === 0) await it.clock.pass(1)
    }
    expect(it.ways.deliveries(alertId('a0'))).toEqual([])
    const last = alertId(`a${wayLimits.alertsWithReceiptsMax}`)
    for (let index = 0; index <= wayLimits.receiptsPerAlertMax; index++) it.ways.displayed([last], `station ${index}`)
    expect(it.ways.deliveries(last)).toHaveLength(wayLimits.receiptsPerAlertMax)
  })
})

describe('the outbox', () => {
  const box = (says: Way['says'] = 'all'): Outbox => {
    let minted = 0
    return new Outbox({ says, sends: EVERYTHING, addresses: [], endings: true, telling: { ward: 'W', patientData: true }, placeOf, mint: () => `n${++minted}` })
  }
  const now = { at: fakeClock().mono(), wall: AT }

  it('keeps so many, and lets one of less priority go for one of more; that it did so is known', () => {
    const outbox = box()
    for (let index = 0; index < wayLimits.entriesMax; index++) outbox.note(alertOf(`a${index}`, { priority: index === 5 ? 'low' : 'medium' }), now.at)
    outbox.note(alertOf('low', { priority: 'low' }), now.at)
    expect([outbox.waiting, outbox.dropped]).toEqual([wayLimits.entriesMax, 1])
    outbox.note(alertOf('high'), now.at)
    expect([outbox.waiting, outbox.dropped]).toEqual([wayLimits.entriesMax, 2])
    expect(outbox.next(now)?.alert.id).toBe('high')
  })

  it('a receiver that hears what is sent always ends with what is open, in whatever order things fail', () => {
    const step = fc.record({ id: fc.constantFrom('a', 'b', 'c'), what: fc.constantFrom('start', 'end', 'latch', 'escalate', 'ack', 'sent', 'crossed', 'unanswered', 'lost', 'refused', 'resay'), })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const outbox = box()
        const open = new Map<string, Alert>()
        const heard = new Map<string, { priority: string; state: string; acknowledged: boolean }>()
        /** What nobody answered may be said twice. */
        const doubtful = new Set<string>()
        const hear = (notice: Notice, isAnswered = true): void => {
          const { id, priority, state, acknowledged } = notice.alert
          if (!isAnswered) doubtful.add(id)
          if (notice.phase === 'end' || notice.phase === 'reset') {
            if (!doubtful.has(id)) expect(heard.has(id)).toBe(true)
            heard.delete(id)
          } else {
            if (!doubtful.has(id)) expect(heard.has(id)).toBe(notice.phase !== 'start' && (notice.phase !== 'continue' || heard.has(id)))
            heard.set(id, { priority, state, acknowledged: acknowledged !== null })
          }
          if (isAnswered) outbox.sent(notice, now.at)
          else outbox.missed(notice, true, now.at)
        }
        let life = 0
        for (const { id, what } of steps) {
          const known = open.get(id)
          const change = (event: AlertEvent | null): void => {
            if (event === null) return
            const alert = foldAlert(known ?? null, event)
            if (isOpen(alert)) open.set(id, alert)
            else open.delete(id)
            outbox.note(alert, now.at)
          }
          if (what === 'start') change(known ? null : phase(`${id}${life++}`, { priority: 'low' }))
          else if (what === 'sent') {
            const notice = outbox.next(now)
            if (notice !== null) hear(notice)
          } else if (what === 'crossed') {
            const notice = outbox.next(now)
            if (known) change(phase(known.id, { phase: 'end', state: 'inactive' }))
            if (notice !== null) hear(notice)
          } else if (what === 'unanswered' || what === 'lost') {
            const notice = outbox.next(now)
            if (notice !== null && what === 'lost') outbox.missed(notice, false, now.at)
            else if (notice !== null) hear(notice, false)
          }
          else if (what === 'resay') outbox.resay(now.at)
          else if (what === 'refused') {
            const notice = outbox.next(now)
            if (notice !== null) outbox.refuse(notice, now.at)
          } else if (known) {
            change(
              what === 'end' ? phase(known.id, { phase: 'end', state: 'inactive' })
              : what === 'latch' ? phase(known.id, { phase: 'update', state: 'latched' })
              : what === 'escalate' ? phase(known.id, { phase: 'escalate', priority: 'high' })
              : ack(known.id),
            )
          }
        }
        const later = { at: fakeClock().mono(), wall: wallMs(AT + 1_000) }
        for (let at = 0; at < 200; at++) {
          const notice = outbox.next({ ...later, at: { ...later }.at })
          const due = outbox.wakeAt()
          if (notice !== null) hear(notice)
          else if (due === null) break
          else {
            const forced = outbox.next({ at: due, wall: later.wall })
            if (forced !== null) hear(forced)
          }
        }
        const standing = [...open.values()].map(({ id, priority, state, acknowledged }) => [id, { priority, state, acknowledged: acknowledged !== null }])
        expect(Object.fromEntries(heard)).toEqual(Object.fromEntries(standing))
      }),
      { numRuns: 300 },
    )
  })
})
