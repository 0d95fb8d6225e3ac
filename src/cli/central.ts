/** `vigil central`: the reference central as a process of its own. */

import { readFile } from 'node:fs/promises'
import { InvalidArgumentError } from 'commander'
import type { Broker } from '../../simulators/central/server.ts'
import { centralLimits } from '../limits.ts'
import { CommandFailed, UsageError } from './context.ts'
import type { CliContext, Register } from './context.ts'

type Options = {
  readonly port: number
  readonly host: string
  readonly tokenFile?: string
  readonly tokenEnv: string
  readonly data?: string
  readonly valueDays: number
  readonly origin: number
  readonly speed: number
  readonly organizations?: string
  readonly kafka?: string
  readonly topicPrefix: string
  readonly nats?: string
  readonly natsStream: string
  readonly organization?: string
}

export const register: Register = (program, context) => {
  program
    .command('central')
    .description('run the reference central (demo data): PostgreSQL where DATABASE_URL is set, PGlite otherwise')
    .option('--port <number>', 'port to listen on; 0 for any free one', wholeNumber(0, 65_535), 0)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--token-file <path>', 'file with the token that senders show (at least 16 characters)')
    .option('--token-env <name>', 'environment variable with the token, where there is no file', 'VIGIL_CENTRAL_TOKEN')
    .option('--data <folder>', 'folder of the PGlite database; without it and without DATABASE_URL rows live in memory')
    .option('--value-days <days>', 'so long single values are kept; roll-ups, alerts and keys of events stay', wholeNumber(1, centralLimits.valueDaysMax), centralLimits.valueDays)
    .option('--organizations <path>', 'JSON file with a token for each organisation that may see and send for itself alone: { "name": "token" }')
    .option('--kafka <host:port,…>', 'take the topics of the kafka sink too')
    .option('--topic-prefix <text>', 'in front of each topic', '')
    .option('--nats <host:port,…>', 'take the subjects of the nats-jetstream sink too')
    .option('--nats-stream <name>', 'the stream that they are in', 'vigil')
    .option('--organization <name>', 'whose messages Kafka and NATS bring')
    .option('--origin <ms>', 'demo: wall time from which time runs faster', wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .option('--speed <factor>', 'demo: how many times faster', positive, 1)
    .action((options: Options) => run(options, context))
}

async function run(options: Options, context: CliContext): Promise<void> {
  const token = await tokenOf(options, context)
  const [organizations, brokers] = [await organizationsOf(options.organizations), brokersOf(options)]
  // Imported late: every other command starts without a database's weight.
  const { startCentral } = await import('../../simulators/central/server.ts')
  const central = await startCentral({
    port: options.port,
    host: options.host,
    token,
    databaseUrl: context.env['DATABASE_URL'] === '' ? undefined : context.env['DATABASE_URL'],
    dataFolder: options.data,
    valueDays: options.valueDays,
    organizations,
    brokers,
    clock: context.clockOf({ originMs: options.origin, speed: options.speed }),
    note: context.note,
  }).catch((reason: unknown) => {
    throw new CommandFailed(`Central did not start: ${reason instanceof Error ? reason.message : String(reason)}`)
  })
  const ready = { type: 'ready', url: central.url }
  context.write(JSON.stringify(ready))
  context.parent?.send(ready)
  await aborted(context.stop)
  await central.close()
}

/** Never from argv: every process of the machine can read that. */
async function tokenOf({ tokenFile, tokenEnv }: Options, { env }: CliContext): Promise<string> {
  const token = (tokenFile === undefined ? (env[tokenEnv] ?? '') : await readToken(tokenFile)).trim()
  const place = tokenFile === undefined ? `the environment variable ${tokenEnv}` : tokenFile
  if (token === '') throw new UsageError(`Central needs a token: there is none in ${place}. Give --token-file or set ${tokenEnv}.`)
  if (token.length < 16) throw new UsageError(`The token in ${place} is too short: at least 16 characters.`)
  return token
}

/** Tokens by organisation. */
async function organizationsOf(path: string | undefined): Promise<ReadonlyMap<string, string>> {
  if (path === undefined) return new Map()
  const said: unknown = await readFile(path, 'utf8').then(JSON.parse).catch(() => {
    throw new UsageError(`The file ${path} cannot be read as JSON.`)
  })
  const entries = typeof said === 'object' && said !== null && !Array.isArray(said) ? Object.entries(said) : []
  const tokens = new Map(entries.flatMap(([name, token]) => (typeof token === 'string' && token.trim().length >= 16 ? [[name, token.trim()] as const] : [])))
  if (entries.length === 0 || entries.length > centralLimits.organizationsMax || tokens.size < entries.length || new Set(tokens.values()).size < tokens.size) {
    throw new UsageError(`${path} is to name 1 to ${centralLimits.organizationsMax} organisations, each with a token of its own of at least 16 characters.`)
  }
  return tokens
}

/** Whose messages a broker brings is for the operator to say: a message of Kafka names nobody. */
function brokersOf({ kafka, topicPrefix, nats, natsStream: stream, organization: organizationId }: Options): readonly Broker[] {
  if (kafka === undefined && nats === undefined) return []
  if (organizationId === undefined) throw new UsageError('--kafka and --nats need --organization.')
  const addresses = (text: string): readonly string[] => text.split(',').map((address) => address.trim()).filter((address) => address !== '')
  return [
    ...(kafka === undefined ? [] : [{ via: 'kafka' as const, organizationId, addresses: addresses(kafka), topicPrefix }]),
    ...(nats === undefined ? [] : [{ via: 'nats' as const, organizationId, addresses: addresses(nats), stream }]),
  ]
}

const readToken = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch(() => {
    throw new UsageError(`The token file ${path} cannot be read.`)
  })

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const wholeNumber = (low: number, high: number) => (text: string): number => {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= low && value <= high) return value
  throw new InvalidArgumentError(`A whole number from ${low} to ${high}.`)
}

function positive(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('A number above 0.')
}
