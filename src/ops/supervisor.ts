/** Keeps child processes alive: starts them, passes on what they say, starts them again when they die. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { supervisorLimits } from '../limits.ts'

export type ChildSetting = {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Each line of its stderr and stdout. */
  readonly line: (line: string) => void
  /** What it sends over its channel. */
  readonly message: (message: unknown) => void
  /** It ended without being asked to; it is started again after a pause, unless this says that there is no use. */
  readonly died: (how: string, code: number | null) => 'again' | 'give-up'
}

export type Child = {
  /** Resolves when the child has ended for good: it was stopped, or given up. */
  readonly ended: Promise<void>
  pid(): number | undefined
  /** Asks it to end; after `stopMs` it is ended. */
  stop(): Promise<void>
}

export function keepAlive(setting: ChildSetting): Child {
  let stopping = false
  let child: ChildProcess | null = null

  async function live(): Promise<void> {
    for (let quickDeaths = 0; !stopping; ) {
      const startedAt = Date.now()
      const running = start(setting)
      child = running
      const how = await once(running, 'exit').then(
        ([code, signal]: unknown[]) => ({ code: typeof code === 'number' ? code : null, how: typeof signal === 'string' ? signal : `exit ${String(code)}` }),
        // Waiting for one event fails with an "error" event: it could not even be started.
        (error: unknown) => ({ code: null, how: String(error) }),
      )
      if (stopping || setting.died(how.how, how.code) === 'give-up') return
      // A child that keeps dying is started more and more slowly; one that had lived is back at once.
      quickDeaths = Date.now() - startedAt < supervisorLimits.livedMs ? quickDeaths + 1 : 0
      await delay(Math.min(supervisorLimits.restartDelayMsMax, supervisorLimits.restartDelayMs * 2 ** quickDeaths))
    }
  }

  const ended = live()
  return {
    ended,
    pid: () => child?.pid,
    async stop() {
      stopping = true
      child?.kill('SIGTERM')
      const killer = setTimeout(() => child?.kill('SIGKILL'), supervisorLimits.stopMs)
      await ended
      clearTimeout(killer)
    },
  }
}

function start({ command, args, cwd, env, line, message }: ChildSetting): ChildProcess {
  // A process group of its own: Ctrl-C reaches the parent alone, which stops its children in order.
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true })
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream?.setEncoding('utf8')
    stream?.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = (lines.pop() ?? '').slice(-supervisorLimits.lineCharsMax)
      for (const whole of lines) line(whole)
    })
  }
  child.on('message', message)
  return child
}
