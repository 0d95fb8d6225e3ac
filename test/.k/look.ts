import { chromium } from 'playwright-core'
import { startCentral } from '../../simulators/central/server.ts'
import { realClock, REAL_TIME } from '../../src/ops/clock.ts'
import { randomBytes, randomUUID, createHash } from 'node:crypto'
const token = 'a-token-for-looks-alone'
const central = await startCentral({ port: 0, host: '127.0.0.1', token, databaseUrl: process.env['URL'], clock: realClock(REAL_TIME), note: console.log })
const now = Math.floor(Date.now() / 60000) * 60000
const send = async (events: unknown[], gatewayId: string, lane = 'live') => {
  const b = { batchId: randomUUID(), events, metadata: { timestamp: new Date().toISOString(), source: 'vigil', size: events.length, schemaVersion: 1, organizationId: 'st-anna', gatewayId, lane, method: 'x', keyEpoch: 'e', seqFrom: 1, seqTo: 2, version: '0.1.0' } }
  const r = await fetch(`${central.url}/api/v1/analytics/batches`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'idempotency-key': b.batchId }, body: JSON.stringify(b) })
  if (r.status !== 202) console.log(r.status, await r.text())
}
const M = [['MDC_ECG_HEART_RATE', '/min', 80], ['MDC_PULS_OXIM_SAT_O2', '%', 96], ['MDC_RESP_RATE', '/min', 16], ['MDC_PRESS_CUFF_SYS', 'mm[Hg]', 120]] as const
for (let bed = 0; bed < 8; bed++) {
  const subject = randomBytes(16).toString('hex')
  const events: unknown[] = []
  const base = { streamId: 's', partitionKey: subject, revision: 0 }
  for (let m = 24 * 60; m >= 0; m--) for (const [metric, unit, v] of M) {
    if (metric.includes('CUFF') && m % 60 !== 0) continue
    if (bed === 2 && m > 300 && m < 420 && metric.includes('SAT')) continue
    if (bed === 3 && m > 700 && m < 800) continue
    if (Math.random() < 0.004 * bed) continue
    events.push({ ...base, eventType: 'vital-signs', key: randomUUID(), timestamp: new Date(now - m * 60000).toISOString(), data: { metric, mdc: 1, loinc: null, unit, t: [0, 30000], v: [v + Math.round(8 * Math.sin(m / 60)) , v + Math.round(Math.random() * 4)], q: [0, 0] } })
  }
  events.push({ ...base, eventType: 'gaps', key: randomUUID(), timestamp: new Date(now - 799 * 60000).toISOString(), data: { rule: ['limits/hr', 'limits/spo2', 'limits/rr'], state: Array(3).fill(bed === 3 ? 'away' : 'armed'), t: [0, 0, 0] } })
  events.push({ ...base, eventType: 'gaps', key: randomUUID(), timestamp: new Date(now - 700 * 60000).toISOString(), data: { rule: ['limits/hr', 'limits/spo2', 'limits/rr'], state: Array(3).fill('armed'), t: [0, 0, 0] } })
  for (let a = 0; a < 4 + bed * 7; a++) {
    const at = now - Math.floor(Math.random() * 3 * 86400000); const alertId = randomUUID(); const priority = ['low', 'medium', 'high'][a % 3]
    const data = { alertId, state: 'active', phase: 'start', severity: 'warning', priority, type: 'physiological', rule: 'threshold/spo2-low', version: '1', because: { x: 1 } }
    events.push({ ...base, eventType: 'alerts', key: randomUUID(), timestamp: new Date(at).toISOString(), data }, { ...base, eventType: 'alerts', key: randomUUID(), timestamp: new Date(at + 20000 + Math.random() * 200000).toISOString(), data: { ...data, phase: 'end', state: 'inactive' } })
  }
  await send(events, `gateway-${bed % 3}`, bed === 7 ? 'release' : 'live')
}
const t = performance.now(); const html = await (await fetch(central.url + '/')).text(); console.log('page ms', performance.now() - t, html.length)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
for (const [name, width, height] of [['desk', 1920, 1080], ['phone', 390, 844]] as const) {
  const page = await browser.newPage({ viewport: { width, height } })
  await page.goto(central.url + '/')
  await page.screenshot({ path: `/dev/shm/k/${name}.png` })
  console.log(name, await page.evaluate('[document.documentElement.scrollWidth, innerWidth, document.documentElement.scrollHeight]'))
  await page.evaluate("document.querySelector('#alarms').scrollIntoView()")
  await page.screenshot({ path: `/dev/shm/k/${name}-alarms.png` })
  if (name === 'desk') { await page.click('#completeness a'); await page.screenshot({ path: `/dev/shm/k/subject.png` }) }
}
await browser.close()
await central.close()
