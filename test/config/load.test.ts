import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import { describe, expect, it } from 'vitest'
import { loadProfiles, loadSite, parseSite, readSecret } from '../../src/config/load.ts'

const EXAMPLE = join(import.meta.dirname, '../../config/site.example.yaml')
const example = readFileSync(EXAMPLE, 'utf8')

const problemsOf = (text: string): readonly string[] => {
  const loaded = parseSite(text, 'site.yaml')
  return loaded.kind === 'wrong' ? loaded.problems : []
}
/** Where the first occurrence of `word` stands, as `line:column`. */
function placeOf(text: string, word: string): string {
  const before = text.slice(0, text.indexOf(word)).split('\n')
  return `${before.length}:${(before.at(-1) ?? '').length + 1}`
}

describe('the site file', () => {
  it('the example is valid', () => {
    expect(problemsOf(example)).toEqual([])
  })

  it('a mistyped setting is an error with file, line, column and the nearest right name', () => {
    const text = example.replace('organization:', 'organisation:')
    expect(problemsOf(text)).toEqual([`site.yaml:${placeOf(text, 'organisation')}: unknown setting "gateway.organisation". Did you mean "organization"?`])
  })

  it('a mistyped setting deep in a list of unions is found too', () => {
    const text = example.replace('baudRate: 9600', 'baudrate: 9600')
    expect(problemsOf(text)).toEqual([`site.yaml:${placeOf(text, 'baudrate')}: unknown setting "links.1.baudrate". Did you mean "baudRate"?`])
  })

  it('a wrong value names its place and what may stand there', () => {
    const text = example.replace('population: adult', 'population: grown-up')
    expect(problemsOf(text)).toEqual([`site.yaml:${placeOf(text, 'grown-up')}: "gateway.population" must be one of "adult", "pregnant", "adolescent", "child", "young-child", "infant", "neonate", "paediatric".`])
  })

  it('a device at a bed that does not exist is an error with the nearest bed', () => {
    const text = example.replace('bed: bed-1\n', 'bed: bed-l\n')
    expect(problemsOf(text)).toEqual([`site.yaml:${placeOf(text, 'bed-l')}: there is no bed "bed-l". Did you mean "bed-1"?`])
  })

  it('a link that hears announcements needs no more than its name, and one that asks over UDP a device that exists', () => {
    const withLinks = (links: string): string => example.replace('links:', `links:\n${links}`)
    const loaded = parseSite(example, 'site.yaml')
    expect(loaded.kind === 'ok' && loaded.site.links.find(({ kind }) => kind === 'mindray-pds')).toEqual({ kind: 'mindray-pds', id: 'mindray', host: '0.0.0.0', port: 4_600, call: 'sender' })
    const text = withLinks('  - { kind: udp-connect, id: lan, host: 10.0.0.9, port: 24105, device: rad8-bed9 }')
    expect(problemsOf(text)).toEqual([`site.yaml:${placeOf(text, '{ kind: udp-connect')}: there is no device "rad8-bed9". Did you mean "rad8-bed2"?`])
  })

  it('a name used twice is an error', () => {
    expect(problemsOf(example.replace('id: bed-2, label', 'id: bed-1, label')).join('\n')).toContain('"bed-1" is named twice in beds')
  })

  it('the live lane needs an agreement, an address and a token', () => {
    const problems = problemsOf(example.replace('lane: none', 'lane: live'))
    expect(problems.map((problem) => problem.replace(/^.*: lane/, 'lane'))).toEqual([
      'lane "live" needs "sync.agreement".',
      'lane "live" needs "sync.url".',
      'lane "live" needs "sync.token".',
    ])
  })

  it('a file that is not YAML is an error with its place', () => {
    expect(problemsOf('gateway: { id: a\nbeds: ]')[0]).toMatch(/^site\.yaml:\d+:\d+: not YAML: /)
  })

  it('a file that is not there says what to do', () => {
    const loaded = loadSite('/nowhere/site.yaml')
    expect(loaded).toMatchObject({ kind: 'wrong', problems: [expect.stringContaining('site.example.yaml')] })
  })

  it('a secret in the file itself is refused', () => {
    const text = example.replace('password: { env: VIGIL_MQTT_PASSWORD }', 'password: hunter2')
    expect(problemsOf(text)).not.toEqual([])
  })
})

describe('files of alarm limits', () => {
  const ADULT = readFileSync(join(import.meta.dirname, '../../config/limits/adult.yaml'), 'utf8')

  /** What is made of a site whose adult limits are this text. */
  function limitsOf(text: string): ReturnType<typeof loadProfiles> {
    const folder = mkdtempSync(join(tmpdir(), 'vigil-limits-'))
    writeFileSync(join(folder, 'mine.yaml'), text)
    const loaded = parseSite(example.replace('adult: limits/adult.yaml', 'adult: mine.yaml'), join(folder, 'site.yaml'))
    if (loaded.kind === 'wrong') throw new Error(loaded.problems.join())
    const profiles = loadProfiles(loaded.site, loaded.file)
    rmSync(folder, { recursive: true })
    return profiles
  }

  it('take the place of those of Vigil, each for its population', () => {
    const limits = limitsOf(ADULT.replace('beyond: 130', 'beyond: 125'))
    if (limits.kind === 'wrong') throw new Error(limits.problems.join())
    expect(limits.profiles.adult.variables.hr?.high[0]?.beyond).toBe(125)
    expect(limits.profiles.neonate).toBe(DEFAULT_PROFILES.neonate)
  })

  it('with a mistyped name are an error with file, line and column', () => {
    const limits = limitsOf(ADULT.replace('clearMargin: 5', 'clearmargin: 5'))
    expect(limits).toMatchObject({ kind: 'wrong', problems: [expect.stringMatching(/mine\.yaml:\d+:\d+: .*clearMargin/), expect.stringMatching(/Did you mean "clearMargin"/)] })
  })

  it('whose grades do not go outwards are refused', () => {
    expect(limitsOf(ADULT.replace('beyond: 150', 'beyond: 120'))).toMatchObject({ kind: 'wrong' })
  })

  it('beyond the hard envelope are refused, whoever wrote them', () => {
    expect(limitsOf(ADULT.replace('beyond: 45', 'beyond: 20').replace('beyond: 35', 'beyond: 10'))).toEqual({ kind: 'wrong', problems: [expect.stringMatching(/mine\.yaml: hr\.low: a low limit of 20 is not within 35 to 90\.$/)] })
  })

  it('with saturation below 90 are refused until a clinician signs, by name and day', () => {
    const lower = ADULT.replace('beyond: 90, priority: medium, delaySeconds: 15', 'beyond: 88, priority: medium, delaySeconds: 15')
    expect(limitsOf(lower)).toEqual({ kind: 'wrong', problems: [expect.stringMatching(/spo2\.low: 88 is below 90 and must be signed/)] })
    const signed = limitsOf(`signedBy: { name: Dr A. Sharma, at: 2026-01-31 }\n${lower}`)
    if (signed.kind === 'wrong') throw new Error(signed.problems.join())
    expect(signed.profiles.adult.signedBy).toEqual({ name: 'Dr A. Sharma', at: '2026-01-31' })
    expect(limitsOf(`signedBy: { name: Dr A. Sharma, at: yesterday }\n${lower}`)).toMatchObject({ kind: 'wrong' })
  })

  it('may be averaged, and are not where they do not say so', () => {
    const averaged = limitsOf(ADULT.replace('clearMargin: 5', 'clearMargin: 5\n    averageSeconds: 8'))
    if (averaged.kind === 'wrong') throw new Error(averaged.problems.join())
    expect([averaged.profiles.adult.variables.hr?.averageSeconds, averaged.profiles.adult.variables.rr?.averageSeconds]).toEqual([8, undefined])
  })

  it('for another population than they are named for are refused', () => {
    expect(limitsOf(ADULT.replace('population: adult', 'population: neonate'))).toMatchObject({ kind: 'wrong' })
  })
})

describe('secrets', () => {
  it('come from the environment', () => {
    expect(readSecret({ env: 'TOKEN' }, 'site.yaml', { TOKEN: 'abc' })).toBe('abc')
  })

  it('a missing one is an error that names its place, never a value', () => {
    expect(() => readSecret({ env: 'TOKEN' }, 'site.yaml', {})).toThrow('variable TOKEN')
  })
})
