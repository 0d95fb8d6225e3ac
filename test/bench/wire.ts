/**
 * Bytes a reading on the wire: a ward's log through the real pump, cutter and https-batch, counted on the socket with the HTTP around it (without TLS),
 * against plain JSON with one object a reading, which nobody packs (ratio `json`: ours ÷ JSON, the smaller the better). A ward of 20 beds at one message
 * a second, sent as it comes; the same as a backlog of a quarter of an hour; both as gzip, which is the default, and as zstd.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { qualityOf } from '../../src/domain/batch.ts'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { metricOfId } from '../../src/domain/metrics.ts'
import { observed } from '../../src/domain/observation.ts'
import { absent, measured } from '../../src/domain/reading.ts'
import { isoOf, monoMs, wallMs } from '../../src/domain/time.ts'
import { syncLimits } from '../../src/limits.ts'
import type { Clock, LogReader, LoggedRow } from '../../src/seams.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { createPump } from '../../src/sync/pump.ts'
import { createHttpsBatch } from '../../src/sync/sinks/https-batch.ts'
import { type Patient, type Sign, type Signs, createPatient } from '../../simulators/patients/patient.ts'
import type { Bench } from './run.ts'

const BEDS = 20
const SECONDS = 900
const START = Date.UTC(2026, 0, 15, 2, 0, 0)
/** A monitor's clock is not the gateway's: a message comes at any place of its second, and not quite in time. */
const PHASE_MS = 997
const LATE_MS = 40

/** What a bedside monitor of eight numbers sends each second. */
const SENT: readonly (readonly [string, (signs: Signs) => Sign])[] = [
  ['MDC_ECG_HEART_RATE', (signs) => signs.heartRate], ['MDC_TTHOR_RESP_RATE', (signs) => signs.breaths], ['MDC_PULS_OXIM_SAT_O2', (signs) => signs.saturation],
  ['MDC_PULS_OXIM_PULS_RATE', (signs) => signs.pulse], ['MDC_PRESS_BLD_ART_ABP_SYS', (signs) => signs.systolic], ['MDC_PRESS_BLD_ART_ABP_DIA', (signs) => signs.diastolic],
  ['MDC_PRESS_BLD_ART_ABP_MEAN', (signs) => signs.mean], ['MDC_TEMP_CORE', (signs) => signs.temperature],
]

function rowOf(seq: number, bed: number, atMs: number, signs: Signs): LoggedRow {
  const receivedAt = wallMs(atMs)
  const readings = SENT.map(([id, of]) => {
    const metric = metricOfId(id)
    if (!metric) throw new Error(`no metric ${id}`)
    const sign = of(signs)
    return { metric, measurement: sign.kind === 'value' ? measured(sign.value) : absent('lead-off'), channel: '', deviceAt: null, flags: [] }
  })
  return {
    kind: 'snapshot', seq,
    snapshot: { device: deviceId(`monitor-${bed}`), bed: bedId(`bed-${bed}`), stay: stayId(`stay-${bed}`), receivedAt, at: monoMs(atMs), sentAt: null, observations: observed(readings, { receivedAt, sentAt: null }) },
  }
}

/** A quarter of an hour of twenty beds, in the order of arrival. */
function ward(): readonly LoggedRow[] {
  const patients: Patient[] = Array.from({ length: BEDS }, (_, bed) => createPatient(7, `bed-${bed}`, { name: 'stable', delayS: 0 }))
  const rows: LoggedRow[] = []
  for (let second = 0; second < SECONDS; second++) {
    const arrived = patients.map((patient, bed) => ({ bed, signs: patient.next().signs, atMs: START + second * 1_000 + ((bed * 331) % PHASE_MS) + ((bed * 7 + second * 13) % LATE_MS) }))
    for (const { bed, signs, atMs } of arrived.sort((a, b) => a.atMs - b.atMs)) rows.push(rowOf(rows.length + 1, bed, atMs, signs))
  }
  return rows
}

/** One reading as an object of its own, by the names that a REST interface would give it. */
function plainJson(rows: readonly LoggedRow[]): readonly string[] {
  return rows.flatMap((row) => row.kind !== 'snapshot' ? [] : row.snapshot.observations.map((observation) => JSON.stringify({
    patient_id: String(row.snapshot.stay).padEnd(32, '0'), device_id: row.snapshot.device.padEnd(32, '0'), metric: observation.metric.id, loinc: observation.metric.loinc, unit: observation.metric.unit,
    value: observation.measurement.kind === 'measured' ? observation.measurement.value : null, quality: qualityOf(observation), timestamp: isoOf(observation.correctedAt),
  })))
}

/** Takes everything, and counts what came over its sockets. */
async function counting(): Promise<{ readonly server: Server; readonly url: string; readonly bytes: () => number; readonly batches: () => number }> {
  let bytes = 0
  let batches = 0
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      batches++
      bytes = request.socket.bytesRead
      response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ batchId: request.headers['idempotency-key'], rejected: [] }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a port')
  return { server, url: `http://127.0.0.1:${address.port}`, bytes: () => bytes, batches: () => batches }
}

type Way = { readonly compression: 'gzip' | 'zstd'; readonly asItComes: boolean }

/** Bytes and batches for all rows. As it comes: the log grows while the pump rests, so it is cut as it is on a ward. */
async function sent(rows: readonly LoggedRow[], { compression, asItComes }: Way): Promise<{ readonly bytes: number; readonly batches: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-bench-wire-'))
  const far = await counting()
  const sink = createHttpsBatch({ url: far.url, token: 'a-token-of-usual-length-0123456789', ca: null, compression })
  using ledger = openSyncLedger(folder)
  let nowMs = asItComes ? 0 : SECONDS * 1_000
  const clock: Clock = {
    wall: () => wallMs(START + nowMs),
    mono: () => monoMs(nowMs),
    sleep: () => Promise.resolve(),
  }
  const visible = (): number => {
    let [low, high] = [0, rows.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const row = rows[middle]
      if (row?.kind === 'snapshot' && row.snapshot.receivedAt <= START + nowMs) low = middle + 1
      else high = middle
    }
    return low
  }
  const log: LogReader = {
    epoch: '0123456789abcdef', epochs: [{ epoch: '0123456789abcdef', firstSeq: 1, why: 'created' }],
    lastSeq: visible, read: (afterSeq, rowsMax) => rows.slice(afterSeq, Math.min(afterSeq + rowsMax, visible())), readAlerts: () => [], close: () => undefined,
  }
  const pump = createPump({
    gatewayId: 'ward-3-gateway', organizationId: 'hospital', ledger, log, clock, sink, random: () => 0.5, identifiers: () => [],
  })
  const never = new AbortController().signal
  while (ledger.cursor(sink.id, log.epoch) < rows.length) {
    const next = await pump.step(never)
    // As `run` does it: a rest after what emptied the log, a look at it each second else.
    nowMs += next.kind === 'idle' ? syncLimits.pollMs : next.kind === 'done' && !next.full ? syncLimits.lingerMs : next.kind === 'wait' ? next.ms : 0
  }
  sink.close()
  far.server.closeAllConnections()
  await new Promise((resolve) => far.server.close(resolve))
  rmSync(folder, { recursive: true, force: true })
  return { bytes: far.bytes(), batches: far.batches() }
}

export const bench: Bench = async () => {
  const rows = ward()
  const readings = rows.length * SENT.length
  const plain = plainJson(rows)
  const plainBytes = plain.reduce((sum, text) => sum + text.length + 1, 0)
  const live = await sent(rows, { compression: 'gzip', asItComes: true })
  const liveZstd = await sent(rows, { compression: 'zstd', asItComes: true })
  const backlog = await sent(rows, { compression: 'gzip', asItComes: false })
  const backlogZstd = await sent(rows, { compression: 'zstd', asItComes: false })
  // The same objects, packed in the batches that we send: what columns save beside packing.
  const perBatch = Math.ceil(plain.length / live.batches)
  let packed = 0
  for (let from = 0; from < plain.length; from += perBatch) packed += gzipSync(plain.slice(from, from + perBatch).join('\n')).length
  const each = (bytes: number): number => bytes / readings
  return {
    bench: 'wire',
    ratios: {
      json: live.bytes / plainBytes, 'json, zstd': liveZstd.bytes / plainBytes, 'json, backlog': backlog.bytes / plainBytes, 'json, backlog, zstd': backlogZstd.bytes / plainBytes, 'json in gzip': live.bytes / packed,
    },
    absolute: {
      bytesPerReadingJson: each(plainBytes), bytesPerReading: each(live.bytes), bytesPerReadingZstd: each(liveZstd.bytes), bytesPerReadingBacklog: each(backlog.bytes), bytesPerReadingBacklogZstd: each(backlogZstd.bytes),
      readingsPerBatch: readings / live.batches, kilobytesPerBedAndHour: (live.bytes / 1_000 / BEDS) * (3_600 / SECONDS),
    },
  }
}
