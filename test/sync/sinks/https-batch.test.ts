import { describe, expect, it } from 'vitest'
import { syncLimits } from '../../../src/limits.ts'
import { checkedUrl, createHttpsBatch } from '../../../src/sync/sinks/https-batch.ts'
import { batchOf } from '../../contract/sink.ts'
import { centralServer } from '../central-server.ts'
import { loopbackCertificate } from '../certificate.ts'

const NEVER = new AbortController().signal
type Tls = Parameters<typeof centralServer>[0]

async function withCentral(tls: Tls, ca: string | null, check: (server: Awaited<ReturnType<typeof centralServer>>, sink: ReturnType<typeof createHttpsBatch>) => Promise<void>, over: { url?: string; token?: string; timeoutMs?: number } = {}): Promise<void> {
  const server = await centralServer(tls)
  const sink = createHttpsBatch({ url: server.url, token: server.token, ca, ...over })
  try {
    await check(server, sink)
  } finally {
    sink.close()
    await server.close()
  }
}

describe('the address of central', () => {
  it.each(['https://central.example.org', 'https://central.example.org/platform', 'http://127.0.0.1:8471', 'http://localhost:1/', 'http://[::1]:80', 'http://127.8.9.1'])('may be %s', (url) => {
    expect(checkedUrl(url).href).toMatch(/[^/]\/api\/v1\/analytics\/batches$/)
  })

  it('keeps a path of its own', () => {
    expect(checkedUrl('https://c.example/platform').href).toBe('https://c.example/platform/api/v1/analytics/batches')
    expect(checkedUrl('https://c.example/platform/').href).toBe('https://c.example/platform/api/v1/analytics/batches')
  })

  it.each([
    ['http://central.example.org', /not encrypted: use https/], ['http://10.0.0.5', /not encrypted/], ['http://127.0.0.1.evil.example', /not encrypted/], ['http://localhost.example', /not encrypted/],
    ['ftp://central.example.org', /must begin with https/], ['central', /is no address/], ['https://user:word@central.example.org', /must not hold a password/],
  ])('may not be %s', (url, sentence) => {
    expect(() => createHttpsBatch({ url, token: 't', ca: null })).toThrow(sentence)
  })

  it('does not take a token that could add a header', () => {
    expect(() => createHttpsBatch({ url: 'https://c.example', token: 'a\r\nx: y', ca: null })).toThrow(/token/)
  })
})

describe('https-batch', () => {
  it('posts gzip with bearer token and idempotency key to the path of the contract, on one connection', async () => {
    await withCentral(undefined, null, async (server, sink) => {
      await sink.send(batchOf('b1'), NEVER)
      await sink.send(batchOf('b2'), NEVER)
      const [first, second] = server.requests()
      expect(first).toMatchObject({
        method: 'POST', url: '/api/v1/analytics/batches',
        headers: { authorization: 'Bearer secret-token', 'idempotency-key': 'b1', 'content-encoding': 'gzip', 'content-type': 'application/json' },
      })
      expect(second?.socket.remotePort).toBe(first?.socket.remotePort)
    })
  })

  it('pauses on a wrong token', async () => {
    await withCentral(undefined, null, async (_server, sink) => {
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'refused', how: 'pause', why: expect.stringContaining('token') })
    }, { token: 'wrong' })
  })

  it('gives up on a central that does not answer in time', async () => {
    await withCentral(undefined, null, async (server, sink) => {
      server.behave('silent')
      expect(await sink.send(batchOf('b1'), NEVER)).toEqual({ kind: 'retry', why: 'central did not answer within 0.05 s', afterMs: null })
    }, { timeoutMs: 50 })
  })

  it('gives up on one that dribbles its answer', async () => {
    await withCentral(undefined, null, async (server, sink) => {
      server.behave((_request, response) => void response.writeHead(202).write('{"batchId"'))
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'retry', why: expect.stringContaining('0.05 s') })
    }, { timeoutMs: 50 })
  })

  it('does not read an answer without end', async () => {
    await withCentral(undefined, null, async (server, sink) => {
      let written = 0
      server.behave((_request, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536, 32))) written += 65_536
        }
        response.on('drain', more)
        response.writeHead(202)
        more()
      })
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'retry' })
      expect(written).toBeLessThan(syncLimits.responseBytesMax * 20)
    })
  })

  it('says what is wrong when nobody listens', async () => {
    const server = await centralServer()
    await server.close()
    const sink = createHttpsBatch({ url: server.url, token: 't', ca: null })
    expect(await sink.send(batchOf('b1'), NEVER)).toEqual({ kind: 'retry', why: 'central cannot be reached: ECONNREFUSED', afterMs: null })
    sink.close()
  })

  it('shows who it is where central asks, and is not let in without', async () => {
    const ours = loopbackCertificate()
    const asking = { ...loopbackCertificate(), ca: ours.cert, requestCert: true, rejectUnauthorized: true } as const
    await withCentral(asking, asking.cert, async (server, sink) => {
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'retry' })
      expect(server.bodies()).toEqual([])
      const known = createHttpsBatch({ url: server.url, token: server.token, ca: asking.cert, certificate: ours })
      expect(await known.send(batchOf('b1'), NEVER)).toEqual({ kind: 'accepted' })
      known.close()
      const stranger = createHttpsBatch({ url: server.url, token: server.token, ca: asking.cert, certificate: loopbackCertificate() })
      expect(await stranger.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'retry' })
      stranger.close()
    })
  })

  it('does not believe a certificate that its authority did not sign, nor an older TLS', async () => {
    const tls = loopbackCertificate()
    await withCentral(tls, null, async (server, sink) => {
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'retry', why: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY/) })
      expect(server.bodies()).toEqual([])
    })
    await withCentral({ ...tls, maxVersion: 'TLSv1.2' }, tls.cert, async (server, sink) => {
      expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'retry', why: expect.stringContaining('TLS 1.3') })
      expect(server.bodies()).toEqual([])
    })
    await withCentral(tls, tls.cert, async (_server, sink) => {
      expect(await sink.send(batchOf('b1'), NEVER)).toEqual({ kind: 'accepted' })
    })
  })
})
