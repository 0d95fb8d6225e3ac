/**
 * Everything that moves the pump is recorded before it is acted upon: bytes, status and ends of conversations, ticks, and
 * what people do. While one of them is acted upon time stands still for the pump, so that a replay which is told the same
 * instant comes to the same result, byte for byte.
 */

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Site } from '../config/schema.ts'
import type { Priority } from '../domain/alert.ts'
import type { AlertId, StayId } from '../domain/ids.ts'
import { monoMs, wallMs } from '../domain/time.ts'
import { recordLimits } from '../limits.ts'
import type { HouseRequest } from '../pump/house-requests.ts'
import type { AssociationRequest } from '../pump/ledger-hands.ts'
import type { ShiftSaying } from '../pump/people.ts'
import type { ObservationRequest, Saying } from '../pump/stay-hands.ts'
import type { Clock, Line, OpenLine, StayContext } from '../seams.ts'
import type { Head, Input, Instant, LineHead } from './format.ts'
import { type Mint, mintOf } from './mint.ts'
import { FRAMES_FOLDER, Tape, type TapeHealth } from './tape.ts'

export type RecorderParts = {
  /** The data folder. */
  readonly folder: string
  readonly setting: Site['record']
  readonly keptMs: number
  /** The ward's clock. */
  readonly clock: Clock
  readonly realTime: Clock
  readonly of: Pick<Head, 'gateway' | 'kind' | 'site' | 'profiles' | 'suspects'>
  readonly log: Logger
}

/** What people do to alerts and stays. */
export type Hands = {
  acknowledge(alert: AlertId, by: string): unknown
  pauseAudio(alert: AlertId, by: string, ms: number): unknown
  changeContext(stay: StayId, change: Partial<StayContext>, by: string, saying?: Saying): unknown
  observe(stay: StayId, request: ObservationRequest, by: string): unknown
  takeBack(stay: StayId, confirmedAt: number, by: string): unknown
}

export interface Recorder {
  /** For the pump: stands still while something recorded is acted upon. */
  readonly clock: Clock
  /** For the pump: ids that a replay gives again. */
  readonly mint: Mint
  /** Makes the pump: the instant of it is the beginning of the recording. */
  begin<Made>(make: () => Made): Made
  recorded(open: OpenLine, from: { readonly link: string; readonly driver: string }): OpenLine
  tick(act: () => void): void
  condition(condition: string, said: { readonly priority: Priority; readonly text: string } | null, act: () => void): void
  /** A conversation may speak again. */
  release(key: string, act: () => boolean): boolean
  /** What a person says of who lies where. */
  associate<Answer>(request: AssociationRequest, by: string, act: () => Answer): Answer
  /** What a person says of who has which bed. */
  shift<Answer>(request: ShiftSaying, by: string, act: () => Answer): Answer
  /** What a person says of a bed, a goal, or the ward. */
  house<Answer>(request: HouseRequest, by: string, act: () => Answer): Answer
  /** Facts that are over are forgotten. */
  forgetting<Answer>(now: number, act: () => Answer): Answer
  /** The same hands, recorded. */
  hands<Some extends Hands>(hands: Some): Some
  health(): TapeHealth
  /** Writes until stopped, then the rest. */
  run(stop: AbortSignal): Promise<void>
}

export function openRecorder(parts: RecorderParts): Recorder {
  const { folder, setting, keptMs, clock, realTime, log } = parts
  const run = randomUUID()
  const mint = mintOf(run)
  const lines = new Map<number, LineHead>()
  let lastLine = 0
  let began: Instant = { wall: clock.wall(), mono: clock.mono() }
  let still: Instant | null = null

  const preface = (): readonly Input[] => [
    { kind: 'head', head: { version: 1, run, began, minted: mint.given(), ...parts.of } },
    ...Array.from(lines, ([line, of]): Input => ({ kind: 'opened', line, of, again: true })),
  ]
  const tape = setting.enabled ? new Tape({ folder: join(folder, FRAMES_FOLDER), bytesMax: setting.megabytes * 1e6, keptMs, realTime, log, preface }) : null

  /** Records and acts at one instant. What is done in the middle of something else is part of that instant. */
  function at<Result>(input: Input | null, act: () => Result): Result {
    const before = still
    still ??= { wall: clock.wall(), mono: clock.mono() }
    try {
      if (input) tape?.add(input, still)
      return act()
    } finally {
      still = before
    }
  }

  function recordedLine(inner: Line, line: number): Line {
    let closed = false
    return {
      receive: (bytes, settled) => at({ kind: 'bytes', line, bytes, settled: settled !== undefined }, () => inner.receive(bytes, settled)),
      atRest: () => inner.atRest?.(),
      status: (state, why) => at({ kind: 'status', line, state, why }, () => inner.status(state, why)),
      close: (why) =>
        at(closed ? null : { kind: 'closed', line, why }, () => {
          closed = true
          lines.delete(line)
          inner.close(why)
        }),
    }
  }

  return {
    clock: { wall: () => wallMs(still?.wall ?? clock.wall()), mono: () => monoMs(still?.mono ?? clock.mono()), sleep: (ms, stop) => clock.sleep(ms, stop) },
    mint,
    begin: (make) =>
      at(null, () => {
        began = { wall: still?.wall ?? began.wall, mono: still?.mono ?? began.mono }
        return make()
      }),
    recorded: (open, from) => (peer, write, hangUp) => {
      const line = ++lastLine
      const of = { ...from, address: peer.address, device: peer.device }
      return at({ kind: 'opened', line, of }, () => {
        // Beyond the bound a conversation is recorded all the same; a segment that begins later does not know of it.
        if (lines.size < recordLimits.openLinesMax) lines.set(line, of)
        return recordedLine(open(peer, write, hangUp), line)
      })
    },
    tick: (act) => at({ kind: 'tick' }, act),
    condition: (condition, said, act) => at({ kind: 'hand', hand: { what: 'condition', condition, said } }, act),
    release: (key, act) => at({ kind: 'hand', hand: { what: 'release', key } }, act),
    associate: (request, by, act) => at({ kind: 'hand', hand: { what: 'associate', request, by } }, act),
    shift: (request, by, act) => at({ kind: 'hand', hand: { what: 'shift', request, by } }, act),
    house: (request, by, act) => at({ kind: 'hand', hand: { what: 'house', request, by } }, act),
    forgetting: (now, act) => at({ kind: 'hand', hand: { what: 'forget', now } }, act),
    hands: (hands) => ({
      ...hands,
      acknowledge: (alert: AlertId, by: string) => at({ kind: 'hand', hand: { what: 'acknowledge', alert, by } }, () => hands.acknowledge(alert, by)),
      pauseAudio: (alert: AlertId, by: string, ms: number) =>
        at({ kind: 'hand', hand: { what: 'pause', alert, by, ms } }, () => hands.pauseAudio(alert, by, ms)),
      changeContext: (stay: StayId, change: Partial<StayContext>, by: string, saying?: Saying) =>
        at({ kind: 'hand', hand: { what: 'context', stay, by, change, ...(saying ? { saying } : {}) } }, () => hands.changeContext(stay, change, by, saying)),
      observe: (stay: StayId, request: ObservationRequest, by: string) => at({ kind: 'hand', hand: { what: 'observe', stay, by, request } }, () => hands.observe(stay, request, by)),
      takeBack: (stay: StayId, confirmedAt: number, by: string) => at({ kind: 'hand', hand: { what: 'take-back', stay, by, confirmedAt } }, () => hands.takeBack(stay, confirmedAt, by)),
    }),
    health: () => tape?.health() ?? { droppedRecords: 0, writtenBytes: 0, why: null },
    run: (stop) => tape?.run(stop) ?? Promise.resolve(),
  }
}
