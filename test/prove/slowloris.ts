/**
 * `prove slowloris`: 500 half MLLP frames and 500 half HTTP requests that dribble, and 500 silent MQTT sockets, all at once
 * and from many addresses, while 20 monitors and an MQTT device go on. Their acknowledgements come as ever, the slow ones
 * are closed by the deadline of their frame, and memory stays where it was.
 *
 * A quick run has fewer sockets and no time to wait for deadlines of 30 s: it judges all but the closing of MLLP and HTTP.
 */

import { open } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { type MqttClient, connectAsync } from 'mqtt'
import { apiLimits, linkLimits } from '../../src/limits.ts'
import { freePort } from '../free-port.ts'
import { framed, oru } from '../bench/oru.ts'
import type { Prove } from './prove.ts'
import { PASSWORD, ProvedSite, beds, brokerFor, delay, dial, loopback, percentile, residentPeakMb, rounded, strangers } from './wire-site.ts'

const MONITORS = 20
const PACE_MS = 100
/** In a quick run the machine may be busy with other tests: a gateway that waits for slow senders is late by many seconds. */
const ACK_MS_MAX = { full: 200, quick: 15_000 } as const
/** Where this machine is so busy that a timer and an fsync alone, or an acknowledgement before the slow senders came, take as long, none can be sooner. */
const STRAINED = 2
const CLOSED_MS_MAX = 30_000
/** Timers, and a machine that others use too. */
const MARGIN_MS = { full: 3_000, quick: 30_000 } as const
/** Fifteen hundred sockets, and a heap that has grown for them. */
const GROWTH_MB_MAX = 100
const CONNECTS_AT_ONCE = 100

export const prove: Prove = async ({ quick, say }) => {
  const each = quick ? 150 : 500
  const [hl7Port, mqttPort] = [await freePort(), await freePort()]
  const names = Array.from({ length: MONITORS }, (_, index) => `MON-${index + 1}`)
  await using site = new ProvedSite({
    links: [{ kind: 'mllp-listen', id: 'hl7', port: hl7Port }, brokerFor(mqttPort, ['mqtt-1'])],
    devices: [...names.flatMap((name, index) => strangers([name], 'hl7', { bed: `bed-${index + 1}` })), ...strangers(['mqtt-1'], 'mqtt-json')],
    beds: beds(names.map((_, index) => `bed-${index + 1}`)),
  })
  const gateway = await site.start()
  const httpPort = Number(new URL(gateway.url).port)
  const stop = new AbortController()
  const latencies: number[] = []
  const device = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { username: 'mqtt-1', password: PASSWORD, reconnectPeriod: 0, keepalive: 60 })
  const honest = [...(await Promise.all(names.map((name) => monitor(hl7Port, name, latencies, stop.signal)))), publisher(device, latencies, stop.signal)]
  // Code is compiled and heaps have grown before anything is compared, peak with peak.
  const calmed = new AbortController()
  const calmPeak = residentPeakMb(gateway, calmed.signal)
  await delay(quick ? 1_500 : 15_000)
  const calm = latencies.splice(0)
  calmed.abort()
  const calmMb = await calmPeak
  const peak = residentPeakMb(gateway, stop.signal)
  const floors: number[] = []
  const floor = timersAndFsyncs(join(site.folder, 'floor'), floors, stop.signal)

  say(`3 × ${each} slow sockets`)
  const mllp = await attack(each, hl7Port, 0, { first: '\x0bMSH|^~\\&|', drop: 'x' })
  const http = await attack(each, httpPort, 1, { first: 'GET / HTTP/1.1\r\nHost: a\r\nX-A: ', drop: 'b' })
  const mqtt = await attack(each, mqttPort, 2, null)
  const slow = [...mllp, ...http, ...mqtt]
  const dribbling = Promise.all([...mllp, ...http].map((one) => dribble(one, stop.signal)))
  const until = performance.now() + (quick ? linkLimits.mqttLoginMs + MARGIN_MS.quick : CLOSED_MS_MAX + MARGIN_MS.full)
  while (performance.now() < until && (quick ? mqtt : slow).some(({ closedMs }) => closedMs === null)) await delay(100)
  stop.abort()
  await dribbling
  const acknowledged = latencies.length
  const p99 = percentile(latencies, 0.99)
  const floorP99 = percentile(floors, 0.99)
  const calmP99 = percentile(calm, 0.99)
  const growth = (await peak) - calmMb
  await Promise.all(honest.map(({ done }) => done))
  await device.endAsync(true)
  await floor
  const longest = (sockets: readonly Slow[]): number => Math.max(...sockets.map(({ closedMs }) => closedMs ?? Number.POSITIVE_INFINITY))
  const closing = { mllp: longest(mllp), http: longest(http), mqtt: longest(mqtt) }
  for (const { socket } of slow) socket.destroy()
  const isAlive = gateway.isAlive()
  if (!isAlive) say(`the gateway is gone: ${site.log()}`)
  await gateway.stop()
  const closed = quick ? closing.mqtt <= linkLimits.mqttLoginMs + MARGIN_MS.quick : Math.max(closing.mllp, closing.http, closing.mqtt) <= CLOSED_MS_MAX + MARGIN_MS.full
  const inSeconds = (ms: number): number | string => (Number.isFinite(ms) ? rounded(ms / 1_000) : 'not within this run')
  return {
    kind: 'judged',
    pass: isAlive && closed && acknowledged > 0 && p99 <= Math.max(ACK_MS_MAX[quick ? 'quick' : 'full'], STRAINED * floorP99, STRAINED * calmP99) && growth <= GROWTH_MB_MAX,
    figures: {
      slowSockets: slow.length,
      acknowledged,
      acknowledgementMsP50: rounded(percentile(latencies, 0.5)),
      acknowledgementMsP99: rounded(p99),
      acknowledgementMsP99Before: rounded(calmP99),
      timerAndFsyncMsP99: rounded(floorP99),
      mllpClosedSecondsMax: inSeconds(closing.mllp),
      httpClosedSecondsMax: inSeconds(closing.http),
      mqttClosedSecondsMax: inSeconds(closing.mqtt),
      frameDeadlineSeconds: linkLimits.frameDeadlineMs / 1_000,
      requestDeadlineSeconds: apiLimits.requestTimeoutMs / 1_000,
      residentMbBefore: rounded(calmMb),
      residentGrowthMb: rounded(growth),
    },
    control: null,
  }
}

/** What this machine takes for a short timer and one fsync, at the same time and on the same disk. */
async function timersAndFsyncs(path: string, took: number[], stop: AbortSignal): Promise<void> {
  await using file = await open(path, 'w')
  const bytes = Buffer.alloc(4_096)
  while (!stop.aborted) {
    const at = performance.now()
    await delay(1)
    await file.write(bytes)
    await file.datasync()
    took.push(performance.now() - at)
    await delay(PACE_MS / 4)
  }
}

type Slow = { readonly socket: Socket; readonly drop: string; closedMs: number | null }

async function attack(count: number, port: number, attacker: number, says: { readonly first: string; readonly drop: string } | null): Promise<Slow[]> {
  const all: Slow[] = []
  while (all.length < count) {
    const from = all.length
    const batch = Array.from({ length: Math.min(CONNECTS_AT_ONCE, count - from) }, async (_, index): Promise<Slow> => {
      const startedAt = performance.now()
      const socket = await dial(port, loopback(1_000 * (attacker + 1) + from + index))
      const slow: Slow = { socket, drop: says?.drop ?? '', closedMs: null }
      socket.once('close', () => (slow.closedMs = performance.now() - startedAt))
      socket.resume()
      if (says) socket.write(says.first)
      return slow
    })
    all.push(...(await Promise.all(batch)))
  }
  return all
}

/** A byte a second, for as long as anybody listens. */
async function dribble({ socket, drop }: Slow, stop: AbortSignal): Promise<void> {
  while (!stop.aborted && !socket.closed) {
    await delay(1_000)
    if (!socket.destroyed) socket.write(drop)
  }
}

/** Connects, then sends a message every so often and notes how long its acknowledgement took. What is not acknowledged by the end counts as a second. */
async function monitor(port: number, name: string, latencies: number[], stop: AbortSignal): Promise<{ readonly done: Promise<void> }> {
  const socket = await dial(port)
  let answered = (): void => undefined
  socket.on('data', (bytes: Buffer) => void (bytes.includes('\x1c\r') && answered()))
  const run = async (): Promise<void> => {
    for (let count = 1; !stop.aborted; count++) {
      const at = performance.now()
      const came = new Promise<boolean>((resolve) => {
        answered = () => resolve(true)
        setTimeout(() => resolve(false), 1_000)
      })
      socket.write(framed(oru(name, String(count).padStart(9, '0'))))
      await came
      latencies.push(performance.now() - at)
      await delay(PACE_MS)
    }
    socket.destroy()
  }
  return { done: run() }
}

function publisher(device: MqttClient, latencies: number[], stop: AbortSignal): { readonly done: Promise<void> } {
  const run = async (): Promise<void> => {
    for (let count = 1; !stop.aborted; count++) {
      const at = performance.now()
      const payload = JSON.stringify({ id: String(count), at: new Date().toISOString(), readings: [{ mdc: 147842, value: 70, unit: '/min' }] })
      await Promise.race([device.publishAsync('vigil/v1/mqtt-1/readings', payload, { qos: 1 }), delay(1_000)])
      latencies.push(performance.now() - at)
      await delay(PACE_MS)
    }
  }
  return { done: run() }
}
