/** How far each alert came, way by way: raised, sent, delivered, displayed, accepted. The newest alerts, in memory. */

import type { AlertId } from '../../domain/ids.ts'
import { wayLimits } from '../../limits.ts'
import type { Delivery } from './way.ts'

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

  /** One receipt more. The same step of the same way, address and person is no news, but for a failure. */
  add(delivery: Delivery): void {
    const chain = this.#chains.get(delivery.alertId) ?? []
    const { way, step, address, by, note } = delivery
    if (chain.some((other) => other.way === way && other.step === step && other.address === address && other.by === by && (step !== 'failed' || other.note === note))) return
    this.#chains.delete(delivery.alertId)
    this.#chains.set(delivery.alertId, chain)
    if (chain.length < wayLimits.receiptsPerAlertMax) chain.push(delivery)
    if (this.#chains.size > wayLimits.alertsWithReceiptsMax) {
      const [oldest] = this.#chains.keys()
      if (oldest !== undefined) this.#chains.delete(oldest)
    }
    this.#told(delivery)
  }
}
