/** Names the file that says how far the gateway's wall clock is ahead of the machine's, in ms (controls/stepped-clock.ts). */
export const OFFSET_FILE = 'VIGIL_PROVE_CLOCK'
/** `yes`: the clock that must never step does as well. */
export const MONO_STEPS = 'VIGIL_PROVE_MONO_STEPS'
