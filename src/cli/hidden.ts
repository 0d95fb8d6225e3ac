/** A question at the terminal whose answer is not shown. Through /dev/tty, so that a redirected output does not matter. */

import { openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { isatty, ReadStream } from 'node:tty'
import { CommandFailed } from './context.ts'

const STDIN = 0
const CHARACTERS_MAX = 4_096
const ENTER = /[\r\n]/
const INTERRUPT = '\u0003'
const END = '\u0004'
const BACKSPACE = ['\u007f', '\b']

/** null when standard input is no terminal: then the answer comes from there. */
export const askHidden = (): ((question: string, stop: AbortSignal) => Promise<string>) | null => (isatty(STDIN) ? ask : null)

async function ask(question: string, stop: AbortSignal): Promise<string> {
  await using screen = await open('/dev/tty', 'w')
  // The stream takes the descriptor over, and closes it.
  const keyboard = new ReadStream(openSync('/dev/tty', 'r'))
  try {
    await screen.write(question)
    keyboard.setRawMode(true)
    return await typed(keyboard, stop)
  } finally {
    keyboard.setRawMode(false)
    keyboard.destroy()
    await screen.write('\n')
  }
}

/** Listens by hand: leaving a loop over the stream would close it before the terminal shows what is typed again. */
function typed(keyboard: ReadStream, stop: AbortSignal): Promise<string> {
  const characters: string[] = []
  keyboard.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    const broken = (): void => reject(new CommandFailed('Broken off. Nothing was changed.'))
    stop.addEventListener('abort', broken, { once: true })
    keyboard.on('error', broken)
    keyboard.on('end', broken)
    keyboard.on('data', (chunk) => {
      for (const character of String(chunk)) {
        if (ENTER.test(character)) return resolve(characters.join(''))
        if (character === INTERRUPT || character === END) return broken()
        if (BACKSPACE.includes(character)) characters.pop()
        else if (characters.length < CHARACTERS_MAX) characters.push(character)
      }
    })
  })
}
