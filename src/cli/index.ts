/** All commands. Each file imports its heavy parts only when it runs. */

import type { Register } from './context.ts'
import { register as central } from './central.ts'
import { register as counts } from './counts.ts'
import { register as decode } from './decode.ts'
import { register as demo } from './demo.ts'
import { register as docs } from './docs.ts'
import { register as doctor } from './doctor.ts'
import { register as run } from './run.ts'
import { register as score } from './score.ts'
import { register as sim } from './sim.ts'
import { register as sync } from './sync.ts'
import { register as user } from './user.ts'

export const COMMANDS: readonly Register[] = [demo, run, doctor, decode, score, counts, sync, user, sim, central, docs]
