/** One WebSocket, with its handlers taken off when it is closed: nothing of a dropped link is heard any more. */

export type SocketEvents = { readonly opened: () => void; readonly message: (text: string) => void; readonly closed: (code: number) => void }

export interface PageSocket {
  /** False when the socket is not open: the text went nowhere. */
  send(text: string): boolean
  close(): void
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
