/** A real gateway that is told identifiers over real sockets, shown to who has no log-in, and dies of a bug with one of them in its hands. */

import { connect } from 'node:net'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connectAsync } from 'mqtt'
import { type Canary, Planter, Search } from './canaries.ts'
import { ProveWard } from './gateway.ts'
import { rest } from './senders.ts'

const FATAL = pathToFileURL(join(import.meta.dirname, 'controls', 'fatal.ts')).href
const GONE_MS = 15_000

export async function crashed(): Promise<{ readonly planted: number; readonly found: ReadonlySet<Canary>; readonly bytes: number }> {
  const planter = new Planter()
  // Not those of the ward.
  for (let skipped = 0; skipped < 6; skipped++) planter.plant('')
  planter.planted.length = 0
  const x = (where: string): string => planter.plant(where)
  await using ward = await ProveWard.open({ devices: { mllp: 1, mqtt: 1 } })
  const told: string[] = []
  for (const folder of ['inbox', 'recordings']) {
    mkdirSync(join(ward.data, folder), { recursive: true })
    writeFileSync(join(ward.data, folder, `${x('name of a file')}.json`), x('a file that nobody expects'))
  }
  const gateway = await ward.start({ imports: [FATAL] })
  const message = (type: string, ...more: readonly string[]): string => `\x0b${[`MSH|^~\\&|mllp-1|${x('MSH-4')}|${x('MSH-5')}||20260101||${type}|${x('MSH-10')}|P|2.6`, `PID|||${x('PID-3')}||${x('PID-5')}||${x('PID-7')}`, ...more].join('\r')}\r\x1c\r`
  for (const text of [message('ORU^R01^ORU_R01', `NTE|1||${x('NTE-3')}`), message(x('MSH-9')), `\x0b${x('no HL7')}\x1c\r`, message('ORU^R01^ORU_R01', `ZZZ|THROW|${x('a driver that throws')}`)]) await say(ward.ports.hl7, text)
  await mistakenTopics(ward.ports.mqtt, x)
  for (const path of ['/health', '/metrics', `/${x('a page')}`, `/api/v1/beds/${x('an address')}`, `/health?${x('a question')}`]) {
    const answer = await fetch(gateway.url + path, { headers: { accept: 'text/html' } }).catch(() => null)
    told.push(`${path.includes('health') || path.includes('metrics') ? path.split('?')[0] : ''} ${answer?.status} ${await answer?.text()}`)
  }
  const last = message('ORU^R01^ORU_R01', `ZZZ|DIE|${x('a process that dies')}`)
  for (const endAt = performance.now() + GONE_MS; gateway.isAlive() && performance.now() < endAt; ) await say(ward.ports.hl7, last)
  if (gateway.isAlive()) throw new Error(`the process lives on:\n${gateway.said()}`)
  const search = new Search(planter.planted)
  search.look(told.join('\n'))
  search.look(gateway.said())
  if (!gateway.said().includes('fatal.ts') && !gateway.said().includes('fatal-driver.ts')) throw new Error(`it died and did not say where:\n${gateway.said()}`)
  return { planted: planter.planted.length, found: search.found, bytes: search.bytes }
}

/** Resolves when it was answered or refused. */
async function say(port: number, text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(text)
  await Promise.race([once(socket, 'data').catch(() => undefined), once(socket, 'close').catch(() => undefined), rest(300)])
  socket.destroy()
}

async function mistakenTopics(port: number, x: (where: string) => string): Promise<void> {
  const stranger = connectAsync({ port, host: '127.0.0.1', username: x('who logs in'), password: x('a password'), clientId: x('a client'), reconnectPeriod: 0 }).catch(() => null)
  await Promise.race([stranger, rest(500)])
  void stranger.then((client) => client?.end(true))
  const client = await connectAsync({ port, host: '127.0.0.1', username: 'mqtt-1', password: 'a password of the proves', clientId: x('a client'), reconnectPeriod: 0 })
  client.on('error', () => undefined)
  for (const topic of ['vigil/v1/mqtt-1/readings', `vigil/v1/${x('a topic')}/readings`]) {
    await Promise.race([client.publishAsync(topic, `{"id": "${x('a payload')}`, { qos: 1 }).catch(() => undefined), rest(500)])
  }
  client.end(true)
}
