/** The hospital's own MQTT broker: a real Mosquitto. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { programPath } from '../parts.ts'
import { rest } from './senders.ts'

export const mosquitto = programPath('mosquitto')

export type Hospital = AsyncDisposable & { readonly port: number }

/** Keeps all that we have not acknowledged, in memory. */
export async function startHospital(): Promise<Hospital> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'vigil-hospital-'))
  const config = join(folder, 'mosquitto.conf')
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\nuser root\n`)
  const child = spawn(mosquitto ?? '', ['-c', config], { stdio: 'ignore' })
  for (let isUp = false; !isUp; await rest(20)) {
    const socket = connect(port, '127.0.0.1')
    isUp = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
    socket.destroy()
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
