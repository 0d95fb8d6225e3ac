/** Sounds as Chromium makes them: the player's own samples, and the page that says whether it may sound. */

import { fileURLToPath } from 'node:url'
import { type Browser, chromium as playwright, type Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM_ARGS, chromium, MAY_SOUND } from '../e2e/demo-process.ts'
import { startFakeGateway } from '../e2e/fake-gateway.ts'
import { lacking } from '../parts.ts'
import type * as Player from '../../src/web/sound-player.ts'
import { BURSTS } from '../../src/web/sound-pattern.ts'
import { soundsOf, witness } from './witness.ts'

const PLAYER = fileURLToPath(new URL('../../src/web/sound-player.ts', import.meta.url))
/** Loud, in pieces of 5 ms. */
type Loud = { readonly fromMs: number; readonly untilMs: number; readonly energy: number; readonly hz: number }

describe.runIf(lacking('Chromium', chromium !== undefined) === null)('in a real browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await playwright.launch({ executablePath: chromium ?? '', args: CHROMIUM_ARGS.filter((argument) => argument !== MAY_SOUND) })
  })
  afterAll(() => browser?.close())

  it('a higher voice cuts a lower one within its pulse, and the failure signal comes by itself when nobody moves it', async () => {
    const page = await browser.newPage()
    await page.addScriptTag({ content: await playerScript(), type: 'module' })
    const loud = await page.evaluate(renderScore)
    await page.close()
    const at = (sound: keyof typeof BURSTS, fromMs: number, pulses: number) => BURSTS[sound].pulses.slice(0, pulses).map(({ atMs, lengthMs, hz }) => ({ fromMs: fromMs + atMs, untilMs: fromMs + atMs + lengthMs, hz }))
    // As written in renderScore: medium is cut in its first pulse; high sounds ten pulses, and ten again; its third burst would come at 21.1 s, but nothing was moved any more.
    const wanted = [{ fromMs: 1_000, untilMs: 1_100, hz: 0 }, ...at('high', 1_100, 10), ...at('high', 11_100, 10), ...at('failure', 15_000, 4), ...at('failure', 20_000, 4)]
    // Where high follows at once there is no pause to see between the two.
    const heard = wanted.map(({ fromMs }) => loud.find((one) => one.fromMs <= fromMs + 30 && one.untilMs > fromMs + 30))
    expect(heard.every((one) => one !== undefined), JSON.stringify(loud)).toBe(true)
    expect(loud.length).toBe(wanted.length - 1)
    for (const [index, one] of heard.entries()) {
      const { fromMs = 0, untilMs = 0, hz = 0 } = wanted[index] ?? {}
      if (index < 2 || one === undefined) continue
      expect(Math.abs(one.fromMs - fromMs)).toBeLessThanOrEqual(20)
      expect(Math.abs(one.untilMs - untilMs)).toBeLessThanOrEqual(30)
      expect(Math.abs(one.hz - hz)).toBeLessThan(hz * 0.04)
      expect(one.energy).toBeGreaterThan(0.1)
    }
  })

  it('a page says that its sound is blocked until somebody taps, sounds then, and says who turned it off', async () => {
    const gateway = await startFakeGateway({ play: { alerts: 'some' } })
    const context = await browser.newContext({ bypassCSP: true, viewport: { width: 1_280, height: 800 } })
    const page = await context.newPage()
    await witness(page)
    await page.goto(gateway.url)
    await page.getByText('SOUND BLOCKED BY THE BROWSER').click()
    await page.locator('.no-sound').waitFor({ state: 'detached' })
    // A high alert stands: its burst has ten pulses, and comes at once.
    await expect.poll(() => heardPulses(page)).toBeGreaterThanOrEqual(10)
    await page.getByRole('button', { name: /^Sound: full/ }).click()
    await page.getByRole('radio', { name: 'Off' }).click()
    await page.getByRole('button', { name: /Sound off on this screen M. Ferreira/ }).waitFor()
    const off = Date.now()
    await page.reload()
    await page.getByRole('button', { name: /Sound off on this screen M. Ferreira/ }).waitFor()
    expect(await page.locator('.no-sound').count()).toBe(0)
    expect(await soundsOf(page, off + 500)).toEqual([])
    await gateway.close()
    await context.close()
  })
})

/** Pieces of some 22 ms that are loud, with one of quiet or more between them. */
async function heardPulses(page: Page): Promise<number> {
  const heard = (await soundsOf(page, 0)).toSorted((one, other) => one - other)
  return heard.filter((at, index) => index === 0 || at - (heard[index - 1] ?? 0) > 33).length
}

/** The player as the page has it, by itself. */
async function playerScript(): Promise<string> {
  const built = await build({ configFile: false, logLevel: 'error', build: { write: false, minify: false, lib: { entry: PLAYER, formats: ['es'] } } })
  const [output] = [built].flat()
  if (output === undefined || !('output' in output)) throw new Error('the player was not built')
  return `${output.output[0].code.replace(/export\s*\{[^}]*\};?/, '')}\nwindow.createPlayer = createPlayer`
}

/** In the page. */
async function renderScore(): Promise<Loud[]> {
  const createPlayer: typeof Player.createPlayer = Reflect.get(window, 'createPlayer')
  const context = new OfflineAudioContext(1, 44_100 * 22, 44_100)
  const player = createPlayer(context, 1)
  const medium = { sound: 'medium', fromS: 1, untilS: 1.1 } as const
  const high = { sound: 'high', fromS: 1.1, untilS: null } as const
  // Heartbeats move the failure signal away twice; after the third second nobody does any more.
  player.play({ voices: [{ ...medium, untilS: null }], failureS: 4 })
  void context.suspend(1.1).then(() => {
    player.play({ voices: [medium, high], failureS: 4.5 })
    return context.resume()
  })
  void context.suspend(3).then(() => {
    player.play({ voices: [high], failureS: 15 })
    return context.resume()
  })
  const samples = (await context.startRendering()).getChannelData(0)
  const piece = 220.5
  const found: { from: number; until: number }[] = []
  for (let index = 0; index * piece < samples.length; index += 1) {
    if (!samples.subarray(index * piece, (index + 1) * piece).some((sample) => Math.abs(sample) > 0.02)) continue
    const last = found.at(-1)
    if (last?.until === index) last.until = index + 1
    else found.push({ from: index, until: index + 1 })
  }
  return found.map(({ from, until }) => {
    const part = samples.subarray(from * piece, until * piece)
    const strengthAt = (hz: number): number => {
      let real = 0
      let imaginary = 0
      part.forEach((sample, index) => {
        real += sample * Math.cos((2 * Math.PI * hz * index) / 44_100)
        imaginary += sample * Math.sin((2 * Math.PI * hz * index) / 44_100)
      })
      return Math.hypot(real, imaginary)
    }
    const hz = Array.from({ length: 90 }, (_, index) => 100 + index * 10).reduce((best, one) => (strengthAt(one) > strengthAt(best) ? one : best))
    return { fromMs: from * 5, untilMs: until * 5, energy: Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length), hz }
  })
}
