/** Moving over the tiles with the arrow keys. */

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown'

export const isArrow = (key: string): key is Arrow => key === 'ArrowLeft' || key === 'ArrowRight' || key === 'ArrowUp' || key === 'ArrowDown'

/** The tile that an arrow leads to, from `index` among `count` in rows of `columns`. Stays where there is none. */
export function nextTile(index: number, arrow: Arrow, grid: { readonly columns: number; readonly count: number }): number {
  const step = arrow === 'ArrowLeft' ? -1 : arrow === 'ArrowRight' ? 1 : arrow === 'ArrowUp' ? -grid.columns : grid.columns
  const next = index + step
  return next >= 0 && next < grid.count ? next : index
}

/** How many tiles share the first row, by where they stand. */
export function columnsOf(tops: readonly number[]): number {
  const first = tops[0]
  const below = tops.findIndex((top) => first !== undefined && top > first + 1)
  return Math.max(1, below === -1 ? tops.length : below)
}
