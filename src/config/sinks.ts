/** Where readings are sent: the sinks of `sync.sinks`, as the site's file names them. */

import { z } from 'zod'
import { SENT_EVENTS } from '../domain/batch.ts'
import { isId } from '../domain/ids.ts'
import { syncLimits } from '../limits.ts'
import { laneOfSink } from './release.ts'

/** Secrets never stand in the file: they come from a file (a systemd credential, say) or the environment. */
export const secret = z.union([
  z.strictObject({ file: z.string().min(1).describe('Path of a file that holds the secret and nothing else. Relative to this file.') }),
  z.strictObject({ env: z.string().min(1).describe('Name of an environment variable.') }),
])

const pem = (what: string) => z.string().min(1).describe(`Path of ${what}, PEM.`)
const certificate = z.strictObject({ cert: pem('our certificate'), key: pem('its private key') })
const tls = z.strictObject({
  ca: pem('the authority that signed the certificate of the other side').optional(),
  certificate: certificate.optional().describe('Who we are, where the other side asks for it.'),
})
const address = z.string().regex(/^(\[[0-9a-f:]+\]|[^:\s/]+):\d{1,5}$/i, 'must be host:port')
const addresses = z.array(address).min(1).max(16)
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as "22:00"')
const word = z.string().max(64)

const http = {
  url: z.url().describe('Base address; https unless loopback.'),
  token: secret,
  ca: pem('the certificate authority that it is signed by').optional(),
  certificate: certificate.optional().describe('Who we are, where the other side asks for it.'),
}

const httpsBatch = z.strictObject({
  kind: z.literal('https-batch'),
  ...http,
  compression: z.enum(['gzip', 'zstd']).default('gzip').describe('zstd makes less of it, and not every server reads it.'),
})

const patientsApi = z.strictObject({
  kind: z.literal('patients-api'),
  ...http,
  freshSeconds: z
    .int()
    .min(10)
    .max(86_400)
    .default(300)
    .describe('A set of vital signs is posted when all six are at most so old. How many sets were not whole is counted.'),
  everySeconds: z.int().min(1).max(3_600).default(60).describe('Between two sets of one patient.'),
  placeholders: z
    .record(z.string().min(1).max(64), z.string().max(200))
    .default({
      first_name: 'Not sent', last_name: 'De-identified', date_of_birth: '1900-01-01', gender: 'unknown',
      address: 'not sent', phone: 'not sent', email: 'not-sent@example.invalid',
    })
    .describe('Fields of the patient row that the platform requires, and what is said instead of them.'),
})

const kafka = z.strictObject({
  kind: z.literal('kafka'),
  brokers: addresses.describe('host:port of brokers to begin with.'),
  tls: tls.optional().describe('Needed unless all brokers are on this machine.'),
  sasl: z.strictObject({ mechanism: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']), username: z.string().min(1), password: secret }).optional(),
  topicPrefix: z.string().regex(/^[A-Za-z0-9._-]{0,64}$/).default('').describe('In front of vital-signs, alerts and so on.'),
})

const natsJetstream = z.strictObject({
  kind: z.literal('nats-jetstream'),
  servers: addresses.describe('host:port of the members of the cluster.'),
  tls: tls.optional().describe('Needed unless all servers are on this machine.'),
  token: secret.optional(),
  user: z.strictObject({ name: z.string().min(1), password: secret }).optional(),
})

const postgres = z.strictObject({
  kind: z.literal('postgres'),
  url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgresql://')
    .describe('postgresql://user@host:5432/database. Its tables are made where they are missing.'),
  password: secret.optional(),
  tls: tls.optional().describe('Needed unless it is on this machine.'),
})

const hl7Oru = z.strictObject({
  kind: z.literal('hl7-oru'),
  host: z.string().min(1).describe("The hospital's interface engine or record system."),
  port: z.int().min(1).max(65_535),
  tls: tls.optional(),
  sendingApplication: word.default('VIGIL').describe('MSH-3.'),
  sendingFacility: word.default('').describe('MSH-4.'),
  receivingApplication: word.default('').describe('MSH-5.'),
  receivingFacility: word.default('').describe('MSH-6.'),
  assigningAuthority: word.default('').describe('PID-3.4: who issued the record numbers.'),
  unit: word.default('').describe('PV1-3.1: the ward, as the record system calls it.'),
})

const place = z.discriminatedUnion('kind', [httpsBatch, patientsApi, kafka, natsJetstream, postgres, hl7Oru])
/** What may stand in for another: only what drops repeats, for both may get the same events. */
const standIn = z.discriminatedUnion('kind', [httpsBatch, kafka, natsJetstream, postgres])

export const sinks = z
  .array(
    z.strictObject({
      id: z
        .string()
        .refine(isId, 'must be 1 to 64 letters, digits and ._:@/-')
        .optional()
        .describe('Its name; its kind where none is given. How far it is hangs on it: with a new name it begins anew.'),
      to: place.describe('Where it sends; its kind is https-batch, patients-api, kafka, nats-jetstream, postgres or hl7-oru.'),
      lane: laneOfSink.optional().describe('release or live, for this sink alone; else as `sync.lane`. What stays in the hospital has none.'),
      fallback: standIn
        .optional()
        .describe('Of kind https-batch, kafka, nats-jetstream or postgres. Gets the batches while the other does not answer; both are to drop repeats by event key.'),
      events: z.array(z.enum(SENT_EVENTS)).min(1).optional().describe('These alone.'),
      metrics: z.array(z.string().min(1)).min(1).optional().describe('Values of these alone, by MDC reference id.'),
      eventsPerSecond: z.number().min(1).max(100_000).optional().describe('At most so many, on the average.'),
      between: z.strictObject({ from: timeOfDay, to: timeOfDay }).optional().describe("Only at these hours, by the ward's time zone."),
    }),
  )
  .max(syncLimits.sinksMax)
  .default([])
  .describe('Where it is sent, each with a cursor, dead letters and a breaker of its own. Without any: to `url`, as https-batch.')

export type SinkSetting = z.output<typeof sinks>[number]
export type PlaceSetting = z.output<typeof place>
