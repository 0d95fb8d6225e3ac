/** What a ward must stand while its disk fails, however it fails: true answers, alerts as ever, and everything well again soon afterwards. */

import { spread, quantile } from './figures.ts'
import { type ProveWard, serialHeard } from './gateway.ts'
import { Ledger, type Verdict, holdingsOf, judge } from './oracle.ts'
import type { ProveSetting } from './prove.ts'
import { type Attempt, rest } from './senders.ts'
import { AlarmBeds, Station } from './station.ts'

export type DiskFault = {
  readonly name: string
  /** Begins it for the gateway with this process id; call what it returns to end it. */
  readonly begin: (pid: number) => Promise<() => Promise<void>>
}

export type FaultTrial = {
  readonly ward: ProveWard
  readonly faults: readonly DiskFault[]
  /** Alerts raised during each fault. */
  readonly alertsPerFault: number
  /** Each fault lasts at least so long after it was first noticed. */
  readonly faultMs: number
}

/** Milliseconds. In a quick trial the machine may be busy with other tests: time is judged widely, order and counts strictly. */
const LIMITS = { full: { answer: 1_000, alert: 1_000, heal: 10_000 }, quick: { answer: 15_000, alert: 10_000, heal: 60_000 } } as const
const EVERY_MS = { mllp: 10, mqtt: 10, hospital: 50, serial: 100 } as const
const ALERT_EVERY_MS = 60
const NOTICE_MS = 60_000
const STORE_FAILING = 'technical/store-failing'

type Round = {
  readonly name: string
  readonly refused: readonly Attempt[]
  /** Attempts whose connection was dropped, or that got no answer at all. */
  readonly dropped: readonly Attempt[]
  readonly latenciesMs: readonly number[]
  readonly silent: number
  readonly healMs: number
  readonly isTold: boolean
  readonly isOver: boolean
}

export type FaultOutcome = { readonly pass: boolean; readonly figures: Readonly<Record<string, number | string>> }

export async function faultTrial({ ward, faults, alertsPerFault, faultMs }: FaultTrial, { quick, say }: ProveSetting): Promise<FaultOutcome> {
  const gateway = await ward.start()
  const ledger = new Ledger()
  const attempts: Attempt[] = []
  const senders = ward.devices.map((device) => ward.senderOf(device, ledger, { observe: (attempt) => void attempts.push(attempt), retryMs: 100 }))
  await serialHeard(ward)
  using station = await Station.open(ward, gateway)
  using alarms = await AlarmBeds.open(ward, station)
  const stop = new AbortController()
  const running = Promise.all(senders.map((sender) => sender.run(EVERY_MS[sender.device.transport], stop.signal)))

  const rounds: Round[] = []
  for (const { name, begin } of faults) {
    await rest(300)
    const told = station.told.length
    const from = attempts.length
    const end = await begin(gateway.pid)
    const isNoticed = await until(() => station.isOpen(STORE_FAILING) && attempts.slice(from).some(({ answer }) => answer === 'refused'), NOTICE_MS)
    const noticed = attempts.length
    const { latenciesMs, silent } = await Promise.all([alarms.raiseMany(alertsPerFault, ALERT_EVERY_MS), rest(faultMs)]).then(([raised]) => raised)
    const during = attempts.slice(noticed)
    await end()
    const endedAt = performance.now()
    const isAccepted = (transport: string): boolean =>
      attempts.some(({ answer, at, device }) => answer === 'accepted' && at > endedAt && device.transport === transport)
    const isHealed = await until(() => isAccepted('mllp') && isAccepted('mqtt'), LIMITS.quick.heal)
    const healMs = isHealed ? performance.now() - endedAt : Number.POSITIVE_INFINITY
    const isOver = await until(() => !station.isOpen(STORE_FAILING), NOTICE_MS)
    rounds.push({
      name,
      refused: during.filter(({ answer }) => answer === 'refused'),
      dropped: during.filter(({ answer }) => answer === 'lost'),
      latenciesMs,
      silent,
      healMs,
      isTold: isNoticed && station.told.slice(told).some(({ condition, text }) => condition === STORE_FAILING && text.includes('not being saved')),
      isOver,
    })
    say(`${name}: refused ${rounds.at(-1)?.refused.length}, alerts ${spread(latenciesMs)}, well again after ${healMs.toFixed(0)} ms`)
  }
  stop.abort()
  await running
  const probes = await Promise.all(senders.map((sender) => sender.deliver(AbortSignal.timeout(NOTICE_MS))))
  const wanted = [...probes, ...ledger.ids(({ device }) => device.transport === 'serial')]
  const isDelivered = await until(() => missingOf(ward, wanted) === 0, NOTICE_MS)
  const isAlive = gateway.isAlive()
  for (const sender of senders) sender.close()
  await gateway.stop()
  const serial = ledger.ids(({ device }) => device.transport === 'serial')
  const outcome = judged(rounds, judge(ledger, holdingsOf(ward.data)), LIMITS[quick ? 'quick' : 'full'])
  return {
    pass: outcome.pass && isDelivered && isAlive,
    figures: {
      ...outcome.figures,
      'serial lines delivered': `${serial.length - missingOf(ward, serial)} of ${serial.length}`,
      'a fresh message comes through': isDelivered ? 'everywhere' : 'NOT everywhere',
      'one process through it all': isAlive ? 'yes' : 'NO',
    },
  }
}

function judged(rounds: readonly Round[], verdict: Verdict, limits: (typeof LIMITS)['full' | 'quick']): FaultOutcome {
  const refused = rounds.flatMap((round) => round.refused.map(({ ms }) => ms))
  const dropped = rounds.flatMap((round) => round.dropped)
  const droppedMqtt = dropped.filter(({ device }) => device.transport === 'mqtt').map(({ ms }) => ms)
  const alerts = rounds.flatMap(({ latenciesMs }) => latenciesMs)
  const silent = rounds.reduce((sum, round) => sum + round.silent, 0)
  const heal = Math.max(...rounds.map(({ healMs }) => healMs))
  // An MLLP sender is owed an answer: a connection that is merely cut is none.
  const unanswered = dropped.length - droppedMqtt.length
  const pass =
    verdict.conserved &&
    rounds.every(({ refused, isTold, isOver }) => refused.length > 0 && isTold && isOver) &&
    quantile([...refused, ...droppedMqtt], 0.99) <= limits.answer &&
    unanswered === 0 &&
    silent === 0 &&
    quantile(alerts, 0.99) <= limits.alert &&
    heal <= limits.heal
  return {
    pass,
    figures: {
      faults: rounds.map(({ name }) => name).join(', '),
      'issued, acknowledged, delivered': `${verdict.issued}, ${verdict.accepted}, ${verdict.delivered}`,
      'acknowledged and missing': verdict.missing,
      'spurious, corrupted, duplicated, stray answers': `${verdict.spurious}, ${verdict.corrupted}, ${verdict.duplicated}, ${verdict.strayAnswers}`,
      'MLLP: AE or CE after': spread(refused),
      'MLLP: no answer': unanswered,
      'MQTT: no PUBACK, cut after': spread(droppedMqtt),
      'sample to alert during a fault': spread(alerts),
      'alerts that did not come': silent,
      'well again after': `${heal.toFixed(0)} ms at most`,
      'told and taken back by a technical alert': rounds.every(({ isTold, isOver }) => isTold && isOver) ? 'each time' : 'NOT each time',
    },
  }
}

function missingOf(ward: ProveWard, ids: readonly number[]): number {
  const { rows } = holdingsOf(ward.data)
  return ids.filter((id) => !rows.has(id)).length
}

async function until(what: () => boolean, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; await rest(20)) if (what()) return true
  return what()
}
