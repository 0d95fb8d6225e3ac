/** One driver under fire: conversations that go on for ever, fed with frames that were mutated from its fixtures and from what its simulator says. */

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { monoMs } from '../../src/domain/time.ts'
import type { Driver, DriverSettings, Frame, Session } from '../../src/seams.ts'
import { modelsOf, streamOf } from '../drivers/streams.ts'
import { type Progress, added, areSame, judgeOutput, valuesIn } from './driver-judge.ts'
import { byteChanged, cutAnywhere, glued, hostile } from './driver-mutation.ts'
import { randomOf } from './prove.ts'
import type { Random } from './wire-mutation.ts'

const DRIVERS = resolve(import.meta.dirname, '../../drivers')

/** Frames as they stood on one wire, in order. */
type Source = {
  readonly name: string
  readonly settings: DriverSettings
  readonly frames: readonly Uint8Array[]
  /** Those that were damaged before we came: one change more may make them right. */
  readonly damaged: ReadonlySet<number>
  /** Each piece is a message of its own, and must not be cut: datagrams. */
  readonly isWhole: boolean
  /** What it sends has a checksum, where the driver says that it does; not so over a network, where UDP has one. */
  readonly isChecked: boolean
}

/** `mutated`: frames that were not what they had been; between them are others that were. */
export type Tally = { frames: number; mutated: number; cutCompared: number; bytesChanged: number; valuesLost: number; readings: number }

const BATCH = 16
/** Of a batch, all frames are mutated, or so few that what hangs on several whole ones is reached. */
const MUTATED_ONE_IN = [1, 1, 2, 12] as const
const PIECES_MAX = 24
/** So many of the batches are also read whole and in pieces by two fresh sessions. */
const COMPARED_ONE_IN = 6
/** So many go to the whole dialogue too, where there is one. */
const CONVERSED_ONE_IN = 4
const BYTES_CHANGED_PER_BATCH = 2
/** Sources that are not longer are read as a whole around a changed byte; of others so many frames before and behind. */
const WHOLE_SOURCE_MAX = 64
const WINDOW = { before: 8, behind: 4 }
const STREAM_SECONDS = 20
const STREAM_SECONDS_OF: Readonly<Record<string, number>> = { astm: 250 }
const NOW = monoMs(0)

const openOf = (driver: Driver, settings: DriverSettings): Session => driver.openCapture?.(settings) ?? driver.open(settings)
const keepsBorders = ({ transport }: Driver): boolean => transport === 'mqtt' || transport === 'udp'

/** `driver` reads them, so it is the real one, whatever wrapper is tried. */
export function sourcesOf(driver: Driver): readonly Source[] {
  const folder = join(DRIVERS, driver.id, 'fixtures')
  const fixtures = readdirSync(folder).filter((name) => !name.endsWith('.json')).map((name): Source => {
    const stem = join(folder, name.slice(0, name.lastIndexOf('.')))
    const settings: DriverSettings = existsSync(`${stem}.settings.json`) ? JSON.parse(readFileSync(`${stem}.settings.json`, 'utf8')) : {}
    const bytes = new Uint8Array(readFileSync(join(folder, name)))
    const session = openOf(driver, settings)
    const read = [...session.receive(bytes, NOW).frames, ...session.end(NOW).frames]
    const frames = read.map(({ offset, length }) => bytes.slice(offset, offset + length))
    const damaged = new Set(read.flatMap(({ kind }, index) => (kind === 'bad' ? [index] : [])))
    return { name, settings, frames, damaged, isWhole: false, isChecked: driver.integrity === 'checksum' && !name.includes('lan') }
  })
  const streams = modelsOf(driver.id).map((model): Source => {
    const { spoken } = streamOf(driver.id, model, { seconds: STREAM_SECONDS_OF[driver.id] ?? STREAM_SECONDS, scenario: 'desaturation@5' })
    const isWhole = model.endsWith('-lan')
    const frames = spoken.map(({ bytes }) => new Uint8Array(bytes))
    const settings: DriverSettings = isWhole ? { framing: 'lan' } : {}
    return { name: model, settings, frames, damaged: new Set(), isWhole, isChecked: driver.integrity === 'checksum' && !isWhole }
  })
  return [...fixtures, ...streams].filter(({ frames }) => frames.length > 0)
}

type Dialogue = { readonly session: Session; readonly progress: Progress; atMs: number }
/** `next`: which of its frames comes next. */
type Long = { readonly source: Source; readonly session: Session; readonly progress: Progress; next: number; readonly dialogue: Dialogue | null }

export class Trial {
  readonly tally: Tally = { frames: 0, mutated: 0, cutCompared: 0, bytesChanged: 0, valuesLost: 0, readings: 0 }
  readonly #driver: Driver
  readonly #random: Random
  readonly #long: readonly Long[]
  /** Values of a stretch of a source as it was. */
  readonly #unharmed = new Map<string, ReadonlyMap<string, number>>()

  constructor(driver: Driver, sources: readonly Source[], seed: number) {
    this.#driver = driver
    this.#random = randomOf(seed)
    this.#long = sources.map((source) => ({
      source, session: openOf(driver, source.settings), progress: { heard: 0, ended: 0 }, next: 0,
      dialogue: driver.openCapture === undefined ? null : { session: driver.open(source.settings), progress: { heard: 0, ended: 0 }, atMs: 0 },
    }))
  }

  /** Goes on until so many mutated frames were fed in all; the first thing that is wrong, or null. */
  run(mutated: number): string | null {
    while (this.tally.mutated < mutated) {
      const long = this.#long[this.#random.int(this.#long.length)]
      if (long === undefined) return 'nothing to mutate'
      const wrong = this.#batch(long)
      if (wrong !== null) return `${this.#driver.id}, ${long.source.name}, after ${this.tally.frames} frames: ${wrong}`
    }
    return null
  }

  #batch(long: Long): string | null {
    const { source } = long
    const batch = this.#mutatedFrom(source, long.next)
    long.next = (long.next + BATCH) % source.frames.length
    return (
      this.#guarded('reads', () => this.#feed(long.session, source, long.progress, batch)) ??
      (this.#random.int(CONVERSED_ONE_IN) === 0 ? this.#guarded('converses', () => this.#converse(long, batch)) : null) ??
      (this.#random.int(COMPARED_ONE_IN) === 0 ? this.#guarded('is cut', () => this.#compare(source)) : null) ??
      (source.isChecked ? this.#guarded('has a byte changed', () => this.#changeBytes(source)) : null)
    )
  }

  /** In their order, so that what hangs on earlier frames is reached. */
  #mutatedFrom({ frames }: Source, from: number): readonly Uint8Array[] {
    const oneIn = MUTATED_ONE_IN[this.#random.int(MUTATED_ONE_IN.length)] ?? 1
    const other = (): Uint8Array => frames[this.#random.int(frames.length)] ?? new Uint8Array(0)
    this.tally.frames += BATCH
    return Array.from({ length: BATCH }, (_, index) => {
      const good = frames[(from + index) % frames.length] ?? other()
      if (this.#random.int(oneIn) > 0) return good
      const bad = hostile(this.#random, good, other)
      if (bad.length !== good.length || bad.some((byte, at) => byte !== good[at])) this.tally.mutated++
      return bad
    })
  }

  #guarded(what: string, run: () => string | null): string | null {
    try {
      return run()
    } catch (error) {
      return `threw as it ${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
    }
  }

  #piecesOf(source: Source, message: Uint8Array): readonly Uint8Array[] {
    return source.isWhole ? [message] : cutAnywhere(this.#random, message, 4)
  }

  #feed(session: Session, source: Source, progress: Progress, batch: readonly Uint8Array[]): string | null {
    for (const message of batch) {
      for (const piece of this.#piecesOf(source, message)) {
        progress.heard += piece.length
        const output = session.receive(piece, NOW)
        const wrong = judgeOutput(output, progress)
        if (wrong !== null) return wrong
        for (const frame of output.frames) if (frame.kind === 'good') this.tally.readings += frame.readings.length
      }
      const wrong = keepsBorders(this.#driver) ? judgeOutput(session.end(NOW), progress) : null
      if (wrong !== null) return wrong
    }
    // A line that is never still still ends now and then.
    return this.#random.int(64) === 0 ? judgeOutput(session.end(NOW), progress) : null
  }

  /** Time goes by between two messages, and the dialogue is woken, early, in time or late. */
  #converse({ source, dialogue }: Long, batch: readonly Uint8Array[]): string | null {
    if (dialogue === null) return null
    const { session, progress } = dialogue
    for (const message of batch) {
      for (const piece of this.#piecesOf(source, message)) {
        progress.heard += piece.length
        const wrong = judgeOutput(session.receive(piece, monoMs(dialogue.atMs)), progress)
        if (wrong !== null) return wrong
      }
      dialogue.atMs += this.#random.int(8) === 0 ? this.#random.int(20_000) : this.#random.int(400)
      const wrong = judgeOutput(session.wake(monoMs(dialogue.atMs)), progress)
      if (wrong !== null) return wrong
    }
    return null
  }

  /** The same bytes, whole and in pieces, to two that know nothing. */
  #compare(source: Source): string | null {
    if (source.isWhole) return null
    const batch = this.#mutatedFrom(source, this.#random.int(2) === 0 ? 0 : this.#random.int(source.frames.length))
    this.tally.cutCompared += batch.length
    const messages = keepsBorders(this.#driver) ? batch : [glued(...batch)]
    const [whole, cut] = [false, true].map((isCut) => {
      const session = openOf(this.#driver, source.settings)
      return messages.flatMap((message) => {
        const frames = (isCut ? cutAnywhere(this.#random, message, PIECES_MAX) : [message]).flatMap((piece) => session.receive(piece, NOW).frames)
        return [...frames, ...session.end(NOW).frames]
      })
    })
    return areSame(whole ?? [], cut ?? []) ? null : 'other frames when the same bytes are cut otherwise'
  }

  #changeBytes(source: Source): string | null {
    for (let index = 0; index < BYTES_CHANGED_PER_BATCH; index++) {
      const at = this.#random.int(source.frames.length)
      const isShort = source.frames.length <= WHOLE_SOURCE_MAX
      const [from, to] = isShort ? [0, source.frames.length] : [Math.max(0, at - WINDOW.before), Math.min(source.frames.length, at + 1 + WINDOW.behind)]
      const around = source.frames.slice(from, to)
      const key = `${source.name} ${from} ${to}`
      let unharmed = this.#unharmed.get(key)
      if (unharmed === undefined) this.#unharmed.set(key, (unharmed = valuesIn(this.#readAll(source, around))))
      const frame = around[at - from]
      if (frame === undefined || frame.length === 0 || source.damaged.has(at)) continue
      const values = valuesIn(this.#readAll(source, around.toSpliced(at - from, 1, byteChanged(this.#random, frame))))
      this.tally.bytesChanged++
      const more = added(values, unharmed)
      if (more !== null) return `a byte of frame ${at} was changed, and what nobody sent is read: ${more}`
      this.tally.valuesLost += countOf(unharmed) - countOf(values)
    }
    return null
  }

  #readAll(source: Source, frames: readonly Uint8Array[]): readonly Frame[] {
    const session = openOf(this.#driver, source.settings)
    return [...session.receive(glued(...frames), NOW).frames, ...session.end(NOW).frames]
  }
}

const countOf = (values: ReadonlyMap<string, number>): number => [...values.values()].reduce((sum, count) => sum + count, 0)
