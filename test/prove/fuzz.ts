/**
 * `prove fuzz`: frames mutated from good ones over MLLP, MQTT, a serial port and the page's WebSocket, over real sockets
 * into one gateway, cut anywhere. It does not die, does not grow, still takes a good frame at the end, and whatever it
 * acknowledged is in the database: SQLite itself notes every row down in the gateway's own transactions (triggers).
 */

import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { generate } from 'mqtt-packet'
import { monoMs } from '../../src/domain/time.ts'
import { driverOf } from '../../src/drivers.ts'
import { linkLimits } from '../../src/limits.ts'
import { PACKET_START, walkPackets } from '../../src/links/mqtt-guard.ts'
import { type Pty, hasPty, openPty } from '../../simulators/pty.ts'
import { freePort } from '../free-port.ts'
import { type Prove, type ProveSetting, randomOf } from './prove.ts'
import { messageOf } from './torture-cases.ts'
import { RawMqtt, publishPacket, readingOf } from './wire-mqtt.ts'
import { type Random, mutated, pieces } from './wire-mutation.ts'
import { ProvedSite, type SiteProcess, brokerFor, delay, dial, residentPeakMb, rounded, settled, strangers } from './wire-site.ts'

/** Each way in gets so many frames. Over the wire, where each costs a commit: as many as a lunch break allows; the drivers' sessions get the rest. */
const FRAMES = { quick: 2_000, full: 1_000_000 }
const OVER_THE_WIRE = { mllp: 200_000, mqtt: 100_000, serial: 200_000, page: 1_000_000 }
const WARM_UP = { quick: 500, full: 20_000 }
/** A heap may grow as far as it is let; one that has to stay this small and lives on holds nothing without a bound. */
const HEAP = { NODE_OPTIONS: '--max-old-space-size=192 --max-semi-space-size=4' }
/** Beside the heap: buffers, the pages of the database, what the allocator keeps. */
const GROWTH_MB_MAX = 250
const PATIENCE_MS = 60_000

/** Kept beside the tables of the gateway: all that was ever taken, also what its rings have dropped since. */
const NOTES = `
  CREATE TABLE prove_message (control_id TEXT);
  CREATE TRIGGER prove_message_added AFTER INSERT ON message BEGIN INSERT INTO prove_message VALUES (new.control_id); END;
  CREATE TABLE prove_kept (head BLOB);
  CREATE TRIGGER prove_kept_added AFTER INSERT ON quarantine BEGIN INSERT INTO prove_kept VALUES (substr(new.bytes, 1, 200)); END;
`

type Figures = Record<string, number | string>
type Trial = { readonly site: ProvedSite; readonly gateway: SiteProcess; readonly figures: Figures; readonly setting: ProveSetting; readonly frames: number }
type Wrong = readonly string[]

const HL7 = Array.from({ length: 16 }, (_, index) => `fuzz-${index}`)
const MQTT = Array.from({ length: 8 }, (_, index) => `mqtt-${index}`)

/** Nine digits: what was sent is known again wherever it turns up. */
const markOf = (kind: 'F' | 'M', count: number): string => `${kind}${String(count).padStart(9, '0')}`
const MARK = /[FM]\d{9}/g

export const prove: Prove = async (setting) => {
  const [hl7Port, mqttPort] = [await freePort(), await freePort()]
  const hasSerial = hasPty()
  await using site = new ProvedSite((folder) => ({
    links: [{ kind: 'mllp-listen', id: 'hl7', port: hl7Port }, brokerFor(mqttPort, MQTT), ...(hasSerial ? [{ kind: 'serial', id: 'serial', device: 'serial-1', path: join(folder, 'port') }] : [])],
    devices: [...strangers(HL7, 'hl7'), ...strangers(MQTT, 'mqtt-json'), ...strangers(['serial-1'], 'masimo-ascii')],
    beds: [{ id: 'bed-1', label: '1' }],
  }))
  const pty = hasSerial ? await openPty(join(site.folder, 'port')) : null
  const gateway = await site.start([], HEAP)
  site.alter(NOTES)
  const figures: Figures = {}
  const trial: Trial = { site, gateway, figures, setting, frames: setting.quick ? FRAMES.quick : FRAMES.full }
  const wrong: string[] = []
  // Code is compiled and heaps have grown before memory is compared.
  const warmUp: Trial = { ...trial, frames: setting.quick ? WARM_UP.quick : WARM_UP.full, figures: {} }
  await mllp(warmUp, hl7Port, 900_000_000)
  await mqtt(warmUp, mqttPort, 900_000_000)
  if (pty) await serial(warmUp, pty)
  await pages(warmUp)
  const before = gateway.residentMb()
  const stop = new AbortController()
  const peak = residentPeakMb(gateway, stop.signal)
  const run = async (name: string, fuzzed: Promise<Wrong>): Promise<void> => {
    const startedAt = performance.now()
    const found = await fuzzed.catch((error: unknown) => [`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`])
    setting.say(`${name}: ${rounded((performance.now() - startedAt) / 1_000)} s, ${gateway.residentMb().toFixed(0)} MB${found.length === 0 ? '' : `: ${found.join('; ')}`}`)
    wrong.push(...found)
    if (!gateway.isAlive()) throw new Error(`the gateway died of ${name}, seed ${setting.seed}: ${site.log()}`)
  }
  const atMost = (frames: number): Trial => ({ ...trial, frames: Math.min(frames, trial.frames) })
  await run('MLLP', mllp(atMost(OVER_THE_WIRE.mllp), hl7Port, 0))
  await run('MQTT', mqtt(atMost(OVER_THE_WIRE.mqtt), mqttPort, 0))
  if (pty) await run('serial', serial(atMost(OVER_THE_WIRE.serial), pty))
  await run('WebSocket', pages(atMost(OVER_THE_WIRE.page)))
  stop.abort()
  const growth = (await peak) - before
  figures['residentMbBefore'] = rounded(before)
  figures['residentGrowthMb'] = rounded(growth)
  if (growth > GROWTH_MB_MAX) wrong.push(`${growth} MB more`)
  await gateway.stop()
  await pty?.close()
  wrong.push(...sessions(trial))
  for (const one of wrong) setting.say(one)
  return { kind: 'judged', pass: wrong.length === 0, figures, control: null }
}

// ── MLLP ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const BATCH = 64

/** Counts from `first`, so that two rounds have different marks. */
async function mllp({ site, figures, setting, frames }: Trial, port: number, first: number): Promise<Wrong> {
  const positive: string[] = []
  let count = first
  let cut = 0
  const senders = HL7.map(async (device, place) => {
    const random = randomOf(setting.seed + place * 7_919 + first)
    let socket: Socket | null = null
    let ears = { text: '', waitsFor: '', heard: (): void => undefined }
    while (count < first + frames) {
      if (socket === null || socket.destroyed) {
        socket = await dial(port, `127.0.7.${place + 1}`)
        ears = { text: '', waitsFor: '', heard: () => undefined }
        const own = ears
        socket.on('data', (bytes: Buffer) => {
          own.text = collect(own.text + bytes.toString('latin1'), (code, id) => {
            if (code === 'AA' || code === 'CA') positive.push(id)
            if (id === own.waitsFor) own.heard()
          })
        })
      }
      const batch: Uint8Array[] = []
      for (let index = 0; index < BATCH; index++) batch.push(mutated(random, Buffer.from(`\x0b${messageOf(device, { id: markOf('F', ++count), hr: 60 + (count % 40), accept: count % 2 === 0 ? 'AL' : '' })}\x1c\r`)))
      const last = markOf('F', ++count)
      // Whatever was left open before it, a whole message is answered.
      batch.push(Buffer.from(`\x1c\r\x0b${messageOf(device, { id: last })}\x1c\r`))
      const answered = new Promise<boolean>((resolve) => {
        ears.waitsFor = last
        ears.heard = () => resolve(true)
        socket?.once('close', () => resolve(false))
      })
      for (const piece of pieces(random, Buffer.concat(batch), 16)) socket.write(piece)
      if (!(await Promise.race([answered, delay(PATIENCE_MS).then(() => false)]))) {
        cut++
        socket.destroy()
      }
    }
    socket?.destroy()
  })
  await Promise.all(senders)
  const stored = new Set(site.query<{ id: string }>('SELECT control_id AS id FROM prove_message WHERE control_id IS NOT NULL').map(({ id }) => id))
  // A control id that was hit reads differently in the answer, in its own charset and escapes: those are counted instead of looked up.
  const isMark = (id: string): boolean => /^F\d{9}$/.test(id)
  const missing = positive.filter((id) => isMark(id) && !stored.has(id))
  const odd = positive.filter((id) => !isMark(id) && id !== '').length
  const oddStored = [...stored].filter((id) => !isMark(id)).length
  Object.assign(figures, { mllpFrames: count - first, mllpAcknowledged: positive.length, mllpAcknowledgedNotStored: missing.length, mllpWithoutId: positive.filter((id) => id === '').length, mllpUnanswered: cut })
  return [
    ...(missing.length > 0 ? [`acknowledged and not in the database: ${missing.slice(0, 5).join()}`] : []),
    ...(odd > oddStored ? [`${odd} odd control ids acknowledged, ${oddStored} stored`] : []),
    ...(cut > 0 ? [`${cut} whole messages behind a batch were not answered`] : []),
  ]
}

/** Takes whole answers out of what came; returns the rest. */
function collect(text: string, heard: (code: string, id: string) => void): string {
  let from = 0
  for (let end = text.indexOf('\x1c\r'); end >= 0; end = text.indexOf('\x1c\r', from)) {
    const [, code = '', id = ''] = /\rMSA.([A-Z]{2})(?:.([^|\r]*))?/s.exec(text.slice(from, end)) ?? []
    heard(code, id)
    from = end + 2
  }
  return text.slice(from)
}

// ── MQTT ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const PUBLISHED_AT_ONCE = 16
/** One batch of so many is hit as a whole, headers and lengths too: most of those end the connection. */
const HEADERS_HIT_ONE_IN = 12
const BEGINNING = 16

async function mqtt({ site, figures, setting, frames }: Trial, port: number, first: number): Promise<Wrong> {
  let count = first
  let acknowledged = 0
  let reconnected = 0
  /** Payloads that were acknowledged. */
  const taken: string[] = []
  const senders = MQTT.map(async (user, place) => {
    const random = randomOf(setting.seed + place * 104_729 + first)
    let client: RawMqtt | null = null
    while (count < first + frames) {
      if (client === null || client.isClosed) {
        client = await RawMqtt.login(port, { user })
        reconnected++
      }
      const sent = new Map<number, string>()
      const isHit = random.int(HEADERS_HIT_ONE_IN) === 0
      const batch = Array.from({ length: PUBLISHED_AT_ONCE }, (_, index) => {
        const payload = Buffer.from(mutated(random, payloadOf(++count)))
        sent.set(index + 1, payload.toString('latin1'))
        return generate(publishPacket(`vigil/v1/${user}/readings`, payload, { messageId: index + 1 }), { protocolVersion: 4 })
      })
      client.listener = (packet) => {
        if (packet.cmd !== 'puback') return
        acknowledged++
        const payload = sent.get(packet.messageId ?? 0)
        if (payload !== undefined && !isHit) taken.push(payload)
        sent.delete(packet.messageId ?? 0)
      }
      const bytes = Buffer.concat(batch)
      for (const piece of pieces(random, isHit ? Buffer.from(mutated(random, bytes)) : bytes, 8)) if (!client.isClosed) client.socket.write(piece)
      const one = client
      if (!isHit) await settled(PATIENCE_MS, () => sent.size === 0 || one.isClosed)
      else {
        // What is left of it may be the beginning of a packet that never ends.
        await delay(5)
        client.vanish()
      }
      client.packets.length = 0
    }
    client?.vanish()
  })
  await Promise.all(senders)
  const stored = new Set(site.query<{ id: string }>('SELECT control_id AS id FROM prove_message WHERE control_id IS NOT NULL').map(({ id }) => id))
  const heads = site.query<{ head: Uint8Array }>('SELECT head FROM prove_kept WHERE head IS NOT NULL').map(({ head }) => Buffer.from(head).toString('latin1'))
  const kept = new Set(heads.flatMap(marksIn))
  const byBeginning = Map.groupBy(heads, (head) => head.slice(0, BEGINNING))
  // Kept is an object of it from its brace on, or all of it where there was none.
  const short = [...new Set(heads.filter((head) => head.length < BEGINNING))]
  const beginningWith = (text: string): readonly string[] => [...(byBeginning.get(text.slice(0, BEGINNING)) ?? []), ...short]
  const isKept = (payload: string): boolean =>
    [0, ...Array.from(payload.matchAll(/\{/g), ({ index }) => index)].some((at) => beginningWith(payload.slice(at, at + BEGINNING)).some((head) => head !== '' && payload.startsWith(head, at)))
  // Of an empty message there is nothing to keep.
  const isKnown = (payload: string): boolean => payload === '' || stored.has(idOf(payload) ?? '') || marksIn(payload).some((mark) => stored.has(mark) || kept.has(mark)) || isKept(payload)
  const missing = taken.filter((payload) => !isKnown(payload))
  Object.assign(figures, { mqttFrames: count - first, mqttAcknowledged: acknowledged, mqttAcknowledgedChecked: taken.length, mqttAcknowledgedNotStored: missing.length, mqttConnections: reconnected })
  return missing.length > 0 ? [`acknowledged and neither stored nor kept: ${JSON.stringify(missing.slice(0, 3))}`] : []
}

/** The mark stands in it twice: as its id, and in the milliseconds and beyond of its time. */
const payloadOf = (count: number): Buffer => Buffer.from(readingOf(markOf('M', count), 60 + (count % 40)).replace('02:00:00Z', `02:00:00.${String(count).padStart(9, '0')}Z`))

const marksIn = (text: string): readonly string[] => [...(text.match(MARK) ?? []), ...Array.from(text.matchAll(/02:00:00\.(\d{9})Z/g), ([, digits = '']) => `M${digits}`)]

function idOf(payload: string): string | null {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(payload, 'latin1').toString('utf8'))
    const id = typeof parsed === 'object' && parsed !== null && 'id' in parsed ? parsed.id : null
    return typeof id === 'string' || typeof id === 'number' ? String(id) : null
  } catch {
    return null
  }
}

// ── serial ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const LINES_AT_ONCE = 40

async function serial({ site, figures, setting, frames }: Trial, pty: Pty): Promise<Wrong> {
  const random = randomOf(setting.seed)
  await settled(PATIENCE_MS, () => pty.heard())
  let count = 0
  while (count < frames) {
    const lines = Array.from({ length: LINES_AT_ONCE }, () => mutated(random, lineOf(count++)))
    for (const piece of pieces(random, Buffer.concat(lines), 4)) while (!pty.write(piece)) await delay(1)
  }
  // The line before it may have lost its end.
  const last = count + 1
  const isStored = (): boolean => site.query('SELECT 1 FROM snapshot WHERE sent_at = ?', lineAt(last)).length > 0
  const isThere = await settled(3 * PATIENCE_MS, async () => {
    pty.write(Buffer.concat([Buffer.from('\r\n'), lineOf(last)]))
    await delay(500)
    return isStored()
  })
  Object.assign(figures, { serialFrames: count })
  return isThere ? [] : ['a good line after all is not stored']
}

const lineAt = (count: number): number => Date.UTC(2026, 0, 1) + count * 1_000
function lineOf(count: number): Buffer {
  const at = new Date(lineAt(count)).toISOString()
  return Buffer.from(`${at.slice(5, 7)}/${at.slice(8, 10)}/${at.slice(2, 4)} ${at.slice(11, 19)} SN=0000093112 SPO2=097% BPM=080 PI=01.20 ALARM=0000 EXC=000000\r\n`)
}

// ── the page's WebSocket ─────────────────────────────────────────────────────────────────────────────────────────────

/** With the one that looks at the end, as many as a user may have (apiLimits.sessionsPerUserMax). */
const SESSIONS = { quick: 3, full: 15 }
const TABS = 8
/** A page that says more than 200 messages within a second is cut; so much is borne. */
const MESSAGES_AT_ONCE = 180

async function pages({ site, gateway, figures, setting, frames }: Trial): Promise<Wrong> {
  const sessions: string[] = []
  for (let index = 0; index < (setting.quick ? SESSIONS.quick : SESSIONS.full); index++) sessions.push(await site.signIn(gateway.url))
  let count = 0
  let opened = 0
  await Promise.all(
    sessions.flatMap((cookie, session) =>
      Array.from({ length: TABS }, async (_, tab) => {
        const random = randomOf(setting.seed + session * 31 + tab * 1_009)
        let socket: Socket | null = null
        while (count < frames) {
          if (socket === null || socket.destroyed) {
            socket = await openPage(gateway.url, cookie)
            opened++
          }
          const messages = Array.from({ length: MESSAGES_AT_ONCE }, () => frameOf(random, Buffer.from(mutated(random, displayed(++count), true))))
          // The frames themselves are hit in the last one only: from there on nothing is read any more.
          const hit = Buffer.from(mutated(random, frameOf(random, Buffer.from(displayed(++count)))))
          for (const piece of pieces(random, Buffer.concat([...messages, hit]), 8)) if (!socket.destroyed) socket.write(piece)
          await Promise.race([once(socket, 'close'), delay(1_050)])
        }
        socket?.destroy()
      }),
    ),
  )
  const page = await openPage(gateway.url, await site.signIn(gateway.url))
  page.resume()
  const isServed = await Promise.race([once(page, 'data').then(() => true), delay(PATIENCE_MS).then(() => false)])
  page.destroy()
  Object.assign(figures, { webSocketFrames: count, webSocketConnections: opened })
  return isServed ? [] : ['a page after all is not served']
}

// ── what the wire is too slow for ────────────────────────────────────────────────────────────────────────────────────

/** The drivers' sessions and the guard of the broker, without a gateway around them: total on any bytes, and bounded. */
function sessions({ figures, setting, frames }: Trial): Wrong {
  const now = monoMs(0)
  const goodOf: Readonly<Record<string, (count: number) => Uint8Array>> = {
    hl7: (count) => Buffer.from(`\x0b${messageOf('fuzz', { id: markOf('F', count) })}\x1c\r`),
    'mqtt-json': payloadOf,
    'masimo-ascii': lineOf,
  }
  const wrong: string[] = []
  for (const [name, good] of Object.entries(goodOf)) {
    const random = randomOf(setting.seed)
    const session = driverOf(name).open({})
    let step = PACKET_START
    for (let count = 0; count < frames; count++) {
      const bytes = Buffer.from(mutated(random, good(count)))
      try {
        for (const piece of pieces(random, bytes, 3)) for (const frame of session.receive(piece, now).frames) if (frame.kind !== 'skipped') frame.reply?.({ kind: 'stored' })
        const next = walkPackets(step, bytes, linkLimits.mqttPacketBytesMax)
        step = next === 'too-long' ? PACKET_START : next
      } catch (error) {
        wrong.push(`${name} threw at frame ${count}, seed ${setting.seed}: ${String(error)}`)
        break
      }
    }
    figures[`${name}SessionFrames`] = frames
  }
  return wrong
}

const displayed = (count: number): Buffer => Buffer.from(JSON.stringify({ type: 'displayed', alerts: [`00000000-0000-4000-8000-${String(count).padStart(12, '0')}`] }))

/** A masked text or binary frame (RFC 6455, 5.2). */
function frameOf(random: Random, payload: Buffer): Buffer {
  const mask = random.bytes(4)
  const opcode = random.int(8) === 0 ? 2 : 1
  const head = payload.length < 126 ? [0x80 | opcode, 0x80 | payload.length] : [0x80 | opcode, 0x80 | 126, payload.length >> 8, payload.length & 0xff]
  return Buffer.concat([Buffer.from(head), mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))])
}

async function openPage(url: string, cookie: string): Promise<Socket> {
  const { port, host } = new URL(url)
  const socket = await dial(Number(port))
  const fields = { Host: host, Origin: url, Cookie: cookie, Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64') }
  socket.write(`GET /ws HTTP/1.1\r\n${Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  const [answer]: Buffer[] = await once(socket, 'data')
  const text = answer?.toString('latin1') ?? ''
  if (!text.startsWith('HTTP/1.1 101')) throw new Error(`the page was refused: ${text.slice(0, 40)}`)
  socket.resume()
  return socket
}
