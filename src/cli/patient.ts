/** `vigil patient`: what is held of one person, and how it is taken away. */

import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isoOf, wallMs } from '../domain/time.ts'
import { REAL_TIME } from '../ops/clock.ts'
import type { ErasedFrames } from '../record/erase.ts'
import type { Person } from '../store/person.ts'
import type { ExportTable } from '../store/person-export.ts'
import { type AccessOptions, writePersonAccess } from './access.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'
import { type FolderOptions, dataFolder, withFolder } from './folder.ts'

type Options = FolderOptions & AccessOptions
type ExportOptions = Options & { readonly out: string }

export const register: Register = (program, context) => {
  const patient = program.command('patient').description('one person: what is held, and erasing it')
  withFolder(patient.command('export <patient>').description('all values, alerts and words of a patient number (or of whoever lay in a stay), as tables; the gateway may run'))
    .requiredOption('--out <folder>', 'a folder that is not there yet')
    .requiredOption('--by <name>', 'who asks; written down first')
    .requiredOption('--reason <words>', 'what for')
    .action(async (said: string, options: ExportOptions) => exportPatient(said, { folder: await dataFolder(options, context), options, context }))
  withFolder(patient.command('erase <patient>').description('forget who a patient number (or a stay) was, here and in what links us to central; the gateway must be stopped'))
    .requiredOption('--by <name>', 'who asks; written down first')
    .requiredOption('--reason <words>', 'what for')
    .action(async (said: string, options: Options) => erasePatient(said, { folder: await dataFolder(options, context), options, context }))
}

type Of<Given> = { readonly folder: string; readonly options: Given; readonly context: CliContext }

function demandDatabase(folder: string): void {
  if (!existsSync(join(folder, 'vigil.db'))) throw new UsageError(`${folder} holds no gateway's database: name its folder with --data`)
}

async function exportPatient(said: string, { folder, options, context }: Of<ExportOptions>): Promise<void> {
  demandDatabase(folder)
  const [{ findPerson }, { EXPORT_TABLES, exportRows, headOf, readmeOf }] = await Promise.all([import('../store/person.ts'), import('../store/person-export.ts')])
  const out = resolve(options.out)
  if (existsSync(out)) throw new UsageError(`${out} is there already: name a folder that is not, so that nothing of two people is mixed`)
  const person = findPerson(folder, said)
  if (person === null) throw new CommandFailed('there is nobody of this number, and no such stay: forgotten already?')
  await writePersonAccess(folder, { at: context.clockOf(REAL_TIME).wall(), options, what: 'exported all of a patient', about: { stays: person.stays.map(({ id }) => id) } })
  await mkdir(out, { recursive: true, mode: 0o700 })
  const files = new Map<ExportTable, FileHandle>()
  const counts = { values: 0, alerts: 0, words: 0, medicines: 0 }
  const waiting = { values: '', alerts: '', words: '', medicines: '' }
  try {
    for (const table of EXPORT_TABLES) {
      files.set(table, await open(join(out, `${table}.csv`), 'wx', 0o600))
      waiting[table] = `${headOf(table)}\n`
    }
    const flush = async (table: ExportTable): Promise<void> => {
      await files.get(table)?.write(waiting[table])
      waiting[table] = ''
    }
    for (const { table, line } of exportRows(folder, person)) {
      if (context.stop.aborted) throw new CommandFailed(`stopped before the end: ${out} is not whole`)
      counts[table]++
      waiting[table] += `${line}\n`
      if (waiting[table].length > WRITE_CHARS) await flush(table)
    }
    for (const table of EXPORT_TABLES) await flush(table)
  } finally {
    for (const file of files.values()) await file.close()
  }
  const stays = person.stays.map(({ context: set, openedAt, closedAt, ...stay }) => ({ ...stay, openedAt: isoOf(openedAt), closedAt: closedAt === null ? null : isoOf(closedAt), set: jsonOf(set) }))
  await writeFile(join(out, 'person.json'), `${JSON.stringify({ mrn: person.mrn, name: person.name, stays }, null, 2)}\n`, { mode: 0o600 })
  await writeFile(join(out, 'README.txt'), readmeOf(person, counts), { mode: 0o600 })
  context.note(`${counts.values} values, ${counts.alerts} lines of alerts, ${counts.words} of words and ${counts.medicines} of medicines are in ${out}. It names a patient: keep it so.`)
}

const WRITE_CHARS = 65_536

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function erasePatient(said: string, { folder, options, context }: Of<Options>): Promise<void> {
  demandDatabase(folder)
  const { erasePerson, findPerson } = await import('../store/person.ts')
  const person = findPerson(folder, said)
  const stays = person?.stays.map(({ id }) => id) ?? []
  const now = context.clockOf(REAL_TIME).wall()
  await writePersonAccess(folder, { at: now, options, what: 'asked to erase a patient', about: { stays } })
  // First, for after a crash in between the person is still found.
  const recorded = person === null ? null : await eraseRecorded(folder, person)
  const erased = erasePerson(folder, said)
  if (erased.kind === 'refused') throw new CommandFailed(`Nothing was erased: ${erased.why}`)
  context.write(`Forgotten: who lay in ${erased.stays} stays, ${erased.facts} words of who lay where, ${erased.frames} frames in quarantine, ${erased.surrogates} names that led from central to here, ${erased.letters} dead letters.`)
  if (recorded !== null) context.write(`${recorded.records} records in ${recorded.files} recordings are gone${recorded.cutBytes > 0 ? `, and ${recorded.cutBytes} bytes that nobody could read` : ''}.`)
  for (const line of [...REMAINS, ...(await copies(folder, options, now))]) context.note(line)
}

/** Null while somebody still lies there, or a gateway runs: then nothing is erased at all. */
async function eraseRecorded(folder: string, person: Person): Promise<ErasedFrames | null> {
  const [{ lockFolder }, { namesOf }, { eraseFrames }] = await Promise.all([import('../store/database.ts'), import('../store/person.ts'), import('../record/erase.ts')])
  if (person.stays.some(({ closedAt }) => closedAt === null)) return null
  const lock = lockFolder(folder)
  if (lock.kind === 'refused') return null
  try {
    return await eraseFrames(folder, { words: [...namesOf(person), ...person.stays.map(({ id }) => id)], stays: person.stays })
  } finally {
    lock.release()
  }
}

/** Copies of before that this machine knows of, by name, and until when they are there. */
async function copies(folder: string, { config }: Options, now: number): Promise<readonly string[]> {
  const [{ SET_ASIDE }, { lastGone }, { loadSite }] = await Promise.all([import('../store/set-aside.ts'), import('../ops/backups.ts'), import('../config/load.ts')])
  const aside = await readdir(join(folder, SET_ASIDE)).catch(() => [])
  const lines = aside.length === 0 ? [] : [`Set aside, and never deleted by itself: ${aside.map((name) => join(folder, SET_ASIDE, name)).join(', ')}`]
  const loaded = config === undefined ? null : loadSite(config)
  if (loaded === null || loaded.kind === 'wrong' || loaded.site.backup === undefined) return [...lines, 'Scheduled backups: with --config of a site that names some, they are listed here.']
  const { site, file } = loaded
  const setting = { ...loaded.site.backup, folder: resolve(dirname(file), loaded.site.backup.folder) }
  const last = await lastGone({ setting, gatewayId: site.gateway.id, now })
  if (last === null) return [...lines, `No scheduled backup lies in ${setting.folder}.`]
  return [...lines, `Backups that still hold this person: ${last.names.join(', ')} in ${setting.folder}. The last of them goes about ${isoOf(wallMs(last.at))}, if the gateway runs and makes its backups until then.`]
}

const REMAINS = [
  'What remains: values and alerts of these stays, as those of nobody, until retention deletes them ("retention.numericsDays").',
  'Backups (those made by hand too) and folders that were set aside are copies of before: delete those, or erase again after a restore.',
  'Central keeps what it has, and is sent what was cut for it already. Nothing here leads from that to this person any more.',
]
