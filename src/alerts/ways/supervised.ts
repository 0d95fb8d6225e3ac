/** One way at work: takes from its outbox, tries, waits longer after each failure, and says when it does not work. */

import type { Logger } from 'pino'
import type { Priority } from '../../domain/alert.ts'
import type { Delivery } from '../../domain/delivery.ts'
import type { AlertId } from '../../domain/ids.ts'
import { type MonoMs, type WallMs, monoMs } from '../../domain/time.ts'
import { wayLimits } from '../../limits.ts'
import type { Clock } from '../../seams.ts'
import type { Outbox } from './outbox.ts'
import { Bell, promised, wordsOf } from './waiting.ts'
import type { FarWord, Notice, SendResult, Way } from './way.ts'

export type SupervisedParts = {
  readonly way: Way
  readonly outbox: Outbox
  /** Real time: cables break and people wait in it, however fast the demo's ward runs. */
  readonly clock: Clock
  readonly log: Logger
  /** Not working for so long is an alert. */
  readonly failingAfterMs: number
  /** Null: it works again. */
  readonly failing: (said: { readonly priority: Priority; readonly text: string } | null) => void
  readonly receipt: (delivery: Omit<Delivery, 'at' | 'way'>) => void
  /** The alert that an address was called about last. */
  readonly lastCalled: (address: string) => AlertId | null
}

export type WayState = {
  readonly id: string
  readonly state: 'works' | 'troubled' | 'failing'
  readonly why: string
  readonly waiting: number
  /** Of this life of the gateway; null: nothing yet. */
  readonly lastSentAt: WallMs | null
}

/** What came of a test: `busy`, another is under way; `waiting`, this one is. */
export type TestResult = SendResult | { readonly kind: 'busy' | 'waiting' }

/** How often a way that waits looks at its time. */
const LOOK_EVERY_MS = 1_000
/** Other words for the same failure are said at most this often. */
const SAY_EVERY_MS = 10_000

export class Supervised {
  readonly id: string
  readonly #parts: SupervisedParts
  readonly #bell = new Bell()
  readonly #healed = new Bell()
  /** Troubles of sending, and those that the way tells of itself. */
  #sendTrouble: string | null = null
  #ownTrouble: string | null = null
  #since: MonoMs | null = null
  #failures = 0
  #isFailing = false
  #said: { readonly text: string; readonly at: MonoMs } | null = null
  #toldDropped = 0
  #givenUp = 0
  #lastSentAt: WallMs | null = null
  readonly #tests: { readonly notices: readonly Notice[]; readonly done: (result: SendResult) => void }[] = []

  constructor(parts: SupervisedParts) {
    this.#parts = parts
    this.id = parts.way.id
  }

  /** There may be something to say. */
  wake(): void {
    this.#bell.ring()
  }

  state(): WayState {
    const why = this.#why()
    return { id: this.id, state: why === null ? 'works' : this.#isFailing ? 'failing' : 'troubled', why: why ?? '', waiting: this.#parts.outbox.waiting, lastSentAt: this.#lastSentAt }
  }

  /** Sends these, one after the other, in its turn and at once: also while the way does not work. The first that is not taken ends it. */
  test(notices: readonly Notice[]): Promise<TestResult> {
    if (this.#tests.length >= wayLimits.testsWaitingMax) return Promise.resolve({ kind: 'busy' })
    const { promise, resolve } = promised<SendResult>()
    this.#tests.push({ notices, done: resolve })
    this.#bell.ring()
    this.#healed.ring()
    return promise
  }

  async run(stop: AbortSignal): Promise<void> {
    // What was open before a restart is judged anew.
    this.#parts.failing(null)
    await Promise.all([this.#keep(stop), this.#send(stop)])
    for (const { done } of this.#tests.splice(0)) done({ kind: 'trouble', why: 'the gateway stops' })
  }

  /** What stays open. A way that throws is a way that fails: alerts go on, and so do the other ways. */
  async #keep(stop: AbortSignal): Promise<void> {
    const { way, outbox, clock, log } = this.#parts
    while (way.run && !stop.aborted) {
      try {
        await way.run({
          health: (why) => {
            this.#ownTrouble = why
            if (why === null) this.#works()
            this.#judge()
          },
          resync: () => {
            outbox.resay(clock.mono())
            this.#bell.ring()
          },
          heard: (word) => this.#heard(word),
        }, stop)
      } catch (error) {
        log.error({ way: way.id, err: error }, 'A way out failed inside.')
        this.#ownTrouble = `an error inside: ${wordsOf(error)}`
      }
      await clock.sleep(wayLimits.retryMs, stop)
    }
  }

  async #send(stop: AbortSignal): Promise<void> {
    const { outbox, clock } = this.#parts
    while (!stop.aborted) {
      this.#judge()
      await this.#testNext(stop)
      const now = clock.mono()
      const notice = outbox.next({ at: now, wall: clock.wall() })
      if (notice === null) {
        const due = outbox.wakeAt()
        await this.#bell.wait(clock, due === null ? LOOK_EVERY_MS : Math.min(LOOK_EVERY_MS, Math.max(1, due - now)), stop)
        continue
      }
      const result = await this.#try(notice, stop)
      if (stop.aborted && result.kind !== 'sent') return
      await this.#settle(notice, result, stop)
    }
  }

  /** A test that fails says nothing of alerts that are due: those are tried by themselves. */
  async #testNext(stop: AbortSignal): Promise<void> {
    const [test] = this.#tests
    if (test === undefined) return
    let result: SendResult = { kind: 'trouble', why: 'nothing to send' }
    for (const notice of test.notices) {
      result = await this.#try(notice, stop)
      const { alert, address } = notice
      if (result.kind !== 'sent') this.#parts.receipt({ alertId: alert.id, step: 'failed', address, by: null, note: result.why })
      else if (notice.phase === 'start') this.#sent(notice, result.messageId)
      if (result.kind !== 'sent') break
    }
    this.#tests.shift()
    test.done(result)
  }

  #sent({ alert, address }: Notice, messageId: string | null): void {
    this.#lastSentAt = this.#parts.clock.wall()
    this.#works()
    this.#parts.receipt({ alertId: alert.id, step: 'sent', address, by: null, note: messageId })
  }

  async #try(notice: Notice, stop: AbortSignal): Promise<SendResult> {
    try {
      return await this.#parts.way.send(notice, stop)
    } catch (error) {
      this.#parts.log.error({ way: this.id, err: error }, 'A way out failed inside.')
      return { kind: 'trouble', why: `an error inside: ${wordsOf(error)}` }
    }
  }

  async #settle(notice: Notice, result: SendResult, stop: AbortSignal): Promise<void> {
    const { outbox, clock, receipt } = this.#parts
    const { alert, address } = notice
    switch (result.kind) {
      case 'sent':
        if (this.#isFailing) outbox.resay(clock.mono())
        outbox.sent(notice, clock.mono())
        this.#givenUp = 0
        this.#toldDropped = outbox.dropped
        this.#sent(notice, result.messageId)
        return
      case 'refused':
        this.#works()
        if (!outbox.refuse(notice, clock.mono())) this.#givenUp++
        receipt({ alertId: alert.id, step: 'failed', address, by: null, note: result.why })
        return
      case 'trouble': {
        outbox.missed(notice, result.mayHaveCome === true, clock.mono())
        if (this.#sendTrouble !== result.why) this.#parts.log.warn({ way: this.id, why: result.why }, 'A way out does not work; trying again.')
        this.#sendTrouble = result.why
        receipt({ alertId: alert.id, step: 'failed', address, by: null, note: result.why })
        const pauseMs = Math.min(wayLimits.retryMs * 2 ** Math.min(this.#failures++, 10), wayLimits.retryMsMax)
        const until = monoMs(clock.mono() + pauseMs)
        // The bell rings for new alerts too: they do not make a broken way be tried any sooner.
        while (!stop.aborted && clock.mono() < until && this.#sendTrouble !== null && this.#tests.length === 0) {
          this.#judge()
          await this.#healed.wait(clock, Math.min(LOOK_EVERY_MS, Math.max(1, until - clock.mono())), stop)
        }
      }
    }
  }

  #heard({ step, alertId, address, by, note }: FarWord): void {
    const about = alertId ?? (address === null ? null : this.#parts.lastCalled(address))
    if (about !== null) this.#parts.receipt({ alertId: about, step, address: address ?? '', by, note })
  }

  #works(): void {
    this.#sendTrouble = null
    this.#failures = 0
    this.#healed.ring()
    this.#bell.ring()
  }

  #why(): string | null {
    const { outbox } = this.#parts
    const lost = outbox.dropped > this.#toldDropped ? `${outbox.dropped} alerts found no room` : null
    const refused = outbox.refused > 0 ? `calls refused: ${outbox.refused}` : this.#givenUp > 0 ? `calls refused for good: ${this.#givenUp}` : null
    return this.#ownTrouble ?? this.#sendTrouble ?? lost ?? refused
  }

  /** Trouble that lasts is an alert; what was refused for good stays said until something is sent after it. */
  #judge(): void {
    const { clock, failingAfterMs, failing, log } = this.#parts
    const why = this.#why()
    if (why === null) {
      if (this.#isFailing) {
        log.info({ way: this.id }, 'A way out works again.')
        failing(null)
      }
      this.#isFailing = false
      this.#since = null
      this.#said = null
      return
    }
    this.#since ??= clock.mono()
    if (clock.mono() - this.#since < failingAfterMs) return
    if (!this.#isFailing) log.error({ way: this.id, why }, 'A way out fails.')
    this.#isFailing = true
    const text = `Alerts do not leave by "${this.id}": ${why}`
    const isNews = this.#said === null || (this.#said.text !== text && clock.mono() - this.#said.at >= SAY_EVERY_MS)
    if (!isNews) return
    this.#said = { text, at: clock.mono() }
    failing({ priority: 'medium', text })
  }
}
