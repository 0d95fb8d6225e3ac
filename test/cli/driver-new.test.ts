import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import blueprint from '../../drivers/_blueprint/driver.ts'
import { CommandFailed, UsageError } from '../../src/cli/context.ts'
import { listed, modelled, newDriver, warded } from '../../src/cli/driver-new.ts'
import { DRIVERS } from '../../src/drivers.ts'
import type { Driver } from '../../src/seams.ts'
import { driverContract } from '../contract/driver.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const root = mkdtempSync(join(tmpdir(), 'vigil-new-'))
afterAll(() => rmSync(root, { recursive: true }))

/** As much of a checkout as a driver needs. */
for (const path of ['drivers/_blueprint', 'simulators/monitors/_blueprint.ts', 'test/drivers/_blueprint.test.ts', 'src/drivers.ts', 'simulators/monitors/models.ts', 'simulators/demo-ward.ts']) cpSync(join(ROOT, path), join(root, path), { recursive: true })
writeFileSync(join(root, 'package.json'), readFileSync(join(ROOT, 'package.json')))
for (const path of ['kit', 'codec', 'domain', 'limits.ts', 'seams.ts']) symlinkSync(join(ROOT, 'src', path), join(root, 'src', path))
mkdirSync(join(root, 'node_modules'), { recursive: true })

const said: string[] = []
newDriver('zenith-9', { root, write: (line) => said.push(line) })
const { default: made }: { default: Driver } = await import(join(root, 'drivers/zenith-9/driver.ts'))

driverContract(blueprint, join(ROOT, 'drivers/_blueprint'))
driverContract(made, join(root, 'drivers/zenith-9'))

describe('a new driver', () => {
  const MADE = ['drivers/zenith-9/driver.ts', 'drivers/zenith-9/README.md', 'drivers/zenith-9/fixtures/values.json', 'simulators/monitors/zenith-9.ts', 'test/drivers/zenith-9.test.ts']

  it('has its folder, its simulator and its test, and nothing of the blueprint is left in them', () => {
    for (const path of MADE) {
      expect(said).toContain(`made     ${path}`)
      expect(readFileSync(join(root, path), 'utf8')).not.toMatch(/blueprint/i)
    }
    expect([made.id, made.title]).toEqual(['zenith-9', 'Zenith 9 over a serial line'])
  })

  it('stands in the list of drivers, in its place, and what to do next is said', () => {
    const list = readFileSync(join(root, 'src/drivers.ts'), 'utf8')
    const folders = [...list.matchAll(/from '\.\.\/drivers\/([^/]+)\/driver\.ts'/g)].map(([, folder]) => folder)
    expect(folders).toEqual([...DRIVERS.keys(), 'zenith-9'].toSorted())
    expect(list).toContain('zenith9]')
    expect(said.join('\n')).toContain('vigil driver capture <port> --out zenith-9.capture')
    for (const path of ['src/drivers.ts', 'simulators/monitors/models.ts', 'simulators/demo-ward.ts']) expect(said).toContain(`changed  ${path}`)
    const models = readFileSync(join(root, 'simulators/monitors/models.ts'), 'utf8')
    expect(models).toContain("import { zenith9Composer } from './zenith-9.ts'\n")
    expect(models).toContain("  'zenith-9': { ...PLAIN, driver: 'zenith-9', speech: talks(zenith9Composer) },\n} as const satisfies")
    expect(readFileSync(join(root, 'simulators/demo-ward.ts'), 'utf8')).toMatch(/\{ kind: 'zenith-9', scenario: 'stable', name: 'Nobody Zenith 9' \},\n\]\n/)
  })

  it('takes the place of no other, and none is made half', () => {
    expect(() => newDriver('zenith-9', { root, write: () => undefined })).toThrow(new CommandFailed('drivers/zenith-9/README.md exists already'))
    writeFileSync(join(root, 'test/drivers/late.test.ts'), '')
    expect(() => newDriver('late', { root, write: () => undefined })).toThrow('test/drivers/late.test.ts exists already')
    expect(existsSync(join(root, 'drivers/late'))).toBe(false)
  })

  it.each(['', 'Acme', 'acme_m3', '../acme', '3m', 'acme-', 'a'.repeat(33)])('is not called "%s"', (id) => {
    expect(() => newDriver(id, { root, write: () => undefined })).toThrow(UsageError)
  })

  it('needs a checkout', () => {
    expect(() => newDriver('acme', { root: join(root, 'drivers'), write: () => undefined })).toThrow('a driver is begun in a checkout')
  })
})

describe('the list of drivers', () => {
  // Not the list itself: whoever has added a driver of their own runs this too.
  const source = [
    "import astm from '../drivers/astm/driver.ts'", "import hl7 from '../drivers/hl7/driver.ts'", "import philipsIntellivue from '../drivers/philips-intellivue/driver.ts'", '',
    'export const DRIVERS = new Map(', '  [astm, hl7, philipsIntellivue].map((driver) => [driver.id, driver]),', ')', '',
  ].join('\n')

  it('takes one more at any place', () => {
    expect(listed(source, 'aaa')).toMatch(/import aaa from .*\nimport astm.*[^]*\[aaa, astm,/)
    expect(listed(source, 'hl8')).toMatch(/hl7\/driver\.ts'\nimport hl8 from[^]*hl7, hl8, /)
    expect(listed(source, 'zzz')).toMatch(/philips-intellivue\/driver\.ts'\nimport zzz from[^]*philipsIntellivue, zzz\]\.map/)
  })

  it('that looks otherwise is left to a person, as are the other places', () => {
    expect(listed('export const DRIVERS = load()', 'acme')).toBeNull()
    expect([modelled('export const MODELS = load()', 'acme'), warded('const MORE = load()', 'acme')]).toEqual([null, null])
  })
})
