/** Replays a recording of bedside numerics, one row a minute, through the HL7 path as one monitor would send it. */

import { performance } from 'node:perf_hooks'
import { simulatorLimits } from '../src/limits.ts'
import type { Clock } from '../src/seams.ts'
import { createBell, LOOK_AROUND_MS } from './monitors/bell.ts'
import { CODES, type Code } from './monitors/codes.ts'
import { hl7Outgoing, type Hl7Row, type Hl7Sender, PLACES } from './monitors/hl7.ts'
import { mllpWire } from './monitors/mllp.ts'
import type { Outgoing } from './monitors/wire.ts'

type Column = {
  readonly code: Code
  readonly place: Hl7Row['place']
  /** Outside of this a careful gateway may refuse the value; our own judgement, not the gateway's table. */
  readonly usual: { readonly low: number; readonly high: number }
}

/** Columns of the MIMIC numerics, and what they are in the language of PCD-01. ABP: arterial line; NBP: cuff; PULSE: oximeter. */
const COLUMNS: Readonly<Record<string, Column>> = {
  HR: { code: CODES.heartRate, place: PLACES.ecg, usual: { low: 0, high: 300 } },
  RESP: { code: CODES.breaths, place: PLACES.chest, usual: { low: 0, high: 150 } },
  ABPSys: { code: CODES.abpSystolic, place: PLACES.artery, usual: { low: -10, high: 350 } },
  ABPDias: { code: CODES.abpDiastolic, place: PLACES.artery, usual: { low: -10, high: 350 } },
  ABPMean: { code: CODES.abpMean, place: PLACES.artery, usual: { low: -10, high: 350 } },
  NBPSys: { code: CODES.nibpSystolic, place: PLACES.cuff, usual: { low: 30, high: 300 } },
  NBPDias: { code: CODES.nibpDiastolic, place: PLACES.cuff, usual: { low: 10, high: 220 } },
  NBPMean: { code: CODES.nibpMean, place: PLACES.cuff, usual: { low: 20, high: 260 } },
  SpO2: { code: CODES.saturation, place: PLACES.oximeter, usual: { low: 20, high: 100 } },
  PULSE: { code: CODES.pulse, place: PLACES.oximeter, usual: { low: 20, high: 300 } },
}

/** One row: which minute, and each column's text as it stands in the file, or null for no signal. */
export type RecordedRow = { readonly minute: number; readonly values: readonly (string | null)[] }

export type Recording = {
  /** Names of the known columns, in the order of `values`. */
  readonly columns: readonly string[]
  /** Columns that the file has and we do not know: left out. */
  readonly unknown: readonly string[]
  readonly rows: readonly RecordedRow[]
}

export type ParsedRecording = { readonly kind: 'recording'; readonly recording: Recording } | { readonly kind: 'wrong'; readonly why: string }

const wrong = (why: string): ParsedRecording => ({ kind: 'wrong', why })

/** Reads the CSV. Empty and zero mean no signal (data/README of the recording): they are never measured values. */
export function parseRecording(text: string): ParsedRecording {
  const [header = '', ...lines] = text.trimEnd().split(/\r?\n/)
  const names = header.split(',')
  const minuteAt = names.indexOf('minute')
  const columns = Object.keys(COLUMNS).filter((name) => names.includes(name))
  if (minuteAt === -1 || columns.length === 0) return wrong(`line 1: needs a column \`minute\` and at least one of ${Object.keys(COLUMNS).join(', ')}`)
  if (lines.length > simulatorLimits.recordingRowsMax) return wrong(`more than ${simulatorLimits.recordingRowsMax} rows`)
  const places = columns.map((name) => names.indexOf(name))
  const rows: RecordedRow[] = []
  for (const [index, line] of lines.entries()) {
    const cells = line.split(',')
    const minute = Number(cells[minuteAt] ?? '')
    const last = rows.at(-1)
    if (cells.length !== names.length) return wrong(`line ${index + 2}: ${cells.length} cells, the header has ${names.length}`)
    if (!Number.isInteger(minute) || (last !== undefined && minute <= last.minute)) return wrong(`line ${index + 2}: the minute must be a whole number that grows`)
    const values = places.map((place) => (cells[place] ?? '').trim())
    const odd = values.find((value) => value !== '' && !/^[+-]?\d{1,9}(\.\d{1,9})?$/.test(value))
    if (odd !== undefined) return wrong(`line ${index + 2}: ${JSON.stringify(odd.slice(0, 40))} is not a number`)
    rows.push({ minute, values: values.map((value) => (Number(value) > 0 ? value : null)) })
  }
  if (rows.length === 0) return wrong('no rows')
  return { kind: 'recording', recording: { columns, unknown: names.filter((name) => name !== 'minute' && !(name in COLUMNS)), rows } }
}

/** What became of the valid samples of one metric. `unusual` of them a gateway may refuse as impossible. */
export type ReplayCount = { readonly metric: string; readonly column: string; readonly sent: number; readonly acknowledged: number; readonly refused: number; readonly unusual: number }

export type ReplayOptions = {
  readonly recording: Recording
  readonly device: string
  readonly bed: string | null
  readonly host: string
  readonly port: number
  /**
   * `placed`: as fast as acknowledgements come, the rows at their recorded distance, `firstAt` the time of minute 0 (ms);
   * messages say when they were sent and when measured, so that a gateway knows history from life.
   * `live`: a recorded minute lasts 1/speed of a minute, and every row is measured when it is sent.
   */
  readonly pace: { readonly kind: 'placed'; readonly firstAt: number } | { readonly kind: 'live'; readonly speed: number }
  readonly clock: Clock
  readonly stop: AbortSignal
  readonly note: (line: string) => void
  readonly progress: (done: number, of: number) => void
  readonly patienceMs?: number
}

export type ReplayResult = { readonly counts: readonly ReplayCount[]; readonly messages: { readonly sent: number; readonly acknowledged: number }; readonly gaveUp: string | null }

const MINUTE_MS = 60_000

export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { recording, host, port, device, stop, note, progress, clock, patienceMs = simulatorLimits.replayPatienceMs } = options
  const counts = new Map(recording.columns.map((name) => [name, { sent: 0, acknowledged: 0, refused: 0, unusual: 0 }]))
  const messages = { sent: 0, acknowledged: 0 }
  const bell = createBell()
  const outcomes = new Map<Outgoing, 'acknowledged' | 'refused'>()
  const wire = mllpWire(
    { host, port, name: device },
    {
      note,
      settled: (message, how) => {
        outcomes.set(message, how)
        bell.ring()
      },
    },
  )
  const finished = new AbortController()
  const end = AbortSignal.any([stop, finished.signal])
  const running = wire.run(end)
  const startedAt = clock.wall()
  const startedMono = clock.mono()
  let gaveUp: string | null = null
  for (const [index, row] of recording.rows.entries()) {
    await untilDue(options, row, startedMono, end)
    if (end.aborted) break
    const message = messageOf(options, row, { number: index + 1, startedAt })
    tally(counts, recording, row, 'sent')
    messages.sent++
    wire.offer(message)
    const outcome = await outcomeOf(message)
    if (outcome === null) {
      gaveUp = stop.aborted ? 'stopped' : `no acknowledgement for ${patienceMs / 1_000} s`
      break
    }
    if (outcome === 'acknowledged') messages.acknowledged++
    tally(counts, recording, row, outcome)
    progress(index + 1, recording.rows.length)
  }
  finished.abort()
  await running
  return { counts: recording.columns.map((column) => ({ metric: COLUMNS[column]?.code.reference ?? column, column, ...(counts.get(column) ?? NOTHING) })), messages, gaveUp }

  /** Null when nobody answered in time. */
  async function outcomeOf(message: Outgoing): Promise<'acknowledged' | 'refused' | null> {
    const deadline = performance.now() + patienceMs
    while (!outcomes.has(message) && !end.aborted && performance.now() < deadline) await bell.wait(LOOK_AROUND_MS, end)
    const outcome = outcomes.get(message) ?? null
    outcomes.delete(message)
    return outcome
  }
}

const NOTHING = { sent: 0, acknowledged: 0, refused: 0, unusual: 0 }

function tally(counts: Map<string, typeof NOTHING>, { columns }: Recording, row: RecordedRow, what: 'sent' | 'acknowledged' | 'refused'): void {
  for (const [index, name] of columns.entries()) {
    const count = counts.get(name)
    const text = row.values[index] ?? null
    if (count === undefined || text === null) continue
    count[what]++
    const usual = COLUMNS[name]?.usual
    if (what === 'sent' && usual !== undefined && (Number(text) < usual.low || Number(text) > usual.high)) count.unusual++
  }
}

async function untilDue({ pace, recording, clock }: ReplayOptions, row: RecordedRow, startedMono: number, stop: AbortSignal): Promise<void> {
  if (pace.kind === 'placed') return
  const first = recording.rows[0]?.minute ?? 0
  const dueMs = ((row.minute - first) * MINUTE_MS) / pace.speed
  await clock.sleep(Math.max(0, startedMono + dueMs - clock.mono()), stop)
}

function messageOf({ recording, device, bed, pace, clock }: ReplayOptions, row: RecordedRow, run: { readonly number: number; readonly startedAt: number }): Outgoing {
  const sender: Hl7Sender = { device, style: 'accept', patient: null, location: bed === null ? null : { unit: 'WARD', bed } }
  const sentAt = clock.wall()
  const observedAt = pace.kind === 'placed' ? pace.firstAt + row.minute * MINUTE_MS : sentAt
  const rows = recording.columns.flatMap((name, index): Hl7Row[] => {
    const column = COLUMNS[name]
    return column === undefined ? [] : [{ code: column.code, place: column.place, text: row.values[index] ?? null, observedAt: null }]
  })
  // Unique over runs, so that no gateway takes the second run for a repetition of the first.
  return hl7Outgoing({ sender, controlId: `${run.startedAt.toString(36)}-${run.number}`, sentAt, observedAt, rows })
}
