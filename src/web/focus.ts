import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** Of a form that opens: the keyboard goes into its first field, once. */
export function useFirstField<Field extends HTMLElement>(): RefObject<Field | null> {
  const field = useRef<Field>(null)
  useEffect(() => field.current?.focus(), [])
  return field
}
