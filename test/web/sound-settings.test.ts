import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { progressOf } from '../../src/web/sound-output.ts'
import { defaultSettings, GAINS, readSettings, type SoundSettings, VOLUMES, wordText } from '../../src/web/sound-settings.ts'
import { T } from './fixtures.ts'

const station = defaultSettings(true)

describe('how a screen sounds', () => {
  it('is loud on a ward screen and off on a phone until somebody chooses', () => {
    expect([station.volume, defaultSettings(false).volume]).toEqual(['full', 'off'])
  })

  it('is what was chosen there last', () => {
    fc.assert(fc.property(fc.constantFrom(...VOLUMES), fc.option(fc.record({ by: fc.string(), at: fc.option(fc.integer()) })), (volume, chosen) => {
      const said: SoundSettings = { volume, chosen, heard: chosen }
      expect(readSettings(JSON.stringify(said), station)).toEqual(said)
    }))
  })

  it('is that of its kind when what was kept is damaged, older or not there', () => {
    for (const text of [null, '', '{', 'null', '7', '[]', '{}', '{"volume":"silent"}', '{"volume":0}']) expect(readSettings(text, station)).toEqual(station)
    expect(readSettings('{"volume":"off","chosen":{"at":7},"heard":"yes"}', station)).toEqual({ volume: 'off', chosen: null, heard: null })
    fc.assert(fc.property(fc.json(), (text) => VOLUMES.includes(readSettings(text, station).volume)))
  })

  it('is heard at every volume but off, which says so by its name', () => {
    for (const volume of VOLUMES) expect(GAINS[volume] >= 0.25).toBe(volume !== 'off')
  })

  it('says who and when', () => {
    expect(wordText({ by: 'M. Ferreira', at: T }, T)).toMatch(/^M\. Ferreira, \d\d:\d\d$/)
    expect(wordText({ by: 'M. Ferreira', at: null }, null)).toBe('M. Ferreira')
  })
})

describe('an audio clock', () => {
  const begun = { atMs: 0, audioS: 0, isStalled: false }

  it('that stands still is found out within a few seconds, and so is that it runs again', () => {
    const still = [1_000, 2_000, 3_000, 4_000].reduce((progress, atMs) => progressOf(progress, atMs, 0.01), begun)
    expect(still.isStalled).toBe(true)
    expect([5_000, 6_000].reduce((progress, atMs) => progressOf(progress, atMs, atMs / 1_000 - 2.9), still).isStalled).toBe(false)
  })

  it('that is a little late is none that stands still, whatever the page misses', () => {
    expect([900, 2_100, 3_300, 14_000, 15_000].reduce((progress, atMs) => progressOf(progress, atMs, (atMs - 400) / 1_000), begun).isStalled).toBe(false)
  })
})
