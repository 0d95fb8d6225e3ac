import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { pumpLimits, storeLimits } from '../../src/limits.ts'
import type { CommitResult } from '../../src/seams.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { openStore } from '../../src/store/store.ts'
import { encodeTick } from '../../src/store/tick-codec.ts'
import { Names } from '../../src/store/names.ts'
import { fakeClock } from '../fakes/clock.ts'
import { fakeDisk, openedStore } from './fake-disk.ts'
import { START, acknowledged, frame, heartRate, phase, stay, tempFolder, tick } from './fixture.ts'

/** Asks again with each turn of the event loop, for a thread starts in real time. */
async function until(ask: () => Promise<CommitResult>, isSo: (result: CommitResult) => boolean): Promise<CommitResult> {
  for (;;) {
    const result = await ask()
    if (isSo(result)) return result
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const settings = (folder: string) => ({ folder, kind: 'demo', gatewayId: 'gateway-1', clock: fakeClock() }) as const

describe('a store', () => {
  it('gives back at its next start what a gateway takes up again', async () => {
    using folder = tempFolder()
    const first = await openedStore(settings(folder.path))
    expect([first.lastSeq, first.stays, first.openAlertEvents, first.messages, first.damaged]).toEqual([0, [], [], [], []])
    const message = { device: deviceId('monitor-1'), slot: 0, id: 'MSG-1', hash: 42 }
    await first.store.commit(tick({
      stays: [stay('stay-1')], events: [phase('alert-1', 'active'), acknowledged('alert-1', 'anna')], messages: [message],
      snapshots: [heartRate(80), heartRate(81, { receivedAt: START + 60_000 })],
    }))
    await first.store.close()
    const second = await openedStore(settings(folder.path))
    expect(second.epoch).toBe(first.epoch)
    expect(second.lastSeq).toBe(4)
    expect(second.stays).toEqual([stay('stay-1')])
    expect(second.openAlertEvents.map(({ kind }) => kind)).toEqual(['phase', 'acknowledged'])
    expect(second.messages).toEqual([message])
    expect([...second.recent(wallMs(START + 1))].map(({ observations }) => observations[0]?.measurement)).toEqual([{ kind: 'measured', value: 81 }])
    expect(await second.store.commit(tick({ snapshots: [heartRate(82)] }))).toEqual({ kind: 'durable', lastSeq: 5 })
    await second.store.close()
  })

  it('has its folder to itself, until it is closed', async () => {
    using folder = tempFolder()
    const first = await openedStore(settings(folder.path))
    expect(await openStore(settings(folder.path))).toMatchObject({ kind: 'refused', how: 'locked' })
    await first.store.close()
    const second = await openedStore(settings(folder.path))
    await second.store.close()
  })

  it('that is refused leaves its folder free', async () => {
    using folder = tempFolder()
    const first = await openedStore(settings(folder.path))
    await first.store.close()
    expect(await openStore({ ...settings(folder.path), kind: 'real' })).toMatchObject({ kind: 'refused', how: 'other-kind' })
    const again = await openedStore(settings(folder.path))
    await again.store.close()
  })

  it('goes on with what it cannot name in quarantine, instead of failing for ever', async () => {
    using folder = tempFolder()
    const opened = await openedStore(settings(folder.path))
    const { store } = opened
    const unnameable = heartRate(1, { channel: 'x'.repeat(storeLimits.channelCharactersMax + 1) })
    expect(await store.commit(tick({ snapshots: [heartRate(80), unnameable, heartRate(81)] }))).toEqual({ kind: 'durable', lastSeq: 2, refused: 1 })
    expect(opened.health().refusedRows).toBe(1)
    await store.close()
    using reader = openLogReader(folder.path)
    expect(reader.quarantined(2)).toMatchObject([{ device: 'monitor-1', peer: 'store', why: expect.stringContaining('more than 200 characters') }])
  })
})

describe('a disk that is slow', () => {
  it('makes groups: what came while one was written is the next one', async () => {
    using folder = tempFolder()
    const disk = fakeDisk()
    const { store } = await openedStore({ ...settings(folder.path), thread: disk.thread })
    const letGo = disk.hold()
    const first = store.commit(tick({ snapshots: [heartRate(0)] }))
    await disk.reached(1)
    const rest = Array.from({ length: 100 }, (_, count) => store.commit(tick({ snapshots: [heartRate(count + 1)] })))
    letGo()
    const results = await Promise.all([first, ...rest])
    expect(results.map((result) => result.kind === 'durable' && result.lastSeq)).toEqual(Array.from({ length: 101 }, (_, count) => count + 1))
    expect(disk.commits()).toBe(2)
    await store.close()
  })

  it('never takes more ticks into a group than the bound', async () => {
    using folder = tempFolder()
    const disk = fakeDisk()
    const { store } = await openedStore({ ...settings(folder.path), thread: disk.thread })
    const letGo = disk.hold()
    const first = store.commit(tick({ snapshots: [heartRate(0)] }))
    await disk.reached(1)
    const rest = Array.from({ length: storeLimits.ticksPerGroupMax + 1 }, () => store.commit(tick({ snapshots: [heartRate(1)] })))
    letGo()
    await Promise.all([first, ...rest])
    expect(disk.commits()).toBe(3)
    await store.close()
  })

  it('never takes more bytes into a group than the bound and one tick', async () => {
    using folder = tempFolder()
    const disk = fakeDisk()
    const { store } = await openedStore({ ...settings(folder.path), thread: disk.thread })
    const half = Math.ceil(storeLimits.groupBytesMax / 2 / pumpLimits.quarantinedFrameBytesMax)
    const large = tick({ quarantined: Array.from({ length: half }, () => frame('large', { bytes: new Uint8Array(pumpLimits.quarantinedFrameBytesMax) })) })
    const letGo = disk.hold()
    const first = store.commit(tick({ snapshots: [heartRate(0)] }))
    await disk.reached(1)
    const rest = Array.from({ length: 3 }, () => store.commit(large))
    letGo()
    await Promise.all([first, ...rest])
    expect(disk.commits()).toBe(3)
    await store.close()
  })

  it('lets no more wait than the bound: the tick that is one too many fails at once, and is taken later', async () => {
    using folder = tempFolder()
    const disk = fakeDisk()
    const opened = await openedStore({ ...settings(folder.path), thread: disk.thread })
    const { store } = opened
    const large = tick({ quarantined: Array.from({ length: 100 }, () => frame('large', { bytes: new Uint8Array(pumpLimits.quarantinedFrameBytesMax) })) })
    const bytes = encodeTick(large, new Names({ streams: [], series: [], lastStream: 0, lastSeries: 0 })).byteLength
    const fitting = Math.floor(pumpLimits.uncommittedBytesMax / bytes)
    const letGo = disk.hold()
    const waiting = Array.from({ length: fitting }, () => store.commit(large))
    expect(await store.commit(large)).toMatchObject({ kind: 'failed', why: expect.stringContaining(String(pumpLimits.uncommittedBytesMax)) })
    expect(opened.health()).toMatchObject({ waitingTicks: fitting, waitingBytes: fitting * bytes })
    letGo()
    expect((await Promise.all(waiting)).every(({ kind }) => kind === 'durable')).toBe(true)
    expect(opened.health()).toMatchObject({ waitingTicks: 0, waitingBytes: 0 })
    expect(await store.commit(tick({ snapshots: [heartRate(80, { channel: 'new while it was full' })] }))).toMatchObject({ kind: 'durable' })
    await store.close()
  })
})

describe('a store thread that dies', () => {
  it('is told to all who wait, starts again by itself, and writes on in the same incarnation', async () => {
    using folder = tempFolder()
    const disk = fakeDisk()
    const clock = fakeClock()
    const opened = await openedStore({ ...settings(folder.path), clock, thread: disk.thread })
    const { store, epoch } = opened
    await store.commit(tick({ snapshots: [heartRate(80)] }))
    disk.fault('crash')
    const letGo = disk.hold()
    const waiting = [store.commit(tick({ snapshots: [heartRate(81)] }))]
    await disk.reached(2)
    waiting.push(store.commit(tick({ snapshots: [heartRate(82, { device: 'monitor-2' })] })))
    letGo()
    for (const result of await Promise.all(waiting)) expect(result).toMatchObject({ kind: 'failed', why: expect.stringContaining('a bug') })
    expect(await store.commit(tick({ snapshots: [heartRate(83)] }))).toMatchObject({ kind: 'failed', why: expect.stringContaining('started again') })
    disk.fault('none')
    await clock.pass(storeLimits.restartDelayMs)
    await until(() => store.commit(tick({ snapshots: [heartRate(84, { device: 'monitor-2' })] })), ({ kind }) => kind === 'durable')
    expect(opened.health().restarts).toBe(1)
    await store.close()
    using reader = openLogReader(folder.path)
    expect(reader.epoch).toBe(epoch)
    expect(reader.read(0, 10)).toMatchObject([{ seq: 1, snapshot: { device: 'monitor-1' } }, { seq: 2, snapshot: { device: 'monitor-2' } }])
  })

  it('goes on trying while the file is away, says so, and heals when it is back', async () => {
    using folder = tempFolder()
    const disk = fakeDisk()
    const clock = fakeClock()
    const opened = await openedStore({ ...settings(folder.path), clock, thread: disk.thread })
    const file = join(folder.path, 'vigil.db')
    const commit = () => opened.store.commit(tick({ snapshots: [heartRate(80)] }))
    disk.fault('crash')
    await commit()
    disk.fault('none')
    renameSync(file, `${file}.away`)
    await clock.pass(storeLimits.restartDelayMs)
    expect(await until(commit, (result) => result.kind === 'failed' && result.why.includes('cannot be opened'))).toMatchObject({ kind: 'failed' })
    renameSync(`${file}.away`, file)
    await clock.pass(storeLimits.restartDelayMsMax)
    expect(await until(commit, ({ kind }) => kind === 'durable')).toEqual({ kind: 'durable', lastSeq: 1 })
    expect(opened.health().restarts).toBe(2)
    await opened.store.close()
  })

  it('and a store that is closed meanwhile end together', async () => {
    using folder = tempFolder()
    const disk = fakeDisk()
    const { store } = await openedStore({ ...settings(folder.path), thread: disk.thread })
    disk.fault('crash')
    expect(await store.commit(tick({ snapshots: [heartRate(80)] }))).toMatchObject({ kind: 'failed' })
    await store.close()
    const again = await openedStore(settings(folder.path))
    await again.store.close()
  })
})
