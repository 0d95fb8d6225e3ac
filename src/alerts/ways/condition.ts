/** The technical alert of a way that fails: one condition a way. */

export const WAY_FAILING = 'technical/way-failing:'
export const conditionOf = (way: string): string => WAY_FAILING + way
