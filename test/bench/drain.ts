/**
 * What was measured while central was away, on its way there: 24 hours of 50 beds at one message of six numbers a second (`--seconds n`: of so many),
 * from a whole gateway over the real https-batch sink, while beds raise alarms. Ratio `realTime`: how many times faster than it was measured (144 and
 * more: 24 h within 10 minutes). Ratios `idleAlarm` and `idleAlarmMedian`: sample to page without a drain ÷ with one, p99 and median; 1 means that nobody
 * noticed. Processor time of the whole gateway for each reading, which a busy machine changes less than the time on the wall. Memory before the drain, in its
 * first and its last quarter: what is bounded is the same after a day and after a month, so run it with two lengths.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { wallMs } from '../../src/domain/time.ts'
import { ProveWard } from '../prove/gateway.ts'
import { rest } from '../prove/senders.ts'
import { AlarmBeds, Station } from '../prove/station.ts'
import { snapshot, tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'
import type { Received, ReceiverSays } from './drain-receiver.ts'
import { asDeployed, cpuSecondsOf, residentMbOf } from './gateway-process.ts'
import { quantile } from './measure.ts'
import type { Bench } from './run.ts'

const BEDS = 50
const DAY_S = 86_400
const TOKEN = 'a-token-of-the-bench-long-enough'
/** So many alarms without a drain, and at most so many with one. */
const ALARMS = 60
const ALARM_EVERY_MS = 150
const LOOK_MS = 250
/** A commit for each second of the ward would take longer than the drain. */
const SECONDS_PER_COMMIT = 20
const VALUES = [['MDC_ECG_HEART_RATE', 82], ['MDC_PULS_OXIM_SAT_O2', 97], ['MDC_RESP_RATE', 16], ['MDC_PRESS_BLD_ART_ABP_SYS', 121], ['MDC_PRESS_BLD_ART_ABP_DIA', 74], ['MDC_TEMP_CORE', 36.8]] as const

/** Seconds of a ward, as its gateway would have stored them. Returns the last number. */
function fill(folder: string, seconds: number): number {
  using store = writing(folder, undefined, { kind: 'real', gatewayId: 'prove' })
  const from = Date.now() - seconds * 1_000 - 60_000
  let lastSeq = 0
  for (let second = 0; second < seconds; second += SECONDS_PER_COMMIT) {
    const snapshots = Array.from({ length: BEDS * Math.min(SECONDS_PER_COMMIT, seconds - second) }, (_, index) => {
      const [bed, at] = [index % BEDS, from + (second + Math.floor(index / BEDS)) * 1_000 + (index % BEDS) * 19]
      const values = VALUES.map(([id, value], place): readonly [string, number] => [id, value + ((second + bed * 7 + place * 3) % 11)])
      return snapshot({ device: `old-${bed}`, bed: `old-${bed}`, stay: `old-${bed}`, receivedAt: wallMs(at), values })
    })
    const [answer] = store.write(tick({ snapshots }))
    if (answer?.kind !== 'durable') throw new Error('the backlog was not stored')
    lastSeq = answer.lastSeq
  }
  return lastSeq
}

export const bench: Bench = async ({ seconds }) => {
  const backlogS = seconds ?? DAY_S
  const receiver = fork(join(import.meta.dirname, 'drain-receiver.ts'))
  const answer = async (): Promise<ReceiverSays> => {
    const [said]: ReceiverSays[] = await once(receiver, 'message')
    if (!said) throw new Error('the far end says nothing')
    return said
  }
  const ask = async (what: 'take' | 'tell'): Promise<Received> => {
    const said = answer()
    receiver.send(what)
    const found = await said
    if ('url' in found) throw new Error('the far end began anew')
    return found
  }
  const first = await answer()
  if (!('url' in first)) throw new Error('the far end has no address')
  try {
    await using ward = await ProveWard.open({ devices: { mllp: 1 }, alarmBeds: 6 * ALARMS, central: { url: first.url, token: TOKEN } })
    mkdirSync(ward.data, { mode: 0o700 })
    const lastSeq = fill(ward.data, backlogS)
    const stored = statSync(join(ward.data, 'vigil.db')).size
    const { flags, environment } = asDeployed()
    const gateway = await ward.start({ env: { ...environment, NODE_OPTIONS: flags.join(' ') } })
    using station = await Station.open(ward, gateway)
    using alarms = await AlarmBeds.open(ward, station)
    const beside = async (): Promise<readonly number[]> => (await alarms.raiseMany(ALARMS, ALARM_EVERY_MS)).latenciesMs

    const drained = (): boolean => sentTo(ward.data) >= lastSeq
    const before = await beside()
    const calmMb = residentMbOf(gateway.pid)
    await ask('take')
    const startedAt = performance.now()
    const cpuBefore = cpuSecondsOf(gateway.pid)
    const memory: number[] = []
    const during: number[] = []
    const raising = (async () => {
      while (alarms.left > 2 * ALARMS && (during.length === 0 || !drained())) during.push(...(await beside()))
    })()
    while (!drained()) {
      memory.push(residentMbOf(gateway.pid))
      await rest(LOOK_MS)
    }
    const drainS = (performance.now() - startedAt) / 1_000
    const cpuS = cpuSecondsOf(gateway.pid) - cpuBefore
    await raising
    const whole = await ask('tell')
    const after = await beside()
    await rest(2_000)
    const idle = await ask('tell')
    await gateway.stop()

    const readings = backlogS * BEDS * VALUES.length
    const quarter = Math.max(1, Math.floor(memory.length / 4))
    const calm = [...before, ...after]
    const p99 = (list: readonly number[]): number => quantile(list, 0.99)
    const median = (list: readonly number[]): number => quantile(list, 0.5)
    return {
      bench: 'drain',
      ratios: { realTime: backlogS / drainS, idleAlarm: p99(calm) / p99(during), idleAlarmMedian: median(calm) / median(during) },
      absolute: {
        backlogSeconds: backlogS, backlogMb: stored / 1e6, drainSeconds: drainS, secondsFor24h: (drainS * DAY_S) / backlogS, readingsPerSecond: readings / drainS, batches: whole.batches,
        bytesPerReading: whole.bytes / readings, cpuMicrosecondsPerReading: (cpuS * 1e6) / readings,
        alarmsDuring: during.length, alarmToPageP99Ms: p99(during), alarmToPageIdleP99Ms: p99(calm), alarmToPageMedianMs: median(during), alarmToPageIdleMedianMs: median(calm),
        alarmToCentralP99Ms: p99(whole.alertsMs), alarmToCentralIdleP99Ms: p99(idle.alertsMs), alarmToCentralMedianMs: median(whole.alertsMs),
        calmMb, firstQuarterMb: Math.max(...memory.slice(0, quarter)), lastQuarterMb: Math.max(...memory.slice(-quarter)),
      },
    }
  } finally {
    receiver.kill('SIGKILL')
  }
}

/** Up to which number central has everything, as a reader of sync.db sees it. */
function sentTo(folder: string): number {
  const db = new Database(join(folder, 'sync.db'), { readonly: true, timeout: 5_000 })
  try {
    return Number(db.prepare('SELECT ifnull(max(seq), 0) FROM cursor').pluck().get())
  } finally {
    db.close()
  }
}
