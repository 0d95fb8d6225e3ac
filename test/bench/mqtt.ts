/**
 * MQTT, whole path: 200 publishers at QoS 1 with one message of 12 values in flight each; decode, rules, fsync, PUBACK. Against
 * Mosquitto without persistence, which does none of it: same payload, same publishers, in short turns.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { programPath } from '../parts.ts'
import { freePort } from '../free-port.ts'
import { startGatewayProcess } from './gateway-process.ts'
import { median } from './measure.ts'
import { publishers } from './mqtt-caller.ts'
import { readingsJson } from './oru.ts'
import type { Bench } from './run.ts'

const PUBLISHERS = 200
const TURN_MS = 500
const ROUNDS = 15
const WARM_UP_ROUNDS = 3
const PASSWORD = 'bench'

export const bench: Bench = async () => {
  const mosquitto = programPath('mosquitto')
  if (mosquitto === undefined) throw new Error('mosquitto is not on this machine: install Debian\'s package of that name')
  const port = await freePort()
  const names = Array.from({ length: PUBLISHERS }, (_, index) => `WEAR-${index + 1}`)
  const folder = mkdtempSync(join(tmpdir(), 'vigil-bench-mqtt-'))
  const secret = join(folder, 'password')
  writeFileSync(secret, PASSWORD)
  const gateway = await startGatewayProcess(PUBLISHERS, {
    site: {
      links: [{ kind: 'mqtt-broker', id: 'mqtt', port, users: names.map((device) => ({ device, password: { file: secret } })) }],
      devices: names.map((id, index) => ({ id, driver: 'mqtt-json', bed: `bed-${index + 1}`, silenceSeconds: 0 })),
    },
  })
  const peer = await startMosquitto(mosquitto, folder)
  const payload = readingsJson('0'.repeat(9))
  const settingsOf = (brokerPort: number) => names.map((device, index) => ({ port: brokerPort, localAddress: `127.0.0.${2 + index}`, device, password: PASSWORD, payload }))
  const ours = await publishers(settingsOf(port))
  const theirs = await publishers(settingsOf(peer.port))
  const rates = { ours: [] as number[], mosquitto: [] as number[], cpu: [] as number[] }
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const cpuBefore = gateway.cpuSeconds()
    const turn = await ours.round(TURN_MS)
    const cpu = ((gateway.cpuSeconds() - cpuBefore) * 1e6) / turn.answered
    const theirTurn = await theirs.round(TURN_MS)
    if (round < 0) continue
    rates.ours.push((turn.answered * 1_000) / turn.ms)
    rates.cpu.push(cpu)
    rates.mosquitto.push((theirTurn.answered * 1_000) / theirTurn.ms)
  }
  ours.close()
  theirs.close()
  await gateway.stop()
  await peer.stop()
  rmSync(folder, { recursive: true, force: true })
  return {
    bench: 'mqtt',
    ratios: { mosquitto: median(rates.ours.map((rate, round) => rate / (rates.mosquitto[round] ?? Number.NaN))) },
    absolute: {
      publishers: PUBLISHERS,
      payloadBytes: payload.length,
      acknowledgedPerSecond: median(rates.ours),
      mosquittoPerSecond: median(rates.mosquitto),
      serverCpuMicrosecondsPerAcknowledgement: median(rates.cpu),
    },
  }
}

async function startMosquitto(program: string, folder: string): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const port = await freePort()
  const config = join(folder, 'mosquitto.conf')
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nlog_type none\nuser root\n`)
  const child = spawn(program, ['-c', config], { stdio: 'ignore' })
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isUp = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
    socket.destroy()
    if (isUp) break
    await delay(50)
  }
  return {
    port,
    async stop() {
      child.kill()
      await once(child, 'exit')
    },
  }
}
