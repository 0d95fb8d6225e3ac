/** Reads a site file. Every mistake becomes one line with file, line, column, what is wrong and what was probably meant. */

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { LineCounter, isNode, parseDocument } from 'yaml'
import type { z } from 'zod'
import { suggestion } from '../domain/nearest.ts'
import { DEFAULT_PROFILES, type Profiles, profileProblems } from '../rules/profile.ts'
import { profileJsonSchema, profileOf, profileSchema } from './limits.ts'
import { notifyProblems } from './notify.ts'
import { escalationProblems } from './escalation.ts'
import { laneProblems } from './release.ts'
import { type SecretSetting, type Site, siteJsonSchema, siteSchema } from './schema.ts'

export type Wrong = { readonly kind: 'wrong'; readonly problems: readonly string[] }
export type Loaded = { readonly kind: 'ok'; readonly site: Site; readonly file: string } | Wrong

type Path = readonly PropertyKey[]

export function loadSite(file: string): Loaded {
  const text = textOf(file, 'config/site.example.yaml')
  return typeof text === 'string' ? parseSite(text, file) : text
}

export function parseSite(text: string, file: string): Loaded {
  const parsed = parseYaml(text, file, { schema: siteSchema, jsonSchema: siteJsonSchema, cross: crossCheck })
  return parsed.kind === 'ok' ? { kind: 'ok', site: parsed.value, file } : parsed
}

/** The limit profiles that a site names, over those that Vigil ships. Paths are relative to the site file. */
export function loadProfiles(site: Pick<Site, 'limits'>, siteFile: string): { readonly kind: 'ok'; readonly profiles: Profiles } | Wrong {
  let profiles = DEFAULT_PROFILES
  const problems: string[] = []
  for (const [population, path] of Object.entries(site.limits)) {
    const file = resolve(dirname(siteFile), path)
    const text = textOf(file, `config/limits/${population}.yaml`)
    const parsed = typeof text === 'string' ? parseYaml(text, file, { schema: profileSchema, jsonSchema: profileJsonSchema, cross: () => [] }) : text
    if (parsed.kind === 'wrong') problems.push(...parsed.problems)
    else {
      const profile = profileOf(parsed.value)
      if (profile.population !== population) problems.push(`${file}: is for "${profile.population}", and is named for "${population}".`)
      problems.push(...profileProblems(profile).map((problem) => `${file}: ${problem}.`))
      profiles = { ...profiles, [population]: profile }
    }
  }
  return problems.length > 0 ? { kind: 'wrong', problems } : { kind: 'ok', profiles }
}

export function textOf(file: string, example: string): string | Wrong {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return { kind: 'wrong', problems: [`${file}: cannot be read (${error instanceof Error ? error.message : String(error)}). Copy ${example} and start from that.`] }
  }
}

type Check<Value> = {
  readonly schema: z.ZodType<Value>
  readonly jsonSchema: () => object
  /** What a schema cannot say. */
  readonly cross: (value: Value, where: (path: Path) => string) => readonly string[]
}

/** Every mistake with its place in the file. */
export function parseYaml<Value>(text: string, file: string, { schema, jsonSchema, cross }: Check<Value>): { readonly kind: 'ok'; readonly value: Value } | Wrong {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}`
  }
  if (document.errors.length > 0) {
    return { kind: 'wrong', problems: document.errors.map((error) => `${place(error.pos[0])}: not YAML: ${error.message}`) }
  }
  const where = (path: Path, key?: string): string => {
    if (key !== undefined) {
      const parent: unknown = path.length === 0 ? document.contents : document.getIn(path, true)
      const items: readonly unknown[] = isNode(parent) && 'items' in parent ? parent.items : []
      for (const item of items) if (isPairOf(item, key)) return place(item.key.range[0])
    }
    // The nearest thing on the path that stands in the file: a missing key is reported where it should be.
    for (let length = path.length; length >= 0; length--) {
      const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return place(node.range[0])
    }
    return `${file}:1:1`
  }
  const parsed = schema.safeParse(document.toJS())
  if (!parsed.success) return { kind: 'wrong', problems: parsed.error.issues.flatMap((issue) => describe(issue, where, jsonSchema)) }
  const problems = cross(parsed.data, where)
  return problems.length > 0 ? { kind: 'wrong', problems } : { kind: 'ok', value: parsed.data }
}

type PairOf = { readonly key: { readonly value: string; readonly range: readonly [number, number, number] } }
function isPairOf(item: unknown, key: string): item is PairOf {
  if (typeof item !== 'object' || item === null || !('key' in item)) return false
  const { key: node } = item
  return isNode(node) && 'value' in node && node.value === key && Boolean(node.range)
}

function describe(issue: z.core.$ZodIssue, where: (path: Path, key?: string) => string, jsonSchema: () => object): string[] {
  const spot = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${where(issue.path, key)}: unknown setting "${[spot, key].filter(Boolean).join('.')}".${suggestion(key, keysAt(issue.path, jsonSchema()))}`)
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? []
    return closest.flatMap((inner) => describe({ ...inner, path: [...issue.path, ...inner.path] }, where, jsonSchema))
  }
  if (issue.code === 'invalid_value') {
    return [`${where(issue.path)}: "${spot}" must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}.`]
  }
  return [`${where(issue.path)}: "${spot}": ${issue.message}.`]
}

/** The names that may stand at a path, read from the generated JSON Schema. */
function keysAt(path: Path, schema: object): string[] {
  let nodes: unknown[] = [schema]
  for (const step of path) {
    nodes = nodes.flatMap(alternatives).flatMap((node) => {
      if (typeof step === 'number') return [field(node, 'items')]
      const named = field(field(node, 'properties'), String(step))
      return [named ?? field(node, 'additionalProperties')]
    })
  }
  return [...new Set(nodes.flatMap(alternatives).flatMap((node) => Object.keys(record(field(node, 'properties')))))]
}

const record = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? { ...value } : {})
const field = (value: unknown, name: string): unknown => record(value)[name]
function alternatives(node: unknown): unknown[] {
  const either = [field(node, 'anyOf'), field(node, 'oneOf')].filter(Array.isArray).flat()
  return either.length > 0 ? either : [node]
}

/** What a schema cannot say: names that refer to names. */
function crossCheck(site: Site, where: (path: Path) => string): string[] {
  const problems: string[] = []
  const beds = site.beds.map((bed) => bed.id)
  const devices = site.devices.map((device) => device.id)
  for (const [list, names] of [['beds', beds], ['devices', devices], ['links', site.links.map((link) => link.id)]] as const) {
    names.forEach((name, index) => {
      if (names.indexOf(name) !== index) problems.push(`${where([list, index, 'id'])}: "${name}" is named twice in ${list}.`)
    })
  }
  site.devices.forEach((device, index) => {
    if (device.bed !== undefined && !beds.includes(device.bed)) {
      problems.push(`${where(['devices', index, 'bed'])}: there is no bed "${device.bed}".${suggestion(device.bed, beds)}`)
    }
    if (device.bed !== undefined && device.roaming === true) problems.push(`${where(['devices', index, 'roaming'])}: "${device.id}" cannot both stand at a bed and go from bed to bed.`)
  })
  // What is behind the bed, and blanks, say nothing of the place.
  const locations = site.beds.map(({ location }) => location?.split('^').slice(0, 3).map((part) => part.trim()).join('^').replace(/\^+$/, ''))
  locations.forEach((location, index) => {
    if (location !== undefined && locations.indexOf(location) !== index) problems.push(`${where(['beds', index, 'location'])}: two beds have the location "${location}".`)
  })
  site.links.forEach((link, index) => {
    const named = 'device' in link ? [link.device] : link.kind === 'mqtt-broker' ? link.users.map((user) => user.device) : []
    for (const name of named) {
      if (!devices.includes(name)) problems.push(`${where(['links', index])}: there is no device "${name}".${suggestion(name, devices)}`)
    }
  })
  problems.push(...syncProblems(site, where))
  for (const [path, problem] of notifyProblems(site.notify, beds)) problems.push(`${where(['notify', 'ways', ...path])}: ${problem}`)
  for (const [path, problem] of escalationProblems(site.escalation, site.notify.ways)) problems.push(`${where(['escalation', ...path])}: ${problem}`)
  return problems
}

function syncProblems({ sync, retention }: Site, where: (path: Path) => string): string[] {
  const problems: string[] = []
  const names = sync.sinks.map(({ id, to }) => id ?? to.kind)
  names.forEach((name, index) => {
    if (names.indexOf(name) !== index) problems.push(`${where(['sync', 'sinks', index])}: "${name}" is named twice in sync.sinks: give one of them another "id".`)
  })
  sync.sinks.forEach(({ to, fallback }, index) => {
    if (to.kind === 'hl7-oru' && fallback) problems.push(`${where(['sync', 'sinks', index])}: what names patients stays in the hospital: "hl7-oru" has no fallback.`)
  })
  for (const [path, problem] of laneProblems(sync, retention)) problems.push(`${where(['sync', ...path])}: ${problem}`)
  return problems
}

/**
 * The one place where secrets are read.
 * @throws Error with a sentence that names where the secret should be, never the secret.
 */
export function readSecret(secret: SecretSetting, siteFile: string, env: Readonly<Record<string, string | undefined>>): string {
  const found = 'file' in secret ? readFileSync(resolve(dirname(siteFile), secret.file), 'utf8').trim() : env[secret.env]
  if (found === undefined || found === '') throw new Error(`the secret in ${'file' in secret ? `file ${secret.file}` : `variable ${secret.env}`} is missing or empty`)
  return found
}
