/** A real cluster of three NATS servers with JetStream (nats-server of Debian), gone with the test. */

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { programPath } from '../../parts.ts'
import { freePort } from '../../free-port.ts'

/** What is missing of it here; empty when it can be tried. */
export function natsLacks(): string {
  if (programPath('nats-server') === undefined) return 'nats-server'
  try {
    createRequire(import.meta.url).resolve('@nats-io/transport-node')
    return ''
  } catch {
    return '@nats-io/transport-node'
  }
}

/** The little that the tests ask of the client library beside the sink. */
type Connection = { close(): Promise<void>; request(subject: string, payload?: string, options?: object): Promise<{ string(): string }> }
type Transport = { connect(options: object): Promise<Connection> }
/** What the API of JetStream answers. @throws Error */
type Ask = (subject: string, payload?: object) => Promise<Record<string, unknown>>

export type NatsCluster = {
  /** `host:port` of each member. The first is who is asked: what it says is there, it can be sent to; the others hear of it a moment later. */
  readonly servers: readonly string[]
  /** A stream for `vigil.<organization>.>` on all three; repeats are told for so long, an hour where nothing is said. */
  addStream(name: string, organization: string, windowMs?: number): Promise<void>
  removeStream(name: string): Promise<void>
  /** `Nats-Msg-Id` and subject of each message, in the order of the stream. */
  messages(name: string): Promise<readonly { readonly key: string; readonly subject: string; readonly body: string }[]>
  /** Which member leads the stream; null when none does. */
  leader(name: string): Promise<number | null>
  /** SIGKILL. */
  kill(member: number): Promise<void>
  start(member: number): void
  close(): Promise<void>
}

/** What JetStream answers when fewer members than copies are known to it (error 10005, with code 400). */
const NO_SUITABLE_PEERS = 10_005

/** Largest message of a stream here: what is larger is refused as one row. */
export const MESSAGE_BYTES_MAX = 4_096

export async function startNats(): Promise<NatsCluster> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vigil-nats-'))
  const members = await Promise.all([0, 1, 2].map(async (number) => ({ number, port: await freePort(), route: await freePort() })))
  const running = new Map<number, ChildProcess>()
  const program = programPath('nats-server') ?? 'nats-server'
  const start = (number: number): void => {
    const member = members[number]
    if (!member) throw new Error(`no member ${number}`)
    const routes = members.filter((other) => other !== member).map(({ route }) => `nats://127.0.0.1:${route}`)
    running.set(number, spawn(program, [
      '-n', `n${number}`, '-a', '127.0.0.1', '-p', String(member.port), '-js', '-sd', join(folder, `n${number}`),
      '--cluster_name', 'vigil', '--cluster', `nats://127.0.0.1:${member.route}`, '--routes', routes.join(','),
    ], { stdio: 'ignore' }))
  }
  for (const { number } of members) start(number)

  const servers = members.map(({ port }) => `127.0.0.1:${port}`)
  const library: string = '@nats-io/transport-node'
  const transport: Transport = await import(library)

  /** Does what may be done again until it is done: after a start or a death the cluster says for a while that it cannot. */
  async function persistently<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      let connection: Connection | null = null
      try {
        const open = (connection = await transport.connect({ servers: [...servers], noRandomize: true, reconnect: false, timeout: 10_000 }))
        return await work(async (subject, payload = {}) => {
          const said: Record<string, unknown> = JSON.parse((await open.request(`$JS.API.${subject}`, JSON.stringify(payload), { timeout: 10_000 })).string())
          const error = said['error'] as { code: number; err_code?: number; description: string } | undefined
          // A leader that has not yet heard of the other two since they started finds no place for three copies.
          const isFinal = error !== undefined && error.code !== 503 && error.code !== 500 && error.err_code !== NO_SUITABLE_PEERS
          if (error !== undefined) throw Object.assign(new Error(`${subject}: ${error.description}`), { isFinal })
          return said
        })
      } catch (error) {
        if (tries > 120 || (error instanceof Error && 'isFinal' in error && error.isFinal === true)) throw error
      } finally {
        await connection?.close().catch(() => undefined)
      }
      await delay(250)
    }
  }
  const askAlone = (subject: string, payload: object = {}): Promise<Record<string, unknown>> => persistently((ask) => ask(subject, payload))

  return {
    servers,
    async addStream(name, organization, windowMs = 3_600_000) {
      await askAlone(`STREAM.CREATE.${name}`, {
        name, subjects: [`vigil.${organization}.>`], retention: 'limits', storage: 'file', num_replicas: 3, max_msg_size: MESSAGE_BYTES_MAX, duplicate_window: windowMs * 1_000_000,
        max_consumers: -1, max_msgs: -1, max_bytes: -1, max_age: 0, discard: 'old',
      })
    },
    // Whoever asks again because the answer came late finds it gone.
    removeStream: (name) => askAlone(`STREAM.DELETE.${name}`).then(() => undefined, () => undefined),
    messages: (name) => persistently(async (ask) => {
      const { state } = (await ask(`STREAM.INFO.${name}`)) as { state: { first_seq: number; last_seq: number } }
      const found: { key: string; subject: string; body: string }[] = []
      for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
        const { message } = (await ask(`STREAM.MSG.GET.${name}`, { seq })) as { message: { hdrs: string; subject: string; data: string } }
        const headers = Buffer.from(message.hdrs, 'base64').toString()
        found.push({ key: /Nats-Msg-Id: (.*)\r/.exec(headers)?.[1] ?? '', subject: message.subject, body: Buffer.from(message.data, 'base64').toString() })
      }
      return found
    }),
    async leader(name) {
      const { cluster } = (await askAlone(`STREAM.INFO.${name}`)) as { cluster: { leader?: string } }
      return cluster.leader === undefined ? null : Number(cluster.leader.slice(1))
    },
    async kill(member) {
      const process = running.get(member)
      running.delete(member)
      if (!process) return
      const gone = new Promise((resolve) => process.once('exit', resolve))
      process.kill('SIGKILL')
      await gone
    },
    start,
    async close() {
      await Promise.all([...running.values()].map((process) => {
        const gone = new Promise((resolve) => process.once('exit', resolve))
        process.kill('SIGKILL')
        return gone
      }))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
