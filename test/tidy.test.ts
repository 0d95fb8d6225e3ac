/** Taste as tests: import direction, purity of the pure folders, and what may stand where. */

import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as limits from '../src/limits.ts'

const ROOT = resolve(import.meta.dirname, '..')

function filesBelow(folder: string, pattern = /\.tsx?$/): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
}

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
/** Code without comments and strings' contents: what a ban on a word is judged by. */
const codeOf = (file: string): string => textOf(file).replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')

type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean; readonly late: boolean }

function importsOf(file: string): Import[] {
  const found: Import[] = []
  for (const match of codeOf(file).matchAll(/(?:^|\n)\s*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    const name = match[3] ?? match[4]
    if (name === undefined) continue
    const to = name.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), name)) : name
    found.push({ from: file, to, typeOnly: match[2] !== undefined, late: match[4] !== undefined })
  }
  return found
}

const inside = (file: string, ...folders: readonly string[]): boolean => folders.some((folder) => file === folder || file.startsWith(`${folder}/`))
const isPackage = (to: string): boolean => !/^(src|drivers|simulators|test)(\/|$)/.test(to)
const shown = (list: readonly Import[]): string[] => list.map(({ from, to }) => `${from} imports ${to}`)

const SOURCE = [...filesBelow('src'), ...filesBelow('drivers'), ...filesBelow('simulators')]
const IMPORTS = SOURCE.flatMap(importsOf)

/** Folders without clock, randomness, timers, Node or packages. */
const PURE = ['src/domain', 'src/codec', 'src/rules', 'src/sync/anonymise.ts', 'src/alerts/lifecycle.ts', 'src/alerts/about.ts', 'src/alerts/causes.ts', 'src/alerts/escalation.ts', 'src/people', 'src/pump/view.ts', 'src/pump/beds.ts']
/** What a pure folder may see. */
const PURE_MAY_SEE = ['src/domain', 'src/limits.ts', 'src/seams.ts']

describe('import direction', () => {
  it('finds the imports that it judges', () => {
    expect(IMPORTS.length).toBeGreaterThan(200)
    expect(importsOf('src/gateway.ts').map(({ to }) => to)).toContain('src/pump/pump.ts')
  })

  it('domain sees domain alone', () => {
    expect(shown(IMPORTS.filter(({ from, to }) => inside(from, 'src/domain') && !inside(to, 'src/domain')))).toEqual([])
  })

  it('codec sees codec, domain and limits', () => {
    expect(shown(IMPORTS.filter(({ from, to }) => inside(from, 'src/codec') && !inside(to, 'src/codec', ...PURE_MAY_SEE)))).toEqual([])
  })

  it('rules see rules, domain, limits and the seams', () => {
    expect(shown(IMPORTS.filter(({ from, to }) => inside(from, 'src/rules') && !inside(to, 'src/rules', ...PURE_MAY_SEE)))).toEqual([])
  })

  it('a driver sees the driver kit and its own folder', () => {
    const strays = IMPORTS.filter(({ from, to }) => from.startsWith('drivers/') && to !== '#driver' && !inside(to, dirname(from)))
    expect(shown(strays)).toEqual([])
  })

  it('links, store, alerts, sync and api never import one another', () => {
    const rooms = ['src/links', 'src/store', 'src/alerts', 'src/sync', 'src/api']
    const strays = IMPORTS.filter(({ from, to, typeOnly }) => {
      const room = rooms.find((folder) => inside(from, folder))
      const other = rooms.find((folder) => inside(to, folder))
      // A type that one room publishes binds nobody at run time.
      return room !== undefined && other !== undefined && room !== other && !typeOnly
    })
    expect(shown(strays)).toEqual([])
  })

  it('a command is known without loading what is heavy: the gateway is back the sooner after a kill', () => {
    const loaded = new Set(['src/main.ts', 'src/cli/index.ts'])
    for (const file of loaded) for (const { from, to, typeOnly, late } of IMPORTS) if (from === file && !typeOnly && !late) loaded.add(to)
    expect(loaded.size).toBeGreaterThan(30)
    expect([...loaded].filter((to) => inside(to, 'simulators', 'drivers') || (isPackage(to) && !to.startsWith('node:') && to !== 'commander'))).toEqual([])
  })

  it('a simulator shares no code with the driver that it tests', () => {
    const strays = IMPORTS.filter(({ from, to }) => inside(from, 'simulators') && inside(to, 'src/codec', 'src/kit', 'drivers', 'src/domain/metrics.ts'))
    expect(shown([...strays, ...IMPORTS.filter(({ from, to }) => inside(from, 'simulators') && to === '#driver')])).toEqual([])
  })

  it('only the demo knows the simulators', () => {
    const strays = IMPORTS.filter(({ from, to }) => inside(from, 'src') && inside(to, 'simulators') && !inside(from, 'src/cli'))
    expect(shown(strays)).toEqual([])
  })

  it('zod stands at the edges alone', () => {
    const strays = IMPORTS.filter(({ from, to }) => to === 'zod' && inside(from, 'src') && !inside(from, 'src/config', 'src/api', 'src/links'))
    expect(shown(strays)).toEqual([])
  })

  // The score that a nurse sees while she corrects a value is the very one that is made of it.
  it('the page sees of the gateway its wire types, limits, pure nouns and scores', () => {
    const strays = IMPORTS.filter(({ from, to, typeOnly }) => inside(from, 'src/web') && inside(to, 'src') && !inside(to, 'src/web', 'src/domain', 'src/limits.ts', 'src/rules/scores') && !typeOnly)
    expect(shown(strays)).toEqual([])
  })
})

describe('purity', () => {
  const pure = SOURCE.filter((file) => inside(file, ...PURE) || file.startsWith('src/sync/anonymise') || (file.startsWith('drivers/') && file.endsWith('.ts')))

  it('pure folders import no package and nothing of Node', () => {
    const strays = IMPORTS.filter(({ from, to }) => pure.includes(from) && isPackage(to) && to !== '#driver')
    expect(shown(strays)).toEqual([])
  })

  it.each(['Date\\.now', 'new Date\\(\\)', 'performance\\.', 'Math\\.random', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'crypto\\.', 'process\\.', 'globalThis'])(
    'pure folders never say %s',
    (word) => {
      const pattern = new RegExp(`\\b${word}`)
      expect(pure.filter((file) => pattern.test(codeOf(file)))).toEqual([])
    },
  )
})

describe('habits', () => {
  const product = SOURCE.filter((file) => !inside(file, 'simulators'))

  it('only main.ts touches process', () => {
    const strays = product.filter((file) => file !== 'src/main.ts' && !inside(file, 'src/web') && /(?<![\w.$-])process\.\w/.test(codeOf(file)))
    expect(strays).toEqual([])
  })

  it('nobody writes to the console', () => {
    expect(SOURCE.filter((file) => /\bconsole\.\w/.test(codeOf(file)))).toEqual([])
  })

  it('nobody sets an interval', () => {
    expect(product.filter((file) => /\bsetInterval\(/.test(codeOf(file)))).toEqual([])
  })

  it('types are never given up', () => {
    expect(SOURCE.filter((file) => /\bas any\b|: any\b|@ts-(ignore|expect-error|nocheck)/.test(textOf(file)))).toEqual([])
  })

  it('nothing is left for later', () => {
    const tests = filesBelow('test').filter((file) => file !== 'test/tidy.test.ts')
    expect([...SOURCE, ...tests].filter((file) => /\b(TODO|FIXME|XXX)\b/.test(textOf(file)))).toEqual([])
  })

  it('no test is singled out or skipped for good', () => {
    const tests = filesBelow('test').filter((file) => file !== 'test/tidy.test.ts')
    expect(tests.filter((file) => /\b(it|test|describe)\.(skip|only|todo)\(/.test(textOf(file)))).toEqual([])
  })

  it('SQL stands in the store, in the reference central, and in the sink that writes into a PostgreSQL', () => {
    const pattern = /['"`]\s*(SELECT|INSERT|UPDATE|DELETE|CREATE TABLE|PRAGMA)\b/
    expect(SOURCE.filter((file) => !inside(file, 'src/store', 'simulators/central') && !file.startsWith('src/sync/sinks/postgres') && pattern.test(codeOf(file)))).toEqual([])
  })

  it('every driver has a page and at least one fixture', () => {
    const drivers = readdirSync(join(ROOT, 'drivers'), { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
    expect(drivers.length).toBeGreaterThanOrEqual(3)
    for (const { name } of drivers) {
      const files = readdirSync(join(ROOT, 'drivers', name), { recursive: true }).map(String)
      expect(files, name).toContain('README.md')
      expect(files.filter((file) => file.startsWith('fixtures/')).length, name).toBeGreaterThan(0)
    }
  })

  it('every limit names its unit or what it counts, and is positive', () => {
    const named = /(Ms|Bytes|Max|Hz|Seconds|Hours|Minutes|Days|Failures|Chars|PerDevice|Stays|Seqs|Digits|Devices)(Max|Min)?$/
    const leaves = (value: object, path: string): [string, unknown][] =>
      Object.entries(value).flatMap(([key, inner]: [string, unknown]) => (typeof inner === 'object' && inner !== null ? leaves(inner, `${path}.${key}`) : [[`${path}.${key}`, inner]]))
    const all = Object.entries(limits).flatMap(([name, section]) => leaves(section, name))
    expect(all.length).toBeGreaterThan(30)
    for (const [path, value] of all) {
      expect(path).toMatch(named)
      expect(value, path).toSatisfy((limit: unknown) => typeof limit === 'number' && limit > 0)
    }
  })
})
