/** A gateway that is started while its disk is full: it watches by the limits of the ward, stores nothing and says so, and is itself again once there is room. */

import { existsSync } from 'node:fs'
import { openInFlight } from '../../src/ops/in-flight.ts'
import { quantile, spread } from './figures.ts'
import type { FaultOutcome } from './fault-trial.ts'
import type { ProveWard } from './gateway.ts'
import { Ledger, holdingsOf, judge } from './oracle.ts'
import type { ProveSetting } from './prove.ts'
import { type Attempt, rest } from './senders.ts'
import { AlarmBeds, Station } from './station.ts'

const LIMITS_MS = { full: { answer: 1_000, alert: 1_000 }, quick: { answer: 15_000, alert: 10_000 } } as const
const EVERY_MS = 100
const ALERT_EVERY_MS = 60
const PATIENCE_MS = 60_000
const STORE_ABSENT = 'technical/store-absent'

export type FullStart = {
  readonly ward: ProveWard
  readonly alerts: number
  /** Not one byte more fits; call what it returns to make room. */
  readonly fill: () => () => void
}

/** In a quick trial the process is killed, and started anew when there is room; else it has to find out and end by itself. */
export async function fullStartTrial({ ward, alerts, fill }: FullStart, { quick, say }: ProveSetting): Promise<FaultOutcome> {
  const limits = LIMITS_MS[quick ? 'quick' : 'full']
  const ledger = new Ledger()
  const attempts: Attempt[] = []
  const senders = ward.devices.map((device) => ward.senderOf(device, ledger, { observe: (attempt) => void attempts.push(attempt), retryMs: 100 }))
  const deliver = (): Promise<readonly number[]> => Promise.all(senders.map((sender) => sender.deliver(AbortSignal.timeout(PATIENCE_MS))))
  const first = await ward.start()
  const before = await deliver()
  const cookie = await signedIn(ward, first)
  await first.stop()
  attempts.length = 0

  const makeRoom = fill()
  const second = await ward.start()
  using station = await Station.open(ward, second, cookie)
  using alarms = await AlarmBeds.open(ward, station)
  const stop = new AbortController()
  const running = Promise.all(senders.map((sender) => sender.run(EVERY_MS, stop.signal)))
  const { latenciesMs, silent } = await alarms.raiseMany(alerts, ALERT_EVERY_MS)
  const isTold = await until(() => station.isOpen(STORE_ABSENT) && senders.every(({ device }) => attempts.some((attempt) => attempt.device === device)))
  stop.abort()
  const during = [...attempts]
  makeRoom()
  const roomAt = performance.now()
  if (quick) await second.kill()
  const isOver = await until(() => !second.isAlive())
  const overMs = performance.now() - roomAt
  await running
  const third = await ward.start()
  const after = await deliver()
  for (const sender of senders) sender.close()
  await third.stop()

  const holdings = holdingsOf(ward.data)
  const verdict = judge(ledger, holdings)
  const accepted = during.filter(({ answer }) => answer === 'accepted').length
  const refused = during.filter(({ answer }) => answer === 'refused')
  const isAllThere = [...before, ...after].every((id) => holdings.rows.has(id))
  const mark = openInFlight(ward.data)
  mark.close()
  const isSwept = !existsSync(`${mark.path}-spare`)
  say(`started on a full disk: refused ${refused.length}, acknowledged ${accepted}, alerts ${spread(latenciesMs)}`)
  return {
    pass:
      accepted === 0 && refused.length > 0 && quantile(refused.map(({ ms }) => ms), 0.99) <= limits.answer &&
      silent === 0 && quantile(latenciesMs, 0.99) <= limits.alert && isTold && isOver && isAllThere && isSwept && verdict.conserved,
    figures: {
      'started on a full disk: acknowledged': accepted,
      'started on a full disk: AE or CE after': spread(refused.map(({ ms }) => ms)),
      'started on a full disk: sample to alert': spread(latenciesMs),
      'started on a full disk: alerts that did not come': silent,
      'started on a full disk: told': isTold ? 'yes' : 'NO',
      'with room again: ended for a fresh start': quick ? 'killed' : isOver ? `after ${overMs.toFixed(0)} ms` : 'NO',
      'with room again: all that was acknowledged before and after': isAllThere && verdict.conserved ? 'is there' : 'is NOT there',
      'with room again: what lay in memory': isSwept ? 'is gone' : 'is NOT gone',
    },
  }
}

async function signedIn(...of: Parameters<typeof Station.open>): Promise<string> {
  using station = await Station.open(...of)
  return station.cookie
}

async function until(what: () => boolean): Promise<boolean> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await rest(20)) if (what()) return true
  return what()
}
