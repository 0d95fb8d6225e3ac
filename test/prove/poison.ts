/**
 * One bad conversation costs nobody else anything but a moment: a driver that throws loses its conversation for a while, one
 * that never ends costs the process, which comes back without it. The other beds' alerts come, at most three seconds late,
 * and what was acknowledged is there.
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { openLogReader } from '../../src/store/log-reader.ts'
import { quantile, spread } from './figures.ts'
import { ProveWard, type RunningGateway, bedOf } from './gateway.ts'
import { Ledger, holdingsOf, judge } from './oracle.ts'
import { saturationMessage } from './payload.ts'
import type { Prove } from './prove.ts'
import { rest } from './senders.ts'
import { Station } from './station.ts'

const IMPORTS = [join(import.meta.dirname, 'controls', 'poison.ts')]
/** As the supervisor waits. */
const RESTART_MS = 200
/** In a quick trial the machine may be busy with other tests. */
const LATE_MS = { full: 3_000, quick: 60_000 } as const
const ALERT_EVERY_MS = 150
const ANSWER_MS = 700
const NOTICE_MS = 60_000
const HELD = 'technical/session-held'
const THROWING_HOST = '127.0.0.66'
const LOOPING_HOST = '127.0.0.67'

export const prove: Prove = async ({ quick, say }) => {
  const alarmsBefore = quick ? 8 : 30
  await using ward = await ProveWard.open({ devices: { mllp: 4, mqtt: 2 }, alarmBeds: 300 })
  const ledger = new Ledger()
  const stop = new AbortController()
  const lives = new Lives(ward, stop.signal)
  const living = lives.run()
  while (lives.station === null) await rest(10)
  const senders = ward.devices.map((device) => ward.senderOf(device, ledger))
  const running = Promise.all(senders.map((sender) => sender.run(20, stop.signal)))
  const raised: Promise<number>[] = []
  const raiseAll = async (devices: readonly string[], enough: AbortSignal): Promise<void> => {
    for (const device of devices) {
      if (enough.aborted) return
      raised.push(raise(ward, lives, device))
      await rest(ALERT_EVERY_MS)
    }
  }

  // 1 · a driver that throws: nobody but its sender notices.
  const before = raiseAll(ward.alarmDevices.slice(0, alarmsBefore), stop.signal)
  await insist(ward.ports.hl7, { from: THROWING_HOST, message: poison('THROW'), times: 2 })
  const isThrowTold = await until(() => lives.wasHeld(THROWING_HOST), NOTICE_MS)
  const deathsByThrow = lives.deaths
  const isThrowOver = await until(() => !lives.isHeld(THROWING_HOST), NOTICE_MS)
  say(`a driver threw: told ${isThrowTold}, over ${isThrowOver}, deaths ${deathsByThrow}`)

  // 2 · one that never ends: its sender comes back with the same message, as monitors do.
  await before
  const looping = new AbortController()
  const during = raiseAll(ward.alarmDevices.slice(alarmsBefore), looping.signal)
  const loop = insistUntil(ward.ports.hl7, { from: LOOPING_HOST, message: poison('LOOP') }, looping.signal)
  const deathsWanted = quick ? 1 : 2
  const isKilled = await until(() => lives.deaths >= deathsWanted && lives.station !== null, NOTICE_MS)
  const isLoopTold = await until(() => lives.isHeld(LOOPING_HOST), NOTICE_MS)
  say(`a driver never ended: ${lives.deaths} deaths, held ${isLoopTold}`)
  // Held it kills no more, however often it says it again.
  await rest(quick ? 2_000 : 8_000)
  const { deaths } = lives
  looping.abort()
  await loop
  await during
  const latencies = await Promise.all(raised)
  stop.abort()
  await running
  const probes = lives.gateway?.isAlive() === true
  for (const sender of senders) sender.close()
  await living
  const verdict = judge(ledger, holdingsOf(ward.data))
  const kept = keptOf(ward.data)
  const late = latencies.filter((ms) => Number.isFinite(ms))
  const worst = Math.max(...latencies)
  return {
    kind: 'judged',
    pass:
      isThrowTold && isThrowOver && deathsByThrow === 0 && isKilled && deaths === deathsWanted && isLoopTold && probes && verdict.conserved &&
      worst <= (quick ? LATE_MS.quick : LATE_MS.full) && kept.throwing > 0 && kept.held > 0,
    figures: {
      'a driver that throws, deaths': deathsByThrow,
      'a driver that never ends, deaths until it is held': deaths,
      'alerts of other beds': `${late.length} of ${latencies.length}`,
      'sample to alert': spread(late),
      'share of them within 100 ms': late.filter((ms) => ms <= 100).length / Math.max(1, late.length),
      'dead for, each time': lives.outagesMs.map((ms) => `${ms.toFixed(0)} ms`).join(', '),
      'issued, acknowledged, delivered': `${verdict.issued}, ${verdict.accepted}, ${verdict.delivered}`,
      'acknowledged and missing': verdict.missing,
      'kept in quarantine: thrown on, not read': `${kept.throwing}, ${kept.held}`,
      'median in ms': quantile(late, 0.5),
    },
    control: null,
  }
}

/** The supervisor: starts the gateway again when it dies, and keeps a nurse's page open on each of its lives. */
class Lives {
  deaths = 0
  gateway: RunningGateway | null = null
  station: Station | null = null
  readonly outagesMs: number[] = []
  readonly #ward: ProveWard
  readonly #stop: AbortSignal

  constructor(ward: ProveWard, stop: AbortSignal) {
    this.#ward = ward
    this.#stop = stop
  }

  wasHeld(host: string): boolean {
    return this.station?.told.some(({ condition, text }) => condition === HELD && text.includes(host)) === true
  }

  isHeld(host: string): boolean {
    return this.station?.isOpen(HELD) === true && this.station.told.findLast(({ condition }) => condition === HELD)?.text.includes(host) === true
  }

  async run(): Promise<void> {
    for (;;) {
      const gateway = await this.#ward.start({ imports: IMPORTS })
      const station = await Station.open(this.#ward, gateway)
      this.gateway = gateway
      this.station = station
      while (gateway.isAlive() && !this.#stop.aborted) await rest(5)
      if (gateway.isAlive()) {
        station[Symbol.dispose]()
        return gateway.stop()
      }
      const diedAt = performance.now()
      this.station = null
      this.deaths++
      await rest(RESTART_MS)
      void this.#backAt().then((at) => this.outagesMs.push(at - diedAt))
      station[Symbol.dispose]()
    }
  }

  async #backAt(): Promise<number> {
    while (this.station === null) await rest(5)
    return performance.now()
  }
}

/** Two values of 70 %, or one that lasts, make an alert: from the first writing of the second to the alert at the page, in ms. */
async function raise(ward: ProveWard, lives: Lives, device: string): Promise<number> {
  const told = { from: '127.0.0.2', times: Number.POSITIVE_INFINITY }
  await insist(ward.ports.hl7, { ...told, message: saturationMessage(device, `${device}-1`, 70) })
  const writtenAt = performance.now()
  const sent = insist(ward.ports.hl7, { ...told, message: saturationMessage(device, `${device}-2`, 70) })
  let arrival: number | null = null
  await until(() => (arrival = lives.station?.arrivalOf(bedOf(device)) ?? null) !== null, LATE_MS.quick)
  await sent
  return arrival === null ? Number.POSITIVE_INFINITY : Math.max(0, arrival - writtenAt)
}

type Telling = { readonly from: string; readonly message: Uint8Array; readonly times: number }

/** Says it until it is answered, on a new connection each time, as often as it may. */
async function insist(port: number, { from, message, times }: Telling): Promise<void> {
  for (let said = 0; said < times; said++) {
    if (await isAnswered(port, from, message)) return
    await rest(30)
  }
}

async function insistUntil(port: number, { from, message }: Omit<Telling, 'times'>, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await isAnswered(port, from, message)
    await rest(300, stop)
  }
}

async function isAnswered(port: number, from: string, message: Uint8Array): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  const ended = new AbortController()
  const timer = setTimeout(() => ended.abort(), ANSWER_MS)
  socket.on('error', () => ended.abort())
  socket.on('close', () => ended.abort())
  try {
    socket.write(message)
    await once(socket, 'data', { signal: ended.signal })
    return true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

const poison = (word: string): Buffer => Buffer.from(`\x0bMSH|^~\\&|poison|${word}|VIGIL|WARD|20260115020000||ORU^R01^ORU_R01|1|P|2.6|||AL|NE\r\x1c\r`)

/** Frames in quarantine on which the driver threw, and chunks that were not read. */
function keptOf(folder: string): { readonly throwing: number; readonly held: number } {
  using reader = openLogReader(folder)
  const whys = reader.quarantined(1_000).map(({ why }) => why)
  return { throwing: whys.filter((why) => why.includes('failed on these bytes')).length, held: whys.filter((why) => why.startsWith('not read')).length }
}

async function until(what: () => boolean, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; await rest(5)) if (what()) return true
  return what()
}
