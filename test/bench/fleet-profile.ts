/** Where the thread of central spends its time, from a CPU profile of V8. */

import { Session } from 'node:inspector/promises'
import type { Profiler } from 'node:inspector/promises'

export const PARTS = ['unpack and parse', 'validate', 'hash', 'SQL, our side', 'sockets and HTTP', 'garbage', 'other'] as const
export type Part = (typeof PARTS)[number]

/** Shares of what was not idle, 0 to 1; they sum to 1. */
export type Shares = { readonly shares: Readonly<Record<Part, number>> }

const RULES: readonly { readonly part: Part; readonly of: (frame: Profiler.ProfileNode['callFrame']) => boolean }[] = [
  { part: 'hash', of: ({ url }) => url === 'node:internal/crypto/hash' },
  { part: 'SQL, our side', of: ({ url }) => /\/node_modules\/(pg|pg-[a-z]+|postgres-[a-z]+|@electric-sql)\/|central\/(sql|write|roll-ups|corrections|senders|fleet|tenants|partitions)\.ts/.test(url) },
  { part: 'validate', of: ({ url }) => /\/node_modules\/zod\/|central\/shapes\.ts/.test(url) },
  { part: 'unpack and parse', of: ({ url }) => /central\/body\.ts|node:zlib/.test(url) },
  // What is left of reading a batch is its JSON text for the hash.
  { part: 'hash', of: ({ url, functionName }) => /central\/ingest\.ts/.test(url) && functionName === 'readBatch' },
  { part: 'SQL, our side', of: ({ url }) => /central\/ingest\.ts/.test(url) },
  { part: 'sockets and HTTP', of: ({ url }) => /\/node_modules\/(fastify|find-my-way|light-my-request|avvio)\/|node:(_http|net|internal\/stream|internal\/http|internal\/stream_base)/.test(url) },
]

/** The first rule that the frame or one of those that called it meets, from the leaf up. */
export function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Shares {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parts = new Map<number, Part | 'idle'>()
  const partOf = (id: number): Part | 'idle' => {
    const known = parts.get(id)
    if (known !== undefined) return known
    const node = byId.get(id)
    const parent = parents.get(id)
    const name = node?.callFrame.functionName
    const found = name === '(idle)' ? 'idle' : name === '(garbage collector)' ? 'garbage'
      : (node && RULES.find(({ of }) => of(node.callFrame))?.part) ?? (parent === undefined ? 'other' : partOf(parent))
    parts.set(id, found)
    return found
  }
  const us = new Map<Part | 'idle', number>()
  for (const [index, sample] of samples.entries()) us.set(partOf(sample), (us.get(partOf(sample)) ?? 0) + (timeDeltas[index] ?? 0))
  const busy = PARTS.reduce((sum, part) => sum + (us.get(part) ?? 0), 0)
  const share = (part: Part): number => (busy === 0 ? 0 : (us.get(part) ?? 0) / busy)
  return {
    shares: {
      'unpack and parse': share('unpack and parse'), validate: share('validate'), hash: share('hash'), 'SQL, our side': share('SQL, our side'), 'sockets and HTTP': share('sockets and HTTP'),
      garbage: share('garbage'), other: share('other'),
    },
  }
}

/** Of this thread alone. */
export async function profiled(work: () => Promise<void>): Promise<Shares> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 2_000 })
  await session.post('Profiler.start')
  await work()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  return sharesOf(profile)
}
