import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { changeWhole, openSaver, readText, writeWhole } from '../../src/security/files.ts'
import { dataFolder, never } from './support.ts'

const place = { clock: realClock(REAL_TIME), stop: never() }

test('a written file is for its owner alone, and leaves nothing beside it', async () => {
  const folder = await dataFolder()
  expect(await writeWhole(join(folder, 'a.json'), 'one')).toEqual({ kind: 'saved' })
  expect(await writeWhole(join(folder, 'a.json'), 'two')).toEqual({ kind: 'saved' })
  expect(await readFile(join(folder, 'a.json'), 'utf8')).toBe('two')
  expect((await stat(join(folder, 'a.json'))).mode & 0o777).toBe(0o600)
  expect(await readdir(folder)).toEqual(['a.json'])
})

test('a write that fails is told by its code, without path or content', async () => {
  const folder = await dataFolder()
  expect(await writeWhole(join(folder, 'missing', 'a.json'), 'secret')).toEqual({ kind: 'failed', why: 'ENOENT' })
  await mkdir(join(folder, 'b.json'))
  expect(await writeWhole(join(folder, 'b.json'), 'secret')).toEqual({ kind: 'failed', why: 'EISDIR' })
})

test('a file that is not there has no text', async () => {
  expect(await readText(join(await dataFolder(), 'none'))).toBeNull()
})

test('changes by many at once are all there', async () => {
  const path = join(await dataFolder(), 'count')
  const add = () => changeWhole(path, place, async (text) => ({ text: `${Number(text ?? '0') + 1}`, result: null }))
  await Promise.all(Array.from({ length: 12 }, add))
  expect(await readText(path)).toBe('12')
})

test('a change that throws, or writes nothing, leaves file and lock as they were', async () => {
  const folder = await dataFolder()
  const path = join(folder, 'count')
  await writeWhole(path, '1')
  const broken = changeWhole(path, place, async () => {
    throw new Error('no')
  })
  await expect(broken).rejects.toThrow('no')
  expect(await changeWhole(path, place, async (text) => ({ text: null, result: text }))).toBe('1')
  expect(await readdir(folder)).toEqual(['count'])
})

test('what a process that died left half-written is taken over', async () => {
  const path = join(await dataFolder(), 'count')
  await writeFile(`${path}.new`, 'half')
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(`${path}.new`, longAgo, longAgo)
  await changeWhole(path, place, async () => ({ text: 'whole', result: null }))
  expect(await readText(path)).toBe('whole')
})

test('whoever waits for another process can be stopped', async () => {
  const path = join(await dataFolder(), 'count')
  await writeFile(`${path}.new`, 'half')
  const stopped = changeWhole(path, { ...place, stop: AbortSignal.abort() }, async () => ({ text: 'whole', result: null }))
  await expect(stopped).rejects.toThrow('kept by another process')
})

test('many saves share few writes, and the last one wins', async () => {
  const path = join(await dataFolder(), 'a.json')
  let written = 0
  let value = 0
  const saver = openSaver(path, () => {
    written += 1
    return `${value}`
  }, () => undefined)
  for (value = 1; value < 100; value += 1) saver.save()
  await saver.settled()
  expect(await readText(path)).toBe('100')
  expect(written).toBe(2)
})

test('a save that fails says why, and the next one is tried again', async () => {
  const folder = await dataFolder()
  const whys: string[] = []
  const saver = openSaver(join(folder, 'later', 'a.json'), () => 'x', (why) => void whys.push(why))
  saver.save()
  await saver.settled()
  expect(whys).toEqual(['ENOENT'])
  await mkdir(join(folder, 'later'))
  saver.save()
  await saver.settled()
  expect(await readText(join(folder, 'later', 'a.json'))).toBe('x')
})
