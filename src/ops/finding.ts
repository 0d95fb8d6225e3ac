/** One thing that `vigil doctor` saw: what is so and, where something is to be done, what. */
export type Finding = { readonly grade: 'good' | 'odd' | 'wrong'; readonly what: string; readonly remedy: string | null }

export const good = (what: string): Finding => ({ grade: 'good', what, remedy: null })
export const odd = (what: string, remedy: string): Finding => ({ grade: 'odd', what, remedy })
export const wrong = (what: string, remedy: string): Finding => ({ grade: 'wrong', what, remedy })
