/** The disk that loses its power, and the judge of orders: instruments, so they are tried on cases whose answer is known. */

import { describe, expect, it } from 'vitest'
import { DiskImage } from './disk-image.ts'
import { controlId } from './payload.ts'
import { randomOf } from './prove.ts'
import type { TraceEvent } from './trace.ts'
import { acknowledgements, orderIn } from './wal-order.ts'

const WAL = '/data/vigil.db-wal'
const write = (offset: number, text: string): TraceEvent => ({ kind: 'write', file: WAL, offset, bytes: Buffer.from(text, 'latin1') })
const sync = (since: number): TraceEvent => ({ kind: 'sync', file: WAL, since })

/** Everything that the file may hold after a cut. */
function outcomes(...events: readonly TraceEvent[]): Set<string> {
  const disk = new DiskImage()
  for (const event of events) disk.apply(event)
  const random = randomOf(7)
  return new Set(Array.from({ length: 400 }, () => disk.cut(random).get('vigil.db-wal')?.toString('latin1') ?? 'no file'))
}

describe('a disk that loses its power', () => {
  it('keeps what was synced, and any part of what was not', () => {
    expect(outcomes(write(0, 'aaa'), sync(1), write(3, 'bbb'), write(6, 'ccc'))).toEqual(new Set(['aaa', 'aaabbb', 'aaabbbccc', 'aaa\0\0\0ccc']))
  })

  it('does not count a write that came while the sync was under way', () => {
    expect(outcomes(write(0, 'aaa'), write(3, 'bbb'), sync(1))).toContain('aaa')
  })

  it('tears a write between two sectors', () => {
    const lengths = [...outcomes(write(0, 'x'.repeat(1_536)))].map(({ length }) => length)
    expect(lengths.sort((a, b) => a - b)).toEqual([0, 512, 1_024, 1_536])
  })

  it('honours a file that was cut short or removed', () => {
    expect(outcomes(write(0, 'aaabbb'), { kind: 'truncate', file: WAL, length: 3 }, sync(2))).toEqual(new Set(['aaa']))
    expect(outcomes(write(0, 'aaa'), sync(1), { kind: 'unlink', file: WAL })).toEqual(new Set(['no file']))
  })

  it('knows nothing of shared memory', () => {
    const disk = new DiskImage()
    disk.apply({ kind: 'write', file: '/data/vigil.db-shm', offset: 0, bytes: Buffer.from('x') })
    expect(disk.cut(randomOf(1)).size).toBe(0)
  })
})

describe('the order of syncs and acknowledgements', () => {
  const frame = (isLast: boolean, ...ids: readonly number[]): readonly TraceEvent[] => {
    const header = Buffer.alloc(24)
    header.writeUInt32BE(isLast ? 9 : 0, 4)
    return [
      { kind: 'write', file: WAL, offset: 32, bytes: header },
      { kind: 'write', file: WAL, offset: 56, bytes: Buffer.from(ids.map(controlId).join(' ').padEnd(4_096)) },
    ]
  }
  const answer = (id: number): Buffer => Buffer.from(`\x0bMSH|^~\\&\rMSA|CA|${controlId(id)}\r\x1c\r`)
  const acknowledge = (id: number): TraceEvent => ({ kind: 'sent', localPort: 2_575, remotePort: 1, bytes: answer(id) })
  const published = new Map([[40_000, [7]]])
  const acknowledgedOn = () => acknowledgements({ hl7Port: 2_575, mqttPort: 1_883, hospitalPort: 0, throughHospital: [], published })
  const order = (...events: readonly TraceEvent[]) => orderIn(events, acknowledgedOn()('mllp'))

  it('is right when the sync of the whole transaction came before', () => {
    expect(order(...frame(false, 1), ...frame(true), sync(4), acknowledge(1))).toEqual({ acknowledged: 1, proven: 1, unproven: [] })
  })

  it.each([
    ['no sync came', [...frame(true, 1), acknowledge(1)]],
    ['the transaction was not whole', [...frame(false, 1), sync(2), acknowledge(1)]],
    ['the sync had begun before the bytes were written', [...frame(true, 1), sync(1), acknowledge(1)]],
    ['the sync was of another file', [...frame(true, 1), { kind: 'sync', file: '/data/sync.db-wal', since: 2 } as const, acknowledge(1)]],
    ['the sync came afterwards', [...frame(true, 1), acknowledge(1), sync(2)]],
    ['another message was synced', [...frame(true, 2), sync(2), acknowledge(1)]],
  ])('is wrong when %s', (_name, events) => {
    expect(order(...events).unproven).toEqual([1])
  })

  it('reads a PUBACK that leaves in pieces', () => {
    const acknowledgedBy = acknowledgedOn()('mqtt')
    const sent = (...bytes: readonly number[]) => acknowledgedBy({ kind: 'sent', localPort: 1_883, remotePort: 40_000, bytes: Buffer.from(bytes) })
    expect([sent(0x20, 2, 0, 0), sent(0x40), sent(2), sent(0), sent(7)]).toEqual([[], [], [], [], [7]])
  })
})
