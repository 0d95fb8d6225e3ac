/**
 * Single bits of a database flipped, one at a time: whatever row it touches is found, and no value is ever read that was not
 * written. Harmless is what leaves every row as it was. The judge compares each row that the product reads with what it was
 * told to write. Then whole pages and headers are damaged, and a real gateway starts all the same.
 *
 * The control reads the same rows without their CRC.
 */

import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { wallMs } from '../../src/domain/time.ts'
import { StoreUnreadable } from '../../src/store/database.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { unpackReadings } from '../../src/store/packed.ts'
import { type Opened, openStore } from '../../src/store/store.ts'
import { verifyFolder } from '../../src/store/verify-folder.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { heartRate, phase, snapshot, stay, tick } from '../store/fixture.ts'
import { ProveWard, proveFolder } from './gateway.ts'
import { type Prove, randomOf } from './prove.ts'
import { rest } from './senders.ts'

const PAGE_BYTES = 4_096
const AIM_MS = 10_000
const CONTROL_FLIPS_MAX = 300
/** A machine that is busy with other tests says nothing of speed. */
const QUICK_MS = 60_000

export const prove: Prove = async ({ quick, seed, say }) => {
  const random = randomOf(seed)
  const home = proveFolder()
  try {
    const good = join(home, 'good')
    await makeDatabase(good, quick ? 4_500 : 9_000)
    const truth = rowsOf(good).rows
    const raw = withoutCrc(good)
    const flips = quick ? 6 : 300
    const counts = { harmless: 0, detected: 0, refused: 0, undetected: 0, wrong: 0, wrongWithoutCrc: 0 }
    const bits = readFileSync(join(good, 'vigil.db'))
    say(`${truth.size} rows in ${bits.length} bytes`)
    const bad = join(home, 'bad')
    cpSync(good, bad, { recursive: true })
    const flipOne = (): number => {
      const at = random.int(bits.length * 8)
      const damaged = Buffer.from(bits)
      damaged[at >> 3] = (damaged[at >> 3] ?? 0) ^ (1 << (at & 7))
      for (const name of readdirSync(bad)) if (name.startsWith('vigil.db')) rmSync(join(bad, name))
      writeFileSync(join(bad, 'vigil.db'), damaged)
      return at
    }
    for (let flip = 0; flip < flips; flip++) {
      const at = flipOne()
      const found = await judgeOne(bad, truth)
      counts[found.kind]++
      counts.wrong += found.wrong
      counts.wrongWithoutCrc += differing(withoutCrc(bad), raw)
      if (found.kind === 'undetected') say(`bit ${at} touched rows, and nobody noticed`)
    }
    // Most bits of a few flips are of nobody: the control goes on until one is of a value.
    for (let more = flips; counts.wrongWithoutCrc === 0 && more < CONTROL_FLIPS_MAX; more++) {
      flipOne()
      counts.wrongWithoutCrc += differing(withoutCrc(bad), raw)
    }
    say(`${counts.detected + counts.refused} of ${flips} flips found, ${counts.harmless} harmless`)
    const starts = await damagedStarts(good, quick)
    const slowest = Math.max(...starts.map(({ ms }) => ms))
    const areUp = starts.every(({ isRight }) => isRight) && slowest <= (quick ? QUICK_MS : AIM_MS)
    return {
      kind: 'judged',
      pass: counts.undetected + counts.wrong === 0 && counts.detected > 0 && areUp,
      figures: {
        'bits flipped': flips,
        'found by verify; file refused and set aside': `${counts.detected}; ${counts.refused}`,
        harmless: counts.harmless,
        'touched and not found': counts.undetected,
        'wrong values shown': counts.wrong,
        'damaged starts, listening again at most after (ms)': `${starts.length}, ${Math.round(slowest)}`,
        'not set aside, or not told': starts.filter(({ isRight }) => !isRight).map(({ name }) => name).join(', ') || 'none',
        'control: rows read wrong without their CRC': counts.wrongWithoutCrc,
      },
      control: { ran: true, failed: counts.wrongWithoutCrc > 0 },
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

type Rows = ReadonlyMap<number, string>

/** A real store, closed, with its seals written: a little of everything, and rows for more than one block. */
async function makeDatabase(folder: string, rows: number): Promise<void> {
  const settings = { folder, kind: 'real', gatewayId: 'prove', clock: realClock(REAL_TIME) } as const
  const first = await opened(settings)
  for (let from = 0; from < rows; from += 500) {
    const snapshots = Array.from({ length: 500 }, (_, index) => (index % 5 === 0 ? snapshot({ receivedAt: 1e12 + (from + index) * 1_000 }) : heartRate(40 + (index % 150), { receivedAt: 1e12 + (from + index) * 1_000 })))
    await first.store.commit(tick({ snapshots, events: [phase(`alert-${from}`, from === 0 ? 'active' : 'inactive')], stays: [stay(`stay-${from}`)] }))
  }
  // Blocks are sealed while nobody waits, and their seals go along with a later group.
  for (let tries = 0; tries < 200 && sealsIn(folder) === 0; tries++) {
    await rest(50)
    await first.store.commit(tick({ snapshots: [heartRate(70)] }))
  }
  await first.store.close()
}

async function opened(settings: Parameters<typeof openStore>[0]): Promise<Opened> {
  const store = await openStore(settings)
  if (store.kind === 'refused') throw new Error(store.why)
  return store
}

function sealsIn(folder: string): number {
  const db = new Database(join(folder, 'vigil.db'), { readonly: true })
  const seals = Number(db.prepare('SELECT count(*) FROM segment WHERE mac IS NOT NULL').pluck().get())
  db.close()
  return seals
}

/** Every row as the product reads it. */
function rowsOf(folder: string): { readonly rows: Rows; readonly told: number } {
  using log = openLogReader(folder)
  const rows = new Map<number, string>()
  for (let after = 0; ; ) {
    const page = log.read(after, 2_000)
    for (const row of page) rows.set(row.seq, JSON.stringify(row))
    const last = page.at(-1)
    if (last === undefined) return { rows, told: log.damaged().length }
    after = last.seq
  }
}

type Found = { readonly kind: 'harmless' | 'detected' | 'refused' | 'undetected'; readonly wrong: number }

async function judgeOne(folder: string, truth: Rows): Promise<Found> {
  let read: ReturnType<typeof rowsOf>
  let findings: number
  try {
    read = rowsOf(folder)
    const ignore = (): void => undefined
    findings = (await verifyFolder({ folder, pages: true, onPages: ignore, onDamage: ignore, onTampering: ignore, onProgress: ignore }, new AbortController().signal)).findings
  } catch (error) {
    if (error instanceof StoreUnreadable || error instanceof Database.SqliteError) return { kind: 'refused', wrong: 0 }
    throw error
  }
  const wrong = [...read.rows].filter(([seq, row]) => truth.get(seq) !== row).length
  const isWhole = wrong === 0 && read.rows.size === truth.size
  return { kind: findings + read.told > 0 ? 'detected' : isWhole ? 'harmless' : 'undetected', wrong }
}

/** The values of each snapshot, believed as they lie there. */
function withoutCrc(folder: string): Rows {
  const rows = new Map<number, string>()
  let db: Database.Database | null = null
  try {
    db = new Database(join(folder, 'vigil.db'), { readonly: true })
    type Row = { readonly seq: number; readonly receivedAt: number; readonly sentAt: number | null; readonly readings: Uint8Array }
    for (const { seq, receivedAt, sentAt, readings } of db.prepare<[], Row>('SELECT seq, received_at AS receivedAt, sent_at AS sentAt, readings FROM snapshot').iterate()) {
      try {
        rows.set(seq, JSON.stringify([receivedAt, unpackReadings(readings, { receivedAt: wallMs(receivedAt), sentAt: sentAt === null ? null : wallMs(sentAt) })]))
      } catch {
        // Not even readings any more.
      }
    }
  } catch {
    // Pages that cannot be read show nothing wrong.
  } finally {
    db?.close()
  }
  return rows
}

const differing = (rows: Rows, truth: Rows): number => [...rows].filter(([seq, row]) => truth.get(seq) !== row).length

const noise = (file: Buffer, from: number, to: number): Buffer => {
  file.fill(0xa5, from, Math.min(to, file.length))
  return file
}

/** What is done to the file, and whether the gateway must set it aside for it. */
const DAMAGES: readonly (readonly [string, (file: string) => void])[] = [
  ['header', (file) => writeFileSync(file, noise(readFileSync(file), 0, 100))],
  ['first page', (file) => writeFileSync(file, noise(readFileSync(file), 100, PAGE_BYTES))],
  ['cut short', (file) => writeFileSync(file, readFileSync(file).subarray(0, 10 * PAGE_BYTES))],
  ['zeros', (file) => writeFileSync(file, new Uint8Array(100_000))],
  ['every page but the first', (file) => writeFileSync(file, noise(readFileSync(file), PAGE_BYTES, Number.MAX_SAFE_INTEGER))],
  ['a folder', (file) => (rmSync(file), mkdirSync(file))],
]

type Start = { readonly name: string; readonly ms: number; readonly isRight: boolean }

async function damagedStarts(good: string, quick: boolean): Promise<readonly Start[]> {
  const starts: Start[] = []
  await using ward = await ProveWard.open({ devices: { mllp: 1 } })
  for (const [name, damage] of quick ? DAMAGES.slice(0, 2) : DAMAGES) {
    rmSync(ward.data, { recursive: true, force: true })
    mkdirSync(ward.data, { recursive: true })
    copyFileSync(join(good, 'vigil.db'), join(ward.data, 'vigil.db'))
    damage(join(ward.data, 'vigil.db'))
    const gateway = await ward.start()
    // The alarm is stored like any other, a second after the start at the latest.
    const isTold = await told(ward.data)
    const isRight = gateway.isAlive() && existsSync(join(ward.data, 'set-aside')) && isTold
    await gateway.stop()
    const again = await ward.start()
    starts.push({ name, ms: Math.max(gateway.readyMs, again.readyMs), isRight: isRight && readdirSync(join(ward.data, 'set-aside')).length === 1 })
    await again.stop()
  }
  return starts
}

async function told(data: string): Promise<boolean> {
  for (let tries = 0; tries < 300; tries++, await rest(100)) {
    const db = new Database(join(data, 'vigil.db'), { readonly: true })
    const events = Number(db.prepare(`SELECT count(*) FROM event WHERE body LIKE '%technical/store-set-aside%' AND body LIKE '%"priority":"high"%'`).pluck().get())
    db.close()
    if (events > 0) return true
  }
  return false
}
