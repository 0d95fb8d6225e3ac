import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DRIVERS, driverOf } from '../../src/drivers.ts'
import { driverContract } from './driver.ts'

const ROOT = resolve(import.meta.dirname, '../../drivers')
/** Every folder that holds a driver; names that begin with `_` are for people. */
const FOLDERS = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
  .map((entry) => entry.name)

describe('the list of drivers', () => {
  it('has every folder below drivers/, and nothing else', () => {
    expect([...DRIVERS.keys()].sort()).toEqual(FOLDERS.toSorted())
    expect(FOLDERS.filter((name) => !existsSync(join(ROOT, name, 'driver.ts')))).toEqual([])
  })

  it('names the nearest driver when there is none of a name', () => {
    expect(driverOf('hl7').id).toBe('hl7')
    expect(() => driverOf('masimo-asci')).toThrow('There is no driver "masimo-asci". Did you mean "masimo-ascii"?')
  })
})

for (const name of FOLDERS) driverContract(driverOf(name), join(ROOT, name))
