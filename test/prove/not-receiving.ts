/**
 * A page whose gateway falls silent says so within 5 s, in words and in sound, calls no old number current, takes numbers off
 * after 30 s, and is back within 3 s (reliability F1; IEC 60601-1-8, 6.11.2.2: loss of the link is itself an alarm).
 */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { type Browser, chromium as playwright, type Page } from 'playwright-core'
import { CHROMIUM_ARGS, chromium, ROOT } from '../e2e/demo-process.ts'
import { lacking } from '../parts.ts'
import { lastSightOf, type Sight, sightsOf, soundsOf, witness } from '../web/witness.ts'
import { spread } from './figures.ts'
import { lateness, STRAINED } from './machine.ts'
import { type Prove, randomOf } from './prove.ts'
import { KINDS, type Kind, openSilence, type Silence } from './silences.ts'

const BOUNDS = { shownMs: 5_000, soundMs: 5_000, greyMs: 5_000, removedMs: 30_000, clearedMs: 3_000 } as const
type Measure = keyof typeof BOUNDS
const MEASURES: readonly Measure[] = ['shownMs', 'soundMs', 'greyMs', 'removedMs', 'clearedMs']

/** Milliseconds from the beginning of the silence, or from its end; infinite for what did not come; null for what this trial does not ask. */
type Trial = Readonly<Record<Measure, number | null>>

/** `graceMs`: where other work takes the processors away, what the machine itself was late by during the trial is not the page's doing. */
type Measured = { readonly kind: Kind; readonly trial: Trial; readonly graceMs: number }

/** A page for each kind, side by side; each for so many trials. */
const FULL = { trials: 20, blockMs: 10_000, isLong: true, graceMs: 0 } as const
/** In the tests: once each, and without the half minute in which numbers go. Beside other tests nothing is in time: that it comes, and goes, is what is shown. */
const QUICK = { trials: 1, blockMs: 8_000, isLong: false, graceMs: 10_000 } as const

/** What has not come by then comes too late, and is measured all the same, so that the next trial begins as it should. */
const PATIENCE_MS = 60_000
/** Browser and gateways start all at once: that is no part of the trial. */
const OPEN_MS = 120_000
const LOOK_MS = 200

export const prove: Prove = async ({ quick, seed, say }) => {
  const why = lacking('Chromium', chromium !== undefined)
  if (why !== null || chromium === undefined) return { kind: 'skipped', why: why ?? '' }
  const { trials, blockMs, isLong, graceMs } = quick ? QUICK : FULL
  const random = randomOf(seed)
  const folder = mkdtempSync(join(tmpdir(), 'vigil-silence-'))
  const browser = await playwright.launch({ executablePath: chromium, args: CHROMIUM_ARGS })
  try {
    const pages = builtPages(folder, quick)
    using machine = await strain()
    const lane = async (kind: Kind): Promise<readonly Measured[]> => {
      await using silence = await openSilence(kind, { pages, blockMs })
      const page = await open(browser, silence.url)
      const measured: Measured[] = []
      for (let trial = 0; trial < trials; trial += 1) {
        const from = Date.now()
        const one = await measure(page, silence, { isLong: isLong && kind !== 'blocked loop', restMs: (quick ? 300 : 1_200) + random.int(1_000), silentMs: random.int(quick ? 300 : 1_500) })
        measured.push({ kind, trial: one, graceMs: graceMs + STRAINED * machine.lateSince(from) })
        say(`${kind} ${trial + 1}: ${wordsOf(one)}`)
      }
      await page.close()
      return measured
    }
    const [control, ...all] = await Promise.all([blindPage(browser, pages), ...KINDS.map(lane)])
    const measured = all.flat()
    const inTime = (trial: Trial, moreMs: number): boolean => MEASURES.every((name) => (trial[name] ?? 0) <= BOUNDS[name] + moreMs)
    return {
      kind: 'judged',
      pass: measured.length === KINDS.length * trials && measured.every((one) => inTime(one.trial, one.graceMs)),
      figures: {
        'trials in time, by the bounds as they stand': `${measured.filter(({ trial }) => inTime(trial, 0)).length} of ${measured.length}`,
        'of the others, the machine itself was as late in': `${measured.filter((one) => !inTime(one.trial, 0) && inTime(one.trial, one.graceMs)).length}`,
        'an idle process was late by at most, ms': Math.round(machine.lateSince(0)),
        ...Object.fromEntries(KINDS.map((kind) => [kind, figureOf(measured.filter((one) => one.kind === kind).map(({ trial }) => trial))])),
        ...Object.fromEntries(MEASURES.map((name) => [name, spread(measured.flatMap(({ trial }) => trial[name] ?? []))])),
      },
      control,
    }
  } finally {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** How late the machine itself was, looked at twice a second. */
async function strain(): Promise<{ readonly lateSince: (from: number) => number; readonly [Symbol.dispose]: () => void }> {
  const machine = await lateness()
  const over = new AbortController()
  const seen: { readonly at: number; readonly lateMs: number }[] = []
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      seen.push({ at: Date.now(), lateMs: (await machine.take()).at(-1) ?? 0 })
      await rest(500)
    }
  }
  void watch()
  return {
    lateSince: (from) => seen.filter(({ at }) => at >= from).reduce((most, { lateMs }) => Math.max(most, lateMs), 0),
    [Symbol.dispose]() {
      over.abort()
      machine[Symbol.dispose]()
    },
  }
}

/** `npm test` has just built the page; else it is built as it stands now, into a folder of this trial's own. */
function builtPages(folder: string, quick: boolean): string {
  const built = join(ROOT, 'dist', 'web')
  if (quick && existsSync(join(built, 'index.html'))) return built
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js')
  execFileSync(process.execPath, [vite, 'build', '--config', join(ROOT, 'src/web/vite.config.ts'), '--outDir', folder, '--logLevel', 'error'], { cwd: ROOT })
  return folder
}

async function open(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ bypassCSP: true, viewport: { width: 1_280, height: 800 } })
  await witness(page)
  await page.goto(url, { timeout: OPEN_MS })
  await page.locator('.reception[data-state="live"]').waitFor({ timeout: OPEN_MS })
  return page
}

/** The first sight since `from` of which something holds to the end of what was seen until `to`, in ms after it. */
function since(from: number, sights: readonly Sight[], holds: (sight: Sight) => boolean): number {
  const last = sights.findLastIndex((sight) => !holds(sight))
  const first = sights[last + 1]
  return first === undefined ? Number.POSITIVE_INFINITY : first.at - from
}

/** Until something holds on the page, or patience ends: what then was not seen is judged as not seen. */
async function until(page: Page, holds: (sight: Sight) => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (performance.now() < deadline) {
    const last = await lastSightOf(page)
    if (last !== null && holds(last)) return
    await rest(LOOK_MS)
  }
}

type Setting = { readonly isLong: boolean; readonly restMs: number; readonly silentMs: number }

async function measure(page: Page, silence: Silence, { isLong, restMs, silentMs }: Setting): Promise<Trial> {
  await rest(restMs)
  const begun = await silence.begin()
  await until(page, ({ banner, live }) => banner && live === 0)
  for (let waitedMs = 0; waitedMs < 2 * BOUNDS.soundMs && (await soundsOf(page, begun)).length === 0; waitedMs += LOOK_MS) await rest(LOOK_MS)
  if (isLong) await until(page, ({ shown }) => shown === 0)
  await rest(silentMs)
  const ended = await silence.end()
  const silent = (await sightsOf(page, begun)).filter(({ at }) => at < ended)
  const [heardAt] = (await soundsOf(page, begun)).filter((at) => at < ended)
  await until(page, ({ banner, live }) => !banner && live > 0)
  return {
    shownMs: since(begun, silent, ({ banner }) => banner),
    soundMs: heardAt === undefined ? Number.POSITIVE_INFINITY : heardAt - begun,
    greyMs: since(begun, silent, ({ live }) => live === 0),
    removedMs: isLong ? since(begun, silent, ({ shown }) => shown === 0) : null,
    clearedMs: since(ended, await sightsOf(page, ended), ({ banner, live }) => !banner && live > 0),
  }
}

/** The trial with the promise taken away: a page whose own clock never finds the silence too long. */
async function blindPage(browser: Browser, pages: string): Promise<{ readonly ran: boolean; readonly failed: boolean }> {
  await using silence = await openSilence('stopped', { pages, blockMs: 0 })
  const page = await browser.newPage({ bypassCSP: true, viewport: { width: 1_280, height: 800 } })
  let ran = false
  await page.route('**/*.js', async (route) => {
    const script = await (await route.fetch()).text()
    const blind = script.replace(/silentAfterMs:\s*(4e3|4000|4_000)/, 'silentAfterMs:1e9')
    ran ||= blind !== script
    await route.fulfill({ body: blind, contentType: 'text/javascript' })
  })
  await witness(page)
  await page.goto(silence.url, { timeout: OPEN_MS })
  await page.locator('.reception[data-state="live"]').waitFor({ timeout: OPEN_MS })
  const begun = await silence.begin()
  await rest(BOUNDS.shownMs + 1_000)
  const last = await lastSightOf(page)
  const sounds = await soundsOf(page, begun)
  await page.close()
  return { ran, failed: last?.banner === false && last.live > 0 && sounds.length === 0 }
}

const NAMES: Readonly<Record<Measure, string>> = { shownMs: 'words', soundMs: 'sound', greyMs: 'grey', removedMs: 'gone', clearedMs: 'back' }

const wordsOf = (trial: Trial): string =>
  MEASURES.flatMap((name) => (trial[name] === null ? [] : [`${NAMES[name]} ${Math.round(trial[name])}`])).join(', ') + ' ms'

/** The worst of each. */
function figureOf(trials: readonly Trial[]): string {
  const worst = (name: Measure): number | null => trials.reduce<number | null>((most, trial) => (trial[name] === null ? most : Math.max(most ?? 0, trial[name])), null)
  return `${trials.length} trials, at most ${wordsOf({ shownMs: worst('shownMs'), soundMs: worst('soundMs'), greyMs: worst('greyMs'), removedMs: worst('removedMs'), clearedMs: worst('clearedMs') })}`
}
