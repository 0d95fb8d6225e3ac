/** What an alert says of a patient leaves by no way that does not carry it: looked for in the raw bytes, over real sockets of this machine. */

import { createServer, type Server } from 'node:net'
import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { configuredWays } from '../../../src/alerts/ways/configured.ts'
import { startWays } from '../../../src/alerts/ways/ways.ts'
import { parseSite } from '../../../src/config/load.ts'
import type { AlertEvent } from '../../../src/domain/alert.ts'
import { textOf } from '../../../src/alerts/ways/words.ts'
import { bedId, deviceId, stayId } from '../../../src/domain/ids.ts'
import { REAL_TIME, realClock } from '../../../src/ops/clock.ts'
import { alertOf, AT, phase, placeOf, technical } from './alerts.ts'

const NAME = 'CANARYNAME'
const MRN = 'CANARY4711'
const CANARIES = [NAME, MRN, 'canary-stay', '83.7777', 'SpO', 'spo2', 'PULS_OXIM', '150456']

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Keeps all bytes that it hears, and says what makes the other end go on. */
async function ear(answer: (heard: string) => string): Promise<{ readonly port: number; heard(): string }> {
  const chunks: Buffer[] = []
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      chunks.push(bytes)
      const say = answer(bytes.toString('latin1'))
      if (say !== '') socket.write(Buffer.from(say, 'latin1'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  const address = server.address()
  return { port: typeof address === 'object' && address ? address.port : 0, heard: () => Buffer.concat(chunks).toString('latin1') }
}

const http = (): string => 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'
/** CONNACK; PUBACK of what is published at QoS 1: MQTT 3.1.1, 3.2 and 3.4. */
const mqtt = (heard: string): string => {
  if (heard.charCodeAt(0) >> 4 === 1) return '\x20\x02\x00\x00'
  if (heard.charCodeAt(0) >> 4 !== 3) return ''
  const head = heard.charCodeAt(1) >= 0x80 ? 3 : 2
  const topicBytes = heard.charCodeAt(head) * 256 + heard.charCodeAt(head + 1)
  return `\x40\x02${heard.slice(head + 2 + topicBytes, head + 4 + topicBytes)}`
}
const acm = (heard: string): string => (heard.includes('ORU^R40') ? `\x0bMSH|^~\\&|AM|H|VIGIL|W|20260115020000||ACK^R40^ACK|k|P|2.6\rMSA|AA|${heard.split('|')[9] ?? ''}\r\x1c\r` : '')

const alert = (change: Partial<Extract<AlertEvent, { kind: 'phase' }>> = {}): AlertEvent => phase('alert-1', {
  bed: bedId('bed-7'), stay: stayId('canary-stay'), text: `SpO₂ 83.7777 % below 90 (${NAME}, ${MRN})`,
  because: { rule: 'threshold', version: '1', inputs: [{ name: 'SpO₂', value: 83.7777, unit: '%', at: AT }], limit: { text: 'SpO₂ low 90 %', setBy: NAME }, missing: [] },
  ...change,
})

it('names a bed as screens do, whatever the site calls it', () => {
  const told = (place: string): string => textOf(alertOf('a'), { place, ward: 'Ward 3', patientData: false })
  expect([told('7'), told('B2'), told('Bed 7'), told('4 window')]).toEqual(['Bed 7: open Vigil', 'Bed B2: open Vigil', 'Bed 7: open Vigil', '4 window: open Vigil'])
})

describe('a way that carries no patient data', () => {
  it('says nothing in the words of a monitor or of a frame, also where they are of no bed', () => {
    const text = (change: Parameters<typeof alertOf>[1]): string => textOf(alertOf('a', { ...technical, device: deviceId('spare'), ...change }), { place: null, ward: 'Ward 3', patientData: false })
    expect(text({ condition: 'monitor/7', text: `Monitor: LEADS OFF ${NAME}` })).toBe('Ward 3: open Vigil')
    expect(text({ condition: 'technical/quarantine', text: `spare sends what cannot be believed: ${MRN} is no number` })).toBe('Ward 3: open Vigil')
    expect(text({ condition: 'silence/device', text: 'No data from registry: look at the monitor' })).toBe('Ward 3: No data from registry: look at the monitor')
  })

  it('carries none: from the onset of an alert to its end, by web, chat, mail, MQTT and to an alarm manager', async () => {
    const [hook, slack, broker, manager] = await Promise.all([ear(http), ear(http), ear(mqtt), ear(acm)])
    const mails: string[] = []
    const all = 'sends: { types: [physiological, technical, advisory] }'
    const loaded = parseSite(`
gateway: { id: g, ward: Ward 3, data: data }
beds: [{ id: bed-7, label: Bed 7 }]
links: [{ kind: mllp-listen, id: l, port: 0 }]
notify:
  ways:
    - { kind: webhook, id: hook, url: 'http://127.0.0.1:${hook.port}/hook', secret: { env: KEY }, ${all} }
    - { kind: webhook, id: slack, url: 'http://127.0.0.1:${slack.port}/s', style: slack, ${all} }
    - { kind: mail, id: mail, host: smtp.h.example, from: vigil@h.example, to: [a@h.example], endings: true, ${all} }
    - { kind: mqtt, id: mqtt, url: 'mqtt://127.0.0.1:${broker.port}', clientId: out, ${all} }
    - { kind: hl7-pcd04, id: am, host: 127.0.0.1, port: ${manager.port}, patientData: false }
`, 'site.yaml')
    if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
    const stop = new AbortController()
    const clock = realClock(REAL_TIME)
    const log = pino({ level: 'silent' })
    const ways = startWays({
      ways: await configuredWays(loaded.site.notify, {
        gateway: loaded.site.gateway, clock, log, secretOf: () => 'secret', fileOf: () => '', mrnOf: () => MRN, openPort: () => Promise.resolve({ kind: 'failed', why: 'no' }),
        mailTransport: () => ({ sendMail: (mail) => Promise.resolve(void mails.push(JSON.stringify(mail))) }),
      }),
      ward: loaded.site.gateway.ward, clock, log, mint: () => 'n1', open: () => [], placeOf, report: () => undefined, delivered: () => undefined, noScreen: null,
    }, stop.signal)
    closing.unshift(async () => {
      stop.abort()
      await ways.stopped
    })
    const heard = (): string[] => [hook.heard(), slack.heard(), broker.heard(), manager.heard(), mails.join('\n')]
    // An alarm manager and a broker are called before there is something to say.
    await vi.waitFor(() => expect(ways.states().every(({ state }) => state === 'works')).toBe(true), { timeout: 60_000 })
    ways.publish([alert({ priority: 'medium' })])
    await vi.waitFor(() => expect(heard().every((text) => text.includes('Bed 7'))).toBe(true), { timeout: 60_000 })
    ways.publish([alert({ phase: 'escalate', priority: 'high' }), { kind: 'acknowledged', alertId: alert().alertId, at: AT, by: NAME }])
    ways.publish([alert({ phase: 'end', state: 'inactive' })])
    await vi.waitFor(() => expect(ways.states().every(({ waiting }) => waiting === 0)).toBe(true), { timeout: 60_000 })
    for (const text of heard()) {
      expect(text).toContain('open Vigil')
      expect(CANARIES.filter((canary) => text.includes(canary))).toEqual([])
    }
  })
})
