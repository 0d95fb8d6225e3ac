/** The composition root: reads top to bottom as start order. */

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Logger } from 'pino'
import { ApiRefused, startApi } from './api/server.ts'
import type { GatewayView } from './api/wire.ts'
import type { CliContext } from './cli/context.ts'
import { loadProfiles, readSecret } from './config/load.ts'
import type { SecretSetting, Site } from './config/schema.ts'
import { alertId, stayId } from './domain/ids.ts'
import { wallMs } from './domain/time.ts'
import { driverOf } from './drivers.ts'
import { apiLimits, pumpLimits, syncLimits } from './limits.ts'
import { linkOf } from './links/index.ts'
import { type ClockSetting, REAL_TIME } from './ops/clock.ts'
import { startWatchdog } from './ops/watchdog.ts'
import { Pump, driverTroubles } from './pump/pump.ts'
import { bedRulesOf, scoreView } from './rules/bed.ts'
import { DEFAULT_SETTINGS } from './rules/watcher.ts'
import { linkPath, openLoginLinks, saveWebAddress } from './security/login-links.ts'
import { openLoginThrottle } from './security/login-throttle.ts'
import { openSessions } from './security/sessions.ts'
import { openUsers } from './security/users.ts'
import { openHistory } from './store/history.ts'
import { openStore } from './store/store.ts'
import { type SyncHandle, startSync } from './sync/start.ts'
import { type LiveWard, createWard } from './ward.ts'

export type GatewaySetting = {
  readonly site: Site
  readonly siteFile: string
  readonly mode: 'demo' | 'live'
  readonly clock: ClockSetting
  readonly context: Pick<CliContext, 'root' | 'env' | 'stop' | 'clockOf'>
  readonly log: Logger
}

export type Gateway = {
  /** Where a browser finds the nurse station. */
  readonly url: string
  /** Demo only: one-time log-in links, one a role. */
  readonly loginLinks: readonly { readonly role: string; readonly url: string }[]
  /** Port that each listening link got. */
  readonly ports: ReadonlyMap<string, number>
  /** Resolves when all of it has stopped; rejects for a bug. */
  readonly stopped: Promise<void>
}

export type Started = { readonly kind: 'started'; readonly gateway: Gateway } | { readonly kind: 'refused'; readonly why: string; readonly wrongUse: boolean }

const version = (root: string): string => {
  const parsed: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown'
}

export async function startGateway(setting: GatewaySetting): Promise<Started> {
  const { site, siteFile, mode, context, log } = setting
  const { stop } = context
  const troubles = driverTroubles(site, driverOf)
  if (troubles.length > 0) return { kind: 'refused', why: troubles.join('\n'), wrongUse: true }
  const clock = context.clockOf(setting.clock)
  // People sign in, and cables break, in real time, however fast the demo's ward runs.
  const realTime = context.clockOf(REAL_TIME)
  const folder = resolve(dirname(siteFile), site.gateway.data)
  const secretOf = (secret: SecretSetting): string => readSecret(secret, siteFile, context.env)
  const limits = loadProfiles(site, siteFile)
  if (limits.kind === 'wrong') return { kind: 'refused', why: limits.problems.join('\n'), wrongUse: true }
  await mkdir(folder, { recursive: true, mode: 0o700 })

  // 1 · the store, and what it knows of before
  const opened = await openStore({ folder, kind: mode === 'demo' ? 'demo' : 'real', gatewayId: site.gateway.id, clock })
  if (opened.kind === 'refused') return { kind: 'refused', why: opened.why, wrongUse: false }
  const { store } = opened
  const history = openHistory(folder)

  // 2 · the heart
  let ward: LiveWard | null = null
  let sync: SyncHandle | null = null
  const pump = new Pump({
    site,
    driverOf,
    rules: bedRulesOf({ ...DEFAULT_SETTINGS, profiles: limits.profiles }),
    clock,
    speed: setting.clock.speed,
    store,
    restored: {
      stays: opened.stays,
      alertEvents: opened.openAlertEvents,
      recent: opened.recent(wallMs(clock.wall() - pumpLimits.refoldMs)),
      messages: opened.messages,
    },
    mint: { alert: () => alertId(randomUUID()), stay: () => stayId(randomUUID()) },
    publish: (events) => ward?.published(events),
    saved: (events, lastSeq) => {
      ward?.saved(events)
      sync?.committed(lastSeq)
    },
    log,
  })
  const damaged = opened.damaged.length > 0
  pump.gatewayCondition('technical/store-damaged', damaged ? { priority: 'medium', text: `${opened.damaged.length} stored rows are damaged and were not believed: check the disk` } : null)
  if (damaged) {
    log.error({ rows: opened.damaged.length }, 'Damaged rows in the store.')
  }
  const gatewayView = (): GatewayView => {
    const { state } = pump.committer
    const status = sync?.status()
    return {
      id: site.gateway.id,
      ward: site.gateway.ward,
      mode,
      version: version(context.root),
      speed: setting.clock.speed,
      store: state.kind === 'ok' ? state : { kind: 'failing', why: state.why },
      sync: status ? { kind: status.kind, lagRows: status.lagRows, why: status.why } : { kind: 'off', lagRows: 0, why: 'no lane is named in the configuration' },
    }
  }
  ward = createWard({
    pump,
    scoreOf: scoreView,
    gateway: gatewayView,
    // Of the stay that holds the bed now: what came before belongs to somebody else.
    async trend(bed, hours) {
      const stay = pump.beds.get(bed)?.stay
      return stay ? history.trend({ stay: stay.id, from: wallMs(clock.wall() - hours * 3_600_000), to: clock.wall() }) : { series: [] }
    },
    displayed: (alerts, by) => log.debug({ alerts: alerts.length, by }, 'Alerts displayed.'),
  })

  // 3 · what leaves the ward
  if (site.sync.lane === 'live' && site.sync.url !== undefined && site.sync.token !== undefined) {
    const { url, token, ca } = site.sync
    sync = startSync(
      {
        folder,
        gatewayId: site.gateway.id,
        organizationId: site.gateway.organization,
        sink: { url, token: secretOf(token), ca: ca === undefined ? null : readFileSync(resolve(dirname(siteFile), ca), 'utf8') },
        clock: setting.clock,
        identifiers: identifiersOf(site),
      },
      { clock },
    )
    sync.committed(opened.lastSeq)
    sync.onStatus(({ kind, why, stoppedByScanner }) => {
      pump.gatewayCondition('technical/sync-paused', kind === 'paused' ? { priority: 'low', text: `Nothing is sent to central: ${why}` } : null)
      const stopped = stoppedByScanner > 0 ? { priority: 'low' as const, text: `${stoppedByScanner} events were kept back because they held an identifier: see "vigil sync dead-letters list"` } : null
      pump.gatewayCondition('technical/egress-stopped', stopped)
    })
  } else {
    // Said before the restart, and nobody is left to take it back.
    for (const condition of ['technical/sync-paused', 'technical/egress-stopped']) pump.gatewayCondition(condition, null)
  }

  // 4 · the screens
  const users = await openUsers({ folder, clock: realTime, log })
  const throttle = await openLoginThrottle({ folder, clock: realTime, users, log })
  const sessions = await openSessions({ folder, clock: realTime, users, log })
  const links = openLoginLinks({ folder, clock: realTime })
  const { tls } = site.http
  let api
  try {
    api = await startApi({
      ward,
      users,
      sessions,
      links,
      throttle,
      webFolder: join(context.root, 'dist', 'web'),
      host: site.http.host,
      port: site.http.port,
      tls: tls ? { cert: readFileSync(resolve(dirname(siteFile), tls.cert), 'utf8'), key: readFileSync(resolve(dirname(siteFile), tls.key), 'utf8') } : null,
      clock,
      log,
      mode,
    })
  } catch (error) {
    await sync?.stop()
    await history.close()
    await store.close()
    const why = error instanceof Error ? error.message : String(error)
    return { kind: 'refused', why: `the nurse station cannot be served: ${why}`, wrongUse: error instanceof ApiRefused }
  }
  await saveWebAddress(folder, api.url)
  const demoLinks = []
  if (mode === 'demo') {
    for (const role of ['nurse', 'biomed', 'admin'] as const) {
      const issued = await links.issue({ name: `demo ${role}`, role, epoch: null }, apiLimits.loginLinkMinutesMax)
      if (issued.kind === 'issued') demoLinks.push({ role, url: api.url + linkPath(issued.token) })
      else log.warn({ role, why: issued.why }, 'No log-in link.')
    }
  }

  // 5 · the ways in, once everything behind them is ready
  const ports = new Map<string, number>()
  const running = site.links.map((linkSetting) => {
    const { link, driver } = linkOf(linkSetting, {
      clock: realTime,
      log,
      secretOf,
      listening: (id, port) => {
        ports.set(id, port)
        log.info({ link: id, port }, 'Listening.')
      },
    })
    return link.run(pump.openFor(driver), stop)
  })

  // 6 · time passes
  const watchdog = startWatchdog()
  const ticking = tick()
  async function tick(): Promise<void> {
    while (!stop.aborted) {
      pump.tick()
      ward?.announceBeds()
      watchdog.beat()
      // Real time: a ward sixty times as fast needs no sixty times as many ticks.
      await realTime.sleep(pumpLimits.rulesTickMs, stop)
    }
  }

  stop.addEventListener('abort', () => pump.stopping(), { once: true })
  const stopped = (async () => {
    await Promise.all([...running, ticking])
    // In the order in which they depend on each other: nothing acknowledged is lost.
    await api.close()
    await pump.close()
    await sync?.stop()
    await history.close()
    await watchdog.stop()
    await store.close()
  })()
  // A bug in what runs beside requests ends the process; its supervisor starts it again.
  return { kind: 'started', gateway: { url: api.url, loginLinks: demoLinks, ports, stopped: Promise.all([stopped, api.done]).then(() => undefined) } }
}

/** Names of this site that must never leave the ward. */
function identifiersOf(site: Site): string[] {
  const names = [
    site.gateway.ward,
    ...site.beds.flatMap(({ id, label }) => [id, label]),
    ...site.devices.flatMap(({ id, match }) => [id, match?.sender ?? [], match?.location ?? [], match?.address ?? []].flat()),
  ]
  return [...new Set(names)].slice(0, syncLimits.identifiersMax)
}
