// The boundary with the wasm core, as the page and the worker use it. The build puts wasm-bindgen's `core.js` and
// `core_bg.wasm` beside this file. All byte and element counts are plain numbers; names are as in the file.

import type { Entry, Format, Histogram, Layer, Note, Pickle, Plane, Summary, TensorInfo } from '../types'

/** Instantiates the module: from its address, or from one that is compiled already. */
export default function init(options: { module_or_path: WebAssembly.Module | URL }): Promise<unknown>

/** What `Opened.facts` tells about a checkpoint as a whole. */
export interface Facts {
  format: Format
  producer?: string
  files: { name: string, bytes: number }[]
  metadata: Entry[]
  pickles: Pickle[]
  notes: Note[]
  layers: Layer[]
  tensors: number
  /** Elements of what may be parameters, tied ones once. */
  parameters: number
  /** Of the tensors. */
  bytes: number
  /** What is known to be no parameter, by the names of roles. */
  beside: { role: string, elements: number }[]
  fileBytes: number
  /** Shares are of the tensors' bytes, 0 to 1. */
  dtypes: { dtype: string, bytes: number, share: number }[]
}

/** A node of the module tree. */
export interface Group { path: string, label: string, tensors: number, parameters: number, bytes: number }

export type SortKey = 'file' | 'name' | 'shape' | 'dtype' | 'parameters' | 'bytes'

/** Rows in order, everything expanded. */
export interface Table {
  /** A tensor's index, or `~` of a group's id. */
  rows: Int32Array
  depths: Uint8Array
  /** How many of the rows below belong to a row; 0 for a tensor. */
  spans: Uint32Array
  matches: number
  parameters: number
}

/** An open checkpoint. Only in a dedicated worker: it reads through `FileReaderSync`. */
export class Opened {
  private constructor()
  static open(files: File[], paths: string[]): Opened
  facts(): Facts
  tensors(): TensorInfo[]
  groups(): Group[]
  table(query: string, sort: SortKey, descending: boolean, grouped: boolean): Table
  analysis(index: number, bins: number, low?: number, high?: number, dequantized?: boolean): Analysis
  plane(index: number, rows: number | undefined, columns: number | undefined, fixed: Float64Array, width: number, height: number, dequantized?: boolean): PlaneReading
  matrix(index: number, dequantized?: boolean): OpenedMatrix
  values(index: number, start: Float64Array, shape: Float64Array, dequantized?: boolean): (number | string | boolean)[]
  report(): string
  python(index: number): string
  free(): void
}

/** One tensor's statistics in the making, a chunk a step. */
export class Analysis {
  private constructor()
  /** Fraction done; 1 is finished. */
  step(opened: Opened): number
  summary(): Summary | undefined
  histogram(): Histogram | undefined
  histogramProblem(): string | undefined
  free(): void
}

/** The picture of a plane in the making, some chunks a step. */
export class PlaneReading {
  private constructor()
  /** Fraction done; 1 is finished. */
  step(opened: Opened): number
  pooled(): Plane | undefined
  free(): void
}

/** A tensor as a matrix. */
export class OpenedMatrix {
  private constructor()
  rows(): number
  columns(): number
  /** Of its rows, or of its columns where there are more of them: `count` from the `first` on, one behind the other. */
  vectors(opened: Opened, first: number, count: number): Float64Array
}

/** A format the core reads. */
export interface KnownFormat { id: string, label: string, extensions: string[] }

export function formats(): KnownFormat[]
/** Start and end pairs, in UTF-16 units, of what a query found in a name. */
export function marks(query: string, text: string): Uint32Array
