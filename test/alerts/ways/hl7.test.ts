/** The way to an alarm manager over real sockets of this machine, against the simulated one. Its clock runs ten times as fast as ours. */

import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { hl7Way, type Hl7WaySetting } from '../../../src/alerts/ways/hl7.ts'
import type { FarWord } from '../../../src/alerts/ways/way.ts'
import { realClock } from '../../../src/ops/clock.ts'
import { type AlarmManager, startAlarmManager } from '../../../simulators/paging/alarm-manager.ts'
import { loopbackCertificate } from '../../sync/certificate.ts'
import { alertOf, noticeOf } from './alerts.ts'

const PATIENCE = { timeout: 60_000, interval: 10 }
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function opened(change: Partial<Hl7WaySetting> = {}, given?: AlarmManager) {
  const manager = given ?? (await startAlarmManager())
  const health: (string | null)[] = []
  const words: FarWord[] = []
  let resyncs = 0
  const stop = new AbortController()
  const way = hl7Way({
    id: 'am', gatewayId: 'vigil-1', ward: 'W', receivingApplication: '', receivingFacility: '', patientData: true,
    host: '127.0.0.1', port: manager.port, tls: null, statusListener: null, mrnOf: () => null,
    clock: realClock({ originMs: Date.now(), speed: 10 }), log: pino({ level: 'silent' }), ...change,
  })
  const running = way.run?.({ health: (why) => health.push(why), resync: () => resyncs++, heard: (word) => words.push(word) }, stop.signal)
  closing.push(async () => {
    stop.abort()
    await running
    await manager.close()
  })
  return { manager, way, health, words, stop, resyncs: () => resyncs }
}

describe('the alarm manager behind TLS', () => {
  it('gets its messages from who knows its authority, and reports back over the same connection', async () => {
    const tls = loopbackCertificate()
    const { manager, way, health, words, stop } = await opened({ tls: { ca: tls.cert } }, await startAlarmManager({ tls }))
    await vi.waitFor(() => expect(health).toEqual([null]), PATIENCE)
    expect(await way.send(noticeOf(alertOf('a')), stop.signal)).toEqual({ kind: 'sent', messageId: 'a' })
    manager.report('a', 'Accepted', 'Nora')
    await vi.waitFor(() => expect(words).toMatchObject([{ step: 'accepted', alertId: 'a', by: 'Nora' }]), PATIENCE)
  })

  it.each([
    ['an authority that nobody knows', null],
    ['another authority', loopbackCertificate().cert],
  ])('is told nothing where its certificate is not to be believed: %s', async (_why, ca) => {
    const { manager, way, health, stop } = await opened({ tls: { ca } }, await startAlarmManager({ tls: loopbackCertificate() }))
    await vi.waitFor(() => expect(health[0]).toMatch(/^the alarm manager cannot be reached: .*certificate/), PATIENCE)
    expect(await way.send(noticeOf(alertOf('a')), stop.signal)).toMatchObject({ kind: 'trouble' })
    expect(manager.received).toEqual([])
  })
})

describe('the alarm manager', () => {
  it('gets one message after the other, and each answer is taken for what it is', async () => {
    const { manager, way, health, stop } = await opened()
    await vi.waitFor(() => expect(health).toEqual([null]), PATIENCE)
    expect(await way.send(noticeOf(alertOf('a')), stop.signal)).toEqual({ kind: 'sent', messageId: 'a' })
    manager.answers.push('CA', 'AE', 'AR')
    expect(await way.send(noticeOf(alertOf('a'), { id: 'n1', phase: 'update' }), stop.signal)).toEqual({ kind: 'sent', messageId: 'n1' })
    expect(await way.send(noticeOf(alertOf('b')), stop.signal)).toEqual({ kind: 'refused', why: 'AE' })
    expect(await way.send(noticeOf(alertOf('b')), stop.signal)).toEqual({ kind: 'refused', why: 'AR' })
    expect(manager.received.map(({ controlId, first, phase }) => [controlId, first, phase])).toEqual([['a', 'a', 'start'], ['n1', 'a', 'update'], ['b', 'b', 'start'], ['b', 'b', 'start']])
  })

  it('that does not answer is called anew, and told all again', async () => {
    const { manager, way, health, stop, resyncs } = await opened()
    await vi.waitFor(() => expect(health).toEqual([null]), PATIENCE)
    manager.answers.push('silence')
    expect(await way.send(noticeOf(alertOf('a')), stop.signal)).toEqual({ kind: 'trouble', why: 'the alarm manager did not answer in time', mayHaveCome: true })
    await vi.waitFor(() => expect(resyncs()).toBe(1), PATIENCE)
    expect(await way.send(noticeOf(alertOf('a')), stop.signal)).toMatchObject({ kind: 'sent' })
    expect(manager.received.map(({ controlId }) => controlId)).toEqual(['a', 'a'])
  })

  it('that hangs up is noticed with nothing under way, and found again', async () => {
    const { manager, way, health, stop, resyncs } = await opened()
    await vi.waitFor(() => expect(health).toEqual([null]), PATIENCE)
    manager.drop()
    await vi.waitFor(() => expect(health).toHaveLength(2), PATIENCE)
    expect(await way.send(noticeOf(alertOf('a')), stop.signal)).toEqual({ kind: 'trouble', why: 'not connected to the alarm manager' })
    await vi.waitFor(() => expect(resyncs()).toBe(1), PATIENCE)
    expect(health.at(-1)).toBeNull()
  })

  it('that is not there is said to be not there', async () => {
    const manager = await startAlarmManager()
    await manager.close()
    const { health } = await opened({}, manager)
    await vi.waitFor(() => expect(health[0]).toMatch(/^the alarm manager cannot be reached: .*ECONNREFUSED/), PATIENCE)
  })

  it('reports on the same connection how far an alert came, also in one packet with its answer', async () => {
    const { manager, way, health, words, stop } = await opened()
    await vi.waitFor(() => expect(health).toEqual([null]), PATIENCE)
    await way.send(noticeOf(alertOf('a')), stop.signal)
    manager.report('a', 'Delivered')
    manager.report('a', 'Read', 'Nora')
    manager.report('a', 'Accepted', 'Nora')
    manager.report('b', 'Accepted')
    manager.report('a', 'Undeliverable')
    await vi.waitFor(() => expect(words).toHaveLength(4), PATIENCE)
    expect(words.map(({ alertId, step, by, note }) => [alertId, step, by, note])).toEqual([
      ['a', 'delivered', null, null], ['a', 'displayed', 'Nora', null], ['a', 'accepted', 'Nora', null], ['a', 'failed', null, 'Undeliverable'],
    ])
  })

  it('may call us for its reports, and is answered', async () => {
    let port = 0
    const { manager, way, health, words, stop } = await opened({ statusListener: { host: '127.0.0.1', port: 0, listening: (got) => (port = got) } })
    await vi.waitFor(() => expect([health, port > 0]).toEqual([[null], true]), PATIENCE)
    await way.send(noticeOf(alertOf('a')), stop.signal)
    expect(await manager.call(port, 'a', 'Accepted')).toMatch(/MSA\|CA\|r1/)
    expect(words).toEqual([{ step: 'accepted', alertId: 'a', address: null, by: null, note: null }])
  })
})
