/**
 * What the page does in a real browser, measured: `node test/web/behaviour.ts [scans]`. Exit 1 when something is not so. Five kinds
 * of silence, many times each, are the prove not-receiving.
 */

import { type Browser, chromium, type Page } from 'playwright-core'
import { CHROMIUM_ARGS } from '../e2e/demo-process.ts'
import { webLimits } from '../../src/limits.ts'
import { startFakeGateway } from '../e2e/fake-gateway.ts'
import { sightsOf, soundsOf, witness } from './witness.ts'

let failures = 0

function report(what: string, holds: boolean, more = ''): void {
  if (!holds) failures += 1
  process.stdout.write(`${holds ? 'ok  ' : 'FAIL'} ${what} ${more}\n`)
}

const visible = (page: Page): Promise<void> => page.locator('.reception[data-state="live"]').waitFor({ timeout: 15_000 })

/** What the prove not-receiving does not try: a gateway whose rules stand still while its heart beats, and a page that stands still itself. */
async function silences(browser: Browser): Promise<void> {
  const gateway = await startFakeGateway()
  const page = await browser.newPage({ bypassCSP: true, viewport: { width: 1_280, height: 800 } })
  await witness(page)
  await page.goto(gateway.url)
  await visible(page)
  await page.waitForTimeout(1_500)
  const begun = Date.now()
  gateway.set({ silence: 'rules' })
  await page.locator('.silence').waitFor({ timeout: 8_000 })
  const shownMs = ((await sightsOf(page, begun)).find(({ banner }) => banner)?.at ?? 0) - begun
  report('rules that stand still are silence', shownMs <= 5_000, `shown after ${shownMs} ms`)
  const ended = Date.now()
  gateway.set({ silence: 'none' })
  await page.locator('.silence').waitFor({ state: 'detached', timeout: 15_000 })
  const goneMs = ((await sightsOf(page, ended)).find(({ banner }) => !banner)?.at ?? Number.POSITIVE_INFINITY) - ended
  report('and are over when they go on', goneMs <= 3_000, `cleared after ${goneMs} ms`)
  await blockedPage(page)
  await page.close()
  await gateway.close()
}

/** The page itself stands still for 12 s while messages pile up: old numbers must not be called live when it can draw again, and its sound does not wait for it. */
async function blockedPage(page: Page): Promise<void> {
  await visible(page)
  await page.waitForTimeout(1_500)
  const begun = Date.now()
  const seen = await page.evaluate(async () => {
    const until = performance.now() + 12_000
    while (performance.now() < until) Math.sqrt(until)
    while (document.querySelector('.frame')?.getAttribute('data-reception') !== 'silent' && performance.now() < until + 5_000) {
      await new Promise((drawn) => requestAnimationFrame(drawn))
    }
    return Math.round(performance.now() - until)
  })
  report('a page that was blocked says so as soon as it can draw', seen <= 300, `after ${seen} ms`)
  await page.locator('.silence').waitFor({ state: 'detached', timeout: 5_000 })
  const [heardAt = Number.POSITIVE_INFINITY] = await soundsOf(page, begun)
  report('and sounds while it stands still', heardAt - begun <= 5_000, `after ${Math.round(heardAt - begun)} ms`)
}

async function taps(browser: Browser): Promise<void> {
  const gateway = await startFakeGateway({ play: { alerts: 'some' } })
  const page = await browser.newPage({ viewport: { width: 1_920, height: 1_080 } })
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(gateway.url)
  await visible(page)
  await page.waitForTimeout(1_500)
  report('what is painted is receipted', gateway.displayed.length >= 4, gateway.displayed.join())

  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowDown')
  const focused = await page.evaluate(() => document.activeElement?.closest('.tile')?.getAttribute('data-bed'))
  report('arrow keys go from bed to bed', focused === '6', `at bed ${focused}`)
  await page.keyboard.press('a')
  await page.waitForTimeout(300)
  report('a acknowledges nothing of a bed without alerts', gateway.posted.length === 0)
  await page.keyboard.press('ArrowRight')
  // Two keys as close as this script's are a scanner's, and nobody's word.
  await page.waitForTimeout(200)
  await page.keyboard.press('a')
  await page.locator('.alert[data-acknowledged="true"]', { hasText: 'SpO₂ 84' }).waitFor()
  report('a acknowledges the highest of the bed', gateway.posted.at(-1)?.path === '/api/alerts/alert-1/acknowledge')

  await page.keyboard.press('Enter')
  await page.locator('.panel').waitFor()
  await page.getByRole('radio', { name: 'Oxygen' }).click()
  await page.waitForTimeout(1_500)
  report('what the nurse knows is sent and comes back', await page.getByRole('radio', { name: 'Oxygen' }).isChecked(), JSON.stringify(gateway.posted.at(-1)))
  await page.keyboard.press('Escape')
  await page.waitForTimeout(300)
  const back = await page.evaluate(() => document.activeElement?.closest('.tile')?.getAttribute('data-bed'))
  report('Escape closes the bed and the keyboard returns to it', back === '7' && (await page.locator('.panel').count()) === 0, `at bed ${back}`)

  await page.waitForTimeout(webLimits.aimMs + 200)
  const others = gateway.posted.length
  await page.locator('.pause-sound').first().click()
  await page.getByText(/Sound paused by M\. Ferreira until/).waitFor({ timeout: 3_000 })
  report('the sound of an alert is paused, and nobody has acknowledged it by that', JSON.stringify(gateway.posted.slice(others).map(({ path, body }) => [path.split('/').at(-1), body])) === '[["pause",{"seconds":120}]]')

  gateway.set({ refuses: 'The gateway is stopping.' })
  // What has just moved takes no tap.
  await page.waitForTimeout(webLimits.aimMs + 200)
  await page.locator('.ack-button').first().click()
  await page.getByText('Not acknowledged. The gateway is stopping.').waitFor()
  gateway.set({ refuses: '' })
  await page.waitForTimeout(webLimits.aimMs + 200)
  await page.getByRole('button', { name: /Try again/ }).click()
  await page.waitForTimeout(500)
  report('a tap that failed says so and can be tried again', (await page.locator('.failed').count()) === 0)

  gateway.set({ loggedOut: true })
  await page.locator('.login').waitFor({ timeout: 10_000 })
  report('who is logged out sees the login page and nothing of the ward', (await page.locator('.tile').count()) === 0 && page.url().endsWith('/login'))
  await page.goto(`${gateway.url}/login#token=abc-123`)
  await visible(page)
  report('a login link logs in, and its token leaves the address', gateway.posted.at(-1)?.path === '/api/login/link' && !page.url().includes('abc'), page.url())
  const unexpected = complaints.filter((text) => !/WebSocket|status of (401|500)/.test(text))
  report('the browser has nothing to complain of, the CSP least of all', unexpected.length === 0, unexpected.join(' | '))
  await page.close()
  await gateway.close()
}

/** Live waveforms: they move, one that stops says so within 2 s, all of them do when nothing comes any more, and a closed panel asks for none. */
async function traces(browser: Browser): Promise<void> {
  const gateway = await startFakeGateway()
  const page = await browser.newPage({ viewport: { width: 1_920, height: 1_080 } })
  let plethAt = 0
  let anyAt = 0
  const asked: (string | null)[] = []
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      const { type, bed } = JSON.parse(String(payload))
      if (type === 'waves') asked.push(bed)
    })
    socket.on('framereceived', ({ payload }) => {
      const message = JSON.parse(String(payload))
      if (message.type !== 'waves') return
      anyAt = Date.now()
      if (message.signals[2]?.lines.length > 0) plethAt = Date.now()
    })
  })
  await page.goto(gateway.url)
  await visible(page)
  await page.locator('.tile[data-bed="2"] .tile-open').click()
  await page.locator('.waves canvas').nth(2).waitFor()
  // How far the newest point of the first lane has come: the column left of the gap.
  const picture = () => page.locator('.waves canvas').first().evaluate((canvas) => (canvas instanceof HTMLCanvasElement ? canvas.toDataURL() : ''))
  await page.waitForTimeout(1_000)
  const one = await picture()
  await page.waitForTimeout(300)
  report('live waveforms move', one !== (await picture()))
  await page.locator('.waves figure[data-kind="pleth"][data-state="stopped"]').waitFor({ timeout: 15_000 })
  report('a waveform that stops says so within 2 s', Date.now() - plethAt <= 2_000 && (await page.locator('.waves figure[data-state="live"]').count()) === 2, `after ${Date.now() - plethAt} ms`)
  gateway.set({ silence: 'open' })
  const begun = anyAt
  await page.locator('.waves figure[data-state="stopped"]').nth(2).waitFor({ timeout: 5_000 })
  report('all say so when nothing comes any more', Date.now() - begun <= 2_300, `after ${Date.now() - begun} ms`)
  gateway.set({ silence: 'none' })
  await page.locator('.waves figure[data-state="live"]').nth(1).waitFor({ timeout: 10_000 })
  await page.keyboard.press('Escape')
  await page.waitForTimeout(300)
  report('a closed panel asks for no waveforms', asked.at(-1) === null && asked[0] === '2', asked.join())
  await page.close()
  await gateway.close()
}

/** A scanner is a keyboard: its letters land in the field wherever the focus was, and what a person types is told from it. */
async function scans(browser: Browser): Promise<void> {
  const gateway = await startFakeGateway({ play: { registry: 'found' } })
  const page = await browser.newPage({ viewport: { width: 1_920, height: 1_080 } })
  await page.goto(gateway.url)
  await visible(page)
  await page.keyboard.press('p')
  await page.locator('.bed-list').waitFor()
  await page.waitForTimeout(800)
  const scan = async (code: string, delay = 0): Promise<void> => {
    await page.keyboard.type(code, { delay })
    await page.keyboard.press('Enter')
  }
  const last = (): { readonly path: string; readonly body: unknown } => gateway.posted.at(-1) ?? { path: '', body: null }
  await page.getByRole('button', { name: 'What was said' }).first().focus()
  await scan('P1001')
  await page.getByText('Quist, Pelle').waitFor()
  await scan('monitor-8')
  await page.locator('.scan-outcome[data-kind="done"]').waitFor()
  report('a scan from anywhere on the page counts, with the name of the registry', last().path === '/api/associations/scan' && JSON.stringify(last().body).includes('Quist') && page.url().endsWith('/patients'), JSON.stringify(last()))
  await page.getByRole('button', { name: 'Wrong: take it back' }).click()
  await page.getByText('Taken back. Bed 8 is not identified now').waitFor()
  report('and can be taken back', last().path === '/api/beds/8/unassign')
  await scan('1001', 120)
  await scan('3')
  await page.locator('.scan-outcome[data-kind="done"]').waitFor()
  report('what is typed waits for a second person', last().path === '/api/associations/type', JSON.stringify(last()))
  const before = gateway.posted.length
  await scan('1001')
  await scan('1002')
  await page.locator('.scan-outcome[data-kind="refused"]').waitFor()
  report('two wristbands pair nobody', gateway.posted.slice(before).every(({ path }) => path === '/api/registry/lookup'))
  gateway.set({ refuses: 'This monitor is bound to another bed.' })
  await scan('1001')
  await scan('8')
  await page.getByText('This monitor is bound to another bed.').waitFor()
  gateway.set({ refuses: '', registry: 'unknown' })
  await scan('1003')
  await page.getByText('The registry gives no answer now').waitFor()
  const own = page.locator('.bed-row').nth(10)
  report('nobody confirms what they typed', (await own.getByRole('button', { name: 'Confirm' }).isDisabled()) && (await own.getByText('A second person must confirm it').count()) === 1)
  // As close as two keys can be: nothing is drawn between them.
  await page.evaluate(async () => {
    for (let press = 0; press < 2; press++) {
      window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))
      await new Promise((done) => setTimeout(done, 0))
    }
  })
  await page.locator('.tiles').waitFor({ timeout: 5_000 })
  report('Escape forgets the wristband, then leads back', true)
  await page.close()
  await gateway.close()
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: CHROMIUM_ARGS,
})
await scans(browser)
if (process.argv[2] !== 'scans') {
  await taps(browser)
  await traces(browser)
  await silences(browser)
}
await browser.close()
process.exitCode = failures === 0 ? 0 : 1
