/** From the start of the process to listening on every port, against a bare Node process that listens on one. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { startGatewayProcess } from './gateway-process.ts'
import { median } from './measure.ts'
import type { Bench } from './run.ts'

const ROUNDS = 5
const BARE = `require('node:http').createServer().listen(0, '127.0.0.1', () => process.send('up'))`

export const bench: Bench = async () => {
  const ours: number[] = []
  const bare: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const gateway = await startGatewayProcess(12)
    ours.push(gateway.readyMs)
    await gateway.stop()
    const before = performance.now()
    const child = spawn(process.execPath, ['-e', BARE], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    await once(child, 'message')
    bare.push(performance.now() - before)
    child.kill()
  }
  return {
    bench: 'startup',
    // Times: less is better, so the ratio says how many times slower than the bare process.
    ratios: { timesOfBareNode: median(ours) / median(bare) },
    absolute: { oursMs: median(ours), bareNodeMs: median(bare) },
  }
}
