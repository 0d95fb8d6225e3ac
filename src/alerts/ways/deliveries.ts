/** How far each alert came, way by way: raised, sent, delivered, displayed, accepted. The newest alerts, in memory. */

import type { Delivery } from '../../domain/delivery.ts'
import type { AlertId } from '../../domain/ids.ts'
import { wayLimits } from '../../limits.ts'

export class Deliveries {
  /** By alert, the one that was heard of last behind all others. */
  readonly #chains = new Map<AlertId, Delivery[]>()
  readonly #told: (delivery: Delivery) => void

  /** `told` hears of each receipt once. */
  constructor(told: (delivery: Delivery) => void) {
    this.#told = told
  }

  /** In the order in which they came. */
  of(alert: AlertId): readonly Delivery[] {
    return this.#chains.get(alert) ?? []
  }

  /** What was told before a restart. */
  restore(delivery: Delivery): void {
    this.#take(delivery, false)
  }

  /**
   * One receipt more. The same step of the same way, address and person is no news, but for a failure in other words.
   * `isCall`: a person was called, and each call counts: after a restart nobody is called again for what it told.
   */
  add(delivery: Delivery, { isCall = false } = {}): void {
    if (this.#take(delivery, isCall)) this.#told(delivery)
  }

  /** False: it is known, or there is no room. Failures take no more than half of it: what came of an alert in the end has a place. */
  #take(delivery: Delivery, isCall: boolean): boolean {
    const chain = this.#chains.get(delivery.alertId) ?? []
    const { way, step, address, by, note } = delivery
    const isKnown = chain.some((other) => other.way === way && other.step === step && other.address === address && other.by === by && (step !== 'failed' || other.note === note))
    if (isKnown && !isCall) return false
    const { receiptsPerAlertMax, failuresPerAlertMax } = wayLimits
    if (chain.length >= receiptsPerAlertMax || (step === 'failed' && chain.filter((other) => other.step === 'failed').length >= failuresPerAlertMax)) return false
    chain.push(delivery)
    this.#chains.delete(delivery.alertId)
    this.#chains.set(delivery.alertId, chain)
    if (this.#chains.size > wayLimits.alertsWithReceiptsMax) {
      const [oldest] = this.#chains.keys()
      if (oldest !== undefined) this.#chains.delete(oldest)
    }
    return true
  }
}
