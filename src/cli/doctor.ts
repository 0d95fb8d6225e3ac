/** `vigil doctor`: looks at this machine and a site file, and says in words what is wrong and what to do. */

import { join } from 'node:path'
import type { Command } from 'commander'
import { type CliContext, CommandFailed } from './context.ts'

type Options = { readonly config?: string; readonly json?: boolean }

export function register(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('check this machine, and with --config a site file: says what is wrong and what to do')
    .option('--config <file>', 'the site file')
    .option('--json', 'one JSON object a line')
    .action(async (options: Options) => doctor(options, context))
}

async function doctor({ config, json }: Options, context: CliContext): Promise<void> {
  const { checkMachine, checkSite } = await import('../ops/doctor.ts')
  const machine = { root: context.root, pages: join(context.root, 'dist', 'web', 'index.html') }
  const findings = [...(await checkMachine(machine)), ...(config === undefined ? [] : await checkSite(config, context.env))]
  for (const finding of findings) {
    if (json === true) context.write(JSON.stringify(finding))
    else context.write(`${MARKS[finding.grade]} ${finding.what}${finding.remedy === null ? '' : `\n    → ${finding.remedy}`}`)
  }
  const wrong = findings.filter(({ grade }) => grade === 'wrong').length
  if (wrong > 0) throw new CommandFailed(`${wrong} thing${wrong === 1 ? '' : 's'} to mend.`)
  if (json !== true) context.write('Nothing stands in the way.')
}

const MARKS = { good: 'ok   ', odd: 'note ', wrong: 'WRONG' } as const
