/** The contract of a sink: run over every implementation and every fake. */

import { describe, expect, it } from 'vitest'
import type { Sink, SinkBatch } from '../../src/seams.ts'

/** How the other end behaves from now on. `silent`: takes the call and never answers. */
export type Behaviour = 'takes' | 'takes-and-answer-is-lost' | 'rejects-row-1' | 'is-down' | 'wants-a-pause' | 'refuses-the-token' | 'finds-it-too-large' | 'cannot-take-it' | 'silent'

export type SinkUnderTest = {
  readonly sink: Sink
  behave(behaviour: Behaviour): void
  /** The bodies that arrived, unpacked, in order. */
  received(): readonly Uint8Array[]
  close(): Promise<void>
}

export const batchOf = (batchId: string): SinkBatch => ({
  batchId,
  body: new TextEncoder().encode(JSON.stringify({ batchId, events: [{ key: `${batchId}/0` }, { key: `${batchId}/1` }], metadata: { text: 'µ' } })),
  events: 2,
})

const NEVER = new AbortController().signal

export function sinkContract(name: string, open: () => Promise<SinkUnderTest>): void {
  const on = (title: string, check: (under: SinkUnderTest) => Promise<void>): void =>
    it(title, async () => {
      const under = await open()
      try {
        await check(under)
      } finally {
        await under.close()
      }
    })

  describe(`${name} keeps the contract of a sink`, () => {
    on('a batch arrives as the bytes that were cut, and is accepted', async ({ sink, received }) => {
      const batch = batchOf('b1')
      expect(await sink.send(batch, NEVER)).toEqual({ kind: 'accepted' })
      expect(received().map((body) => Buffer.from(body).toString())).toEqual([Buffer.from(batch.body).toString()])
    })

    on('a batch that is sent again is a duplicate, and the same bytes', async ({ sink, received }) => {
      await sink.send(batchOf('b1'), NEVER)
      expect(await sink.send(batchOf('b1'), NEVER)).toEqual({ kind: 'duplicate' })
      const [first, second] = received()
      expect(Buffer.from(first ?? []).equals(Buffer.from(second ?? [1]))).toBe(true)
    })

    on('a lost answer means: send again; and then it is a duplicate', async ({ sink, behave }) => {
      behave('takes-and-answer-is-lost')
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'retry', afterMs: null })
      behave('takes')
      expect(await sink.send(batchOf('b1'), NEVER)).toEqual({ kind: 'duplicate' })
    })

    on('a rejected row is named by its place, with the reason', async ({ sink, behave }) => {
      behave('rejects-row-1')
      expect(await sink.send(batchOf('b1'), NEVER)).toEqual({ kind: 'partly', rejected: [{ index: 1, code: 'ANALYTICS_003', detail: 'unit' }] })
    })

    on('trouble is a value, never an exception', async ({ sink, behave }) => {
      behave('is-down')
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'retry', afterMs: null, why: expect.stringMatching(/./) })
      behave('wants-a-pause')
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'retry', afterMs: 7_000 })
      behave('refuses-the-token')
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'refused', how: 'pause' })
      behave('finds-it-too-large')
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'refused', how: 'split' })
      behave('cannot-take-it')
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'refused', how: 'dead', why: expect.stringContaining('ANALYTICS_003') })
      behave('takes')
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'accepted' })
    })

    on('a stop ends a call that nobody answers', async ({ sink, behave }) => {
      behave('silent')
      const stop = new AbortController()
      const sent = sink.send(batchOf('b1'), stop.signal)
      setImmediate(() => stop.abort())
      expect(await sent).toMatchObject({ kind: 'retry' })
      expect(await sink.send(batchOf('b1'), AbortSignal.abort())).toMatchObject({ kind: 'retry' })
    })
  })
}
