/** All commands. Each file imports its heavy parts only when it runs. */

import type { Register } from './context.ts'
import { register as backup } from './backup.ts'
import { register as central } from './central.ts'
import { register as counts } from './counts.ts'
import { register as decode } from './decode.ts'
import { register as demo } from './demo.ts'
import { register as docs } from './docs.ts'
import { register as doctor } from './doctor.ts'
import { register as driver } from './driver.ts'
import { register as learn } from './learn.ts'
import { register as probe } from './probe.ts'
import { register as quarantine } from './quarantine.ts'
import { register as replay } from './replay.ts'
import { register as restore } from './restore.ts'
import { register as run } from './run.ts'
import { register as score } from './score.ts'
import { register as sim } from './sim.ts'
import { register as sync } from './sync.ts'
import { register as user } from './user.ts'
import { register as verify } from './verify.ts'

export const COMMANDS: readonly Register[] = [demo, run, doctor, decode, driver, probe, learn, replay, quarantine, score, counts, sync, user, backup, restore, verify, sim, central, docs]
