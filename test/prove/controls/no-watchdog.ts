/** For a control: a main thread that stands still is measured, not killed. */

import type { Watchdog } from '../../../src/ops/watchdog.ts'

export const startWatchdog = (): Watchdog => ({ beat: () => undefined, awake: () => undefined, stop: () => Promise.resolve() })
