/** A real Kafka broker: one node in KRaft mode, its jars fetched by Maven into ~/.cache/vigil-kafka (`node test/sync/real/kafka.ts`), gone with the test. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { kafkaFaults } from '../../../src/sync/sinks/kafka-answer.ts'
import { programPath } from '../../parts.ts'
import { freePort } from '../../free-port.ts'
import { type Proxy, startProxy } from './proxy.ts'

const VERSION = '4.1.0'
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vigil-kafka')
const JARS = join(CACHE, VERSION)
const run = promisify(execFile)

/** What is missing of it here; empty when it can be tried. */
export function kafkaLacks(): string {
  if (programPath('java') === undefined) return 'Java'
  if (!existsSync(JARS)) return 'a Kafka broker (node test/sync/real/kafka.ts fetches it)'
  try {
    createRequire(import.meta.url).resolve('@platformatic/kafka')
    return ''
  } catch {
    return '@platformatic/kafka'
  }
}

/** Fetches the broker where it is not there. @throws Error when Maven or the network is not there. */
async function prepareKafka(): Promise<void> {
  if (existsSync(JARS)) return
  mkdirSync(CACHE, { recursive: true })
  const making = mkdtempSync(`${JARS}-`)
  writeFileSync(join(making, 'pom.xml'), `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
    <groupId>vigil</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
    <dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency></dependencies></project>`)
  await run('mvn', ['-B', '-q', 'dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'], { cwd: making })
  renameSync(join(making, 'lib'), JARS)
  rmSync(making, { recursive: true, force: true })
}

/** The little that the tests ask of the client library beside the sink. */
type Consumer = {
  consume(options: object): Promise<AsyncIterable<Record> & { close(): Promise<void> }>
  listOffsets(options: object): Promise<Map<string, bigint[]>>
  close(force?: boolean): Promise<void>
}
type Admin = { createTopics(options: object): Promise<unknown>; metadata(options: object): Promise<unknown>; close(): Promise<void> }
type Library = { Consumer: new (options: object) => Consumer; Admin: new (options: object) => Admin; stringDeserializers: object; }
export type Record = { readonly topic: string; readonly key: string; readonly value: string; readonly headers: ReadonlyMap<string, string> }

export type KafkaBroker = {
  /** `host:port`: of the proxy in front, which is what the broker says of itself. */
  readonly address: string
  readonly proxy: Proxy
  addTopic(name: string, settings?: Readonly<{ [name: string]: string }>): Promise<void>
  /** All that the topic holds, in its order. */
  records(topic: string): Promise<readonly Record[]>
  close(): Promise<void>
}

/** `Produce` has api key 0 behind the length of a request, and nothing else that a client sends here does. */
const produces = (bytes: Buffer): boolean => bytes.length > 6 && bytes.readInt16BE(4) === 0

export async function startKafka(): Promise<KafkaBroker> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vigil-kafka-'))
  const [port, controller] = [await freePort(), await freePort()]
  const proxy = await startProxy(() => ({ host: '127.0.0.1', port }), produces)
  const config = join(folder, 'server.properties')
  writeFileSync(config, [
    'process.roles=broker,controller', 'node.id=1', `controller.quorum.voters=1@127.0.0.1:${controller}`, 'controller.listener.names=CONTROLLER',
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`, `advertised.listeners=PLAINTEXT://127.0.0.1:${proxy.port}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT', `log.dirs=${join(folder, 'logs')}`, 'auto.create.topics.enable=false',
    'offsets.topic.replication.factor=1', 'offsets.topic.num.partitions=1', 'transaction.state.log.replication.factor=1', 'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0', 'num.network.threads=1', 'num.io.threads=2', 'log.cleaner.enable=false',
  ].join('\n'))
  const java = (...args: readonly string[]): readonly string[] => ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', `${JARS}/*`, ...args]
  await run('java', [...java('kafka.tools.StorageTool', 'format', '-t', 'AAAAAAAAAAAAAAAAAAAAAA', '-c', config)])
  const broker: ChildProcess = spawn('java', [...java('kafka.Kafka', config)], { stdio: 'ignore' })
  const name: string = '@platformatic/kafka'
  const library: Library = await import(name)
  const bootstrapBrokers = [`127.0.0.1:${proxy.port}`]
  const client = { clientId: 'test', bootstrapBrokers, retries: 240, retryDelay: 250, timeout: 10_000, connectTimeout: 10_000 }
  const admin = new library.Admin(client)
  let groups = 0
  return {
    address: `127.0.0.1:${proxy.port}`,
    proxy,
    async addTopic(topic, settings = {}) {
      for (let tries = 0; ; tries++) {
        try {
          await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1, configs: Object.entries(settings).map(([key, value]) => ({ name: key, value })) })
            .catch((error: unknown) => {
              // Of an earlier try, whose answer came too late.
              if (!kafkaFaults(error).includes('TOPIC_ALREADY_EXISTS')) throw error
            })
          // The controller made it: the broker hears of it a moment later.
          await admin.metadata({ topics: [topic], forceUpdate: true })
          return
        } catch (error) {
          if (tries > 100 || broker.exitCode !== null) throw error
          await delay(250)
        }
      }
    },
    async records(topic) {
      const consumer = new library.Consumer({ ...client, groupId: `test-${groups++}`, deserializers: library.stringDeserializers, maxWaitTime: 100 })
      const [end = 0n] = (await consumer.listOffsets({ topics: [topic] })).get(topic) ?? []
      const found: Record[] = []
      if (end > 0n) {
        const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
        for await (const record of stream) {
          found.push(record)
          if (BigInt(found.length) >= end) break
        }
        await stream.close().catch(() => undefined)
      }
      await consumer.close(true)
      return found
    },
    async close() {
      await admin.close().catch(() => undefined)
      const gone = new Promise((resolve) => broker.once('exit', resolve))
      broker.kill('SIGKILL')
      await gone
      await proxy.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

if (process.argv[1] === import.meta.filename) await prepareKafka()
