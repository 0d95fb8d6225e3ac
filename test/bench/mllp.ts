/**
 * MLLP, whole path: 200 connections with one message in flight each; decode, rules, fsync, acknowledge. Against a bare TCP
 * echo of the same bytes and two HL7 servers, all of which store nothing. Each server has a process and a sender of its own;
 * they take short turns, and a ratio is the median over the turns, so that a noisy machine is noisy for all.
 */

import { startGatewayProcess } from './gateway-process.ts'
import { fsyncsPerSecond, median } from './measure.ts'
import { type Caller, startCaller } from './mllp-caller.ts'
import { PEERS, type PeerName, startPeer } from './mllp-peer.ts'
import type { Bench } from './run.ts'

const CONNECTIONS = 200
const TURN_MS = 500
const ROUNDS = 15
const WARM_UP_ROUNDS = 3
const MESSAGES_PER_CONNECTION: Readonly<Record<PeerName, number>> = {
  echo: Number.MAX_SAFE_INTEGER,
  medplum: Number.MAX_SAFE_INTEGER,
  // 2.5.0 never empties what a connection received, so that its n-th message is read and answered as a batch of n: kept for
  // ever it would come to a stop. One message a connection would be three times as fast, and another workload.
  'node-hl7-server': 10,
}

export const bench: Bench = async () => {
  const names = Object.keys(PEERS) as PeerName[]
  const gateway = await startGatewayProcess(CONNECTIONS)
  const ours = await startCaller({ port: gateway.hl7Port, connections: CONNECTIONS, answer: 'ack', messagesPerConnection: Number.MAX_SAFE_INTEGER })
  const peers = await Promise.all(
    names.map(async (name) => {
      const server = await startPeer(name)
      const caller = await startCaller({ port: server.port, connections: CONNECTIONS, answer: name === 'echo' ? 'echo' : 'ack', messagesPerConnection: MESSAGES_PER_CONNECTION[name] })
      return { name, server, caller, rates: [] as number[] }
    }),
  )
  const figures = { rates: [] as number[], cpu: [] as number[], p50: [] as number[], p99: [] as number[] }
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const cpuBefore = gateway.cpuSeconds()
    const turn = await ours.round(TURN_MS)
    const cpu = ((gateway.cpuSeconds() - cpuBefore) * 1e6) / turn.answered
    for (const peer of peers) {
      const rate = await rateOf(peer.caller)
      if (round >= 0) peer.rates.push(rate)
    }
    if (round < 0) continue
    figures.rates.push((turn.answered * 1_000) / turn.ms)
    figures.cpu.push(cpu)
    figures.p50.push(turn.p50Ms)
    figures.p99.push(turn.p99Ms)
  }
  ours.stop()
  for (const { caller, server } of peers) {
    caller.stop()
    server.process.kill()
  }
  const fsync = await fsyncsPerSecond(gateway.folder)
  await gateway.stop()
  return {
    bench: 'mllp',
    ratios: Object.fromEntries(peers.map(({ name, rates }) => [name, median(figures.rates.map((rate, round) => rate / (rates[round] ?? Number.NaN)))])),
    absolute: {
      connections: CONNECTIONS,
      acknowledgedPerSecond: median(figures.rates),
      ...Object.fromEntries(peers.map(({ name, rates }) => [`${name}PerSecond`, median(rates)])),
      serverCpuMicrosecondsPerAcknowledgement: median(figures.cpu),
      p50Ms: median(figures.p50),
      p99Ms: median(figures.p99),
      fsyncsPerSecondOfThisDisk: fsync,
    },
  }
}

async function rateOf(caller: Caller): Promise<number> {
  const { answered, ms } = await caller.round(TURN_MS)
  return (answered * 1_000) / ms
}
