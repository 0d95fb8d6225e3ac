/**
 * One connection, one message in flight: the time from the message to its acknowledgement, against one fdatasync of as many
 * bytes as the gateway wrote for it, at the same place on the same disk. In short turns; the ratio is the median over them.
 * A bare echo says what the two ways through the kernel take by themselves.
 */

import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { startGatewayProcess } from './gateway-process.ts'
import { median } from './measure.ts'
import { startCaller } from './mllp-caller.ts'
import { startPeer } from './mllp-peer.ts'
import type { Bench } from './run.ts'

const ROUNDS = 25
const WARM_UP_ROUNDS = 5
const TURN_MS = 250
const SYNCS_PER_TURN = 100
/** A page and its header in SQLite's WAL (file format, §4.1): what is written is a whole number of them. */
const WAL_FRAME_BYTES = 4_120
/** Where SQLite begins to write its WAL anew. */
const FILE_BYTES = 4_194_304

export const bench: Bench = async () => {
  const gateway = await startGatewayProcess(1)
  const caller = await startCaller({ port: gateway.hl7Port, connections: 1, answer: 'ack', messagesPerConnection: Number.MAX_SAFE_INTEGER })
  const echo = await startPeer('echo')
  const echoCaller = await startCaller({ port: echo.port, connections: 1, answer: 'echo', messagesPerConnection: Number.MAX_SAFE_INTEGER })
  await caller.round(1_000)
  const before = bytesWritten(gateway.pid)
  const { answered } = await caller.round(1_000)
  // One page less is never written than what a commit of this message needs; the acknowledgement itself is a hundred bytes.
  const commitBytes = Math.max(1, Math.round((bytesWritten(gateway.pid) - before) / answered / WAL_FRAME_BYTES)) * WAL_FRAME_BYTES
  const floor = fsyncFloor(join(gateway.folder, 'floor'), commitBytes)
  const p50: number[] = []
  const p99: number[] = []
  const syncs: number[] = []
  const echoes: number[] = []
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const turn = await caller.round(TURN_MS)
    const sync = median(Array.from({ length: SYNCS_PER_TURN }, () => floor.syncMs()))
    const { p50Ms: echoMs } = await echoCaller.round(TURN_MS / 2)
    if (round < 0) continue
    echoes.push(echoMs)
    p50.push(turn.p50Ms)
    p99.push(turn.p99Ms)
    syncs.push(sync)
  }
  floor.close()
  caller.stop()
  echoCaller.stop()
  echo.process.kill()
  await gateway.stop()
  return {
    bench: 'mllp-single',
    // Times: less is better, so the ratio says how many times as long.
    ratios: { fsync: median(p50.map((ms, round) => ms / (syncs[round] ?? Number.NaN))) },
    absolute: { p50Ms: median(p50), p99Ms: median(p99), fsyncP50Ms: median(syncs), echoP50Ms: median(echoes), commitBytes },
  }
}

/** Bytes that the process handed to `write` and its like, wherever they went. */
const bytesWritten = (pid: number): number => Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1])

/** Writes in place, as SQLite does into a WAL that it begins anew: a file that grows costs the file system more. */
function fsyncFloor(path: string, bytes: number): { readonly syncMs: () => number; readonly close: () => void } {
  const file = openSync(path, 'w')
  writeSync(file, Buffer.alloc(FILE_BYTES))
  fdatasyncSync(file)
  const block = Buffer.alloc(bytes, 7)
  let at = 0
  return {
    syncMs() {
      if (at + bytes > FILE_BYTES) at = 0
      const start = performance.now()
      writeSync(file, block, 0, bytes, at)
      fdatasyncSync(file)
      at += bytes
      return performance.now() - start
    },
    close: () => closeSync(file),
  }
}
