/** One question over MLLP to a system that answers: call, ask, hear, hang up. */

import { connect } from 'node:net'
import { MllpFramer, mllpFrame } from '../codec/mllp.ts'
import { linkLimits } from '../limits.ts'

export type Answered<Answer> = { readonly kind: 'answered'; readonly answer: Answer } | { readonly kind: 'failed'; readonly why: string }

export type Question<Answer> = {
  readonly host: string
  readonly port: number
  /** One message, without framing. */
  readonly bytes: Uint8Array
  /** What a message answers; null for one that is no answer. */
  readonly read: (message: Uint8Array) => Answer | null
  readonly timeoutMs?: number
}

/** Never rejects. Over within `timeoutMs` whatever the other end does. */
export function askOverMllp<Answer>({ host, port, bytes, read, timeoutMs = linkLimits.questionMs }: Question<Answer>, stop: AbortSignal): Promise<Answered<Answer>> {
  return new Promise((resolve) => {
    const framer = new MllpFramer({ frameBytesMax: linkLimits.answerBytesMax, keptBytesMax: 0, noiseSpanBytesMax: linkLimits.answerBytesMax })
    const over = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)])
    const socket = connect({ host, port, noDelay: true })
    let heardBytes = 0
    const end = (answered: Answered<Answer>): void => {
      over.removeEventListener('abort', late)
      socket.destroy()
      resolve(answered)
    }
    const fail = (why: string): void => end({ kind: 'failed', why })
    const late = (): void => fail(stop.aborted ? 'stopped' : `no answer within ${timeoutMs / 1_000} s`)
    if (over.aborted) return late()
    over.addEventListener('abort', late)
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => fail('hung up without an answer'))
    socket.once('connect', () => void socket.write(mllpFrame(bytes)))
    socket.on('data', (chunk: Buffer) => {
      heardBytes += chunk.length
      for (const frame of framer.push(chunk)) {
        const answer = frame.kind === 'message' ? read(frame.content) : null
        if (answer !== null) return end({ kind: 'answered', answer })
      }
      if (heardBytes > linkLimits.answerBytesMax) fail('more than an answer has')
    })
  })
}
