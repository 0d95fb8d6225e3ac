/** An hour of a ward: the heap does not grow, the event loop does not lag, and all of it is there in the end. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { quantile } from './figures.ts'
import { ProveWard, serialHeard } from './gateway.ts'
import { STRAINED, lateness } from './machine.ts'
import { Ledger, holdingsOf, judge } from './oracle.ts'
import type { Probed } from './probe.ts'
import type { Prove } from './prove.ts'
import { rest } from './senders.ts'

const PROBE = join(import.meta.dirname, 'probe.ts')
/** Beds that each say something once a second, as on a ward. */
const DEVICES = { mllp: 20, mqtt: 12, serial: 8 } as const
const EVERY_MS = 1_000
/** The first minutes fill caches and rings that are bounded: growth is what comes after. */
const TRIAL = {
  full: { warmUpMs: 600_000, looks: 10, lookEveryMs: 300_000, growthMax: 0.1, delayMs: 50 },
  // A few seconds prove that it runs and is measured; growth and lag need the hour.
  quick: { warmUpMs: 2_000, looks: 2, lookEveryMs: 1_000, growthMax: 5, delayMs: 1_000 },
} as const

export const prove: Prove = async ({ quick, say }) => {
  const { warmUpMs, looks, lookEveryMs, growthMax, delayMs } = quick ? TRIAL.quick : TRIAL.full
  await using ward = await ProveWard.open({ devices: DEVICES })
  const file = join(ward.folder, 'probe')
  writeFileSync(file, '')
  process.env['VIGIL_PROBE'] = file
  const gateway = await ward.start({ imports: [PROBE] })
  using machine = await lateness()
  const ledger = new Ledger()
  await serialHeard(ward)
  const stop = new AbortController()
  const senders = ward.devices.map((device) => ward.senderOf(device, ledger))
  const running = Promise.all(
    senders.map(async (sender, index) => {
      await rest((index * EVERY_MS) / senders.length)
      await sender.run(EVERY_MS, stop.signal)
    }),
  )
  const probed: Probed[] = []
  const idle: number[] = []
  // What was before the warm-up's end is asked for and forgotten; the first look after it is what the last is compared with.
  await rest(warmUpMs)
  await ask(file, gateway.isAlive)
  await machine.take()
  for (let look = 0; look < looks; look++) {
    await rest(lookEveryMs)
    const answer = await ask(file, gateway.isAlive)
    if (answer === null) {
      say(`the gateway died:\n${gateway.said()}`)
      break
    }
    probed.push(answer)
    idle.push(quantile(await machine.take(), 0.99))
    const { heapMb, residentMb, delayMs: lag } = last(probed)
    say(`heap ${heapMb.toFixed(1)} MB, resident ${residentMb.toFixed(0)} MB, event-loop delay p99 ${lag.p99.toFixed(1)} ms, max ${lag.max.toFixed(0)} ms; an idle process's ${last(idle).toFixed(1)} ms`)
  }
  stop.abort()
  await running
  const isAlive = gateway.isAlive()
  for (const sender of senders) sender.close()
  await gateway.stop()
  const verdict = judge(ledger, holdingsOf(ward.data))
  const [first] = probed
  if (!first) throw new Error('the gateway died before the first look')
  const growth = last(probed).heapMb / first.heapMb - 1
  const lags = probed.map((one) => one.delayMs.p99)
  const lag = Math.max(...lags)
  const isInTime = lags.every((ms, look) => ms <= Math.max(delayMs, STRAINED * (idle[look] ?? 0)))
  return {
    kind: 'judged',
    pass: isAlive && verdict.conserved && growth <= growthMax && isInTime,
    figures: {
      'beds at 1 Hz': ward.devices.length,
      'minutes after warm-up': (looks * lookEveryMs) / 60_000,
      'least heap between two looks, first and last, MB': `${first.heapMb.toFixed(1)}, ${last(probed).heapMb.toFixed(1)}`,
      'heap growth': growth,
      'resident at most, MB': Math.round(Math.max(...probed.map(({ residentMb }) => residentMb))),
      'event-loop delay p99, median and worst of the looks, ms': `${quantile(lags, 0.5).toFixed(1)}, ${lag.toFixed(1)}`,
      'timers of an idle process late by, p99, median and worst of the looks, ms': `${quantile(idle, 0.5).toFixed(1)}, ${Math.max(...idle).toFixed(1)}`,
      'issued, acknowledged, delivered': `${verdict.issued}, ${verdict.accepted}, ${verdict.delivered}`,
      'acknowledged and missing': verdict.missing,
    },
    control: null,
  }
}

function last<Look>(looks: readonly Look[]): Look {
  const found = looks.at(-1)
  if (found === undefined) throw new Error('there was no look')
  return found
}

/** What the gateway says of itself now; null when it is gone. */
async function ask(file: string, isAlive: () => boolean): Promise<Probed | null> {
  const lines = (): string[] => readFileSync(file, 'utf8').split('\n').filter((line) => line !== '')
  const before = lines().length
  writeFileSync(`${file}.ask`, '')
  while (lines().length === before) {
    if (!isAlive()) return null
    await rest(50)
  }
  const said: Probed = JSON.parse(lines().at(-1) ?? '')
  return said
}
