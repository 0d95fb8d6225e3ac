import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import pino from 'pino'
import { describe, expect, it } from 'vitest'
import { backupLimits } from '../../src/limits.ts'
import { type BackupSetting, backupName, keepBackups, lastGone, nextDue } from '../../src/ops/backups.ts'
import type { Clock } from '../../src/seams.ts'
import { fakeClock } from '../fakes/clock.ts'
import { tempFolder } from '../store/fixture.ts'

const HOUR_MS = 3_600_000
const START = Date.UTC(2026, 0, 15, 2, 0, 0)
const WHY = 'No space left.'

type Setting = { readonly folder: string; readonly setting?: Partial<BackupSetting>; readonly make?: (target: string) => Promise<string | null> }

/** A gateway that makes backups by making folders. `clock.pass` lets time pass in steps at which it looks. */
function keeping({ folder, setting = {}, make }: Setting) {
  const clock = fakeClock(START)
  let isResting = false
  const watched: Clock = {
    ...clock,
    async sleep(ms, until) {
      isResting = ms === backupLimits.lookMs
      await clock.sleep(ms, until)
      isResting = false
    },
  }
  /** Real files answer in their own time: until it has looked and rests. */
  const settled = async (): Promise<void> => {
    do await turn()
    while (!isResting)
  }
  const stop = new AbortController()
  const told: (string | null)[] = []
  const disk: { why: string | null } = { why: null }
  const made: string[] = []
  const done = keepBackups(
    {
      data: '/nowhere', gatewayId: 'ward-3', version: '1', clock: watched, told: (why) => told.push(why), log: pino({ level: 'silent' }),
      setting: { folder: join(folder, 'backups'), everyHours: 24, keep: 3, keys: false, ...setting },
      make: make ?? ((target) => {
        if (disk.why !== null) return Promise.resolve(disk.why)
        mkdirSync(target)
        made.push(target)
        return Promise.resolve(null)
      }),
    },
    stop.signal,
  )
  return {
    clock, told, disk, made, stop, done,
    names: (): readonly string[] => readdirSync(join(folder, 'backups')).toSorted(),
    async pass(ms: number, stepMs: number = backupLimits.retryMs / 5) {
      for (let passed = 0; passed < ms; passed += stepMs) {
        await settled()
        await clock.pass(stepMs)
      }
      await settled()
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await done
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const name = (gatewayId: string, hours: number): string => backupName(gatewayId, START + hours * HOUR_MS)

describe('a backup is due', () => {
  it('at once where there is none, so many hours after the newest, and at once where one was missed', () => {
    expect(nextDue({ everyHours: 24 }, null, START)).toBe(START)
    expect(nextDue({ everyHours: 6 }, START, START + 1)).toBe(START + 6 * HOUR_MS)
    expect(nextDue({ everyHours: 6 }, START - 48 * HOUR_MS, START)).toBeLessThan(START)
  })

  it('at its time of day: on the same day where the newest came before it, else on the next', () => {
    const at = (day: number, hours: number, minutes: number): number => new Date(2026, 5, day, hours, minutes).getTime()
    expect(nextDue({ at: '02:30', everyHours: 24 }, at(10, 1, 0), at(10, 1, 0))).toBe(at(10, 2, 30))
    expect(nextDue({ at: '02:30', everyHours: 24 }, at(10, 2, 30), at(10, 2, 30))).toBe(at(11, 2, 30))
    expect(nextDue({ at: '02:30', everyHours: 24 }, at(10, 23, 59), at(11, 0, 0))).toBe(at(11, 2, 30))
  })
})

describe('scheduled backups', () => {
  it('are made on time, and the oldest go beyond what is kept', async () => {
    using place = tempFolder()
    await using ward = keeping({ folder: place.path, setting: { everyHours: 1 } })
    await ward.pass(5.5 * HOUR_MS, HOUR_MS / 4)
    expect(ward.made).toHaveLength(6)
    expect(ward.names()).toEqual(ward.made.slice(-3).map((target) => basename(target)))
    expect(ward.told).toEqual([null])
  })

  it('go on after a restart by what lies in the folder, not by when the gateway started', async () => {
    using place = tempFolder()
    mkdirSync(join(place.path, 'backups', name('ward-3', -20)), { recursive: true })
    await using ward = keeping({ folder: place.path })
    await ward.pass(3 * HOUR_MS, HOUR_MS / 2)
    expect(ward.made).toEqual([])
    await ward.pass(2 * HOUR_MS, HOUR_MS / 2)
    expect(ward.made).toHaveLength(1)
  })

  it('of another gateway in the same folder are none of ours: they do not count, and are not deleted', async () => {
    using place = tempFolder()
    const theirs = [-3, -2, -1].map((hours) => name('ward-3-annex', hours))
    for (const other of [...theirs, `${name('ward-3-annex', 0)}.partial`, 'vigil-ward-3-notes', 'lost+found']) mkdirSync(join(place.path, 'backups', other), { recursive: true })
    await using ward = keeping({ folder: place.path, setting: { keep: 1 } })
    await ward.pass(0)
    expect(ward.names()).toEqual([name('ward-3', 0), ...theirs, `${name('ward-3-annex', 0)}.partial`, 'vigil-ward-3-notes', 'lost+found'].toSorted())
  })

  it('that a wrong clock dated ahead hold up nothing, and do not push out those that are right', async () => {
    using place = tempFolder()
    const ahead = name('ward-3', 24 * 365)
    mkdirSync(join(place.path, 'backups', ahead), { recursive: true })
    await using ward = keeping({ folder: place.path, setting: { everyHours: 1, keep: 1 } })
    await ward.pass(1.5 * HOUR_MS, HOUR_MS / 4)
    expect(ward.made).toHaveLength(2)
    expect(ward.names()).toEqual([basename(ward.made.at(-1) ?? ''), ahead])
  })

  it('that a dead process left half made are removed', async () => {
    using place = tempFolder()
    mkdirSync(join(place.path, 'backups', `${name('ward-3', -1)}.partial`), { recursive: true })
    await using ward = keeping({ folder: place.path })
    await ward.pass(0)
    expect(ward.names()).toEqual([name('ward-3', 0)])
  })

  it('that fail are told, tried again after a while, and told when they are well; nothing old is deleted meanwhile', async () => {
    using place = tempFolder()
    const old = [-96, -72, -48, -24].map((hours) => name('ward-3', hours))
    for (const one of old) mkdirSync(join(place.path, 'backups', one), { recursive: true })
    await using ward = keeping({ folder: place.path })
    ward.disk.why = WHY
    await ward.pass(0)
    expect(ward.told).toEqual([WHY])
    await ward.pass(backupLimits.retryMs * 0.8)
    expect([ward.told, ward.names()]).toEqual([[WHY], old])
    await ward.pass(backupLimits.retryMs * 0.4)
    expect(ward.told).toEqual([WHY, WHY])
    ward.disk.why = null
    await ward.pass(backupLimits.retryMs * 1.2)
    expect(ward.told).toEqual([WHY, WHY, null])
    expect(ward.names()).toHaveLength(3)
  })

  it('whose folder cannot be read have failed; where it can be read again and nothing is overdue, that is over', async () => {
    using place = tempFolder()
    writeFileSync(join(place.path, 'backups'), 'a file')
    await using ward = keeping({ folder: place.path })
    await ward.pass(0)
    expect(ward.told).toEqual([expect.stringContaining('ENOTDIR')])
    rmSync(join(place.path, 'backups'))
    mkdirSync(join(place.path, 'backups', name('ward-3', -1)), { recursive: true })
    await ward.pass(backupLimits.retryMs * 1.2)
    expect(ward.told).toEqual([expect.stringContaining('ENOTDIR'), null])
    expect(ward.made).toEqual([])
  })

  it('that never end do not hold up a gateway that stops', async () => {
    using place = tempFolder()
    const begun = Promise.withResolvers<void>()
    const ward = keeping({ folder: place.path, make: () => (begun.resolve(), new Promise(() => undefined)) })
    await begun.promise
    ward.stop.abort()
    await ward.clock.pass(backupLimits.stopMsMax)
    await ward.done
    expect(ward.told).toEqual([])
    expect(existsSync(join(place.path, 'backups'))).toBe(true)
  })
})

it('says when the last copy of today goes: when as many were made after it as are kept', async () => {
  using data = tempFolder()
  const at = Date.UTC(2026, 5, 1, 12)
  const setting = { folder: data.path, everyHours: 24, keep: 3, keys: false }
  expect(await lastGone({ setting, gatewayId: 'gw', now: at })).toBeNull()
  const names = [at - 86_400_000, at].map((made) => backupName('gw', made))
  for (const name of names) mkdirSync(join(data.path, name))
  expect(await lastGone({ setting, gatewayId: 'gw', now: at + 1_000 })).toEqual({ names, at: at + 3 * 86_400_000 })
  // One that was missed is made at once.
  expect((await lastGone({ setting, gatewayId: 'gw', now: at + 2 * 86_400_000 }))?.at).toBe(at + 4 * 86_400_000)
})
