import { connect } from 'node:net'
import { randomUUID } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createFaults, refusesRow } from '../../../simulators/central/faults.ts'
import { centralLimits } from '../../../src/limits.ts'
import { TOKEN, batch, openDesk, vitals } from './fixture.ts'
import type { Desk } from './fixture.ts'

let desk: Desk
beforeAll(async () => {
  desk = await openDesk()
})
afterAll(() => desk.close())
afterEach(() => desk.fault({ mode: 'ok' }))

const HR = 'MDC_ECG_HEART_RATE'
const one = (subject: string = randomUUID()) => batch([vitals({ subject, values: [1] })])

describe('central, when told to be', () => {
  test('slow, answers only when the time has passed, and stores then', async () => {
    const subject = randomUUID()
    expect((await desk.fault({ mode: 'slow', ms: 7_000 })).body).toEqual({ mode: 'slow', ms: 7_000, share: 1 })
    const answer = desk.send(one(subject))
    await desk.clock.asleep(7_000)
    await desk.fault({ mode: 'ok' })
    expect(await desk.counts(subject)).toEqual({})
    desk.clock.advance(7_000)
    expect((await answer).status).toBe(202)
    expect(await desk.counts(subject)).toEqual({ [HR]: 1 })
  })

  test('slow, still stores for a sender that gave up, so that its resend doubles nothing', async () => {
    const subject = randomUUID()
    const sent = one(subject)
    await desk.fault({ mode: 'slow', ms: 7_000 })
    const givingUp = new AbortController()
    const lost = fetch(`${desk.url}/api/v1/analytics/batches`, {
      method: 'POST', body: JSON.stringify(sent), signal: givingUp.signal, headers: { authorization: `Bearer ${TOKEN}`, 'idempotency-key': sent.batchId },
    })
    await desk.clock.asleep(7_000)
    givingUp.abort()
    await expect(lost).rejects.toThrow()
    await desk.fault({ mode: 'ok' })
    desk.clock.advance(7_000)
    expect([200, 202]).toContain((await desk.send(sent)).status)
    expect(await desk.counts(subject, true)).toEqual({ [HR]: 1 })
  })

  test('absent, cuts the connection and stores nothing', async () => {
    const subject = randomUUID()
    await desk.fault({ mode: 'absent' })
    await expect(desk.send(one(subject))).rejects.toThrow()
    await expect(desk.get('/health')).rejects.toThrow()
    await expect(desk.get('/api/v1/patients')).rejects.toThrow()
    await desk.fault({ mode: 'ok' })
    expect(await desk.counts(subject)).toEqual({})
  })

  test.each([
    [{ mode: 'wrong' }, 500, undefined],
    [{ mode: 'wrong', status: 503 }, 503, undefined],
    [{ mode: 'wrong', status: 408 }, 408, 'ANALYTICS_005'],
    [{ mode: 'wrong', status: 413 }, 413, undefined],
    [{ mode: 'wrong', status: 422 }, 422, 'ANALYTICS_003'],
    [{ mode: 'wrong', status: 422, code: 'ANALYTICS_010' }, 422, 'ANALYTICS_010'],
    [{ mode: 'unauthorized' }, 401, undefined],
    [{ mode: 'unauthorized', status: 403 }, 403, 'ANALYTICS_006'],
  ])('%j, answers with that status and stores nothing', async (fault, status, code) => {
    const subject = randomUUID()
    await desk.fault(fault)
    const answer = await desk.send(one(subject))
    expect(answer.status).toBe(status)
    expect(answer.body['code']).toBe(code)
    expect(answer.body['detail']).toEqual(expect.any(String))
    await desk.fault({ mode: 'ok' })
    expect(await desk.counts(subject)).toEqual({})
  })

  test('busy, says when to come back', async () => {
    await desk.fault({ mode: 'busy', ms: 2_500 })
    const answer = await desk.send(one())
    expect(answer.status).toBe(429)
    expect(answer.headers.get('retry-after')).toBe('3')
  })

  test('refusing rows, names them, and takes them when they come again later', async () => {
    const subject = randomUUID()
    const events = Array.from({ length: 40 }, (_, index) => vitals({ subject, values: [index] }))
    await desk.fault({ mode: 'reject-rows', share: 0.5 })
    const { body } = await desk.send(batch(events))
    const refused = (body.rejected ?? []).map(row => row.index)
    expect(refused).toEqual(events.flatMap(({ key }, index) => (refusesRow(key, 0.5) ? [index] : [])))
    expect(body['accepted']).toBe(events.length - refused.length)
    await desk.fault({ mode: 'ok' })
    expect((await desk.send(batch(refused.map(index => events[index])))).body).toMatchObject({ accepted: refused.length, duplicates: 0, rejected: [] })
    expect(await desk.counts(subject, true)).toEqual({ [HR]: events.length })
  })

  test('anything, still shows its pages and its control', async () => {
    for (const mode of ['absent', 'wrong', 'unauthorized', 'busy', 'slow']) {
      await desk.fault({ mode })
      expect((await desk.get('/control/faults')).body).toMatchObject({ mode })
      expect((await desk.get('/')).status).toBe(200)
    }
  })

  test('something it does not know, refuses and stays as it was', async () => {
    await desk.fault({ mode: 'busy' })
    const tooLong = { mode: 'slow', ms: centralLimits.faultDelayMsMax + 1 }
    for (const wrong of [{ mode: 'angry' }, tooLong, { mode: 'ok', surplus: 1 }, { mode: 'absent', share: 1.1 }, {}]) {
      expect((await desk.fault(wrong)).status).toBe(422)
    }
    expect((await desk.get('/control/faults')).body['mode']).toBe('busy')
  })
})

describe('a share of requests', () => {
  test('is hit exactly, and evenly', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 20 }), twentieths => {
      const faults = createFaults()
      faults.set({ mode: 'absent', share: twentieths / 20 })
      const hits = Array.from({ length: 200 }, () => faults.meet().mode).filter(mode => mode === 'absent').length
      expect(hits).toBe(twentieths * 10)
    }))
  })
})

describe('a share of rows', () => {
  test('is none at 0, all at 1, and grows without letting go of a row', () => {
    fc.assert(fc.property(fc.string(), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (key, a, b) => {
      expect(refusesRow(key, 0)).toBe(false)
      expect(refusesRow(key, 1)).toBe(true)
      if (refusesRow(key, Math.min(a, b))) expect(refusesRow(key, Math.max(a, b))).toBe(true)
    }))
  })
})

describe('at the door', () => {
  test.each(['/api/v1/analytics/counts', '/api/v1/patients', '/control/faults'])('%s wants the token', async path => {
    for (const authorization of ['', 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN]) expect((await desk.get(path, { authorization })).status).toBe(401)
  })

  test('a batch without the token is refused before its body is read', async () => {
    expect((await desk.sendBytes('{}', { authorization: 'Bearer wrong' })).status).toBe(401)
  })

  test('a batch wants its id as Idempotency-Key', async () => {
    const sent = one()
    expect(await desk.send(sent, { 'idempotency-key': '' })).toMatchObject({ status: 400, body: { code: 'ANALYTICS_001' } })
    expect(await desk.send(sent, { 'idempotency-key': 'another' })).toMatchObject({ status: 422, body: { code: 'ANALYTICS_003' } })
  })

  const PACKINGS = [['gzip', gzipSync], ['zstd', zstdCompressSync]] as const
  test.each(PACKINGS)('a batch may come packed with %s, and counts once with its plain self', async (encoding, pack) => {
    const subject = randomUUID()
    const sent = one(subject)
    const headers = { 'idempotency-key': sent.batchId }
    expect((await desk.sendBytes(pack(JSON.stringify(sent)), { ...headers, 'content-encoding': encoding })).status).toBe(202)
    expect((await desk.send(sent)).status).toBe(200)
    expect(await desk.counts(subject, true)).toEqual({ [HR]: 1 })
  })

  test('a body at the limit is read, one byte more is refused with 413, and so is a bomb', async () => {
    const atLimit = await desk.sendBytes(new Uint8Array(centralLimits.bodyBytesMax).fill(0x20))
    expect(atLimit).toMatchObject({ status: 400, body: { code: 'ANALYTICS_001' } })
    expect(await desk.sendBytes(new Uint8Array(centralLimits.bodyBytesMax + 1).fill(0x20))).toMatchObject({ status: 413, body: { detail: expect.any(String) } })
    const bomb = gzipSync(new Uint8Array(4 * centralLimits.unpackedBytesMax))
    expect(await desk.sendBytes(bomb, { 'content-encoding': 'gzip' })).toMatchObject({ status: 413, body: { detail: expect.any(String) } })
  })

  test('one batch more than may be in work is told to come back', async () => {
    await desk.fault({ mode: 'slow', ms: 9_000 })
    const waiting = Array.from({ length: centralLimits.batchesInWorkMax }, () => desk.send(one()))
    await desk.clock.asleep(9_000, centralLimits.batchesInWorkMax)
    const extra = await desk.send(one())
    expect(extra.status).toBe(429)
    expect(extra.headers.get('retry-after')).toBe('1')
    desk.clock.advance(9_000)
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(waiting.map(() => 202))
  })

  test('what is no HTTP is answered as such', async () => {
    const { hostname, port } = new URL(desk.url)
    const heard = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write('MSH|^~\\&|\r\r\n\r\n'))
      let text = ''
      socket.on('data', chunk => (text += chunk.toString()))
      socket.on('close', () => resolve(text))
      socket.on('error', reject)
    })
    expect(heard).toMatch(/^HTTP\/1\.1 400 /)
    expect(JSON.parse(heard.slice(heard.indexOf('\r\n\r\n')))).toMatchObject({ code: 'ANALYTICS_001' })
  })
})

test('one connection more than the limit is let go, and those before it stay', async () => {
  const crowded = await openDesk()
  const { hostname, port } = new URL(crowded.url)
  const open = () => new Promise<ReturnType<typeof connect>>(resolve => {
    const socket = connect(Number(port), hostname, () => resolve(socket))
    socket.on('error', () => undefined)
  })
  const sockets = await Promise.all(Array.from({ length: centralLimits.connectionsMax }, open))
  const extra = await open()
  await new Promise(resolve => extra.once('close', resolve))
  expect(sockets.every(socket => !socket.destroyed)).toBe(true)
  for (const socket of sockets) socket.destroy()
  await crowded.close()
})
