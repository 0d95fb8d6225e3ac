// `npm run check`: types, lint, documents fresh.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const steps = [
  ['types', ['node_modules/typescript/bin/tsc', '-p', '.']],
  ['lint', ['node_modules/oxlint/bin/oxlint', '-c', 'test/oxlint.json', '--type-aware', '--deny-warnings', 'src', 'drivers', 'simulators']],
  ['documents', ['src/vigil.mjs', 'docs', '--check']],
]
for (const [name, args] of steps) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) {
    process.stderr.write(`check failed: ${name}\n`)
    process.exit(1)
  }
}
