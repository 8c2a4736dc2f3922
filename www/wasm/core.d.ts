// The boundary with the wasm core, as the page and the worker use it. The build puts wasm-bindgen's `core.js` and
// `core_bg.wasm` beside this file. All byte and element counts are plain numbers; names are as in the file.

import type { Entry, Format, Layer, Note, Pickle, Plane, Studied, TensorInfo } from '../types'

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
  /** How many roles tensors have, having none among them. */
  roles: number
  fileBytes: number
  /** Shares are of the tensors' bytes, 0 to 1. */
  dtypes: { dtype: string, bytes: number, share: number }[]
}

/**
 * One field of all rows of a table: numbers, NaN where there is none; or texts, from start to end in UTF-16 units, where there is none
 * with a start beyond the end; or a list of values in JSON and each row's place in it, one place for all rows that are alike.
 */
export type Column = Float64Array | { text: string, starts: Uint32Array, ends: Uint32Array } | { json: string, places: Uint32Array }

/** A table of so many rows with the fields of `T`; a row's index is none of them. */
export interface Columns<T> { count: number, fields: { [Field in Exclude<keyof T, 'index'>]-?: Column } }

/** A node of the module tree. */
export interface Group { index: number, path: string, label: string, tensors: number, parameters: number, bytes: number }

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
  /** The most bytes of a row. */
  largest: number
}

/** An open checkpoint. Only in a dedicated worker: it reads through `FileReaderSync`. */
export class Opened {
  private constructor()
  static open(files: File[], paths: string[]): Opened
  facts(): Facts
  /** In file order. */
  tensors(): Columns<TensorInfo>
  groups(): Columns<Group>
  /** What is known of a tensor; nothing, if all is wanted and less is known. */
  known(index: number, dequantized: boolean, full: boolean): Studied | undefined
  series(index: number): Series | undefined
  plane(index: number, rows: number | undefined, columns: number | undefined, fixed: Float64Array, width: number, height: number, dequantized?: boolean): PlaneReading
  matrix(index: number, dequantized?: boolean): OpenedMatrix
  values(index: number, start: Float64Array, shape: Float64Array, dequantized?: boolean): (number | string | boolean)[]
  /** `health`: what the rules of health say, as JSON. */
  report(health?: string): string
  /** What the rules of health need: of the headers, and of the studies from one on, of which there are `studied`. */
  patient(): Uint8Array
  studied(): number
  vitals(from: number): Uint8Array
  python(index: number): string
  free(): void
}

/** Tensors that are named alike but for one number, by that number, which stands between `before` and `behind` in each name. */
export interface Series { tensors: Uint32Array, numbers: string[], before: string, behind: string }

/** The SHA-256 of a tensor in the making. */
export class Hash {
  constructor(opened: Opened, index: number)
  /** Fraction done; 1 is finished. */
  step(opened: Opened): number
  /** The digits, which the report has from then on. */
  keep(opened: Opened): string | undefined
  free(): void
}

/** How far an analysis is. */
export interface SurveyProgress { tensors: number, tensorsTotal: number, bytes: number, bytesTotal: number, over: boolean }

/** The analysis of many tensors, in the worker that owns the checkpoint. Orders and outcomes are bytes for other workers. */
export class Survey {
  constructor(opened: Opened, tensors: Uint32Array, bins: number, low: number | undefined, high: number | undefined, full: boolean, dequantized: boolean, again: boolean)
  /** Nothing while there is none, or if there will be none. */
  order(): { number: number, order: Uint8Array } | undefined
  take(opened: Opened, outcome: Uint8Array): Studied[]
  /** The worker with this order has died; what is given up by that. */
  lost(opened: Opened, number: number): Studied[]
  progress(): SurveyProgress
  orders(): number
  free(): void
}

/** An order being carried out, in a worker that has the same files open. */
export class Job {
  constructor(order: Uint8Array)
  /** The outcome, once it is there. */
  step(opened: Opened): Uint8Array | undefined
  free(): void
}

/** The search for the rows of the table, some names a step. */
export class Search {
  constructor(query: string, sort: SortKey, descending: boolean, grouped: boolean)
  /** Whether that was the last one. */
  step(opened: Opened): boolean
  table(opened: Opened): Table
  /** The indices of the tensors that were found, in the order of the file. */
  matches(): Uint32Array
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
