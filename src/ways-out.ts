/** Composition of the ways out of alerts: receipts go into the log, and come back from it at the start. */

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Ways } from './alerts/ways/ways.ts'
import type { DeliveryView } from './api/wire.ts'
import type { SecretSetting } from './config/schema.ts'
import { retold } from './domain/alert.ts'
import { isQuietened } from './domain/bed-state.ts'
import { type Delivery, isImplied } from './domain/delivery.ts'
import type { AlertId } from './domain/ids.ts'
import { isSilent } from './domain/ward-mode.ts'
import type { GatewaySetting } from './gateway.ts'
import type { Pump } from './pump/pump.ts'
import type { Clock } from './seams.ts'
import type { History } from './store/history.ts'
import type { Opening } from './store/opening.ts'

type SomePump = Pick<Pump<unknown>, 'beds' | 'lifecycle' | 'committer' | 'house'>

export type WaysOf = {
  readonly pump: SomePump
  readonly opened: Pick<Opening, 'openAlertEvents' | 'openDeliveries'>
  readonly say: Pump<unknown>['gatewayCondition']
  readonly secretOf: (secret: SecretSetting) => string
  readonly clock: Clock
  readonly realTime: Clock
}

/** Also where no way is configured: our own screens are one. */
export async function openWays({ site, siteFile, mode, log, context: { stop } }: GatewaySetting, { pump, opened, say, secretOf, clock, realTime }: WaysOf): Promise<Ways> {
  const { startWays } = await import('./alerts/ways/ways.ts')
  // Durations are those of people and cables; times are those of the alerts.
  const waysClock: Clock = { wall: () => clock.wall(), mono: () => realTime.mono(), sleep: (ms, until) => realTime.sleep(ms, until) }
  return startWays({
    ways: site.notify.ways.length === 0 ? [] : (await configured()).map((way) => ({ ...way, sends: { ...way.sends, only: (alert) => !isSilent(pump.house.mode) && !isQuietened(alert) } })),
    ward: site.gateway.ward,
    clock: waysClock,
    log,
    mint: randomUUID,
    open: () => pump.lifecycle.open.values(),
    placeOf: ({ bed }) => (bed === null ? null : (pump.beds.get(bed)?.label ?? null)),
    report: say,
    delivered(delivery) {
      log.debug({ alert: delivery.alertId, way: delivery.way, step: delivery.step }, 'Alert delivery.')
      if (!isImplied(delivery)) write(pump, delivery)
    },
    restored: opened.openDeliveries,
    restoredEvents: opened.openAlertEvents,
    // A demo is looked at when somebody likes; a ward always.
    noScreen: mode === 'demo' ? 'low' : 'medium',
  }, stop)

  async function configured() {
    // What speaks to pagers and brokers weighs: loaded where a site names it.
    const [{ configuredWays }, { openPort }] = await Promise.all([import('./alerts/ways/configured.ts'), import('./links/ports.ts')])
    return configuredWays(site.notify, {
      gateway: site.gateway,
      clock: waysClock,
      log,
      secretOf,
      fileOf: (path) => readFileSync(resolve(dirname(siteFile), path), 'utf8'),
      openPort,
      mrnOf: ({ bed, stay }) => {
        const lying = bed === null ? null : pump.beds.get(bed)?.stay
        return lying?.id === stay ? (lying?.identity?.mrn ?? null) : null
      },
    })
  }
}

function write({ lifecycle, committer }: SomePump, delivery: Delivery): void {
  const { bed = null, stay = null, device = null } = lifecycle.open.get(delivery.alertId) ?? {}
  committer.filling.events.push({ at: delivery.at, kind: 'delivery', delivery, subject: { bed, stay, device } })
  committer.later()
}

/** The database was begun anew while we run: receipts of alerts that it does not know. */
export function retellDeliveries(pump: SomePump, ways: Ways, { openAlertEvents }: Pick<Opening, 'openAlertEvents'>): void {
  const told = new Set(openAlertEvents.map(({ alertId }) => alertId))
  for (const id of pump.lifecycle.open.keys()) if (!told.has(id)) for (const delivery of ways.deliveries(id)) if (!isImplied(delivery)) write(pump, delivery)
}

/** What is open when a ward goes live is sent then: while it was silent it was not. */
export function saidOfHouse<Answer>(pump: SomePump, ways: Ways | null, say: () => Answer): Answer {
  const wasSilent = isSilent(pump.house.mode)
  const answer = say()
  if (wasSilent && !isSilent(pump.house.mode)) ways?.publish([...pump.lifecycle.open.values()].flatMap(retold))
  return answer
}

/** How far an alert came, open or over; empty for one that nobody knows, null when it cannot be read now. */
export async function chainOf(alert: AlertId, ways: Ways | null, history: Pick<History, 'deliveries'>): Promise<DeliveryView[] | null> {
  const known = ways?.deliveries(alert) ?? []
  if (known.length > 0) return known.map(viewOf)
  const kept = await history.deliveries(alert)
  return kept.kind === 'failed' ? null : kept.deliveries.map(viewOf)
}

const viewOf = ({ alertId: _alert, ...view }: Delivery): DeliveryView => view
