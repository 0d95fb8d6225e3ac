/**
 * Whether the disk under a folder does what it says. "Flushed" must mean that a power cut takes nothing back: a disk that
 * answers sooner than its kind can move data, or that lies in memory, makes every acknowledgement a promise of nobody.
 */

import { open, readFile, readdir, realpath, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { doctorLimits } from '../limits.ts'
import type { Finding } from './finding.ts'

/** card: SD, eMMC or a removable stick. virtual: the host decides what a flush is. */
export type DiskKind = 'rotating' | 'card' | 'solid-state' | 'virtual' | 'unknown'

export type DiskFacts = {
  /** As the kernel mounted it: ext4, tmpfs, overlay, nfs4. Empty where nothing tells. */
  readonly fileSystem: string
  readonly mountOptions: readonly string[]
  /** Its name in the kernel, `sda`; null where no block device is seen. */
  readonly name: string | null
  readonly kind: DiskKind
  /** What the kernel believes of the device's own cache: it sends a flush to `write back` alone. */
  readonly writeCache: 'write back' | 'write through' | 'unknown'
  /** Of 4 KiB written in place, each followed by fdatasync. */
  readonly flush: { readonly p50Ms: number; readonly slowestMs: number }
}

const IN_MEMORY = ['tmpfs', 'ramfs', 'devtmpfs']
const OF_A_CONTAINER = ['overlay', 'aufs', 'fuse.fuse-overlayfs']
const OVER_A_NETWORK = /^(nfs|cifs|smb|9p|ceph|glusterfs|virtiofs|fuse\.)/
const WITHOUT_BARRIERS = ['nobarrier', 'barrier=0']

/** No flush of such a device is sooner done, in ms; `why` ends a sentence. */
const BELIEVABLE: Readonly<Record<DiskKind, { readonly ms: number; readonly why: string }>> = {
  rotating: { ms: doctorLimits.believableRotatingFlushMs, why: 'a platter needs longer to come round' },
  card: { ms: doctorLimits.believableCardFlushMs, why: 'flash without a capacitor needs longer to be written' },
  'solid-state': { ms: doctorLimits.believableFlushMs, why: 'no device on a bus answers so soon' },
  virtual: { ms: doctorLimits.believableFlushMs, why: 'the host answers without asking any disk' },
  unknown: { ms: doctorLimits.believableFlushMs, why: 'no device on a bus answers so soon' },
}

/** What is to be said of the disk under `path`. Pure. */
export function judgeDisk(path: string, facts: DiskFacts): Finding[] {
  const { fileSystem, mountOptions, kind, flush } = facts
  if (IN_MEMORY.includes(fileSystem)) {
    return [{ grade: 'wrong', what: `${path} lies in memory (${fileSystem}): a power cut takes everything, acknowledged or not`, remedy: 'Put "data" on a disk.' }]
  }
  const findings: Finding[] = [{ grade: 'good', what: `A flush at ${path} takes ${milliseconds(flush.p50Ms)} (median; slowest ${milliseconds(flush.slowestMs)}) on ${wordsOf(facts)}`, remedy: null }]
  const odd = (what: string, remedy: string): void => void findings.push({ grade: 'odd', what, remedy })
  if (OF_A_CONTAINER.includes(fileSystem)) odd(`${path} lies in a container's own layer (${fileSystem}), which goes when the container goes`, 'Mount a volume of the host there.')
  if (OVER_A_NETWORK.test(fileSystem)) odd(`${path} lies on ${fileSystem}, where neither locks nor flushes are sure to hold`, 'Put "data" on a disk of this machine.')
  if (WITHOUT_BARRIERS.some((option) => mountOptions.includes(option))) {
    findings.push({ grade: 'wrong', what: `${path} is mounted without write barriers: the disk may keep and reorder what was flushed`, remedy: 'Mount it without "nobarrier" and "barrier=0".' })
  }
  const believable = BELIEVABLE[kind]
  if (flush.p50Ms < believable.ms) {
    odd(`The disk of ${path} says "flushed" after ${milliseconds(flush.p50Ms)}: ${believable.why}, so a power cut may take back what was acknowledged`, remedyOf(facts))
  }
  if (flush.slowestMs > doctorLimits.slowFlushMs) odd(`A flush at ${path} took ${milliseconds(flush.slowestMs)}`, 'Acknowledgements will take as long. Alerts do not wait for it.')
  return findings
}

function remedyOf({ kind, name, writeCache }: DiskFacts): string {
  if (kind === 'virtual') return 'Ask whoever runs the host that the virtual disk\'s cache mode keeps flushes ("writeback" or "none" in QEMU, never "unsafe").'
  if (writeCache === 'write through') return `The kernel takes this disk's cache for safe and sends it no flush. If no battery stands behind it: echo "write back" > /sys/block/${name ?? '?'}/queue/write_cache`
  return 'All is well if its cache has a battery or a capacitor; else switch the cache off (hdparm -W 0) or use a disk with power-loss protection.'
}

const milliseconds = (ms: number): string => (ms < 0.1 ? `${(ms * 1_000).toFixed(0)} µs` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`)

function wordsOf({ name, kind, writeCache, fileSystem }: DiskFacts): string {
  const words = [name ?? 'a disk unknown to us', ...(kind === 'unknown' ? [] : [kind]), ...(writeCache === 'unknown' ? [] : [`cache ${writeCache}`]), ...(fileSystem === '' ? [] : [fileSystem])]
  return words.join(', ')
}

// ── What the machine says ────────────────────────────────────────────────────────────────────────────────────────────

/** Measures and reads; where the kernel tells nothing (no Linux), time alone is known. @throws Error when the folder cannot be written. */
export async function diskFacts(folder: string): Promise<DiskFacts> {
  const flush = await measureFlush(folder)
  const mount = mountOf(await text('/proc/self/mountinfo'), await realpath(folder))
  const device = mount === null ? null : await deviceOf(mount.device)
  return { fileSystem: mount?.fileSystem ?? '', mountOptions: mount?.options ?? [], ...(device ?? { name: null, kind: 'unknown', writeCache: 'unknown' }), flush }
}

async function measureFlush(folder: string): Promise<DiskFacts['flush']> {
  const probe = join(folder, '.doctor-probe')
  const file = await open(probe, 'w')
  try {
    const times: number[] = []
    for (let round = 0; round <= doctorLimits.flushProbesMax; round++) {
      await file.write(Buffer.alloc(4_096, round), 0, 4_096, 0)
      const before = performance.now()
      await file.datasync()
      // The first one also makes the file.
      if (round > 0) times.push(performance.now() - before)
    }
    times.sort((a, b) => a - b)
    return { p50Ms: times[Math.floor(times.length / 2)] ?? 0, slowestMs: times.at(-1) ?? 0 }
  } finally {
    await file.close()
    await rm(probe, { force: true })
  }
}

export type Mount = { readonly device: string; readonly fileSystem: string; readonly options: readonly string[] }

/** The mount that holds `path`, from /proc/self/mountinfo (proc(5)): the longest mount point wins, of equals the last. */
export function mountOf(mountInfo: string, path: string): Mount | null {
  let found: { readonly length: number; readonly mount: Mount } | null = null
  for (const line of mountInfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const [, , device = '', , escaped = '', options = ''] = before.split(' ')
    const [fileSystem = '', , superOptions = ''] = after.split(' ')
    const point = escaped.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    const holds = point !== '' && (path === point || path.startsWith(point === '/' ? '/' : `${point}/`))
    if (holds && point.length >= (found?.length ?? 0)) found = { length: point.length, mount: { device, fileSystem, options: [...options.split(','), ...superOptions.split(',')] } }
  }
  return found?.mount ?? null
}

/** `number`: major:minor. A partition speaks for its disk, and a mapped device (LVM, LUKS) for the first one below it. */
async function deviceOf(number: string): Promise<Pick<DiskFacts, 'name' | 'kind' | 'writeCache'> | null> {
  let folder = await realpath(`/sys/dev/block/${number}`).catch(() => null)
  if (folder === null) return null
  if ((await text(join(folder, 'partition'))) !== '') folder = dirname(folder)
  const cache = await text(join(folder, 'queue', 'write_cache'))
  const writeCache = cache === 'write back' || cache === 'write through' ? cache : 'unknown'
  const [below] = await readdir(join(folder, 'slaves')).catch(() => [])
  if (below !== undefined) folder = await realpath(join(folder, 'slaves', below))
  if ((await text(join(folder, 'partition'))) !== '') folder = dirname(folder)
  const [rotational, removable, vendor] = await Promise.all([text(join(folder, 'queue', 'rotational')), text(join(folder, 'removable')), text(join(folder, 'device', 'vendor'))])
  const name = basename(folder)
  return { name, writeCache, kind: kindOf({ name, rotational: rotational === '1', removable: removable === '1', vendor }) }
}

/** A hypervisor's disk says "rotating" of whatever lies below: its name or its vendor tells. */
export function kindOf({ name, rotational, removable, vendor }: { readonly name: string; readonly rotational: boolean; readonly removable: boolean; readonly vendor: string }): DiskKind {
  if (/^(vd|xvd)/.test(name) || /QEMU|VMware|VBOX|Msft|Google|Amazon/i.test(vendor)) return 'virtual'
  if (name.startsWith('mmcblk') || removable) return 'card'
  if (/^(sd|hd|nvme|md|dm-)/.test(name)) return rotational ? 'rotating' : 'solid-state'
  return 'unknown'
}

const text = (path: string): Promise<string> =>
  readFile(path, 'utf8').then(
    (content) => content.trim(),
    () => '',
  )
