/** A process under the watchdog: hangs in an endless loop, with a folder while it reads mon-3, or lives for a while and ends. */

import { openInFlight } from '../../src/ops/in-flight.ts'
import { startWatchdog } from '../../src/ops/watchdog.ts'

const folder = process.argv[3]
const inFlight = folder === undefined ? null : openInFlight(folder)
startWatchdog(inFlight?.files)
const hang = (): void => {
  inFlight?.begin(inFlight.markOf('mon-3'))
  for (;;);
}
setTimeout(process.argv[2] === 'hang' ? hang : () => process.exit(0), process.argv[2] === 'hang' ? 500 : 2_500)
