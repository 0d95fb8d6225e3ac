/** An acknowledgement that nobody meant must not happen: rules by themselves, then taps and keys in Chromium. */

import { type Browser, chromium as playwright, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { webLimits } from '../../src/limits.ts'
import { isAimed, stood, type Target, targeted } from '../../src/web/aim.ts'
import { CHROMIUM_ARGS, chromium } from '../e2e/demo-process.ts'
import { type FakeGateway, startFakeGateway } from '../e2e/fake-gateway.ts'
import { lacking } from '../parts.ts'

describe('what a tap is meant for', () => {
  const what = 'alert-1 medium'
  const stand = { x: 900, y: 400, what, at: 10_000 }

  it('has stood there until a person could see it: half a second to the millisecond, a tap before the move least of all', () => {
    expect([webLimits.aimMs - 1, webLimits.aimMs, -20].map((ms) => isAimed(stand, stand.at + ms))).toEqual([false, true, false])
    expect(isAimed(undefined, 10_000)).toBe(false)
  })

  it('moves with one large step or many small ones, and not with the trembling of a layout', () => {
    expect(stood(stand, { x: 900, y: 404, what }, 20_000)).toBe(stand)
    expect(stood(stand, { x: 900, y: 460, what }, 20_000)).toEqual({ x: 900, y: 460, what, at: 20_000 })
    const crept = [403, 406, 409].reduce((before, y) => stood(before, { x: 900, y, what }, 20_000 + y), stand)
    expect(crept).toEqual({ x: 900, y: 409, what, at: 20_409 })
    expect(stood(undefined, { x: 1, y: 1, what }, 5).at).toBe(5)
  })

  it('is another thing where it got graver without moving: a medium that became high under the finger', () => {
    expect(isAimed(stood(stand, { ...stand, what: 'alert-1 high' }, 20_000), 20_300)).toBe(false)
  })
})

describe('what the key a is meant for', () => {
  const first: Target = { alert: 'one', bed: null, at: 10_000 }

  it('is no alert that just took the place of another', () => {
    expect(targeted(first, { alert: 'one', bed: null }, 20_000)).toBe(first)
    expect(isAimed(targeted(first, { alert: 'two', bed: null }, 20_000), 20_400)).toBe(false)
    expect(isAimed(targeted({ ...first, bed: '7' }, { alert: 'two', bed: '7' }, 20_000), 20_400)).toBe(false)
  })

  it('is the bed to which the nurse just went, and not the ward when that bed is taken from under the keyboard', () => {
    expect(isAimed(targeted(first, { alert: 'two', bed: '7' }, 20_000), 20_000)).toBe(true)
    expect(isAimed(targeted({ ...first, bed: '7' }, { alert: 'two', bed: null }, 20_000), 20_400)).toBe(false)
  })
})

describe.runIf(lacking('Chromium', chromium !== undefined) === null)('in a real browser', () => {
  let browser: Browser
  let gateway: FakeGateway
  let page: Page
  beforeAll(async () => {
    gateway = await startFakeGateway({ play: { alerts: 'some' } })
    browser = await playwright.launch({ executablePath: chromium ?? '', args: CHROMIUM_ARGS })
    page = await browser.newPage({ viewport: { width: 1_920, height: 1_080 } })
    await page.goto(gateway.url)
    await page.locator('.ack-button').first().waitFor()
  })
  afterAll(async () => {
    await browser?.close()
    await gateway?.close()
  })
  const rested = (): Promise<void> => page.waitForTimeout(webLimits.aimMs + 400)

  /** What happens in the frame in which the page shows it: no clock decides. */
  const inTheFrameOf = async (how: 'tap' | 'key', alerts: 'some' | 'rows' | 'none'): Promise<void> => {
    await rested()
    const trial = await page.evaluateHandle(actOnWhatMoved, how)
    gateway.set({ alerts })
    await trial.evaluate(({ done }) => done)
    await page.getByText('The list moved: not acknowledged. Tap again').waitFor()
  }

  it('a finger that falls where a button has just moved acknowledges nothing, says so, and may tap again', async () => {
    await inTheFrameOf('tap', 'rows')
    expect(gateway.posted).toEqual([])
    await rested()
    await page.locator('.ack-button[data-missed="true"]').click()
    await expect.poll(() => gateway.posted.length).toBe(1)
  })

  it('nor does a finger or a key where an alert has just come', async () => {
    gateway.set({ alerts: 'none' })
    await page.getByText('No open alerts').waitFor()
    const before = gateway.posted.length
    await inTheFrameOf('tap', 'some')
    gateway.set({ alerts: 'none' })
    await page.getByText('No open alerts').waitFor()
    await inTheFrameOf('key', 'some')
    expect(gateway.posted.length).toBe(before)
    await rested()
    await page.keyboard.press('a')
    await expect.poll(() => gateway.posted.length).toBe(before + 1)
  })
})

/** In the page: acts as soon as the second button is not where it was, or is there at all. */
function actOnWhatMoved(how: 'tap' | 'key'): { readonly done: Promise<void> } {
  const second = (): HTMLButtonElement | null => document.querySelectorAll<HTMLButtonElement>('.ack-button').item(1)
  const was = second()?.getBoundingClientRect().top
  const act = async (): Promise<void> => {
    for (let now = was; now === undefined || now === was; now = second()?.getBoundingClientRect().top) await new Promise((drawn) => requestAnimationFrame(drawn))
    if (how === 'key') return void window.dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }))
    second()?.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }))
    second()?.dispatchEvent(new MouseEvent('click', { bubbles: true, detail: 1 }))
  }
  return { done: act() }
}
