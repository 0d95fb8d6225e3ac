/** A process under the watchdog: hangs in an endless loop, or lives for a while and ends. */

import { startWatchdog } from '../../src/ops/watchdog.ts'

startWatchdog()
const hang = (): void => {
  for (;;);
}
setTimeout(process.argv[2] === 'hang' ? hang : () => process.exit(0), process.argv[2] === 'hang' ? 500 : 2_500)
