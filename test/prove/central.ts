/** The reference central in a process of its own, and what lies in its tables. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../bench/gateway-process.ts'
import { freshFolder } from '../simulators/central/folder.ts'
import { proveFolder } from './gateway.ts'
import { type Values, addValue } from './oracle.ts'

export type CentralProcess = AsyncDisposable & {
  readonly url: string
  readonly token: string
  /** Measured values, from the totals that it keeps. */
  readonly count: () => Promise<number>
  /** The values themselves, from the rows of its events. */
  readonly values: () => Promise<Values>
  /** Every event that it holds. */
  readonly events: () => Promise<readonly CentralEvent[]>
}

const TOKEN = 'a-token-of-the-proves-long-enough'
const PAGE = 1_000

export type CentralEvent = { readonly key: string; readonly type: string; readonly timestamp: string; readonly data: Readonly<Record<string, unknown>> }
type Event = { readonly type: string; readonly data: { readonly metric: string; readonly v: readonly (number | null)[] } }

/** Without a folder it has one of its own, in memory where there is some. `laterMs`: by how much its clock is ahead. */
export type CentralSetting = { readonly folder?: string; readonly laterMs?: number }

export async function startCentral({ folder, laterMs = 0 }: CentralSetting = {}): Promise<CentralProcess> {
  const home = folder === undefined ? proveFolder() : null
  // To make a database takes seconds, and none of them is what a prove is about.
  const data = folder ?? (await freshFolder('newest', home ?? undefined))
  const { DATABASE_URL: _, ...env } = process.env
  // A clock that runs twice as fast from an instant in the past is ahead of ours by the time since then.
  const clock = laterMs === 0 ? [] : ['--origin', String(Date.now() - laterMs), '--speed', '2']
  const child = spawn(process.execPath, [join(ROOT, 'src', 'vigil.mjs'), 'central', '--data', data, ...clock], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...env, VIGIL_CENTRAL_TOKEN: TOKEN },
  })
  const died = once(child, 'exit').then(() => {
    throw new Error('central ended at its start')
  })
  died.catch(() => undefined)
  const [message]: unknown[] = await Promise.race([once(child, 'message'), died])
  const url = typeof message === 'object' && message !== null && 'url' in message ? String(message.url) : ''
  // In the field it is another machine: from now on it gets what the ward's leaves.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
  async function get<Body>(path: string): Promise<Body> {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${TOKEN}` } })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    const body: Body = JSON.parse(await answer.text())
    return body
  }
  return {
    url,
    token: TOKEN,
    count: async () => (await get<readonly { readonly values: number }[]>('/api/v1/analytics/counts')).reduce((sum, { values }) => sum + values, 0),
    async values() {
      const all: Values = new Map()
      for (let skip = 0; ; skip += PAGE) {
        const page = await get<readonly Event[]>(`/api/v1/analytics/events?skip=${skip}&limit=${PAGE}`)
        for (const { type, data } of page) if (type === 'vital-signs') for (const value of data.v) if (value !== null) addValue(all, data.metric, value)
        if (page.length < PAGE) return all
      }
    },
    async events() {
      const all: CentralEvent[] = []
      for (let skip = 0; ; skip += PAGE) {
        const page = await get<readonly CentralEvent[]>(`/api/v1/analytics/events?skip=${skip}&limit=${PAGE}`)
        all.push(...page)
        if (page.length < PAGE) return all
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      if (home !== null) rmSync(home, { recursive: true, force: true })
    },
  }
}
