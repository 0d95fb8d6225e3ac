/**
 * Whether the sentinel's alert comes through: each minute a pass begins, and each stage on the way says that it came by. A
 * stage that has not within its time is named, with all behind it unknown. Pure: its time is an argument.
 */

import type { Priority } from '../domain/alert.ts'
import type { MonoMs } from '../domain/time.ts'
import { sentinelLimits } from '../limits.ts'

/** The way of an alert, in order: bytes came, the driver read them, a rule spoke, the alert was published, it is on disk, a screen shows it. */
export const STAGES = ['link', 'driver', 'rules', 'alert', 'store', 'screen'] as const
export type Stage = (typeof STAGES)[number]

const WORDS: Readonly<Record<Stage, string>> = {
  link: 'no bytes have come in',
  driver: 'the driver has read nothing',
  rules: 'the rules have not spoken',
  alert: 'no alert has been published',
  store: 'no alert has been stored',
  screen: 'no screen that is open has shown its alert',
}

const HELP: Readonly<Record<Stage, string>> = {
  link: 'Alerts may be missing: watch the monitors',
  driver: 'Alerts may be missing: watch the monitors',
  rules: 'Alerts may be missing: watch the monitors',
  alert: 'Alerts may be missing: watch the monitors',
  store: 'Alerts go on',
  // A page behind another is no nurse station: where it is the only one, nobody sees alerts, and it can still be heard.
  screen: 'Bring the page of the nurse station to the front, or reload it',
}

/** Without one of the first four nobody is alerted at all. */
const PRIORITIES: Readonly<Record<Stage, Priority>> = { link: 'high', driver: 'high', rules: 'high', alert: 'high', store: 'medium', screen: 'medium' }

/** The technical alert of a stage that was missed. */
export const SENTINEL_CONDITION = 'technical/sentinel'

export type SentinelState =
  | { readonly kind: 'starting' }
  /** `screen`: none was open, or one that is has shown it. */
  | { readonly kind: 'ok'; readonly screen: 'shown' | 'none' }
  | { readonly kind: 'failing'; readonly stage: Stage }

type Pass = { readonly since: MonoMs; readonly passed: Set<Stage>; isJudged: boolean }

export class Sentinel {
  readonly #beganAt: MonoMs
  readonly #lastPassed = new Map<Stage, MonoMs>()
  #pass: Pass | null = null
  #state: SentinelState = { kind: 'starting' }
  #okAt: MonoMs | null = null
  #judgedAt: MonoMs

  constructor(now: MonoMs) {
    this.#beganAt = now
    this.#judgedAt = now
  }

  get state(): SentinelState {
    return this.#state
  }

  /** Since the last pass that came through, in ms; null: none has. */
  okAgoMs(now: MonoMs): number | null {
    return this.#okAt === null ? null : now - this.#okAt
  }

  begin(now: MonoMs): void {
    this.#pass = { since: now, passed: new Set(), isJudged: false }
  }

  passed(stage: Stage, now: MonoMs): void {
    // What comes late was not there when it was needed; but it is what was heard last.
    this.#lastPassed.set(stage, now)
    this.#pass?.passed.add(stage)
  }

  /**
   * To be called each second at least; true: a pass was judged just now, and what is said may be other than before. `screens`: those
   * that are open and have shown something before.
   */
  judge(now: MonoMs, screens: number): boolean {
    const gapMs = now - this.#judgedAt
    this.#judgedAt = now
    const pass = this.#pass
    // We stood still ourselves, which the watchdog tells: the pass says nothing, and another begins soon.
    if (gapMs > sentinelLimits.gapMsMax) {
      if (pass) pass.isJudged = true
      return false
    }
    if (pass === null || pass.isJudged) return false
    const wanted = STAGES.filter((stage) => stage !== 'screen' || screens > 0)
    const missing = wanted.find((stage) => !pass.passed.has(stage))
    if (missing === undefined) {
      this.#state = { kind: 'ok', screen: pass.passed.has('screen') ? 'shown' : 'none' }
      this.#okAt = now
    } else if (now - pass.since >= sentinelLimits.stageMs) this.#state = { kind: 'failing', stage: missing }
    else return false
    pass.isJudged = true
    return true
  }

  /** What is to be told; null: all is well, or not known yet. */
  said(now: MonoMs): { readonly priority: Priority; readonly text: string } | null {
    if (this.#state.kind !== 'failing') return null
    const { stage } = this.#state
    const last = this.#lastPassed.get(stage)
    return { priority: PRIORITIES[stage], text: `Sentinel: ${WORDS[stage]} for ${Math.round((now - (last ?? this.#beganAt)) / 1_000)} s. ${HELP[stage]}` }
  }
}
