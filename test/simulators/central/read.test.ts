import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { centralLimits } from '../../../src/limits.ts'
import { START_MS, alert, batch, iso, onBothEngines, vitals } from './fixture.ts'
import type { Row } from './fixture.ts'

const HOUR_MS = 3_600_000

onBothEngines('the read API', ({ desk }) => {
  test('tells who is there at /health, to anybody', async () => {
    expect(await desk().get('/health', {})).toMatchObject({ status: 200, body: { status: 'ok', message: expect.any(String) } })
  })

  test('counts values and not absences, and 0 is a value', async () => {
    const subject = randomUUID()
    await desk().send(batch([vitals({ subject, values: [0, null, 97, null, null] }), vitals({ subject, metric: 'MDC_TEMP', values: [null] })]))
    const expected = { MDC_ECG_HEART_RATE: 2, MDC_TEMP: 0 }
    expect(await desk().counts(subject)).toEqual(expected)
    expect(await desk().counts(subject, true)).toEqual(expected)
    const { rows } = await desk().get(`/api/v1/patients/${subject}/vital-signs`)
    const absent = rows.filter(row => row['value'] === null)
    expect(absent.map(row => row['quality'])).toEqual(['probe-off', 'probe-off', 'probe-off', 'probe-off'])
  })

  test('gives vital signs newest first, in pages that join without a gap', async () => {
    const subject = randomUUID()
    const values = Array.from({ length: 60 }, (_, index) => index)
    await desk().send(batch([vitals({ subject, values }), vitals({ subject, metric: 'MDC_TEMP', values })]))
    const all = (await desk().get(`/api/v1/patients/${subject}/vital-signs?limit=1000`)).rows
    const pages = await Promise.all([0, 50, 100].map(skip => desk().get(`/api/v1/patients/${subject}/vital-signs?skip=${skip}&limit=50`)))
    expect(all).toHaveLength(120)
    expect(pages.flatMap(({ rows }) => rows)).toEqual(all)
    const times = all.map(row => String(row['timestamp']))
    expect(times).toEqual(times.toSorted().toReversed())
    const of = { metric: 'MDC_ECG_HEART_RATE', mdc: 147842, loinc: '8867-4', unit: '/min' }
    expect(all[0]).toEqual({ ...of, timestamp: iso(START_MS + 59_000), value: 59, quality: 'measured' })
  })

  test.each(['/api/v1/patients', '/api/v1/alerts', '/api/v1/analytics/batches', '/api/v1/analytics/events'])('bounds the pages of %s', async path => {
    const status = async (query: string): Promise<number> => (await desk().get(`${path}?${query}`)).status
    expect(await status(`limit=${centralLimits.rowsPerPageMax}&skip=${centralLimits.skippedRowsMax}`)).toBe(200)
    const beyond = [`limit=${centralLimits.rowsPerPageMax + 1}`, `skip=${centralLimits.skippedRowsMax + 1}`]
    for (const query of [...beyond, 'limit=0', 'limit=', 'skip=-1', 'limit=1.5', 'limit=ten', 'skip=1&skip=2']) {
      expect([query, await status(query)]).toEqual([query, 422])
    }
  })

  test('knows whom it does not know', async () => {
    for (const path of ['', '/vital-signs', '/predictions']) {
      expect(await desk().get(`/api/v1/patients/nobody${path}`)).toMatchObject({ status: 404, body: { detail: expect.any(String) } })
    }
    expect((await desk().get('/api/v1/analytics/vital-signs-trends?patient_id=nobody')).status).toBe(404)
    expect(await desk().get('/api/v1/nothing')).toMatchObject({ status: 404, body: { detail: expect.any(String) } })
  })

  test('lists patients with what it holds of them, also those with a slash in their name', async () => {
    const subject = `a/${randomUUID()}`
    await desk().send(batch([vitals({ subject, values: [1, 2] })]))
    const expected = { id: subject, patient_id: subject, lane: 'live', first_at: iso(START_MS), last_at: iso(START_MS + 1_000), metrics: 1, values: 2 }
    expect((await desk().get('/api/v1/patients?limit=1000')).rows).toContainEqual(expected)
    expect((await desk().get(`/api/v1/patients/${encodeURIComponent(subject)}`)).body).toEqual(expected)
  })

  test('folds an alert to its newest event, though that may come first', async () => {
    const [subject, alertId] = [randomUUID(), randomUUID()]
    await desk().send(batch([alert({ subject, alertId, phase: 'end', state: 'inactive', atMs: START_MS + 5_000 })]))
    await desk().send(batch([alert({ subject, alertId })]))
    const alerts = (await desk().get('/api/v1/alerts?limit=1000')).rows.filter(row => row['alert_id'] === alertId)
    const times = { started_at: iso(START_MS), timestamp: iso(START_MS + 5_000) }
    expect(alerts).toMatchObject([{ ...times, patient_id: subject, phase: 'end', state: 'inactive', severity: 'critical' }])
  })

  test('takes an alert that has ended for over, whatever came behind it and whatever its clock showed then', async () => {
    const [subject, stepped, shuffled] = [randomUUID(), randomUUID(), randomUUID()]
    await desk().send(batch([
      // The clock of the gateway was set back two hours while it was open.
      alert({ subject, alertId: stepped }), alert({ subject, alertId: stepped, phase: 'end', state: 'inactive', atMs: START_MS - 2 * HOUR_MS }),
      // Times of a release are whole seconds, and its events come in any order.
      alert({ subject, alertId: shuffled, phase: 'end', state: 'inactive' }), alert({ subject, alertId: shuffled, phase: 'update' }),
    ]))
    const states = (await desk().get('/api/v1/alerts?limit=1000')).rows.filter(row => row['patient_id'] === subject).map(({ state }) => state)
    expect(states).toEqual(['inactive', 'inactive'])
  })

  test('sums up patients, values and open alerts', async () => {
    const before = (await desk().get('/api/v1/analytics/patient-summary')).body
    const subject = randomUUID()
    const [open, over] = [randomUUID(), randomUUID()]
    await desk().send(batch([
      vitals({ subject, values: [1, null] }), alert({ subject, alertId: open }), alert({ subject, alertId: over }),
      alert({ subject, alertId: over, phase: 'end', state: 'inactive', atMs: START_MS + 1 }),
    ]))
    const after = (await desk().get('/api/v1/analytics/patient-summary')).body
    const critical = (row: Row): number => Number(Object.entries(row['open_alerts'] ?? {}).find(([severity]) => severity === 'critical')?.[1] ?? 0)
    for (const name of ['patients', 'values', 'absent']) expect([name, after[name]]).toEqual([name, Number(before[name]) + 1])
    expect(critical(after)).toBe(critical(before) + 1)
  })

  test('gives trends by the hour, of the days before the newest value', async () => {
    const subject = randomUUID()
    const at = (hours: number) => START_MS - hours * HOUR_MS
    await desk().send(batch([
      vitals({ subject, atMs: at(0), values: [60, 80, null] }), vitals({ subject, atMs: at(2), values: [100] }), vitals({ subject, atMs: at(30), values: [1] }),
    ]))
    const { body } = await desk().get(`/api/v1/analytics/vital-signs-trends?patient_id=${subject}&days=1`)
    expect(body['hours']).toEqual([
      { metric: 'MDC_ECG_HEART_RATE', unit: '/min', hour: iso(at(2)), values: 1, min: 100, max: 100, mean: 100, last: 100, completeness: 1.7 },
      { metric: 'MDC_ECG_HEART_RATE', unit: '/min', hour: iso(at(0)), values: 2, min: 60, max: 80, mean: 70, last: 80, completeness: 100 },
    ])
    expect((await desk().get(`/api/v1/analytics/vital-signs-trends?patient_id=${subject}&days=${centralLimits.trendDaysMax + 1}`)).status).toBe(422)
  })

  test('predicts nothing, and shows what a prediction would rest on', async () => {
    const subject = randomUUID()
    await desk().send(batch([vitals({ subject, values: [88] }), alert({ subject, alertId: 'open' + subject })]))
    const { body } = await desk().get(`/api/v1/patients/${subject}/predictions`)
    const rests_on = { vital_signs: [{ value: 88 }], alerts: [{ alert_id: 'open' + subject }] }
    expect(body).toMatchObject({ patient_id: subject, sepsis_detection: null, rests_on })
  })

  test('streams the newest of each metric, and how far behind it is', async () => {
    const subject = randomUUID()
    await desk().send(batch([vitals({ subject, atMs: START_MS - 9_000, values: [1, 2, 3] })]))
    const live = (await desk().get('/api/v1/streaming/live-data')).rows.filter(row => row['patient_id'] === subject)
    expect(live).toMatchObject([{ value: 3, timestamp: iso(START_MS - 7_000) }])
    const { body } = await desk().get('/api/v1/streaming/status')
    expect(body).toMatchObject({ status: 'ok', lastReceivedAt: iso(START_MS), lagMs: START_MS - Date.parse(String(body['lastEventAt'])) })
  })

  test('lists batches as they were received, newest first', async () => {
    const sent = batch([vitals({ subject: randomUUID() }), null], { metadata: { source: 'wärd 7' } })
    await desk().send(sent)
    await desk().send(sent)
    const [newest] = (await desk().get('/api/v1/analytics/batches?limit=1')).rows
    expect(newest).toMatchObject({
      batchId: sent.batchId, metadata: sent.metadata, sha256: sent.metadata['sha256'], receivedAt: iso(START_MS),
      accepted: 1, duplicates: 0, repeats: 1, rejected: [{ index: 1 }],
    })
  })

  test('is for people too: the page says what it is, shows a row and its counts, and runs nothing that came', async () => {
    const evil = '<script>alert("1")</script>'
    const subject = `${evil}&'${randomUUID()}`
    const event = vitals({ subject, values: [51, 52], metric: evil, key: evil + randomUUID() })
    const seen = await desk().get('/', {})
    const batchesBefore = Number(/Batches received<\/td><td>(\d+)/.exec(seen.text)?.[1])
    const vital = { ...event, data: { ...event.data, q: [evil, evil] } }
    await desk().send(batch([vital, alert({ subject, alertId: randomUUID(), atMs: START_MS + HOUR_MS })], { batchId: evil + randomUUID() }))
    const page = await desk().get('/', {})
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.text).toContain('Reference central of Vigil: demo data')
    expect(page.text).toContain(`Batches received</td><td>${batchesBefore + 1}`)
    expect(page.text).toContain('Duplicate events refused')
    expect(page.text).toContain('threshold/spo2-low')
    expect(page.text).not.toContain('<script')
    const links = [...page.text.matchAll(/href="(\/subjects\/[^"]+)"/g)].map(match => String(match[1]).replaceAll('&#39;', "'"))
    const link = links.find(path => decodeURIComponent(path).endsWith(subject))
    const own = await desk().get(String(link), {})
    expect(own.status).toBe(200)
    expect(own.text).toContain('<td>52</td>')
    expect(own.text).not.toContain('<script')
  })

  test('keeps its pages from other machines, and from names that only claim to be this one', async () => {
    const { request } = await import('node:http')
    const status = (headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        request(desk().url, { headers }, response => (response.resume(), resolve(response.statusCode ?? 0))).on('error', reject).end()
      })
    const basic = (password: string) => ({ host: 'evil.example', authorization: `Basic ${Buffer.from(`me:${password}`).toString('base64')}` })
    expect(await status({ host: 'evil.example' })).toBe(401)
    expect(await status(basic('wrong'))).toBe(401)
    expect(await status(basic('a-token-for-tests-alone'))).toBe(200)
    expect(await status({ host: 'localhost:1' })).toBe(200)
  })
})
