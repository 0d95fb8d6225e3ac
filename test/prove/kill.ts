/**
 * SIGKILL, again and again, while messages come on all transports at once and a central receives them: nothing acknowledged
 * is missing, nothing is there twice, here or at central, and the ward is listened to again soon.
 *
 * A killed process loses no page that the kernel holds, so this says nothing of the disk: `power-cut` does.
 */

import { join } from 'node:path'
import { supervisorLimits } from '../../src/limits.ts'
import { hasPty } from '../../simulators/pty.ts'
import { type CentralProcess, startCentral } from './central.ts'
import { quantile, spread } from './figures.ts'
import { ProveWard, type RunningGateway, hospitalHeard, serialHeard } from './gateway.ts'
import { mosquitto, startHospital } from './hospital.ts'
import { processors, takenShare } from './machine.ts'
import { Ledger, compareValues, holdingsOf, judge } from './oracle.ts'
import type { Transport } from './payload.ts'
import { type Prove, randomOf } from './prove.ts'
import { ROWS_PER_BATCH } from './rows-per-batch.ts'
import { type Attempt, type Sender, rest } from './senders.ts'

/** Devices and pace of each transport; together some 1,700 messages a second. The hospital's broker is acknowledged one by one. */
const LOAD: Readonly<Record<Transport, { readonly devices: number; readonly everyMs: number }>> = {
  mllp: { devices: 12, everyMs: 13 },
  mqtt: { devices: 6, everyMs: 18 },
  hospital: { devices: 1, everyMs: 40 },
  serial: { devices: 2, everyMs: 400 },
}
const ACKNOWLEDGED: readonly Transport[] = ['mllp', 'mqtt']
const RETRY_MS = 50
const DRAIN_MS = 300_000
const AIM = { perSecond: 1_000, againMs: 2_000 } as const
/** A machine that is busy with other tests says nothing of speed. */
const QUICK_AGAIN_MS = 60_000
/** A short run does not wait for values to gather into columns. */
const EAGER = join(import.meta.dirname, 'controls', 'eager-sync.ts')

export const prove: Prove = async ({ quick, seed, say }) => {
  const random = randomOf(seed)
  const starting = startCentral()
  await using hospital = mosquitto === undefined ? null : await startHospital()
  await using central = await starting
  const devices = {
    mllp: quick ? 4 : LOAD.mllp.devices,
    mqtt: quick ? 2 : LOAD.mqtt.devices,
    hospital: hospital ? LOAD.hospital.devices : 0,
    serial: hasPty() ? (quick ? 1 : LOAD.serial.devices) : 0,
  }
  await using ward = await ProveWard.open({ devices, central, ...(hospital ? { hospitalPort: hospital.port } : {}) })
  const ledger = new Ledger()
  const heard = new Heard()
  const start = (): Promise<RunningGateway> => ward.start(quick ? { imports: [EAGER], env: { [ROWS_PER_BATCH]: '500' } } : {})
  let gateway = await start()
  if (hospital) await hospitalHeard(gateway)
  const senders = ward.devices.map((device) => ward.senderOf(device, ledger, { observe: (attempt) => heard.take(attempt), retryMs: RETRY_MS }))
  const stop = new AbortController()
  const running = Promise.all(senders.map((sender) => sender.run(LOAD[sender.device.transport].everyMs, stop.signal)))
  await heard.after(0)
  say('all transports are heard')

  const lives: Life[] = []
  const kills = quick ? 1 : 200
  for (let kill = 1; kill <= kills; kill++) {
    const livesMs = quick ? 300 + random.int(400) : 500 + random.int(1_500)
    const { life, next } = await killed({ gateway, start, ledger, heard }, livesMs)
    gateway = next
    lives.push(life)
    const soFar = spread(lives.map(({ firstMs }) => firstMs))
    if (kill % (quick ? 1 : 20) === 0) say(`${kill} kills; accepted ${ledger.count('accepted')}; listening again ${soFar}`)
  }
  stop.abort()
  await running
  await serialHeard(ward)
  say('killed enough; a fresh message must come through everywhere')
  const probes = await Promise.all(senders.map((sender) => sender.deliver(AbortSignal.timeout(DRAIN_MS))))
  const isAlive = await delivered(ledger, ward, probes)
  const { missing, extra, values } = await drained(ward.data, central, say)
  await ended(gateway, senders)
  const holdings = holdingsOf(ward.data)
  const verdict = judge(ledger, holdings)
  const perSecond = (1_000 * lives.reduce((sum, { accepted }) => sum + accepted, 0)) / lives.reduce((sum, { ms }) => sum + ms, 0)
  // A machine of which the host takes two thirds starts nothing in time: judged by what it was given.
  const given = lives.map(({ firstMs, takenShare: share }) => firstMs * (1 - share))
  const p95 = quantile(given, 0.95)
  const isFast = quick ? p95 <= QUICK_AGAIN_MS : p95 <= AIM.againMs && perSecond >= AIM.perSecond
  const serial = ledger.ids(({ device }) => device.transport === 'serial')
  return {
    kind: 'judged',
    pass: verdict.conserved && isAlive && missing + extra === 0 && values > 0 && isFast,
    figures: {
      kills,
      transports: [...new Set(ward.devices.map(({ transport }) => transport))].join(' '),
      'acknowledged a second while up': Math.round(perSecond),
      'issued, acknowledged, delivered': `${verdict.issued}, ${verdict.accepted}, ${verdict.delivered}`,
      'acknowledged and missing': verdict.missing,
      'spurious, corrupted, duplicated': `${verdict.spurious}, ${verdict.corrupted}, ${verdict.duplicated}`,
      'serial lines delivered': `${serial.filter((id) => holdings.rows.has(id)).length} of ${serial.length}`,
      'values here; missing, extra at central': `${values}; ${missing}, ${extra}`,
      'kill to first acknowledgement': spread(lives.map(({ firstMs }) => firstMs)),
      'the same without what the host of this machine took': spread(given),
      'processor time that it took meanwhile': `${Math.round(100 * quantile(lives.map((life) => life.takenShare), 0.5))} % (median)`,
      'kill to MLLP and MQTT acknowledged': spread(lives.map(({ allMs }) => allMs)),
      'a fresh message comes through': isAlive ? 'everywhere' : 'NOT everywhere',
    },
    control: null,
  }
}

/** How long it was up and what it acknowledged; then from the kill to the first acknowledgement, and to one on each transport. */
type Life = { readonly ms: number; readonly accepted: number; readonly firstMs: number; readonly allMs: number; readonly takenShare: number }
type Alive = { readonly gateway: RunningGateway; readonly start: () => Promise<RunningGateway>; readonly ledger: Ledger; readonly heard: Heard }

/** Lets it live for a while, kills it, and starts the next after the pause that the supervisor makes. */
async function killed({ gateway, start, ledger, heard }: Alive, livesMs: number): Promise<{ readonly life: Life; readonly next: RunningGateway }> {
  const [from, before] = [performance.now(), ledger.count('accepted')]
  await rest(livesMs)
  const killedAt = performance.now()
  const machine = processors()
  const [ms, accepted] = [killedAt - from, ledger.count('accepted') - before]
  await gateway.kill()
  const hearing = heard.after(performance.now())
  await rest(supervisorLimits.restartDelayMs)
  const next = await start()
  const { first, all } = await hearing
  return { life: { ms, accepted, firstMs: first - killedAt, allMs: all - killedAt, takenShare: takenShare(machine, processors()) }, next }
}

type Again = {
  readonly since: number
  readonly first: PromiseWithResolvers<number>
  readonly all: PromiseWithResolvers<number>
  readonly transports: Set<Transport>
}

/** When messages are acknowledged again that were sent after a given moment. */
class Heard {
  #again: Again = againSince(0)

  take({ answer, device, at, ms }: Attempt): void {
    const { since, first, all, transports } = this.#again
    if (answer !== 'accepted' || at < since || !ACKNOWLEDGED.includes(device.transport)) return
    transports.add(device.transport)
    first.resolve(at + ms)
    if (transports.size === ACKNOWLEDGED.length) all.resolve(at + ms)
  }

  /** The moments of the first acknowledgement on any transport, and on each that has acknowledgements of ours. */
  async after(since: number): Promise<{ readonly first: number; readonly all: number }> {
    this.#again = againSince(since)
    const { first, all } = this.#again
    return { first: await first.promise, all: await all.promise }
  }
}

const againSince = (since: number): Again => ({ since, first: Promise.withResolvers(), all: Promise.withResolvers(), transports: new Set() })

/** Whether these messages, and all that the hospital's broker took for us, are in the database before the patience ends. */
async function delivered(ledger: Ledger, ward: ProveWard, probes: readonly number[]): Promise<boolean> {
  const wanted = [...probes, ...ledger.ids(({ device, fate }) => device.transport === 'hospital' && fate === 'accepted')]
  for (const until = performance.now() + DRAIN_MS; performance.now() < until; await rest(500)) {
    const { rows } = holdingsOf(ward.data)
    if (wanted.every((id) => rows.has(id))) return true
  }
  return false
}

/** Waits until central has as many values as we, and compares them one by one. */
async function drained(data: string, central: CentralProcess, say: (line: string) => void): Promise<ReturnType<typeof compareValues>> {
  const ours = holdingsOf(data, { withValues: true }).values
  const wanted = [...ours.values()].reduce((sum, counts) => sum + [...counts.values()].reduce((all, count) => all + count, 0), 0)
  let there = 0
  for (const until = performance.now() + DRAIN_MS; there < wanted && performance.now() < until; await rest(500)) there = await central.count()
  say(`central has ${there} of ${wanted} values`)
  return compareValues(ours, await central.values())
}

async function ended(gateway: RunningGateway, senders: readonly Sender[]): Promise<void> {
  for (const sender of senders) sender.close()
  await gateway.stop()
}
