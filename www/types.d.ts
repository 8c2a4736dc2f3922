/** The format of a checkpoint: `id` as in the report, `label` for people. */
export interface Format { id: string, label: string, version?: string }

/**
 * One entry of the metadata, its value as text. `path`: the keys of the containers around it, numbers in lists. `type`: what Python
 * would call it, or '' where the format has no types. An object's own entry stands before those below its path.
 */
export interface Entry { path: (string | number)[], type: string, value: string }

/** A name that a pickle would import. */
export interface PickledName {
  /** As Python 3 imports it. */
  name: string
  /** As it stands in the pickle, where that differs. */
  spelled?: string
  /** The byte of the opcode that names it. */
  at: number
  opcode: string
  level: 'in-torchs-list' | 'numpy-builder' | 'not-known' | 'runs-code' | 'hidden'
  reason: string
}

/** What following a pickle found, without running it. */
export interface Pickle {
  /** The record or file. */
  place: string
  protocol: number
  /** The byte at which following it stopped, and why; without it, it was followed to its end. */
  stopped?: number
  problem?: string
  /** What `torch.load(weights_only=True)` would do with it. */
  verdict?: { accepts: boolean, because?: string }
  names: PickledName[]
  /** How many names there are beyond those. */
  more: number
}

/** Something skipped or odd that the core met while opening. */
export interface Note { level: 'info' | 'warning' | 'danger', message: string, where?: string }

/** One layer of a model, in the order of the model. */
export interface Layer {
  name: string
  class?: string
  /** The shape that it gives, as its framework writes it. */
  output?: string
  trainable?: boolean
  /** In the order of its own `get_weights()`; `tensor` is an index of `tensors`, `index` the one of the model's `get_weights()`. */
  weights: { tensor: number, name: string, index?: number }[]
}

/**
 * One tensor as its checkpoint's header describes it. Its fields are read from the checkpoint's columns when they are asked for: JSON
 * has them, spreading does not. Lists may be shared by several tensors.
 */
export interface TensorInfo {
  index: number
  /** The full name, as in the file. */
  name: string
  /** The name's last part, below its group. */
  label: string
  dtype: string
  shape: number[]
  elements: number
  bytes: number
  /** Rows and columns as a matrix of real numbers: output channels by all other axes. */
  matrix?: [rows: number, columns: number]
  /** How many tensors are named as it is but for one number, such as that of a layer, itself among them: at least 3. */
  depth?: number
  device?: string
  /** In elements, one an axis; absent for row-major tensors. */
  strides?: number[]
  /** Indices of the tensors on the same storage. */
  shares?: number[]
  /** The index of the first tensor that shows the very same elements, which are counted once. */
  tied?: number
  /** Another name that the file has for it. */
  alias?: string
  role?: 'parameter' | 'buffer' | 'optimizer' | 'other'
  requiresGrad?: boolean
  storageBytes?: number
  /** Of its first element in the storage, in elements. */
  storageOffset?: number
  /** How the elements are kept, in a phrase, where that is not plainly strided. */
  layout?: string
  /** The stored parts of a tensor that is put together from several. */
  members?: { name: string, dtype: string, shape: number[], file?: string }[]
  /** `codes`: its values are the codes, and what these stand for is to be had by `dequantized`. */
  quantization?: { scheme: string, codes: boolean, scale?: number | 'NaN' | 'Infinity' | '-Infinity', zeroPoint?: number, axis?: number }
  file?: string
  /** The record of the file, such as an entry of an archive. */
  record?: string
  /** Whether `offset` is counted from the start of the record. */
  within: boolean
  /** Of its first byte in `file`, where known. */
  offset?: number
  /** The name of the file that it should be in, if that file was not given. */
  absent?: string
  /** Why its elements cannot be shown. */
  problem?: string
}

/** Statistics over the finite values; `std` is the population deviation. Those without a value are undefined. */
export interface Summary {
  count: number
  finite: number
  nan: number
  posInf: number
  negInf: number
  zeros: number
  min?: number
  max?: number
  mean?: number
  std?: number
  l2?: number
  absMean?: number
  skewness?: number
  /** 3 for a normal distribution. */
  kurtosis?: number
  /** Finite values other than zero below the smallest normal number of the type. */
  subnormal: number
  /** Row-major index of the first value of its kind, where known. */
  minAt?: number
  maxAt?: number
  nanAt?: number
  posInfAt?: number
  negInfAt?: number
  /** At the ranks 0.1, 1, 5, 25, 50, 75, 95, 99 and 99.9 percent, as `numpy.percentile` has them. */
  percentiles?: Float64Array
  /** How many finite values other than zero have which floor(log2 |x|): the first count is of `lowest`. */
  magnitudes?: { lowest: number, counts: Float64Array }
}

/** Limits and norms of the rows, or the columns, of a matrix; without a finite value +Infinity and -Infinity. */
export interface Lines { min: Float64Array, max: Float64Array, l2: Float64Array }

/** As `numpy.histogram` counts: `edges` is one longer than `counts`. Finite values outside the edges are `below` and `above`. */
export interface Histogram { edges: Float64Array, counts: Float64Array, below: number, above: number }

/** What is found in one tensor. `problem` says why there is no histogram. */
export interface Study {
  summary?: Summary
  histogram?: Histogram
  problem?: string
  /** Of the tensor as a matrix of its first axis by all others, or, in formats with output channels last, of all others by its last; if asked for. */
  channels?: { rows: Lines, columns: Lines }
}
/**
 * The singular values of a tensor as a matrix, the largest first. Not all of them (`exact` is false) beyond a short side of 2048: then
 * `errors` are estimates, the effective rank is at most, numerical rank and condition are at least what is told. What a matrix of zeros
 * has none of is undefined.
 */
export interface Spectrum {
  rows: number
  columns: number
  values: Float64Array
  /** How far off each value may be beyond rounding. */
  errors: Float64Array
  exact: boolean
  frobenius: number
  spectralNorm: number
  /** (Frobenius / spectral norm)². */
  stableRank?: number
  /** The exponential of the entropy of the values' shares in their sum. */
  effectiveRank?: number
  /** How many values are above the largest × the long side × 2^-52. */
  numericalRank: number
  /** The largest over the least. */
  condition?: number
}


/**
 * Two axes of a tensor in cells, row by row. A cell holds the value of largest magnitude (or a NaN, where there is one) of the
 * elements it stands for, and the indices of that value.
 */
export interface Plane {
  /** The lengths of the two axes. */
  rows: number
  columns: number
  /** How many cells there are. */
  height: number
  width: number
  values: Float64Array
  rowOf: Float64Array
  columnOf: Float64Array
  /** The 99.5th percentile of the magnitudes of the finite cells, or the largest where that is 0. */
  limit: number
  /** The finite cell with the largest magnitude. */
  largest?: number
  /** Cells that hold a NaN, or an infinity. */
  nan: number
  infinite: number
}

/** Which plane: the axes of rows and columns (without them the last two), the index on each other axis, and the most cells. */
export interface PlaneOptions {
  axes?: [number, number]
  /** One an axis; those of `axes` mean nothing. */
  fixed?: number[]
  width?: number
  height?: number
  dequantized?: boolean
}

/** One tensor that an analysis of many has finished: `error` if it could not be read. */
export interface Studied extends Study { index: number, error?: CheckpointError }

export interface StudyOptions {
  /** Of the histogram: 50 unless told. */
  bins?: number
  /** Of the histogram: all finite values unless told. */
  range?: [number, number]
  /** What codes stand for, instead of the codes. */
  dequantized?: boolean
  /** Whether limits and norms of rows and columns are wanted. */
  channels?: boolean
}

export interface Progress {
  tensors: number
  tensorsTotal: number
  bytes: number
  bytesTotal: number
  /** Finished since the last report of progress. */
  finished: Studied[]
}

/** One thing that a rule of health found. */
export interface Finding {
  /** The rule's id. */
  rule: string
  level: 'danger' | 'warning' | 'info'
  /** Whether it means what the rule says. */
  sure: 'certain' | 'likely' | 'possible'
  /** The tensor's name and index; none where findings that are not listed are counted. */
  tensor?: string
  index?: number
  /** The name of the other tensor, where it is about two. */
  other?: string
  place?: FindingPlace
  /** What it is depends on the rule: a count, a ratio, a value. */
  figure?: number
  /** One sentence. */
  message: string
}

/** One of these: an element; the first rows or columns, as in `channels`; other tensors; a way of drawing first values; the shape of the others; a parameter. */
export interface FindingPlace {
  index?: number[]
  rows?: number[]
  columns?: number[]
  also?: string[]
  rule?: string
  usual?: number[]
  parameter?: string
}

/** What the rules of health found in the tensors that were studied. */
export interface Health {
  studied: number
  /** Gravest first, then by rule, then in file order. */
  findings: Finding[]
  /** All rules that there are, in that order. */
  rules: { id: string, sure: Finding['sure'] }[]
}

export interface CallOptions { signal?: AbortSignal }

/**
 * Every rejection other than an `AbortError`. `crashed`: the reader failed and was restarted; the checkpoint is still open.
 */
export interface CheckpointError extends Error {
  kind: 'malformed' | 'unsupported' | 'too-large' | 'missing' | 'source' | 'query' | 'crashed'
  file?: string
  offset?: number
}

/** A file with the path that it had in its folder. */
export interface FileEntry { file: File, path: string }

export type Openable = File | FileEntry[] | File[] | FileList | string | URL

/** An open checkpoint. It owns one worker until it is closed, and more once much is to be analysed. */
export interface Checkpoint {
  readonly format: Format
  /** In file order. */
  readonly metadata: Entry[]
  /** None in formats without pickles. */
  readonly pickles: Pickle[]
  readonly notes: Note[]
  /** In file order. */
  readonly tensors: TensorInfo[]
  summary(index: number, options?: CallOptions & { dequantized?: boolean }): Promise<Summary | undefined>
  /** Rejects with `unsupported` where there is none (texts, no finite value, too many bins for the range). */
  histogram(index: number, options?: CallOptions & StudyOptions): Promise<Histogram>
  /** Both at the cost of one. */
  study(index: number, options?: CallOptions & StudyOptions & { onProgress?: (fraction: number) => void }): Promise<Study>
  /** Of several tensors, on all workers, in the order of `indices`: one that could not be read has an `error`. */
  studies(indices: number[], options?: CallOptions & StudyOptions & { depth?: 'moments' | 'full', onProgress?: (fraction: number) => void }): Promise<Studied[]>
  /** Rejects with `unsupported` for texts, with `query` for a plane that the tensor does not have. */
  plane(index: number, options?: CallOptions & PlaneOptions & { onProgress?: (fraction: number) => void }): Promise<Plane>
  /** Rejects with `unsupported` where there is none (values that are not finite), with `query` for what is no matrix. */
  spectrum(index: number, options?: CallOptions & { dequantized?: boolean, onProgress?: (fraction: number) => void }): Promise<Spectrum>
  /** SHA-256 over the elements, row-major, dense and little-endian, in hexadecimal digits; the report then has it, too. */
  sha256(index: number, options?: CallOptions & { onProgress?: (fraction: number) => void }): Promise<string>
  /** Row-major; integers beyond 2^53 and texts are strings. Without bounds: the whole tensor. */
  values(index: number, options?: CallOptions & { start?: number[], shape?: number[], dequantized?: boolean }): Promise<(number | string | boolean)[]>
  /**
   * Studies every tensor that `filter` finds, on all workers, and resolves to the report. `moments` leaves out percentiles, magnitudes and
   * what the health of the checkpoint is judged by. What is known already is not studied again.
   */
  analyze(options?: CallOptions & { filter?: string, depth?: 'moments' | 'full', onProgress?: (progress: Progress) => void }): Promise<object>
  /** What looks wrong in what was studied so far at full depth. */
  health(options?: CallOptions): Promise<Health>
  /** The `paramscope-report/1` object, with the summaries of what was analysed so far. */
  report(options?: CallOptions): Promise<object>
  /** Lines of Python that read this tensor. */
  python(index: number, options?: CallOptions): Promise<string>
  close(): void
}

/** Opens a checkpoint from files, or from a URL that is fetched whole. Reads headers only. */
export function openCheckpoint(files: Openable, options?: CallOptions): Promise<Checkpoint>

export interface ParamScopeEvents {
  'checkpoint-open': CustomEvent<{ checkpoint: Checkpoint }>
  'checkpoint-error': CustomEvent<{ error: Error }>
  'tensor-select': CustomEvent<{ tensor: TensorInfo }>
  'analysis-progress': CustomEvent<Progress>
}

/** `<param-scope>`. Every attribute is mirrored by the property of its name. */
export class ParamScope extends HTMLElement {
  static observedAttributes: string[]
  /** A URL to open, or ''. */
  src: string
  /** The chosen tensor's name, or ''. */
  tensor: string
  /** The details' view: `histogram`, `heatmap`, `channels`, `spectrum`, `depth`, `where`. */
  view: string
  /** The query in the filter box. */
  filter: string
  /** 10 to 500. */
  bins: number
  /** The scale of the histogram's counts. */
  scale: 'linear' | 'log'
  theme: 'auto' | 'light' | 'dark'
  /** Of the texts: `en` or `zh`. */
  lang: string
  /** Shows what it is given: no dropping, opening or closing by the person. */
  readonly: boolean
  readonly checkpoint: Checkpoint | null
  /** Of the texts as they are shown: `lang`, or what the browser prefers. */
  readonly language: string
  /** Rejects as `openCheckpoint` does; what was open then stays open. */
  open(files: Openable): Promise<Checkpoint>
  close(): void
  addEventListener<K extends keyof ParamScopeEvents>(type: K, listener: (event: ParamScopeEvents[K]) => void, options?: boolean | AddEventListenerOptions): void
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void
}

declare global {
  interface HTMLElementTagNameMap { 'param-scope': ParamScope }
}
