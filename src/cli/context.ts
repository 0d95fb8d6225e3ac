/** What a command gets from main.ts, the only file that touches `process`. One file a command, each exporting `register`. */

import type { Command } from 'commander'
import type { ClockSetting } from '../ops/clock.ts'
import type { Clock } from '../seams.ts'

export type CliContext = {
  /** One line to stdout. With --json nothing but JSON objects goes here. */
  readonly write: (line: string) => void
  /** One line for people, to stderr. */
  readonly note: (line: string) => void
  readonly stdin: AsyncIterable<Uint8Array>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts on SIGINT and SIGTERM. */
  readonly stop: AbortSignal
  /** The folder of the checkout or installation. */
  readonly root: string
  /** Path of the Node that runs us, for child processes. */
  readonly node: string
  readonly pid: number
  /** A terminal looks at stderr: progress bars make sense. */
  readonly isTerminal: boolean
  readonly clockOf: (setting: ClockSetting) => Clock
  /** Messages from and to a parent process, where there is one. */
  readonly parent: { readonly send: (message: object) => void; readonly onMessage: (listener: (message: unknown) => void) => void } | null
}

export type Register = (program: Command, context: CliContext) => void

/** Wrong use or wrong config: exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command did its work and the answer is no: exit 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
}
