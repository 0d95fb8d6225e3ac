/**
 * Each driver on what its own simulated device says, waveforms included: frames, megabytes and readings a second through the
 * session that main runs, and the share of a core that one bed takes at its full rate. The floor is one pass that adds up
 * the same bytes. Then fifty IntelliVue beds with three waveforms each in real time through all of main's inner path: session,
 * pump, rules, waves, and a store that fsyncs on a thread of its own; without the bytes' way through the kernel.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { parseSite } from '../../src/config/load.ts'
import { alertId, deviceId, stayId } from '../../src/domain/ids.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { driverOf } from '../../src/drivers.ts'
import { pumpLimits } from '../../src/limits.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { Pump } from '../../src/pump/pump.ts'
import { bedRulesOf } from '../../src/rules/bed.ts'
import { DEFAULT_SETTINGS } from '../../src/rules/watcher.ts'
import type { Frame, Line } from '../../src/seams.ts'
import { openStore } from '../../src/store/store.ts'
import { DRIVER_IDS, type DeviceStream, type Spoken, streamOf } from '../drivers/streams.ts'
import { median } from './measure.ts'
import type { Bench } from './run.ts'

const SECONDS = 20
/** A blood-gas analyser says something every two minutes. */
const SECONDS_OF: Readonly<Record<string, number>> = { astm: 480 }
const ROUNDS = 7
const ROUND_MS = 60

const BEDS = 50
const WAVES = 'II,Pleth,Resp'
const WARM_UP_SECONDS = 8
const WARD_SECONDS = 20
const AIM_SHARE = 0.5
/** A wave of which something came within this arrives. */
const LATELY_MS = 3_000
/** A USB adapter brings at most so many bytes of a serial line in one packet. */
const PIECE_BYTES = 62

export const bench: Bench = async ({ seconds }) => {
  const ratios: Record<string, number> = {}
  const absolute: Record<string, number> = {}
  for (const id of DRIVER_IDS) {
    const measured = rateOf(streamOf(id, null, { seconds: SECONDS_OF[id] ?? SECONDS }))
    ratios[`${id} byteSum`] = measured.passesPerSecond / measured.floorPerSecond
    absolute[`${id} framesPerSecond`] = measured.passesPerSecond * measured.frames
    absolute[`${id} megabytesPerSecond`] = (measured.passesPerSecond * measured.bytes) / 1e6
    absolute[`${id} readingsPerSecond`] = measured.passesPerSecond * measured.readings
    absolute[`${id} samplesPerSecond`] = measured.passesPerSecond * measured.samples
    absolute[`${id} bedShareOfACore`] = measured.cpuMs / 1_000 / measured.streamSeconds
  }
  const ward = await intellivueWard(seconds ?? WARD_SECONDS)
  return { bench: 'drivers', ratios: { ...ratios, core: ward.absolute.wardMainShareOfACore / AIM_SHARE }, absolute: { ...absolute, ...ward.absolute } }
}

// ── each driver ──────────────────────────────────────────────────────────────────────────────────────────────────────

type Counted = { frames: number; readings: number; samples: number }

function count(frames: readonly Frame[], into: Counted): void {
  for (const frame of frames) {
    if (frame.kind !== 'good') continue
    into.frames++
    into.readings += frame.readings.length
    for (const { samples } of frame.waveforms) into.samples += samples.length
  }
}

/** One pass of all that happened to a session, in its order and at its times. */
function play({ driver, settings, happened }: DeviceStream): Counted {
  const session = driver.open(settings)
  const counted: Counted = { frames: 0, readings: 0, samples: 0 }
  const keepsBorders = driver.transport === 'mqtt' || driver.transport === 'udp'
  for (const { atMs, bytes } of happened) {
    const now = monoMs(atMs)
    count((bytes === null ? session.wake(now) : session.receive(bytes, now)).frames, counted)
    if (keepsBorders) count(session.end(now).frames, counted)
  }
  return counted
}

let kept = 0
function addUp({ spoken }: DeviceStream): void {
  let sum = 0
  for (const { bytes } of spoken) for (let at = 0; at < bytes.length; at++) sum = (sum + (bytes[at] ?? 0)) | 0
  kept ^= sum
}

type Rate = Counted & {
  readonly passesPerSecond: number
  readonly floorPerSecond: number
  readonly bytes: number
  readonly cpuMs: number
  readonly streamSeconds: number
}

function rateOf(stream: DeviceStream): Rate {
  const { frames, readings, samples } = play(stream)
  if (frames === 0 || readings === 0) throw new Error(`${stream.driver.id}: nothing was read of what its simulator says`)
  const ours: number[] = []
  const floor: number[] = []
  const cpu: number[] = []
  for (let round = -1; round < ROUNDS; round++) {
    const one = turn(() => void play(stream))
    const bare = turn(() => addUp(stream))
    if (round < 0) continue
    ours.push(one.perSecond)
    cpu.push(one.cpuMs)
    floor.push(bare.perSecond)
  }
  if (!Number.isFinite(kept)) throw new Error('no sum')
  const bytes = stream.spoken.reduce((sum, { bytes: { length } }) => sum + length, 0)
  return { frames, readings, samples, bytes, passesPerSecond: median(ours), floorPerSecond: median(floor), cpuMs: median(cpu), streamSeconds: stream.seconds }
}

/** Calls a second of this thread's processor time, so that who else runs here counts for little; and ms of it a call. */
function turn(run: () => void): { readonly perSecond: number; readonly cpuMs: number } {
  const before = process.threadCpuUsage()
  const start = performance.now()
  let calls = 0
  while (performance.now() - start < ROUND_MS || calls < 3) {
    run()
    calls++
  }
  const { user, system } = process.threadCpuUsage(before)
  const cpuMs = (user + system) / 1_000 / calls
  return { perSecond: 1_000 / cpuMs, cpuMs }
}

// ── fifty beds ───────────────────────────────────────────────────────────────────────────────────────────────────────

const bedName = (index: number): string => `bed-${index + 1}`
const deviceName = (index: number): string => `monitor-${index + 1}`

/** Pieces of one bed's messages, in the order in which they are due. */
function piecesOf(spoken: readonly Spoken[]): readonly Spoken[] {
  return spoken.flatMap(({ atMs, bytes }) =>
    Array.from({ length: Math.ceil(bytes.length / PIECE_BYTES) }, (_, piece) => piece * PIECE_BYTES)
      .map((from) => ({ atMs, bytes: bytes.subarray(from, from + PIECE_BYTES) })),
  )
}

async function intellivueWard(seconds: number) {
  const stream = streamOf('philips-intellivue', 'intellivue', { seconds: WARM_UP_SECONDS + seconds + 2, settings: { framing: 'rs232', waves: WAVES } })
  const pieces = piecesOf(stream.spoken)
  const folder = mkdtempSync(join(tmpdir(), 'vigil-bench-drivers-'))
  const clock = realClock(REAL_TIME)
  const opened = await openStore({ folder, kind: 'real', gatewayId: 'gw-bench', clock })
  if (opened.kind === 'refused') throw new Error(opened.why)
  const loaded = parseSite(JSON.stringify({
    gateway: { id: 'gw-bench', ward: 'Bench', data: folder },
    beds: Array.from({ length: BEDS }, (_, index) => ({ id: bedName(index), label: String(index + 1) })),
    links: [{ kind: 'mllp-listen', id: 'in', port: 0 }],
    devices: Array.from({ length: BEDS }, (_, index) => ({ id: deviceName(index), driver: stream.driver.id, bed: bedName(index), settings: stream.settings })),
  }), 'bench.yaml')
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  let minted = 0
  const pump = new Pump({
    site: loaded.site, driverOf, rules: bedRulesOf(DEFAULT_SETTINGS), clock, speed: 1, store: opened.store,
    restored: { stays: [], alertEvents: [], recent: [], messages: [] },
    mint: { alert: () => alertId(`alert-${++minted}`), stay: () => stayId(`stay-${++minted}`) },
    publish: () => undefined, saved: () => undefined, log: pino({ level: 'silent' }),
  })
  const lines: { readonly line: Line; readonly fromMs: number; next: number }[] = []
  const begun = performance.now()
  let tickAt = begun
  let before: { readonly at: number; readonly main: NodeJS.CpuUsage; readonly all: NodeJS.CpuUsage } | null = null
  let latestMs = 0
  for (let at = begun; at - begun < (WARM_UP_SECONDS + seconds) * 1_000; at = performance.now()) {
    // Beds do not speak in step: one is opened after the other within the first second.
    const wanted = Math.min(BEDS, Math.ceil(((at - begun) * BEDS) / 1_000))
    for (let index = lines.length; index < wanted; index++) {
      const device = deviceName(index)
      lines.push({ line: pump.openFor('philips-intellivue')({ address: `serial:${device}`, device: deviceId(device) }, () => undefined), fromMs: at, next: 0 })
    }
    for (const line of lines) {
      for (let piece = pieces[line.next]; piece !== undefined && line.fromMs + piece.atMs <= at; piece = pieces[++line.next]) {
        latestMs = Math.max(latestMs, at - line.fromMs - piece.atMs)
        line.line.receive(piece.bytes)
      }
    }
    if (at >= tickAt) {
      pump.tick()
      tickAt += pumpLimits.rulesTickMs
    }
    if (before === null && at - begun >= WARM_UP_SECONDS * 1_000) before = { at, main: process.threadCpuUsage(), all: process.cpuUsage() }
    await delay(5)
  }
  if (before === null) throw new Error('nothing was measured')
  const tookMs = performance.now() - before.at
  const main = process.threadCpuUsage(before.main)
  const all = process.cpuUsage(before.all)
  const devices = pump.devices.all()
  const good = devices.reduce((sum, { counts }) => sum + counts.good, 0)
  const bad = devices.reduce((sum, { counts }) => sum + counts.bad + counts.quarantined, 0)
  const now = pump.now().wall
  const channels = devices.flatMap(({ id }) => [...new Set(pump.waves.between(id, wallMs(now - LATELY_MS), now).map(({ metric }) => metric))])
  for (const { line } of lines) line.close('the bench is over')
  await pump.close()
  await opened.store.close()
  rmSync(folder, { recursive: true, force: true })
  const isWard = bad === 0 && good > BEDS * (WARM_UP_SECONDS + seconds) && channels.length === BEDS * WAVES.split(',').length
  if (!isWard) throw new Error(`${good} frames were believed and ${bad} were not, ${channels.length} waves arrive: this was no ward`)
  return {
    absolute: {
      wardBeds: BEDS, wardSeconds: tookMs / 1_000, wardGoodFrames: good, wardWaveChannels: channels.length,
      wardBytesPerBedAndSecond: stream.spoken.reduce((sum, { bytes: { length } }) => sum + length, 0) / stream.seconds,
      wardMainShareOfACore: (main.user + main.system) / 1_000 / tookMs,
      wardAllThreadsShareOfACore: (all.user + all.system) / 1_000 / tookMs,
      wardLatestPieceMs: latestMs,
    },
  }
}
