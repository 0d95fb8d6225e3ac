import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** Of a form that opens: the keyboard goes into its first field, once. */
export function useFirstField<Field extends HTMLElement>(): RefObject<Field | null> {
  const field = useRef<Field>(null)
  useEffect(() => field.current?.focus(), [])
  return field
}

/** Somebody writes there, or a scanner does: a key that is pressed is a letter, and no command. */
export const isTyping = (target: EventTarget | null): boolean => target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== 'radio')
