/** The ways out of alerts: what may stand under `notify`. */

import { z } from 'zod'
import { isId } from '../domain/ids.ts'
import { secret } from './sinks.ts'

const id = z.string().refine(isId, 'must be 1 to 64 letters, digits and ._:@/-')
const port = z.int().min(0).max(65_535)
const host = z.string().min(1)

const alertTypes = z.array(z.enum(['physiological', 'technical', 'advisory'])).min(1)
const alertPriorities = z.array(z.enum(['high', 'medium', 'low'])).min(1)

/** What a way sends, with the defaults of its kind. */
const sendsBy = (types: z.output<typeof alertTypes>, priorities: z.output<typeof alertPriorities>) =>
  z
    .strictObject({
      types: alertTypes.default(types),
      priorities: alertPriorities.default(priorities),
      beds: z.array(id).min(1).optional().describe('Only alerts of these beds. Without it: all, and those that are about no bed.'),
    })
    .prefault({})
    .describe('Which alerts go this way.')

const anyPriority: z.output<typeof alertPriorities> = ['high', 'medium', 'low']
const patientData = (byDefault: boolean) =>
  z.boolean().default(byDefault).describe('Whether what an alert says of a patient may go this way. Without it only "Bed 7: open Vigil".')
const endings = (byDefault: boolean) => z.boolean().default(byDefault).describe('Whether those who were called hear that it is over.')

/** A line of bytes: a serial port of this machine, or one behind a serial server. */
const pagerLine = z.union([
  z.strictObject({
    path: z.string().min(1).describe('The port, best by its stable name under /dev/serial/by-id/.'),
    baudRate: z.int().min(300).max(921_600).default(9_600),
    dataBits: z.union([z.literal(7), z.literal(8)]).default(7),
    parity: z.enum(['none', 'even', 'odd']).default('even'),
    stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
  }),
  z.strictObject({ host, port }),
])
const pagerAddress = z.string().regex(/^[0-9A-Za-z]{1,16}$/, 'must be 1 to 16 letters and digits')
const pagerAddresses = z.array(pagerAddress).min(1).max(64).describe('Numbers of the pagers or DECT phones that are called.')
const pagerTextChars = (byDefault: number, most: number) => z.int().min(16).max(most).default(byDefault).describe('Longest text that the pagers show; more is cut.')
const digit = z.string().regex(/^[0-9]$/, 'must be one digit')

const webhookWay = z.strictObject({
  kind: z.literal('webhook'),
  id,
  url: z.url().describe('https, unless the address is a loopback address.'),
  style: z.enum(['json', 'slack']).default('json'),
  secret: secret.optional().describe('Shared with the receiver: signs each message (HMAC-SHA256).'),
  sends: sendsBy(['technical'], anyPriority),
  patientData: patientData(false),
  endings: endings(true),
})

const mailWay = z.strictObject({
  kind: z.literal('mail'),
  id,
  host,
  port: port.default(587),
  security: z.enum(['starttls', 'tls', 'none']).default('starttls').describe('none only for a server on this machine.'),
  username: z.string().optional(),
  password: secret.optional(),
  from: z.email(),
  to: z.array(z.email()).min(1).max(64),
  sends: sendsBy(['technical'], anyPriority),
  patientData: patientData(false),
  endings: endings(false),
})

const mqttWay = z.strictObject({
  kind: z.literal('mqtt'),
  id,
  url: z.string().regex(/^mqtts?:\/\//, 'must begin with mqtt:// or mqtts://'),
  clientId: z.string().min(1).describe('Not that of a link.'),
  username: z.string().optional(),
  password: secret.optional(),
  ca: z.string().min(1).optional().describe('Path of the certificate authority that the broker is signed by, PEM.'),
  topic: z.string().min(1).max(256).refine((topic) => !/[+#]/.test(topic), 'must not hold + or #').default('vigil/v1/alerts'),
  sends: sendsBy(['technical'], anyPriority),
  patientData: patientData(false),
})

const pcd04Way = z.strictObject({
  kind: z.literal('hl7-pcd04'),
  id,
  host,
  port,
  tls: z.strictObject({ ca: z.string().min(1).optional().describe('Path of the certificate authority, PEM.') }).optional().describe('Without it the messages go unencrypted, as HL7 mostly does.'),
  receivingApplication: z.string().max(64).default('').describe('MSH-5.'),
  receivingFacility: z.string().max(64).default('').describe('MSH-6.'),
  statusListener: z
    .strictObject({ host: host.default('127.0.0.1'), port })
    .optional()
    .describe('Where the alarm manager calls us with PCD-05 status; without it only what it says on our own connection is heard.'),
  sends: sendsBy(['physiological', 'technical', 'advisory'], anyPriority),
  patientData: patientData(true),
})

const espaWay = z.strictObject({
  kind: z.literal('espa'),
  id,
  line: pagerLine,
  role: z.enum(['control', 'station']).default('control').describe('control: we poll the paging system. station: it polls us.'),
  ownAddress: digit.default('1'),
  pagingAddress: digit.default('2'),
  polls: z.boolean().default(true).describe('As control station: poll the paging system when there is nothing to say. Without it, a pulled cable is noticed at the next call.'),
  to: pagerAddresses,
  beep: z.strictObject({ high: digit.default('3'), medium: digit.default('2'), low: digit.default('1') }).prefault({}).describe('Beep coding (record 3) by priority, as the paging system has it.'),
  transmissions: z.int().min(1).max(9).default(1),
  statuses: z
    .partialRecord(z.enum(['delivered', 'displayed', 'accepted', 'failed']), z.array(z.string().min(1).max(4)).max(16))
    .default({})
    .describe('What call states (record 7) of the paging system mean, as its manual has it.'),
  textChars: pagerTextChars(80, 128),
  sends: sendsBy(['physiological', 'technical'], ['high', 'medium']),
  patientData: patientData(true),
  endings: endings(false),
})

const tapWay = z.strictObject({
  kind: z.literal('tap'),
  id,
  line: pagerLine,
  password: secret.optional().describe('Up to six characters behind PG1.'),
  to: pagerAddresses,
  textChars: pagerTextChars(80, 220),
  sends: sendsBy(['physiological', 'technical'], ['high', 'medium']),
  patientData: patientData(true),
  endings: endings(false),
})

export const notify = z
  .strictObject({
    failAfterSeconds: z.int().min(5).max(600).default(30).describe('A way that does not work for so long is an alert.'),
    ways: z.array(z.discriminatedUnion('kind', [webhookWay, mailWay, mqttWay, pcd04Way, espaWay, tapWay])).default([]),
  })
  .prefault({})
  .describe('Ways out of alerts beside our own screens.')

export type NotifySetting = z.output<typeof notify>

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/
const isConfidential = (url: string): boolean => url.startsWith('https://') || (url.startsWith('http://') && LOOPBACK.test(new URL(url).hostname))

/** What the schema cannot say: [where under `notify.ways`, what is wrong]. */
export function notifyProblems({ ways }: NotifySetting, beds: readonly string[]): readonly (readonly [path: readonly PropertyKey[], problem: string])[] {
  const names = ways.map((way) => way.id)
  return ways.flatMap((way, index) => [
    ...(names.indexOf(way.id) === index ? [] : [[[index, 'id'], `"${way.id}" is named twice in notify.ways.`] as const]),
    ...(way.sends.beds ?? []).filter((bed) => !beds.includes(bed)).map((bed) => [[index, 'sends', 'beds'], `there is no bed "${bed}".`] as const),
    ...(way.kind === 'webhook' && !isConfidential(way.url) ? [[[index, 'url'], 'must be https, unless it is a loopback address.'] as const] : []),
    ...(way.kind === 'mail' && way.security === 'none' && !LOOPBACK.test(way.host) ? [[[index, 'security'], '"none" is for a server on this machine.'] as const] : []),
    // Both are characters of one telegram, and two stations with one address answer at once.
    ...(way.kind === 'espa' && way.ownAddress === way.pagingAddress ? [[[index, 'pagingAddress'], 'must differ from ownAddress.'] as const] : []),
  ])
}
