/**
 * Serial ports out of nothing: `script` (bsdutils, on every Debian) opens a pseudo-terminal without native code. What we
 * write to its stdin comes out of the terminal; what a gateway writes there comes out of its stdout.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { constants, existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, readlink, rename, symlink, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { simulatorLimits } from '../src/limits.ts'
import { within } from './monitors/bell.ts'

export type Pty = {
  /** The stable name: a link that is there exactly as long as the cable is in. */
  readonly path: string
  /** The terminal it points at, `/dev/pts/3`. */
  readonly terminal: string
  /** False when the bytes were dropped, because too many wait already. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly onData: (listener: (bytes: Uint8Array) => void) => void
  /** Whether anybody has the port open. A real line keeps nothing for a listener that comes later; a terminal would. */
  readonly heard: () => Promise<boolean>
  /** Throws away what was written and never read. */
  readonly drain: () => Promise<void>
  /** Settles when the terminal is gone, whoever ended it. */
  readonly closed: Promise<void>
  /** Pulls the cable: the link vanishes, and whoever has the port open sees it hang up. */
  readonly close: () => Promise<void>
}

/** Whether this machine can open pseudo-terminals this way. */
export function hasPty(): boolean {
  const tried = spawnSync('script', ['-qfc', 'tty', '/dev/null'], { stdio: ['ignore', 'pipe', 'ignore'], timeout: simulatorLimits.ptyOpenTimeoutMs, encoding: 'latin1' })
  return tried.status === 0 && tried.stdout.startsWith('/dev/') && existsSync('/proc/self')
}

/** Null where `script` is missing or of another kind (macOS): a line must then go over TCP. */
export async function openPty(link: string): Promise<Pty | null> {
  const opened = await openTerminal()
  if (opened === null) return null
  const { child, terminal } = opened
  await mkdir(dirname(link), { recursive: true })
  // Made beside and moved over: the name never points at nothing.
  const beside = `${link}.${child.pid ?? 0}`
  await symlink(terminal, beside)
  await rename(beside, link)
  const readers = readersOf(terminal, child.pid ?? 0)
  const { stdin } = child
  return {
    path: link,
    terminal,
    write(bytes) {
      if (stdin === null || !stdin.writable || stdin.writableLength > simulatorLimits.serialBacklogBytesMax) return false
      stdin.write(bytes)
      return true
    },
    onData: (listener) => void child.stdout?.on('data', listener),
    heard: readers,
    drain: () => drainTerminal(terminal),
    closed: opened.ended,
    async close() {
      if ((await readlink(link).catch(() => null)) === terminal) await unlink(link).catch(() => undefined)
      await endProcess(opened)
    },
  }
}

type Terminal = { readonly child: ChildProcess; readonly terminal: string; readonly ended: Promise<void> }

/** The shell inside lives as long as we do and holds the terminal open, so that a gateway may come and go. */
const command = (ownPid: string): string => `stty raw -echo; tty; while kill -0 ${ownPid} 2>/dev/null; do sleep 5 </dev/null >/dev/null 2>&1; done`

async function openTerminal(): Promise<Terminal | null> {
  const ownPid = await readlink('/proc/self').catch(() => null)
  if (ownPid === null) return null
  // `script -c` asks $SHELL, which may speak another language than ours.
  const child = spawn('env', ['SHELL=/bin/sh', 'script', '-qfc', command(ownPid), '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
  // A broken pipe is how we hear of a killed `script`; `ended` says the rest.
  child.stdin.on('error', () => undefined)
  const named = firstLine(child)
  const name = await Promise.race([named, ended.then(() => null)])
  if (name?.startsWith('/dev/') === true) return { child, terminal: name, ended }
  await endProcess({ child, terminal: '', ended })
  return null
}

/** The name that `tty` prints; null when it does not come. */
function firstLine(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    let text = ''
    const timer = setTimeout(() => resolve(null), simulatorLimits.ptyOpenTimeoutMs)
    const take = (bytes: Buffer): void => {
      text += bytes.toString('latin1')
      const [line, rest] = text.split(/[\r\n]/, 2)
      if (rest === undefined && text.length < 256) return
      clearTimeout(timer)
      child.stdout?.off('data', take)
      // From here on the stream flows even when nobody listens: a full pipe would block the terminal.
      child.stdout?.resume()
      resolve(line ?? null)
    }
    child.stdout?.on('data', take)
  })
}

const END_MS = 2_000

async function endProcess({ child, ended }: Terminal): Promise<void> {
  child.stdout?.resume()
  // Asked politely, `script` waits for its shell for seconds. Killed, its end of the terminal closes, which hangs up the shell.
  child.kill('SIGKILL')
  await within(END_MS, ended)
}

async function drainTerminal(terminal: string): Promise<void> {
  const file = await open(terminal, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK).catch(() => null)
  if (file === null) return
  const scratch = new Uint8Array(simulatorLimits.serialBacklogBytesMax)
  // A terminal with nothing to read answers EAGAIN.
  const readSome = (): Promise<number> => file.read(scratch, 0, scratch.length, null).then((read) => read.bytesRead).catch(() => 0)
  while ((await readSome()) > 0);
  await file.close().catch(() => undefined)
}

/**
 * Looks through /proc for processes that hold `terminal` open, other than `script` and its children. The one that was
 * found is asked first the next time, so that a line that is read costs one look. Without /proc the answer is yes.
 */
function readersOf(terminal: string, scriptPid: number): () => Promise<boolean> {
  let known: string | null = null
  const holds = async (descriptor: string): Promise<boolean> => (await readlink(descriptor).catch(() => '')) === terminal
  return async () => {
    if (known !== null && (await holds(known))) return true
    known = null
    const processes = await readdir('/proc').catch(() => null)
    if (processes === null) return true
    for (const pid of processes) {
      if (!/^\d+$/.test(pid)) continue
      for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
        const path = `/proc/${pid}/fd/${descriptor}`
        if (!(await holds(path)) || (await descendsFrom(pid, scriptPid))) continue
        known = path
        return true
      }
    }
    return false
  }
}

/** How many parents up is looked: script, its shell, what the shell starts. */
const GENERATIONS = 4

async function descendsFrom(pid: string, ancestor: number): Promise<boolean> {
  let at = pid
  for (let up = 0; up < GENERATIONS && at !== ''; up++) {
    if (Number(at) === ancestor) return true
    const status = await readFile(`/proc/${at}/status`, 'utf8').catch(() => '')
    at = /^PPid:\s*(\d+)/m.exec(status)?.[1] ?? ''
  }
  return false
}
