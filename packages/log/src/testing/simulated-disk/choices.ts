/**
 * Where the world may go one way or another (does this sector reach the disk?) a chooser decides: by chance for long runs, or one
 * after the other through all there is for small ones.
 */

/** 0 to `count` - 1. */
export type Choose = (count: number) => number

/**
 * Runs `run` once for every combination of its choices, which must depend on nothing but the choices before them. Returns how many
 * there were. Stops with an Error beyond `limit`, so that a workload that is too large is noticed.
 */
export async function forEveryChoice(run: (choose: Choose) => unknown, { limit = 1_000_000 } = {}): Promise<number> {
  let path: { chosen: number; count: number }[] = []
  for (let total = 1; ; total++) {
    let depth = 0
    await run(count => {
      if (count <= 1) return 0
      if (depth === path.length) path.push({ chosen: 0, count })
      const step = path[depth++]!
      if (step.count !== count) throw new Error('a choice depends on something other than the choices before it')
      return step.chosen
    })
    while (path.length > 0 && path.at(-1)!.chosen === path.at(-1)!.count - 1) path = path.slice(0, -1)
    if (path.length === 0) return total
    path.at(-1)!.chosen++
    if (total >= limit) throw new Error(`more than ${limit} combinations`)
  }
}
