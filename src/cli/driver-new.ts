/** `vigil driver new`: a driver to begin with, made of the blueprint that stands, is checked and is tested beside the others. */

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type CliContext, CommandFailed, UsageError } from './context.ts'

const BLUEPRINT = '_blueprint'
const ID = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const ID_CHARS_MAX = 32

export function newDriver(id: string, { root, write }: Pick<CliContext, 'root' | 'write'>): void {
  if (!ID.test(id) || id.length > ID_CHARS_MAX) {
    throw new UsageError(`"${id.slice(0, 64)}" is no name for a driver: small letters, digits and - between them, such as acme-m3`)
  }
  const files = filesOf(root).map((file) => ({ from: file, to: file.replaceAll(BLUEPRINT, id) }))
  const there = files.find(({ to }) => existsSync(join(root, to)))
  if (there !== undefined) throw new CommandFailed(`${there.to} exists already`)
  for (const { from, to } of files) {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    const original = readFileSync(join(root, from))
    // What a device sent is bytes, and names nobody.
    writeFileSync(join(root, to), isText(from) ? renamed(original.toString('utf8'), id) : original, { flag: 'wx' })
  }
  for (const { to } of files) write(`made     ${to}`)
  for (const { file, what, grown } of PLACES) {
    const after = grown(readFileSync(join(root, file), 'utf8'), id)
    if (after !== null) writeFileSync(join(root, file), after)
    write(after === null ? `add it   to ${file}: ${what}` : `changed  ${file}`)
  }
  for (const line of nextSteps(id)) write(line)
}

/** Where a driver and its simulated device are named besides. `grown`: null where the file does not look as it did. */
const PLACES = [
  { file: 'src/drivers.ts', what: 'an import, and its place in the list', grown: listed },
  { file: 'simulators/monitors/models.ts', what: 'an import of its composer, and a row of MODELS', grown: modelled },
  { file: 'simulators/demo-ward.ts', what: 'a bed in MORE, so that the full ward has one', grown: warded },
] as const

const isText = (file: string): boolean => file.endsWith('.ts') || file.endsWith('.md')

/** Where a driver stands: its folder, its simulator, its test. */
function filesOf(root: string): readonly string[] {
  const folder = join('drivers', BLUEPRINT)
  if (!existsSync(join(root, folder, 'driver.ts'))) throw new CommandFailed(`${folder} is not here: a driver is begun in a checkout of the source`)
  const inFolder = readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const fixtures = inFolder.map(({ parentPath, name }) => join(parentPath, name).slice(join(root, '/').length))
  return [...fixtures.toSorted(), join('simulators', 'monitors', `${BLUEPRINT}.ts`), join('test', 'drivers', `${BLUEPRINT}.test.ts`)]
}

const camel = (id: string): string => id.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
const titled = (id: string): string => id.split('-').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join(' ')

/** `_blueprint` is the id, `Blueprint` the device, `blueprint…` the names in the code. */
const renamed = (text: string, id: string): string => text.replaceAll(BLUEPRINT, id).replaceAll('Blueprint', titled(id)).replaceAll('blueprint', camel(id))

/** The list of drivers with one more, in its place by name; null where the list does not look as it did. */
export function listed(source: string, id: string): string | null {
  const imports = [...source.matchAll(/^import \w+ from '\.\.\/drivers\/([^/']+)\/driver\.ts'\n/gm)]
  const list = /\[([\w,\s]+)\]\.map\(\(driver\)/.exec(source)
  if (imports.length === 0 || list?.[1] === undefined) return null
  const names = list[1]
  const name = camel(id)
  // Its place in the list is looked for first: it stands behind the imports, whose places then stay.
  const later = [...names.matchAll(/\w+/g)].find(([other]) => other > name)
  const at = list.index + 1 + (later?.index ?? names.trimEnd().replace(/,$/, '').length)
  const grown = source.slice(0, at) + (later === undefined ? `, ${name}` : `${name}, `) + source.slice(at)
  const next = imports.find(([, folder = '']) => folder > id)
  const last = imports.at(-1)
  const importAt = next?.index ?? (last === undefined ? 0 : last.index + last[0].length)
  return `${grown.slice(0, importAt)}import ${name} from '../drivers/${id}/driver.ts'\n${grown.slice(importAt)}`
}

/** The list of models at the end of a serial line with one more, the last. */
export function modelled(source: string, id: string): string | null {
  const importAt = source.search(/^import [^\n]+ from '\.\/(?:\w|-)+\.ts'$/m)
  const rowAt = source.indexOf('\n} as const satisfies Readonly<Record<string, SerialModel>>')
  if (importAt === -1 || rowAt === -1) return null
  const composer = `${camel(id)}Composer`
  const row = `\n  '${id}': { ...PLAIN, driver: '${id}', speech: talks(${composer}) },`
  return `${source.slice(0, importAt)}import { ${composer} } from './${id}.ts'\n${source.slice(importAt, rowAt)}${row}${source.slice(rowAt)}`
}

/** The beds of the full ward with one more, the last. */
export function warded(source: string, id: string): string | null {
  const listAt = source.indexOf('const MORE: readonly DemoBed[] = [')
  const endAt = source.indexOf('\n]\n', listAt)
  if (listAt === -1 || endAt === -1) return null
  return `${source.slice(0, endAt)}\n  { kind: '${id}', scenario: 'stable', name: 'Nobody ${titled(id)}' },${source.slice(endAt)}`
}

const nextSteps = (id: string): readonly string[] => [
  '',
  'It reads a line such as HR=072 SPO2=097, and passes all tests; npm start -- --ward full has a bed with one. Now make it read your device (drivers/README.md has the whole recipe):',
  `  1. vigil driver capture <port> --out ${id}.capture    with probe off, leads off, cable pulled, alarm, standby, demo`,
  `  2. drivers/${id}/driver.ts    frames first, then values, then what must not be believed`,
  `  3. vigil decode --driver ${id} ${id}.capture    until it says what the screen said`,
  `  4. vigil driver cut ${id}.capture --from 10 --to 14 --out drivers/${id}/fixtures/probe-off.bin`,
  '     one small file a situation, instead of those of the blueprint; then:',
  `     npx vitest run --config test/vitest.config.ts test/contract/driver.test.ts -t 'driver ${id} ' --update`,
  '     and read every line of the .json beside it: from then on it is what the driver must do',
  `  5. simulators/monitors/${id}.ts and test/drivers/${id}.test.ts, which still speak as the blueprint does; its row in models.ts says how its line is set`,
  `  6. drivers/${id}/README.md, and its row in drivers/README.md; src/ops/serial-lines.ts for vigil probe; then npm test`,
]
