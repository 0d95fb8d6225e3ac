/**
 * The plan on paper from 1,000 gateways to 100,000, computed from the measured cost of one event. `simulators/central/FLEET.md` is written by this:
 * `node test/bench/fleet-plan.ts '<the figures that the bench printed>'`.
 */

import { readFileSync, writeFileSync } from 'node:fs'

export type FleetFigures = {
  /** `YYYY-MM-DD`. */
  readonly date: string
  /** Average of the last minute, before and after: of it, central and its database are two or three. */
  readonly load: number
  readonly processors: number
  readonly database: string
  readonly gateways: number
  readonly beds: number
  readonly metrics: number
  /** Of one event. */
  readonly values: number
  readonly seconds: number
  readonly eventsPerSecond: number
  /** CPU of central's thread, and of all processes of PostgreSQL. */
  readonly centralUsPerEvent: number
  readonly postgresUsPerEvent: number
  /** How much of the time central's thread was busy. */
  readonly busyShare: number
  readonly wireBytesPerEvent: number
  readonly plainBytesPerEvent: number
  readonly storedBytesPerEvent: number
  readonly walBytesPerEvent: number
  readonly shares: Readonly<Record<string, number>>
  /** Bytes an event, with indexes. */
  readonly tables: Readonly<Record<string, number>>
}

/** What the plan takes for granted and did not measure. A site writes its own. */
export const ASSUMED = {
  /** No more of a processor than this is planned for: the rest is for backlogs and broken machines. */
  loadMax: 0.5,
  coresPerDatabase: 32,
  coresPerCentral: 1,
  rawDays: 30,
  megabytesPerPartitionSecond: 5,
  dollarsPerCoreHour: 0.04,
  dollarsPerGigabyteMonth: 0.08,
} as const

const HOURS_PER_MONTH = 730
const TARGETS = [1_000, 10_000, 100_000] as const

export type Plan = {
  readonly gateways: number; readonly eventsPerSecond: number; readonly megabitsPerSecond: number; readonly centrals: number; readonly databaseCores: number
  readonly databases: number; readonly partitions: number; readonly rawTerabytes: number; readonly walMegabytesPerSecond: number; readonly dollarsPerGatewayMonth: number
}

export function planOf(figures: FleetFigures, gateways: number): Plan {
  const eventsPerSecond = (gateways * figures.beds * figures.metrics) / 60
  const cores = (usPerEvent: number): number => (eventsPerSecond * usPerEvent) / 1e6 / ASSUMED.loadMax
  const centrals = Math.ceil(cores(figures.centralUsPerEvent) / ASSUMED.coresPerCentral)
  const databaseCores = Math.ceil(cores(figures.postgresUsPerEvent))
  const wireBytes = eventsPerSecond * figures.wireBytesPerEvent
  // An event of a topic travels alone and unpacked.
  const topicBytes = (eventsPerSecond * figures.plainBytesPerEvent) / 1e6
  const rawGigabytes = (eventsPerSecond * figures.storedBytesPerEvent * 86_400 * ASSUMED.rawDays) / 1e9
  const dollars = (centrals * ASSUMED.coresPerCentral + databaseCores) * ASSUMED.dollarsPerCoreHour * HOURS_PER_MONTH + rawGigabytes * ASSUMED.dollarsPerGigabyteMonth
  return {
    gateways, eventsPerSecond, megabitsPerSecond: (wireBytes * 8) / 1e6, centrals, databaseCores, databases: Math.ceil(databaseCores / ASSUMED.coresPerDatabase),
    // Each central reads partitions of its own, and one that fails leaves its own to the others.
    partitions: Math.max(2 * centrals, Math.ceil(topicBytes / ASSUMED.megabytesPerPartitionSecond)),
    rawTerabytes: rawGigabytes / 1_000, walMegabytesPerSecond: (eventsPerSecond * figures.walBytesPerEvent) / 1e6, dollarsPerGatewayMonth: dollars / gateways,
  }
}

/** The dearest part of one event. */
export function bottleneckOf({ shares, centralUsPerEvent, postgresUsPerEvent, database }: FleetFigures): { readonly name: string; readonly us: number } {
  const parts = [
    ...Object.entries(shares).map(([name, share]) => ({ name: `${name} (central)`, us: share * centralUsPerEvent })),
    ...(postgresUsPerEvent > 0 ? [{ name: `SQL (${database})`, us: postgresUsPerEvent }] : []),
  ]
  return parts.reduce((most, part) => (part.us > most.us ? part : most), { name: 'nothing', us: 0 })
}

const number = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3))))
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`

export function saidOf(figures: FleetFigures): readonly string[] {
  const { name, us } = bottleneckOf(figures)
  return [
    `${number(figures.eventsPerSecond)} events/s ingested (${number(figures.eventsPerSecond * figures.values)} values/s) in ${number(figures.seconds)} s; ${figures.database}`,
    `CPU an event: central ${number(figures.centralUsPerEvent)} µs (busy ${percent(figures.busyShare)}), PostgreSQL ${number(figures.postgresUsPerEvent)} µs`,
    `central's thread: ${Object.entries(figures.shares).map(([part, share]) => `${part} ${percent(share)}`).join(', ')}`,
    `bytes an event: wire ${number(figures.wireBytesPerEvent)}, stored ${number(figures.storedBytesPerEvent)}, WAL ${number(figures.walBytesPerEvent)}`,
    `bottleneck: ${name}, ${number(us)} µs of ${number(figures.centralUsPerEvent + figures.postgresUsPerEvent)} µs an event`,
    `to write the plan: node test/bench/fleet-plan.ts '${JSON.stringify(figures)}'`,
  ]
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const tableOf = (heads: readonly string[], rows: readonly (readonly string[])[]): string => [row(heads), row(heads.map(() => '---')), ...rows.map(row)].join('\n')

export function documentOf(figures: FleetFigures): string {
  const plans = TARGETS.map((gateways) => planOf(figures, gateways))
  const bottleneck = bottleneckOf(figures)
  const largest = plans.at(-1)
  const planRows: readonly (readonly [string, (plan: Plan) => string])[] = [
    ['Events a second', ({ eventsPerSecond }) => number(eventsPerSecond)],
    ['In from the gateways, Mbit/s (gzip)', ({ megabitsPerSecond }) => number(megabitsPerSecond)],
    ['Centrals (one thread each)', ({ centrals }) => number(centrals)],
    ['Processors of PostgreSQL', ({ databaseCores }) => number(databaseCores)],
    [`Databases of ${ASSUMED.coresPerDatabase} processors`, ({ databases }) => number(databases)],
    ['Partitions of topic vital-signs', ({ partitions }) => number(partitions)],
    ['WAL, MB/s over all databases', ({ walMegabytesPerSecond }) => number(walMegabytesPerSecond)],
    [`Rows of ${ASSUMED.rawDays} days, TB, unpacked`, ({ rawTerabytes }) => number(rawTerabytes)],
    ['Dollars a gateway and month', ({ dollarsPerGatewayMonth }) => dollarsPerGatewayMonth.toFixed(2)],
  ]
  return `# From one gateway to 100,000

Written by \`node test/bench/fleet-plan.ts\` from the figures below; a test computes it again. Change the figures, not the text.

## Measured

\`npm run bench -- fleet\`: ${number(figures.gateways)} gateways × ${figures.beds} beds × ${figures.metrics} metrics, one event a minute with ${figures.values} values each, against central in one process;
${figures.database}. On ${figures.date}, with ${figures.processors} processors and a load average of ${number(figures.load)}: others worked on the machine, so CPU is what was
measured best, and a quiet one takes more events a second.

${tableOf(['What', 'Measured'], [
    ['Events a second', number(figures.eventsPerSecond)],
    ['Values a second', number(figures.eventsPerSecond * figures.values)],
    ['A minute of the fleet, in seconds', number(figures.seconds)],
    ['CPU an event, central, µs', number(figures.centralUsPerEvent)],
    ['CPU an event, PostgreSQL, µs', number(figures.postgresUsPerEvent)],
    ...Object.entries(figures.shares).map(([part, share]) => [`– of central: ${part}`, percent(share)]),
    ['Bytes an event on the wire (gzip)', number(figures.wireBytesPerEvent)],
    ['Bytes an event as JSON', number(figures.plainBytesPerEvent)],
    ['Bytes an event stored, with indexes', number(figures.storedBytesPerEvent)],
    ...Object.entries(figures.tables).map(([table, bytes]) => [`– of them in ${table}`, number(bytes)]),
    ['Bytes of WAL an event', number(figures.walBytesPerEvent)],
  ])}

**The bottleneck is ${bottleneck.name}: ${number(bottleneck.us)} µs of ${number(figures.centralUsPerEvent + figures.postgresUsPerEvent)} µs an event.**

## On paper

${tableOf(['Gateways', ...plans.map(({ gateways }) => number(gateways))], planRows.map(([what, of]) => [what, ...plans.map(of)]))}

Each line is computed from the measured cost of one event. Taken for granted, and not measured: processors are planned to ${percent(ASSUMED.loadMax)};
${ASSUMED.coresPerDatabase} processors a database; ${ASSUMED.rawDays} days of single values; ${ASSUMED.megabytesPerPartitionSecond} MB/s a partition; ${ASSUMED.dollarsPerCoreHour} dollars a processor and hour, ${ASSUMED.dollarsPerGigabyteMonth} dollars a GB and month.
That cost grows in a straight line is itself an assumption: it holds as long as no row is shared between databases, which is what the keys below are for.

## Keys and partitions

- **Topic** \`vital-signs\` has ${largest === undefined ? '' : number(largest.partitions)} partitions at 100,000 gateways; the others a tenth. Key: the subject's pseudonym, as the contract says, so what is of one patient stays in order. More
  partitions later move subjects to others; nothing breaks, for order within central is by time and key, not by arrival.
- **Centrals** are one consumer group (\`vigil central --kafka … --organization …\`). An offset is committed after the rows; a central that dies leaves its partitions to the
  others, and what they read again is dropped by key.
- **Databases** are split by organisation: no row, roll-up or key is shared between two organisations, so a database more is a line in a map from organisation to address.
  An organisation larger than a database is split by gateway: event keys begin with it, and a stay's pseudonym is of one gateway.
- **Within a database** values and minutes lie in partitions (or chunks of TimescaleDB) by day, dropped as a whole when they are old; the table of event keys is the one that has no time in its
  key and grows for ever. At ${largest === undefined ? '' : number(largest.eventsPerSecond)} events a second it is split by hash of the gateway, and keys older than the longest time that a gateway keeps its log are dropped:
  no sender can send them again.
- **Roll-ups** are changed with each batch: an hour of a series is written 60 times, a day never (it is a view over its hours). Where that is too much, hours are left to a
  continuous aggregate over the minutes; minutes stay here, for corrections must move them at once.

## What to do about the bottleneck, in this order

Done: an event's values are one row of arrays (schema 008), its JSON is not kept beside them, a day is no table, and no row is checked against its batch again. Next:

1. ${percent((figures.tables['event'] ?? 0) / figures.storedBytesPerEvent)} of an event's bytes are its key and the index over it, kept so that nothing counts twice: keys of 16 bytes (a hash) where a platform does not read them.
2. Several batches of one partition in a transaction (the consumers of Kafka do so), so that a series, an hour and a commit are written once for several minutes.
3. \`COPY\` in place of \`INSERT … SELECT unnest\` for values, which no conflict can meet.
4. TimescaleDB's packing: an eighth to a tenth of the bytes by its makers' word. It refuses tables with row-level security, so only where each organisation has a database of
   its own; not measured here, so the plan counts none.

<!-- figures
${JSON.stringify(figures)}
-->
`
}

/** The figures that a document was written from. @throws Error when it holds none. */
export function figuresIn(document: string): FleetFigures {
  const found = /<!-- figures\n(.*)\n-->/.exec(document)?.[1]
  if (found === undefined) throw new Error('the document holds no figures')
  return JSON.parse(found)
}

export const DOCUMENT = new URL('../../simulators/central/FLEET.md', import.meta.url)

if (process.argv[1] === import.meta.filename) {
  const given = process.argv[2]
  writeFileSync(DOCUMENT, documentOf(given === undefined ? figuresIn(readFileSync(DOCUMENT, 'utf8')) : JSON.parse(given)))
}
