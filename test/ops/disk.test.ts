import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { doctorLimits } from '../../src/limits.ts'
import { type DiskFacts, diskFacts, judgeDisk, kindOf, mountOf } from '../../src/ops/disk.ts'

const HONEST: DiskFacts = { fileSystem: 'ext4', mountOptions: ['rw', 'relatime'], name: 'sda', kind: 'solid-state', writeCache: 'write back', flush: { p50Ms: 0.8, slowestMs: 3 } }
const judged = (facts: Partial<DiskFacts>) => judgeDisk('/var/lib/vigil', { ...HONEST, ...facts })
const flush = (p50Ms: number, slowestMs = p50Ms) => ({ flush: { p50Ms, slowestMs } })
const troubles = (facts: Partial<DiskFacts>) => judged(facts).filter(({ grade }) => grade !== 'good')

describe('the disk under the data folder', () => {
  it('that is what it says is described and not complained of', () => {
    expect(judged({})).toEqual([{ grade: 'good', what: 'A flush at /var/lib/vigil takes 0.8 ms (median; slowest 3.0 ms) on sda, solid-state, cache write back, ext4', remedy: null }])
  })

  it('that turns is not believed when it flushes sooner than it turns', () => {
    const [trouble] = troubles({ kind: 'rotating', ...flush(0.2) })
    expect(trouble).toMatchObject({ grade: 'odd', what: expect.stringContaining('says "flushed" after 0.2 ms: a platter needs longer') })
    expect(trouble?.remedy).toContain('hdparm -W 0')
    expect(troubles({ kind: 'rotating', ...flush(8) })).toEqual([])
  })

  it.each([
    ['rotating', doctorLimits.believableRotatingFlushMs],
    ['card', doctorLimits.believableCardFlushMs],
    ['solid-state', doctorLimits.believableFlushMs],
    ['virtual', doctorLimits.believableFlushMs],
    ['unknown', doctorLimits.believableFlushMs],
  ] as const)('of kind %s is believed from %f ms on, and not below', (kind, ms) => {
    expect(troubles({ kind, ...flush(ms) })).toEqual([])
    expect(troubles({ kind, ...flush(ms * 0.99) })).toHaveLength(1)
  })

  it('whose cache the kernel takes for safe gets the remedy for that', () => {
    expect(troubles({ kind: 'card', name: 'mmcblk0', writeCache: 'write through', ...flush(0.1) })[0]?.remedy).toContain('/sys/block/mmcblk0/queue/write_cache')
  })

  it('of a virtual machine sends its owner to the host', () => {
    expect(troubles({ kind: 'virtual', name: 'vda', ...flush(0.005) })[0]?.remedy).toContain('host')
  })

  it('is wrong when it is memory, and says nothing of flushes then', () => {
    expect(judged({ fileSystem: 'tmpfs', name: null, kind: 'unknown', ...flush(0.001) })).toEqual([expect.objectContaining({ grade: 'wrong', what: expect.stringContaining('lies in memory (tmpfs)') })])
  })

  it('is named when it is a layer of a container, a network, or mounted without barriers', () => {
    expect(troubles({ fileSystem: 'overlay' })).toEqual([expect.objectContaining({ grade: 'odd', what: expect.stringContaining("a container's own layer") })])
    expect(troubles({ fileSystem: 'nfs4' })).toEqual([expect.objectContaining({ grade: 'odd', what: expect.stringContaining('nfs4') })])
    expect(troubles({ mountOptions: ['rw', 'nobarrier'] })).toEqual([expect.objectContaining({ grade: 'wrong', what: expect.stringContaining('without write barriers') })])
  })

  it('that is slow now and then is named with what waits for it', () => {
    expect(troubles(flush(5, doctorLimits.slowFlushMs))).toEqual([])
    expect(troubles(flush(5, doctorLimits.slowFlushMs + 1))).toEqual([expect.objectContaining({ grade: 'odd', remedy: expect.stringContaining('Alerts do not wait') })])
  })
})

describe('what the kernel says of it', () => {
  const MOUNTS = [
    '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard',
    '25 27 0:23 / /dev/shm rw,nosuid - tmpfs tmpfs rw,size=1024k',
    '31 27 8:17 /sub /var/lib/vigil\\040data rw,relatime shared:2 - xfs /dev/sdb1 rw,nobarrier',
    '32 27 8:18 / /var/lib rw - ext4 /dev/sdb2 rw',
  ].join('\n')

  it('the longest mount point holds a path, and its options are the mount\'s and the file system\'s', () => {
    expect(mountOf(MOUNTS, '/var/lib/vigil data/x')).toEqual({ device: '8:17', fileSystem: 'xfs', options: ['rw', 'relatime', 'rw', 'nobarrier'] })
    expect(mountOf(MOUNTS, '/var/lib/vigil')).toMatchObject({ device: '8:18' })
    expect(mountOf(MOUNTS, '/var/library')).toMatchObject({ device: '254:0' })
    expect(mountOf(MOUNTS, '/dev/shm')).toMatchObject({ fileSystem: 'tmpfs' })
    expect(mountOf('', '/')).toBeNull()
  })

  it('a disk of a hypervisor is virtual though it claims to turn', () => {
    const disk = { rotational: true, removable: false, vendor: '' }
    expect(kindOf({ ...disk, name: 'vda' })).toBe('virtual')
    expect(kindOf({ ...disk, name: 'sda', vendor: 'VMware' })).toBe('virtual')
    expect(kindOf({ ...disk, name: 'sda', vendor: 'ATA' })).toBe('rotating')
    expect(kindOf({ ...disk, name: 'nvme0n1', rotational: false })).toBe('solid-state')
    expect(kindOf({ ...disk, name: 'mmcblk0', rotational: false })).toBe('card')
    expect(kindOf({ ...disk, name: 'sdb', rotational: false, removable: true })).toBe('card')
    expect(kindOf({ ...disk, name: 'loop0' })).toBe('unknown')
  })

  it('is read from this machine, and the probe leaves nothing behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vigil-disk-'))
    try {
      const facts = await diskFacts(folder)
      expect(facts.flush.slowestMs).toBeGreaterThanOrEqual(facts.flush.p50Ms)
      expect(readdirSync(folder)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
