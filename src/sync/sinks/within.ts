/** A call with an end: whatever a client library does, the pump gets its turn back. */

import { syncLimits } from '../../limits.ts'

/** `late`: nothing came within `timeoutMs`. `stopped`: whoever asked does not want to know any more. Neither says whether it was done. */
export type Within<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'late' }
  | { readonly kind: 'stopped' }

/** Ends what may be held by an other end that hangs, for ever: not waited for longer than this, and what comes of it is nobody's any more. Never rejects. */
export const letGo = async (end: () => Promise<unknown> | undefined): Promise<void> =>
  void (await within(async () => end(), syncLimits.letGoMs, new AbortController().signal))

/** Never rejects. Real time: it bounds a call over a network. `begin` gets a signal that aborts when nobody waits any more. */
export async function within<Result>(begin: (over: AbortSignal) => Promise<Result>, timeoutMs: number, stop: AbortSignal): Promise<Within<Result>> {
  if (stop.aborted) return { kind: 'stopped' }
  const over = new AbortController()
  return new Promise((resolve) => {
    const end = (outcome: Within<Result>): void => {
      clearTimeout(timer)
      stop.removeEventListener('abort', stopped)
      // What is done needs no end, and a connection that is to be kept would not like one.
      if (outcome.kind === 'late' || outcome.kind === 'stopped') over.abort()
      resolve(outcome)
    }
    const stopped = (): void => end({ kind: 'stopped' })
    const timer = setTimeout(() => end({ kind: 'late' }), timeoutMs)
    stop.addEventListener('abort', stopped, { once: true })
    begin(over.signal).then(
      (result) => end({ kind: 'done', result }),
      (error: unknown) => end({ kind: 'failed', error }),
    )
  })
}

/** The code of a network error names it best (ECONNREFUSED, CERT_HAS_EXPIRED); messages may hold addresses. */
export function faultOf(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason)
  if (!('code' in reason) || typeof reason.code !== 'string') return reason.message
  return reason.code === 'EPROTO' ? 'EPROTO: it does not speak TLS 1.3' : reason.code
}
