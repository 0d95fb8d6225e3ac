/** `vigil run`: the gateway of one ward. */

import type { Command } from 'commander'
import { type CliContext, CommandFailed, UsageError } from './context.ts'

type Options = { readonly config: string; readonly demo?: boolean; readonly origin: string; readonly speed: string }

export function register(program: Command, context: CliContext): void {
  program
    .command('run')
    .description('run the gateway of a ward')
    .requiredOption('--config <file>', 'the site file; start from config/site.example.yaml')
    .option('--demo', 'a ward of simulated patients: loopback only, red banner, refuses a database that holds real rows')
    .option('--origin <ms>', 'demo: wall time in ms from which the ward runs faster than real time', '0')
    .option('--speed <factor>', 'demo: ward seconds per real second', '1')
    .action(async (options: Options) => run(options, context))
}

async function run(options: Options, context: CliContext): Promise<void> {
  // Imported late, as all that is heavy: every other command starts without the gateway's weight.
  const { warmStoreThread } = await import('../store/warm-thread.ts')
  warmStoreThread()
  const { loadSite } = await import('../config/load.ts')
  const loaded = loadSite(options.config)
  if (loaded.kind === 'wrong') throw new UsageError(loaded.problems.join('\n'))
  const speed = Number(options.speed)
  if (!(speed >= 0.1 && speed <= 1_000)) throw new UsageError(`--speed must be a number from 0.1 to 1000, not ${options.speed}`)
  const demo = options.demo === true
  if (speed !== 1 && !demo) throw new UsageError('--speed is for --demo only: a real ward runs in real time')
  const [{ startGateway }, { pino }] = await Promise.all([import('../gateway.ts'), import('pino')])
  const log = pino({ base: null }, pino.destination({ fd: 2, sync: false }))
  const clock = { originMs: Number(options.origin), speed }
  const started = await startGateway({ site: loaded.site, siteFile: loaded.file, mode: demo ? 'demo' : 'live', clock, context, log })
  if (started.kind === 'refused') throw started.wrongUse ? new UsageError(started.why) : new CommandFailed(started.why)
  const { gateway } = started
  context.parent?.send({ type: 'ready', url: gateway.url, links: gateway.loginLinks })
  log.info({ url: gateway.url, mode: demo ? 'demo' : 'live' }, 'Gateway is up.')
  await gateway.stopped
}
