import type { Sink, SinkAnswer } from '../../src/seams.ts'
import { createHttpsBatch } from '../../src/sync/sinks/https-batch.ts'
import { centralServer } from '../sync/central-server.ts'
import { loopbackCertificate } from '../sync/certificate.ts'
import { type Behaviour, type SinkUnderTest, sinkContract } from './sink.ts'

/** The fake that other tests may stand on. */
function fakeSink(): SinkUnderTest {
  let behaviour: Behaviour = 'takes'
  const bodies: Uint8Array[] = []
  const known = new Set<string>()
  const refused = (how: 'pause' | 'split' | 'dead'): SinkAnswer => ({ kind: 'refused', how, why: how === 'dead' ? 'ANALYTICS_003' : how })
  const answers = (batchId: string): SinkAnswer => {
    const isKnown = known.has(batchId)
    if (behaviour.startsWith('takes')) known.add(batchId)
    switch (behaviour) {
      case 'takes':
        return { kind: isKnown ? 'duplicate' : 'accepted' }
      case 'rejects-row-1':
        return { kind: 'partly', rejected: [{ index: 1, code: 'ANALYTICS_003', detail: 'unit' }] }
      case 'takes-and-answer-is-lost':
      case 'is-down':
      case 'silent':
        return { kind: 'retry', why: behaviour, afterMs: null }
      case 'wants-a-pause':
        return { kind: 'retry', why: behaviour, afterMs: 7_000 }
      case 'refuses-the-token':
        return refused('pause')
      case 'finds-it-too-large':
        return refused('split')
      case 'cannot-take-it':
        return refused('dead')
    }
  }
  const sink: Sink = {
    id: 'fake',
    async send(batch, stop) {
      if (stop.aborted) return { kind: 'retry', why: 'stopped', afterMs: null }
      bodies.push(batch.body)
      if (behaviour === 'silent') await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))
      return answers(batch.batchId)
    },
  }
  return { sink, behave: (next) => void (behaviour = next), received: () => bodies, close: () => Promise.resolve() }
}

sinkContract('a fake', () => Promise.resolve(fakeSink()))

sinkContract('https-batch on loopback', async () => {
  const server = await centralServer()
  const sink = createHttpsBatch({ url: server.url, token: server.token, ca: null })
  return {
    sink, behave: server.behave, received: server.bodies,
    close: async () => {
      sink.close()
      await server.close()
    },
  }
})

sinkContract('https-batch over TLS', async () => {
  const tls = loopbackCertificate()
  const server = await centralServer(tls)
  const sink = createHttpsBatch({ url: server.url, token: server.token, ca: tls.cert })
  return {
    sink, behave: server.behave, received: server.bodies,
    close: async () => {
      sink.close()
      await server.close()
    },
  }
})
