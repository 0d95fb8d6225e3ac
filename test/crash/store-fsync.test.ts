import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { tempFolder } from '../store/fixture.ts'

const CHILD = new URL('./child-store.ts', import.meta.url).pathname
const TICKS = 20
const hasStrace = spawnSync('strace', ['-V']).status === 0

/** What the kernel saw, in order: `sync` of the WAL finished without error, or `stored` was said. */
function traced(synchronous: 'FULL' | 'NORMAL'): readonly ('sync' | 'stored')[] {
  using folder = tempFolder()
  const trace = join(folder.path, 'trace')
  const args = ['-f', '-y', '-e', 'trace=fsync,fdatasync,write', '-o', trace, process.execPath, CHILD, join(folder.path, 'data'), '0', String(TICKS), synchronous]
  const run = spawnSync('strace', args, { encoding: 'utf8' })
  expect(run.stdout.match(/^stored/gm)).toHaveLength(TICKS)
  const seen: ('sync' | 'stored')[] = []
  const syncing = new Set<string>()
  for (const line of readFileSync(trace, 'utf8').split('\n')) {
    const thread = line.split(' ', 1)[0] ?? ''
    if (/ f(data)?sync\(\d+<[^>]*vigil\.db-wal>/.test(line)) {
      if (line.includes('unfinished')) syncing.add(thread)
      else if (line.endsWith('= 0')) seen.push('sync')
    } else if (/ <\.\.\. f(data)?sync resumed>/.test(line) && syncing.delete(thread) && line.endsWith('= 0')) {
      seen.push('sync')
    } else if (/ write\(1<[^>]*>, "stored /.test(line)) {
      seen.push('stored')
    }
  }
  return seen
}

/** Acknowledgements that no sync of their own came before. */
function unsynced(seen: readonly ('sync' | 'stored')[]): number {
  let syncs = 0
  let missing = 0
  for (const event of seen) {
    if (event === 'stored' && syncs === 0) missing++
    syncs = event === 'sync' ? syncs + 1 : 0
  }
  return missing
}

it('every acknowledgement follows a sync of its own, seen from the kernel; with synchronous=NORMAL it does not', (context) => {
  if (!hasStrace && process.env['CI'] !== 'true') context.skip('strace is not here: apt-get install strace, or let CI do it')
  const full = traced('FULL')
  expect(full.filter((event) => event === 'stored')).toHaveLength(TICKS)
  expect(unsynced(full)).toBe(0)
  // The control: without it this test could be blind.
  expect(unsynced(traced('NORMAL'))).toBeGreaterThan(TICKS / 2)
})
