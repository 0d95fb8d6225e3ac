/** The contract of a sink: run over every implementation, on real parts where there are some, and over every fake. */

import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import { describe, expect, it } from 'vitest'
import type { Sink, SinkAnswer, SinkBatch } from '../../src/seams.ts'

/**
 * How the other end behaves from now on. `silent`: takes the call and never answers. Where the other end is real, some are done by its
 * settings, some by a proxy in front of it, and some by what the next batches hold.
 */
export type Behaviour =
  | 'takes' | 'takes-and-answer-is-lost' | 'rejects-row-1' | 'is-down' | 'wants-a-pause' | 'refuses-us' | 'finds-it-too-large' | 'cannot-take-it' | 'finds-it-too-old' | 'silent'

export type SinkUnderTest = {
  readonly sink: Sink & { close(): void | Promise<void> }
  readonly behave: (behaviour: Behaviour) => void | Promise<void>
  /** A batch, and what is to arrive of it, in its order: keys of events, or what the far end calls them. */
  readonly batch: (name: string) => { readonly batch: SinkBatch; readonly arrives: readonly string[] }
  /** What has arrived, repeats included, in the order of arrival. */
  readonly arrived: () => Promise<readonly string[]>
  close(): Promise<void>
}

export type SinkTraits = {
  /** How the other end can be made to behave here. */
  readonly can: readonly Behaviour[]
  /** Says of a batch that is sent again that it is a repeat; a broker that keeps no list of them does not. */
  readonly namesRepeats: boolean
}

const NEVER = new AbortController().signal

/** What central makes of it: the first of each key. */
const effectOf = (arrived: readonly string[]): readonly string[] => [...new Set(arrived)]

/** How each kind of trouble is to be told. */
const TROUBLES: Readonly<Partial<Record<Behaviour, object>>> = {
  'is-down': { kind: 'retry', afterMs: null, why: expect.stringMatching(/./) },
  'wants-a-pause': { kind: 'retry', afterMs: 7_000 },
  'refuses-us': { kind: 'refused', how: 'pause', why: expect.stringMatching(/./) },
  'finds-it-too-large': { kind: 'refused', how: 'split' },
  'cannot-take-it': { kind: 'refused', how: 'dead', why: expect.stringContaining('ANALYTICS_003') },
  'finds-it-too-old': { kind: 'refused', how: 'stale' },
}

const isTaken = ({ kind }: SinkAnswer): boolean => kind === 'accepted' || kind === 'duplicate'

export function sinkContract(name: string, { can, namesRepeats }: SinkTraits, open: () => Promise<SinkUnderTest>): void {
  const on = (title: string, needs: readonly Behaviour[], check: (under: SinkUnderTest) => Promise<void>): void => {
    // What this other end cannot be told is tried on one that can.
    if (!needs.every((behaviour) => can.includes(behaviour))) return
    it(title, async () => {
      const under = await open()
      try {
        await check(under)
      } finally {
        await under.sink.close()
        await under.close()
      }
    })
  }

  describe(`${name} keeps the contract of a sink`, () => {
    on('a batch arrives whole, in its order, and is accepted', [], async ({ sink, batch, arrived }) => {
      const one = batch('b1')
      expect(await sink.send(one.batch, NEVER)).toEqual({ kind: 'accepted' })
      expect(await arrived()).toEqual(one.arrives)
    })

    on('a batch that is sent again changes nothing', [], async ({ sink, batch, arrived }) => {
      const one = batch('b1')
      await sink.send(one.batch, NEVER)
      const again = await sink.send(one.batch, NEVER)
      expect(again).toEqual({ kind: namesRepeats ? 'duplicate' : 'accepted' })
      expect(effectOf(await arrived())).toEqual(one.arrives)
    })

    on('a lost answer means: send again; and nothing is there twice', ['takes-and-answer-is-lost'], async ({ sink, batch, behave, arrived }) => {
      const one = batch('b1')
      await behave('takes-and-answer-is-lost')
      expect(await sink.send(one.batch, NEVER)).toMatchObject({ kind: 'retry', afterMs: null })
      await behave('takes')
      expect(isTaken(await sink.send(one.batch, NEVER))).toBe(true)
      expect(effectOf(await arrived())).toEqual(one.arrives)
    })

    on('a rejected row is named by its place, with the reason, and the others are there', ['rejects-row-1'], async ({ sink, batch, behave, arrived }) => {
      await behave('rejects-row-1')
      const one = batch('b1')
      const answer = await sink.send(one.batch, NEVER)
      expect(answer).toEqual({ kind: 'partly', rejected: [{ index: 1, code: expect.stringMatching(/./), detail: expect.stringMatching(/./) }] })
      expect(await arrived()).toEqual(one.arrives)
      // A lost answer must lose no rejected row.
      expect(await sink.send(one.batch, NEVER)).toEqual(answer)
    })

    for (const [behaviour, answer] of Object.entries(TROUBLES)) {
      const trouble = can.find((known) => known === behaviour)
      if (trouble === undefined) continue
      on(`that the other end ${behaviour} is a value, never an exception, and passes`, [trouble], async ({ sink, batch, behave, arrived }) => {
        const one = batch('b1')
        await behave(trouble)
        expect(await sink.send(one.batch, NEVER)).toMatchObject(answer)
        await behave('takes')
        expect(isTaken(await sink.send(one.batch, NEVER))).toBe(true)
        expect(effectOf(await arrived())).toEqual(one.arrives)
      })
    }

    on('a stop ends a call that nobody answers', ['silent'], async ({ sink, batch, behave }) => {
      await behave('silent')
      const stop = new AbortController()
      const sent = sink.send(batch('b1').batch, stop.signal)
      setImmediate(() => stop.abort())
      expect(await sent).toMatchObject({ kind: 'retry' })
      expect(await sink.send(batch('b1').batch, AbortSignal.abort())).toMatchObject({ kind: 'retry' })
    })

    on('however often it goes wrong, in the end each event is there once in effect, and in order', ['is-down', 'takes-and-answer-is-lost'], async ({ sink, batch, behave, arrived }) => {
      const all: string[] = []
      for (const [index, troubles] of ([['is-down'], ['takes-and-answer-is-lost'], [], ['takes-and-answer-is-lost', 'is-down', 'takes-and-answer-is-lost'], []] as const).entries()) {
        const one = batch(`b${index}`)
        all.push(...one.arrives)
        for (const trouble of troubles) {
          await behave(trouble)
          expect(await sink.send(one.batch, NEVER)).toMatchObject({ kind: 'retry' })
        }
        await behave('takes')
        expect(isTaken(await sink.send(one.batch, NEVER))).toBe(true)
      }
      expect(effectOf(await arrived())).toEqual(all)
    })

    on('a batch that was answered is not held on to', [], async ({ sink, batch }) => {
      setFlagsFromString('--expose-gc')
      const collect: unknown = runInNewContext('gc')
      const sent: WeakRef<Uint8Array>[] = []
      for (let index = 0; index < 12; index++) {
        const { batch: one } = batch(`b${index}`)
        sent.push(new WeakRef(one.body))
        await sink.send(one, NEVER)
      }
      // What a turn of the loop still held is let go with the next ones.
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
      if (typeof collect === 'function') collect()
      expect(sent.filter((body) => body.deref() !== undefined).length).toBeLessThan(4)
    })

    on('a sink that was closed takes nothing and throws nothing', [], async ({ sink, batch }) => {
      await sink.send(batch('b1').batch, NEVER)
      await sink.close()
      const answer = await sink.send(batch('b2').batch, AbortSignal.timeout(5_000))
      expect(['accepted', 'duplicate', 'retry']).toContain(answer.kind)
    })
  })
}

// ── Batches ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const encoded = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const METADATA = { timestamp: '2026-01-15T02:00:00.000Z', source: 'vigil-gateway', schemaVersion: 1, organizationId: 'org', gatewayId: 'gw', method: 'limited-data-set', keyEpoch: 'e1', seqFrom: 1, seqTo: 9 }
export const subjectOf = (number: number): string => number.toString(16).padStart(32, '0')

/** One minute of one metric of one subject, as the cutter makes it. */
export const vitalEvent = (key: string, over: { readonly subject?: string; readonly metric?: string; readonly unit?: string; readonly v?: readonly (number | null)[]; readonly timestamp?: string; readonly padding?: string } = {}) => {
  const { subject = subjectOf(1), metric = 'MDC_ECG_HEART_RATE', unit = '/min', v = [82, null, 84], timestamp = '2026-01-15T02:00:00.000Z', padding } = over
  return {
    streamId: subjectOf(99), eventType: 'vital-signs', partitionKey: subject, key, revision: 0,
    data: { metric, mdc: 147_842, loinc: '8867-4', unit: padding === undefined ? unit : `${unit}${padding}`, t: v.map((_, index) => index * 1_000), v, q: v.map((value) => (value === null ? 11 : 0)) },
    timestamp,
  }
}

/** What was sent under these keys is not so. */
export const correctionEvent = (key: string, keys: readonly string[], over: { readonly subject?: string } = {}) => ({
  streamId: subjectOf(99), eventType: 'corrections', partitionKey: over.subject ?? subjectOf(1), key, revision: 0,
  data: { kind: 'retract', keys, from: '2026-01-15T02:00:00.000Z', to: '2026-01-15T02:00:02.000Z', reason: 'wrong-patient' }, timestamp: '2026-01-15T02:00:00.000Z',
})

export const liveBatch = (batchId: string, events: readonly { readonly key: string }[]): SinkBatch => ({
  batchId, events: events.length, body: encoded({ batchId, events, metadata: { ...METADATA, size: events.length, lane: 'live', text: 'µ' } }),
})

/** Two events of one subject. */
export const batchOf = (batchId: string): SinkBatch => liveBatch(batchId, [vitalEvent(`${batchId}/0`), vitalEvent(`${batchId}/1`)])

export const hospitalBatch = (batchId: string, events: readonly object[]): SinkBatch => ({
  batchId, events: events.length, body: encoded({ batchId, events, metadata: { ...METADATA, method: 'identified', size: events.length, lane: 'hospital' } }),
})
