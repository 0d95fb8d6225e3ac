import { describe, expect, it } from 'vitest'
import type { SinkAnswer } from '../../../src/seams.ts'
import { answerOf } from '../../../src/sync/sinks/https-answer.ts'
import { batchOf } from '../../contract/sink.ts'

const batch = batchOf('b1')
const answer = (status: number, body: unknown = {}, retryAfter: string | null = null): SinkAnswer => answerOf({ status, retryAfter, body: typeof body === 'string' ? body : JSON.stringify(body) }, batch)
const shortly = (given: SinkAnswer): string => (given.kind === 'refused' ? given.how : given.kind)

describe('what central answers', () => {
  it.each([
    [401, {}, 'pause'], [403, { code: 'ANALYTICS_006' }, 'pause'], [400, { code: 'ANALYTICS_001', detail: 'no JSON' }, 'dead'], [408, { code: 'ANALYTICS_005' }, 'retry'], [413, {}, 'split'],
    [422, { code: 'ANALYTICS_003' }, 'dead'], [422, { code: 'ANALYTICS_010' }, 'stale'], [429, {}, 'retry'], [500, 'oops', 'retry'], [502, '<html>', 'retry'], [503, {}, 'retry'], [504, {}, 'retry'],
  ])('%s %j means %s', (status, body, meaning) => {
    expect(shortly(answer(status, body))).toBe(meaning)
  })

  it.each([400, 404, 405, 301, 302, 204, 201, 418, 101])('%s from what is not central throws no reading away', (status) => {
    expect(shortly(answer(status, '<html>'))).toBe('pause')
  })

  it('is a receipt only when it names the batch: a log-in page that says 200 has stored nothing', () => {
    expect(answer(202, { batchId: 'b1', accepted: 2, rejected: [] })).toEqual({ kind: 'accepted' })
    expect(answer(200, { batchId: 'b1', accepted: 2 })).toEqual({ kind: 'duplicate' })
    for (const body of ['<html>welcome', '', '[]', 'null', { batchId: 'b2' }, { accepted: 2 }, { batchId: 'b1', rejected: 'all' }]) {
      expect(answer(200, body)).toMatchObject({ kind: 'retry', afterMs: null })
      expect(answer(202, body)).toMatchObject({ kind: 'retry', afterMs: null })
    }
  })

  it('names rejected rows, also when the first answer was lost', () => {
    const rejected = [{ index: 0, code: 'ANALYTICS_003', detail: 'unit' }]
    expect(answer(202, { batchId: 'b1', rejected })).toEqual({ kind: 'partly', rejected })
    expect(answer(200, { batchId: 'b1', rejected })).toEqual({ kind: 'partly', rejected })
    expect(answer(202, { batchId: 'b1', rejected: [{ index: 1 }] })).toEqual({ kind: 'partly', rejected: [{ index: 1, code: 'no code', detail: '' }] })
  })

  it.each([[[{ index: 2 }]], [[{ index: -1 }]], [[{ index: 0.5 }]], [[{ index: 0 }, { index: 0 }]], [['0']], [[{}]], [[null]]])('is not believed when its rows %j are none of ours', (rejected) => {
    expect(answer(202, { batchId: 'b1', rejected })).toMatchObject({ kind: 'retry' })
  })

  it.each([['7', 7_000], ['0', 0], [' 12 ', 12_000], ['999999999', 3_600_000], ['Wed, 21 Oct 2026 07:28:00 GMT', 60_000], ['-1', 60_000], [null, 60_000]])('429 with Retry-After %j waits %s ms', (retryAfter, afterMs) => {
    expect(answer(429, {}, retryAfter)).toMatchObject({ kind: 'retry', afterMs })
  })

  it('503 with Retry-After is obeyed; without, the backoff decides', () => {
    expect(answer(503, {}, '3')).toMatchObject({ afterMs: 3_000 })
    expect(answer(503)).toMatchObject({ afterMs: null })
  })

  it('is quoted in bounds', () => {
    const given = answer(500, { code: 'X'.repeat(10_000), detail: 'Y'.repeat(10_000) })
    expect(given.kind === 'retry' ? given.why.length : 0).toBeLessThan(700)
  })
})
