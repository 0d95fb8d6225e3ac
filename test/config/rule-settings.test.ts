import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseSite } from '../../src/config/load.ts'
import { draftsText, ruleSettingsOf } from '../../src/config/rule-settings.ts'
import type { Site } from '../../src/config/schema.ts'
import { deviceId } from '../../src/domain/ids.ts'
import { POPULATIONS } from '../../src/domain/population.ts'
import { createDevices } from '../../src/pump/devices.ts'
import { DEFAULT_PROFILES, type Profiles } from '../../src/rules/profile.ts'

const EXAMPLE = join(import.meta.dirname, '../../config/site.example.yaml')
const example = readFileSync(EXAMPLE, 'utf8')

function siteOf(text: string): Site {
  const loaded = parseSite(text, EXAMPLE)
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join())
  return loaded.site
}
const firstDevice = siteOf(example).devices[0]?.id ?? ''
const withContract = (contract: string): string => example.replace(`- id: ${firstDevice}\n`, `- id: ${firstDevice}\n    contract: ${contract}\n`)

describe('limits that nobody signed', () => {
  const signedBy = { name: 'Dr A. Sharma', at: '2026-01-31' }
  const signed: Profiles = { ...DEFAULT_PROFILES, adult: { ...DEFAULT_PROFILES.adult, signedBy } }

  it('act in a demo and not on patients', () => {
    const site = siteOf(example)
    const [demo, real] = [ruleSettingsOf(site, DEFAULT_PROFILES, 'demo'), ruleSettingsOf(site, DEFAULT_PROFILES, 'real')]
    expect(demo.profiles).toBe(DEFAULT_PROFILES)
    expect(demo.profiles.adult.variables.temperature?.draft).toBe(true)
    for (const population of POPULATIONS) expect(Object.values(real.profiles[population].variables).filter(({ draft }) => draft)).toEqual([])
    expect(real.profiles.adult.variables.hr).toBe(DEFAULT_PROFILES.adult.variables.hr)
  })

  it('are said aloud with what is not watched, until they are signed', () => {
    expect(draftsText(DEFAULT_PROFILES, 'demo')).toBeNull()
    expect(draftsText(DEFAULT_PROFILES, 'real')).toMatch(/^Limits are drafts and do not act until a clinician signs them \(adult: Temp; pregnant: Temp; /)
    expect(draftsText(signed, 'real')).not.toContain('adult')
    expect(ruleSettingsOf(siteOf(example), signed, 'real').profiles.adult.variables.temperature?.draft).toBe(true)
  })
})

describe('the contract of a device', () => {
  it('is read in seconds and hours and used in milliseconds', () => {
    const site = siteOf(withContract('{ everySeconds: 5, metrics: { MDC_PRESS_BLD_NONINV_SYS: { everySeconds: 1800, scoredHours: 8 }, MDC_TEMP: { kind: episodic } } }'))
    expect(ruleSettingsOf(site, DEFAULT_PROFILES, 'real').contracts?.get(deviceId(firstDevice))).toEqual({
      everyMs: 5_000, metrics: { MDC_PRESS_BLD_NONINV_SYS: { everyMs: 1_800_000, scoredMs: 28_800_000 }, MDC_TEMP: { kind: 'episodic' } },
    })
    expect(ruleSettingsOf(siteOf(example), DEFAULT_PROFILES, 'real').contracts?.size).toBe(0)
  })

  it('makes the silence of a device that speaks once a minute no alert after ten seconds', () => {
    const silenceMs = (text: string) => createDevices(siteOf(text).devices).get(deviceId(firstDevice))?.silenceMs
    expect(silenceMs(withContract('{ everySeconds: 60 }'))).toBe(120_000)
    expect(silenceMs(example)).toBe((siteOf(example).devices[0]?.silenceSeconds ?? 0) * 1_000)
  })

  it('of less than a second, more than an hour, or a metric that does not exist is refused', () => {
    for (const contract of ['{ everySeconds: 0 }', '{ everySeconds: 3601 }', '{ metrics: { MDC_NO_SUCH: { kind: periodic } } }']) expect(parseSite(withContract(contract), EXAMPLE)).toMatchObject({ kind: 'wrong' })
    for (const contract of ['{ everySeconds: 1 }', '{ everySeconds: 3600 }']) expect(parseSite(withContract(contract), EXAMPLE)).toMatchObject({ kind: 'ok' })
  })
})
