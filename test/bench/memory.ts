/** Resident memory of a gateway with 12 beds that each send once a second, against a bare Node process. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { residentMbOf, startGatewayProcess } from './gateway-process.ts'
import { framed, oru } from './oru.ts'
import type { Bench } from './run.ts'

const BEDS = 12
const SECONDS = 20

export const bench: Bench = async () => {
  const gateway = await startGatewayProcess(BEDS)
  const atStart = gateway.residentMb()
  const sockets = Array.from({ length: BEDS }, () => connect(gateway.hl7Port, '127.0.0.1'))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const cpuBefore = gateway.cpuSeconds()
  let peak = atStart
  for (let second = 0; second < SECONDS; second++) {
    sockets.forEach((socket, index) => socket.write(framed(oru(`MON-${index + 1}`, String(second).padStart(9, '0'), String(index)))))
    await delay(1_000)
    peak = Math.max(peak, gateway.residentMb())
  }
  const share = (gateway.cpuSeconds() - cpuBefore) / SECONDS
  for (const socket of sockets) socket.destroy()
  const bare = spawn(process.execPath, ['-e', `process.send('up'); setTimeout(() => {}, 60_000)`], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  await once(bare, 'message')
  await delay(500)
  const bareMb = residentMbOf(bare.pid ?? 0)
  bare.kill()
  await gateway.stop()
  return {
    bench: 'memory',
    ratios: { timesOfBareNode: peak / bareMb },
    absolute: { peakMb: peak, atStartMb: atStart, bareNodeMb: bareMb, beds: BEDS, shareOfOneCore: share },
  }
}
