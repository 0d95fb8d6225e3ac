import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type Server, type Socket, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import mindrayPds from '../../drivers/mindray-pds/driver.ts'
import { createMindrayPds } from '../../simulators/monitors/mindray-pds.ts'
import { createPatient } from '../../simulators/patients/patient.ts'
import { type DeviceId, deviceId } from '../../src/domain/ids.ts'
import { monoMs } from '../../src/domain/time.ts'
import { linkLimits } from '../../src/limits.ts'
import { readAnnouncement } from '../../src/links/pds-announcement.ts'
import { pdsLink } from '../../src/links/pds.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { createDevices } from '../../src/pump/devices.ts'
import { openSession } from '../../src/pump/line.ts'
import type { Clock, Peer, Sender } from '../../src/seams.ts'
import { linkContract, quiet, recorder } from '../contract/link.ts'

const LOOPBACK = 2_130_706_433
const announcement = ({ name = 'M0001', bed = '8', address = String(LOOPBACK), port = '4601', end = '\r' } = {}): Buffer =>
  Buffer.from(
    [
      'MSH|^~\\&|||||||ADT^A01|101|P|2.3.1|', 'EVN||00000000|', 'PID|||14140f00-7bbc-0478-11122d2d02000000||Beispiel^Bo|',
      `PV1||I|^^UCIP&${bed}&${address}&${port}&&1|||||||||||||||U|4294967040||`, `OBX||ST|2304^MonitorName||${name}||||||F`, 'OBX||ST|2308^BedNoStr||08||||||F', '',
    ].join(end),
    'latin1',
  )

describe('an announcement', () => {
  it('says where the monitor is called and what it is called, whatever ends its lines', () => {
    const expected = { address: '10.29.196.8', port: 4601, sender: { name: 'M0001', location: 'UCIP^^8' } }
    expect(readAnnouncement(announcement({ address: '169722888' }))).toEqual(expected)
    expect(readAnnouncement(announcement({ address: '169722888', end: '\n' }))).toEqual(expected)
    expect(readAnnouncement(Buffer.concat([Buffer.of(0x0b), announcement({ address: '169722888' }), Buffer.of(0x1c, 0x0d)]))).toEqual(expected)
  })

  it.each(['', '0', 'none', '4294967296'])('with %j for an address names none', (address) => {
    expect(readAnnouncement(announcement({ address }))).toMatchObject({ address: null, port: 4601 })
  })

  it('with no bed in PV1 has that of OBX 2308, and without a port the usual one', () => {
    expect(readAnnouncement(announcement({ bed: '', port: '', name: '' }))).toEqual({ address: '127.0.0.1', port: 4601, sender: { name: null, location: 'UCIP^^08' } })
  })

  it('is nothing else: not another message, no port that is none, nothing too long, and no bytes of chance', () => {
    const text = announcement().toString('latin1')
    const changed = [['|101|', '|102|'], ['ADT^A01', 'ORU^R01'], ['PV1', 'PV2'], ['&4601&', '&70000&'], ['&4601&', '&0&']] as const
    for (const other of [...changed.map(([from, to]) => text.replace(from, to)), '', 'MSH', '\0\x01\x02']) {
      expect(readAnnouncement(Buffer.from(other, 'latin1'))).toBeNull()
    }
    const padded = (bytes: number): Buffer => Buffer.from(text + 'x'.repeat(bytes - text.length), 'latin1')
    expect(readAnnouncement(padded(linkLimits.announcementBytesMax))).not.toBeNull()
    expect(readAnnouncement(padded(linkLimits.announcementBytesMax + 1))).toBeNull()
  })
})

const real = realClock(REAL_TIME)
/** Sleeps are short, and no time passes but by hand. */
function handClock() {
  let now = 0
  const clock: Clock = { ...real, mono: () => monoMs(now), sleep: (ms, stop) => real.sleep(Math.min(ms, 10), stop) }
  return { clock, pass: (ms: number) => void (now += ms) }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** The link, and a way to announce monitors to it. `named`: who asks to be somebody is that, where the name is known. */
function ward(named: readonly string[] = ['M0001'], clock: Clock = handClock().clock, call: 'sender' | 'announced' = 'sender') {
  const asked: { readonly peer: Peer; readonly sender: Sender }[] = []
  const port = Promise.withResolvers<number>()
  const deviceOf = (peer: Peer, sender: Sender): DeviceId | null => {
    asked.push({ peer, sender })
    return deviceId(sender.name !== null && named.includes(sender.name) ? sender.name : `unknown-${peer.address}`)
  }
  const link = pdsLink({ id: 'pds', host: '127.0.0.1', port: 0, call, clock, log: quiet, listening: port.resolve, deviceOf })
  const socket = createSocket('udp4')
  const announce = async (bytes: Buffer): Promise<void> => {
    const to = await port.promise
    await new Promise<void>((resolve) => socket.send(bytes, to, '127.0.0.1', () => resolve()))
  }
  return { link, asked, announce, close: () => socket.close() }
}

/** Announces again and again, as monitors do, until that is enough. */
async function until(what: () => boolean, announce: () => Promise<void>): Promise<void> {
  const stop = new AbortController()
  while (!what()) {
    await announce()
    await real.sleep(5, stop.signal)
  }
}

describe('monitors that announce themselves', () => {
  linkContract(async () => {
    const server = createServer()
    const port = await listening(server)
    const { clock, pass } = handClock()
    const { link, announce, close } = ward(['M0001'], clock)
    let socket: Socket | null = null
    let answered = ''
    server.on('connection', (fresh) => {
      socket = fresh
      fresh.on('error', () => undefined)
      fresh.on('data', (bytes: Buffer) => (answered += bytes.toString()))
    })
    return {
      link,
      say: async (text) => {
        await until(() => socket !== null, () => {
          pass(linkLimits.serialReopenDelayMs)
          return announce(announcement({ port: String(port) }))
        })
        socket?.write(text)
      },
      answers: () => answered,
      breakOff: async () => {
        socket?.destroy()
        socket = null
      },
      close: async () => {
        socket?.destroy()
        server.close()
        close()
      },
    }
  })

  it('are called once, however often they say it, and again when the conversation is over and some time has passed', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)))
    const port = await listening(server)
    const { clock, pass } = handClock()
    const { link, asked, announce, close } = ward(['M0001'], clock)
    const stop = new AbortController()
    const { open, heard, closed, until: heardUntil } = recorder()
    const running = link.run(open, stop.signal)
    const bytes = announcement({ port: String(port) })
    await until(() => sockets.length > 0, () => announce(bytes))
    sockets[0]?.write('hello')
    await heardUntil(() => heard.length > 0)
    for (let count = 0; count < 50; count++) await announce(bytes)
    expect([heard[0]?.peer, sockets.length]).toEqual([{ address: `127.0.0.1:${port}`, device: 'M0001' }, 1])
    expect(asked[0]?.sender).toEqual({ name: 'M0001', location: 'UCIP^^8' })
    sockets[0]?.destroy()
    await heardUntil(() => closed.length > 0)
    for (let count = 0; count < 50; count++) await announce(bytes)
    expect(sockets.length).toBe(1)
    pass(linkLimits.serialReopenDelayMs)
    await until(() => sockets.length > 1, () => announce(bytes))
    stop.abort()
    await running
    expect(closed.length).toBe(2)
    server.close()
    close()
  })

  it.each([['sender', '127.0.0.1'], ['announced', '127.0.0.2']] as const)('are called at the address of the %s: what is written in an announcement sends us nowhere else unless the site says so', async (call, called) => {
    const sockets: Socket[] = []
    const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)))
    // On every loopback address: the one that is called shows.
    server.listen(0, '0.0.0.0')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const { link, announce, close } = ward(['M0001'], handClock().clock, call)
    const stop = new AbortController()
    const peers: Peer[] = []
    const { open } = recorder()
    const running = link.run((peer, write, hangUp) => (peers.push(peer), open(peer, write, hangUp)), stop.signal)
    await until(() => sockets.length > 0 && peers.length > 0, () => announce(announcement({ address: String(LOOPBACK + 1), port: String(port) })))
    expect([sockets[0]?.localAddress?.replace('::ffff:', ''), peers[0]?.address]).toEqual([called, `${called}:${port}`])
    stop.abort()
    await running
    server.close()
    close()
  })

  it('by one name are never one device: the second is a stranger at its address, once it cannot be the first with a new address', async () => {
    const calls: string[] = []
    const servers = ['first', 'second'].map((name) => createServer((socket) => void (calls.push(name), socket.on('error', () => undefined))))
    const [first = 0, second = 0] = await Promise.all(servers.map(listening))
    const { clock, pass } = handClock()
    const { link, asked, announce, close } = ward(['M0001'], clock)
    const stop = new AbortController()
    const { open } = recorder()
    const peers: Peer[] = []
    const running = link.run((peer, write, hangUp) => (peers.push(peer), open(peer, write, hangUp)), stop.signal)
    await until(() => peers.length === 1, () => announce(announcement({ port: String(first) })))
    const twin = (): Promise<void> => announce(announcement({ port: String(second) }))
    await until(() => asked.some(({ peer }) => peer.address.endsWith(`:${second}`)), twin)
    pass(linkLimits.announcedTwinMs - 1)
    const before = asked.length
    await until(() => asked.length > before, twin)
    expect(peers.length).toBe(1)
    pass(1)
    await until(() => peers.length === 2, twin)
    expect(peers.map(({ device }) => device)).toEqual(['M0001', `unknown-127.0.0.1:${second}`])
    stop.abort()
    await running
    for (const server of servers) server.close()
    close()
  })

  it('are as many as the limit; one more is not called until another is forgotten', async () => {
    const { clock, pass } = handClock()
    const asked = new Set<string>()
    const port = Promise.withResolvers<number>()
    // Nobody is called: there are too many unknown devices.
    const link = pdsLink({ id: 'pds', host: '127.0.0.1', port: 0, call: 'sender', clock, log: quiet, listening: port.resolve, deviceOf: ({ address }) => (asked.add(address), null) })
    const socket = createSocket('udp4')
    const stop = new AbortController()
    const running = link.run(recorder().open, stop.signal)
    const to = await port.promise
    const announce = (index: number): Promise<void> => new Promise((resolve) => socket.send(announcement({ port: String(10_000 + index) }), to, '127.0.0.1', () => resolve()))
    for (let index = 0; index < linkLimits.announcedMonitorsMax; index++) await until(() => asked.has(`127.0.0.1:${10_000 + index}`), () => announce(index))
    const late = `127.0.0.1:${10_000 + linkLimits.announcedMonitorsMax}`
    pass(linkLimits.announcedForgottenMs)
    await announce(linkLimits.announcedMonitorsMax)
    // Datagrams of one socket come in their order on the loopback: what is known now was heard after that.
    asked.delete('127.0.0.1:10000')
    await until(() => asked.has('127.0.0.1:10000'), () => announce(0))
    expect(asked.has(late)).toBe(false)
    pass(1)
    await until(() => asked.has(late), () => announce(linkLimits.announcedMonitorsMax))
    stop.abort()
    await running
    socket.close()
  })

  it('speak to the driver of their protocol: the configured one at its bed, the other known and bound to nothing', async () => {
    const clock = realClock({ originMs: 0, speed: 4 })
    const devices = createDevices([
      { id: 'mon-8', driver: 'mindray-pds', bed: 'bed-8', match: { location: 'UCIP^^8' }, settings: {}, silenceSeconds: 10 },
    ])
    const port = Promise.withResolvers<number>()
    const link = pdsLink({
      id: 'pds', host: '127.0.0.1', port: 0, call: 'sender', clock, log: quiet, listening: port.resolve,
      deviceOf: (peer, sender) => devices.resolve(peer, sender, 'mindray-pds')?.id ?? null,
    })
    const stop = new AbortController()
    const read = new Map<string, number>()
    const running = link.run((peer, write, hangUp) => openSession({
      driver: mindrayPds, settings: {}, peer, write, hangUp, mono: () => clock.mono(), timerMsUntil: (at) => (at - clock.mono()) / 4,
      frame: (frame) => {
        if (frame.kind === 'good') read.set(peer.device ?? '', (read.get(peer.device ?? '') ?? 0) + frame.readings.filter(({ measurement }) => measurement.kind === 'measured').length)
      },
      status: () => undefined, reading: () => undefined, wasRead: () => undefined, isHeld: () => false,
      faulted: (error) => {
        throw error
      },
    }), stop.signal)
    const monitors = await Promise.all(['8', '9'].map((bed) => bedside(bed, clock)))
    const socket = createSocket('udp4')
    const to = await port.promise
    const isDone = (): boolean => (read.get('mon-8') ?? 0) > 50 && [...read.values()].filter((count) => count > 50).length === 2
    await until(isDone, async () => {
      for (const { monitor, tick } of monitors) {
        tick()
        await new Promise<void>((resolve) => socket.send(monitor.announcement(), to, '127.0.0.1', () => resolve()))
      }
    })
    expect(devices.all().map(({ id, bed, unknown }) => [id, bed, unknown])).toEqual([['mon-8', 'bed-8', false], ['M-9', null, true]])
    stop.abort()
    await running
    for (const { server } of monitors) server.close()
    socket.close()
  })
})

/** A simulated monitor behind a real socket. */
async function bedside(bed: string, clock: Clock) {
  let talking: Socket | null = null
  const server = createServer((socket) => {
    monitor.restart()
    talking = socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      for (const answer of monitor.hear(bytes, clock.mono())) socket.write(answer)
    })
  })
  const port = await listening(server)
  const monitor = createMindrayPds({ name: `M-${bed}`, department: 'UCIP', bed, address: '127.0.0.1', port, patient: { mrn: bed, family: 'Beispiel', given: 'Bo' } })
  const patient = createPatient(1, bed, { name: 'stable', delayS: 0 })
  let moment = patient.next()
  let second = Math.floor(clock.mono() / 1_000)
  const tick = (): void => {
    for (const now = Math.floor(clock.mono() / 1_000); second < now; second++) moment = patient.next()
    for (const bytes of monitor.tick(moment, clock.mono())) talking?.write(bytes)
  }
  return { server, monitor, tick }
}
