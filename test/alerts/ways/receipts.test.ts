/** Receipts over restarts, screens that show nothing, tests of a way: the ways with a fake clock, and their receipts kept as the log keeps them. */

import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { NO_SCREEN } from '../../../src/alerts/ways/condition.ts'
import { TEST_ALERT } from '../../../src/alerts/ways/test-notice.ts'
import type { Notice, SendResult, Way } from '../../../src/alerts/ways/way.ts'
import { startWays } from '../../../src/alerts/ways/ways.ts'
import { type Alert, type AlertEvent, foldAlert, isOpen, type Priority } from '../../../src/domain/alert.ts'
import { type Delivery, isImplied } from '../../../src/domain/delivery.ts'
import { alertId } from '../../../src/domain/ids.ts'
import { wallMs } from '../../../src/domain/time.ts'
import { wayLimits } from '../../../src/limits.ts'
import { fakeClock } from '../../fakes/clock.ts'
import { AT, phase, placeOf } from './alerts.ts'

const EVERYTHING = { types: ['physiological', 'technical', 'advisory'], priorities: ['high', 'medium', 'low'], beds: null } as const
const quiet = pino({ level: 'silent' })

/** What a disk keeps: events of alerts, and the receipts that are not implied by them. */
type Disk = { readonly events: AlertEvent[]; readonly receipts: Delivery[] }
const newDisk = (): Disk => ({ events: [], receipts: [] })

/** One life of the gateway. */
function life(disk: Disk, { says = 'calls', addresses = [], noScreen = null, clock = fakeClock(AT) }: { readonly says?: Way['says']; readonly addresses?: readonly string[]; readonly noScreen?: Priority | null; readonly clock?: ReturnType<typeof fakeClock> } = {}) {
  const said: Notice[] = []
  const reports: string[] = []
  const stop = new AbortController()
  let answer: (notice: Notice) => SendResult | Promise<SendResult> = () => ({ kind: 'sent', messageId: null })
  let minted = 0
  const open = (): readonly Alert[] => {
    const all = new Map<string, Alert>()
    for (const event of disk.events) {
      const before = all.get(event.alertId) ?? null
      const alert = foldAlert(before, event)
      if (isOpen(alert)) all.set(alert.id, alert)
      else all.delete(alert.id)
    }
    return [...all.values()]
  }
  const way: Way = {
    id: 'pager',
    says,
    async send(notice) {
      const result = await answer(notice)
      if (result.kind === 'sent') said.push(notice)
      return result
    },
  }
  const before = open()
  const ways = startWays({
    ways: [{ way, sends: EVERYTHING, addresses, endings: false, patientData: true, failingAfterMs: 30_000 }],
    ward: 'Ward 3', clock, log: quiet, mint: () => `n${++minted}`, open: () => before, placeOf, noScreen,
    report: (condition, what) => void reports.push(`${condition} ${what === null ? 'over' : what.priority}`),
    delivered: (delivery) => isImplied(delivery) || disk.receipts.push(delivery),
    restored: disk.receipts.filter(({ alertId: id }) => before.some((alert) => alert.id === id)),
    restoredEvents: disk.events.filter(({ alertId: id }) => before.some((alert) => alert.id === id)),
  }, stop.signal)
  return {
    ways, said, reports, clock,
    told: () => said.map(({ alert, phase: of, address }) => [alert.id, of, address].filter((word) => word !== '').join(' ')),
    answers: (other: typeof answer) => (answer = other),
    async publish(...events: AlertEvent[]) {
      for (const event of events) disk.events.push({ ...event, at: clock.wall() })
      ways.publish(events.map((event) => ({ ...event, at: clock.wall() })))
      await clock.pass(5)
    },
    /** Killed: nothing is said any more. */
    async kill() {
      stop.abort()
      await clock.pass(1)
      await ways.stopped
    },
  }
}

const chainOf = ({ ways }: ReturnType<typeof life>, id: string): string[] => ways.deliveries(alertId(id)).map(({ way, step, by }) => [way, step, by ?? ''].join(' ').trim())
const ack = (id: string): AlertEvent => ({ kind: 'acknowledged', alertId: alertId(id), at: AT, by: 'Nurse A' })

describe('receipts that outlive the gateway', () => {
  it('make the chain whole again, and nobody is called twice', async () => {
    const disk = newDisk()
    const first = life(disk, { addresses: ['4711', '4712'] })
    await first.publish(phase('a'))
    first.ways.displayed([alertId('a')], 'station')
    await first.publish(ack('a'))
    const chain = chainOf(first, 'a')
    expect(chain).toEqual(['vigil raised', 'pager sent', 'pager sent', 'screen displayed station', 'screen accepted Nurse A'])
    await first.kill()
    const second = life(disk, { addresses: ['4711', '4712'], clock: first.clock })
    await second.clock.pass(60_000)
    expect([second.told(), chainOf(second, 'a')]).toEqual([[], chain])
    expect(disk.receipts.map(({ step }) => step)).toEqual(['sent', 'sent', 'displayed'])
  })

  it('tell who was called and who was not: a crash between two calls costs the second none', async () => {
    const disk = newDisk()
    const first = life(disk, { addresses: ['4711', '4712'] })
    first.answers(({ address }) => (address === '4711' ? { kind: 'sent', messageId: null } : new Promise(() => undefined)))
    await first.publish(phase('a'))
    expect(first.told()).toEqual(['a start 4711'])
    const second = life(disk, { addresses: ['4711', '4712'], clock: first.clock })
    await second.clock.pass(2_000)
    expect(second.told()).toEqual(['a start 4712'])
  })

  it('what got worse after the last call is called again, once', async () => {
    const disk = newDisk()
    const first = life(disk)
    await first.publish(phase('a', { priority: 'medium' }))
    await first.clock.pass(1_000)
    first.answers(() => ({ kind: 'trouble', why: 'no line' }))
    await first.publish(phase('a', { phase: 'escalate', priority: 'high' }))
    await first.kill()
    const second = life(disk, { clock: first.clock })
    await second.clock.pass(2_000)
    expect(second.told()).toEqual(['a escalate'])
    await second.kill()
    const third = life(disk, { clock: first.clock })
    await third.clock.pass(60_000)
    expect(third.told()).toEqual([])
  })

  it('are bounded, and failures leave room for what came of an alert in the end', async () => {
    const disk = newDisk()
    const it = life(disk)
    let tries = 0
    it.answers(() => ({ kind: 'trouble', why: `failure ${++tries}` }))
    await it.publish(phase('a'))
    await it.clock.pass(60 * wayLimits.retryMsMax)
    expect(tries).toBeGreaterThan(wayLimits.failuresPerAlertMax + 1)
    expect(disk.receipts).toHaveLength(wayLimits.failuresPerAlertMax)
    for (let nth = 0; nth < wayLimits.receiptsPerAlertMax; nth++) it.ways.displayed([alertId('a')], `station ${nth}`)
    expect(it.ways.deliveries(alertId('a'))).toHaveLength(wayLimits.receiptsPerAlertMax)
    // What is implied is not written.
    expect(disk.receipts).toHaveLength(wayLimits.receiptsPerAlertMax - 1)
  })
})

describe('a high alert that no screen shows', () => {
  it('is told of after ten seconds, once for all, and not when a screen has it', async () => {
    const it = life(newDisk(), { noScreen: 'medium' })
    await it.publish(phase('seen'), phase('unseen'), phase('unseen-2'), phase('medium', { priority: 'medium' }))
    it.ways.displayed([alertId('seen')], 'station')
    await it.clock.pass(wayLimits.displayedMs - 1_000)
    expect(it.reports.filter((text) => text.startsWith(NO_SCREEN))).toEqual([])
    await it.clock.pass(120_000)
    expect(it.reports.filter((text) => text.startsWith(NO_SCREEN))).toEqual([`${NO_SCREEN} medium`])
    it.ways.displayed([alertId('unseen')], 'station')
    await it.clock.pass(5_000)
    expect(it.reports.at(-1)).toBe(`${NO_SCREEN} medium`)
    it.ways.displayed([alertId('unseen-2')], 'station')
    await it.clock.pass(5_000)
    expect(it.reports.at(-1)).toBe(`${NO_SCREEN} over`)
  })

  it('is nothing to tell of where somebody came, or it is over', async () => {
    const it = life(newDisk(), { noScreen: 'medium' })
    await it.publish(phase('a'), phase('b'))
    await it.clock.pass(5_000)
    await it.publish(ack('a'), phase('b', { phase: 'end', state: 'inactive' }))
    await it.clock.pass(60_000)
    expect(it.reports.filter((text) => text.startsWith(NO_SCREEN))).toEqual([])
  })

  it('is judged anew after a restart: what was shown before is not missed, what was not is', async () => {
    const disk = newDisk()
    const first = life(disk, { noScreen: 'low' })
    await first.publish(phase('seen'), phase('unseen'))
    first.ways.displayed([alertId('seen')], 'station')
    await first.kill()
    const second = life(disk, { noScreen: 'low', clock: first.clock })
    await second.publish(phase('unseen', { phase: 'end', state: 'inactive' }))
    await second.clock.pass(60_000)
    expect(second.reports.filter((text) => text.startsWith(NO_SCREEN))).toEqual([])
  })
})

describe('a test of a way', () => {
  it('is marked as one, is about nobody, and leaves a receipt', async () => {
    const disk = newDisk()
    const it = life(disk, { addresses: ['4711'] })
    const trying = it.ways.test('pager', 'demo admin')
    await it.clock.pass(10)
    expect(await trying).toEqual({ kind: 'sent', messageId: null })
    const [notice] = it.said
    expect([notice?.text, notice?.alert.type, notice?.alert.priority, notice?.alert.bed, notice?.alert.stay, notice?.address]).toEqual(['Ward 3: TEST of Vigil by demo admin: no alert', 'technical', 'low', null, null, '4711'])
    expect(disk.receipts).toMatchObject([{ step: 'sent', way: 'pager', address: '4711' }])
    expect(disk.receipts[0]?.alertId.startsWith(TEST_ALERT)).toBe(true)
    expect(it.ways.states()).toMatchObject([{ id: 'pager', state: 'works', lastSentAt: it.clock.wall() }])
  })

  it('ends where a list is kept', async () => {
    const it = life(newDisk(), { says: 'all' })
    void it.ways.test('pager', 'x')
    await it.clock.pass(10)
    expect(it.said.map(({ phase: of, alert }) => [of, alert.state])).toEqual([['start', 'active'], ['end', 'inactive']])
  })

  it('of a way that does not work is tried at once, says why, and makes no alert of its own', async () => {
    const it = life(newDisk())
    it.answers(() => ({ kind: 'trouble', why: 'no line' }))
    const trying = it.ways.test('pager', 'x')
    await it.clock.pass(10)
    expect(await trying).toEqual({ kind: 'trouble', why: 'no line' })
    await it.clock.pass(60_000)
    expect(it.ways.states()).toMatchObject([{ state: 'works' }])
  })

  it('one at a time: the next is told to wait; there is none of a way that is not there', async () => {
    const it = life(newDisk())
    it.answers(() => new Promise(() => undefined))
    const first = it.ways.test('pager', 'x')
    for (let nth = 1; nth < wayLimits.testsWaitingMax; nth++) void it.ways.test('pager', 'x')
    expect(await it.ways.test('pager', 'x')).toEqual({ kind: 'busy' })
    expect(await it.ways.test('none', 'x')).toBeNull()
    await it.clock.pass(wayLimits.testMs)
    expect(await first).toEqual({ kind: 'waiting' })
  })

  it('does not hold up an alert behind it', async () => {
    const it = life(newDisk())
    void it.ways.test('pager', 'x')
    await it.publish(phase('a', { at: wallMs(AT) }))
    await it.clock.pass(10)
    expect(it.told()).toHaveLength(2)
  })
})
