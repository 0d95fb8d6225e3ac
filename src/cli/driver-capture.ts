/** `vigil driver capture`: what a port says, with times, into a file of its own. */

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { toolLimits } from '../limits.ts'
import { targetText } from '../links/ports.ts'
import { REAL_TIME } from '../ops/clock.ts'
import { captureHead, captureLines, remark } from './capture-file.ts'
import { type CliContext, CommandFailed, UsageError } from './context.ts'
import { watchPort } from './driver-session.ts'
import { type PortOptions, driverFrom, liveNote, numberOf, targetFrom } from './driver.ts'

export type CaptureOptions = PortOptions & { readonly out: string; readonly driver?: string; readonly seconds?: string }

const DRAW_MS = 500

export async function capture(port: string, options: CaptureOptions, context: CliContext): Promise<void> {
  const clock = context.clockOf(REAL_TIME)
  const target = await targetFrom(port, options)
  const asking = options.driver === undefined ? null : await driverFrom(options.driver, options)
  const secondsMax = options.seconds === undefined ? Infinity : numberOf('--seconds', options.seconds)
  const over = new AbortController()
  const stop = AbortSignal.any([context.stop, over.signal])
  let recording: Recording
  try {
    recording = new Recording(options.out, captureHead(targetText(target), clock.wall()), (why) => over.abort(why))
  } catch (error) {
    throw new UsageError(`${options.out} cannot be written: ${error instanceof Error ? error.message : String(error)}`)
  }
  const draw = liveNote(context)
  const from = clock.mono()
  let drawnAt = -Infinity
  context.note(`Recording ${targetText(target)} into ${options.out}: Ctrl-C ends it.`)
  const failed = await watchPort(target, asking === null ? null : () => asking.driver.open(asking.settings), {
    heard: (bytes) => recording.piece('from-device', bytes, clock.mono() - from),
    sent: (bytes) => recording.piece('to-device', bytes, clock.mono() - from),
    port(what) {
      recording.write(remark(`${((clock.mono() - from) / 1_000).toFixed(3)} ${what}`))
      context.note(`${what}; opening it again.`)
    },
    look() {
      const ms = clock.mono() - from
      if (ms >= secondsMax * 1_000) over.abort('')
      if (ms - drawnAt < DRAW_MS) return
      drawnAt = ms
      draw([`${Math.floor(ms / 1_000)} s, ${recording.heardBytes} bytes`])
    },
  }, { clock, stop })
  recording.close()
  if (failed !== null) throw new CommandFailed(`${port} cannot be opened: ${failed}`)
  const { heardBytes } = recording
  context.write(`${options.out}: ${heardBytes} bytes in ${Math.round((clock.mono() - from) / 1_000)} s. Look at it with: vigil decode ${options.out}`)
  if (recording.trouble !== '') throw new CommandFailed(recording.trouble)
  if (heardBytes === 0) context.note('Nothing came. A device that must be asked says nothing by itself: vigil probe finds out which it is, --driver asks it.')
}

/** The file: bounded, and on the disk when it is closed. */
class Recording {
  readonly #file: number
  readonly #full: (why: string) => void
  #bytes = 0
  heardBytes = 0
  /** Why it ended before its time. */
  trouble = ''

  /** @throws Error when the file is there already or cannot be made. It holds what the device says of its patient: for its owner alone. */
  constructor(path: string, head: string, full: (why: string) => void) {
    this.#file = openSync(path, 'wx', 0o600)
    this.#full = full
    this.write(head)
  }

  piece(direction: 'from-device' | 'to-device', bytes: Uint8Array, atMs: number): void {
    if (bytes.length === 0 || this.trouble !== '') return
    if (this.#bytes + bytes.length > toolLimits.captureBytesMax) return this.#end(`It is full: ${toolLimits.captureBytesMax} bytes were recorded.`)
    this.#bytes += bytes.length
    if (direction === 'from-device') this.heardBytes += bytes.length
    this.write(captureLines({ atMs, direction, bytes }))
  }

  write(text: string): void {
    try {
      writeSync(this.#file, text)
    } catch (error) {
      this.#end(`It cannot be written any more: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  close(): void {
    try {
      fsyncSync(this.#file)
    } catch (error) {
      this.#end(`It may not be whole: ${error instanceof Error ? error.message : String(error)}`)
    }
    closeSync(this.#file)
  }

  #end(why: string): void {
    this.trouble = why
    this.#full(why)
  }
}
