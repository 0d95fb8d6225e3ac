/** What the kernel saw of a gateway: bytes written to files and sockets, and syncs, in the order in which they happened. */

import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { rest } from './senders.ts'

const WRITES = ['write', 'writev', 'sendto', 'sendmsg'] as const
const FILE_CALLS = ['pwrite64', 'fsync', 'fdatasync', 'ftruncate', 'unlink'] as const

/** Arguments of strace: whole strings, in hexadecimal, with the names of files and sockets. */
export const traceTo = (file: string): readonly string[] => ['-o', file, '-yy', '-xx', '-s', '2000000', '-e', `trace=${[...FILE_CALLS, ...WRITES].join(',')}`]

export type TraceEvent =
  | { readonly kind: 'write'; readonly file: string; readonly offset: number; readonly bytes: Buffer }
  /** All that was written to the file before number `since` of the events is on the disk. */
  | { readonly kind: 'sync'; readonly file: string; readonly since: number }
  | { readonly kind: 'truncate'; readonly file: string; readonly length: number }
  | { readonly kind: 'unlink'; readonly file: string }
  /** Bytes leave a TCP socket: they may be at the other end from here on. */
  | { readonly kind: 'sent'; readonly localPort: number; readonly remotePort: number; readonly bytes: Buffer }

/** Waits until strace has written down how the gateway ended. */
export async function traceEnded(file: string, pid: number): Promise<void> {
  const end = new RegExp(`^${pid} +\\+\\+\\+ (exited|killed)`, 'm')
  while (!existsSync(file) || !end.test(readFileSync(file, 'latin1').slice(-20_000))) await rest(20)
}

type Call = { readonly name: string; readonly args: string; readonly since: number }

/** Reads a trace. Calls that failed are left out: what they did is nothing. */
export async function readTrace(file: string): Promise<readonly TraceEvent[]> {
  const events: TraceEvent[] = []
  const unfinished = new Map<string, Call>()
  for await (const line of linesOf(file)) {
    const gap = line.indexOf(' ')
    const thread = line.slice(0, gap)
    const said = line.slice(gap).trimStart()
    const resumed = /^<\.\.\. (\w+) resumed>/.exec(said)
    if (resumed) {
      const call = unfinished.get(thread)
      unfinished.delete(thread)
      if (call && call.name === resumed[1]) finish(events, call, said)
      continue
    }
    const open = said.indexOf('(')
    const name = said.slice(0, open)
    if (open < 0 || !/^\w+$/.test(name)) continue
    const call = { name, args: said.slice(open + 1), since: events.length }
    // What leaves a socket counts from when it begins; what reaches a file, from when it is done.
    const sent = (WRITES as readonly string[]).includes(name) ? sentBy(call.args) : null
    if (sent) events.push(sent)
    if (said.endsWith('<unfinished ...>')) unfinished.set(thread, call)
    else finish(events, call, said)
  }
  return events
}

function finish(events: TraceEvent[], { name, args, since }: Call, said: string): void {
  const result = / = (-?\d+)[^"]*$/.exec(said.slice(-200))?.[1]
  if (result === undefined || Number(result) < 0) return
  switch (name) {
    case 'pwrite64': {
      const bytes = bytesOf(args)
      if (bytes.length !== Number(result)) throw new Error(`a short write or a cut string in the trace: ${bytes.length} of ${result} bytes`)
      const offset = Number(/, (\d+)(?:\) += |\s*<unfinished)/.exec(args.slice(-200))?.[1])
      events.push({ kind: 'write', file: fileOf(args), offset, bytes })
      return
    }
    case 'fsync':
    case 'fdatasync':
      events.push({ kind: 'sync', file: fileOf(args), since })
      return
    case 'ftruncate':
      events.push({ kind: 'truncate', file: fileOf(args), length: Number(/>, (\d+)/.exec(args)?.[1]) })
      return
    case 'unlink':
      events.push({ kind: 'unlink', file: bytesOf(args).toString() })
  }
}

function sentBy(args: string): TraceEvent | null {
  const [, local, remote] = /^\d+<TCP:\[[^\]]*?:(\d+)->[^\]]*?:(\d+)\]>/.exec(args) ?? []
  return local === undefined || remote === undefined ? null : { kind: 'sent', localPort: Number(local), remotePort: Number(remote), bytes: bytesOf(args) }
}

const unhex = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex')

/** All strings of a call, one after the other. */
function bytesOf(args: string): Buffer {
  const strings: Buffer[] = []
  for (let from = args.indexOf('"'); from >= 0; from = args.indexOf('"', from)) {
    const end = args.indexOf('"', from + 1)
    strings.push(unhex(args.slice(from + 1, end)))
    from = end + 1
  }
  return strings.length === 1 && strings[0] ? strings[0] : Buffer.concat(strings)
}

const names = new Map<string, string>()

/** `25<\x2f\x64…>` */
function fileOf(args: string): string {
  const hex = args.slice(args.indexOf('<') + 1, args.indexOf('>'))
  let name = names.get(hex)
  if (name === undefined) names.set(hex, (name = unhex(hex).toString()))
  return name
}

/** Lines of any length. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let begun: string[] = []
  const stream = createReadStream(file, { highWaterMark: 1_048_576 }).setEncoding('latin1')
  for await (const chunk of stream) {
    const lines = String(chunk).split('\n')
    const [first = '', ...more] = lines
    begun.push(first)
    for (const next of more) {
      yield begun.join('')
      begun = [next]
    }
  }
}
