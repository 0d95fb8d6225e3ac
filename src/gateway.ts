/** The composition root: reads top to bottom as start order. */

import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Logger } from 'pino'
import { type EscalationCalls, escalationCalls } from './alerts/escalation-calls.ts'
import type { Ways } from './alerts/ways/ways.ts'
import type { GatewayView } from './api/wire.ts'
import type { CliContext } from './cli/context.ts'
import { versionOf } from './cli/version.ts'
import { loadProfiles, readSecret } from './config/load.ts'
import { DRAFTS_HELP, draftsText, ruleSettingsOf } from './config/rule-settings.ts'
import { tooSoon } from './config/release.ts'
import type { SecretSetting, Site } from './config/schema.ts'
import { wallMs } from './domain/time.ts'
import { timeOf as commissioningTime } from './evaluate/commissioning.ts'
import { apiLimits, pumpLimits, storeLimits } from './limits.ts'
import type { LinkParts } from './links/index.ts'
import { keepBackups } from './ops/backups.ts'
import { BootClock, bootSource } from './ops/boot-clock.ts'
import { type ClockSetting, REAL_TIME } from './ops/clock.ts'
import { openInFlight } from './ops/in-flight.ts'
import { Notices, type SetAsideFacts } from './ops/notices.ts'
import { SENTINEL_CONDITION } from './ops/sentinel.ts'
import { readSuspects, suspectFile, watchReleases } from './ops/suspect-file.ts'
import { startWatchdog } from './ops/watchdog.ts'
import { handoverView } from './pump/handover.ts'
import { wardModeView } from './pump/house-view.ts'
import { handoverBed, wardPeople } from './pump/people-view.ts'
import { driverTroubles } from './pump/driver-settings.ts'
import { lostText } from './pump/own-state.ts'
import { Pump } from './pump/pump.ts'
import type { Suspect } from './pump/suspects.ts'
import { watchInbox } from './record/inbox.ts'
import { openRecorder } from './record/recorder.ts'
import { createRegistry } from './registry.ts'
import { bedRulesOf, bedScores, scoreView } from './rules/bed.ts'
import { freeze } from './rules/freeze.ts'
import { openSaver } from './security/files.ts'
import { linkPath, openLoginLinks, saveWebAddress } from './security/login-links.ts'
import { openActorThrottle, openLoginThrottle } from './security/login-throttle.ts'
import { openSessions } from './security/sessions.ts'
import { openUsers } from './security/users.ts'
import { type History, openHistory } from './store/history.ts'
import { keepRetention } from './store/retention-loop.ts'
import type { Opening } from './store/opening.ts'
import { forgetSpare, openSpare, untilStoreOpens } from './store/spare.ts'
import { type StoreSettings, openStore } from './store/store.ts'
import type { Standing } from './seams.ts'
import type { SentinelWard } from './sentinel-ward.ts'
import { loadDrivers } from './site-drivers.ts'
import { givenOf, lookupOf } from './ward-whose.ts'
import { type LiveWard, createWard } from './ward.ts'
import { type ToCentral, openToCentral } from './to-central.ts'
import { chainOf, openWays, retellDeliveries, saidOfHouse } from './ways-out.ts'

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

/** What a nurse is to know of a gateway that cannot open its database. */
const ABSENT = 'The gateway cannot open its database: patients, their own limits and earlier alerts are not known to it, and nothing is saved. Alerts go on by the limits of the ward'

export async function startGateway(setting: GatewaySetting): Promise<Started> {
  const { site, siteFile, mode, context, log } = setting
  const { stop } = context
  const version = versionOf(context.root)
  const driverOf = await loadDrivers(site)
  const troubles = driverTroubles(site, driverOf)
  if (troubles.length > 0) return { kind: 'refused', why: troubles.join('\n'), wrongUse: true }
  const hasty = mode === 'demo' ? null : tooSoon(site.sync)
  if (hasty !== null) return { kind: 'refused', why: hasty, wrongUse: true }
  const clock = context.clockOf(setting.clock)
  // People sign in, and cables break, in real time, however fast the demo's ward runs.
  const realTime = context.clockOf(REAL_TIME)
  const folder = resolve(dirname(siteFile), site.gateway.data)
  const secretOf = (secret: SecretSetting): string => readSecret(secret, siteFile, context.env)
  const limits = loadProfiles(site, siteFile)
  if (limits.kind === 'wrong') return { kind: 'refused', why: limits.problems.join('\n'), wrongUse: true }

  // 1 · the store, and what it knows of before
  // While it runs: whoever reads the file reads it anew.
  // It may be begun anew before there is anybody to tell.
  const begun = Promise.withResolvers<void>()
  const replaced = async (facts: SetAsideFacts, opening: Opening): Promise<void> => {
    await begun.promise
    pump.retell(opening)
    boot?.retell()
    if (ways) retellDeliveries(pump, ways, opening)
    notices?.setAside(facts)
    // What was wrong with the file before, and how far central had it, says nothing of this one.
    rot.clear()
    judgeRot()
    history?.reopen()
    central?.replaced()
  }
  let notices: Notices | null = null
  let boot: BootClock | null = null
  let history: History | null = null
  let central: ToCentral | null = null
  const storeSettings: StoreSettings = { folder, kind: mode === 'demo' ? 'demo' : 'real', gatewayId: site.gateway.id, clock, replaced: (facts, again) => void replaced(facts, again) }
  const opening = openStore(storeSettings)
  // While the thread of the store starts, this one loads what the ways in weigh.
  const { linkOf, loadLinks } = await import('./links/index.ts')
  await loadLinks(site.links)
  const found = await opening
  if (found.kind === 'refused' && found.how !== 'disk') return { kind: 'refused', why: found.why, wrongUse: false }
  const inFlight = openInFlight(folder)
  // Patients are watched whatever the disk does: then on a database in memory that keeps nothing.
  const place = `${inFlight.path}-spare`
  const spare = found.kind === 'opened' ? null : { place, why: found.why }
  if (!spare) forgetSpare(place)
  const opened = spare === null ? found : await openSpare(storeSettings, spare)
  if (opened.kind === 'refused') return { kind: 'refused', why: opened.why, wrongUse: false }
  const { store } = opened
  let storedTo = opened.lastSeq
  const refusedRows = (): number => opened.health().refusedRows

  // 2 · the heart, and the recording of all that moves it
  const known = readSuspects(folder)
  const recorder = openRecorder({
    folder,
    setting: site.record,
    keptMs: site.retention.framesHours * 3_600_000,
    clock,
    realTime,
    of: { gateway: site.gateway.id, kind: mode === 'demo' ? 'demo' : 'real', site, profiles: limits.profiles, suspects: { known, found: inFlight.found } },
    log,
  })
  let suspects: readonly Suspect[] = []
  const suspectSaver = openSaver(suspectFile(folder), () => JSON.stringify(suspects), (why) => log.error({ why }, 'Conversations that did harm cannot be remembered.'))
  let ward: LiveWard | null = null
  let ways: Ways | null = null
  let sentinel: SentinelWard | null = null
  let calls: EscalationCalls | null = null
  const pump = recorder.begin(() => new Pump({
    site,
    driverOf,
    rules: bedRulesOf(ruleSettingsOf(site, limits.profiles, mode === 'demo' ? 'demo' : 'real')),
    clock: recorder.clock,
    speed: setting.clock.speed,
    store,
    restored: {
      stays: opened.stays,
      alertEvents: opened.openAlertEvents,
      recent: opened.recent(wallMs(recorder.clock.wall() - pumpLimits.refoldMs)),
      messages: opened.messages,
      facts: opened.facts,
      pastStays: opened.pastStays,
      standing: opened.standing,
      aliveAt: opened.aliveAt,
    },
    mint: recorder.mint,
    suspects: {
      known,
      found: inFlight.found,
      changed(all) {
        suspects = all
        suspectSaver.save()
      },
    },
    inFlight,
    publish(events) {
      ward?.published(events)
      ways?.publish(events)
      calls?.publish(events)
    },
    saved: (events, lastSeq) => {
      storedTo = lastSeq
      ward?.saved(events)
      central?.committed(lastSeq)
    },
    log,
  }))
  const recording = new AbortController()
  const recorded = recorder.run(recording.signal)
  if (inFlight.found) log.warn({ session: inFlight.found.key, how: inFlight.found.how }, 'The process before this one died while it read these bytes.')
  const say: typeof pump.gatewayCondition = (condition, said) => recorder.condition(condition, said, () => pump.gatewayCondition(condition, said))
  const written = (one: Standing): Promise<boolean> =>
    store.commit({ snapshots: [], events: [], stays: [], quarantined: [], messages: [], standing: [one] }).then(({ kind }) => kind === 'durable')
  // A demo's clock is its own.
  boot = mode === 'demo' ? null : new BootClock({ source: bootSource(), wall: () => clock.wall(), restored: opened.standing, lastSeq: opened.lastSeq, write: written })
  if (spare) {
    log.error({ why: spare.why }, 'The data folder cannot be used: nothing is known of before, and nothing is kept.')
    say('technical/store-absent', { priority: 'high', text: `${ABSENT} (${spare.why})` })
  }
  const standing = new Notices(say, () => pump.lifecycle.open.values())
  notices = standing
  if (opened.setAside) {
    log.error({ folder: opened.setAside.folder, why: opened.setAside.why }, 'The database was damaged and set aside.')
    standing.setAside(opened.setAside)
  }
  if (opened.began) {
    log.warn({ why: opened.began }, 'A new epoch of the database begins.')
    standing.began(opened.began)
  }
  const drafts = draftsText(limits.profiles, mode === 'demo' ? 'demo' : 'real')
  if (drafts !== null) log.warn({ why: drafts }, DRAFTS_HELP)
  say('technical/limits-draft', drafts === null ? null : { priority: 'low', text: drafts })
  const rot = new Set<string>()
  const judgeRot = (): void => say('technical/store-damaged', rot.size === 0 ? null : { priority: 'medium', text: `${rot.size} stored rows or blocks are damaged and are not believed: "vigil verify" names them, check the disk` })
  const foundRot = (key: string, fields: object): void => {
    if (rot.has(key) || rot.size >= storeLimits.damagedRowsNamedMax) return
    rot.add(key)
    log.error(fields, 'Damage in the store.')
    judgeRot()
  }
  for (const { table, row, why } of opened.damaged) foundRot(`${table} ${row}`, { table, row, why })
  judgeRot()
  begun.resolve()
  const trends = openHistory(spare?.place ?? folder, (finding) => {
    if (finding.kind === 'damage') foundRot(`${finding.damage.table} ${finding.damage.row}`, finding.damage)
    else foundRot(`block ${finding.tampering.firstSeq}`, finding.tampering)
  })
  history = trends
  const gatewayView = (): GatewayView => {
    const { state } = pump.committer
    const status = central?.status()
    return {
      id: site.gateway.id,
      ward: site.gateway.ward,
      mode,
      version,
      speed: setting.clock.speed,
      store: state.kind === 'ok' ? state : { kind: 'failing', why: state.why },
      ways: ways?.states() ?? [],
      ...(sentinel ? { sentinel: sentinel.view() } : {}),
      watching: wardModeView(pump.house.mode),
      people: wardPeople(pump.people.shift, pump.now()),
      sync: status ? { kind: status.kind, lagRows: status.lagRows, why: status.why, ...(status.sinks ? { sinks: status.sinks.map(({ id, kind, lagRows, why }) => ({ id, kind, lagRows, why })) } : {}) } : { kind: 'off', lagRows: 0, why: 'no lane is named in the configuration' },
    }
  }
  const registry = site.registry && createRegistry({ ...site.registry, timeoutMs: apiLimits.registryAnswerMs }, clock)
  ward = recorder.hands(createWard({
    pump,
    associate: (request, by) => recorder.associate(request, by, () => pump.associate(request, by)),
    async commissioning(days) {
      const { kind, since } = pump.house.mode
      const time = commissioningTime(clock.wall(), { days, since: kind === 'live' && since === 0 ? null : since })
      const read = await trends.said(time, [...pump.beds.values()].map(({ id, label }) => ({ id, label })))
      return read.kind === 'failed' ? null : read.figures
    },
    sayHouse: (request, by) => recorder.house(request, by, () => saidOfHouse(pump, ways, () => pump.sayHouse(request, by))),
    changeShift: (request, by) => recorder.shift(request, by, () => pump.changeShift(request, by)),
    lookup: registry ? lookupOf(registry, { stop, log }) : null,
    given: (stay) => givenOf(trends, stay, clock.wall()),
    scoreOf: scoreView,
    pewsOf: (state) => bedScores(state).pews,
    frozenOf: (state, { at }) => freeze(state.seen, at),
    profiles: { all: limits.profiles, acting: ruleSettingsOf(site, limits.profiles, mode === 'demo' ? 'demo' : 'real').profiles },
    gateway: gatewayView,
    // Of the stay that holds the bed now: what came before belongs to somebody else.
    async trend(bed, hours) {
      const stay = pump.beds.get(bed)?.stay
      return stay ? trends.trend({ stay: stay.id, from: wallMs(clock.wall() - hours * 3_600_000), to: clock.wall() }) : { series: [] }
    },
    async handover(hours) {
      const time = { from: wallMs(clock.wall() - hours * 3_600_000), to: clock.wall() }
      const ledger = await trends.watched(time)
      const of = { shift: pump.people.shift, open: [...pump.lifecycle.open.values()], now: pump.now() }
      return ledger.kind === 'failed' ? null : handoverView([...pump.beds.values()], ledger, { ...time, told: (bed) => handoverBed(bed, of) })
    },
    async strip(alert) {
      const kept = await trends.strips(alert)
      if (kept.kind === 'failed') return null
      return { lines: kept.strips.map(({ alertId: _alert, samples, ...line }) => ({ ...line, samples: [...samples] })), damaged: kept.damaged.length, isCut: kept.isCut }
    },
    ways: { states: () => ways?.states() ?? [], test: (way, by) => ways?.test(way, by) ?? Promise.resolve(null) },
    deliveries: (alert) => chainOf(alert, ways, trends),
    sentinel: () => sentinel?.alert() ?? null,
    displayed(alerts, by) {
      log.debug({ alerts: alerts.length, by }, 'Alerts displayed.')
      ways?.displayed(alerts, by)
      sentinel?.displayed(alerts)
    },
  }))

  // 3 · the ways in: senders that wait are heard before the screens, which weigh more than all of them, are loaded
  const refused = new AbortController()
  const listening = AbortSignal.any([stop, refused.signal])
  const ports = new Map<string, number>()
  const linkParts: LinkParts = {
    clock: realTime,
    log,
    secretOf,
    listening: (id, port) => {
      ports.set(id, port)
      log.info({ link: id, port }, 'Listening.')
    },
    deviceOf: (peer, sender, spoken) => pump.devices.resolve(peer, sender, spoken)?.id ?? null,
  }
  const waysIn = await Promise.all(site.links.map((linkSetting) => linkOf(linkSetting, linkParts)))
  const running = waysIn.map(({ link, driver }) => link.run(recorder.recorded(pump.openFor(driver, link.id), { link: link.id, driver }), listening))

  // Bytes are read from now on: an endless loop in the first of them must not go unseen either.
  const watchdog = startWatchdog(inFlight.path)

  // 4 · what leaves the ward, and what is kept of it here
  const out = await openWays({ ...setting, context: { ...context, stop: listening } }, { pump, opened, say, secretOf, clock, realTime })
  ways = out
  calls = escalationCalls(site.escalation, out, (call) => log.warn(call, 'Nobody could be called of an alert that goes unanswered.'))
  calls.resume(pump.lifecycle.open.values())
  await boot?.settled()
  const leaving = openToCentral(setting, { folder, opened, clock, say, notices: standing, secretOf, storedTo: () => storedTo, write: written })
  central = leaving
  if (!spare && (boot?.trouble ?? null) === null) leaving.begin()

  // 5 · the screens, once senders that wait at the door were heard: nothing is read while so much is loaded
  await realTime.sleep(pumpLimits.hearingMs, stop)
  const { ApiRefused, startApi } = await import('./api/server.ts')
  const users = await openUsers({ folder, clock: realTime, log })
  const throttle = await openLoginThrottle({ folder, clock: realTime, users, log })
  const pins = await openActorThrottle({ folder, clock: realTime, users, log })
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
      pins,
      webFolder: join(context.root, 'dist', 'web'),
      host: site.http.host,
      port: site.http.port,
      tls: tls ? { cert: readFileSync(resolve(dirname(siteFile), tls.cert), 'utf8'), key: readFileSync(resolve(dirname(siteFile), tls.key), 'utf8') } : null,
      clock,
      log,
      mode,
    })
  } catch (error) {
    refused.abort()
    // A way that went on would keep a gateway there that watches nobody, and that no supervisor starts again.
    await Promise.all([...running, out.stopped])
    await pump.close()
    recording.abort()
    await recorded
    await leaving.stop()
    await trends.close()
    await watchdog.stop()
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

  // 6 · time passes
  watchdog.awake()
  let bootTold: string | null | undefined
  /** Nothing leaves before this box knows the time. */
  const tellBoot = async (box: BootClock): Promise<void> => {
    const isKnown = await box.tick(storedTo)
    if (isKnown && !spare) leaving.begin()
    if (box.trouble !== bootTold) say('technical/clock-unknown', box.trouble === null ? null : { priority: 'low', text: box.trouble })
    bootTold = box.trouble
  }
  const ticking = tick()
  const releasing = watchReleases(folder, { clock: realTime, release: (key) => recorder.release(key, () => pump.suspects.release(key)), log }, stop)
  async function tick(): Promise<void> {
    while (!stop.aborted) {
      recorder.tick(() => pump.tick())
      standing.refused(refusedRows())
      if (pump.committer.state.kind === 'ok') standing.lost(lostText(pump.committer.lost))
      standing.tick()
      if (boot) void tellBoot(boot)
      leaving.tick()
      ward?.announceBeds()
      sentinel?.tick()
      watchdog.beat()
      // Real time: a ward sixty times as fast needs no sixty times as many ticks.
      await realTime.sleep(pumpLimits.rulesTickMs, stop)
    }
  }

  const guarding = site.sentinel.enabled ? guard(ward, api.screens) : say(SENTINEL_CONDITION, null)
  async function guard(screens: LiveWard, open: () => number): Promise<void> {
    const { runSentinel } = await import('./sentinel-ward.ts')
    screens.watch(({ sentinel: alert }) => alert && sentinel?.heard(alert))
    await runSentinel({ clock: realTime, store, screens: open, publish: (alert) => screens.tellSentinel(alert), report: say, log }, (began) => (sentinel = began), stop)
  }

  const retaining = keepRetention(
    {
      folder,
      setting: site.retention,
      clock,
      realTime,
      retain: (order) => opened.retain(order),
      sent: () => leaving.sent(),
      factsOver: (now) => recorder.forgetting(now, () => pump.whose.forgetOver(now)),
      forced: (forced) => {
        const text = forced && `${forced.rows} stored rows were deleted before their time, ${forced.unsent} of them never sent: ${forced.why}`
        say('technical/retention-forced', text === null ? null : { priority: 'medium', text })
      },
      log,
    },
    stop,
  )

  const healing = spare && heal()
  async function heal(): Promise<void> {
    if (!(await untilStoreOpens(storeSettings, realTime, stop))) return
    log.warn('The data folder can be opened again: the gateway ends, for its supervisor to start it anew on what lies there.')
    await store.close()
    throw new Error('the data folder can be opened again')
  }

  const takingIn = watchInbox({ folder, store, realTime, log }, stop)

  const { backup } = site
  const failing = 'technical/backup-failing'
  if (!backup) say(failing, null)
  const backingUp = backup && keepBackups(
    {
      data: folder,
      gatewayId: site.gateway.id,
      version,
      setting: { ...backup, folder: resolve(dirname(siteFile), backup.folder) },
      clock: realTime,
      told: (why) => say(failing, why === null ? null : { priority: 'medium', text: `No backup can be made: ${why}` }),
      log,
    },
    stop,
  )

  stop.addEventListener('abort', () => pump.stopping(), { once: true })
  const stopped = (async () => {
    await Promise.all([...running, ticking, retaining, takingIn, healing, releasing, backingUp, guarding, ways?.stopped])
    // In the order in which they depend on each other: nothing acknowledged is lost.
    await api.close()
    await pump.close()
    recording.abort()
    await recorded
    await leaving.stop()
    await trends.close()
    await watchdog.stop()
    await suspectSaver.settled()
    inFlight.close()
    await store.close()
  })()
  // A bug in what runs beside requests ends the process; its supervisor starts it again.
  return { kind: 'started', gateway: { url: api.url, loginLinks: demoLinks, ports, stopped: Promise.all([stopped, api.done]).then(() => undefined) } }
}
