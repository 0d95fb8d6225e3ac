/** Takes pictures of the built page in every state that matters: `node test/web/shots.ts [folder] [name…]`. To be looked at by a person. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { webLimits } from '../../src/limits.ts'
import { CHROMIUM_ARGS } from '../e2e/demo-process.ts'
import { type FakeGateway, type Play, startFakeGateway } from '../e2e/fake-gateway.ts'

type Shot = {
  readonly name: string
  readonly play?: Partial<Play>
  readonly path?: string
  readonly ready: string
  readonly act?: (page: Page, gateway: FakeGateway) => Promise<void>
}

const receiving = '.reception[data-state="live"]'

const SHOTS: readonly Shot[] = [
  { name: 'calm', ready: receiving },
  { name: 'high', play: { alerts: 'some' }, ready: receiving },
  { name: 'rows', play: { alerts: 'rows' }, ready: receiving },
  {
    name: 'paused', play: { alerts: 'rows' }, ready: receiving,
    act: async (page) => {
      await page.locator('.pause-sound').first().click()
      await page.getByText('Sound paused by').first().waitFor()
      await page.locator('.latched').scrollIntoViewIfNeeded()
    },
  },
  { name: 'rows-panel', play: { alerts: 'rows' }, ready: receiving, act: async (page) => page.locator('.tile[data-bed="7"] .tile-open').click() },
  { name: 'ward-13', play: { alerts: 'some', beds: 13, mode: 'demo' }, ready: receiving },
  { name: 'storm-24', play: { alerts: 'storm', beds: 24 }, ready: receiving },
  { name: 'demo', play: { alerts: 'some', mode: 'demo', speed: 60 }, ready: receiving },
  { name: 'stale', play: { faults: true, storeFails: true }, ready: receiving },
  {
    name: 'not-receiving', play: { alerts: 'some' }, ready: receiving,
    act: async (page, gateway) => {
      gateway.set({ silence: 'open' })
      await page.locator('.silence').waitFor({ timeout: 6_000 })
      await page.waitForTimeout(6_000)
    },
  },
  {
    name: 'not-receiving-long', play: { alerts: 'some' }, ready: receiving,
    act: async (page, gateway) => {
      gateway.set({ silence: 'closed' })
      await page.waitForTimeout(32_000)
    },
  },
  {
    name: 'panel', play: { alerts: 'some' }, ready: receiving,
    act: async (page) => {
      await page.locator('.tile[data-bed="7"] .tile-open').click()
      await page.locator('.panel-trend canvas').first().waitFor()
      await page.locator('.strip path').nth(2).waitFor()
    },
  },
  {
    name: 'panel-whole', play: { faults: true }, ready: receiving,
    act: async (page) => {
      await page.locator('.tile[data-bed="2"] .tile-open').click()
      await page.locator('.panel-trend canvas').nth(4).waitFor()
    },
  },
  {
    name: 'observation', play: { alerts: 'some' }, ready: receiving,
    act: async (page) => {
      await page.locator('.tile[data-bed="5"] .tile-open').click()
      await page.getByRole('button', { name: 'Take observation' }).click()
      await page.getByLabel('Respirations').fill('25')
      await page.locator('.observation').getByRole('radio', { name: 'Oxygen' }).click()
      await page.locator('.observation').getByRole('radio', { name: 'Voice' }).click()
    },
  },
  {
    name: 'observed', ready: receiving,
    act: async (page) => {
      await page.locator('.tile[data-bed="5"] .tile-open').click()
      await page.getByRole('button', { name: 'Take observation' }).click()
      await page.getByLabel('Respirations').fill('25')
      await page.getByRole('button', { name: /^Confirm as/ }).click()
      await page.locator('.observed-score').scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'limits', ready: receiving,
    act: async (page) => {
      await page.locator('.tile[data-bed="5"] .tile-open').click()
      await page.locator('.limits summary').first().click()
      await page.getByRole('button', { name: 'Propose limits' }).click()
      await page.getByRole('button', { name: /Use…/ }).last().click()
      await page.locator('.limit-form').scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'ack-failed', play: { alerts: 'some' }, ready: receiving,
    act: async (page, gateway) => {
      gateway.set({ refuses: 'The gateway is stopping.' })
      await page.locator('.ack-button').first().click()
      gateway.set({ refuses: '', unsaved: true })
      await page.waitForTimeout(webLimits.aimMs + 200)
      await page.locator('.ack-button').nth(1).click()
      await page.locator('.saved[data-saved="false"]').first().waitFor()
    },
  },
  { name: 'sound', play: { alerts: 'some' }, ready: receiving, act: (page) => page.locator('button.sound').click() },
  { name: 'house', play: { house: 'some', alerts: 'some' }, ready: receiving },
  {
    name: 'house-away', play: { house: 'some' }, ready: receiving,
    act: async (page) => {
      await page.locator('.tile[data-bed="4"] .tile-open').click()
      await page.locator('.bed-state').getByRole('radio', { name: 'Away…' }).click()
      await page.locator('.bed-state').scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'house-said', play: { house: 'some' }, ready: receiving,
    act: async (page) => {
      await page.locator('.tile[data-bed="3"] .tile-open').click()
      await page.keyboard.press('b')
      await page.locator('.bed-state').getByRole('radio', { name: 'Cleaning' }).click()
      await page.getByRole('button', { name: 'Undo' }).waitFor()
    },
  },
  { name: 'commissioning', play: { watching: 'commissioning', alerts: 'some' }, ready: receiving },
  { name: 'ward-maintenance', play: { watching: 'maintenance', alerts: 'some' }, ready: receiving },
  { name: 'ward-mode', play: { watching: 'commissioning', role: 'admin' }, path: '/ward', ready: '.report' },
  { name: 'keys', ready: receiving, act: (page) => page.keyboard.press('?') },
  { name: 'devices', play: { role: 'biomed', faults: true }, path: '/devices', ready: '.devices' },
  { name: 'handover', play: { alerts: 'some' }, path: '/handover', ready: '.handover' },
  {
    name: 'handover-silent', play: { alerts: 'some' }, path: '/handover', ready: '.handover',
    act: async (page, gateway) => {
      gateway.set({ silence: 'open' })
      await page.getByText('NOT UP TO DATE').waitFor({ timeout: 5_500 })
    },
  },
  { name: 'patients', play: { alerts: 'some' }, path: '/patients', ready: '.bed-list' },
  {
    name: 'patients-scanned', path: '/patients', ready: '.bed-list',
    act: async (page) => {
      await page.locator('#scan-field').click()
      await page.keyboard.type('1001')
      await page.keyboard.press('Enter')
      await page.getByText('Quist, Pelle').waitFor()
      await page.locator('.bed-row').nth(4).getByRole('button', { name: 'What was said' }).click()
      await page.locator('.facts').waitFor()
    },
  },
  {
    name: 'patients-done', path: '/patients', ready: '.bed-list',
    act: async (page) => {
      await page.keyboard.type('monitor-8')
      await page.keyboard.press('Enter')
      await page.keyboard.type('1001')
      await page.keyboard.press('Enter')
      await page.locator('.scan-outcome[data-kind="done"]').waitFor()
      await page.locator('.typed summary').click()
    },
  },
  { name: 'patients-biomed', play: { role: 'biomed' }, path: '/patients', ready: '.bed-list' },
  { name: 'no-beds', play: { beds: 0 }, ready: receiving },
  { name: 'login', play: { loggedOut: true, mode: 'demo' }, path: '/login', ready: '.login' },
  {
    name: 'login-refused', play: { loggedOut: true, refuses: 'Name or password is wrong.' }, path: '/login', ready: '.login',
    act: async (page) => {
      await page.getByLabel('Name').fill('ferreira')
      await page.getByLabel('Password').fill('wrong')
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.locator('.failed:not(:empty)').waitFor()
    },
  },
]

const SIZES = [
  { name: 'ward', width: 1_920, height: 1_080 },
  { name: 'phone', width: 390, height: 844 },
] as const

async function take(browser: Browser, shot: Shot, folder: string): Promise<void> {
  for (const { name, width, height } of SIZES) {
    const gateway = await startFakeGateway({ play: shot.play ?? {} })
    const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: name === 'phone' ? 2 : 1 })
    const page = await context.newPage()
    page.on('console', (message) => process.stdout.write(`${shot.name} ${name}: ${message.text()}\n`))
    page.on('pageerror', (error) => process.stdout.write(`${shot.name} ${name}: ${error.message}\n`))
    await page.goto(gateway.url + (shot.path ?? '/'))
    await page.locator(shot.ready).first().waitFor()
    await page.waitForTimeout(1_500)
    await shot.act?.(page, gateway)
    await page.waitForTimeout(400)
    await page.screenshot({ path: join(folder, `${shot.name}-${name}.png`) })
    await context.close()
    await gateway.close()
  }
}

const [folder = '/tmp/shots', ...names] = process.argv.slice(2)
await mkdir(folder, { recursive: true })
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: CHROMIUM_ARGS,
})
for (const shot of SHOTS) if (names.length === 0 || names.includes(shot.name)) await take(browser, shot, folder)
await browser.close()
