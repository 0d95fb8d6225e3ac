/**
 * A recording through today's drivers and rules into a database of its own. The clock says what it said then, ids are given
 * as they were given then, who was held then is held, drivers are woken when the recorded time comes to it, and rows are
 * handed over at the recorded ticks, never by a timer: two replays of one recording are the same, byte for byte, at whatever
 * speed.
 */

import type { Logger } from 'pino'
import { parseSite } from '../config/load.ts'
import { ruleSettingsOf } from '../config/rule-settings.ts'
import type { Site } from '../config/schema.ts'
import { alertId, stayId } from '../domain/ids.ts'
import { monoMs, wallMs } from '../domain/time.ts'
import { pumpLimits, recordLimits } from '../limits.ts'
import { Pump } from '../pump/pump.ts'
import { bedRulesOf } from '../rules/bed.ts'
import { DEFAULT_PROFILES } from '../rules/profile.ts'
import type { Clock, Driver, Line } from '../seams.ts'
import { type LocalStore, openLocalStore } from '../store/local-store.ts'
import { readOpening, recentSnapshots } from '../store/opening.ts'
import type { Hand, Head, LineHead, Recorded } from './format.ts'
import { mintOf } from './mint.ts'
import { type ReplayedFrames, replayDrivers } from './replay-driver.ts'

export type ReplaySetting = {
  /** Where the copy goes: a folder that does not exist yet. */
  readonly into: string
  readonly driverOf: (id: string) => Driver
  /** Ward seconds per real second; null: as fast as it goes. */
  readonly speed: number | null
  /** Recorded wall time, ms; null: no bound. */
  readonly from: number | null
  readonly to: number | null
  /** Only this device's frames; null: all. */
  readonly device: string | null
  /** For pacing. */
  readonly realTime: Clock
  readonly log: Logger
}

export type ReplaySummary = ReplayedFrames & {
  readonly records: number
  /** Lives of the gateway that the recording saw. */
  readonly runs: number
  readonly alerts: number
  readonly quarantined: number
  /** Records that were not recorded, for the disk was slow or full. */
  readonly missing: number
  readonly firstAt: number | null
  readonly lastAt: number | null
}

/** What was recorded cannot be replayed; the message says why in a sentence. */
export class ReplayRefused extends Error {
  override readonly name = 'ReplayRefused'
}

export interface Replay {
  /** Acts upon one record. @throws ReplayRefused */
  take(record: Recorded, stop: AbortSignal): Promise<void>
  /** What is held is stored; the copy is whole. */
  end(): Promise<ReplaySummary>
}

const NO_BYTES = new Uint8Array(0)
/** What setTimeout makes of less. */
const TIMER_MS_MIN = 1

type Ward = {
  readonly head: Head
  readonly pump: Pump<ReturnType<ReturnType<typeof bedRulesOf>['start']>>
  readonly lines: Map<number, Line>
}

export function startReplay(setting: ReplaySetting): Replay {
  let now = { wall: wallMs(0), mono: monoMs(0) }
  const clock: Clock = { wall: () => now.wall, mono: () => now.mono, sleep: () => Promise.resolve() }
  const counts = { records: 0, runs: 0, alerts: 0, quarantined: 0, missing: 0 }
  let span: { readonly firstAt: number; readonly lastAt: number } | null = null
  const heads = new Map<number, LineHead>()
  let local: LocalStore | null = null
  let ward: Ward | null = null
  let sinceCommit = 0
  let pace: { readonly real: number; readonly mono: number } | null = null
  const drivers = replayDrivers(setting)

  function begin(head: Head): Ward {
    const site = siteOf(head)
    local ??= opened(setting.into, head)
    now = { wall: wallMs(head.began.wall), mono: monoMs(head.began.mono) }
    const found = readOpening(setting.into)
    if (found.kind === 'refused') throw new ReplayRefused(found.why)
    drivers.begin(site)
    const { store } = local
    const pump = new Pump({
      site,
      driverOf: drivers.driverOf,
      // A recording from before there were so many populations has not all of them.
      rules: bedRulesOf(ruleSettingsOf(site, { ...DEFAULT_PROFILES, ...head.profiles }, head.kind)),
      clock,
      speed: 1,
      store: {
        ...store,
        commit: (tick) => {
          counts.quarantined += tick.quarantined.length
          return store.commit(tick)
        },
      },
      restored: {
        stays: found.stays,
        alertEvents: found.openAlertEvents,
        recent: recentSnapshots(setting.into, wallMs(now.wall - pumpLimits.refoldMs), () => undefined),
        messages: found.messages,
        facts: found.facts,
        pastStays: found.pastStays,
        standing: found.standing,
      },
      mint: mintOf(head.run, head.minted),
      // Who was not read then is not read now; what a driver threw in this life is found again by itself.
      suspects: { known: head.suspects?.known ?? [], found: head.suspects?.found ?? null, changed: () => undefined },
      publish: (events) => {
        counts.alerts += events.filter((event) => event.kind === 'phase' && event.phase === 'start').length
      },
      saved: () => undefined,
      log: setting.log,
    })
    counts.runs++
    return { head, pump, lines: new Map() }
  }

  /** Hands over what gathered and waits until it is stored; no timer has a say in what belongs together. */
  async function settle({ pump }: Ward): Promise<void> {
    sinceCommit = 0
    do {
      pump.committer.soon()
      await new Promise((resolve) => setImmediate(resolve))
      const { state } = pump.committer
      if (state.kind === 'failing') throw new ReplayRefused(`${setting.into} cannot be written: ${state.why}`)
    } while (!pump.committer.filling.empty)
  }

  async function paced(mono: number, stop: AbortSignal): Promise<void> {
    if (setting.speed === null) return
    const real = setting.realTime.mono()
    pace ??= { real, mono }
    await setting.realTime.sleep((mono - pace.mono) / setting.speed - (real - pace.real), stop)
  }

  async function turnTo(head: Head): Promise<void> {
    if (ward?.head.run === head.run) return
    heads.clear()
    pace = null
    await finish()
    ward = begin(head)
  }

  async function finish(): Promise<void> {
    if (!ward) return
    await settle(ward)
    await ward.pump.close()
    ward = null
  }

  /** Opened when it first says something, for a conversation may have begun before the part that is replayed. */
  function lineOf({ pump, lines }: Ward, number: number): Line | null {
    const known = lines.get(number)
    const head = heads.get(number)
    if (known || !head) return known ?? null
    const peer = { address: head.address, device: head.device }
    const line = drivers.opening(number, peer, () => pump.openFor(head.driver, head.link)(peer, () => undefined))
    lines.set(number, line)
    return line
  }

  /** Those who asked to be woken before this record; a timer waits a millisecond at least. */
  function wakeUpTo({ wall, mono }: Recorded, current: Ward): void {
    for (let next = drivers.nextWake(monoMs(mono)); next !== null; next = drivers.nextWake(monoMs(mono))) {
      const at = Math.max(next.wakeAt, now.mono + TIMER_MS_MIN)
      if (at > mono) return
      now = { wall: wallMs(wall - (mono - at)), mono: monoMs(at) }
      const line = current.lines.get(next.line)
      next.wake(() => line?.receive(NO_BYTES))
    }
  }

  async function act(current: Ward, record: Recorded, stop: AbortSignal): Promise<void> {
    switch (record.kind) {
      case 'head':
      case 'opened':
        return
      case 'bytes':
        lineOf(current, record.line)?.receive(record.bytes, record.settled ? () => undefined : undefined)
        break
      case 'status':
        lineOf(current, record.line)?.status(record.state, record.why)
        break
      case 'closed':
        lineOf(current, record.line)?.close(record.why)
        heads.delete(record.line)
        current.lines.delete(record.line)
        drivers.closed(record.line)
        break
      case 'hand':
        byHand(current.pump, record.hand)
        break
      case 'gap':
        counts.missing += record.records
        break
      case 'tick':
        current.pump.tick()
        await settle(current)
        await paced(record.mono, stop)
        return
    }
    if (++sinceCommit >= recordLimits.replayRecordsPerCommitMax) await settle(current)
  }

  return {
    async take(record, stop) {
      if (record.kind === 'head') await turnTo(record.head)
      else if (record.kind === 'opened') heads.set(record.line, record.of)
      const isWanted = record.wall >= (setting.from ?? Number.NEGATIVE_INFINITY) && record.wall <= (setting.to ?? Number.POSITIVE_INFINITY)
      if (!ward || record.kind === 'head' || !isWanted) return
      counts.records++
      span = { firstAt: Math.min(span?.firstAt ?? record.wall, record.wall), lastAt: Math.max(span?.lastAt ?? record.wall, record.wall) }
      wakeUpTo(record, ward)
      now = { wall: wallMs(record.wall), mono: monoMs(record.mono) }
      await act(ward, record, stop)
    },
    async end() {
      try {
        await finish()
      } finally {
        await local?.store.close()
      }
      return { ...counts, ...drivers.counted(), firstAt: span?.firstAt ?? null, lastAt: span?.lastAt ?? null }
    },
  }
}

/** As it was recorded: what it names by path (certificates, secrets) is not looked for. */
function siteOf({ site }: Head): Site {
  // JSON is YAML.
  const parsed = parseSite(JSON.stringify(site), 'the recorded site')
  if (parsed.kind === 'wrong') throw new ReplayRefused(`The site that was recorded is not one that this Vigil knows: ${parsed.problems.join(' ')}`)
  return parsed.site
}

function opened(folder: string, { gateway, kind, began }: Head): LocalStore {
  // Under a name of its own: no gateway takes the copy for its database and sends it to central.
  const local = openLocalStore({ folder, kind, gatewayId: `replay:${gateway}`, createdAt: wallMs(began.wall), durability: 'copy' })
  if (local.kind === 'refused') throw new ReplayRefused(local.why)
  return local
}

function byHand<State>(pump: Pump<State>, hand: Hand): void {
  switch (hand.what) {
    case 'acknowledge':
      return void pump.acknowledge(alertId(hand.alert), hand.by)
    case 'pause':
      return void pump.pauseAudio(alertId(hand.alert), hand.by, hand.ms)
    case 'context':
      return void pump.changeContext(stayId(hand.stay), hand.change, hand.by, hand.saying)
    case 'observe':
      return void pump.observe(stayId(hand.stay), hand.request, hand.by)
    case 'take-back':
      return void pump.takeBack(stayId(hand.stay), hand.confirmedAt, hand.by)
    case 'condition':
      return pump.gatewayCondition(hand.condition, hand.said)
    case 'release':
      return void pump.suspects.release(hand.key)
    case 'associate':
      return void pump.associate(hand.request, hand.by)
    case 'house':
      return void pump.sayHouse(hand.request, hand.by)
    case 'shift':
      return void pump.changeShift(hand.request, hand.by)
    case 'forget':
      return void pump.whose.forgetOver(wallMs(hand.now))
  }
}
