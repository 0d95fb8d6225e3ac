// `npm test`: the check, then every test. Plain JavaScript, so that the oldest supported npm can start it.
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
// Tests start hundreds of threads and processes; without a cache each of them strips the types of all its modules anew.
const NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'node-compile-cache')
const env = { ...process.env, NODE_COMPILE_CACHE, VIGIL_ALL_TESTS: process.argv.length > 2 ? '' : '1' }
const run = (args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status ?? 1

const failed =
  run(['test/check.mjs']) ||
  run(['node_modules/vite/bin/vite.js', 'build', '--config', 'src/web/vite.config.ts', '--logLevel', 'warn']) ||
  run(['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts', ...process.argv.slice(2)])
process.exitCode = failed
