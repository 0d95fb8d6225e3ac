/** `vigil driver`: what somebody needs who stands at a monitor with a cable, or adds a device: capture, try, cut, new. */

import type { Target } from '../links/ports.ts'
import type { Driver, DriverSettings } from '../seams.ts'
import { type CliContext, type Register, UsageError } from './context.ts'
import { rightName, settingsOf } from './decode.ts'
import type { CaptureOptions } from './driver-capture.ts'
import type { CutOptions } from './driver-cut.ts'
import type { TryOptions } from './driver-try.ts'

export type PortOptions = { readonly line: string; readonly settings?: readonly string[] }

const PORT = 'a serial port, host:port (TCP), or udp:host:port'
const collect = (setting: string, before: readonly string[]): readonly string[] => [...before, setting]

export const register: Register = (program, context) => {
  const driver = program.command('driver').description('record a device, look at it live, or begin a driver for it (drivers/README.md)')
  driver
    .command('capture')
    .description('record what a port says, with times, as text: Ctrl-C ends it')
    .argument('<port>', PORT)
    .requiredOption('--out <file>', 'where it goes; must not exist yet. It holds what the device says of its patient')
    .option('--line <setting>', 'how a serial line is set', '9600 8N1')
    .option('--driver <id>', 'ask the device as this driver does, and record both directions; without it nothing is said')
    .option('--settings <name=value>', 'a setting of the driver; may be repeated', collect, [])
    .option('--seconds <n>', 'end by itself after so long')
    .action(async (port: string, options: CaptureOptions) => (await import('./driver-capture.ts')).capture(port, options, context))
  driver
    .command('try')
    .description('decode a port live, in conversation where the protocol has one; nothing is stored')
    .argument('<port>', `${PORT}; or a file that driver capture wrote, which plays with its times`)
    .requiredOption('--driver <id>', 'which protocol it speaks')
    .option('--line <setting>', 'how a serial line is set', '9600 8N1')
    .option('--settings <name=value>', 'a setting of the driver; may be repeated', collect, [])
    .option('--speed <factor>', 'of a file: recorded seconds per second', '1')
    .option('--lines', 'a line a value instead of a table')
    .option('--json', 'one JSON object a line, as decode prints them')
    .action(async (port: string, options: TryOptions) => (await import('./driver-try.ts')).tryDriver(port, options, context))
  driver
    .command('cut')
    .description('a part of a capture as raw bytes, such as drivers/<id>/fixtures/ holds; only what the device said')
    .argument('<capture>', 'a file that driver capture wrote')
    .requiredOption('--out <file>', 'where the bytes go; must not exist yet')
    .option('--from <seconds>', 'since the beginning of the capture', '0')
    .option('--to <seconds>', 'up to there; else to its end')
    .action(async (file: string, options: CutOptions) => (await import('./driver-cut.ts')).cutCapture(file, options, context))
  driver
    .command('new')
    .description('begin a driver: its folder, test and simulator, which pass the contract at once for a line of text')
    .argument('<id>', 'its name: small letters, digits and -, such as acme-m3')
    .action(async (id: string) => (await import('./driver-new.ts')).newDriver(id, context))
}

/** @throws UsageError for what cannot be a port or a line. */
export async function targetFrom(port: string, { line }: PortOptions): Promise<Target> {
  const { readLine, targetOf } = await import('../links/ports.ts')
  const setting = readLine(line)
  if (setting === null) throw new UsageError(`--line ${line}: write it like 9600 8N1`)
  return targetOf(port, setting)
}

/** @throws UsageError for a driver that is not there, or settings that it does not take. */
export async function driverFrom(id: string, { settings }: PortOptions): Promise<{ readonly driver: Driver; readonly settings: DriverSettings }> {
  const { DRIVERS } = await import('../drivers.ts')
  const driver = DRIVERS.get(id)
  if (driver === undefined) throw new UsageError(`there is no driver "${id}".${rightName(id, [...DRIVERS.keys()])}`)
  const chosen = settingsOf(driver, settings ?? [])
  try {
    driver.open(chosen)
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error
  }
  return { driver, settings: chosen }
}

/** A number above 0. @throws UsageError */
export function numberOf(option: string, text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 1e6)) throw new UsageError(`${option} ${text}: write a number above 0`)
  return value
}

/** A note that is written over the one before, where a terminal looks; else nothing. */
export function liveNote({ isTerminal, note }: CliContext): (lines: readonly string[]) => void {
  let drawn = 0
  return (lines) => {
    if (!isTerminal) return
    note(`${drawn === 0 ? '' : `\u001b[${drawn}A\u001b[0J`}${lines.join('\n')}`)
    drawn = lines.length
  }
}
