import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { chmodSync, readdirSync, unlinkSync } from 'node:fs'
import { pumpLimits } from '../../src/limits.ts'
import { type InFlight, openInFlight, tellStall } from '../../src/ops/in-flight.ts'
import { tempFolder } from '../store/fixture.ts'

const opened: string[] = []
const open = (folder: string): InFlight => {
  const inFlight = openInFlight(folder)
  opened.push(inFlight.path)
  return inFlight
}
afterEach(() => opened.splice(0).forEach((path) => { try { unlinkSync(path) } catch { /* opened twice */ } }))

describe('the mark of whose bytes are read', () => {
  it('is found by the next process when this one dies in that turn', () => {
    using folder = tempFolder()
    const first = open(folder.path)
    expect(first.found).toBeNull()
    first.begin(first.markOf('10.0.0.7'))
    first.begin(first.markOf('mon-3'))
    expect(open(folder.path).found).toEqual({ key: 'mon-3', how: 'died' })
  })

  it('is wiped at the end of the turn, and at a good end', async () => {
    using folder = tempFolder()
    const first = open(folder.path)
    first.begin(first.markOf('mon-3'))
    await turn()
    expect(open(folder.path).found).toBeNull()
    first.begin(first.markOf('mon-3'))
    first.close()
    expect(open(folder.path).found).toBeNull()
  })

  it('of a stall says so, once, and the disk is not asked', () => {
    using folder = tempFolder()
    const first = open(folder.path)
    first.begin(first.markOf('mon-3'))
    tellStall(first.path)
    expect(readdirSync(folder.path)).toEqual([])
    expect(open(folder.path).found).toEqual({ key: 'mon-3', how: 'stalled' })
    expect(open(folder.path).found).toBeNull()
  })

  it('asks nothing of a data folder on a disk that is gone', () => {
    using folder = tempFolder()
    const gone = join(folder.path, 'not mounted', 'data')
    const first = open(gone)
    first.begin(first.markOf('mon-3'))
    expect(open(gone).found).toEqual({ key: 'mon-3', how: 'died' })
  })

  it('blames nobody for a stall between two conversations', async () => {
    using folder = tempFolder()
    const first = open(folder.path)
    first.begin(first.markOf('mon-3'))
    await turn()
    tellStall(first.path)
    expect(open(folder.path).found).toBeNull()
  })

  it('cuts a name that is longer than the bound', () => {
    using folder = tempFolder()
    const first = open(folder.path)
    first.begin(first.markOf('x'.repeat(pumpLimits.suspectKeyBytesMax + 1)))
    expect(open(folder.path).found?.key).toBe('x'.repeat(pumpLimits.suspectKeyBytesMax))
  })
})

describe('a place where no mark can be written', () => {
  it('stops nobody from reading: the mark is closed, its disk is full, its file is gone', () => {
    using folder = tempFolder()
    const inFlight = open(folder.path)
    inFlight.close()
    expect(() => inFlight.begin(inFlight.markOf('mon-3'))).not.toThrow()
    expect(() => inFlight.close()).not.toThrow()
  })

  it.runIf(process.getuid?.() === 0)('a user without a name in the passwd file has a mark too, as in a container', async () => {
    using folder = tempFolder()
    chmodSync(folder.path, 0o777)
    const script = `process.setuid(54321); await import(${JSON.stringify(resolve(import.meta.dirname, '../../src/ops/in-flight.ts'))}).then(({ openInFlight }) => {
      const one = openInFlight(${JSON.stringify(folder.path)}); console.log(one.path); one.close() })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
    child.stdout.on('data', (mark: Buffer) => opened.push(mark.toString().trim()))
    expect(await once(child, 'close')).toEqual([0, null])
    expect(opened.at(-1)).toMatch(/vigil-54321-/)
  })
})

it('a process that hangs while it reads is killed by the watchdog, and the next one knows whose bytes they were', async () => {
  using folder = tempFolder()
  expect(await once(spawn(process.execPath, [resolve(import.meta.dirname, 'watched-process.ts'), 'hang', folder.path], { stdio: 'ignore' }), 'exit')).toEqual([null, 'SIGKILL'])
  expect(open(folder.path).found).toEqual({ key: 'mon-3', how: 'stalled' })
})
