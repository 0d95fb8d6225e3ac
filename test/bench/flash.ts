/**
 * What a ward of 20 beds at 1 Hz writes in a day: monitors that wait for their acknowledgement (MLLP, 12 values a message), and
 * lines that nobody waits for (3 values each, as a serial port brings them), each on a gateway of its own at the same time.
 * Bytes are those that the gateway's process sent to the block layer, so a file system's own journal is not in them.
 */

import { once } from 'node:events'
import { type Socket, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { freePort } from '../free-port.ts'
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts'
import { framed, oru } from './oru.ts'
import type { Bench } from './run.ts'

const BEDS = 20
const WARM_UP_SECONDS = 20
/** Long enough for the WAL to be carried into the file several times. */
const SECONDS = 240
const SECONDS_PER_DAY = 86_400
const VALUES = { mllp: 12, serial: 3 } as const

export const bench: Bench = async ({ seconds }) => {
  const measuredSeconds = seconds ?? SECONDS
  const [mllp, serial] = await Promise.all([mllpWard(measuredSeconds), serialWard(measuredSeconds)])
  return {
    bench: 'flash',
    // Bytes written for each byte that the database grew by; less is better.
    ratios: { mllpAmplification: mllp.amplification, serialAmplification: serial.amplification },
    absolute: {
      beds: BEDS,
      seconds: measuredSeconds,
      mllpMbPerDay: mllp.mbPerDay,
      serialMbPerDay: serial.mbPerDay,
      mllpBytesPerReading: mllp.bytesPerReading,
      serialBytesPerReading: serial.bytesPerReading,
    },
  }
}

type Written = { readonly mbPerDay: number; readonly amplification: number; readonly bytesPerReading: number }

async function mllpWard(seconds: number): Promise<Written> {
  const gateway = await startGatewayProcess(BEDS)
  const sockets = await Promise.all(Array.from({ length: BEDS }, (_, index) => dial(gateway.hl7Port, index)))
  for (const socket of sockets) socket.resume()
  const send = (bed: number, second: number): void => {
    const text = oru(`MON-${bed + 1}`, String(second).padStart(9, '0'), String(bed)).replaceAll('20260115020000.000+0000', `${stamp()}+0000`).replace('|78|', `|${70 + ((second + bed) % 20)}|`)
    sockets[bed]?.write(framed(text))
  }
  return measured(gateway, { values: VALUES.mllp, seconds, send, close: () => sockets.forEach((socket) => socket.destroy()) })
}

async function serialWard(seconds: number): Promise<Written> {
  const sockets: (Socket | null)[] = []
  const servers = await Promise.all(
    Array.from({ length: BEDS }, async (_, bed) => {
      const port = await freePort()
      const server = createServer((socket) => {
        socket.on('error', () => undefined)
        sockets[bed] = socket
      }).listen(port, '127.0.0.1')
      await once(server, 'listening')
      return { server, port }
    }),
  )
  const gateway = await startGatewayProcess(BEDS, {
    site: {
      links: servers.map(({ port }, bed) => ({ kind: 'tcp-connect', id: `line-${bed + 1}`, device: `OXI-${bed + 1}`, host: '127.0.0.1', port })),
      devices: servers.map((_, bed) => ({ id: `OXI-${bed + 1}`, driver: 'masimo-ascii', bed: `bed-${bed + 1}`, silenceSeconds: 0 })),
    },
  })
  const send = (bed: number, second: number): void => {
    const [year = '', month, day, time] = new Date().toISOString().split(/[-T.]/)
    const beats = String(70 + ((second + bed) % 20)).padStart(3, '0')
    sockets[bed]?.write(`${month}/${day}/${year.slice(2)} ${time} SN=0000093112 SPO2=097% BPM=${beats} PI=01.20 ALARM=0000 EXC=000000\r\n`)
  }
  const close = (): void => servers.forEach(({ server }) => server.close())
  return measured(gateway, { values: VALUES.serial, seconds, send, close })
}

type Load = { readonly values: number; readonly seconds: number; readonly send: (bed: number, second: number) => void; readonly close: () => void }

async function measured(gateway: GatewayProcess, { values, seconds, send, close }: Load): Promise<Written> {
  await sendFor(WARM_UP_SECONDS, 0, send)
  const before = { written: writtenBy(gateway), size: sizeOf(gateway) }
  await sendFor(seconds, WARM_UP_SECONDS, send)
  const written = writtenBy(gateway) - before.written
  const grown = sizeOf(gateway) - before.size
  close()
  await gateway.stop()
  return { mbPerDay: (written / seconds) * (SECONDS_PER_DAY / 1e6), amplification: written / Math.max(1, grown), bytesPerReading: written / (seconds * BEDS * values) }
}

/** Beds spread over the second, as they are. */
async function sendFor(seconds: number, from: number, send: (bed: number, second: number) => void): Promise<void> {
  const start = performance.now()
  for (let count = 0; count < seconds * BEDS; count++) {
    const due = start + (count * 1_000) / BEDS
    await delay(Math.max(0, due - performance.now()))
    send(count % BEDS, from + Math.floor(count / BEDS))
  }
}

function writtenBy(gateway: GatewayProcess): number {
  const bytes = gateway.writtenBytes()
  if (bytes === null) throw new Error('this kernel does not count what a process writes')
  return bytes
}

/** Bytes of the database, those in the WAL included. */
function sizeOf({ folder }: GatewayProcess): number {
  const db = new Database(join(folder, 'data', 'vigil.db'), { readonly: true })
  try {
    return Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true }))
  } finally {
    db.close()
  }
}

async function dial(port: number, index: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + index}`, noDelay: true })
  await once(socket, 'connect')
  return socket
}

const stamp = (): string => new Date().toISOString().replaceAll(/[-:T]/g, '').replace('Z', '')
