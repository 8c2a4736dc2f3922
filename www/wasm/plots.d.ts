// The boundary with the module that draws, as the page uses it.

export interface ChartColors { ink: string, soft: string, line: string, bar: string, accent: string, panel: string }

/** A histogram to draw; lengths in CSS pixels, colours as `#rrggbb`. */
export interface Chart {
  kind: 'histogram'
  title: string
  xLabel: string
  yLabel: string
  edges: Float64Array
  counts: Float64Array
  logY: boolean
  width: number
  height: number
  scale: number
  hover?: number
  font: string
  colors: ChartColors
}

/** Where the bars are, in CSS pixels from the canvas's corner. */
export interface PlotArea { left: number, top: number, right: number, bottom: number }

/** Draws on a canvas whose size is that of the chart times its scale. */
export function draw(canvas: HTMLCanvasElement, chart: Chart): PlotArea
export function svg(chart: Chart): string
/** The figures behind the chart. */
export function csv(chart: Chart): string

export default function init(options: { module_or_path: URL }): Promise<unknown>
