/** Paging systems at the end of real pseudo-terminals, and a real broker. */

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { pino } from 'pino'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { espaSession } from '../../../src/alerts/ways/espa.ts'
import { mqttWay } from '../../../src/alerts/ways/mqtt.ts'
import type { PagerSession } from '../../../src/alerts/ways/pager.ts'
import { pagerWay } from '../../../src/alerts/ways/pager-way.ts'
import { tapSession } from '../../../src/alerts/ways/tap.ts'
import type { FarWord } from '../../../src/alerts/ways/way.ts'
import { openPort } from '../../../src/links/ports.ts'
import { REAL_TIME, realClock } from '../../../src/ops/clock.ts'
import { createEspaReceiver } from '../../../simulators/paging/espa-receiver.ts'
import { createTapTerminal } from '../../../simulators/paging/tap-terminal.ts'
import { attachPaging } from '../../../simulators/paging/wire.ts'
import { hasPty } from '../../../simulators/pty.ts'
import { freePort } from '../../free-port.ts'
import { alertOf, noticeOf } from './alerts.ts'

const PATIENCE = { timeout: 60_000, interval: 20 }
const folder = mkdtempSync(join(tmpdir(), 'vigil-ways-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const clock = realClock(REAL_TIME)
const log = pino({ level: 'silent' })

function atPort(path: string, session: () => PagerSession) {
  const stop = new AbortController()
  const health: (string | null)[] = []
  const words: FarWord[] = []
  const way = pagerWay({
    id: 'pager', session, textCharsMax: 80, statuses: new Map([['3', 'delivered']]), clock, log,
    // A pseudo-terminal has no parity: what stands on the wire is the same.
    open: (heard) => openPort({ kind: 'serial', path, line: { baudRate: 9_600, dataBits: 8, parity: 'none', stopBits: 1 } }, heard),
  })
  const running = way.run?.({ health: (why) => health.push(why), resync: () => undefined, heard: (word) => words.push(word) }, stop.signal)
  return {
    way, health, words, stop: stop.signal,
    end: async (): Promise<void> => {
      stop.abort()
      await running
    },
  }
}

const call = (text: string) => noticeOf(alertOf('a'), { address: '4711', text })

describe.skipIf(!hasPty())('on a pseudo-terminal', () => {
  it('ESPA: calls, through a damaged block, hears of the delivery, and finds the cable again that was pulled', { timeout: 300_000 }, async () => {
    const path = join(folder, 'espa')
    const device = createEspaReceiver({ address: '2', gatewayAddress: '1', isControl: false })
    device.habits.statusAfterMs = 0
    let damaged = 0
    const first = await attachPaging(path, device, (bytes, way) => (way === 'out' && bytes.length > 20 && damaged++ === 0 ? bytes.filter((_, index) => index !== 15) : bytes))
    const { way, health, words, stop, end } = atPort(path, () => espaSession({ role: 'control', ownAddress: '1', pagingAddress: '2', beep: { alarm: '3', high: '2', normal: '1' }, transmissions: 1, polls: true }))
    await vi.waitFor(() => expect(health).toContain(null), PATIENCE)
    expect(await way.send(call('Bed 7: SpO₂ 84 % below 90'), stop)).toEqual({ kind: 'sent', messageId: null })
    expect(device.pages.map(({ text }) => text)).toEqual(['Bed 7: SpO2 84 % below 90'])
    await vi.waitFor(() => expect(words).toContainEqual({ step: 'delivered', alertId: null, address: '4711', by: null, note: 'status 3' }), PATIENCE)
    await first?.end()
    await vi.waitFor(() => expect(health.at(-1)).not.toBeNull(), PATIENCE)
    expect(await way.send(call('lost'), stop)).toMatchObject({ kind: 'trouble' })
    const second = await attachPaging(path, device)
    await vi.waitFor(async () => expect(await way.send(call('back'), stop)).toMatchObject({ kind: 'sent' }), PATIENCE)
    expect(device.pages.at(-1)?.text).toBe('back')
    await end()
    await second?.end()
  })

  it('TAP: calls, through a NAK, is refused, and says what is wrong', { timeout: 300_000 }, async () => {
    const path = join(folder, 'tap')
    const device = createTapTerminal()
    const line = await attachPaging(path, device)
    const { way, health, stop, end } = atPort(path, () => tapSession({ password: '' }))
    await vi.waitFor(() => expect(health).toContain(null), PATIENCE)
    expect(device.pages).toEqual([])
    device.habits.naks = 1
    expect(await way.send(call('one'), stop)).toMatchObject({ kind: 'sent' })
    device.habits.rejects = 1
    expect(await way.send(call('two'), stop)).toEqual({ kind: 'refused', why: 'the paging terminal rejects the call (511 No such pager)' })
    expect(await way.send(call('three'), stop)).toMatchObject({ kind: 'sent' })
    expect(device.pages.map(({ text }) => text)).toEqual(['one', 'three'])
    await end()
    await line?.end()
  })
})

describe('a broker', () => {
  it('gets each notice once, acknowledged, and is told again when it comes back; what it did not acknowledge in time does not come later by itself', async () => {
    const heard: unknown[] = []
    const hung: unknown[] = []
    let hangs = false
    const begin = async (port: number) => {
      const aedes = await Aedes.createBroker({ authorizePublish: (_client, _packet, done) => (hangs ? hung.push(done) : done(null)) })
      aedes.on('publish', ({ topic, payload }) => {
        if (topic === 'ward/alerts') heard.push(JSON.parse(payload.toString()))
      })
      const server = createServer(aedes.handle)
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
      return {
        port,
        async end() {
          await new Promise<void>((resolve) => aedes.close(() => resolve()))
          await new Promise<void>((resolve) => server.close(() => resolve()))
        },
      }
    }
    const broker = await begin(await freePort())
    const stop = new AbortController()
    const health: (string | null)[] = []
    let resyncs = 0
    const way = mqttWay({ id: 'mqtt', url: `mqtt://127.0.0.1:${broker.port}`, clientId: 'vigil-out', username: null, password: null, ca: null, topic: 'ward/alerts', gatewayId: 'g', patientData: false, clock })
    const running = way.run?.({ health: (why) => health.push(why), resync: () => resyncs++, heard: () => undefined }, stop.signal)
    await vi.waitFor(() => expect(health.at(-1)).toBeNull(), PATIENCE)
    expect(await way.send(noticeOf(alertOf('a')), stop.signal)).toEqual({ kind: 'sent', messageId: 'a' })
    expect(heard).toMatchObject([{ alert: 'a', phase: 'start', text: 'Bed 7: open Vigil' }])
    hangs = true
    const late = new AbortController()
    const unanswered = way.send(noticeOf(alertOf('over')), late.signal)
    await vi.waitFor(() => expect(hung).toHaveLength(1), PATIENCE)
    late.abort()
    expect(await unanswered).toMatchObject({ kind: 'trouble' })
    hangs = false
    await broker.end()
    await vi.waitFor(() => expect(health.at(-1)).not.toBeNull(), PATIENCE)
    expect(await way.send(noticeOf(alertOf('b')), stop.signal)).toMatchObject({ kind: 'trouble' })
    const again = await begin(broker.port)
    await vi.waitFor(() => expect(resyncs).toBe(1), PATIENCE)
    expect(await way.send(noticeOf(alertOf('b')), stop.signal)).toMatchObject({ kind: 'sent' })
    expect(heard).toMatchObject([{ alert: 'a' }, { alert: 'b' }])
    stop.abort()
    await running
    await again.end()
  })
})
