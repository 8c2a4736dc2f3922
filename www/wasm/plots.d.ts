// The boundary with the module that draws, as the page uses it. What each field means is told in `plots/src`.

/** As `#rrggbb`. */
export interface Colors { ink: string, soft: string, line: string, bar: string, accent: string, panel: string, positive: string, negative: string, odd: string }

/** What is around the data; lengths in CSS pixels. */
export interface Frame {
  title: string
  xLabel?: string
  yLabel?: string
  width: number
  height: number
  scale: number
  font: string
  colors: Colors
}

export interface HistogramChart {
  kind: 'histogram'
  frame: Frame
  edges: Float64Array
  series: { label: string, short?: string, counts: Float64Array, total: number }[]
  logY?: boolean
  shares?: boolean
  powers?: boolean
  hover?: number
}

export interface HeatmapChart {
  kind: 'heatmap'
  frame: Frame
  rows: [number, number]
  columns: [number, number]
  cellsAcross: number
  values: Float64Array
  rowOf: Float64Array
  columnOf: Float64Array
  limit: number
}

export interface SpectrumChart {
  kind: 'spectrum'
  frame: Frame
  values: Float64Array
  errors?: Float64Array
  logY?: boolean
  hover?: number
}

export interface ChannelsChart {
  kind: 'channels'
  frame: Frame
  normLabel: string
  min: Float64Array
  max: Float64Array
  norm: Float64Array
  outliers?: number[]
}

export interface RidgelineChart {
  kind: 'ridgeline'
  frame: Frame
  edges: Float64Array
  rows: { label: string, counts: Float64Array }[]
  chosen?: number
  hover?: number
}

export interface TreemapChart {
  kind: 'treemap'
  frame: Frame
  nodes: { label: string, size: number, parent?: number }[]
}

export type Chart = ChannelsChart | HeatmapChart | HistogramChart | RidgelineChart | SpectrumChart | TreemapChart

/** A rectangle in CSS pixels from the canvas's corner. */
export interface Area { left: number, top: number, right: number, bottom: number }

/** Where the data is, and each part of it that can be pointed out. */
export interface Drawn { area: Area, parts: Area[] }

/** Draws on a canvas whose size is that of the chart's frame times its scale. */
export function draw(canvas: HTMLCanvasElement, chart: Chart): Drawn
export function svg(chart: Chart): string
/** What stands out among rows or columns: indices, and how many times the median makes an outlier. */
export interface Remarkable { dead: number[], empty: number[], outliers: number[], times: number, largest?: number }
export function remarkable(min: Float64Array, max: Float64Array, norm: Float64Array): Remarkable
/** The figures behind the chart. */
export function csv(chart: Chart): string

export default function init(options: { module_or_path: URL }): Promise<unknown>
