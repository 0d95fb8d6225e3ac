/** `vigil docs`: writes what is generated from code, or says whether it is fresh. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { type CliContext, CommandFailed } from './context.ts'

export function register(program: Command, context: CliContext): void {
  program
    .command('docs')
    .description('write the generated documents: JSON Schema of the site file, settings and metrics tables')
    .option('--check', 'write nothing; fail when one is stale')
    .action(async (options: { readonly check?: boolean }) => docs(options.check === true, context))
}

async function docs(check: boolean, { root, note }: CliContext): Promise<void> {
  const { generated } = await import('../config/documents.ts')
  const stale: string[] = []
  for (const [file, text] of generated()) {
    const path = join(root, file)
    if ((await readFile(path, 'utf8').catch(() => null)) === text) continue
    if (check) stale.push(file)
    else {
      await writeFile(path, text)
      note(`wrote ${file}`)
    }
  }
  if (stale.length > 0) throw new CommandFailed(`${stale.join(', ')}: older than the code it is made from. Run "npm run docs" and commit the result.`)
}
