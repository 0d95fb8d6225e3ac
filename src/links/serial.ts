/** A serial port: opened, watched, and opened again when it vanishes. */

import { realpath } from 'node:fs/promises'
import type { Logger } from 'pino'
import { SerialPort } from 'serialport'
import type { DeviceId } from '../domain/ids.ts'
import { linkLimits } from '../limits.ts'
import type { Clock, Line, Link, OpenLine } from '../seams.ts'

export type SerialSetting = {
  readonly id: string
  readonly path: string
  readonly baudRate: number
  readonly dataBits: 7 | 8
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: 1 | 2
  readonly device: DeviceId
  readonly clock: Clock
  readonly log: Logger
}

export function serialLink(setting: SerialSetting): Link {
  const { id, path, device, clock, log } = setting
  return {
    id,
    async run(open, stop) {
      let before = ''
      let sinceAt = clock.mono()
      let isTold = false
      while (!stop.aborted) {
        const why = await session(setting, open, stop)
        if (why !== before) {
          sinceAt = clock.mono()
          isTold = false
        }
        // A port may be just coming up; the same failure for seconds is news, once.
        if (!stop.aborted && !isTold && clock.mono() - sinceAt >= linkLimits.serialToldMs) {
          log.warn({ link: id, device, path, why }, 'Serial port lost or not there; trying again.')
          isTold = true
        }
        before = why
        await clock.sleep(linkLimits.serialLookMs, stop)
      }
    },
  }
}

/** One opening of the port. Resolves with why it ended. */
async function session(setting: SerialSetting, open: OpenLine, stop: AbortSignal): Promise<string> {
  const { path, baudRate, dataBits, parity, stopBits, device, clock } = setting
  // A by-id name is a link; what it pointed at when we opened it tells us later whether that port is still the one.
  const real = await realpath(path).catch(() => null)
  if (real === null) return `${path} is not there`
  const port = new SerialPort({ path: real, baudRate, dataBits, parity, stopBits, autoOpen: false })
  const opened = await new Promise<string | null>((resolve) => port.open((error) => resolve(error ? error.message : null)))
  if (opened !== null) return opened
  // What the operating system held from before is not from now.
  await new Promise<void>((resolve) => port.flush(() => resolve()))
  let line: Line | null = null
  let lastByteAt = clock.mono()
  let drainedAt = clock.mono()
  const closed = new AbortController()
  let why = 'closed'
  const ended = (reason: string): void => {
    if (!closed.signal.aborted) why = reason
    closed.abort()
  }
  port.on('close', () => ended('the port closed'))
  port.on('error', (error: Error) => ended(error.message))
  line = open({ address: path, device }, (bytes) => void port.write(bytes))
  line.status('up', 'port open')
  port.on('data', (bytes: Buffer) => {
    lastByteAt = clock.mono()
    line.receive(bytes)
  })
  const either = AbortSignal.any([stop, closed.signal])
  while (!either.aborted) {
    await clock.sleep(linkLimits.serialLookMs, either)
    // Flow control that stands, or an adapter that hangs: what a driver goes on asking would pile up, and nobody would hear of it.
    if (port.writableLength === 0) drainedAt = clock.mono()
    else if (clock.mono() - drainedAt > linkLimits.serialDrainMs) ended('the port does not take what is sent to it')
    // Ports vanish without a close, and reads of one that hung up end at once with nothing, which costs a whole core. When one is
    // silent, look whether its name still means the same thing, and whether it answers.
    const silent = clock.mono() - lastByteAt > linkLimits.serialLookMs
    if (silent && ((await realpath(path).catch(() => null)) !== real || !(await answers(port)))) ended('the port was pulled or renamed')
  }
  line.status('down', why)
  line.close(why)
  await new Promise<void>((resolve) => (port.isOpen ? port.close(() => resolve()) : resolve()))
  return why
}

/** A port that hung up answers EIO to any question about it (Linux: a terminal whose other end is gone). */
const answers = async ({ port }: SerialPort): Promise<boolean> => ((await port?.getBaudRate().catch(() => null)) ?? null) !== null
