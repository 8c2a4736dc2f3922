// What the page is told of the modules (www/wasm/*.d.ts, by hand, because wasm-bindgen knows an object only as `any`)
// must name nothing that a built module lacks, nor call it in a way that it does not take.

import type * as built from '../../target/site-module/core/core'
import type * as builtFull from '../../target/site-module/full/full'
import type * as builtHealth from '../../target/site-module/health/health'
import type * as builtPlots from '../../target/site-module/plots/plots'
import type * as builtSpectrum from '../../target/site-module/spectrum/spectrum'
import type * as builtUnpack from '../../target/site-module/unpack/unpack'
import type * as told from '../../www/wasm/core'
import type * as toldHealth from '../../www/wasm/health'
import type * as toldPlots from '../../www/wasm/plots'
import type * as toldSpectrum from '../../www/wasm/spectrum'
import type * as toldUnpack from '../../www/wasm/unpack'

/** `T`, if it can stand where a `U` is expected. */
type Fits<T extends U, U> = T

export type Boundary = [
  Fits<typeof built, typeof told>,
  Fits<typeof builtFull, typeof told>,
  Fits<typeof builtHealth, typeof toldHealth>,
  Fits<typeof builtPlots, typeof toldPlots>,
  Fits<typeof builtSpectrum, typeof toldSpectrum>,
  Fits<typeof builtUnpack, typeof toldUnpack>,
]
