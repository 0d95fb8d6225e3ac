/** One WebSocket, with its handlers taken off when it is closed: nothing of a dropped link is heard any more. */

export type SocketEvents = { readonly opened: () => void; readonly message: (text: string) => void; readonly closed: (code: number) => void }

export interface PageSocket {
  /** False when the socket is not open: the text went nowhere. */
  send(text: string): boolean
  close(): void
}

/** Nobody answered at all: as a socket that never opened. */
const NO_ANSWER = 1006
const NOT_LOGGED_IN = 401
const NOT_THERE = 500

/**
 * Asks for `question` first, and opens the socket when the gateway answers. Chromium lets a page wait for each further socket,
 * up to 5 s, once some sixteen came to nothing; for a plain question it never does. And only to that does a browser tell that
 * nobody is logged in.
 */
export function openSocketWhenThere(address: string, question: string, events: SocketEvents & { readonly denied: () => void }): PageSocket {
  const over = new AbortController()
  const { signal } = over
  let socket: PageSocket | null = null
  async function ask(): Promise<void> {
    const status = await fetch(question, { credentials: 'same-origin', cache: 'no-store', signal }).then(statusOf, () => NOT_THERE)
    if (signal.aborted) return
    if (status === NOT_LOGGED_IN) events.denied()
    else if (status >= NOT_THERE) events.closed(NO_ANSWER)
    else socket = openSocket(address, events)
  }
  void ask()
  return {
    send: (text) => socket?.send(text) ?? false,
    close() {
      over.abort()
      socket?.close()
    },
  }
}

function statusOf(response: Response): number {
  void response.body?.cancel()
  return response.status
}

export function openSocket(address: string, events: SocketEvents): PageSocket {
  const socket = new WebSocket(address)
  const over = new AbortController()
  const { signal } = over
  const closed = (code: number): void => {
    over.abort()
    events.closed(code)
  }
  socket.addEventListener('open', events.opened, { signal })
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => events.message(typeof data === 'string' ? data : ''), { signal })
  // An error is always followed by a close, and only the close says why.
  socket.addEventListener('close', ({ code }) => closed(code), { signal })
  return {
    send(text) {
      if (signal.aborted || socket.readyState !== WebSocket.OPEN) return false
      socket.send(text)
      return true
    },
    close() {
      over.abort()
      socket.close()
    },
  }
}
