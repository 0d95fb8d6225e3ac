import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { centralLimits } from '../../../src/limits.ts'
import { START_MS, TENANTS, alert, batch, iso, onBothEngines, vitals } from './fixture.ts'
import type { Answer, Desk, Row, WireBatch } from './fixture.ts'

const HR = 'MDC_ECG_HEART_RATE'
const GRAINS = ['minute', 'hour', 'day'] as const

const bearer = (tenant: string): Record<string, string> => ({ authorization: `Bearer ${TENANTS.get(tenant)}` })

const correction = (data: object, { key = randomUUID(), atMs = START_MS }: { readonly key?: string; readonly atMs?: number } = {}) =>
  ({ streamId: 'gateway-1/live', eventType: 'corrections', partitionKey: 'of-nobody', key, revision: 0, timestamp: iso(atMs), data })

const gaps = (subject: string, atMs: number, rule: string, state: string) =>
  ({ streamId: 'gateway-1', eventType: 'gaps', partitionKey: subject, key: randomUUID(), revision: 0, timestamp: iso(atMs), data: { rule: [rule], state: [state], t: [0] } })

const rollUps = async (desk: Desk, subject: string, grain: string, recount: boolean): Promise<readonly Row[]> =>
  (await desk.get(`/api/v1/analytics/roll-ups?patient_id=${subject}&grain=${grain}&recount=${recount}`)).rows

// ── Roll-ups and corrections ─────────────────────────────────────────────────────────────────────────────────────────

const SUBJECTS = 3
/** Minutes from the start: within a minute, an hour, a day, and over a turn of the year. */
const minute = fc.constantFrom(-1_441, -1, 0, 1, 59, 60, 1_439, 1_440)
const value = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: -9_999, max: 30_000 }).map(cents => cents / 100) }, { weight: 1, arbitrary: fc.constant(null) })
const history = fc.record({
  events: fc.array(fc.record({ subject: fc.nat(SUBJECTS - 1), minute, values: fc.array(value, { minLength: 1, maxLength: 4 }), isDemo: fc.boolean() }), { minLength: 1, maxLength: 7 }),
  corrections: fc.array(
    fc.record({ kind: fc.constantFrom('retract', 'reassign', 'supersede'), keys: fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }), subject: fc.nat(SUBJECTS - 1), at: fc.nat(3) }),
    { maxLength: 4 },
  ),
  /** In which batch each of the above comes, and in which it comes again. */
  turns: fc.array(fc.nat(3), { minLength: 11, maxLength: 11 }),
  repeats: fc.array(fc.nat(10), { maxLength: 4 }),
})
type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never

/** The events of a history as a gateway sends them, and what is to be left of them: minutes and values of each subject. */
function told({ events, corrections }: History, run: string) {
  const nameOf = (subject: number): string => `${run}-${subject}`
  const keyOf = (index: number): string => `${run}/${index}`
  const sent = events.map(({ subject, minute: at, values, isDemo }, index) => {
    const event = vitals({ subject: nameOf(subject), key: keyOf(index), atMs: START_MS + at * 60_000, values })
    return { ...event, data: { ...event.data, q: values.map(() => (isDemo ? 100 : 0)) } }
  })
  const corrected = corrections.map(({ kind, keys, subject, at }, index) => {
    const [target = 0] = keys
    const key = `${run}/correction-${index}`
    if (kind === 'supersede') return { ...vitals({ subject: nameOf(subject), key, atMs: START_MS + at * 60_000, values: [index] }), revision: 1, supersedes: keyOf(target) }
    return correction({ kind, keys: keys.map(keyOf), subject: nameOf(subject), reason: 'association' }, { key, atMs: START_MS + at })
  })
  const left = events.flatMap(({ subject, minute: at, values, isDemo }, index) => {
    const said = corrections.map((made, place) => ({ ...made, place })).filter(({ kind, keys }) => (kind === 'supersede' ? keys[0] === index : keys.includes(index)))
    if (said.some(({ kind }) => kind !== 'reassign')) return []
    const last = said.toSorted((a, b) => a.at - b.at || a.place - b.place).at(-1)
    return [{ subject: nameOf(last?.subject ?? subject), at, values: isDemo ? [] : values }]
  })
  const instead = corrections.flatMap(({ kind, subject, at }, index) => (kind === 'supersede' ? [{ subject: nameOf(subject), at, values: [index] }] : []))
  return { sent: [...sent, ...corrected], left: [...left, ...instead], subjects: Array.from({ length: SUBJECTS }, (_, subject) => nameOf(subject)) }
}

function batchesOf(sent: readonly { readonly key: string }[], { turns, repeats }: History): readonly WireBatch[] {
  const turnOf = (index: number): number => turns[index] ?? 0
  const order = [0, 1, 2, 3].map(turn => sent.filter((_, index) => turnOf(index) === turn))
  const again = repeats.flatMap(index => sent.slice(index, index + 1))
  return [...order, again].filter(events => events.length > 0).map(events => batch(events))
}

onBothEngines('the platform', ({ desk, name }) => {
  test('keeps roll-ups equal to the values, whatever order batches, repeats and corrections come in', async () => {
    await fc.assert(fc.asyncProperty(history, async drawn => {
      const { sent, left, subjects } = told(drawn, randomUUID())
      for (const made of batchesOf(sent, drawn)) expect((await desk().send(made)).body).toMatchObject({ rejected: [] })
      for (const subject of subjects) {
        const own = left.filter(event => event.subject === subject)
        const values = own.flatMap(event => event.values).filter(found => found !== null)
        for (const grain of GRAINS) {
          const kept = await rollUps(desk(), subject, grain, false)
          expect(kept).toEqual(await rollUps(desk(), subject, grain, true))
          expect(kept.reduce((sum, row) => sum + Number(row['readings']), 0)).toBe(values.length)
          const low = Math.min(...kept.map(row => Number(row['min'])))
          expect(low).toBe(Math.min(...values))
        }
        const minutes = new Set(own.filter(event => event.values.some(found => found !== null)).map(event => iso(START_MS + event.at * 60_000)))
        expect(new Set((await rollUps(desk(), subject, 'minute', false)).map(row => row['time']))).toEqual(minutes)
        expect(await desk().counts(subject)).toEqual(await desk().counts(subject, true))
        expect((await desk().get(`/api/v1/patients/${subject}`)).status).toBe(own.length > 0 ? 200 : 404)
      }
    }), { numRuns: name === 'pglite' ? 12 : 25 })
  })

  test('gives mean, least, greatest and last of a bucket; a late value is in it, a demonstration of the device is not', async () => {
    const subject = randomUUID()
    const demo = vitals({ subject, atMs: START_MS + 2_000, values: [250] })
    await desk().send(batch([vitals({ subject, atMs: START_MS + 10_000, values: [70, 90] }), { ...demo, data: { ...demo.data, q: [100] } }]))
    await desk().send(batch([vitals({ subject, atMs: START_MS, values: [50, null] })]))
    const bucket = { metric: HR, unit: '/min', time: iso(START_MS), readings: 3, min: 50, max: 90, mean: 70, last: 90 }
    for (const grain of GRAINS) expect(await rollUps(desk(), subject, grain, false)).toMatchObject([grain === 'minute' ? bucket : { ...bucket, minutes: 1 }])
  })

  test('hands alerts over to whose they are, and forgets those that were retracted', async () => {
    const [wrong, right, alertId] = [randomUUID(), randomUUID(), randomUUID()]
    const [moved, gone] = [alert({ subject: wrong, alertId }), alert({ subject: wrong, alertId: randomUUID() })]
    await desk().send(batch([moved, gone]))
    await desk().send(batch([correction({ kind: 'reassign', keys: [moved.key], subject: right }), correction({ kind: 'retract', keys: [gone.key], subject: null })]))
    const alerts = (await desk().get('/api/v1/alerts?limit=1000')).rows
    expect(alerts.filter(row => row['patient_id'] === wrong)).toEqual([])
    expect(alerts.filter(row => row['patient_id'] === right)).toMatchObject([{ alert_id: alertId }])
  })

  test('shows each event as it came, whatever minutes its values lie in, and whatever corrections made of it', async () => {
    const quality = fc.oneof(fc.nat(200), fc.maxSafeInteger().map(code => code % 1e14), fc.constantFrom('"', '\\', ',', 'NULL', '{}', 'probe-off', ' ', "'"))
    const shape = fc.array(fc.tuple(fc.integer({ min: -200_000, max: 200_000 }), value, quality), { minLength: 1, maxLength: 6 })
    await fc.assert(fc.asyncProperty(fc.array(shape, { minLength: 3, maxLength: 3 }), fc.nat(59_999), async (shapes, withinMinute) => {
      const [subject, right] = [randomUUID(), randomUUID()]
      const events = shapes.map((values, index) => {
        const event = vitals({ subject, atMs: START_MS + withinMinute, metric: `VIGIL_${index}` })
        // Minute after minute; within one as they came.
        const sorted = values.toSorted(([a], [b]) => Math.floor((withinMinute + a) / 60_000) - Math.floor((withinMinute + b) / 60_000))
        return { ...event, data: { ...event.data, loinc: null, t: sorted.map(([t]) => t), v: sorted.map(([, v]) => v), q: sorted.map(([, , q]) => q) } }
      })
      const shown = async () => {
        const rows = (await desk().get('/api/v1/analytics/events?limit=20')).rows
        return events.map(({ key }) => rows.find(row => row['key'] === key)).map(row => [row?.['data'], row?.['retracted'], row?.['moved_to']])
      }
      expect((await desk().send(batch(events))).body).toMatchObject({ accepted: 3, rejected: [] })
      expect(await shown()).toEqual(events.map(({ data }) => [data, false, null]))
      const [, moved, gone] = events
      await desk().send(batch([correction({ kind: 'reassign', keys: [moved?.key], subject: right }), correction({ kind: 'retract', keys: [gone?.key] })]))
      expect(await shown()).toEqual(events.map((event) => [event.data, event === gone, event === moved ? right : null]))
    }), { numRuns: name === 'pglite' ? 6 : 20 })
  })

  test('refuses a correction that does not say whose the rows are', async () => {
    const answer = await desk().send(batch([correction({ kind: 'reassign', keys: ['k'] }), correction({ kind: 'retract', keys: [] })]))
    expect(answer.body.rejected?.map(row => row.index)).toEqual([0, 1])
  })

  // ── Completeness and alarm load ────────────────────────────────────────────────────────────────────────────────────

  test('says of each hour how much of what was expected is there, and why the rest is not', async () => {
    const subject = randomUUID()
    const at = (minutes: number): number => START_MS + minutes * 60_000
    const heard = Array.from({ length: 60 }, (_, index) => index).filter(index => index < 30 || index >= 45)
    await desk().send(batch([
      ...heard.map(index => vitals({ subject, atMs: at(index), values: [70] })),
      vitals({ subject, metric: 'MDC_RESP_RATE', atMs: at(0), values: [15] }),
      vitals({ subject, metric: 'VIGIL_SITE_OWN', atMs: at(0), values: [1] }), vitals({ subject, metric: 'VIGIL_SITE_OWN', atMs: at(7), values: [2] }),
      gaps(subject, at(0), 'limits/hr', 'armed'), gaps(subject, at(30), 'limits/hr', 'sensor-off'), gaps(subject, at(45), 'limits/hr', 'armed'),
      gaps(subject, at(10), 'limits/rr', 'away'),
    ]))
    const rows = (await desk().get('/api/v1/analytics/completeness?hours=168')).rows.filter(row => row['subject'] === subject)
    expect(rows).toEqual([
      { subject, metric: HR, label: 'HR', unit: '/min', time: iso(START_MS), heard: 45, expected: 60, percent: 75, why: 'sensor-off' },
      // From the tenth minute on the patient is away: nothing is missing of what nobody could measure.
      { subject, metric: 'MDC_RESP_RATE', label: 'Resp', unit: '/min', time: iso(START_MS), heard: 1, expected: 10, percent: 10, why: 'away' },
      // Of a metric that a site added and of which nobody said how often it is to be heard, there is no share to tell.
      { subject, metric: 'VIGIL_SITE_OWN', label: 'VIGIL_SITE_OWN', unit: '/min', time: iso(START_MS), heard: 2, expected: 0, percent: null, why: null },
    ])
    expect((await desk().get(`/api/v1/analytics/completeness?hours=${centralLimits.completenessHoursMax + 1}`)).status).toBe(422)
  })

  test('counts alerts by subject, day and priority, with the median time to their end', async () => {
    const subject = randomUUID()
    const lasting = (seconds: number) => {
      const alertId = randomUUID()
      return [alert({ subject, alertId }), alert({ subject, alertId, phase: 'end', state: 'inactive', atMs: START_MS + seconds * 1_000 })]
    }
    await desk().send(batch([vitals({ subject }), ...lasting(10), ...lasting(20), ...lasting(600), alert({ subject, alertId: randomUUID() })]))
    const rows = (await desk().get('/api/v1/analytics/alarm-load')).rows.filter(row => row['subject'] === subject)
    expect(rows).toEqual([{ subject, lane: 'live', day: iso(START_MS), priority: 'high', alerts: 4, median_s: 20 }])
    expect((await desk().get(`/api/v1/analytics/alarm-load?days=${centralLimits.alarmLoadDaysMax + 1}`)).status).toBe(422)
  })

  // ── Fleet and lanes ────────────────────────────────────────────────────────────────────────────────────────────────

  test('knows each gateway: when it was heard of, how far behind it is, which version it runs', async () => {
    const gatewayId = randomUUID()
    const from = (lane: string) => ({ metadata: { gatewayId, lane, version: '1.2.3' } })
    const sent = batch([vitals({ subject: randomUUID(), atMs: START_MS - 30_000, values: [1] }), 'not an event'], from('live'))
    await desk().send(sent)
    await desk().send(batch(sent.events, from('live')))
    await desk().send(batch([vitals({ subject: randomUUID(), atMs: Date.UTC(2026, 0, 1) })], from('release')))
    const rows = (await desk().get('/api/v1/analytics/fleet?limit=1000')).rows.filter(row => row['gateway'] === gatewayId)
    expect(rows).toMatchObject([
      { lane: 'live', version: '1.2.3', last_seen_at: iso(START_MS), lag_s: 30, batches: 2, events: 1, duplicates: 1, rejected: 2 },
      { lane: 'release', lag_s: null, events: 1 },
    ])
  })

  test('shows of the release lane nothing that is of now', async () => {
    const subject = randomUUID()
    const gatewayId = randomUUID()
    await desk().send(batch([vitals({ subject, atMs: START_MS + 86_400_000 })], { metadata: { lane: 'release', organizationId: 'drawn-anew', gatewayId } }))
    // The page marks what is plotted of it, and lists the release by its name, once, among the releases and not among gateways that last.
    expect((await desk().get(`/subjects/${subject}`)).text).toContain('released: times of nobody')
    expect((await desk().get('/')).text.split(gatewayId.slice(0, 10))).toHaveLength(2)
    expect((await desk().get('/api/v1/streaming/live-data')).rows.filter(row => row['patient_id'] === subject)).toEqual([])
    expect((await desk().get(`/api/v1/patients/${subject}`)).status).toBe(200)
  })

  // ── Tenants ────────────────────────────────────────────────────────────────────────────────────────────────────────

  test('shows an organisation nothing of another, on whatever address', async () => {
    const [subject, alertId, gatewayId] = [randomUUID(), randomUUID(), randomUUID()]
    const own = { metadata: { organizationId: 'hospital-a', gatewayId } }
    const device = { ...gaps(subject, START_MS, 'limits/hr', 'armed'), eventType: 'device-metrics', data: { of: subject } }
    const sent = batch([vitals({ subject }), alert({ subject, alertId }), gaps(subject, START_MS, 'limits/hr', 'armed'), device], own)
    expect((await desk().send(sent, bearer('hospital-a'))).body).toMatchObject({ accepted: 4 })
    const seen = async (path: string, tenant: string): Promise<boolean> => {
      const { status, text }: Answer = await desk().get(path, bearer(tenant))
      expect([200, 404]).toContain(status)
      return [subject, alertId, gatewayId, sent.batchId].some(named => text.includes(named)) || (status === 200 && path.includes(subject) && text !== '[]')
    }
    const shows = [
      `/api/v1/patients/${subject}`, `/api/v1/patients/${subject}/vital-signs`, `/api/v1/patients/${subject}/predictions`,
      `/api/v1/analytics/vital-signs-trends?patient_id=${subject}`, `/api/v1/analytics/roll-ups?patient_id=${subject}`,
      `/api/v1/analytics/roll-ups?patient_id=${subject}&recount=true`, '/api/v1/patients', '/api/v1/alerts', '/api/v1/analytics/counts',
      '/api/v1/analytics/counts?recount=true', '/api/v1/analytics/batches', '/api/v1/analytics/events', '/api/v1/analytics/fleet',
      '/api/v1/analytics/completeness', '/api/v1/analytics/alarm-load', '/api/v1/streaming/live-data',
    ]
    for (const path of shows) expect([path, await seen(path, 'hospital-a'), await seen(path, 'hospital-b')]).toEqual([path, true, false])
    // Of sums there is nothing to recognise: the other's are those of nobody.
    expect((await desk().get('/api/v1/analytics/patient-summary', bearer('hospital-b'))).body).toMatchObject({ patients: 0, values: 0, open_alerts: {} })
    expect((await desk().get('/api/v1/streaming/status', bearer('hospital-b'))).body).toMatchObject({ batches: 0, events: 0, lastEventAt: null })
    const reads = await desk().get('/api/v1/analytics/fleet', { authorization: 'Bearer of-nobody-at-all-here' })
    expect(reads.status).toBe(401)
    expect((await desk().get('/control/faults', bearer('hospital-a'))).status).toBe(403)
    // The pages: with a token as password, from another machine or this.
    const basic = (tenant: string) => ({ authorization: `Basic ${Buffer.from(`me:${TENANTS.get(tenant)}`).toString('base64')}` })
    expect((await desk().get('/', basic('hospital-a'))).text).toContain(subject)
    expect((await desk().get('/', basic('hospital-b'))).text).not.toContain(subject)
    expect((await desk().get(`/subjects/${subject}`, basic('hospital-b'))).text).not.toContain('<td>80</td>')
  })

  test('takes from an organisation what is its own alone, and a key of one is none of the other', async () => {
    const event = vitals({ subject: randomUUID(), values: [7] })
    const of = (organizationId: string, lane = 'live') => batch([event], { metadata: { organizationId, lane } })
    expect(await desk().send(of('hospital-b'), bearer('hospital-a'))).toMatchObject({ status: 403, body: { code: 'ANALYTICS_006' } })
    expect((await desk().send(of('hospital-a'), bearer('hospital-a'))).body).toMatchObject({ accepted: 1, duplicates: 0 })
    expect((await desk().send(of('hospital-b'), bearer('hospital-b'))).body).toMatchObject({ accepted: 1, duplicates: 0 })
    // The release lane names its organisation by a word drawn anew; whose it is, the token says.
    expect((await desk().send(of('drawn-anew', 'release'), bearer('hospital-a'))).body).toMatchObject({ accepted: 1, duplicates: 1 })
    // A name is claimed by who sends live rows, under the organisation's own name; a release says of nobody that it comes.
    const claimAs = async (organizationId: string): Promise<number> => {
      const body = JSON.stringify({ organizationId, gatewayId: 'g', epochs: [] })
      return (await fetch(`${desk().url}/api/v1/analytics/gateways`, { method: 'POST', headers: { ...bearer('hospital-a'), 'vigil-instance': 'i' }, body })).status
    }
    expect([await claimAs('hospital-a'), await claimAs('hospital-b'), await claimAs('drawn-anew')]).toEqual([200, 403, 403])
  })

  test('sends a dashboard the alerts and metrics of its organisation, and none of another', async () => {
    const listen = async (tenant: string) => {
      const socket = new WebSocket(`${desk().url.replace('http', 'ws')}/ws/analytics/d/`, { headers: bearer(tenant) })
      const heard: string[] = []
      const { promise: subscribed, resolve } = Promise.withResolvers<void>()
      socket.on('message', bytes => {
        heard.push(Buffer.isBuffer(bytes) ? bytes.toString() : '')
        resolve()
      })
      await new Promise(opened => socket.once('open', opened))
      socket.send('{"type":"subscribe_metrics","dashboard_id":"d"}')
      await subscribed
      return { heard, socket }
    }
    const [a, b] = [await listen('hospital-a'), await listen('hospital-b')]
    const [subject, later] = [randomUUID(), randomUUID()]
    const sending = async (tenant: string, of: string): Promise<void> => {
      const metadata = { organizationId: tenant, gatewayId: `gateway-${tenant}` }
      await desk().send(batch([vitals({ subject: of }), alert({ subject: of, alertId: randomUUID() })], { metadata }), bearer(tenant))
    }
    await sending('hospital-a', subject)
    await sending('hospital-b', later)
    const hears = ({ heard }: typeof a, of: string): boolean => heard.some(text => text.includes('"alert"') && text.includes(of))
    while (!hears(b, later) || !hears(a, subject)) await new Promise(turn => setImmediate(turn))
    expect(a.heard.some(text => text.includes(later))).toBe(false)
    expect(b.heard.some(text => text.includes(subject))).toBe(false)
    const again = await listen('hospital-b')
    expect(again.heard[0]).toContain(later)
    expect(again.heard[0]).not.toContain(subject)
    for (const { socket } of [a, b, again]) socket.terminate()
  })

  // ── Retention: the clock moves on here, so this comes last ─────────────────────────────────────────────────────────

  test('drops single values that are too old, day by day, and keeps their hours, their keys and all that is younger', async () => {
    const [subject, gatewayId] = [randomUUID(), randomUUID()]
    const day = (days: number): number => START_MS + days * 86_400_000
    const { valueDays } = centralLimits
    const [old, last, young] = [vitals({ subject, atMs: day(-valueDays), values: [50] }), vitals({ subject, atMs: day(1 - valueDays), values: [60] }), vitals({ subject, values: [70] })]
    const sent = batch([old, last, young], { metadata: { gatewayId } })
    expect((await desk().send(sent)).body).toMatchObject({ accepted: 3 })
    desk().clock.advance(centralLimits.retentionPauseMs)
    while ((await desk().counts(subject, true))[HR] !== 2) await new Promise(turn => setImmediate(turn))
    const values = (await desk().get(`/api/v1/patients/${subject}/vital-signs`)).rows.map(row => row['value'])
    expect(values).toEqual([70, 60])
    expect((await rollUps(desk(), subject, 'hour', false)).map(row => row['mean'])).toEqual([50, 60, 70])
    expect((await desk().send(batch(sent.events, { metadata: { gatewayId } }))).body).toMatchObject({ accepted: 3, duplicates: 3 })
    expect((await desk().get('/api/v1/analytics/events?limit=1000')).rows.find(row => row['key'] === old.key)).toMatchObject({ data: null, retracted: false })
    // A correction of what is young leaves the hours of what is gone alone.
    await desk().send(batch([correction({ kind: 'retract', keys: [last.key, young.key] })], { metadata: { gatewayId } }))
    expect((await rollUps(desk(), subject, 'hour', false)).map(row => row['mean'])).toEqual([50])
  })
})
