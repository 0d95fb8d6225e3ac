import { describe, expect, it } from 'vitest'
import type { SyncStatus } from '../../src/domain/batch.ts'
import { wallMs } from '../../src/domain/time.ts'
import { syncLimits } from '../../src/limits.ts'
import type { Delivery } from '../../src/sync/deliveries.ts'
import { ALL } from '../../src/sync/filter.ts'
import { type FromSync, type SyncSettings, type SyncThread, type ToSync, startSync } from '../../src/sync/start.ts'
import { fakeClock } from './fakes.ts'

const https = (id: string): Delivery => ({
  id, lane: 'live', to: { kind: 'https-batch', url: 'http://127.0.0.1:1', token: 't', ca: null, certificate: null, compression: 'gzip' }, fallback: null, filter: ALL, eventsPerSecond: null, between: null,
})
const SETTINGS: SyncSettings = {
  folder: '/nowhere', gatewayId: 'gw', organizationId: 'org', version: '1.0.0', deliveries: [https('central')], timeZone: 'UTC', instance: 'i', clock: { originMs: 0, speed: 1 }, identifiers: [],
}
const WELL: SyncStatus = { kind: 'ok', lagRows: 0, why: '', lastAcceptedAt: wallMs(1), deadLetters: 0, stoppedByScanner: 0, breaker: 'closed', fenced: false }

type FakeThread = SyncThread & { readonly posted: ToSync[]; say(message: FromSync): void; end(why: string): void; killed: boolean }

function fakeThread(obeys: boolean): FakeThread {
  let onMessage: (message: FromSync) => void = () => undefined
  let onEnd: (why: string) => void = () => undefined
  const thread: FakeThread = {
    posted: [],
    killed: false,
    post(message) {
      thread.posted.push(message)
      if (message.type === 'stop' && obeys) setImmediate(() => onEnd('exit 0'))
    },
    onMessage: (listener) => void (onMessage = listener),
    onEnd: (listener) => void (onEnd = listener),
    kill() {
      thread.killed = true
      setImmediate(() => onEnd('killed'))
      return Promise.resolve()
    },
    say: (message) => onMessage(message),
    end: (why) => onEnd(why),
  }
  return thread
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

function start(obeys = true, settings = SETTINGS) {
  const threads: FakeThread[] = []
  const clock = fakeClock()
  const handle = startSync(settings, {
    clock,
    spawn: () => {
      const thread = fakeThread(obeys)
      threads.push(thread)
      return thread
    },
  })
  return { handle, threads, clock }
}

describe('main\'s side of sync', () => {
  it('tells the thread of commits, and the ward of its status and cursor', async () => {
    const { handle, threads } = start()
    const seen: string[] = []
    const advanced: number[] = []
    const forget = handle.onStatus((status) => void seen.push(status.kind))
    handle.onAdvanced((seq) => void advanced.push(seq))
    expect(handle.status()).toMatchObject({ kind: 'behind', why: 'starting' })
    handle.committed(7)
    threads[0]?.say({ type: 'status', sink: 'central', status: WELL })
    threads[0]?.say({ type: 'advanced', sink: 'central', seq: 7 })
    forget()
    threads[0]?.say({ type: 'status', sink: 'central', status: { ...WELL, kind: 'paused' } })
    expect(threads[0]?.posted).toEqual([{ type: 'committed', lastSeq: 7 }])
    expect(seen).toEqual(['ok'])
    expect(advanced).toEqual([7])
    expect(handle.status().kind).toBe('paused')
    await handle.stop()
  })

  it('starts a dead thread again, more slowly each time, and says so meanwhile', async () => {
    const { handle, threads, clock } = start()
    threads[0]?.say({ type: 'status', sink: 'central', status: WELL })
    for (let death = 0; death < 9; death++) {
      threads.at(-1)?.end('out of memory')
      expect(handle.status().kind).toBe(death === 0 ? 'ok' : 'behind')
      await settled()
      await settled()
    }
    expect(handle.status()).toMatchObject({ kind: 'behind', why: expect.stringContaining('out of memory'), lastAcceptedAt: 1 })
    expect(threads).toHaveLength(10)
    expect(clock.slept).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
    await handle.stop()
  })

  it('takes commits in between without complaint', async () => {
    const { handle, threads } = start()
    threads[0]?.end('gone')
    handle.committed(8)
    await handle.stop()
  })

  it('begins with a short delay again after a long life', async () => {
    const { handle, threads, clock } = start()
    threads[0]?.end('first')
    await settled()
    await settled()
    clock.now += syncLimits.restartDelayMsMax + 1
    threads[1]?.end('second')
    await settled()
    await settled()
    expect(clock.slept).toEqual([1_000, 1_000])
    await handle.stop()
  })

  it('stops a thread that listens, and kills one that does not', async () => {
    const willing = start()
    await willing.handle.stop()
    expect(willing.threads[0]?.posted).toEqual([{ type: 'stop' }])
    const deaf = start(false)
    await deaf.handle.stop()
    expect(deaf.threads[0]?.killed).toBe(true)
    expect(deaf.threads).toHaveLength(1)
  })
})
