/**
 * A disk that takes two seconds for each sync delays acknowledgements and nothing else: a sample becomes an alert on the
 * nurse's page as fast as ever. Control: a store that waits for the disk on the main thread.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lacking, programPath } from '../parts.ts'
import { quantile, spread } from './figures.ts'
import { ProveWard } from './gateway.ts'
import { STRAINED, lateness } from './machine.ts'
import { Ledger, type Verdict, holdingsOf, judge } from './oracle.ts'
import type { Prove, ProveSetting } from './prove.ts'
import { type Attempt, rest } from './senders.ts'
import { AlarmBeds, Station } from './station.ts'

const DELAY_MS = { full: 2_000, quick: 1_200 } as const
/** The delay begins with this sync of each thread, so that a start takes no minutes. */
const FROM_SYNC = 40
const COMMIT_ON_MAIN = join(import.meta.dirname, 'controls', 'commit-on-main.ts')
/** Quick, on a machine that is busy with other tests: a third of the delay. Who waits for the disk waits half of it in the middle. */
const ALERT_MS = { full: 50, quick: 400 } as const
/** Of a dozen alerts the last says more of the machine than of Vigil; those that wait for a disk wait in their middle too. */
const QUANTILE = { full: 0.99, quick: 0.5 } as const
/** A busy machine can spoil a trial of some seconds, and never better one; a disk that is waited for spoils them all, as the control shows. */
const TRIALS_MAX = 3

type Trial = { readonly alerts: number; readonly everyMs: number; readonly delayMs: number; readonly imports: readonly string[] }
type Outcome = { readonly idleMs: readonly number[]; readonly latenciesMs: readonly number[]; readonly silent: number; readonly acknowledgedMs: readonly number[]; readonly verdict: Verdict }

export const prove: Prove = async (setting) => {
  const { quick, say } = setting
  const why = lacking('strace', programPath('strace') !== undefined)
  if (why !== null) return { kind: 'skipped', why }
  const judged = (latenciesMs: readonly number[]): number => quantile(latenciesMs, quick ? QUANTILE.quick : QUANTILE.full)
  const limitOf = ({ idleMs }: Outcome): number => Math.max(quick ? ALERT_MS.quick : ALERT_MS.full, STRAINED * judged(idleMs))
  const delayMs = quick ? DELAY_MS.quick : DELAY_MS.full
  // Spread over more than a sync, so that they cannot all fall between two of them.
  const controlTried = (): Promise<Outcome> => tried({ alerts: 13, everyMs: delayMs / 10, delayMs, imports: [COMMIT_ON_MAIN] }, setting)
  // Side by side where time is short: the quick limit is wide enough for both.
  const beside = quick ? controlTried() : null
  let trial = await tried({ alerts: quick ? 12 : 250, everyMs: quick ? 50 : 70, delayMs, imports: [] }, setting)
  let trials = 1
  for (; !quick && trials < TRIALS_MAX && judged(trial.latenciesMs) > limitOf(trial); trials++) {
    say(`alerts ${spread(trial.latenciesMs)}: too slow, once more`)
    trial = await tried({ alerts: 250, everyMs: 70, delayMs, imports: [] }, setting)
  }
  const { latenciesMs, silent, acknowledgedMs, verdict } = trial
  say(`alerts ${spread(latenciesMs)}; now the control`)
  const control = await (beside ?? controlTried())
  // Else the disk was not slow, and this trial would be blind.
  const isSlow = acknowledgedMs.length > 0 && Math.min(...acknowledgedMs) >= delayMs / 2
  return {
    kind: 'judged',
    pass: isSlow && silent === 0 && judged(latenciesMs) <= limitOf(trial) && verdict.missing + verdict.spurious + verdict.corrupted + verdict.duplicated === 0,
    figures: {
      'sample to alert': spread(latenciesMs),
      'timers of an idle process, late by': spread(trial.idleMs),
      'trial': `${trials} of at most ${quick ? 1 : TRIALS_MAX}`,
      'alerts that did not come': silent,
      'message to acknowledgement meanwhile': spread(acknowledgedMs),
      'acknowledged and missing': verdict.missing,
      'control, sample to alert': spread(control.latenciesMs),
      'control, alerts that did not come within 15 s': control.silent,
    },
    control: { ran: true, failed: control.silent > 0 || judged(control.latenciesMs) > limitOf(control) },
  }
}

async function tried({ alerts, everyMs, delayMs, imports }: Trial, { say }: ProveSetting): Promise<Outcome> {
  await using ward = await ProveWard.open({ devices: { mllp: 8, mqtt: 4 }, alarmBeds: alerts })
  const trace = join(ward.folder, 'trace')
  const inject = `inject=fsync,fdatasync:delay_enter=${delayMs * 1_000}:when=${FROM_SYNC}+`
  const gateway = await ward.start({ imports, strace: ['-o', trace, '-e', 'trace=fsync,fdatasync', '-e', inject] })
  using station = await Station.open(ward, gateway)
  using alarms = await AlarmBeds.open(ward, station)
  using machine = await lateness()
  const ledger = new Ledger()
  say('started')
  const attempts: Attempt[] = []
  const senders = ward.devices.map((device) => ward.senderOf(device, ledger, { observe: (attempt) => void attempts.push(attempt) }))
  const stop = new AbortController()
  const running = Promise.all(senders.map((sender) => sender.run(5, stop.signal)))
  // strace says which thread it made wait: that of the store, and in the control main, whose number is that of the process.
  const isDelayed = imports.length === 0 ? /DELAYED/ : new RegExp(`^${gateway.pid} .*DELAYED`, 'm')
  while (!isDelayed.test(readFileSync(trace, 'latin1'))) await rest(20)
  const slowFrom = performance.now()
  say('the disk is slow now')
  await machine.take()
  const { latenciesMs, silent } = await alarms.raiseMany(alerts, everyMs)
  const idleMs = await machine.take()
  const acknowledged = (): readonly Attempt[] => attempts.filter(({ answer, at }) => answer === 'accepted' && at > slowFrom)
  while (imports.length === 0 && acknowledged().length === 0) await rest(20)
  const acknowledgedMs = acknowledged().map(({ ms }) => ms)
  stop.abort()
  await gateway.kill()
  for (const sender of senders) sender.close()
  await running
  return { idleMs, latenciesMs, silent, acknowledgedMs, verdict: judge(ledger, holdingsOf(ward.data)) }
}
