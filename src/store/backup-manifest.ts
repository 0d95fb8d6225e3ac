/** What a backup says of itself, in a file beside it. */

import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { flush } from './flush.ts'

export const MANIFEST = 'manifest.json'

export type ManifestFile = { readonly name: string; readonly bytes: number; /** Lower-case hex. */ readonly sha256: string }

export type Manifest = {
  readonly format: 1
  readonly vigil: string
  readonly schema: number
  /** ISO 8601. */
  readonly madeAt: string
  readonly gateway: string
  readonly kind: string
  readonly epoch: string
  readonly epochs: readonly string[]
  readonly lastSeq: number
  /** Rows of the log. */
  readonly rows: number
  /** Rows that were not as they were written, in the gateway's own file already. */
  readonly damagedRows: number
  readonly hasKeys: boolean
  readonly files: readonly ManifestFile[]
}

export function writeManifest(file: string, manifest: Manifest): void {
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 })
  flush(file)
}

/** @throws Error with a sentence when there is none, or none that this version knows. */
export function readManifest(file: string): Manifest {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new Error(`${file} is missing or cannot be read: name the folder that \`vigil backup\` made`)
  }
  if (!isManifest(parsed)) throw new Error(`${file} is no manifest of a backup that this Vigil knows`)
  return parsed
}

const FIELDS = { vigil: 'string', schema: 'number', madeAt: 'string', gateway: 'string', kind: 'string', epoch: 'string', lastSeq: 'number', rows: 'number' } as const

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== 1 || !('files' in value) || !Array.isArray(value.files)) return false
  const fields: Readonly<Record<string, unknown>> = { ...value }
  return Object.entries(FIELDS).every(([name, type]) => typeof fields[name] === type) && value.files.every(isFile)
}

/** A name that leads out of the folder is none of ours. */
const isFile = (file: unknown): file is ManifestFile =>
  typeof file === 'object' && file !== null && 'name' in file && (file.name === 'vigil.db' || file.name === 'sync.db') && 'sha256' in file && typeof file.sha256 === 'string'

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) if (chunk instanceof Uint8Array) hash.update(chunk)
  return hash.digest('hex')
}
