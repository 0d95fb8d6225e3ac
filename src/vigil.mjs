#!/usr/bin/env node
// The door, in syntax that any Node can read: checks the version, says what to do, and lets main.ts in.
import module from 'node:module'
import { dirname } from 'node:path'

const WANTED = 24
const have = Number(process.versions.node.split('.')[0])

if (have < WANTED) {
  process.stderr.write(
    `Vigil needs Node.js ${WANTED} or later; this is ${process.versions.node} (${process.execPath}).\n` +
      'In a checkout, let npm start it: "npm start", or "npm run -s vigil -- <command>". npm ci put Node 24 into node_modules\n' +
      'on Linux (x64 and arm64); on other systems install Node 24 from your package manager first.\n',
  )
  process.exitCode = 2
} else {
  module.enableCompileCache?.()
  // A worker thread looks for the cache in the environment alone; without it each strips its types anew: half a second, 45 MB.
  const cache = module.getCompileCacheDir?.()
  if (cache && !process.env.NODE_COMPILE_CACHE) process.env.NODE_COMPILE_CACHE = dirname(cache)
  const { main } = await import('./main.ts')
  await main()
}
