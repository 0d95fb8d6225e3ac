/** `vigil sync explain`: what left, in words. */

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { syncLimits } from '../limits.ts'
import { REAL_TIME } from '../ops/clock.ts'
import { type AccessOptions, writePersonAccess } from './access.ts'
import { type CliContext, CommandFailed, UsageError } from './context.ts'
import { type FolderOptions, dataFolder, withFolder } from './folder.ts'

type Options = FolderOptions & AccessOptions & { readonly who?: boolean }

/** As central keeps it: far more than any batch is. */
const FILE_BYTES_MAX = 8 * syncLimits.batchBytesMax

export function registerExplain(sync: Command, context: CliContext): void {
  withFolder(sync.command('explain <batch>').description('what a batch tells, in words: one that waits to be sent, by its id, or a file with its body as central has it (- for standard input)'))
    .option('--who', 'also whose stays they are, as far as anybody still can say; with --by and --reason, which are written down first')
    .option('--by <name>', 'who looks')
    .option('--reason <words>', 'what for')
    .action(async (batch: string, options: Options) => explainBatch(batch, { folder: await dataFolder(options, context), options, context }))
}

async function explainBatch(batch: string, { folder, options, context }: { readonly folder: string; readonly options: Options; readonly context: CliContext }): Promise<void> {
  const [{ explain }, { waitingBatch, whoseSurrogate }] = await Promise.all([import('../sync/explain.ts'), import('../store/person.ts')])
  const bytes = batch === '-' || existsSync(batch) ? await bodyOf(batch, context) : waitingBatch(folder, batch)
  if (bytes === null) throw new CommandFailed(`no batch ${batch} waits here: what central has taken is not kept. Ask central for its body, and name the file.`)
  const explained = explain(jsonOf(bytes))
  if (typeof explained === 'string') throw new CommandFailed(explained)
  if (options.who === true) await writePersonAccess(folder, { at: context.clockOf(REAL_TIME).wall(), options, what: 'asked whose stays a batch tells of', about: { batch } })
  for (const line of explained.lines) context.write(line)
  if (options.who !== true) return
  context.write('')
  context.write('Whose they are, known here and never sent:')
  explained.subjects.forEach((subject, place) => {
    const whose = whoseSurrogate(folder, subject)
    context.write(`  stay ${place + 1}: ${whose === null ? 'nobody can say it any more' : `${whose.stay}, bed ${whose.bed ?? 'unknown'}, patient ${whose.mrn ?? 'of no number'}, ${whose.name ?? 'no name'}`}`)
  })
}

async function bodyOf(batch: string, { stdin }: CliContext): Promise<Uint8Array> {
  if (batch !== '-') return unpacked(await readFile(batch))
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stdin) {
    chunks.push(chunk)
    size += chunk.length
    if (size > FILE_BYTES_MAX) throw new UsageError(`a batch has not more than ${FILE_BYTES_MAX} bytes`)
  }
  return unpacked(Buffer.concat(chunks))
}

function unpacked(bytes: Uint8Array): Uint8Array {
  const most = { maxOutputLength: FILE_BYTES_MAX }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes, most)
  // RFC 8878, 3.1.1.
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd ? zstdDecompressSync(bytes, most) : bytes
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
}
