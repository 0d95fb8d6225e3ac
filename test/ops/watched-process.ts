/** A process under the watchdog: starts, which takes it long in one go; then hangs in an endless loop, with a folder while it reads mon-3, or lives for a while and ends. */

import { openInFlight } from '../../src/ops/in-flight.ts'
import { startWatchdog } from '../../src/ops/watchdog.ts'

const [, , how, folder] = process.argv
const inFlight = folder === undefined ? null : openInFlight(folder)
const watchdog = startWatchdog(inFlight?.path)
const hang = (): void => {
  inFlight?.begin(inFlight.markOf('mon-3'))
  for (;;);
}
const START_MS = how === 'hang' ? 100 : 1_500
for (const began = performance.now(); performance.now() - began < START_MS; );
watchdog.awake()
setTimeout(how === 'hang' ? hang : () => process.exit(0), how === 'hang' ? 400 : 1_200)
