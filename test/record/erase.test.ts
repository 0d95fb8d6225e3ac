import { mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { eraseFrames } from '../../src/record/erase.ts'
import { Block, type Head, type Input, MAGIC, framedBlock } from '../../src/record/format.ts'
import { readRecording, recordingFiles } from '../../src/record/reader.ts'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import { scratch } from '../sync/fakes.ts'

const HEAD: Head = {
  version: 1, run: 'one', began: { wall: 0, mono: 0 }, gateway: 'gw', kind: 'real', profiles: DEFAULT_PROFILES, minted: 0,
  site: { devices: [{ id: 'mon-1', bed: 'bed-1' }, { id: 'mon-2', bed: 'bed-2' }, { id: 'loose' }, 7] },
}
const bytes = (line: number, text: string, settled = false): Input => ({ kind: 'bytes', line, bytes: Buffer.from(text), settled })
const opened = (line: number, device: string | null): Input => ({ kind: 'opened', line, of: { link: 'l', driver: 'd', address: 'a', device: device === null ? null : deviceId(device) } })
const START: readonly Input[] = [{ kind: 'head', head: HEAD }, opened(1, 'mon-1'), opened(2, 'mon-2'), opened(3, null)]

/** One record a second of 1970. */
function tape(folder: string, inputs: readonly Input[], tail = ''): string {
  mkdirSync(join(folder, 'frames'), { recursive: true })
  const block = new Block()
  for (const [second, input] of inputs.entries()) block.add(input, { wall: second * 1_000, mono: second * 1_000 })
  const whole = block.take()
  const path = join(folder, 'frames', '00000001.vfr')
  writeFileSync(path, Buffer.concat([MAGIC, framedBlock(zstdCompressSync(whole), whole.length), Buffer.from(tail)]))
  return path
}

async function left(folder: string): Promise<readonly string[]> {
  const found: string[] = []
  for await (const read of readRecording(await recordingFiles(folder))) {
    if (read.kind === 'torn') found.push('torn')
    if (read.kind !== 'record') continue
    const { record } = read
    if (record.kind === 'bytes') found.push(Buffer.from(record.bytes).toString())
    else if (record.kind === 'gap') found.push(`gap ${record.records}/${record.bytes}`)
    else if (record.kind === 'hand') found.push(record.hand.what)
  }
  return found
}

const stay = (bed: string, from: number, to: number) => ({ bed, openedAt: wallMs(from * 1_000), closedAt: wallMs(to * 1_000) })

it('messages that name the person go, on whatever line, and a gap says so', async () => {
  using place = scratch()
  tape(place.folder, [...START, bytes(3, 'PID|4711'), bytes(3, 'PID|Quist^P'), bytes(3, 'PID|4712', true), bytes(2, 'x 4711')])
  expect(await eraseFrames(place.folder, { words: ['4711', 'Quist'], stays: [] })).toEqual({ records: 3, files: 1, cutBytes: 0 })
  expect(await left(place.folder)).toEqual(['gap 2/19', 'PID|4712', 'gap 1/6'])
  expect(await eraseFrames(place.folder, { words: ['4711', 'Quist'], stays: [] })).toEqual({ records: 0, files: 0, cutBytes: 0 })
})

it('a name that came in pieces goes with all of them, and pieces of another line do not hide it', async () => {
  using place = scratch()
  tape(place.folder, [...START, bytes(3, 'innocent'), bytes(3, 'PV1|'), bytes(3, '4'), bytes(2, 'zz'), bytes(3, '7'), bytes(3, '1'), bytes(3, '1'), bytes(3, 'after')])
  await eraseFrames(place.folder, { words: ['4711'], stays: [] })
  expect((await left(place.folder)).filter((one) => !one.startsWith('gap')).join(' ')).toBe('innocent PV1| zz after')
})

it('all that the devices of the bed sent during the stay goes, and nothing of before, after, or other beds', async () => {
  using place = scratch()
  tape(place.folder, [...START, bytes(1, 'before'), bytes(1, 'his'), bytes(2, 'other'), bytes(3, 'shared'), bytes(1, 'his too'), bytes(1, 'after')])
  await eraseFrames(place.folder, { words: [], stays: [stay('bed-1', 5, 8)] })
  expect(await left(place.folder)).toEqual(['before', 'gap 1/3', 'other', 'shared', 'gap 1/7', 'after'])
})

it('hands that name the person or a stay go, in letters of any alphabet', async () => {
  using place = scratch()
  const hand = (of: string): Input => ({ kind: 'hand', hand: { what: 'take-back', stay: of, by: 'Åsa', confirmedAt: 1 } })
  tape(place.folder, [...START, hand('stay-1'), hand('Müller'), hand('stay-2')])
  expect(await eraseFrames(place.folder, { words: ['stay-1', 'Müller'], stays: [] })).toMatchObject({ records: 2 })
  expect(await left(place.folder)).toEqual(['gap 2/0', 'take-back'])
})

it('a torn end, which nobody can search, is cut off; the file keeps its age and its owner alone reads it', async () => {
  using place = scratch()
  const path = tape(place.folder, [...START, bytes(3, 'kept')], 'PID|4711')
  utimesSync(path, 1_000, 1_000)
  expect(await eraseFrames(place.folder, { words: ['4711'], stays: [] })).toEqual({ records: 0, files: 1, cutBytes: 8 })
  expect(await left(place.folder)).toEqual(['kept'])
  expect(readFileSync(path).includes('4711')).toBe(false)
  expect([statSync(path).mtimeMs, statSync(path).mode & 0o777]).toEqual([1_000_000, 0o600])
  expect(readdirSync(join(place.folder, 'frames'))).toEqual(['00000001.vfr'])
})

it('a folder without recordings has nothing to erase', async () => {
  using place = scratch()
  expect(await eraseFrames(place.folder, { words: ['4711'], stays: [] })).toEqual({ records: 0, files: 0, cutBytes: 0 })
})

it('what an erasing that was cut off left over goes with the next', async () => {
  using place = scratch()
  const path = tape(place.folder, [...START, bytes(3, 'PID|4712')])
  writeFileSync(`${path}.new`, 'PID|4711')
  expect(await eraseFrames(place.folder, { words: ['4711'], stays: [] })).toEqual({ records: 0, files: 0, cutBytes: 0 })
  expect(readdirSync(join(place.folder, 'frames'))).toEqual(['00000001.vfr'])
})
