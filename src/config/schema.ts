/** The site's configuration: what may stand in it, with defaults and help. The JSON Schema and the settings table are made from this. */

import { z } from 'zod'
import { isId } from '../domain/ids.ts'
import { bedFields, fields, release } from './release.ts'
import { secret, sinks } from './sinks.ts'
import { METRICS } from '../domain/metrics.ts'
import { POPULATIONS } from '../domain/population.ts'
import { policySchema } from './policy.ts'
import { registry } from './registry.ts'
import { notify } from './notify.ts'
import { alerts } from './alerts.ts'
import { escalation } from './escalation.ts'

const id = z.string().refine(isId, 'must be 1 to 64 letters, digits and ._:@/-')
const port = z.int().min(0).max(65_535)
const host = z.string().min(1)

const tls = z.strictObject({
  cert: z.string().min(1).describe('Path of the certificate chain, PEM.'),
  key: z.string().min(1).describe('Path of the private key, PEM.'),
})

const population = z.enum(POPULATIONS)

const seconds = z.int().min(1).max(3_600)

export const contract = z.strictObject({
  everySeconds: seconds.optional().describe('Its signals come so often; a value is live for two intervals. 1 to 3600.'),
  metrics: z
    .record(
      z.string().refine((name) => METRICS.some(({ id }) => id === name), 'must be the reference id of a metric: config/metrics.md lists them'),
      z.strictObject({
        kind: z.enum(['periodic', 'episodic']).optional().describe('A signal, or measured now and then: live for a quarter of an hour.'),
        everySeconds: z.int().min(1).max(86_400).optional().describe('How often a value is promised; of an episodic metric: the agreed interval, whose absence is told.'),
        scoredHours: z.number().min(1 / 60).max(24).optional().describe('Greatest age of a value in a score; else 5 minutes of a signal and 12 hours of a single measurement.'),
      }),
    )
    .optional()
    .describe('By metric, where one differs.'),
})

const mllpListen = z.strictObject({
  kind: z.literal('mllp-listen'),
  id,
  host: host.default('127.0.0.1').describe('Address to listen on. HL7 has no encryption of its own: name the interface of the monitor network, not 0.0.0.0.'),
  port: port.describe('TCP port; monitors are told this number. 0 picks a free one.'),
  driver: z.string().default('hl7'),
  settings: z.record(z.string(), z.string()).default({}).describe("Settings of the driver for all who call here (`authority`, `profile`, `zone`): who calls is known only by what he says."),
})

const serial = z.strictObject({
  kind: z.literal('serial'),
  id,
  device: id.describe('The device on this port.'),
  path: z.string().min(1).describe('The port, best by its stable name under /dev/serial/by-id/.'),
  baudRate: z.int().min(300).max(921_600).default(9_600),
  dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
})

const tcpConnect = z.strictObject({
  kind: z.literal('tcp-connect'),
  id,
  device: id.describe('The device behind this address (a serial server, or a monitor that waits to be called).'),
  host,
  port,
})

const udpConnect = z.strictObject({
  kind: z.literal('udp-connect'),
  id,
  device: id.describe('The device that is asked over UDP (a Philips IntelliVue at port 24105).'),
  host,
  port,
})

const mindrayPds = z.strictObject({
  kind: z.literal('mindray-pds'),
  id,
  host: host.default('0.0.0.0').describe('Address to listen on for announcements of Mindray monitors. They are broadcasts, which Linux gives only to 0.0.0.0 or the broadcast address itself.'),
  port: port.default(4_600).describe('UDP port of the announcements. Each monitor is then called over TCP, at the port that it announces.'),
  call: z
    .enum(['sender', 'announced'])
    .default('sender')
    .describe('Where a monitor is called: at the address that its announcement came from; or, where announcements are relayed, at the address written in it, which any host of that network can write.'),
})

const mqttBroker = z.strictObject({
  kind: z.literal('mqtt-broker'),
  id,
  host: host.default('127.0.0.1'),
  port: port.default(1_883),
  driver: z.string().default('mqtt-json'),
  users: z
    .array(z.strictObject({ device: id.describe('Log-in name and device in one; it may publish below vigil/v1/{device}/ and nowhere else.'), password: secret }))
    .min(1)
    .describe('Who may connect. Anonymous clients are refused.'),
})

const mqttClient = z.strictObject({
  kind: z.literal('mqtt-client'),
  id,
  url: z.string().regex(/^mqtts?:\/\//, 'must begin with mqtt:// or mqtts://').describe("The hospital's broker."),
  clientId: z.string().min(1).describe('Must stay the same over restarts, so that the broker keeps what we have not acknowledged.'),
  username: z.string().optional(),
  password: secret.optional(),
  driver: z.string().default('mqtt-json'),
})

export const siteSchema = z.strictObject({
  gateway: z
    .strictObject({
      id: id.describe('Name of this box. Central sees a token of it.'),
      ward: z.string().min(1).max(64).describe('What the screens call the ward.'),
      organization: id.default('organization').describe('Whose ward this is; central keeps organizations apart.'),
      data: z.string().min(1).describe('Folder for the database, users and sessions. Must be writable by nobody else.'),
      timeZone: z.string().default('UTC').describe('Zone of device times that state none: an IANA name or ±hh:mm.'),
      population: population.default('adult').describe('Whose limits and scores apply when the patient does not say.'),
      mode: z
        .enum(['commissioning', 'live'])
        .optional()
        .describe('How a ward begins of which nobody has said anything yet: `commissioning` is silent and records what it would have said, until an administrator signs that it goes live on the page “Ward”. Left out: live.'),
    })
    .describe('This box.'),
  http: z
    .strictObject({ host: host.default('127.0.0.1'), port: port.default(8_443), tls: tls.optional().describe('Needed unless host is a loopback address.') })
    .prefault({})
    .describe('The nurse station and the API.'),
  beds: z
    .array(
      z.strictObject({
        id,
        label: z.string().min(1).max(16).describe('What the nurse calls it.'),
        population: population.optional(),
        fields: bedFields,
        location: z.string().min(1).optional().describe("What the hospital's registry (ADT) calls it: HL7 PV1-3 as unit^room^bed. Where it is not given, match.location of a device at this bed counts, then its id or label."),
      }),
    )
    .min(1)
    .describe('The beds of the ward, in the order of the screen.'),
  links: z
    .array(z.discriminatedUnion('kind', [mllpListen, serial, tcpConnect, udpConnect, mindrayPds, mqttBroker, mqttClient]))
    .min(1)
    .describe('The ways by which bytes come in.'),
  devices: z
    .array(
      z.strictObject({
        id,
        driver: z.string().min(1).describe('Which protocol it speaks: `vigil decode --help` lists them.'),
        bed: id.optional().describe('The bed that it stands at. Without one its values are kept and shown, and belong to nobody.'),
        match: z
          .strictObject({
            sender: z.string().min(1).optional().describe('HL7 MSH-3, first component (or MSH-4 where that is empty); the name that a Mindray monitor announces.'),
            location: z.string().min(1).optional().describe('HL7 PV1-3 as unit^room^bed; of a Mindray monitor that announces itself department^^bed.'),
            address: z.string().min(1).optional().describe('IP address it calls from, or is called at.'),
          })
          .optional()
          .describe('How its frames are told from those of others on a shared listener. All that is given must agree.'),
        settings: z.record(z.string(), z.string()).default({}).describe("The driver's own settings."),
        roaming: z.boolean().optional().describe('Goes from bed to bed (spot checks): it has no bed, its values belong to the patient whom it names, and its silence is no alert.'),
        silenceSeconds: z
          .int()
          .refine((seconds) => seconds === 0 || (seconds >= 5 && seconds <= 3_600), 'must be 5 to 3600, or 0')
          .default(10)
          .describe('No frame for so long, and for two of the intervals that it promises, is a technical alert; 5 to 3600. 0: a device that comes and goes (spot checks), whose silence is none.'),
        contract: contract.optional().describe('What it promises: how often values come, and how long they are believed. Without one: each minute.'),
      }),
    )
    .default([])
    .describe('The monitors. One that is not listed is shown as unknown and kept, unbound.'),
  registry,
  notify,
  alerts,
  escalation,
  sentinel: z
    .strictObject({
      enabled: z.boolean().default(true).describe('A synthetic patient desaturates each minute, beside the ward: an alert that does not come all the way to a screen is told within 90 s, with the stage at which it ended.'),
    })
    .prefault({})
    .describe('The sentinel bed.'),
  limits: z
    .partialRecord(population, z.string().min(1))
    .default({})
    .describe('Files of alarm limits by population, relative to this file; config/limits/ holds those used where none is named.'),
  policy: policySchema.optional().describe('When the screen for deterioration and sepsis calls a nurse; what is not there is as Vigil ships it.'),
  sync: z
    .strictObject({
      lane: z
        .enum(['none', 'release', 'live'])
        .optional()
        .describe('none: nothing leaves. release: stays that are over, de-identified; so where a sink is named and no lane. live: pseudonyms and true times, only under a data-use agreement.'),
      agreement: z.string().trim().min(1).optional().describe('Name of the data-use agreement that permits the live lane.'),
      url: z.url().optional().describe('Base address of central; https unless loopback.'),
      token: secret.optional(),
      ca: z.string().min(1).optional().describe('Path of the certificate authority that central is signed by, PEM.'),
      sinks,
      release,
      fields,
    })
    .prefault({})
    .describe('What leaves the ward; src/sync/README.md lists it field by field.'),
  retention: z
    .strictObject({
      identityHours: z.int().min(1).max(8_760).default(72).describe('Names and record numbers are erased so long after discharge.'),
      numericsDays: z.int().min(1).max(3_650).default(14).describe('Values and alerts of a stay go so long after discharge; those of no stay so long after they came.'),
      framesHours: z.int().min(1).max(8_760).default(72).describe('Raw frames, recorded or in quarantine, go so long after they came.'),
      stripsDays: z.int().min(1).max(3_650).default(7).describe('Waveforms kept around an alert of high priority go so long after it, and at the latest with the alert.'),
      unsentDays: z.int().min(1).max(3_650).default(30).describe('What central has not taken is kept beyond its time, until central has taken nothing for so long.'),
      databaseGb: z.int().min(1).max(10_000).default(50).describe('Size of vigil.db above which the oldest rows go before their time, and an alert says so.'),
    })
    .prefault({})
    .describe('How long things are kept on this box.'),
  backup: z
    .strictObject({
      folder: z.string().min(1).describe('Where backups are kept, each in a folder of its own; on another disk. Relative to this file.'),
      at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as "02:30"').optional().describe('Daily at this time of the machine, instead of everyHours.'),
      everyHours: z.int().min(1).max(168).default(24).describe('A new one when the newest is so old.'),
      keep: z.int().min(1).max(1_000).default(7).describe('How many are kept; older ones are deleted after a new one was read back.'),
      keys: z.boolean().default(false).describe('With the keys of the seals; then whoever has the backup can make seals.'),
    })
    .optional()
    .describe('Backups made by the gateway while it runs.'),
  record: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Keep the raw bytes of all links, for `vigil replay`. They hold patient data.'),
      megabytes: z.int().min(16).max(1_000_000).default(2_048).describe('Space for them; the oldest go first.'),
    })
    .prefault({})
    .describe('The recording of what came in, before anything is made of it.'),
})

export type Site = z.output<typeof siteSchema>
export type LinkSetting = Site['links'][number]
export type DeviceSetting = Site['devices'][number]
export type WayOutSetting = Site['notify']['ways'][number]
export type SecretSetting = z.output<typeof secret>

/** JSON Schema for editors, from the same source. */
export const siteJsonSchema = (): object => z.toJSONSchema(siteSchema, { io: 'input', unrepresentable: 'any' })
