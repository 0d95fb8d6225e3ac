/** The line between a monitor and the gateway breaks at any moment in the life of an alert, for any time: none goes away without a word. */

import { LOST_MARK } from '../../src/domain/alert.ts'
import { SILENCE_CONDITION } from '../../src/rules/silence.ts'
import { type Findings, added, alertEventsOf, judgeBed, openIn, spansOf } from './alert-log.ts'
import { CONDITIONS, CONTRACT_SECONDS, CUTS, type Monitor, SILENCE_SECONDS, STAND_MS, type Wrong, WRONGS, openAlertWard } from './alert-ward.ts'
import { AlertPage } from './alert-page.ts'
import { randomOf } from './prove.ts'
import { rest } from './senders.ts'
import { settled } from './wire-site.ts'

export type Cuts = {
  readonly beds: number
  readonly rounds: number
  readonly seed: number
  readonly cutMs: readonly [least: number, more: number]
  /** An alert stands for so much more than two seconds at most. */
  readonly longest: number
  readonly say: (line: string) => void
}

export type CutOutcome = {
  readonly cuts: number
  readonly findings: Findings
  /** Cuts so long that they must be told as a silence, and those that were not. */
  readonly silences: number
  readonly untold: number
  /** Alerts that stood when such a cut began, and those that were not marked as last known. */
  readonly stood: number
  readonly unmarked: number
  /** Monitors that never came back: their alert stands, marked, beside the silence. */
  readonly awayForGood: string
  readonly isAwayRight: boolean
  /** Of all others, in the end. */
  readonly leftOpen: number
}

type Made = { readonly bed: string; readonly from: number; readonly to: number; readonly wrong: Wrong | null }

/** The limit of a device's silence, and a second of looking at it; on a machine that may stand still. */
const TOLD_MS = SILENCE_SECONDS * 1_000 + 2_500
const MARKED_MS = 2 * CONTRACT_SECONDS * 1_000 + 3_500
const PATIENCE_MS = 30_000

export async function cutTrial({ beds, rounds, seed, cutMs, longest, say }: Cuts): Promise<CutOutcome> {
  await using ward = await openAlertWard({ beds, isSilenceTold: true })
  const { site, monitors } = ward
  const gateway = await site.start()
  const page = new AlertPage(ward.url, await site.signIn(ward.url))
  const ended = new AbortController()
  const running = [page.run(ended.signal), ...monitors.map((monitor) => monitor.run(ended.signal))]
  await Promise.all(monitors.map((monitor) => monitor.stood(300)))
  const made: Made[] = []
  // A third goes away while its alert stands, and never comes back.
  const away = monitors.slice(-Math.max(1, Math.floor(beds / 3)))
  const stayed = monitors.filter((monitor) => !away.includes(monitor))
  const gone = goneForGood(away, seed)
  for (let round = 1; round <= rounds; round++) {
    await Promise.all(stayed.map((monitor, index) => lifeOf(monitor, { seed: seed * 131 + round * 7_919 + index * 104_729, cutMs, longest, made })))
    if (round % 4 === 0) say(`${made.length} cuts`)
  }
  await gone
  const its = (monitor: Monitor): { readonly isMarked: boolean; readonly isSilent: boolean } => {
    const open = [...page.open.values()].filter(({ bed, state }) => bed === monitor.bed && state === 'active')
    return { isMarked: open.some(({ condition, text }) => condition === conditionOf(monitor) && text.endsWith(LOST_MARK)), isSilent: open.some(({ condition }) => condition === SILENCE_CONDITION) }
  }
  const isAwayRight = await settled(PATIENCE_MS, () => away.every((monitor) => its(monitor).isMarked && its(monitor).isSilent))
  const open = (): readonly string[] => [...page.open.values()].filter(({ bed }) => stayed.some((monitor) => monitor.bed === bed)).map(({ id }) => id)
  await settled(PATIENCE_MS, async () => {
    for (const id of open()) await page.tap(id)
    await rest(300)
    return open().length === 0
  })
  ended.abort()
  await Promise.all(running)
  await gateway.stop()
  const events = alertEventsOf(site.rows())
  const long = made.filter(({ from, to }) => to - from >= TOLD_MS)
  const isTold = ({ bed, from, to }: Made): boolean => spansOf(events, bed, SILENCE_CONDITION).some((span) => span.from <= to && span.to >= from)
  const stood = made.filter((cut) => cut.wrong !== null && cut.to - cut.from >= MARKED_MS && spansOf(events, cut.bed, CONDITIONS[cut.wrong]).some((span) => span.from < cut.from && span.to > cut.from + 500))
  const isMarked = ({ bed, from, to, wrong }: Made): boolean =>
    events.some((event) => event.kind === 'phase' && event.bed === bed && wrong !== null && event.condition === CONDITIONS[wrong] && event.at >= from && event.at <= to && event.text.endsWith(LOST_MARK))
  return {
    cuts: made.length,
    findings: added(monitors.map(({ bed, sent }) => judgeBed(sent, events, bed))),
    silences: long.length,
    untold: long.filter((cut) => !isTold(cut)).length,
    stood: stood.length,
    unmarked: stood.filter((cut) => !isMarked(cut)).length,
    awayForGood: `${away.filter((monitor) => its(monitor).isMarked && its(monitor).isSilent).length} of ${away.length}`,
    isAwayRight,
    leftOpen: openIn(events).filter(({ bed }) => stayed.some((monitor) => monitor.bed === bed)).length,
  }
}

const conditionOf = ({ wrong }: Monitor): string | null => (wrong === null ? null : CONDITIONS[wrong])

async function goneForGood(away: readonly Monitor[], seed: number): Promise<void> {
  away.forEach((monitor, index) => (monitor.wrong = WRONGS[index % WRONGS.length] ?? null))
  await Promise.all(away.map((monitor) => monitor.stood(STAND_MS)))
  away.forEach((monitor, index) => monitor.cut(CUTS[(seed + index) % CUTS.length] ?? 'closed'))
}

/** Well, beyond a limit, well again; the line goes at some moment of it and comes back at some other. */
async function lifeOf(monitor: Monitor, { seed, cutMs: [least, more], longest, made }: Pick<Cuts, 'seed' | 'cutMs' | 'longest'> & { readonly made: Made[] }): Promise<void> {
  const random = randomOf(seed)
  const [calmMs, wrongMs] = [300 + random.int(700), 2_000 + random.int(longest)]
  const cutting = cutOnce(monitor, { afterMs: random.int(calmMs + wrongMs + 500), forMs: least + random.int(more), how: CUTS[random.int(CUTS.length)] ?? 'closed', made })
  await rest(calmMs)
  monitor.wrong = WRONGS[random.int(WRONGS.length)] ?? null
  await rest(wrongMs)
  monitor.wrong = null
  await cutting
  await monitor.stood(300)
}

async function cutOnce(monitor: Monitor, { afterMs, forMs, how, made }: { readonly afterMs: number; readonly forMs: number; readonly how: (typeof CUTS)[number]; readonly made: Made[] }): Promise<void> {
  await rest(afterMs)
  const [from, { wrong }] = [Date.now(), monitor]
  monitor.cut(how)
  await rest(forMs)
  monitor.mend()
  made.push({ bed: monitor.bed, from, to: Date.now(), wrong })
}
