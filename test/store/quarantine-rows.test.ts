import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { pumpLimits } from '../../src/limits.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { openQuarantineReader } from '../../src/store/quarantine-reader.ts'
import { START, frame, heartRate, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const many = (count: number, part: Parameters<typeof frame>[1]) => Array.from({ length: count }, (_, place) => frame(`fault ${place}`, { ...part, at: wallMs(START + place) }))

describe('quarantine is bounded', () => {
  it('for each address among frames of no known device: one that sends nonsense pushes nobody out', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ quarantined: many(3, { device: null, peer: '10.0.0.9:1' }) }))
    const { quarantinedFramesPerPeerMax: framesMax } = pumpLimits
    for (let port = 0; port < 6; port++) open.write(tick({ quarantined: many(framesMax, { device: null, peer: `10.0.0.5:${port}` }) }))
    using reader = openLogReader(folder.path)
    const peers = reader.quarantined(10_000).map(({ peer }) => peer.replace(/:.*/, ''))
    expect([peers.filter((peer) => peer === '10.0.0.9').length, peers.filter((peer) => peer === '10.0.0.5').length]).toEqual([3, framesMax])
    expect(reader.quarantineDropped()).toBe(5 * framesMax)
  })

  it('for all devices together, the oldest first', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const { quarantinedFramesMax, quarantinedFramesPerDeviceMax } = pumpLimits
    const devices = quarantinedFramesMax / quarantinedFramesPerDeviceMax
    for (let number = 0; number < devices; number++) {
      open.write(tick({ quarantined: Array.from({ length: quarantinedFramesPerDeviceMax }, () => frame('x', { device: deviceId(`mon-${number}`), at: wallMs(START + number) })) }))
    }
    open.write(tick({ quarantined: [frame('one more', { device: deviceId('mon-new'), at: wallMs(START + 100) })] }))
    using reader = openQuarantineReader(folder.path)
    const heads = reader.heads(100_000)
    expect([heads.length, heads.filter(({ device }) => device === 'mon-0').length, heads[0]?.why]).toEqual([quarantinedFramesMax, quarantinedFramesPerDeviceMax - 1, 'one more'])
  })

  it('and what leaves it leaves no trace in the file', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const bytes = Buffer.from('PID|||4711||Zwiebelfisch^Ada'.repeat(400))
    open.write(tick({ quarantined: [frame('x', { bytes, device: deviceId('mon-1') })] }))
    open.write(tick({ quarantined: many(pumpLimits.quarantinedFramesPerDeviceMax, { device: deviceId('mon-1') }) }))
    expect(open.writer.eraseTraces()).toBe(true)
    expect(readFileSync(join(folder.path, 'vigil.db')).toString('latin1')).not.toContain('Zwiebelfisch')
  })
})

describe('a frame that was read again', () => {
  it('brings its values with the mark or not at all', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ quarantined: [frame('a'), frame('b')] }))
    const bring = (id: number, hash: string | null) => open.write(tick({ snapshots: [heartRate(80)], replayed: [{ id, at: START, hash }] }))[0]?.kind
    expect([bring(1, 'h'), bring(1, null), bring(2, 'h'), bring(2, null), bring(9, null)]).toEqual(['durable', 'failed', 'failed', 'durable', 'failed'])
    using reader = openLogReader(folder.path)
    expect(reader.read(0, 10)).toHaveLength(2)
    expect(reader.quarantined(10).map(({ replayedAt }) => replayedAt)).toEqual([START, START])
  })
})
