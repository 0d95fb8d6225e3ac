import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import type { WardSize } from '../../simulators/demo-ward.ts'
import { parseWardPlan } from '../../simulators/ward.ts'
import { type CliContext, UsageError } from '../../src/cli/context.ts'
import { register } from '../../src/cli/demo.ts'
import { type DemoSite, demoSite } from '../../src/cli/demo-site.ts'
import { parseSite } from '../../src/config/load.ts'
import type { Site } from '../../src/config/schema.ts'
import { DRIVERS, driverOf } from '../../src/drivers.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigil-demo-'))
afterAll(() => rmSync(folder, { recursive: true }))

const PORTS = { http: 8_470, hl7: 2_575, mqtt: 1_883, central: 8_471, serial: 9_600, intellivue: 24_105, pds: 4_600, pdsMonitor: 4_601, registry: 2_576 }

async function siteOf(size: WardSize): Promise<{ readonly demo: DemoSite; readonly site: Site }> {
  const demo = await demoSite({ folder, host: '127.0.0.1', ports: PORTS, seed: 1, size })
  const parsed = parseSite(demo.yaml, join(folder, 'site.yaml'))
  if (parsed.kind === 'wrong') throw new Error(parsed.problems.join('\n'))
  return { demo, site: parsed.site }
}

describe("the site of the demo's ward", () => {
  it.each(['small', 'full'] as const)('is one that the gateway takes, and has each monitor of the %s plan', async (size) => {
    const { demo, site } = await siteOf(size)
    expect(parseWardPlan(JSON.parse(JSON.stringify(demo.plan)))).toEqual({ kind: 'plan', plan: demo.plan })
    expect(site.devices.map(({ id }) => id)).toEqual([...demo.plan.beds.map(({ device }) => device), 'registry', 'replay'])
    // What a driver does not take as a setting it says.
    for (const { driver, settings } of site.devices) expect(() => driverOf(driver).open(settings)).not.toThrow()
    const beds = new Set(site.beds.map(({ id }) => id))
    expect(site.devices.filter(({ bed }) => bed !== undefined && !beds.has(bed))).toEqual([])
  })

  it('has twelve beds, and in full a device for every driver that there is', async () => {
    const [small, full] = [await siteOf('small'), await siteOf('full')]
    expect(small.site.beds).toHaveLength(12 + 1)
    expect(small.site.links.map(({ kind }) => kind)).not.toContain('mindray-pds')
    expect(new Set(full.site.devices.map(({ driver }) => driver))).toEqual(new Set(DRIVERS.keys()))
    const lines = full.demo.serial === 'pseudo-terminals' ? 'serial' : 'tcp-connect'
    expect(new Set(full.site.links.map(({ kind }) => kind))).toEqual(new Set(['mllp-listen', 'mqtt-broker', 'mindray-pds', 'udp-connect', lines]))
  })

  it('sets each serial port as its monitor is set', async () => {
    const { demo, site } = await siteOf('full')
    const portOf = (model: string): unknown => {
      const device = demo.plan.beds.find(({ transport }) => transport.kind === 'serial' && transport.model === model)?.device
      const link = site.links.find((one) => one.kind === 'serial' && one.device === device)
      return link?.kind === 'serial' ? [link.baudRate, link.dataBits, link.parity, link.stopBits] : null
    }
    // Without terminals there are no ports to set.
    if (demo.serial !== 'pseudo-terminals') return
    const ports = [[9_600, 8, 'none', 1], [115_200, 8, 'none', 1], [19_200, 8, 'even', 1], [19_200, 8, 'even', 1]]
    expect(['radical-7', 'intellivue', 'carescape', 'evita'].map(portOf)).toEqual(ports)
  })

  it('binds the analyser of the laboratory to no bed, and waits for nothing from it', async () => {
    const { site } = await siteOf('full')
    const analyser = site.devices.find(({ driver }) => driver === 'astm')
    expect([analyser?.bed, analyser?.silenceSeconds]).toEqual([undefined, 0])
    // It and the hospital's registry.
    expect(site.beds).toHaveLength(site.devices.length - 2)
  })
})

describe('vigil demo', () => {
  it('says which wards there are when it is asked for another, before it does anything', async () => {
    const program = new Command('vigil').exitOverride()
    register(program, { root: folder, note: () => undefined } as Partial<CliContext> as CliContext)
    const asked = program.parseAsync(['node', 'vigil', 'demo', '--ward', 'medium'])
    await expect(asked).rejects.toThrow(UsageError)
    await expect(asked).rejects.toThrow('--ward must be small, full or teaching, not "medium"')
  })
})
