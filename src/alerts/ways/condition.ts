/** Technical alerts about the ways out: one of each way that fails, and one where no screen of ours shows what is high. */

export const WAY_FAILING = 'technical/way-failing:'
export const NO_SCREEN = 'technical/no-screen'
export const conditionOf = (way: string): string => WAY_FAILING + way
