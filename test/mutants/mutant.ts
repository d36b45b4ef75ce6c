/** One deliberate bug: exact text of the product that is replaced in a copy, and the check that has to notice. */

export interface Mutant {
  /** What is broken, in the words of the contract. */
  readonly name: string
  /** Below `packages/`. */
  readonly file: string
  /** Must occur exactly once. */
  readonly from: string
  readonly to: string
  /** Default: seeds of the simulator, until one breaks the contract. */
  readonly foundBy?: FoundBy
}

export type FoundBy =
  /** `npm run simulate` with so many seeds at most. */
  | { readonly simulate: number }
  /** A test file below the repository's root that fails. */
  | { readonly test: string }
