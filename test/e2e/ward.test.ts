/** The house as its three judges meet it: the nurse at the station, the engineer with a recording, central with its tables. */

import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type Page, chromium as playwright } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM_ARGS, type Demo, ROOT, chromium, jsonLines, startDemo, vigil, vigilAsync } from './demo-process.ts'
import { lacking } from '../parts.ts'
import { supervisorLimits, webLimits } from '../../src/limits.ts'

const RECORDING = join(ROOT, '../shared/data/mimic-numerics/s00001.csv')
const SHOTS = join(ROOT, 'dist', 'screenshots')

type Count = { readonly device: string; readonly metric: string; readonly stored: number; readonly acknowledged: number }
type Sent = { readonly device: string; readonly metric: string; readonly sent: number; readonly acknowledged: number }
type Plan = { readonly beds: readonly { readonly bed: string; readonly device: string; readonly patient: { readonly mrn: string; readonly name: string } | null }[] }

const noChromium = lacking('Chromium', chromium !== undefined)
const noRecording = existsSync(RECORDING) ? null : `the recording ${RECORDING} is not beside this checkout`
if (noRecording !== null) process.stderr.write(`skipped: ${noRecording}\n`)

let demo: Demo
/** When the address of the nurse station was printed. */
let upAt: number

beforeAll(async () => {
  demo = await startDemo()
  upAt = Date.now()
}, 240_000)
afterAll(() => demo.dispose())

async function central<Body>(path: string): Promise<Body> {
  const answer = await fetch(demo.central + path, { headers: { authorization: `Bearer ${demo.token}` } })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  const body: Body = JSON.parse(await answer.text())
  return body
}

const replay = (...args: readonly string[]): readonly string[] => ['sim', '--replay', RECORDING, '--as', 'hl7', '--to', `${demo.hl7.host}:${demo.hl7.port}`, '--json', ...args]
/** Values of the recording stored and acknowledged by central, once central has all of it. */
const expectCounts = (sent: readonly Sent[], times: number): Promise<void> =>
  expect
    .poll(() => jsonLines<Count>(vigil('counts', '--json', '--device', 'replay', '--data', demo.data)).map(({ metric, stored, acknowledged }) => [metric, stored, acknowledged]), { timeout: 240_000, interval: 2_000 })
    .toEqual(expect.arrayContaining(sent.map(({ metric, sent: values }) => [metric, times * values, times * values])))

// While a patient of the demo deteriorates, which takes a minute.
describe.runIf(noRecording === null)('an engineer with a recording of a real patient', () => {
  it('every valid sample is in the database and at central exactly once', async () => {
    const sent = jsonLines<Sent>(vigil(...replay()))
    expect(sent.length).toBeGreaterThan(5)
    await expectCounts(sent, 1)
  }, 420_000)
})

describe.runIf(noChromium === null)('a stranger with a browser', () => {
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await playwright.launch({ executablePath: chromium ?? '', args: CHROMIUM_ARGS })
    page = await browser.newPage({ viewport: { width: 1_920, height: 1_080 } })
    await page.goto(demo.link('nurse'))
    await page.waitForSelector('[data-bed="bed-12"]', { timeout: 90_000 })
    mkdirSync(SHOTS, { recursive: true })
  }, 420_000)
  afterAll(() => browser?.close())

  it('sees a ward that says it is a demo and that the monitor stays the primary alarm', async () => {
    const text = await page.innerText('body')
    expect(text).toMatch(/DEMO/)
    expect(text).toContain('The bedside monitor stays the primary alarm')
    expect(await page.locator('[data-bed]').count()).toBe(13)
    expect(page.url()).not.toContain('token')
  })

  /** A patient of the demo, not of the recording. */
  const deteriorated = () => page.locator('.alert[data-priority="high"]', { hasText: /SpO₂|RR|HR/, hasNotText: 'Replay' }).first()
  let acknowledged: { id: string; text: string; bed: string | null; priority: string; startedAt: number; acknowledged: { by: string } | null }

  it('sees a deteriorating bed raise an alert within two minutes of npm start, with its reason', async () => {
    const alert = deteriorated()
    await alert.waitFor({ timeout: 180_000 })
    // By the ward's own clock: how long a browser takes to start is none of its business.
    const startedAt = Math.min(...(await openAlerts()).filter(({ bed, priority }) => priority === 'high' && bed !== 'replay').map((one) => one.startedAt))
    expect(startedAt - upAt).toBeLessThan(120_000)
    expect(await alert.locator('.because').innerText()).toMatch(/\d/)
    await page.screenshot({ path: join(SHOTS, 'nurse-station.png') })
  }, 200_000)

  it('acknowledges it with one tap, and it is saved', async () => {
    const alert = deteriorated()
    const text = await alert.locator('.alert-text').innerText()
    // The list of a live ward may move just then: it says so, and wants the tap again.
    for (let tries = 0; tries < 10 && (tries === 0 || (await page.locator('.ack-button[data-missed="true"]').count()) > 0); tries += 1) {
      await page.waitForTimeout(webLimits.aimMs + 100)
      await alert.locator('.ack-button').click()
      await page.locator('.ack-button[data-missed="true"], .alert[data-acknowledged="true"]').first().waitFor()
    }
    await page.locator('.alert[data-acknowledged="true"] [data-saved="true"]').first().waitFor()
    const alerts = await openAlerts()
    const found = alerts.find((one) => one.acknowledged !== null)
    if (!found) throw new Error(`no acknowledged alert among ${JSON.stringify(alerts.map((one) => one.text))}`)
    expect(text).toContain(found.text.slice(0, 4))
    acknowledged = found
  })

  const openAlerts = (): Promise<(typeof acknowledged)[]> => page.evaluate(async () => (await fetch('/api/alerts')).json())

  it('sees NOT RECEIVING when the gateway stands still, and the ward again when it goes on', async () => {
    const gateway = await demo.pidOf('run')
    process.kill(gateway, 'SIGSTOP')
    await page.getByText(/NOT RECEIVING since/).waitFor({ timeout: 60_000 })
    process.kill(gateway, 'SIGCONT')
    await page.getByText(/NOT RECEIVING since/).waitFor({ state: 'hidden', timeout: 60_000 })
    expect(await demo.pidOf('run')).toBe(gateway)
  }, 200_000)

  it('after kill -9 of the gateway the page says so or goes on, and the alert is open and acknowledged still', async () => {
    process.kill(await demo.pidOf('run'), 'SIGKILL')
    await expect.poll(() => demo.said(), { timeout: 60_000 }).toContain('is back')
    await expect.poll(async () => (await openAlerts().catch(() => [])).map(({ id, acknowledged: by }) => [id, by?.by ?? null]), { timeout: 60_000 }).toContainEqual([acknowledged.id, 'demo nurse'])
    await page.locator('.alert[data-acknowledged="true"]').first().waitFor({ timeout: 60_000 })
  }, 200_000)

  it('finds the alert at central, with no identifier in anything that arrived', async () => {
    type AtCentral = { readonly priority?: string; readonly severity?: string; readonly phase?: string }
    await expect.poll(async () => (await central<readonly AtCentral[]>('/api/v1/alerts?skip=0&limit=100')).map(({ severity }) => severity), { timeout: 90_000 }).toContain('critical')
    await expect.poll(async () => (await central<readonly { readonly values: number }[]>('/api/v1/analytics/counts')).length, { timeout: 90_000 }).toBeGreaterThan(50)
    const plan: Plan = JSON.parse(readFileSync(join(demo.data, 'plan.json'), 'utf8'))
    const all = JSON.stringify([
      await central('/api/v1/alerts?skip=0&limit=100'),
      await central('/api/v1/patients?skip=0&limit=100'),
      await central('/api/v1/analytics/counts'),
      await central('/api/v1/analytics/batches?skip=0&limit=100'),
    ])
    const identifiers = plan.beds.flatMap(({ bed, device, patient }) => [bed, device, patient?.mrn, patient?.name, ...(patient?.name.split(/[\s,^]+/) ?? [])])
    for (const identifier of identifiers) if (identifier !== undefined && identifier.length > 2) expect(all).not.toContain(identifier)
  }, 200_000)

  it('fits a phone', async () => {
    const phone = await browser.newPage({ viewport: { width: 390, height: 844 }, storageState: await page.context().storageState() })
    await phone.goto(demo.nurseStation)
    await phone.waitForSelector('[data-bed="bed-1"]')
    await phone.locator('.reception[data-state="live"]').waitFor({ timeout: 60_000 })
    const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(overflow).toBeLessThanOrEqual(0)
    await phone.screenshot({ path: join(SHOTS, 'nurse-station-phone.png') })
    if (process.env['VIGIL_KEEP_SCREENSHOTS'] === '1') {
      for (const name of ['nurse-station.png', 'nurse-station-phone.png']) copyFileSync(join(SHOTS, name), join(ROOT, 'src', 'web', 'screenshots', name))
    }
  })
})

describe.runIf(noRecording === null)('an engineer with a recording of a real patient', () => {
  it('also when the gateway is killed twice in mid-run: nothing acknowledged is missing, nothing is doubled', async () => {
    const running = vigilAsync(...replay('--speed', '12000'))
    for (let kills = 0; kills < 2; kills++) {
      await new Promise((wake) => setTimeout(wake, 2_500))
      process.kill(await demo.pidOf('run'), 'SIGKILL')
    }
    const sent = jsonLines<Sent>(await running)
    for (const { metric, sent: values, acknowledged } of sent) expect(acknowledged, metric).toBe(values)
    await expectCounts(sent, 2)
  }, 420_000)
})

describe('Ctrl-C', () => {
  it('stops everything in under 5 s, and what was acknowledged is stored', async () => {
    const { code, ms } = await demo.interrupt()
    expect(code).toBe(0)
    // Who has not ended by then is killed; what a busy machine adds to that is no claim of ours.
    expect(supervisorLimits.stopMs).toBeLessThan(5_000)
    expect(ms).toBeLessThan(30_000)
    expect(demo.said()).toContain('What was acknowledged is stored')
    const rows = jsonLines<Count>(vigil('counts', '--json', '--data', demo.data))
    expect(rows.length).toBeGreaterThan(50)
  })
})
