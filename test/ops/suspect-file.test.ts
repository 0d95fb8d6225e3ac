import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { askRelease, readSuspects, suspectFile, watchReleases } from '../../src/ops/suspect-file.ts'
import { tempFolder } from '../store/fixture.ts'

const suspect = { key: 'mon-1', threw: 0, stalls: 2, deaths: 0, lastAt: 1_800_000_000_000, heldUntil: 1_800_003_600_000 }

it('what was remembered is read back, and what is no suspect is passed over', () => {
  using folder = tempFolder()
  expect(readSuspects(folder.path)).toEqual([])
  writeFileSync(suspectFile(folder.path), JSON.stringify([suspect, null, { key: 7 }, 'mon-2']))
  expect(readSuspects(folder.path)).toEqual([suspect])
  writeFileSync(suspectFile(folder.path), 'half a fi')
  expect(readSuspects(folder.path)).toEqual([])
})

it('a name that the command line leaves is released once, also one with signs that no file may carry', async () => {
  using folder = tempFolder()
  await askRelease(folder.path, '../10.0.0.7')
  await askRelease(folder.path, 'mon-1')
  const released: string[] = []
  const stop = new AbortController()
  const clock = { sleep: () => Promise.resolve(stop.abort()) }
  await watchReleases(folder.path, { clock, release: (key) => released.push(key) > 0, log: pino({ level: 'silent' }) }, stop.signal)
  expect(released.toSorted()).toEqual(['../10.0.0.7', 'mon-1'])
  expect(readdirSync(join(folder.path, 'release'))).toEqual([])
})
