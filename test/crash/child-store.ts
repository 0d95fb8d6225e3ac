/** Writes until it is killed, and says each acknowledgement to standard output before anything else happens. Arguments: folder, from, ticks, synchronous. */

import { writeSync } from 'node:fs'
import { realClock } from '../../src/ops/clock.ts'
import { fakeDisk, openedStore } from '../store/fake-disk.ts'
import { START, heartRate, tick } from '../store/fixture.ts'

const [folder = '', from = '0', ticks = 'Infinity', synchronous = 'FULL'] = process.argv.slice(2)
const { store } = await openedStore({
  folder,
  kind: 'demo',
  gatewayId: 'gateway-1',
  clock: realClock({ originMs: 0, speed: 1 }),
  ...(synchronous === 'FULL' ? {} : { thread: fakeDisk('NORMAL').thread }),
})
say('opened\n')

/** Also where nobody reads for a while, and the pipe is full. */
function say(line: string): void {
  for (;;) {
    try {
      return void writeSync(1, line)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

/** Lanes at once, so that groups form; one lane where order is looked at. */
const lanes = ticks === 'Infinity' ? 8 : 1
let next = Number(from)
const end = next + Number(ticks)

async function lane(): Promise<void> {
  while (next < end) {
    const id = next++
    const result = await store.commit(tick({ snapshots: [heartRate(id, { receivedAt: START + id, stay: `stay-${id % 50}` })] }))
    say(result.kind === 'durable' ? `stored ${id} ${result.lastSeq}\n` : `failed ${id} ${result.why}\n`)
  }
}
await Promise.all(Array.from({ length: lanes }, lane))
await store.close()
