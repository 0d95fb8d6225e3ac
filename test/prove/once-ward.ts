/** A ward of rows that can be told apart, the process that sends them, and what a receiver holds of them in the end. */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { heartRate, phase, tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'
import { wallMs } from '../../src/domain/time.ts'
import type { SinkBatch } from '../../src/seams.ts'
import type { SinkSpec } from '../../src/sync/sinks/open.ts'

export type OnceGateway = {
  readonly folder: string
  readonly to: SinkSpec
  readonly instance: string
  readonly rowsMax: number
  /** A file that takes a line for each batch. */
  readonly noted: string
}

/** An event as a receiver holds it after it dropped repeats by key, or before. */
export type HeldEvent = { readonly key: string; readonly eventType: string; readonly timestamp: string; readonly data: Readonly<Record<string, unknown>> }

const GATEWAY = join(import.meta.dirname, 'once-gateway.ts')
const BEDS = 5
const FIRST_AT = Date.UTC(2026, 0, 15, 2)
/** No two rows share an instant, so a value is known by it. */
const PER_ROW_MS = 700
const ALERT_EVERY = 50

export class OnceWard implements Disposable {
  readonly #folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vigil-once-'))
  readonly #store = writing(this.#folder)
  readonly #noted = join(this.#folder, 'batches.ndjson')
  readonly #to: SinkSpec
  readonly #rowsMax: number
  readonly #truth = new Set<string>()
  #gateway: ChildProcess | null = null
  #rows = 0
  #lastSeq = 0
  sentTo = 0
  restarts = 0
  /** Batches that were cut, by all lives together; one that was pending at a restart counts again. */
  cut = 0

  constructor(to: SinkSpec, rowsMax: number) {
    this.#to = to
    this.#rowsMax = rowsMax
  }

  get lastSeq(): number {
    return this.#lastSeq
  }

  write(rows: number): void {
    const ticks = Array.from({ length: rows }, () => {
      const row = this.#rows++
      const at = wallMs(FIRST_AT + row * PER_ROW_MS)
      if (row % ALERT_EVERY === 0) {
        this.#truth.add(`alerts ${at}`)
        return tick({ events: [phase(`alert-${row}`, 'active', at)] })
      }
      this.#truth.add(`MDC_ECG_HEART_RATE ${at} ${row % 200}`)
      const bed = row % BEDS
      return tick({ snapshots: [heartRate(row % 200, { device: `monitor-${bed}`, bed: `bed-${bed}`, stay: `stay-${bed}`, receivedAt: at })] })
    })
    const answers = this.#store.write(...ticks)
    for (const answer of answers) if (answer.kind === 'durable') this.#lastSeq = Math.max(this.#lastSeq, answer.lastSeq)
  }

  start(): void {
    const setting: OnceGateway = { folder: this.#folder, to: this.#to, instance: randomUUID(), rowsMax: this.#rowsMax, noted: this.#noted }
    const child = spawn(process.execPath, [GATEWAY, JSON.stringify(setting)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const before = this.cut
    child.on('message', ({ seq, batches }: { readonly seq: number; readonly batches: number }) => {
      this.sentTo = Math.max(this.sentTo, seq)
      this.cut = Math.max(this.cut, before + batches)
    })
    this.#gateway = child
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#gateway
    this.#gateway = null
    if (!child || child.exitCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  async restart(): Promise<void> {
    await this.kill()
    this.restarts++
    this.start()
  }

  /** The process ended by itself: a bug, and the trial must say so. */
  get hasDied(): boolean {
    return this.#gateway !== null && this.#gateway.exitCode !== null
  }

  /** Every batch that was sent, as it was cut. */
  batches(): readonly SinkBatch[] {
    if (!existsSync(this.#noted)) return []
    const byId = new Map<string, SinkBatch>()
    // A line that is not whole was being written when its process was killed, and its batch was not sent.
    for (const line of readFileSync(this.#noted, 'utf8').split('\n').slice(0, -1)) {
      const { batchId, events }: { batchId: string; events: readonly unknown[] } = JSON.parse(line)
      byId.set(batchId, { batchId, events: events.length, body: new TextEncoder().encode(line) })
    }
    return [...byId.values()]
  }

  judge(held: readonly HeldEvent[]): Judged {
    const counts = new Map<string, number>()
    for (const name of held.flatMap(namesIn)) counts.set(name, (counts.get(name) ?? 0) + 1)
    const sent = new Set(this.batches().flatMap(eventsIn).map(({ key }) => key))
    return {
      sent: sent.size,
      distinct: new Set(held.map(({ key }) => key)).size,
      missing: [...this.#truth].filter((name) => !counts.has(name)).length,
      spurious: [...counts.keys()].filter((name) => !this.#truth.has(name)).length,
      duplicates: [...counts.values()].reduce((sum, count) => sum + count - 1, 0),
    }
  }

  [Symbol.dispose](): void {
    this.#gateway?.kill('SIGKILL')
    this.#store[Symbol.dispose]()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** `sent`: keys that were cut. `distinct`: keys that are there. The rest are values, each by its instant. */
export type Judged = { readonly sent: number; readonly distinct: number; readonly missing: number; readonly spurious: number; readonly duplicates: number }

export const isOnce = ({ sent, distinct, missing, spurious, duplicates }: Judged): boolean => sent === distinct && missing + spurious + duplicates === 0

function namesIn({ eventType, timestamp, data }: HeldEvent): readonly string[] {
  const at = Date.parse(timestamp)
  if (eventType !== 'vital-signs') return [`${eventType} ${at}`]
  const [t, v] = [data['t'], data['v']]
  return Array.isArray(t) && Array.isArray(v) ? v.map((value, place) => `${String(data['metric'])} ${at + Number(t[place])} ${value}`) : []
}

export const eventsIn = ({ body }: Pick<SinkBatch, 'body'>): readonly HeldEvent[] => {
  const { events }: { events: readonly HeldEvent[] } = JSON.parse(new TextDecoder().decode(body))
  return events
}

/** The same batch with its promise taken away: other keys, and with them another id. */
export function withoutKeys({ body, events }: SinkBatch): SinkBatch {
  const batch: { batchId: string; events: HeldEvent[]; metadata: Record<string, unknown> } = JSON.parse(new TextDecoder().decode(body))
  const { sha256: _sha256, ...metadata } = batch.metadata
  const batchId = randomUUID()
  const dropped = { batchId, events: batch.events.map((event) => ({ ...event, key: `dropped/${randomUUID()}` })), metadata }
  return { batchId, events, body: new TextEncoder().encode(JSON.stringify(dropped)) }
}
