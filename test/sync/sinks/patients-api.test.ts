import { createServer } from 'node:http'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SinkBatch } from '../../../src/seams.ts'
import type { SinkMemory } from '../../../src/sync/ledger.ts'
import { readBatch } from '../../../src/sync/sinks/events.ts'
import { COUNTED, createPatientsApi } from '../../../src/sync/sinks/patients-api.ts'
import { type SetState, foldSets, stateOf, textOfState } from '../../../src/sync/sinks/patients-sets.ts'
import { correctionEvent, liveBatch, subjectOf, vitalEvent } from '../../contract/sink.ts'

const START = Date.UTC(2026, 0, 15, 2)
const RULES = { freshMs: 300_000, everyMs: 60_000, subjectsMax: 500 }
const SIX = { MDC_ECG_HEART_RATE: 82, MDC_PRESS_BLD_NONINV_SYS: 121, MDC_PRESS_BLD_NONINV_DIA: 74, MDC_TEMP_CORE: 36.6, MDC_PULS_OXIM_SAT_O2: 97, MDC_RESP_RATE: 16 } as const
type Metric = keyof typeof SIX

const event = (metric: string, value: number | null, atMs = 0, over: { subject?: string; quality?: number } = {}) => {
  const made = vitalEvent(`k/${metric}/${atMs}/${over.subject ?? ''}`, { metric, v: [value], timestamp: new Date(START + atMs).toISOString(), ...(over.subject === undefined ? {} : { subject: over.subject }) })
  return over.quality === undefined ? made : { ...made, data: { ...made.data, q: [over.quality] } }
}
const sixAt = (atMs: number, over: Partial<Record<Metric, number>> = {}) => Object.entries({ ...SIX, ...over }).map(([metric, value]) => event(metric, value, atMs))
const fold = (before: SetState, events: readonly { readonly key: string }[]) => foldSets(before, readBatch(liveBatch('b', events)).events, RULES)
const NOTHING: SetState = new Map()

describe('a set of vital signs', () => {
  it('is whole when all six are there, in the units of the platform', () => {
    const { sets, incomplete } = fold(NOTHING, sixAt(0))
    expect(sets.map(({ subject, set }) => [subject, set])).toEqual([[subjectOf(1), {
      heart_rate: 82, blood_pressure_systolic: 121, blood_pressure_diastolic: 74, temperature: 97.9, oxygen_saturation: 97, respiratory_rate: 16, timestamp: '2026-01-15T02:00:00.000Z',
    }]])
    expect(incomplete).toBe(0)
  })

  it('takes what a batch before brought, for as long as it is fresh, and counts the sets that were not whole', () => {
    const cuff = sixAt(0).filter(({ data: { metric } }) => metric.includes('NONINV') || metric.includes('TEMP'))
    const rest = (atMs: number) => sixAt(atMs).filter(({ data: { metric } }) => !metric.includes('NONINV') && !metric.includes('TEMP'))
    const first = fold(NOTHING, cuff)
    expect([first.sets.length, first.incomplete]).toEqual([0, 1])
    const second = fold(first.state, rest(60_000))
    expect(second.sets.map(({ set }) => set.blood_pressure_systolic)).toEqual([121])
    const late = fold(second.state, rest(300_001))
    expect([late.sets.length, late.incomplete]).toEqual([0, 1])
  })

  it('is made of values that can be believed: none that is absent, doubtful, of a test or of a demonstration', () => {
    for (const quality of [2, 3, 10, 100, 200]) expect(fold(NOTHING, [...sixAt(0).slice(1), event('MDC_ECG_HEART_RATE', 82, 0, { quality })]).sets).toEqual([])
    expect(fold(NOTHING, [...sixAt(0).slice(1), event('MDC_ECG_HEART_RATE', null)]).sets).toEqual([])
    expect(fold(NOTHING, [...sixAt(0).slice(1), event('MDC_ECG_HEART_RATE', 0)]).sets.map(({ set }) => set.heart_rate)).toEqual([0])
  })

  it('takes the better of two metrics of one instant: ECG before pulse, arterial line before cuff', () => {
    for (const events of [[...sixAt(0), event('MDC_PULS_RATE', 55)], [event('MDC_PULS_RATE', 55), ...sixAt(0)]]) expect(fold(NOTHING, events).sets[0]?.set.heart_rate).toBe(82)
  })

  it('comes once in a minute, however often values come, and never mixes two patients', () => {
    const events = [0, 1, 2, 59, 60, 61].flatMap((second) => sixAt(second * 1_000, { MDC_ECG_HEART_RATE: 80 + second }))
    expect(fold(NOTHING, events).sets.map(({ set }) => set.heart_rate)).toEqual([80, 140])
    const [, ...others] = sixAt(0)
    expect(fold(NOTHING, [{ ...event('MDC_ECG_HEART_RATE', 82, 0, { subject: subjectOf(2) }) }, ...others]).sets).toEqual([])
  })

  it('is the same whether values come in one batch or in many, and over a restart in between', () => {
    const order = Array.from({ length: 10 }, (_, index) => sixAt(index * 20_000, { MDC_ECG_HEART_RATE: 60 + index })).flat()
    const whole = fold(NOTHING, order)
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 9 }), (cuts) => {
      let state = NOTHING
      const sets: unknown[] = []
      const at = [...new Set(cuts)].sort((a, b) => a - b).map((cut) => cut * 6)
      for (const [from, to] of [0, ...at].map((begin, index) => [begin, at[index] ?? order.length] as const)) {
        const part = fold(stateOf(textOfState(state)), order.slice(from, to))
        state = part.state
        sets.push(...part.sets.map(({ set }) => set))
      }
      expect(sets).toEqual(whole.sets.map(({ set }) => set))
    }))
  })

  it('remembers so many patients and no more: who is silent is forgotten first', () => {
    const many = Array.from({ length: RULES.subjectsMax + 1 }, (_, index) => event('MDC_ECG_HEART_RATE', 80, index, { subject: subjectOf(index) }))
    const { state } = fold(NOTHING, many)
    expect([state.size, state.has(subjectOf(0)), state.has(subjectOf(1))]).toEqual([RULES.subjectsMax, false, true])
    expect(stateOf('[["x"]]').size).toBe(1)
    expect(stateOf('{}').size).toBe(0)
  })
})

type Request = { readonly path: string; readonly body: Readonly<Record<string, unknown>> }

async function platform(answer: (request: Request) => { readonly status: number; readonly body?: object } | 'cut') {
  const requests: Request[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      const asked = { path: request.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown> }
      requests.push(asked)
      const said = answer(asked)
      if (said === 'cut') return void request.socket.destroy()
      response.writeHead(said.status, { 'content-type': 'application/json' }).end(JSON.stringify(said.body ?? {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a port')
  const kept = new Map<string, string>()
  const counts = new Map<string, number>()
  const memory: SinkMemory = {
    get: (name) => kept.get(name) ?? null, put: (name, value) => void (value === null ? kept.delete(name) : kept.set(name, value)),
    count: (what, times = 1) => void counts.set(what, (counts.get(what) ?? 0) + times),
  }
  const open = () => createPatientsApi({ id: 'p', url: `http://127.0.0.1:${address.port}`, token: 't', ca: null, memory, ...RULES, placeholders: { first_name: 'Not sent', date_of_birth: '1900-01-01' } })
  return {
    requests, counts, open,
    async send(batch: SinkBatch, sink = open()) {
      try {
        return await sink.send(batch, new AbortController().signal)
      } finally {
        sink.close()
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('patients-api', () => {
  const takes = ({ path }: Request) => ({ status: 201, body: path.endsWith('/patients') ? { id: 41 } : {} })

  it('makes a patient row of placeholders first, and posts under the id that came back, once for each pseudonym', async () => {
    await using under = await platform(takes)
    expect(await under.send(liveBatch('b1', sixAt(0)))).toEqual({ kind: 'accepted' })
    expect(await under.send(liveBatch('b2', sixAt(60_000)))).toEqual({ kind: 'accepted' })
    expect(under.requests.map(({ path }) => path)).toEqual(['/api/v1/patients', '/api/v1/patients/41/vital-signs', '/api/v1/patients/41/vital-signs'])
    expect(under.requests[0]?.body).toEqual({ first_name: 'Not sent', date_of_birth: '1900-01-01' })
    expect(under.requests[1]?.body).toEqual({
      patient_id: '41', heart_rate: 82, blood_pressure_systolic: 121, blood_pressure_diastolic: 74, temperature: 97.9, oxygen_saturation: 97, respiratory_rate: 16, timestamp: '2026-01-15T02:00:00.000Z',
    })
    expect(JSON.stringify(under.requests)).not.toContain(subjectOf(1))
  })

  it('bounds and counts what may have come twice: of a batch that broke off, only the call without an answer is made again', async () => {
    let cuts = 1
    await using under = await platform((request) => (request.path.endsWith('/vital-signs') && request.body['heart_rate'] === 82 && cuts-- > 0 ? 'cut' : takes(request)))
    const two = liveBatch('b1', [...sixAt(0, { MDC_ECG_HEART_RATE: 81 }), ...sixAt(60_000)])
    expect(await under.send(two)).toMatchObject({ kind: 'retry' })
    expect(await under.send(two)).toEqual({ kind: 'accepted' })
    expect(await under.send(two)).toEqual({ kind: 'duplicate' })
    expect(under.requests.filter(({ path }) => path.endsWith('/vital-signs')).map(({ body }) => body['heart_rate'])).toEqual([81, 82, 82])
    expect([under.counts.get(COUNTED.posted), under.counts.get(COUNTED.twice)]).toEqual([2, 1])
  })

  it('names the event of a set that the platform will not have, and goes on', async () => {
    await using under = await platform((request) => (request.body['heart_rate'] === 299 ? { status: 422, body: { detail: 'heart_rate' } } : takes(request)))
    const answer = await under.send(liveBatch('b1', [...sixAt(0, { MDC_ECG_HEART_RATE: 299 }), ...sixAt(60_000)]))
    expect(answer).toMatchObject({ kind: 'partly', rejected: [{ index: 5, code: '422', detail: expect.stringContaining('heart_rate') }] })
    expect(under.counts.get(COUNTED.posted)).toBe(1)
  })

  it('makes a new row when the platform has lost its own', async () => {
    let lost = true
    await using under = await platform((request) => {
      if (!request.path.endsWith('/vital-signs') || !lost) return takes(request)
      lost = false
      return { status: 404 }
    })
    expect(await under.send(liveBatch('b1', sixAt(0)))).toMatchObject({ kind: 'retry' })
    expect(await under.send(liveBatch('b1', sixAt(0)))).toEqual({ kind: 'accepted' })
    expect(under.requests.filter(({ path }) => path.endsWith('/patients'))).toHaveLength(2)
  })

  it('pauses on an id that does not fit, and posts nothing under it', async () => {
    await using under = await platform(() => ({ status: 201, body: { id: '12345678901' } }))
    expect(await under.send(liveBatch('b1', sixAt(0)))).toMatchObject({ kind: 'refused', how: 'pause', why: expect.stringContaining('10 characters') })
    expect(under.requests).toHaveLength(1)
  })

  it('takes nothing back, and says so; what is held of somebody who was another goes, and what is left of an event is not posted twice', async () => {
    await using under = await platform(takes)
    await under.send(liveBatch('b1', sixAt(0)))
    const left = sixAt(0).map((one) => ({ ...one, key: `${one.key}/1`, supersedes: `${one.key}/0` }))
    const heart = event('MDC_ECG_HEART_RATE', 90, 120_000)
    expect(await under.send(liveBatch('b2', [correctionEvent('c/1', sixAt(0).map(({ key }) => key)), ...left, heart]))).toEqual({ kind: 'accepted' })
    expect(under.requests.filter(({ path }) => path.endsWith('/vital-signs'))).toHaveLength(1)
    expect([under.counts.get(COUNTED.untold), under.counts.get(COUNTED.incomplete)]).toEqual([1, 1])
  })

  it('counts what the platform has no place for here', async () => {
    await using under = await platform(takes)
    const laboratory = { ...event('MDC_ECG_HEART_RATE', 90, 0), eventType: 'lab-results' }
    expect(await under.send(liveBatch('b1', [...sixAt(0), laboratory]))).toEqual({ kind: 'accepted' })
    expect([under.counts.get(COUNTED.posted), under.counts.get(COUNTED.others)]).toEqual([1, 1])
  })

  it('counts sets that were not whole, and posts none of them', async () => {
    await using under = await platform(takes)
    expect(await under.send(liveBatch('b1', sixAt(0).slice(1)))).toEqual({ kind: 'accepted' })
    expect([under.requests.length, under.counts.get(COUNTED.incomplete)]).toEqual([0, 1])
  })
})
