// The boundary with the module of singular values, as the worker uses it.

/** The way from a matrix to its singular values. Throws an Error that says why there are none. */
export class Decomposition {
  constructor(rows: number, columns: number)
  /** The first of the vectors that it wants next, and how many: as `OpenedMatrix.vectors` gives them. */
  wanted(): Float64Array | undefined
  take(vectors: Float64Array): void
  /** The fraction of all reading that is done. */
  done(): number
  /** Where all values are computed, a long step. */
  finish(): Found
}

/** What was found; see `Spectrum` of the page's types. */
export class Found {
  private constructor()
  values(): Float64Array
  errors(): Float64Array
  exact(): boolean
  frobenius(): number
  spectralNorm(): number
  stableRank(): number | undefined
  effectiveRank(): number | undefined
  numericalRank(): number
  condition(): number | undefined
}

export default function init(options: { module_or_path: URL }): Promise<unknown>
