/** A PostgreSQL of our own for as long as something runs, where the machine has one. */

import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { freePort } from '../free-port.ts'

export type Postgres = {
  /** Of a database that is empty. */
  readonly url: string
  /** CPU of all its processes so far, in ms. */
  readonly cpuMs: () => number
  readonly close: () => Promise<void>
}

const SERVERS = '/usr/lib/postgresql'
/** Of `/proc/<pid>/stat`: clock ticks are 10 ms on every Linux that we know. */
const TICK_MS = 10

/** null where there is none. Its files are on the disk of the folder for temporary files, with fsync as it is by default. */
export async function startPostgres(): Promise<Postgres | null> {
  const versions = existsSync(SERVERS) ? readdirSync(SERVERS).toSorted((a, b) => Number(b) - Number(a)) : []
  const programs = versions.map((version) => join(SERVERS, version, 'bin')).find((folder) => existsSync(join(folder, 'postgres')))
  if (programs === undefined) return null
  const folder = mkdtempSync(join(tmpdir(), 'vigil-postgres-'))
  const port = await freePort()
  // PostgreSQL refuses to run as root.
  const isRoot = process.getuid?.() === 0
  if (isRoot) {
    chmodSync(folder, 0o755)
    execFileSync('chown', ['postgres', folder])
  }
  const as = (program: string, args: readonly string[]): readonly [string, readonly string[]] =>
    isRoot ? ['runuser', ['-u', 'postgres', '--', join(programs, program), ...args]] : [join(programs, program), args]
  const data = join(folder, 'data')
  const [initdb, initArgs] = as('initdb', ['-D', data, '--auth=trust', '-U', 'postgres'])
  execFileSync(initdb, initArgs, { cwd: '/', stdio: 'ignore' })
  const [postgres, args] = as('postgres', ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'shared_buffers=512MB', '-c', 'max_wal_size=4GB'])
  const server = spawn(postgres, [...args], { cwd: '/', stdio: 'ignore' })
  const admin = `postgresql://postgres@127.0.0.1:${port}/postgres`
  for (let tries = 0; ; tries++) {
    const client = new Client({ connectionString: admin })
    try {
      await client.connect()
      await client.query('CREATE DATABASE fleet')
      await client.end()
      break
    } catch (error) {
      await client.end().catch(() => undefined)
      if (tries > 100 || server.exitCode !== null) throw error
      await delay(100)
    }
  }
  const main = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])
  return {
    url: `postgresql://postgres@127.0.0.1:${port}/fleet`,
    cpuMs: () => cpuOf(main),
    async close() {
      const gone = new Promise((resolve) => server.once('exit', resolve))
      process.kill(main, 'SIGQUIT')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** proc(5): user and system time of the process, of its children that ended, and of those that run. */
function cpuOf(main: number): number {
  let ticks = 0
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    let stat: string
    try {
      stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
    } catch {
      continue
    }
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number)
    const [, parent = 0] = fields
    if (Number(entry) === main) ticks += sum(fields.slice(11, 15))
    else if (parent === main) ticks += sum(fields.slice(11, 13))
  }
  return ticks * TICK_MS
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
