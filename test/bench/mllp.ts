/**
 * MLLP, whole path: 200 connections with one message in flight each; decode, rules, fsync, acknowledge. Against a bare TCP
 * echo of the same bytes, which decodes and stores nothing. Client and server share this machine's cores in both.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { type GatewayProcess, freePort, startGatewayProcess } from './gateway-process.ts'
import { median } from './measure.ts'
import { framed, oru } from './oru.ts'
import type { Bench } from './run.ts'

const CONNECTIONS = 200
const ROUND_MS = 3_000
const ROUNDS = 3

const ECHO = `require('node:net').createServer((s) => { s.setNoDelay(true); s.on('error', () => {}); s.on('data', (b) => s.write(b)) }).listen(Number(process.argv[1]), '127.0.0.1', () => process.send('up'))`

type Caller = { readonly socket: Socket; readonly next: () => Buffer; readonly isAnswer: (bytes: Buffer) => boolean }

export const bench: Bench = async () => {
  const gateway = await startGatewayProcess(CONNECTIONS)
  const echoPort = await freePort()
  const echo = spawn(process.execPath, ['-e', ECHO, String(echoPort)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  await once(echo, 'message')
  const toGateway = await callers(gateway.hl7Port)
  const toEcho = await callers(echoPort)
  const rates: { ours: number[]; echo: number[]; cpu: number[] } = { ours: [], echo: [], cpu: [] }
  await roundOf(toGateway, ROUND_MS)
  await roundOf(toEcho, ROUND_MS / 2)
  for (let round = 0; round < ROUNDS; round++) {
    const cpuBefore = gateway.cpuSeconds()
    const acknowledged = await roundOf(toGateway, ROUND_MS)
    rates.cpu.push(((gateway.cpuSeconds() - cpuBefore) * 1e6) / acknowledged)
    rates.ours.push((acknowledged * 1_000) / ROUND_MS)
    rates.echo.push(((await roundOf(toEcho, ROUND_MS)) * 1_000) / ROUND_MS)
  }
  for (const { socket } of [...toGateway, ...toEcho]) socket.destroy()
  const fsync = await fsyncsPerSecond(gateway)
  echo.kill()
  await gateway.stop()
  const ours = median(rates.ours)
  return {
    bench: 'mllp',
    ratios: { echo: ours / median(rates.echo) },
    absolute: { connections: CONNECTIONS, acknowledgedPerSecond: ours, echoPerSecond: median(rates.echo), serverCpuMicrosecondsPerAcknowledgement: median(rates.cpu), fsyncsPerSecondOfThisDisk: fsync },
  }
}

async function callers(port: number): Promise<Caller[]> {
  return Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, index) => {
      // Many loopback addresses: the limit of connections per address is not what is measured.
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (index % 200)}` })
      await once(socket, 'connect')
      socket.setNoDelay(true)
      const template = framed(oru(`MON-${index + 1}`, '000000000', String(10_000 + index)))
      const at = template.indexOf('000000000')
      let count = 0
      return {
        socket,
        next() {
          // The control id counts in place; nine digits.
          template.write(String(++count + Math.floor(performance.timeOrigin % 1e5) * 1_000).padStart(9, '0').slice(-9), at, 'latin1')
          return Buffer.from(template)
        },
        isAnswer: (bytes) => bytes.at(-1) === 0x0d && bytes.at(-2) === 0x1c,
      }
    }),
  )
}

/** Acknowledgements within the time. One message in flight on each connection. */
async function roundOf(list: readonly Caller[], ms: number): Promise<number> {
  const until = performance.now() + ms
  const counts = await Promise.all(
    list.map(async ({ socket, next, isAnswer }) => {
      let answered = 0
      while (performance.now() < until) {
        socket.write(next())
        for (;;) {
          const [bytes]: Buffer[] = await once(socket, 'data')
          if (bytes && isAnswer(bytes)) break
        }
        if (performance.now() < until) answered++
      }
      return answered
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

/** What the disk below can do, for the reader of the figures. */
async function fsyncsPerSecond({ folder }: GatewayProcess): Promise<number> {
  const { open } = await import('node:fs/promises')
  const file = await open(`${folder}/fsync-probe`, 'w')
  const start = performance.now()
  let count = 0
  for (; performance.now() - start < 1_000; count++) {
    await file.write(Buffer.alloc(4_096, count))
    await file.sync()
  }
  await file.close()
  return (count * 1_000) / (performance.now() - start)
}

