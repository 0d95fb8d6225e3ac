/** What the configuration says of sinks, as the sync thread is given it: files and secrets read, names settled. */

import { laneOf } from '../config/release.ts'
import type { SecretSetting, Site } from '../config/schema.ts'
import type { PlaceSetting, SinkSetting } from '../config/sinks.ts'
import { ALL, type Filter } from './filter.ts'
import type { LaneName } from './lanes.ts'
import type { ReleaseSettings } from './release-stays.ts'
import { LANE_OF, type SinkSpec } from './sinks/open.ts'
import type { NatsLogin } from './sinks/nats-jetstream.ts'
import type { TlsSpec } from './sinks/tls.ts'

/** One sink with all that is its own; plain data, for it is copied. */
export type Delivery = {
  readonly id: string
  readonly lane: LaneName
  /** Of the release lane. */
  readonly release?: ReleaseSettings
  readonly to: SinkSpec
  readonly fallback: SinkSpec | null
  readonly filter: Filter
  readonly eventsPerSecond: number | null
  /** Minutes since midnight in the ward's zone. */
  readonly between: { readonly fromMinute: number; readonly toMinute: number } | null
}

export type Readers = {
  readonly secretOf: (secret: SecretSetting) => string
  /** The text of a file that is named relative to the site's. */
  readonly fileOf: (path: string) => string
}

/** None where nothing is to leave. @throws Error with a sentence when a secret or a file is missing. */
export function deliveriesOf(site: Pick<Site, 'sync' | 'beds' | 'gateway'>, readers: Readers): readonly Delivery[] {
  const { sync } = site
  const general = laneOf(sync)
  const deliveryOf = (setting: SinkSetting): Delivery => {
    const lane = setting.to.kind === 'hl7-oru' ? LANE_OF['hl7-oru'] : (setting.lane ?? (general === 'none' ? LANE_OF[setting.to.kind] : general))
    return { ...ofSink(setting, lane, readers), ...(lane === 'release' ? { release: releaseOf(site) } : {}) }
  }
  const listed = sync.sinks.map(deliveryOf)
  if (general === 'none') return listed.filter(({ lane }) => lane === 'hospital')
  if (listed.some(({ lane }) => lane !== 'hospital') || sync.url === undefined || sync.token === undefined) return listed
  const { url, token, ca } = sync
  return [deliveryOf({ to: { kind: 'https-batch', url, token, compression: 'gzip', ...(ca === undefined ? {} : { ca }) } }), ...listed]
}

/** Every secret that a site's sinks name. */
export const sinkSecretsOf = ({ sync }: Pick<Site, 'sync'>): readonly SecretSetting[] =>
  sync.sinks.flatMap(({ to, fallback }) => [to, fallback].flatMap((place) => (place === undefined ? [] : secretsIn(place))))

function secretsIn(place: PlaceSetting): readonly SecretSetting[] {
  switch (place.kind) {
    case 'https-batch':
    case 'patients-api':
      return [place.token]
    case 'kafka':
      return place.sasl ? [place.sasl.password] : []
    case 'nats-jetstream':
      return [place.token, place.user?.password].filter((one) => one !== undefined)
    case 'postgres':
      return place.password ? [place.password] : []
    case 'hl7-oru':
      return []
  }
}

const HOUR_MS = 3_600_000

/** `bed` and `ward` are fields as the others are. */
function releaseOf({ sync: { release, fields }, beds, gateway }: Pick<Site, 'sync' | 'beds' | 'gateway'>): ReleaseSettings {
  const { method, delayHours, staysMin, gatherHours } = release
  return {
    method, staysMin, delayFromMs: delayHours.from * HOUR_MS, delayToMs: delayHours.to * HOUR_MS, gatherMs: gatherHours * HOUR_MS,
    fields: fields.map(({ ttl, ...field }) => ({ ...field, ttl: ttl ?? null })),
    values: Object.fromEntries(beds.map((bed) => [bed.id, { ...bed.fields, bed: bed.label, ward: gateway.ward }])),
  }
}

function ofSink({ id, to, fallback, events, metrics, eventsPerSecond, between }: SinkSetting, lane: LaneName, readers: Readers): Delivery {
  return {
    id: id ?? to.kind,
    lane,
    to: specOf(to, readers),
    fallback: fallback === undefined ? null : specOf(fallback, readers),
    filter: events !== undefined || metrics !== undefined ? { events: events ?? null, metrics: metrics ?? null } : to.kind === 'patients-api' ? SETS_ALONE : ALL,
    eventsPerSecond: eventsPerSecond ?? null,
    between: between === undefined ? null : { fromMinute: minuteOf(between.from), toMinute: minuteOf(between.to) },
  }
}

/** All else it could do nothing with. */
const SETS_ALONE: Filter = { events: ['vital-signs'], metrics: null }

function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

function specOf(place: PlaceSetting, readers: Readers): SinkSpec {
  const { secretOf } = readers
  switch (place.kind) {
    case 'https-batch':
      return { kind: place.kind, ...httpOf(place, readers), compression: place.compression }
    case 'patients-api':
      return {
        kind: place.kind, ...httpOf(place, readers), placeholders: place.placeholders,
        freshMs: place.freshSeconds * 1_000, everyMs: place.everySeconds * 1_000,
      }
    case 'kafka':
      return {
        kind: place.kind, brokers: place.brokers, tls: tlsOf(place.tls, readers), topicPrefix: place.topicPrefix,
        sasl: place.sasl ? { ...place.sasl, password: secretOf(place.sasl.password) } : null,
      }
    case 'nats-jetstream':
      return { kind: place.kind, servers: place.servers, tls: tlsOf(place.tls, readers), login: loginOf(place, readers) }
    case 'postgres':
      return { kind: place.kind, url: place.url, password: place.password ? secretOf(place.password) : null, tls: tlsOf(place.tls, readers) }
    case 'hl7-oru': {
      const { kind, host, port, tls, ...header } = place
      return { kind, host, port, tls: tlsOf(tls, readers), header }
    }
  }
}

type Pems = { readonly ca?: string | undefined; readonly certificate?: { readonly cert: string; readonly key: string } | undefined }

const pemsOf = ({ ca, certificate }: Pems, { fileOf }: Readers): TlsSpec => ({
  ca: ca === undefined ? null : fileOf(ca),
  certificate: certificate === undefined ? null : { cert: fileOf(certificate.cert), key: fileOf(certificate.key) },
})
const tlsOf = (tls: Pems | undefined, readers: Readers): TlsSpec | null => (tls === undefined ? null : pemsOf(tls, readers))
const httpOf = (place: Pems & { readonly url: string; readonly token: SecretSetting }, readers: Readers) =>
  ({ url: place.url, token: readers.secretOf(place.token), ...pemsOf(place, readers) })

type NatsPlace = Extract<PlaceSetting, { kind: 'nats-jetstream' }>
function loginOf({ user, token }: NatsPlace, { secretOf }: Readers): NatsLogin {
  if (user) return { kind: 'user', user: user.name, password: secretOf(user.password) }
  return token ? { kind: 'token', token: secretOf(token) } : { kind: 'none' }
}
