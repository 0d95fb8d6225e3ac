/** SIGKILL, again and again, while alerts come and go and a nurse acknowledges them. */

import { supervisorLimits } from '../../src/limits.ts'
import { type Monitor, STAND_MS, WRONGS, killed, openAlertWard } from './alert-ward.ts'
import { type Findings, added, alertEventsOf, judgeBed, openIn } from './alert-log.ts'
import { AlertPage, type Back, savedKey } from './alert-page.ts'
import { processors, takenShare } from './machine.ts'
import { randomOf } from './prove.ts'
import { rest } from './senders.ts'
import { type ProvedSite, type SiteProcess, settled } from './wire-site.ts'

export type Kills = {
  readonly kills: number
  readonly beds: number
  readonly seed: number
  /**
   * any: alerts come and go, and it is killed now and then, at the telling of an acknowledgement as saved, or of a new alert.
   * saved: always at such a telling. standing: half of the beds stand beyond a limit.
   */
  readonly at: 'any' | 'saved' | 'standing'
  readonly livesMs: readonly [least: number, more: number]
  readonly imports?: readonly string[]
  readonly say: (line: string) => void
}

export type Killed = {
  readonly findings: Findings
  readonly saved: number
  /** Told as saved, and not in the log; or shown without it later, and nothing took it away. */
  readonly unsaved: number
  /** From the page's connection to the picture with all that was active before, in ms; the same as far as the host of this machine let it work. */
  readonly shownMs: readonly number[]
  readonly givenMs: readonly number[]
  readonly againMs: readonly number[]
  readonly takenShares: readonly number[]
  /** Active before the kill, not ended, and not in that picture. */
  readonly notShown: number
  /** After the last kill: alerts that stood and were shown, of those that stood; shown, and nothing stood. */
  readonly standing: string
  readonly isStandingRight: boolean
  readonly leftOpen: number
}

/** `before`: what was shown as active and saved when it was killed. */
type Life = { readonly before: readonly string[]; readonly back: Back; readonly againMs: number; readonly takenShare: number }

const TRIGGER_MS = 4_000
const BEGAN_MS = 250
const SETTLE_MS = 15_000
const NURSE_EVERY_MS = 700

export async function killTrial(setting: Kills): Promise<Killed> {
  const { beds, seed, at, imports = [], say } = setting
  await using ward = await openAlertWard({ beds, isHalfSlow: at === 'any' })
  const { site, monitors } = ward
  let gateway = await site.start(imports)
  const page = new AlertPage(ward.url, await site.signIn(ward.url))
  const [stop, ended] = [new AbortController(), new AbortController()]
  const running = [page.run(ended.signal), ...monitors.map((monitor) => monitor.run(ended.signal))]
  await page.back()
  const courses = at === 'standing' ? [] : monitors.map((monitor, index) => inAndOut(monitor, seed * 31 + index * 7_919 + 1, stop.signal))
  const nurse = page.acknowledge(randomOf(seed * 17 + 3).int, at === 'any' ? NURSE_EVERY_MS : NURSE_EVERY_MS / 2, stop.signal)
  const lives: Life[] = []
  const random = randomOf(seed)
  for (let kill = 1; kill <= setting.kills; kill++) {
    const [least, more] = setting.livesMs
    if (at === 'standing') await standing(monitors, page)
    await rest(least + random.int(more))
    const news = at === 'saved' ? 'saved' : at === 'any' ? ([null, 'saved', 'began'] as const)[random.int(3)] : null
    if (news) await Promise.race([page.news(news), rest(TRIGGER_MS)])
    // Before it is on the disk, or between that and the next value.
    if (news === 'began') await rest(random.int(BEGAN_MS))
    const { life, next } = await killedOnce(gateway, { site, page, imports })
    gateway = next
    lives.push(life)
    if (kill % 20 === 0) say(`${kill} kills, ${page.saved.size} acknowledgements told as saved`)
  }
  stop.abort()
  await Promise.all([nurse, ...courses])
  const { words, isRight } = await standing(monitors, page)
  await allWell(monitors, page)
  ended.abort()
  await Promise.all(running)
  await gateway.stop()
  return { ...judged(site, { monitors, page, lives }), standing: words, isStandingRight: isRight }
}

async function inAndOut(monitor: Monitor, seed: number, stop: AbortSignal): Promise<void> {
  const random = randomOf(seed)
  while (!stop.aborted) {
    monitor.wrong = null
    await rest(800 + random.int(2_500), stop)
    if (stop.aborted) return
    monitor.wrong = WRONGS[random.int(WRONGS.length)] ?? null
    await rest(1_500 + random.int(7_000), stop)
  }
}

type Killing = { readonly site: ProvedSite; readonly page: AlertPage; readonly imports: readonly string[] }

async function killedOnce(gateway: SiteProcess, { site, page, imports }: Killing): Promise<{ readonly life: Life; readonly next: SiteProcess }> {
  // What is shown and not saved may begin anew, with another id.
  const before = [...page.open.values()].filter(({ state, saved, bed }) => state === 'active' && saved && bed !== null).map(({ id }) => id)
  const [killedAt, machine] = [performance.now(), processors()]
  await killed(gateway)
  const returning = page.back()
  await rest(supervisorLimits.restartDelayMs)
  const next = await site.start(imports)
  const back = await returning
  return { life: { before, back, againMs: back.shownAt - killedAt, takenShare: takenShare(machine, processors()) }, next }
}

const isStanding = (monitor: Monitor): boolean => monitor.wrong !== null

/** Every second bed stands beyond a limit, the others do not: what the page shows as active must be that. */
async function standing(monitors: readonly Monitor[], page: AlertPage): Promise<{ readonly words: string; readonly isRight: boolean }> {
  monitors.forEach((monitor, index) => (monitor.wrong = index % 2 === 0 ? (WRONGS[(index / 2) % 2] ?? null) : null))
  await Promise.all(monitors.map((monitor) => monitor.stood(STAND_MS)))
  const active = (bed: string): number => [...page.open.values()].filter((alert) => alert.bed === bed && alert.state === 'active').length
  const isRight = await settled(SETTLE_MS, () => monitors.every((monitor) => active(monitor.bed) === Number(isStanding(monitor))))
  const wanted = monitors.filter(isStanding)
  const surplus = monitors.filter((monitor) => !isStanding(monitor) && active(monitor.bed) > 0)
  return { words: `${wanted.filter(({ bed }) => active(bed) === 1).length} of ${wanted.length}; ${surplus.length}`, isRight }
}

/** Nothing is wrong any more, and the nurse has seen what latched. */
async function allWell(monitors: readonly Monitor[], page: AlertPage): Promise<void> {
  for (const monitor of monitors) monitor.wrong = null
  await Promise.all(monitors.map((monitor) => monitor.stood(300)))
  const its = (): readonly string[] => [...page.open.values()].filter(({ bed }) => bed !== null).map(({ id }) => id)
  await settled(SETTLE_MS, async () => {
    for (const id of its()) await page.tap(id)
    await rest(300)
    return its().length === 0
  })
}

type Played = { readonly monitors: readonly Monitor[]; readonly page: AlertPage; readonly lives: readonly Life[] }

function judged(site: ProvedSite, { monitors, page, lives }: Played): Omit<Killed, 'standing' | 'isStandingRight'> {
  const events = alertEventsOf(site.rows())
  const acknowledged = new Set(events.flatMap((event) => (event.kind === 'acknowledged' ? [savedKey(event.alertId, event.at)] : [])))
  const isTakenAway = (alert: string, at: number): boolean =>
    events.some((event) => event.kind === 'acknowledgement-removed' && event.alertId === alert && event.at >= at)
  const isOver = (alert: string, by: number): boolean =>
    events.some((event) => event.kind === 'phase' && event.alertId === alert && event.state !== 'active' && event.at <= by)
  const shownMs = lives.map(({ back }) => back.shownAt - back.openAt)
  return {
    findings: added(monitors.map(({ bed, sent }) => judgeBed(sent, events, bed))),
    saved: page.saved.size,
    unsaved: [...page.saved].filter((key) => !acknowledged.has(key)).length + page.bare.filter(({ alert, at }) => !isTakenAway(alert, at)).length,
    shownMs,
    givenMs: lives.map(({ takenShare: share }, place) => (shownMs[place] ?? 0) * (1 - share)),
    againMs: lives.map(({ againMs }) => againMs),
    takenShares: lives.map(({ takenShare: share }) => share),
    notShown: lives.flatMap(({ before, back }) => before.filter((id) => !back.shown.has(id) && !isOver(id, back.shownWall))).length,
    leftOpen: openIn(events).filter(({ bed }) => bed !== null).length,
  }
}
