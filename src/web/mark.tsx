import type { AlertView } from '../api/wire.ts'
import { priorityMark } from './words.ts'

/** A priority by shape and stars, so that nobody needs to tell colours apart. */
export function Mark({ priority }: { readonly priority: AlertView['priority'] }) {
  return <span class="mark" data-priority={priority} aria-hidden="true">{priorityMark(priority)}</span>
}
