/**
 * `npm run prove -- [name …] [--quick] [--seed n]`: tries what Vigil promises against the real thing. Last line of each: JSON.
 * Exit code 0 when all passed and each control failed, 1 when not, 2 for wrong use, 3 when a part was missing.
 */

import { parseArgs } from 'node:util'
import { PROVES } from './proves.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean', default: false }, seed: { type: 'string' }, list: { type: 'boolean', default: false } } })
const wrongUse = (why: string): never => {
  process.stderr.write(`${why}\n`)
  process.exit(2)
}
const unknown = positionals.filter((name) => !Object.hasOwn(PROVES, name))
if (unknown.length > 0) wrongUse(`no prove "${unknown.join('", "')}". There are: ${Object.keys(PROVES).join(', ')}.`)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) + 1 : Number(values.seed)
if (!Number.isSafeInteger(seed) || seed < 1) wrongUse('--seed takes a whole number from 1 on')
if (values.list) {
  process.stdout.write(`${Object.keys(PROVES).join('\n')}\n`)
  process.exit(0)
}

let code = 0
for (const [name, load] of Object.entries(PROVES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const started = performance.now()
  const say = (line: string): void => void process.stderr.write(`${name.padEnd(12)} ${((performance.now() - started) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`)
  say(`seed ${seed}${values.quick ? ', quick' : ''}`)
  const { prove } = await load()
  const result = await prove({ quick: values.quick, seed, say })
  if (result.kind === 'skipped') {
    say(`skipped: ${result.why}`)
    process.stdout.write(`${JSON.stringify({ prove: name, pass: false, seed, skipped: result.why, figures: {}, control: { ran: false, failed: false } })}\n`)
    code ||= 3
    continue
  }
  const { figures, control } = result
  const pass = result.pass && (control === null || (control.ran && control.failed))
  for (const [figure, value] of Object.entries(figures)) say(`${figure.padEnd(40)} ${value}`)
  if (!result.pass) say('FAILED')
  if (control !== null && !control.failed) say('the control did not fail: this trial is blind')
  process.stdout.write(`${JSON.stringify({ prove: name, pass, seed, figures, control: control ?? { ran: false, failed: false } })}\n`)
  if (!pass) code = 1
}
// What a trial left behind must not keep a judgement from being told.
process.exit(code)
