/** `vigil driver try`: one device and one driver, live in the terminal. Nothing is stored, nobody is alarmed. */

import { type FileHandle, open, stat } from 'node:fs/promises'
import { toolLimits } from '../limits.ts'
import { targetText } from '../links/ports.ts'
import { REAL_TIME } from '../ops/clock.ts'
import { type RecordedSession, openRecorded } from '../ops/guess.ts'
import type { Clock, Driver, DriverSettings, Frame } from '../seams.ts'
import { CAPTURE_TITLE_BYTES, type CapturedPiece, CaptureReader, isCapture } from './capture-file.ts'
import { type CliContext, CommandFailed } from './context.ts'
import { linesOf, rowOf } from './decode.ts'
import { watchPort } from './driver-session.ts'
import { type PortOptions, driverFrom, liveNote, numberOf, targetFrom } from './driver.ts'
import { TryView } from './try-view.ts'

export type TryOptions = PortOptions & { readonly driver: string; readonly speed: string; readonly lines?: boolean; readonly json?: boolean }

export async function tryDriver(port: string, options: TryOptions, context: CliContext): Promise<void> {
  const clock = context.clockOf(REAL_TIME)
  const chosen = await driverFrom(options.driver, options)
  const file = await openedCapture(port)
  const screen = new Screen(chosen.driver, options, context)
  if (file !== null) return await playFile(file, numberOf('--speed', options.speed), { ...chosen, screen, clock, context })
  const target = await targetFrom(port, options)
  const from = clock.mono()
  context.note(`Opening ${targetText(target)} as ${chosen.driver.id}: Ctrl-C ends it. Compare with the monitor's own screen.`)
  const nowMs = (): number => clock.mono() - from
  const failed = await watchPort(target, () => chosen.driver.open(chosen.settings), {
    heard: (bytes, frames) => screen.take(bytes.length, frames, nowMs()),
    sent: (bytes) => screen.view.sent(bytes.length),
    port: (what) => context.note(`${what}; opening it again.`),
    look: () => screen.look(targetText(target), nowMs()),
  }, { clock, stop: context.stop })
  if (failed !== null) throw new CommandFailed(`${port} cannot be opened: ${failed}`)
  screen.end(targetText(target), nowMs())
}

/** A table where a terminal looks; lines where they were asked for, or where none does. */
class Screen {
  readonly view: TryView
  readonly #context: CliContext
  readonly #draw: (lines: readonly string[]) => void
  readonly #asLines: boolean
  readonly #asJson: boolean
  #drawnAtMs = 0
  #advised = ''

  constructor(driver: Driver, { lines, json }: TryOptions, context: CliContext) {
    this.view = new TryView(driver)
    this.#context = context
    this.#draw = liveNote(context)
    this.#asJson = json === true
    this.#asLines = lines === true || this.#asJson || !context.isTerminal
  }

  take(byteCount: number, frames: readonly Frame[], nowMs: number): void {
    this.view.take(byteCount, frames, nowMs)
    if (!this.#asLines) return
    for (const line of frames.flatMap(linesOf)) this.#context.write(this.#asJson ? JSON.stringify(line) : rowOf(line))
  }

  look(port: string, nowMs: number): void {
    if (nowMs - this.#drawnAtMs < toolLimits.tryDrawMs) return
    this.#drawnAtMs = nowMs
    if (!this.#asLines) return this.#draw(this.view.lines(port, nowMs))
    const advice = this.view.advice(nowMs)
    // The seconds in it grow: said once as long as it is the same trouble.
    const kind = (advice ?? '').replaceAll(/\d+/g, '')
    if (kind !== this.#advised && advice !== null) this.#context.note(advice)
    this.#advised = kind
  }

  end(port: string, nowMs: number): void {
    if (!this.#asLines) this.#draw(this.view.lines(port, nowMs))
    const { good, quarantined, bad, skipped } = this.view.frames
    const sentence = `${good} frames good, ${quarantined} quarantined, ${bad} bad, ${skipped} skipped`
    if (this.#asJson) this.#context.write(JSON.stringify({ kind: 'summary', frames: this.view.frames }))
    else if (this.#asLines) this.#context.write(sentence)
  }
}

/** Null when it is no file of ours: then it is a port. */
async function openedCapture(path: string): Promise<FileHandle | null> {
  // A serial port is not opened to look: that alone would wait for it, and move its control lines.
  if ((await stat(path).catch(() => null))?.isFile() !== true) return null
  const file = await open(path, 'r')
  const head = new Uint8Array(CAPTURE_TITLE_BYTES)
  const { bytesRead } = await file.read(head, 0, head.length, 0)
  if (bytesRead === head.length && isCapture(head)) return file
  await file.close()
  throw new CommandFailed(`${path} is no file that driver capture wrote: vigil decode reads others`)
}

type Stage = { readonly screen: Screen; readonly clock: Clock; readonly context: CliContext; readonly driver: Driver; readonly settings: DriverSettings }

async function playFile(file: FileHandle, speed: number, { screen, clock, context, driver, settings }: Stage): Promise<void> {
  const from = clock.mono()
  const sessions = new Map<boolean, RecordedSession>()
  let atMs = 0
  for await (const { piece, isDatagram } of piecesIn(file)) {
    const session = sessions.get(isDatagram) ?? openRecorded(driver, settings, isDatagram)
    sessions.set(isDatagram, session)
    atMs = piece.atMs
    await clock.sleep(atMs / speed - (clock.mono() - from), context.stop)
    if (context.stop.aborted) break
    if (piece.direction === 'from-device') screen.take(piece.bytes.length, session.receive(piece.bytes), atMs)
    screen.look('recording', atMs)
  }
  for (const session of sessions.values()) screen.take(0, session.end(), atMs)
  screen.end('recording', atMs)
}

async function* piecesIn(file: FileHandle): AsyncGenerator<{ readonly piece: CapturedPiece; readonly isDatagram: boolean }> {
  const reader = new CaptureReader()
  for await (const chunk of file.createReadStream({ start: 0 })) {
    if (chunk instanceof Uint8Array) for (const piece of reader.push(chunk)) yield { piece, isDatagram: reader.isDatagrams }
  }
  for (const piece of reader.end()) yield { piece, isDatagram: reader.isDatagrams }
}
