/** The client of a hospital's broker against a real one that nobody here wrote. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { mqttBroker } from '../../src/links/mqtt-broker.ts'
import { mqttClientLink } from '../../src/links/mqtt-client.ts'
import { deviceId } from '../../src/domain/ids.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { freePort } from '../free-port.ts'
import { quiet, recorder } from '../contract/link.ts'
import { lacking, programPath } from '../parts.ts'

const mosquitto = programPath('mosquitto')
const publisher = programPath('mosquitto_pub')
const clock = realClock(REAL_TIME)
const run = promisify(execFile)
const endings: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function startMosquitto(port: number, folder: string): Promise<ChildProcess> {
  const config = join(folder, 'mosquitto.conf')
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location ${folder}/\nuser root\n`)
  const child = spawn(mosquitto ?? '', ['-c', config], { stdio: 'ignore' })
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const up = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
    socket.destroy()
    if (up) return child
    await clock.sleep(50, new AbortController().signal)
  }
}

function client(port: number) {
  const stop = new AbortController()
  const recorded = recorder()
  const running = mqttClientLink({ id: 'hospital', url: `mqtt://127.0.0.1:${port}`, clientId: 'vigil-test', username: undefined, password: undefined, clock, log: quiet }).run(recorded.open, stop.signal)
  return { ...recorded, stop: async () => (stop.abort(), running) }
}

describe.runIf(lacking('Mosquitto', mosquitto !== undefined && publisher !== undefined) === null)('with a real Mosquitto', () => {
  it('what was published while we were away or had not stored it comes again, once it is acknowledged no more', async () => {
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'vigil-mosquitto-'))
    endings.push(() => rmSync(folder, { recursive: true, force: true }))
    const broker = await startMosquitto(port, folder)
    endings.push(async () => {
      broker.kill()
      await once(broker, 'exit')
    })
    const publish = (id: string) => run(publisher ?? '', ['-p', String(port), '-q', '1', '-t', 'vigil/v1/mon-9/readings', '-m', id])

    const first = client(port)
    // The session exists at the broker when the first message arrives.
    while (first.heard.length === 0) {
      await publish('warm-up')
      await clock.sleep(100, new AbortController().signal)
    }
    for (const { settled } of first.heard) settled?.({ kind: 'stored' })
    await publish('stored')
    await first.until(() => first.text().endsWith('stored'))
    for (const { settled } of first.heard) settled?.({ kind: 'stored' })
    await publish('not-stored')
    await first.until(() => first.text().endsWith('not-stored'))
    // We die with the message unacknowledged; more comes meanwhile.
    await first.stop()
    await publish('while-away')

    const second = client(port)
    await second.until(() => second.heard.length === 1)
    second.heard[0]?.settled?.({ kind: 'stored' })
    await second.until(() => second.heard.length === 2)
    second.heard[1]?.settled?.({ kind: 'stored' })
    expect(second.heard.map(({ bytes }) => bytes.toString())).toEqual(['not-stored', 'while-away'])
    await second.stop()
  })

  it('its own publisher logs in at our broker and waits for the commit', async () => {
    const stop = new AbortController()
    const recorded = recorder()
    let running: Promise<void> = Promise.resolve()
    const port = await new Promise<number>((resolve) => {
      running = mqttBroker({ id: 'mqtt', host: '127.0.0.1', port: 0, users: new Map([[deviceId('mon-1'), 'secret']]), clock, log: quiet, listening: resolve }).run(recorded.open, stop.signal)
    })
    endings.push(async () => {
      stop.abort()
      await running
    })
    let done = false
    const published = run(publisher ?? '', ['-p', String(port), '-u', 'mon-1', '-P', 'secret', '-q', '1', '-t', 'vigil/v1/mon-1/readings', '-m', '{"id":"1"}']).then(() => (done = true))
    await recorded.until(() => recorded.heard.length === 1)
    expect(done).toBe(false)
    recorded.heard[0]?.settled?.({ kind: 'stored' })
    await published
    await expect(run(publisher ?? '', ['-p', String(port), '-u', 'mon-1', '-P', 'wrong', '-q', '1', '-t', 'vigil/v1/mon-1/readings', '-m', 'x'])).rejects.toThrow()
  })
})
