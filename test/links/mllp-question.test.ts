import { once } from 'node:events'
import { type Socket, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { latin1, utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import { linkLimits } from '../../src/limits.ts'
import { askOverMllp } from '../../src/links/mllp-question.ts'

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})
const never = new AbortController().signal
/** Machines are slow: whether it is answered is the question here, and not when. */
const PATIENCE_MS = 60_000

/** A system that does this with each piece it hears. */
async function system(hear: (socket: Socket, bytes: Buffer) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', (bytes: Buffer) => hear(socket, bytes)).on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  endings.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** Messages that begin with `yes` answer. */
const read = (message: Uint8Array): string | null => (latin1(message).startsWith('yes') ? latin1(message) : null)
const ask = (port: number, over: { readonly timeoutMs?: number; readonly stop?: AbortSignal } = {}) =>
  askOverMllp({ host: '127.0.0.1', port, bytes: utf8('who?'), read, timeoutMs: over.timeoutMs ?? PATIENCE_MS }, over.stop ?? never)

describe('a question over MLLP', () => {
  it('is asked framed, and answered by the first message that answers', async () => {
    let heard = ''
    const port = await system((socket, bytes) => {
      heard += latin1(bytes)
      if (!heard.endsWith('\u001c\r')) return
      socket.write(Buffer.concat([mllpFrame(utf8('wait')), mllpFrame(utf8('yes, it is')), mllpFrame(utf8('yes, another'))]))
    })
    expect(await ask(port)).toEqual({ kind: 'answered', answer: 'yes, it is' })
    expect(heard).toBe('\u000bwho?\u001c\r')
  })

  it('is answered in whatever pieces', async () => {
    const port = await system((socket) => {
      socket.setNoDelay(true)
      const bytes = Buffer.from(mllpFrame(utf8('yes')))
      const next = (at: number): void => {
        if (at < bytes.length) socket.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1))
      }
      next(0)
    })
    expect(await ask(port)).toEqual({ kind: 'answered', answer: 'yes' })
  })

  it('that is not answered is over in time, said in words', async () => {
    const port = await system((socket) => void socket.write(mllpFrame(utf8('wait'))))
    expect(await ask(port, { timeoutMs: 50 })).toEqual({ kind: 'failed', why: 'no answer within 0.05 s' })
  })

  it('to somebody who hangs up, who is not there, or when we stop, fails in words', async () => {
    const port = await system((socket) => void socket.end(mllpFrame(utf8('wait'))))
    expect(await ask(port)).toEqual({ kind: 'failed', why: 'hung up without an answer' })
    for (const end of endings.splice(0)) end()
    expect(await ask(port)).toEqual({ kind: 'failed', why: expect.stringContaining('ECONNREFUSED') })
    const silent = await system(() => undefined)
    const stop = new AbortController()
    const asked = ask(silent, { stop: stop.signal })
    stop.abort()
    expect(await asked).toEqual({ kind: 'failed', why: 'stopped' })
    expect(await ask(silent, { stop: stop.signal })).toEqual({ kind: 'failed', why: 'stopped' })
  })

  it('reads no more than an answer has', async () => {
    const many = (bytes: number) => system((socket) => void socket.write(Buffer.concat([Buffer.alloc(bytes, 'x'), mllpFrame(utf8('yes'))])))
    expect(await ask(await many(linkLimits.answerBytesMax - 100))).toEqual({ kind: 'answered', answer: 'yes' })
    const endless = await system((socket) => void socket.write(Buffer.alloc(linkLimits.answerBytesMax + 1, 'x')))
    expect(await ask(endless)).toEqual({ kind: 'failed', why: 'more than an answer has' })
  })
})
