/** Arguments, environment, signals, exit code: the only TypeScript file that touches `process`. */

import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'
import { type CliContext, CommandFailed, type Register, UsageError } from './cli/context.ts'
import { realClock } from './ops/clock.ts'
import { traceText } from './security/trace.ts'

/** Exit codes: 0 done, 1 failed, 2 wrong use or config. */
const FAILED = 1
const WRONG_USE = 2

export async function main(): Promise<void> {
  const stop = new AbortController()
  const stopOnce = (): void => {
    // The first signal asks; the second does not.
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  }
  process.on('SIGINT', stopOnce)
  process.on('SIGTERM', () => stop.abort())
  // A child of the demo's parent goes when the parent is gone, however it went.
  process.on('disconnect', () => stop.abort())
  // Of a ward: what Node itself would print of an error may quote a patient.
  if (process.argv[2] === 'run') {
    process.on('uncaughtException', (error) => {
      process.stderr.write(`${traceText(error)}\n`)
      process.exit(FAILED)
    })
  }
  // A reader that left (`vigil … | head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : FAILED))

  const context: CliContext = {
    write: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    stdin: process.stdin,
    env: process.env,
    stop: stop.signal,
    root: resolve(dirname(fileURLToPath(import.meta.url)), '..'),
    node: process.execPath,
    pid: process.pid,
    isTerminal: process.stderr.isTTY,
    clockOf: realClock,
    parent: process.connected
      ? {
          send: (message) => void process.send?.(message),
          onMessage: (listener) => void process.on('message', listener),
        }
      : null,
  }

  const program = new Command('vigil')
    .description('Bedside-monitor gateway. A secondary notification system: the bedside monitor stays the primary alarm.')
    .exitOverride()
    .configureOutput({ writeErr: (text) => void process.stderr.write(text) })
    .showSuggestionAfterError()
  for (const register of await commandsFor(process.argv[2])) register(program, context)
  // Sub-commands must throw as well, so that wrong use is exit code 2 everywhere.
  for (const command of descendants(program)) command.exitOverride()

  try {
    await program.parseAsync(process.argv)
  } catch (error) {
    process.exitCode = exitCodeOf(error, context.note)
  } finally {
    // An open channel to the parent would keep us alive.
    if (process.connected) process.disconnect()
  }
}

/** After a crash each file that is not loaded is a millisecond earlier at the bedside. */
const commandsFor = async (name: string | undefined): Promise<readonly Register[]> =>
  name === 'run' ? [(await import('./cli/run.ts')).register] : (await import('./cli/index.ts')).COMMANDS

function descendants(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...descendants(child)])
}

function exitCodeOf(error: unknown, note: (line: string) => void): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USE
  if (error instanceof UsageError) {
    note(error.message)
    return WRONG_USE
  }
  if (error instanceof CommandFailed) {
    note(error.message)
    return FAILED
  }
  note(process.argv[2] === 'run' ? traceText(error) : error instanceof Error ? (error.stack ?? error.message) : String(error))
  // A bug, or a start that broke off: threads and sockets that are up by now would keep a gateway there that watches nobody.
  process.exit(FAILED)
}
