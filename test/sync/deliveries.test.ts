import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseSite } from '../../src/config/load.ts'
import { tooSoon } from '../../src/config/release.ts'
import { type Readers, deliveriesOf, sinkSecretsOf } from '../../src/sync/deliveries.ts'
import { syncLimits } from '../../src/limits.ts'
import { LANE_OF, openSink } from '../../src/sync/sinks/open.ts'

const example = readFileSync(new URL('../../config/site.example.yaml', import.meta.url), 'utf8')
const withSync = (yaml: string) => parseSite(`${example.replace(/^sync:\n(?:[ #].*\n|\n)*/m, '')}\nsync:\n${yaml}\n`, 'site.yaml')
const READERS: Readers = { secretOf: (secret) => ('file' in secret ? `of ${secret.file}` : `of ${secret.env}`), fileOf: (path) => `text of ${path}` }

function deliveries(yaml: string) {
  const loaded = withSync(yaml)
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  return deliveriesOf(loaded.site, READERS)
}
function problems(yaml: string): string {
  const loaded = withSync(yaml)
  return loaded.kind === 'wrong' ? loaded.problems.join('\n') : ''
}

const KAFKA = '{ kind: kafka, brokers: ["127.0.0.1:1"] }'
const CENTRAL = '{ to: { kind: https-batch, url: https://c.example, token: { env: T } } }'

describe('what the configuration says of sinks', () => {
  it('may be the short form for one: it keeps its name, and with it its cursor', () => {
    expect(deliveries('  lane: live\n  agreement: a\n  url: https://c.example\n  token: { file: t }\n  ca: ca.pem')).toEqual([{
      id: 'https-batch', lane: 'live', fallback: null, filter: { events: null, metrics: null }, eventsPerSecond: null, between: null,
      to: { kind: 'https-batch', url: 'https://c.example', token: 'of t', ca: 'text of ca.pem', certificate: null, compression: 'gzip' },
    }])
  })

  it('may be several of all kinds, each with what is its own', () => {
    const all = deliveries(`  lane: live
  agreement: a
  sinks:
    - { id: main, to: { kind: https-batch, url: https://c.example, token: { env: T }, certificate: { cert: c.pem, key: k.pem }, compression: zstd }, fallback: { kind: postgres, url: postgresql://v@127.0.0.1/x } }
    - { to: { kind: kafka, brokers: ["b1:9093", "b2:9093"], tls: { ca: ca.pem }, sasl: { mechanism: PLAIN, username: u, password: { env: P } } }, events: [vital-signs], metrics: [MDC_ECG_HEART_RATE] }
    - { to: { kind: nats-jetstream, servers: ["127.0.0.1:4222"], user: { name: u, password: { file: p } } }, eventsPerSecond: 100, between: { from: "22:00", to: "05:30" } }
    - { to: { kind: patients-api, url: https://p.example, token: { env: T } } }
    - { to: { kind: hl7-oru, host: ehr, port: 2575, unit: ICU } }`)
    expect(all.map(({ id, lane }) => [id, lane])).toEqual([['main', 'live'], ['kafka', 'live'], ['nats-jetstream', 'live'], ['patients-api', 'live'], ['hl7-oru', 'hospital']])
    expect(all[0]).toMatchObject({ to: { certificate: { cert: 'text of c.pem', key: 'text of k.pem' }, compression: 'zstd' }, fallback: { kind: 'postgres', password: null } })
    expect(all[1]).toMatchObject({ to: { tls: { ca: 'text of ca.pem' }, sasl: { password: 'of P' } }, filter: { events: ['vital-signs'], metrics: ['MDC_ECG_HEART_RATE'] } })
    expect(all[2]).toMatchObject({ to: { login: { kind: 'user', user: 'u', password: 'of p' } }, eventsPerSecond: 100, between: { fromMinute: 1_320, toMinute: 330 } })
    expect(all[3]).toMatchObject({ to: { freshMs: 300_000 }, filter: { events: ['vital-signs'] } })
    expect(all[4]).toMatchObject({ to: { host: 'ehr', tls: null, header: { sendingApplication: 'VIGIL', unit: 'ICU' } } })
    // What is given to the thread is copied.
    expect(structuredClone(all)).toEqual(all)
  })

  it('lets what stays in the hospital run without a lane to central, beside the short form too', () => {
    const ehr = '    - { to: { kind: hl7-oru, host: ehr, port: 2575 } }'
    expect(deliveries(`  sinks:\n${ehr}`).map(({ id }) => id)).toEqual(['hl7-oru'])
    expect(deliveries(`  lane: live\n  agreement: a\n  url: https://c.example\n  token: { env: T }\n  sinks:\n${ehr}`).map(({ id }) => id)).toEqual(['https-batch', 'hl7-oru'])
    expect(deliveries('  lane: none')).toEqual([])
  })

  it.each([
    [`  lane: none\n  sinks: [${CENTRAL}]`, /lane "none" lets nothing leave/],
    [`  lane: live\n  sinks: [${CENTRAL}]`, /needs "sync.agreement"/],
    [`  lane: live\n  agreement: a\n  url: https://c.example\n  token: { env: T }\n  sinks: [${CENTRAL}]`, /short form for one sink/],
    [`  lane: live\n  agreement: a\n  sinks: [${CENTRAL}, ${CENTRAL}]`, /"https-batch" is named twice/],
    ['  sinks: [{ to: { kind: hl7-oru, host: e, port: 1 }, fallback: { kind: https-batch, url: https://c.example, token: { env: T } } }]', /stays in the hospital/],
    ['  lane: live\n  agreement: a', /needs "sync.url"/],
    ['  sinks: [{ to: { kind: kafka, brokers: [broker] } }]', /host:port/],
    [`  lane: live\n  agreement: a\n  sinks: [${Array.from({ length: syncLimits.sinksMax + 1 }, (_, index) => CENTRAL.replace('{ to', `{ id: s${index}, to`)).join(', ')}]`, /sync.sinks/],
  ])('%s is a mistake with a place', (yaml, sentence) => {
    expect(problems(yaml)).toMatch(sentence)
  })

  it('is released where a sink is named and nothing is said of how, and each sink may have a lane of its own', () => {
    const lanesOf = (yaml: string) => deliveries(yaml).map(({ id, lane, release }) => [id, lane, release === undefined ? null : release.method])
    expect(lanesOf('  url: https://c.example\n  token: { env: T }')).toEqual([['https-batch', 'release', 'safe-harbor']])
    expect(lanesOf(`  sinks: [${CENTRAL}]`)).toEqual([['https-batch', 'release', 'safe-harbor']])
    expect(lanesOf(`  agreement: a\n  sinks:\n    - { id: now, lane: live, to: ${KAFKA} }\n    - { to: { kind: hl7-oru, host: ehr, port: 1 } }\n    - ${CENTRAL}\n  release: { method: date-shift }`))
      .toEqual([['now', 'live', null], ['hl7-oru', 'hospital', null], ['https-batch', 'release', 'date-shift']])
    expect(deliveries('  lane: none')).toEqual([])
  })

  it('says when stays leave, and what the site tells of a bed', () => {
    const [delivery] = deliveries(`  sinks: [${CENTRAL}]\n  fields: [{ fields: [bed, ward], method: tokenize, ttl: 86400 }]\n  release: { delayHours: { from: 2, to: 48 }, staysMin: 7, gatherHours: 10 }`)
    expect(delivery?.release).toMatchObject({
      delayFromMs: 7_200_000, delayToMs: 172_800_000, staysMin: 7, gatherMs: 36_000_000, fields: [{ fields: ['bed', 'ward'], method: 'tokenize', preserveFormat: false, ttl: 86_400 }],
    })
    expect(Object.values(delivery?.release?.values ?? {})[0]).toMatchObject({ bed: expect.any(String), ward: expect.any(String) })
    expect(structuredClone(delivery)).toEqual(delivery)
  })

  it.each([
    [`  lane: release\n  sinks: [{ lane: live, to: ${KAFKA} }]`, /needs "sync.agreement"/],
    ['  sinks: [{ to: { kind: patients-api, url: https://p.example, token: { env: T } } }]', /"patients-api" is of lane "live" alone/],
    ['  agreement: a\n  sinks: [{ lane: live, events: [vital-signs, lab-results], to: { kind: patients-api, url: https://p.example, token: { env: T } } }]', /posts vital signs and nothing else: leave "lab-results" out of "events"/],
    ['  sinks: [{ lane: release, to: { kind: hl7-oru, host: e, port: 1 } }]', /has no lane/],
    ['  lane: release', /lane "release" needs "sync.url"/],
    ['  lane: live\n  agreement: "  "\n  url: https://c.example\n  token: { env: T }', /sync.agreement/],
    [`  sinks: [${CENTRAL}, ${CENTRAL.replace('{ to', '{ id: other, to').replace('c.example', 'c.example/')}]`, /a second sink of lane "release" to one central/],
    [`  sinks: [${CENTRAL}]\n  release: { delayHours: { from: 48, to: 24 } }`, /"to" comes before "from"/],
    [`  sinks: [${CENTRAL}]\n  release: { delayHours: { from: 24, to: 700 } }`, /"retention" deletes it after 336 h/],
    [`  sinks: [${CENTRAL}]\n  fields: [{ fields: ["Bed label"], method: mask }]`, /must begin with a small letter/],
    [`  sinks: [${CENTRAL}]\n  fields: [{ fields: [bed], method: sha1 }]`, /sync.fields/],
  ])('%s is refused', (yaml, sentence) => {
    expect(problems(yaml)).toMatch(sentence)
  })

  it('may be of both lanes to one central', () => {
    expect(problems(`  agreement: a\n  sinks: [${CENTRAL}, ${CENTRAL.replace('{ to', '{ id: now, lane: live, to')}]`)).toBe('')
  })

  it('may not be as fast as a demo where patients are', () => {
    const hasty = (yaml: string) => {
      const loaded = withSync(yaml)
      return loaded.kind === 'wrong' ? loaded.problems.join() : tooSoon(loaded.site.sync)
    }
    expect(hasty(`  sinks: [${CENTRAL}]`)).toBeNull()
    expect(hasty(`  sinks: [${CENTRAL}]\n  release: { delayHours: { from: 0.5, to: 100 } }`)).toMatch(/is for a demo/)
    expect(hasty(`  sinks: [${CENTRAL}]\n  release: { delayHours: { from: 1, to: 24.9 } }`)).toMatch(/is for a demo/)
    expect(hasty(`  sinks: [${CENTRAL}]\n  release: { delayHours: { from: 1, to: 25 } }`)).toBeNull()
    expect(hasty('  lane: none\n  release: { delayHours: { from: 0.5, to: 1 } }')).toBeNull()
  })

  it('names every secret, so that doctor looks at each', () => {
    const loaded = withSync(`  lane: live
  agreement: a
  sinks:
    - { to: { kind: kafka, brokers: ["127.0.0.1:1"], sasl: { mechanism: PLAIN, username: u, password: { env: A } } }, fallback: { kind: https-batch, url: https://c.example, token: { env: B } } }
    - { to: { kind: nats-jetstream, servers: ["127.0.0.1:1"], token: { env: C } } }
    - { to: { kind: postgres, url: "postgresql://v@127.0.0.1/x", password: { env: D } } }
    - { to: { kind: patients-api, url: https://p.example, token: { env: E } } }`)
    if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
    expect(sinkSecretsOf(loaded.site)).toEqual(['A', 'B', 'C', 'D', 'E'].map((env) => ({ env })))
  })
})

describe('a sink that is opened', () => {
  const parts = { id: 'x', organizationId: 'org', instance: 'i', memory: { get: () => null, put: () => undefined, count: () => undefined }, identityOf: () => null }

  it('has one lane for its kind, and what names patients is of the hospital alone', () => {
    expect(Object.entries(LANE_OF).filter(([, lane]) => lane === 'hospital').map(([kind]) => kind)).toEqual(['hl7-oru'])
  })

  it('pauses with the sentence where its setting is wrong, and the others send on', async () => {
    for (const spec of [
      { kind: 'kafka', brokers: ['broker.example:9092'], tls: null, sasl: null, topicPrefix: '' }, { kind: 'nats-jetstream', servers: ['nats.example:4222'], tls: null, login: { kind: 'none' } },
      { kind: 'postgres', url: 'postgresql://v@db.example/x', password: null, tls: null }, { kind: 'https-batch', url: 'http://c.example', token: 't', ca: null, certificate: null, compression: 'gzip' },
    ] as const) {
      const sink = await openSink(spec, parts)
      expect(await sink.send({ batchId: 'b', body: new Uint8Array(), events: 0 }, new AbortController().signal)).toMatchObject({ kind: 'refused', how: 'pause', why: expect.stringMatching(/in clear|not encrypted/) })
      await sink.close()
    }
  })
})
