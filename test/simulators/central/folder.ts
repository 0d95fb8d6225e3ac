/** Folders for central in which its database is made already. */

import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MIGRATIONS, migrate } from '../../../simulators/central/schema.ts'
import { openDatabase } from '../../../simulators/central/sql.ts'

const MODULES = new URL('../../../node_modules/', import.meta.url).pathname

/**
 * A new folder with an empty database, brought to the newest schema or as it is created. Creating one takes seconds of work, so it is done once for
 * each version of PGlite and schema, and copied; one with the newest schema begins as a copy of a bare one.
 */
export async function freshFolder(schema: 'newest' | 'none' = 'newest', within = tmpdir()): Promise<string> {
  const folder = mkdtempSync(join(within, 'vigil-central-'))
  cpSync(await madeFolder(schema), folder, { recursive: true })
  return folder
}

/** Where it is kept. */
async function madeFolder(schema: 'newest' | 'none'): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(MODULES, '@electric-sql/pglite/package.json'), 'utf8'))
  const cache = join(MODULES, '.cache', 'vigil-central')
  const of = schema === 'none' ? schema : createHash('sha256').update(JSON.stringify(MIGRATIONS)).digest('hex').slice(0, 16)
  const made = join(cache, `${String(version)}-${of}`)
  if (existsSync(made)) return made
  mkdirSync(cache, { recursive: true })
  const making = mkdtempSync(join(cache, 'making-'))
  if (schema === 'newest') cpSync(await madeFolder('none'), making, { recursive: true })
  const database = await openDatabase({ kind: 'folder', folder: making }, () => undefined)
  if (schema === 'newest') await migrate(database)
  await database.close()
  try {
    renameSync(making, made)
  } catch {
    // Another test file was faster; its folder is as good.
    rmSync(making, { recursive: true })
  }
  return made
}
